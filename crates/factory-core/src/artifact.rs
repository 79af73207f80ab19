//! What stages make: typed, versioned, stored by digest. Prose is never an artifact.
//!
//! An artifact is stored as the JSON of [`Artifact`]; its digest is SHA-256 over exactly those bytes. The bodies that a
//! model writes ([`Plan`], [`Tasks`], [`Review`]) have a JSON Schema by schemars, which the answer must satisfy.

mod measured;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{Digest, GitOid, RequirementId};

pub use measured::{ScenarioCoverage, VaultScore, Verify};

/// The version of the artifact format that this crate writes. A newer one is refused.
pub const ARTIFACT_SCHEMA: u32 = 1;

/// An artifact with what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Version of the format; see [`ARTIFACT_SCHEMA`].
    pub schema: u32,
    /// Digests of the artifacts it was made from, so that evidence goes stale visibly.
    pub made_from: Vec<Digest>,
    /// The content.
    pub body: Body,
}

/// Why stored bytes are not an artifact.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// Written by a newer factory.
    #[error("artifact has format version {found}, this factory knows up to {ARTIFACT_SCHEMA}")]
    Newer {
        /// The version found.
        found: u32,
    },
    /// Not the JSON of an artifact.
    #[error("artifact cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct SchemaOnly {
    schema: u32,
}

impl Artifact {
    /// Wraps a body.
    pub fn new(body: Body, made_from: Vec<Digest>) -> Self {
        Self { schema: ARTIFACT_SCHEMA, made_from, body }
    }

    /// The exact bytes that are stored and hashed.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("artifacts hold only what JSON can say")
    }

    /// Reads stored bytes. The version is looked at first, so that a newer artifact says so.
    ///
    /// # Errors
    /// [`ArtifactError`] when the bytes are damaged or newer than this factory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let version: SchemaOnly = serde_json::from_slice(bytes).map_err(ArtifactError::Unreadable)?;
        if version.schema > ARTIFACT_SCHEMA {
            return Err(ArtifactError::Newer { found: version.schema });
        }
        serde_json::from_slice(bytes).map_err(ArtifactError::Unreadable)
    }

    /// SHA-256 of [`Artifact::to_bytes`].
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }
}

/// The kinds of artifact, as pipelines name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactKind {
    /// [`Spec`]
    Spec,
    /// [`Design`]
    Design,
    /// [`Tests`]
    Tests,
    /// [`Recon`]
    Recon,
    /// [`Plan`]
    Plan,
    /// [`Tasks`]
    Tasks,
    /// [`Build`]
    Build,
    /// [`Review`]
    Review,
    /// [`Verify`]
    Verify,
    /// [`Merge`]
    Merge,
    /// [`Lessons`]
    Lessons,
}

impl ArtifactKind {
    /// The kind as pipelines and the log write it.
    pub fn as_str(self) -> &'static str {
        match self {
            ArtifactKind::Spec => "spec",
            ArtifactKind::Design => "design",
            ArtifactKind::Tests => "tests",
            ArtifactKind::Recon => "recon",
            ArtifactKind::Plan => "plan",
            ArtifactKind::Tasks => "tasks",
            ArtifactKind::Build => "build",
            ArtifactKind::Review => "review",
            ArtifactKind::Verify => "verify",
            ArtifactKind::Merge => "merge",
            ArtifactKind::Lessons => "lessons",
        }
    }
}

/// The content of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "content", rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// What is asked for.
    Spec(Spec),
    /// What it will look like, before any code is read closely.
    Design(Design),
    /// How it will be tested in the open.
    Tests(Tests),
    /// What is there already.
    Recon(Recon),
    /// How it is to be done.
    Plan(Plan),
    /// The plan in pieces that build on one another.
    Tasks(Tasks),
    /// A patch with the evidence of the project's own checks.
    Build(Build),
    /// What the reviewer found.
    Review(Review),
    /// What the evaluator measured.
    Verify(Verify),
    /// The commit that was made.
    Merge(Merge),
    /// What could go better next time.
    Lessons(Lessons),
}

impl Body {
    /// Which kind of artifact this is.
    pub fn kind(&self) -> ArtifactKind {
        match self {
            Body::Spec(_) => ArtifactKind::Spec,
            Body::Design(_) => ArtifactKind::Design,
            Body::Tests(_) => ArtifactKind::Tests,
            Body::Recon(_) => ArtifactKind::Recon,
            Body::Plan(_) => ArtifactKind::Plan,
            Body::Tasks(_) => ArtifactKind::Tasks,
            Body::Build(_) => ArtifactKind::Build,
            Body::Review(_) => ArtifactKind::Review,
            Body::Verify(_) => ArtifactKind::Verify,
            Body::Merge(_) => ArtifactKind::Merge,
            Body::Lessons(_) => ArtifactKind::Lessons,
        }
    }
}

