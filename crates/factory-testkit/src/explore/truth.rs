//! What stages can make, as those know it who made it up: nothing here is worked out by the machine that is explored.

use std::sync::LazyLock;

use factory_core::artifact::{ArtifactKind, Change, FileChange, Patch as Files};
use factory_core::ids::{Digest, GitOid};
use factory_core::pipeline::condition::Field;
use factory_core::risk::RiskClass;

use crate::samples;

/// One of the patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Patch {
    /// Writes a greeting; nothing speaks against it.
    A,
    /// Changes how the project is shipped: high risk, and where the specification names its path, a person decides on it.
    B,
    /// Writes what only the holdouts say: a tripwire goes off wherever it is built.
    Caught,
}

impl Patch {
    /// What it changes.
    pub fn files(self) -> Files {
        let (path, text) = match self {
            Patch::A => ("greeting.txt", "hello"),
            Patch::B => ("infra/ship.tf", "steps"),
            Patch::Caught => ("greeting.txt", "what nobody should know"),
        };
        let change =
            Change::Written { content: Digest::of(text.as_bytes()), executable: false, existed: false };
        Files { changes: vec![FileChange { path: path.to_owned(), change }] }
    }

    /// Which of them has that digest.
    pub fn of_digest(digest: &Digest) -> Option<Self> {
        static DIGESTS: LazyLock<[(Digest, Patch); 3]> = LazyLock::new(|| {
            [Patch::A, Patch::B, Patch::Caught].map(|patch| (patch.files().digest(), patch))
        });
        DIGESTS.iter().find(|(known, _)| known == digest).map(|(_, patch)| *patch)
    }

    /// Another one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Patch::A => Patch::B,
            Patch::B | Patch::Caught => Patch::A,
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
    /// 10 of 10, and one in the vault that failed.
    Vault,
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

    /// Whether a tripwire goes off where it is made.
    pub fn is_caught(&self) -> bool {
        match self {
            Truth::Build { patch: Patch::Caught, .. } => true,
            Truth::Build { patch: Patch::A | Patch::B, .. }
            | Truth::Sound { .. }
            | Truth::Unsound { .. }
            | Truth::Review { .. }
            | Truth::Verify { .. }
            | Truth::Merge { .. } => false,
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
                Finding::Vault => &["vault"],
                Finding::Pass => &[],
            },
            Truth::Build { patch: Patch::Caught, .. } => &["canary:greeting.txt"],
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
                Patch::A | Patch::Caught => risk(RiskClass::Low),
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
