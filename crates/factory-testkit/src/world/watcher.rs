//! Keeps what a watcher is told.

use std::sync::Mutex;

use factory_core::event::Event;
use factory_core::ids::EffectId;
use factory_core::state::RunState;
use factory_engine::port::observer::Progress;
use factory_engine::port::watcher::Watcher;

use super::lock;

/// A watcher that remembers.
#[derive(Debug, Default)]
pub struct Recorder {
    events: Mutex<Vec<Event>>,
    progress: Mutex<Vec<(EffectId, Progress)>>,
}

impl Recorder {
    /// The events that it was told of, in order.
    pub fn events(&self) -> Vec<Event> {
        lock(&self.events).clone()
    }

    /// What it was told of effects, in order.
    pub fn progress(&self) -> Vec<(EffectId, Progress)> {
        lock(&self.progress).clone()
    }
}

impl Watcher for Recorder {
    fn recorded(&self, events: &[Event], _state: &RunState) {
        lock(&self.events).extend_from_slice(events);
    }

    fn progress(&self, effect: &EffectId, progress: Progress) {
        lock(&self.progress).push((effect.clone(), progress));
    }
}