/// A parsed and checked specification, with the project's checks on the untouched base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The heading without `Feature:`.
    pub title: String,
    /// Digest of the specification's text as it was read.
    pub source: Digest,
    /// Ids of its requirements, in order.
    pub requirements: Vec<RequirementId>,
    /// The project's own checks, run on the base commit before any work started. All must have passed.
    pub baseline: Vec<CheckResult>,
}

/// What the change will look like from outside, and why so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// The shape of the change, in a few sentences.
    pub summary: String,
    /// What was decided. Together they cover every requirement.
    pub decisions: Vec<DesignDecision>,
    /// What the specification leaves open, for whoever approves the design.
    pub questions: Vec<String>,
}

/// One decision of a design.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DesignDecision {
    /// What was decided, in one line.
    pub title: String,
    /// Why, and what it costs.
    pub because: String,
    /// What else was possible.
    pub instead_of: Vec<String>,
    /// The requirements that it serves, such as `R3`.
    pub requirements: Vec<RequirementId>,
}

/// The tests that the change will bring along, in the open. They are the implementer's to write and to read, and have
/// nothing to do with holdouts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tests {
    /// The cases. Together they cover every requirement.
    pub cases: Vec<TestCase>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestCase {
    /// A name, unique among the cases.
    pub name: String,
    /// The requirements that it checks, such as `R3`.
    pub requirements: Vec<RequirementId>,
    /// What is there before.
    pub given: String,
    /// What is done.
    pub when: String,
    /// What is seen; a test that cannot fail is none.
    pub then: String,
}

/// What is in the code already, as far as it matters for the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recon {
    /// How the code that matters hangs together, in a few sentences.
    pub summary: String,
    /// Places that matter.
    pub places: Vec<Place>,
    /// Conventions of the code that the change has to keep.
    pub conventions: Vec<String>,
    /// What could go wrong here.
    pub risks: Vec<String>,
}

/// A place in the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The file, relative to the project.
    pub file: String,
    /// What is there.
    pub what: String,
    /// Why it matters.
    pub why: String,
}

/// How the change is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What will be built, in a few sentences.
    pub summary: String,
    /// The steps, in order. Together they cover every requirement.
    pub steps: Vec<PlanStep>,
    /// What could go wrong or was left open.
    pub risks: Vec<String>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanStep {
    /// A short name for the step.
    pub title: String,
    /// What is done and why.
    pub detail: String,
    /// Files that it will touch, relative to the project.
    pub files: Vec<String>,
    /// The requirements that it serves, such as `R3`.
    pub requirements: Vec<RequirementId>,
}

/// The plan in pieces, as a graph without cycles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tasks {
    /// The pieces.
    pub tasks: Vec<Task>,
}

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// A name that other tasks refer to, such as `T1`.
    pub id: String,
    /// What is to be done, in one line.
    pub title: String,
    /// What it takes to be done.
    pub done_when: String,
    /// The requirements that it serves, such as `R3`.
    pub requirements: Vec<RequirementId>,
    /// Ids of the tasks that must be done before.
    pub depends_on: Vec<String>,
}

/// A patch and what the project's own checks said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The commit that the patch applies to.
    pub base: GitOid,
    /// What it changes.
    pub patch: Patch,
    /// The implementer's own account of it. Advisory: nothing is decided by it.
    pub summary: String,
    /// The project's checks on base plus patch.
    pub checks: Vec<CheckResult>,
}

/// A set of file changes against a commit. File contents are kept as blobs, by digest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// The changes, sorted by path, one for each path.
    pub changes: Vec<FileChange>,
}

impl Patch {
    /// SHA-256 over the patch's JSON: the name by which evaluations and merges refer to it.
    pub fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).expect("patches hold only what JSON can say"))
    }
}

/// One file that a patch changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// Relative to the repository's root, with `/`.
    pub path: String,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// The file has this content afterwards.
    Written {
        /// The content's blob.
        content: Digest,
        /// Whether it may be executed.
        executable: bool,
        /// Whether the file was there before.
        existed: bool,
    },
    /// The file is gone afterwards.
    Deleted,
}

