//! One JSON object a line, on standard output: `{"run": …, "at": …, "event": {…}}`, the events as the log has them.

use factory_core::event::Event;
use factory_core::ids::{EffectId, RunId, Timestamp};
use factory_core::state::RunState;
use factory_engine::port::observer::Progress;
use factory_engine::port::watcher::Watcher;
use serde::Serialize;

use crate::output;

/// Prints a JSON object for each event.
pub(super) struct Ndjson;

#[derive(Serialize)]
struct Line<'a> {
    run: &'a RunId,
    at: Timestamp,
    event: &'a Event,
}

impl Watcher for Ndjson {
    fn recorded(&self, events: &[Event], state: &RunState) {
        for event in events {
            output::json_line(&Line { run: &state.started.run, at: state.changed_at, event });
        }
    }

    fn progress(&self, _effect: &EffectId, _progress: Progress) {}
}
