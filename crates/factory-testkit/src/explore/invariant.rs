//! What must hold in every state and of every step.

use std::fmt;

/// A promise of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Invariant {
    /// Nothing is merged but what was verified.
    Verified,
    /// Nobody passes a gate who may not.
    Authority,
    /// What did not pass does not count as passed.
    Unscored,
    /// What changes is asked about again.
    Reopened,
    /// Every run ends, or waits for something that can come.
    Waits,
    /// Budgets and numbers of tries are kept.
    Limits,
    /// The end is the end.
    End,
    /// A refusal changes nothing.
    Refusal,
    /// What a tripwire caught goes nowhere by itself.
    Quarantine,
}

impl Invariant {
    /// Every promise.
    pub const ALL: [Invariant; 9] = [
        Invariant::Verified,
        Invariant::Authority,
        Invariant::Unscored,
        Invariant::Reopened,
        Invariant::Waits,
        Invariant::Limits,
        Invariant::End,
        Invariant::Refusal,
        Invariant::Quarantine,
    ];

    /// Its short name, as the documentation has it.
    pub fn code(self) -> &'static str {
        match self {
            Invariant::Verified => "I1",
            Invariant::Authority => "I2",
            Invariant::Unscored => "I3",
            Invariant::Reopened => "I4",
            Invariant::Waits => "I5",
            Invariant::Limits => "I6",
            Invariant::End => "I7",
            Invariant::Refusal => "I8",
            Invariant::Quarantine => "I9",
        }
    }

    /// What it says.
    pub fn says(self) -> &'static str {
        match self {
            Invariant::Verified => {
                "nothing is merged without a passing verification of exactly that patch on exactly that base, or a person who overrode the verdict and named what is wrong"
            }
            Invariant::Authority => {
                "no gate is passed but by somebody who may decide it there and then, and policy's gates by policy alone"
            }
            Invariant::Unscored => {
                "what is blocked, failed, refused or could not be scored never counts as passed"
            }
            Invariant::Reopened => "whatever saw an artifact that has changed since is asked again",
            Invariant::Waits => {
                "every run ends, or waits for a stage, a timer or somebody named, and can be brought to its end; none goes round by itself for ever"
            }
            Invariant::Limits => {
                "a budget is exceeded by one try at most, and no stage is tried more often than it may be"
            }
            Invariant::End => {
                "after the end nothing happens but that it is shown or taken back; a merge stands"
            }
            Invariant::Refusal => "what is refused changes nothing, and what can never be obeyed is refused",
            Invariant::Quarantine => {
                "nothing that a tripwire caught is used, judged or merged unless a person has named what was found, with a reason"
            }
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// What happened.
    pub words: String,
}

impl Violation {
    /// A promise that was not kept, in words.
    pub fn new(invariant: Invariant, words: impl Into<String>) -> Self {
        Self { invariant, words: words.into() }
    }
}

/// Nothing, or the promise that was not kept.
pub type Kept = Result<(), Violation>;

/// Fails with the promise unless the condition holds.
pub(super) fn ensure(holds: bool, invariant: Invariant, words: impl FnOnce() -> String) -> Kept {
    if holds { Ok(()) } else { Err(Violation::new(invariant, words())) }
}
