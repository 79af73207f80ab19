//! What stages can make, each with the truth about it: nothing here is worked out by the machine that is explored.

use std::collections::HashMap;
use std::sync::LazyLock;

use factory_core::artifact::{
    Artifact, ArtifactKind, Body, Build, Change, CheckOutcome, CheckResult, FileChange, Merge,
    Patch as Files, Verify,
};
use factory_core::feedback::{self, FailedScenario, FailureClass, Feedback, Holdout};
use factory_core::ids::{Digest, GitOid};
use factory_core::pipeline::condition::Field;
use factory_core::risk::RiskClass;

use crate::samples;

/// One of the two patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Patch {
    /// Writes a greeting; nothing speaks against it.
    A,
    /// Changes how the project is built and shipped: high risk.
    B,
}

impl Patch {
    fn files(self) -> Files {
        let (path, text) = match self {
            Patch::A => ("greeting.txt", "hello"),
            Patch::B => (".github/workflows/ship.yml", "steps"),
        };
        let change =
            Change::Written { content: Digest::of(text.as_bytes()), executable: false, existed: false };
        Files { changes: vec![FileChange { path: path.to_owned(), change }] }
    }

    /// Which of them has that digest.
    pub fn of_digest(digest: &Digest) -> Option<Self> {
        static DIGESTS: LazyLock<[(Digest, Patch); 2]> =
            LazyLock::new(|| [Patch::A, Patch::B].map(|patch| (patch.files().digest(), patch)));
        DIGESTS.iter().find(|(known, _)| known == digest).map(|(_, patch)| *patch)
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Patch::A => Patch::B,
            Patch::B => Patch::A,
        }
    }
}

/// What the project's own checks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Color {
    /// All pass.
    Green,
    /// One fails.
    Red,
}

/// What the evaluator finds. The bar is 90 per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Finding {
    /// 10 of 10.
    Pass,
    /// 5 of 10.
    Fail,
    /// 8 of 10, with the same thing wrong as in [`Finding::Fail`].
    Better,
    /// 5 of 10, with something else wrong than in [`Finding::Fail`].
    Elsewhere,
    /// 9 of 10, but the tenth is critical.
    Critical,
    /// 9 of 10; one could not be scored.
    Inconclusive,
    /// Nothing was measured.
    Nothing,
}

/// What a thing that was made is, to those who know.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Truth {
    /// As it should be; a plan of so many steps.
    Sound {
        /// Its kind.
        kind: ArtifactKind,
        /// How many steps.
        steps: u32,
    },
    /// Does not meet its exit criteria.
    Unsound {
        /// Its kind.
        kind: ArtifactKind,
        /// For a build: on which base. 0 for everything else.
        base: u8,
    },
    /// A build.
    Build {
        /// Its patch.
        patch: Patch,
        /// What the checks say.
        checks: Color,
        /// On which base, by number.
        base: u8,
    },
    /// A review of the build.
    Review {
        /// Whether it objects.
        objects: bool,
        /// The build.
        of: Box<Truth>,
    },
    /// A verification.
    Verify {
        /// What it found.
        found: Finding,
        /// The patch that it is about.
        patch: Patch,
        /// The build that it was made from.
        of: Box<Truth>,
    },
    /// A merge.
    Merge {
        /// Of which patch.
        patch: Patch,
        /// Onto which base.
        base: u8,
    },
}

impl Truth {
    /// Whether policy has to pass it. `None` for what no policy judges.
    pub fn passes(&self) -> Option<bool> {
        match self {
            Truth::Review { objects, .. } => Some(!objects),
            Truth::Verify { found, .. } => Some(*found == Finding::Pass),
            Truth::Sound { .. } | Truth::Unsound { .. } | Truth::Build { .. } | Truth::Merge { .. } => None,
        }
    }

    /// Whether it may count once its gate has been passed: it is sound, and if it is a build its checks are green.
    pub fn counts(&self) -> bool {
        match self {
            Truth::Unsound { .. } | Truth::Build { checks: Color::Red, .. } => false,
            Truth::Sound { .. }
            | Truth::Build { checks: Color::Green, .. }
            | Truth::Review { .. }
            | Truth::Verify { .. }
            | Truth::Merge { .. } => true,
        }
    }

