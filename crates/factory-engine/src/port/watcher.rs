//! Whoever watches a run: a terminal, a log, nobody.

use std::sync::{Mutex, PoisonError};

use factory_core::event::Event;
use factory_core::ids::{EffectId, Usage};
use factory_core::state::RunState;

use super::observer::{Observer, Progress};

/// Told of what is in the log, and of what is going on. Must not block.
pub trait Watcher: Send + Sync {
    /// These events are in the log; the run now stands so.
    fn recorded(&self, events: &[Event], state: &RunState);

    /// Something is going on in an effect. Not kept.
    fn progress(&self, effect: &EffectId, progress: Progress);

    /// Nothing is performed any more for now: the run waits, is over, or was interrupted.
    fn stopped(&self) {}
}

/// Watches nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Nobody;

impl Watcher for Nobody {
    fn recorded(&self, _events: &[Event], _state: &RunState) {}
    fn progress(&self, _effect: &EffectId, _progress: Progress) {}
}

/// One effect's observer: tells the watcher which effect it is, and counts what its model calls use.
pub struct OneEffect<'a> {
    watcher: &'a dyn Watcher,
    effect: &'a EffectId,
    used: Mutex<Usage>,
}

impl<'a> OneEffect<'a> {
    /// Nothing is used yet.
    pub fn new(watcher: &'a dyn Watcher, effect: &'a EffectId) -> Self {
        Self { watcher, effect, used: Mutex::default() }
    }

    /// What its model calls have used so far.
    pub fn used(&self) -> Usage {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for OneEffect<'_> {
    fn progress(&self, progress: Progress) {
        if let Progress::ModelCall { usage } = &progress {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            *used = used.plus(*usage);
        }
        self.watcher.progress(self.effect, progress);
    }
}
