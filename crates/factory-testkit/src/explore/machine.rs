//! What is explored: something that obeys or refuses, and remembers.

use factory_core::command::Command;
use factory_core::decide::{self, Rejection};
use factory_core::event::Event;
use factory_core::evolve;
use factory_core::ids::Timestamp;
use factory_core::state::RunState;

/// Something that a run can be asked of.
pub trait Machine: Sync {
    /// Asks. Moves the state on where the command is obeyed, and leaves it alone where it is refused.
    ///
    /// # Errors
    /// Why it is refused.
    fn ask(&self, state: &mut RunState, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection>;
}

/// The core as it is.
#[derive(Debug, Clone, Copy)]
pub struct Core;

impl Machine for Core {
    fn ask(&self, state: &mut RunState, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let events = decide::decide(Some(state), command, now)?;
        go_on(state, &events, now);
        Ok(events)
    }
}

/// Moves a state on by events.
///
/// # Panics
/// When they cannot be events of its run.
pub(super) fn go_on(state: &mut RunState, events: &[Event], now: Timestamp) {
    let at = decide::time(Some(state), now);
    let next = evolve::evolve_all(Some(state.clone()), events, at).expect("what decide gives can be folded");
    *state = next.expect("a run that has begun stays one");
}
