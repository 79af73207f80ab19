//! Machines that are broken on purpose. [`super::sabotages`] lists them.

use factory_core::command::Command;
use factory_core::decide::{self, Rejection};
use factory_core::event::Event;
use factory_core::ids::Timestamp;
use factory_core::state::RunState;

use super::invariant::Invariant;
use super::machine::{self, Machine};
use super::world::World;

/// The core, with something broken on the way in or out. Each part does nothing unless it is said.
#[derive(Debug, Clone)]
pub struct Sabotage {
    /// What is broken, in words.
    pub words: &'static str,
    /// The promise that is not kept then.
    pub breaks: Invariant,
    /// A world in which that shows.
    pub world: World,
    before: fn(&mut RunState, &mut Command),
    log: fn(&RunState, &Command, Vec<Event>) -> Vec<Event>,
    after: fn(&RunState, &mut RunState, &[Event]),
    refused: fn(&mut RunState),
}

impl Sabotage {
    pub(super) fn new(words: &'static str, breaks: Invariant, world: World) -> Self {
        Self {
            words,
            breaks,
            world,
            before: |_, _| {},
            log: |_, _, events| events,
            after: |_, _, _| {},
            refused: |_| {},
        }
    }

    /// What the core is made to believe: another state, another command.
    pub(super) fn before(self, before: fn(&mut RunState, &mut Command)) -> Self {
        Self { before, ..self }
    }

    /// What is written into the log instead, from the state before and the command as it was given.
    pub(super) fn log(self, log: fn(&RunState, &Command, Vec<Event>) -> Vec<Event>) -> Self {
        Self { log, ..self }
    }

    /// What is remembered instead, from the state before and what was written.
    pub(super) fn after(self, after: fn(&RunState, &mut RunState, &[Event])) -> Self {
        Self { after, ..self }
    }

    /// What is remembered of a refusal.
    pub(super) fn refused(self, refused: fn(&mut RunState)) -> Self {
        Self { refused, ..self }
    }
}

impl Machine for Sabotage {
    fn ask(&self, state: &mut RunState, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let (mut believed, mut given) = (state.clone(), command.clone());
        (self.before)(&mut believed, &mut given);
        match decide::decide(Some(&believed), given, now) {
            Ok(events) => {
                let before = state.clone();
                let events = (self.log)(&before, &command, events);
                machine::go_on(state, &events, now);
                (self.after)(&before, state, &events);
                Ok(events)
            }
            Err(rejection) => {
                (self.refused)(state);
                Err(rejection)
            }
        }
    }
}
