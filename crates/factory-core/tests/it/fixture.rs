//! Records as version 1 writes them, frozen: `tests/fixtures/record-v1.jsonl` has one on each line. Every kind of event
//! is there and every value of the enums inside. A line is never changed; what is new gets new lines.

use std::collections::{BTreeMap, BTreeSet};

use factory_core::artifact::ArtifactKind;
use factory_core::event::{
    ArtifactRef, Channel, Decision, Event, Evidence, FailureKind, GateDecided, Outcome, Person, Proof,
    Record, RecordError, RunStarted, SentBack, SpecRef,
};
use factory_core::feedback::{self, CountBucket, FailedScenario, FailureClass, Feedback, Holdout};
use factory_core::ids::{Attempt, Digest, RequirementId, Timestamp, Usage};
use factory_core::pipeline::model::{Edge, EntryGate, EntryType, ExitGate, Pipeline, Policy, Role, Stage};
use factory_testkit::samples;

const FIXTURE: &str = include_str!("../fixtures/record-v1.jsonl");

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn usage() -> Usage {
    Usage { calls: 3, input_tokens: 1200, output_tokens: 340, micro_usd: Some(4100) }
}

// Whole values, not samples: samples may change, these may not.
fn started(entry: EntryType) -> RunStarted {
    RunStarted {
        run: "greeting-a1b2c3".parse().unwrap(),
        spec: SpecRef {
            path: "specs/greeting.md".to_owned(),
            slug: "greeting".to_owned(),
            title: "Greeting".to_owned(),
            source: "9fa55ee30f7a9f1452e2fa3890ec32aba49ed8f2dff7fe2e793257fa3617b2f6".parse().unwrap(),
            requirements: requirements(),
        },
        base: "b".repeat(40).parse().unwrap(),
        entry,
        pipeline: pipeline(),
        model: "a sample".to_owned(),
        requested_by: person(),
        factory: "0.1.0".to_owned(),
    }
}

fn person() -> Person {
    Person {
        login: "ada".to_owned(),
        name: Some("Ada".to_owned()),
        email: Some("ada@example.org".to_owned()),
        proof: Proof::Unauthenticated,
    }
}

fn requirements() -> Vec<RequirementId> {
    ["R1", "R2"].map(samples::requirement).to_vec()
}

/// A pipeline with every value that a stage can have; no run could follow it.
fn pipeline() -> Pipeline {
    let stage =
        |id: &str, makes, role, needs: &[&str], entry_gate, exit_gate, returns_to: Option<&str>| Stage {
            id: samples::stage(id),
            makes,
            role,
            needs: needs.iter().map(|need| samples::stage(need)).collect(),
            entry_gate,
            exit_gate,
            attempts: 2,
            timeout_seconds: 1800,
            returns_to: returns_to.map(samples::stage),
        };
    use ArtifactKind as Kind;
    Pipeline {
        name: "everything".to_owned(),
        entry: BTreeMap::from([
            (EntryType::Feature, samples::stage("spec")),
            (EntryType::Bug, samples::stage("spec")),
            (EntryType::Remediation, samples::stage("spec")),
            (EntryType::Hotfix, samples::stage("build")),
        ]),
        policy: Policy { min_pass_percent: 90 },
        stages: vec![
            stage("spec", Kind::Spec, Role::None, &[], EntryGate::None, ExitGate::None, None),
            stage("plan", Kind::Plan, Role::Planner, &["spec"], EntryGate::None, ExitGate::Human, None),
            stage(
                "tasks",
                Kind::Tasks,
                Role::Planner,
                &["spec", "plan"],
                EntryGate::None,
                ExitGate::None,
                None,
            ),
            stage("build", Kind::Build, Role::Implementer, &["tasks"], EntryGate::None, ExitGate::None, None),
            stage(
                "review",
                Kind::Review,
                Role::Reviewer,
                &["build"],
                EntryGate::None,
                ExitGate::Policy,
                Some("build"),
            ),
            stage(
                "verify",
                Kind::Verify,
                Role::Evaluator,
                &["build"],
                EntryGate::None,
                ExitGate::Policy,
                Some("build"),
            ),
            stage("merge", Kind::Merge, Role::None, &["verify"], EntryGate::Human, ExitGate::None, None),
        ],
    }
}