    /// What an override has to name.
    pub fn findings(&self) -> &'static [&'static str] {
        match self {
            Truth::Review { objects: true, .. } => &["greeting.txt:1"],
            Truth::Verify { found, .. } => match found {
                Finding::Fail | Finding::Better | Finding::Critical => &["R2:wrong_content"],
                Finding::Elsewhere => &["R1:no_answer"],
                Finding::Inconclusive | Finding::Nothing => &["inconclusive"],
                Finding::Pass => &[],
            },
            Truth::Review { objects: false, .. }
            | Truth::Sound { .. }
            | Truth::Unsound { .. }
            | Truth::Build { .. }
            | Truth::Merge { .. } => &[],
        }
    }

    /// What a condition on that field finds, as a number that orders like the field; `None` where it says nothing.
    pub fn field(&self, field: Field) -> Option<u32> {
        match (self, field) {
            (Truth::Sound { kind: ArtifactKind::Plan, steps }, Field::Steps) => Some(*steps),
            (Truth::Build { patch, .. }, Field::Risk) => Some(match patch {
                Patch::A => risk(RiskClass::Low),
                Patch::B => risk(RiskClass::High),
            }),
            (Truth::Build { .. }, Field::Files) => Some(1),
            (Truth::Review { objects, .. }, Field::Blocking) => Some(u32::from(*objects)),
            _ => None,
        }
    }
}

/// A risk class as a number that orders like it.
pub fn risk(class: RiskClass) -> u32 {
    match class {
        RiskClass::Low => 0,
        RiskClass::Medium => 1,
        RiskClass::High => 2,
    }
}

/// One of the commits that the base branch can be at; the run begins on the first, number 0.
///
/// # Panics
/// From number 16 on.
pub fn base(number: u8) -> GitOid {
    // The run begins on `b…b`.
    assert!(number < 16, "there are 16 commits");
    samples::oid(char::from_digit((u32::from(number) + 11) % 16, 16).expect("below 16"))
}

/// The number of a commit.
pub fn number(commit: &GitOid) -> Option<u8> {
    (0..16).find(|number| base(*number) == *commit)
}

/// A thing in the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item(u16);

/// Everything that has been made so far, so that digests have short names and known truths.
#[derive(Debug, Default)]
pub struct Catalog {
    items: Vec<(Truth, Artifact, Digest)>,
    by_truth: HashMap<Truth, Item>,
    by_digest: HashMap<Digest, Item>,
}

impl Catalog {
    /// The thing with that truth.
    pub fn item(&mut self, truth: &Truth) -> Item {
        if let Some(item) = self.by_truth.get(truth) {
            return *item;
        }
        let artifact = self.artifact_of(truth);
        let digest = artifact.digest();
        let item = Item(u16::try_from(self.items.len()).expect("alphabets are small"));
        self.items.push((truth.clone(), artifact, digest.clone()));
        self.by_truth.insert(truth.clone(), item);
        let before = self.by_digest.insert(digest, item);
        assert!(before.is_none(), "what differs has another digest: {truth:?}");
        item
    }

    /// The thing with that digest, if it was ever made here.
    pub fn find(&self, digest: &Digest) -> Option<Item> {
        self.by_digest.get(digest).copied()
    }

    /// What it is.
    pub fn truth(&self, item: Item) -> &Truth {
        &self.items[usize::from(item.0)].0
    }

    /// As the machine gets it.
    pub fn artifact(&self, item: Item) -> &Artifact {
        &self.items[usize::from(item.0)].1
    }

    fn artifact_of(&mut self, truth: &Truth) -> Artifact {
        let made_from = match truth {
            Truth::Review { of, .. } | Truth::Verify { of, .. } => {
                let of = self.item(of);
                vec![self.items[usize::from(of.0)].2.clone()]
            }
            Truth::Sound { .. } | Truth::Unsound { .. } | Truth::Build { .. } | Truth::Merge { .. } => {
                Vec::new()
            }
        };
        Artifact::new(body(truth), made_from)
    }
}

