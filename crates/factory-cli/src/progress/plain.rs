//! One line for each transition, on standard error.

use factory_core::event::Event;
use factory_core::ids::EffectId;
use factory_core::state::RunState;
use factory_engine::port::observer::Progress;
use factory_engine::port::watcher::Watcher;

use crate::{output, story};

/// Prints a line for each event.
pub(super) struct Plain;

/// An event with its time, as a line.
pub(super) fn line(event: &Event, state: &RunState) -> String {
    let (stage, what) = story::line(event);
    story::flow(&format!("{} {stage:<8} {}", story::time_of_day(state.changed_at), story::one_line(&what)))
}

impl Watcher for Plain {
    fn recorded(&self, events: &[Event], state: &RunState) {
        for event in events {
            output::note_line(&line(event, state));
        }
    }

    fn progress(&self, effect: &EffectId, progress: Progress) {
        match progress {
            Progress::Drift { detail } => {
                output::note_line(&format!(
                    "         {:<8} differs from the recording: {}",
                    effect.stage.as_str(),
                    story::one_line(&detail)
                ));
            }
            Progress::ModelCall { .. }
            | Progress::Tool { .. }
            | Progress::Check { .. }
            | Progress::Scenarios { .. } => {}
        }
    }
}