/// Every class and, for some, every bucket.
fn everything_that_may_be_said() -> Feedback {
    let failed = |class, count: usize, covers: &str| {
        let scenario = FailedScenario { covers: vec![samples::requirement(covers)], class };
        vec![scenario; count]
    };
    let scenarios = [
        failed(FailureClass::NotDeployable, 1, "not-public"),
        failed(FailureClass::NoAnswer, 2, "R1"),
        failed(FailureClass::WrongStatus, 5, "R1"),
        failed(FailureClass::WrongHeader, 1, "R1"),
        failed(FailureClass::WrongContent, 1, "R2"),
        failed(FailureClass::MissingEffect, 4, "R2"),
        failed(FailureClass::UnwantedEffect, 1, "R2"),
        failed(FailureClass::WrongComparison, 1, "R2"),
    ];
    feedback::declassify(&Holdout::new(scenarios.concat()), &requirements())
}

/// What stands in the fixture.
fn records() -> Vec<Record> {
    let mut at = 1_767_225_600_000;
    let mut record = |events: Vec<Event>| {
        at += 1;
        Record::new(Timestamp(at), events)
    };
    let mut all = Vec::new();

    for entry in [EntryType::Feature, EntryType::Bug, EntryType::Remediation, EntryType::Hotfix] {
        let mut started = started(entry);
        if entry == EntryType::Bug {
            started.requested_by = Person { name: None, email: None, ..person() };
        }
        all.push(record(vec![Event::RunStarted(Box::new(started))]));
    }
    all.push(record(vec![Event::StageStarted { stage: samples::stage("build"), attempt: Attempt(2) }]));
    for (kind, patch) in [
        (ArtifactKind::Spec, None),
        (ArtifactKind::Plan, None),
        (ArtifactKind::Tasks, None),
        (ArtifactKind::Build, Some(digest("patch"))),
        (ArtifactKind::Review, Some(digest("patch"))),
        (ArtifactKind::Verify, Some(digest("patch"))),
        (ArtifactKind::Merge, Some(digest("patch"))),
    ] {
        all.push(record(vec![Event::StageProduced {
            stage: samples::stage(kind.as_str()),
            attempt: Attempt::FIRST,
            artifact: ArtifactRef { kind, digest: digest("artifact"), patch },
            evidence: vec![Evidence { name: "check test".to_owned(), digest: digest("log") }],
            usage: usage(),
        }]));
    }
    for kind in [
        FailureKind::Unusable,
        FailureKind::ExitCriteria,
        FailureKind::Limit,
        FailureKind::BadPatch,
        FailureKind::BaselineRed,
        FailureKind::ChecksRed,
        FailureKind::Policy,
    ] {
        let (stage, attempt, detail) =
            (samples::stage("build"), Attempt(3), "“why”\nand a second line".to_owned());
        all.push(record(vec![
            Event::StageFailed {
                stage: stage.clone(),
                attempt,
                kind,
                detail: detail.clone(),
                usage: Usage::default(),
            },
            Event::RunEnded { outcome: Outcome::Failed { stage, kind, detail } },
        ]));
    }
    let (stage, attempt) = (samples::stage("plan"), Attempt::FIRST);
    all.push(record(vec![Event::StageBlocked {
        stage: stage.clone(),
        attempt,
        detail: "nobody answers".to_owned(),
        usage: Usage { micro_usd: None, ..usage() },
    }]));
    all.push(record(vec![Event::StageUnblocked { stage, attempt }]));
    for (gate, decision, via) in [
        (samples::exit("plan"), Decision::Approved, Channel::Terminal),
        (samples::entry("merge"), Decision::Approved, Channel::InAdvance),
        (samples::entry("merge"), Decision::Rejected, Channel::Command),
    ] {
        all.push(record(vec![Event::GateOpened {
            gate: gate.clone(),
            sees: vec![digest("seen"), digest("too")],
        }]));
        let mut events = vec![Event::GateDecided(Box::new(GateDecided {
            gate: gate.clone(),
            decision,
            by: person(),
            via,
            because: "it is as it should be".to_owned(),
            seen: vec![digest("seen"), digest("too")],
            waited_ms: 65_000,
        }))];
        if decision == Decision::Rejected {
            events.push(Event::RunEnded { outcome: Outcome::Rejected { gate } });
        }
        all.push(record(events));
    }
    for passed in [true, false] {
        all.push(record(vec![Event::PolicyJudged {
            gate: samples::exit("verify"),
            sees: vec![digest("verify")],
            passed,
            reason: "9 of 10 scenarios passed".to_owned(),
        }]));
    }
    for (from, correction) in [
        (
            "build",
            SentBack::Checks {
                logs: vec![Evidence { name: "check test".to_owned(), digest: digest("log") }],
            },
        ),
        ("review", SentBack::Review { review: digest("review") }),
        ("verify", SentBack::Holdouts { feedback: everything_that_may_be_said() }),
    ] {
        let (from, to) = (samples::stage(from), samples::stage("build"));
        all.push(record(vec![Event::SentBack { from, to, correction }]));
    }
    all.push(record(vec![Event::RunEnded { outcome: Outcome::Merged { merge: digest("merge") } }]));
    all
}