fn body(truth: &Truth) -> Body {
    match truth {
        Truth::Sound { kind, steps } => sound(*kind, *steps),
        Truth::Unsound { kind, base } => unsound(*kind, *base),
        Truth::Build { patch, checks, base } => Body::Build(build(*patch, *checks, *base)),
        Truth::Review { objects: true, .. } => Body::Review(samples::objection()),
        Truth::Review { objects: false, .. } => Body::Review(samples::review()),
        Truth::Verify { found, patch, .. } => Body::Verify(verify(*found, *patch)),
        Truth::Merge { patch, base } => {
            Body::Merge(Merge { base: self::base(*base), ..samples::merge(patch.files().digest()) })
        }
    }
}

fn sound(kind: ArtifactKind, steps: u32) -> Body {
    match kind {
        ArtifactKind::Spec => Body::Spec(samples::spec()),
        ArtifactKind::Design => Body::Design(samples::design()),
        ArtifactKind::Tests => Body::Tests(samples::tests()),
        ArtifactKind::Recon => Body::Recon(samples::recon()),
        ArtifactKind::Tasks => Body::Tasks(samples::tasks()),
        ArtifactKind::Lessons => Body::Lessons(samples::lessons()),
        ArtifactKind::Plan => {
            let mut plan = samples::plan();
            while plan.steps.len() < usize::try_from(steps).expect("a few steps") {
                plan.steps.push(plan.steps[0].clone());
            }
            Body::Plan(plan)
        }
        ArtifactKind::Build | ArtifactKind::Review | ArtifactKind::Verify | ArtifactKind::Merge => {
            unreachable!("has a truth of its own")
        }
    }
}

fn unsound(kind: ArtifactKind, base: u8) -> Body {
    let mut body = match kind {
        ArtifactKind::Build => Body::Build(build(Patch::A, Color::Green, base)),
        ArtifactKind::Review => Body::Review(samples::review()),
        ArtifactKind::Verify | ArtifactKind::Merge | ArtifactKind::Lessons => {
            unreachable!("nothing is asked of it but its schema")
        }
        ArtifactKind::Spec
        | ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Tasks => sound(kind, 1),
    };
    match &mut body {
        Body::Spec(spec) => spec.baseline = vec![check(Color::Red)],
        Body::Design(design) => design.decisions.clear(),
        Body::Tests(tests) => tests.cases.clear(),
        Body::Recon(recon) => recon.places.clear(),
        Body::Plan(plan) => plan.steps.clear(),
        Body::Tasks(tasks) => tasks.tasks.clear(),
        Body::Build(build) => build.patch.changes.clear(),
        Body::Review(review) => review.coverage.clear(),
        Body::Verify(_) | Body::Merge(_) | Body::Lessons(_) => {}
    }
    body
}

fn check(color: Color) -> CheckResult {
    samples::check(match color {
        Color::Green => CheckOutcome::Passed,
        Color::Red => CheckOutcome::Failed { status: 1 },
    })
}

fn build(patch: Patch, checks: Color, base: u8) -> Build {
    Build { base: self::base(base), patch: patch.files(), checks: vec![check(checks)], ..samples::build("") }
}

fn verify(found: Finding, patch: Patch) -> Verify {
    let (passed, failed, inconclusive) = match found {
        Finding::Pass => (10, 0, 0),
        Finding::Fail | Finding::Elsewhere => (5, 5, 0),
        Finding::Better => (8, 2, 0),
        Finding::Critical => (9, 1, 0),
        Finding::Inconclusive => (9, 0, 1),
        Finding::Nothing => (0, 0, 0),
    };
    let verify = samples::verify(patch.files().digest(), passed, failed, inconclusive);
    let feedback = if found == Finding::Elsewhere { no_answer(failed) } else { verify.feedback.clone() };
    Verify { critical_passed: found != Finding::Critical, feedback, ..verify }
}

fn no_answer(failed: u32) -> Feedback {
    let scenario = FailedScenario { covers: vec![samples::requirement("R1")], class: FailureClass::NoAnswer };
    feedback::declassify(
        &Holdout::new((0..failed).map(|_| scenario.clone()).collect()),
        &samples::requirements(),
    )
}