/// What one of the project's own checks said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckResult {
    /// Its name in `factory.toml`.
    pub name: String,
    /// What came of it.
    pub outcome: CheckOutcome,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum CheckOutcome {
    /// It ended with status 0.
    Passed,
    /// It ended with another status, or by a signal (`128 + n`).
    Failed {
        /// The exit status.
        status: i32,
    },
    /// It was ended because it took too long.
    TimedOut,
}

impl CheckResult {
    /// Whether it passed.
    pub fn passed(&self) -> bool {
        self.outcome == CheckOutcome::Passed
    }
}

/// What the reviewer found in the patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The judgement in a few sentences.
    pub summary: String,
    /// One row for every requirement of the specification.
    pub coverage: Vec<CoverageRow>,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
}

/// How the patch serves one requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverageRow {
    /// The requirement, such as `R3`.
    pub requirement: RequirementId,
    /// Whether it is served.
    pub status: Coverage,
    /// Where that is seen: `path:line` of code and of the test that checks it.
    pub evidence: String,
}

/// Whether a requirement is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// Wholly.
    Covered,
    /// In part.
    Partial,
    /// Not at all.
    Missing,
}

/// Something that the reviewer objects to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the project.
    pub file: String,
    /// The line in the patched file, counted from 1; 0 for the file as a whole.
    pub line: u32,
    /// The requirement that it breaks, if it breaks one.
    pub requirement: Option<RequirementId>,
    /// What is wrong and what would be right.
    pub message: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It must not merge like this.
    Blocking,
    /// It should be mended, but may merge.
    Advice,
}

/// The commit that a run ended in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// The branch, such as `factory/password-reset`.
    pub branch: String,
    /// The commit on it.
    pub commit: GitOid,
    /// Its parent.
    pub base: GitOid,
    /// The patch that it carries.
    pub patch: Digest,
}

/// What could go better next time, proposed by a reader of the whole run. Nothing follows from it by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lessons {
    /// What happened, in a few sentences.
    pub summary: String,
    /// The proposals.
    pub lessons: Vec<Lesson>,
}

/// One proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// What would change.
    pub target: LessonTarget,
    /// The proposal, in one line.
    pub proposal: String,
    /// What in this run speaks for it.
    pub evidence: String,
}

/// What a lesson would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LessonTarget {
    /// What specifications should say.
    Specification,
    /// What reviewers look for.
    ReviewCriteria,
    /// A pattern that the project should keep to.
    Pattern,
    /// What an agent's skill should say.
    Skill,
    /// The project's own tests or checks.
    Tests,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_artifact_says_so_whatever_else_is_in_it() {
        let error = Artifact::from_bytes(br#"{"schema":2,"body":"song","key":"minor"}"#).unwrap_err();
        assert_eq!(error.to_string(), "artifact has format version 2, this factory knows up to 1");
    }

    #[test]
    fn an_artifact_with_something_unknown_in_it_is_refused() {
        let merge = Merge {
            branch: "factory/x".to_owned(),
            commit: "c".repeat(40).parse().unwrap(),
            base: "b".repeat(40).parse().unwrap(),
            patch: Digest::of(b"patch"),
        };
        let text = String::from_utf8(Artifact::new(Body::Merge(merge), Vec::new()).to_bytes()).unwrap();
        assert!(Artifact::from_bytes(text.as_bytes()).is_ok());
        for (at, _) in text.match_indices('{') {
            let luck = format!("{}\"luck\":7,{}", &text[..=at], &text[at + 1..]);
            assert!(Artifact::from_bytes(luck.as_bytes()).is_err(), "{luck}");
        }
        assert!(Artifact::from_bytes(text.replace("\"merge\"", "\"marriage\"").as_bytes()).is_err());
    }

    #[test]
    fn whatever_differs_makes_another_patch() {
        let change = |path: &str, change| FileChange { path: path.to_owned(), change };
        let written = |executable| Change::Written { content: Digest::of(b"x"), executable, existed: true };
        let patches = [
            Patch::default(),
            Patch { changes: vec![change("a", Change::Deleted)] },
            Patch { changes: vec![change("b", Change::Deleted)] },
            Patch { changes: vec![change("a", written(true))] },
            Patch { changes: vec![change("a", written(false))] },
        ];
        let digests: std::collections::BTreeSet<_> = patches.iter().map(Patch::digest).collect();
        assert_eq!(digests.len(), patches.len());
    }
}