#[test]
fn records_of_version_1_mean_what_they_meant_and_are_written_as_they_were() {
    let expected = records();
    let lines: Vec<&str> = FIXTURE.lines().collect();
    assert_eq!(lines.len(), expected.len());
    for (number, (line, expected)) in lines.iter().zip(&expected).enumerate() {
        let read = Record::from_bytes(line.as_bytes())
            .unwrap_or_else(|error| panic!("line {}: {error:?}", number + 1));
        assert_eq!(&read, expected, "line {}", number + 1);
        assert_eq!(&String::from_utf8(read.to_bytes()).unwrap(), line, "line {}", number + 1);
    }
}

/// Names every value that the fixture has to hold. A new one does not compile until it is named here.
#[derive(Default)]
struct Seen(BTreeSet<&'static str>);

impl Seen {
    fn say(&mut self, name: &'static str) {
        self.0.insert(name);
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::RunStarted(started) => {
                self.say("run_started");
                self.entry(started.entry);
                started.pipeline.stages.iter().for_each(|stage| self.stage(stage));
                match started.requested_by.proof {
                    Proof::Unauthenticated => self.say("unauthenticated"),
                }
            }
            Event::StageStarted { .. } => self.say("stage_started"),
            Event::StageProduced { artifact, .. } => {
                self.say("stage_produced");
                self.say(artifact.kind.as_str());
            }
            Event::StageFailed { kind, .. } => {
                self.say("stage_failed");
                self.failure(*kind);
            }
            Event::StageBlocked { .. } => self.say("stage_blocked"),
            Event::StageUnblocked { .. } => self.say("stage_unblocked"),
            Event::GateOpened { gate, .. } => {
                self.say("gate_opened");
                self.say(match gate.edge {
                    Edge::Entry => "at entry",
                    Edge::Exit => "at exit",
                });
            }
            Event::GateDecided(decided) => {
                self.say("gate_decided");
                self.say(match decided.decision {
                    Decision::Approved => "approved",
                    Decision::Rejected => "decided against",
                });
                self.say(match decided.via {
                    Channel::Terminal => "terminal",
                    Channel::InAdvance => "in_advance",
                    Channel::Command => "command",
                });
            }
            Event::PolicyJudged { passed, .. } => {
                self.say(if *passed { "judged passed" } else { "judged not passed" })
            }
            Event::SentBack { correction, .. } => match correction {
                SentBack::Checks { .. } => self.say("checks"),
                SentBack::Review { .. } => self.say("sent back by review"),
                SentBack::Holdouts { feedback } => {
                    self.say("holdouts");
                    feedback.items().iter().for_each(|item| self.feedback(item.class, item.count));
                }
            },
            Event::RunEnded { outcome } => match outcome {
                Outcome::Merged { .. } => self.say("merged"),
                Outcome::Rejected { .. } => self.say("rejected"),
                Outcome::Failed { .. } => self.say("failed"),
            },
        }
    }

    fn entry(&mut self, entry: EntryType) {
        self.say(match entry {
            EntryType::Feature => "feature",
            EntryType::Bug => "bug",
            EntryType::Remediation => "remediation",
            EntryType::Hotfix => "hotfix",
        });
    }

    fn stage(&mut self, stage: &Stage) {
        self.say(match stage.role {
            Role::Planner => "planner",
            Role::Implementer => "implementer",
            Role::Reviewer => "reviewer",
            Role::Evaluator => "evaluator",
            Role::None => "no role",
        });
        self.say(match stage.entry_gate {
            EntryGate::None => "no entry gate",
            EntryGate::Human => "human entry gate",
        });
        self.say(match stage.exit_gate {
            ExitGate::None => "no exit gate",
            ExitGate::Policy => "policy exit gate",
            ExitGate::Human => "human exit gate",
        });
    }

    fn failure(&mut self, kind: FailureKind) {
        self.say(match kind {
            FailureKind::Unusable => "unusable",
            FailureKind::ExitCriteria => "exit_criteria",
            FailureKind::Limit => "limit",
            FailureKind::BadPatch => "bad_patch",
            FailureKind::BaselineRed => "baseline_red",
            FailureKind::ChecksRed => "checks_red",
            FailureKind::Policy => "failed by policy",
        });
    }

    fn feedback(&mut self, class: FailureClass, count: CountBucket) {
        self.say(match class {
            FailureClass::NotDeployable => "not_deployable",
            FailureClass::NoAnswer => "no_answer",
            FailureClass::WrongStatus => "wrong_status",
            FailureClass::WrongHeader => "wrong_header",
            FailureClass::WrongContent => "wrong_content",
            FailureClass::MissingEffect => "missing_effect",
            FailureClass::UnwantedEffect => "unwanted_effect",
            FailureClass::WrongComparison => "wrong_comparison",
        });
        self.say(match count {
            CountBucket::One => "one",
            CountBucket::Few => "few",
            CountBucket::Many => "many",
        });
    }
}

