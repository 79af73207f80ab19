//! Small artifacts that are as they should be, for a specification with the requirements R1 and R2.
//!
//! Tests change one thing in them and see what the core makes of it.

pub mod pipelines;

use std::sync::LazyLock;

use factory_core::artifact::{
    Build, Change, CheckOutcome, CheckResult, Coverage, CoverageRow, Design, DesignDecision, FileChange,
    Finding, Lesson, LessonTarget, Lessons, Merge, Patch, Place, Plan, PlanStep, Recon, Review,
    ScenarioCoverage, Severity, Spec, Task, Tasks, TestCase, Tests, Verify,
};
use factory_core::event::{Person, Proof, RunStarted, SpecRef};
use factory_core::feedback::{self, FailedScenario, FailureClass, Feedback, Holdout};
use factory_core::ids::{Budget, Digest, GitOid, RequirementId, ScenarioKey, StageId};
use factory_core::pipeline::model::{Edge, EntryType, GateId, Pipeline};
use factory_core::pipeline::read;
use factory_engine::port::workspace::SealProof;

/// The shipped pipeline `feature`, as it is written.
pub const FEATURE: &str = include_str!("../../../pipelines/feature.toml");

/// The text of the specification that all samples belong to.
pub const SPEC_TEXT: &str =
    "# Feature: Greeting\n\n## Requirements\n\n1. The program shall greet.\n2. It shall be polite.\n";

/// The shipped pipeline `feature`.
pub fn pipeline() -> Pipeline {
    static PIPELINE: LazyLock<Pipeline> =
        LazyLock::new(|| read::read(FEATURE).expect("the shipped pipeline is in order"));
    PIPELINE.clone()
}

/// The stage of that name.
pub fn stage(id: &str) -> StageId {
    id.parse().expect("tests name stages rightly")
}

/// The gate before the stage.
pub fn entry(id: &str) -> GateId {
    GateId { stage: stage(id), edge: Edge::Entry }
}

/// The gate after the stage.
pub fn exit(id: &str) -> GateId {
    GateId { stage: stage(id), edge: Edge::Exit }
}

/// The gate of that name, such as `verify:escalation`.
pub fn gate(name: &str) -> GateId {
    name.parse().expect("tests name gates rightly")
}

/// The requirement of that name.
pub fn requirement(id: &str) -> RequirementId {
    id.parse().expect("tests name requirements rightly")
}

/// A run of the shipped pipeline as it begins.
pub fn started() -> RunStarted {
    RunStarted {
        run: "greeting-a1b2c3".parse().expect("a run id"),
        spec: SpecRef {
            path: "specs/greeting.md".to_owned(),
            slug: "greeting".to_owned(),
            title: "Greeting".to_owned(),
            source: Digest::of(SPEC_TEXT.as_bytes()),
            requirements: requirements(),
            protected: Vec::new(),
        },
        base: base(),
        branch: Some("main".to_owned()),
        entry: EntryType::Feature,
        pipeline: pipeline(),
        budget: Budget::default(),
        lint: Vec::new(),
        model: "a sample".to_owned(),
        requested_by: person(),
        factory: "0.1.0".to_owned(),
        unsealed: None,
    }
}

/// A run of that pipeline as it begins.
pub fn started_in(pipeline: Pipeline) -> RunStarted {
    RunStarted { pipeline, ..started() }
}

/// Somebody; who asks for runs, too.
pub fn person() -> Person {
    Person {
        login: "ada".to_owned(),
        name: Some("Ada".to_owned()),
        email: Some("ada@example.org".to_owned()),
        proof: Proof::Unauthenticated,
    }
}

/// Somebody of that login, with an address of their own.
pub fn somebody(login: &str) -> Person {
    let email = Some(format!("{login}@example.org"));
    Person { login: login.to_owned(), name: None, email, proof: Proof::Unauthenticated }
}

/// Somebody of that login who signed with that key.
pub fn signed(login: &str, fingerprint: &str) -> Person {
    let signature = Digest::of(format!("signed by {login}").as_bytes());
    let proof = Proof::Signed { fingerprint: fingerprint.to_owned(), signature };
    Person { proof, ..somebody(login) }
}

/// The commit that the work starts from.
pub fn base() -> GitOid {
    oid('b')
}

/// A git object id of one digit.
pub fn oid(digit: char) -> GitOid {
    digit.to_string().repeat(40).parse().expect("tests give a hexadecimal digit")
}

/// The requirements of the specification.
pub fn requirements() -> Vec<RequirementId> {
    vec![requirement("R1"), requirement("R2")]
}

/// A check of the project that ended like this.
pub fn check(outcome: CheckOutcome) -> CheckResult {
    CheckResult { name: "test".to_owned(), outcome }
}

/// The specification, with a baseline that is green.
pub fn spec() -> Spec {
    Spec {
        title: "Greeting".to_owned(),
        source: Digest::of(SPEC_TEXT.as_bytes()),
        requirements: requirements(),
        baseline: vec![check(CheckOutcome::Passed)],
    }
}

