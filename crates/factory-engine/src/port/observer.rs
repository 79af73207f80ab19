//! Telling whoever watches what is going on. Nothing is decided here, and nothing said here is kept.

use factory_core::ids::Usage;

/// Something worth showing while an effect is performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A model was asked and answered.
    ModelCall {
        /// What the call used.
        usage: Usage,
    },
    /// A role used a tool.
    Tool {
        /// The tool and the first of its arguments, on one line.
        summary: String,
    },
    /// A check of the project runs.
    Check {
        /// Its name.
        name: String,
    },
    /// Scenario runs that are done, of all.
    Scenarios {
        /// Done.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// A recording's observation differs from what was seen now.
    Drift {
        /// What differs.
        detail: String,
    },
}

/// Whoever watches an effect.
pub trait Observer: Send + Sync {
    /// Called from whatever thread performs the effect; must not block.
    fn progress(&self, progress: Progress);
}

/// Watches nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Unwatched;

impl Observer for Unwatched {
    fn progress(&self, _progress: Progress) {}
}