#[test]
fn the_fixture_holds_every_kind_of_event_and_every_value_in_them() {
    let mut seen = Seen::default();
    records().iter().flat_map(|record| &record.events).for_each(|event| seen.event(event));
    // Nine kinds of event with one name each, policy's two verdicts, three ways back, three ends, and the values: 4
    // entries, 5 roles, 2 and 3 gates, 7 artifacts, 7 failures, 2 edges, 2 decisions, 3 channels, 8 classes, 3 counts
    // and 1 proof. A new value raises this number, and so has to be in the fixture.
    let named = 8 + 2 + 3 + 3 + 4 + 5 + 2 + 3 + 7 + 7 + 2 + 2 + 3 + 8 + 3 + 1;
    assert_eq!(seen.0.len(), named, "{:?}", seen.0);
}

#[test]
fn what_this_factory_does_not_know_is_refused() {
    let first = FIXTURE.lines().nth(4).unwrap();
    assert!(Record::from_bytes(first.as_bytes()).is_ok());
    let unreadable = |line: &str| match Record::from_bytes(line.as_bytes()) {
        Err(RecordError::Unreadable(error)) => error.to_string(),
        other => panic!("{line}: {other:?}"),
    };
    let unknown = unreadable(&first.replace("stage_started", "stage_promoted"));
    assert!(unknown.contains("unknown variant `stage_promoted`"), "{unknown}");
    let unknown = unreadable(&first.replace("\"attempt\"", "\"luck\":7,\"attempt\""));
    assert!(unknown.contains("unknown field `luck`"), "{unknown}");
    unreadable(&first.replace("\"events\"", "\"by\":\"me\",\"events\""));
    unreadable(&first.replace("\"schema\":1,", ""));
    unreadable("");
    unreadable("[]");
    unreadable(&format!("{first}{first}"));

    // A newer version says so, whatever else is in it.
    let newer = format!("{{\"schema\":2,\"moon\":\"full\",{}", &first["{\"schema\":1,".len()..]);
    match Record::from_bytes(newer.as_bytes()) {
        Err(RecordError::Newer { found: 2 }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn unknown_fields_are_refused_wherever_they_stand() {
    // Inside boxed variants, nested structs and nested enums: a field is put behind every `{` of every line.
    for (number, line) in FIXTURE.lines().enumerate() {
        for (at, _) in line.match_indices('{') {
            let inside = format!("{}\"luck\":7,{}", &line[..=at], &line[at + 1..]);
            assert!(
                Record::from_bytes(inside.as_bytes()).is_err(),
                "line {}, byte {at}: {inside}",
                number + 1
            );
        }
    }
}
