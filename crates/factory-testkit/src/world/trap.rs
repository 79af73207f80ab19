//! Things that go wrong at a stage, once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use tokio::sync::Notify;

use super::lock;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trip {
    /// Nothing, this time: whatever is set next goes off the time after.
    Nothing,
    /// The port panics.
    Panic,
    /// The port never answers; see [`World::hung`](super::World::hung).
    Hang,
    /// A role asks its model, which answers and has to be paid, and then never comes to an end. Other ports take it as
    /// [`Trip::Gone`].
    Stall,
    /// What the port needs is not there: for roles the model, for the others the machine.
    Gone,
    /// A role's answer does not fit its schema. Other ports take it as [`Trip::Gone`].
    Unusable,
}

/// Traps by stage.
#[derive(Default)]
pub(super) struct Traps {
    set: Mutex<BTreeMap<String, VecDeque<Trip>>>,
    hung: Notify,
}

/// What is left to the port to tell in its own errors.
pub(super) enum Sprung {
    Stalled,
    Gone,
    Unusable,
}

impl Traps {
    pub(super) fn set(&self, stage: &str, trip: Trip) {
        lock(&self.set).entry(stage.to_owned()).or_default().push_back(trip);
    }

    pub(super) async fn hung(&self) {
        self.hung.notified().await;
    }

    /// Never comes back, once whoever waits for that knows.
    pub(super) async fn hang(&self) {
        self.hung.notify_one();
        std::future::pending().await
    }

    /// Sets off the next trap at the stage, if there is one.
    pub(super) async fn spring(&self, stage: &str) -> Result<(), Sprung> {
        let trip = lock(&self.set).get_mut(stage).and_then(VecDeque::pop_front);
        match trip {
            None | Some(Trip::Nothing) => Ok(()),
            Some(Trip::Panic) => panic!("the trap at the stage {stage} went off"),
            Some(Trip::Hang) => {
                self.hang().await;
                Ok(())
            }
            Some(Trip::Stall) => Err(Sprung::Stalled),
            Some(Trip::Gone) => Err(Sprung::Gone),
            Some(Trip::Unusable) => Err(Sprung::Unusable),
        }
    }
}