/// A design that covers both requirements.
pub fn design() -> Design {
    Design {
        summary: "one line of text".to_owned(),
        decisions: vec![DesignDecision {
            title: "greet from a file".to_owned(),
            because: "it is the simplest".to_owned(),
            instead_of: vec!["a service".to_owned()],
            requirements: requirements(),
        }],
        questions: Vec::new(),
    }
}

/// Tests that cover both requirements.
pub fn tests() -> Tests {
    Tests {
        cases: vec![TestCase {
            name: "greets politely".to_owned(),
            requirements: requirements(),
            given: "an empty project".to_owned(),
            when: "the file is read".to_owned(),
            then: "it greets and says please".to_owned(),
        }],
    }
}

/// What is there already.
pub fn recon() -> Recon {
    Recon {
        summary: "there is nothing yet".to_owned(),
        places: vec![Place {
            file: "greeting.txt".to_owned(),
            what: "the greeting".to_owned(),
            why: "it is what changes".to_owned(),
        }],
        conventions: Vec::new(),
        risks: Vec::new(),
    }
}

/// What could go better next time.
pub fn lessons() -> Lessons {
    Lessons {
        summary: "it went well".to_owned(),
        lessons: vec![Lesson {
            target: LessonTarget::Specification,
            proposal: "say what polite means".to_owned(),
            evidence: "the first try was rude".to_owned(),
        }],
    }
}

/// A plan that covers both requirements.
pub fn plan() -> Plan {
    Plan {
        summary: "greet politely".to_owned(),
        steps: vec![PlanStep {
            title: "greet".to_owned(),
            detail: "print a greeting".to_owned(),
            files: vec!["greeting.txt".to_owned()],
            requirements: requirements(),
        }],
        risks: vec!["none that we know".to_owned()],
    }
}

/// Two tasks, one after the other, that cover both requirements.
pub fn tasks() -> Tasks {
    let task = |id: &str, requirement: &str, depends_on: &[&str]| Task {
        id: id.to_owned(),
        title: format!("serve {requirement}"),
        done_when: "its check passes".to_owned(),
        requirements: vec![self::requirement(requirement)],
        depends_on: depends_on.iter().map(|&id| id.to_owned()).collect(),
    };
    Tasks { tasks: vec![task("T1", "R1", &[]), task("T2", "R2", &["T1"])] }
}

/// A patch that writes `text` into one file; another text is another patch.
pub fn patch(text: &str) -> Patch {
    let change = Change::Written { content: Digest::of(text.as_bytes()), executable: false, existed: false };
    Patch { changes: vec![FileChange { path: "greeting.txt".to_owned(), change }] }
}

/// A build of [`patch`] whose checks pass.
pub fn build(text: &str) -> Build {
    Build {
        base: base(),
        patch: patch(text),
        summary: format!("wrote {text}"),
        checks: vec![check(CheckOutcome::Passed)],
    }
}

/// A review without objections.
pub fn review() -> Review {
    let row = |requirement| CoverageRow {
        requirement,
        status: Coverage::Covered,
        evidence: "greeting.txt:1".to_owned(),
    };
    Review {
        summary: "it does what was asked for".to_owned(),
        coverage: requirements().into_iter().map(row).collect(),
        findings: Vec::new(),
    }
}

/// A review with one blocking finding.
pub fn objection() -> Review {
    let finding = Finding {
        severity: Severity::Blocking,
        file: "greeting.txt".to_owned(),
        line: 1,
        requirement: Some(requirement("R2")),
        message: "it is not polite; say please".to_owned(),
    };
    Review { summary: "rude".to_owned(), findings: vec![finding], ..review() }
}

/// A proof that nothing was looked at: what is played is not sealed.
pub fn proof() -> SealProof {
    SealProof {
        objects: 0,
        digest: Digest::of(b""),
        holdouts: 0,
        confined: String::new(),
        hosts: Vec::new(),
        setup: None,
    }
}

/// What the evaluator measured on a patch: so many scenarios of each kind.
pub fn verify(patch: Digest, passed: u32, failed: u32, inconclusive: u32) -> Verify {
    Verify {
        patch,
        passed,
        failed,
        inconclusive,
        critical_passed: true,
        lower_bound_bp: 7411,
        covered: Some(ScenarioCoverage { requirements: 2, of: 2 }),
        feedback: if failed == 0 { Feedback::default() } else { self::feedback(failed) },
        scorecard: Digest::of(b"scorecard"),
        revealed: revealed(),
        burnt: 0,
        vault: None,
        regressed: None,
    }
}

/// The scenarios that feedback tells of.
pub fn revealed() -> Vec<ScenarioKey> {
    let key = |name: &[u8]| Digest::of(name).as_str().parse().expect("the same digits");
    vec![key(b"scenario 1"), key(b"scenario 2")]
}

/// Feedback on so many scenarios of R2 that answered with the wrong content.
pub fn feedback(failed: u32) -> Feedback {
    let scenario = FailedScenario { covers: vec![requirement("R2")], class: FailureClass::WrongContent };
    let scenarios = (0..failed).map(|_| scenario.clone()).collect();
    feedback::declassify(&Holdout::new(scenarios), &requirements())
}

/// The commit of a patch.
pub fn merge(patch: Digest) -> Merge {
    Merge { branch: "factory/greeting".to_owned(), commit: oid('c'), base: base(), patch }
}
