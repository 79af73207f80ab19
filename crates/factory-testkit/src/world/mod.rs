//! A small world behind the engine's ports. It has state instead of canned answers: the implementer writes a file into
//! its checkout, and what the checks, the reviewer and the evaluator say follows from what stands in it.
//!
//! The file is `greeting.txt`. With `BROKEN` in it the project's check fails, with `rude` the reviewer objects, and
//! without `please` two of ten holdouts fail, and with `not you` the one in the vault. A tripwire goes off at [`CANARY`].

mod agents;
mod checks;
mod clock;
mod evaluator;
mod log;
mod trap;
mod tripwire;
mod watcher;
mod workspaces;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use factory_engine::port::Ports;
use factory_engine::port::store::{BlobStore, EventLog};
use factory_engine::port::workspace::Checkout;
use factory_engine::watch::Watch;

pub use agents::{Heard, Told};
pub use clock::SimClock;
pub use log::{MeddledLog, decisions_of};
pub use trap::Trip;
pub use tripwire::{CANARY, WorldTripwire};
pub use watcher::Recorder;
pub use workspaces::Landed;

use agents::WorldAgents;
use checks::WorldChecks;
use evaluator::WorldEvaluator;
use trap::Traps;
use workspaces::WorldWorkspaces;

/// The file that everything turns on.
pub const FILE: &str = "greeting.txt";

/// The world. Clones are the same world.
#[derive(Clone)]
pub struct World {
    agents: Arc<WorldAgents>,
    workspaces: Arc<WorldWorkspaces>,
    traps: Arc<Traps>,
    /// Its time, which stands still until it is moved.
    pub clock: Arc<SimClock>,
    /// Whoever watches.
    pub watcher: Arc<Recorder>,
    wire: Arc<WorldTripwire>,
}

impl World {
    /// A world whose implementer writes these texts, one at each try, and the last one at every try after it. With an
    /// empty text it writes nothing.
    ///
    /// # Panics
    /// Without any text.
    pub fn new(texts: &[&str]) -> Self {
        let traps = Arc::new(Traps::default());
        Self {
            agents: Arc::new(WorldAgents::new(texts, Arc::clone(&traps))),
            workspaces: Arc::new(WorldWorkspaces::new(Arc::clone(&traps))),
            traps,
            clock: Arc::new(SimClock::default()),
            watcher: Arc::new(Recorder::default()),
            wire: Arc::new(WorldTripwire),
        }
    }

    /// This world with a store.
    pub fn ports(&self, log: Arc<dyn EventLog>, blobs: Arc<dyn BlobStore>) -> Ports {
        Ports {
            log,
            blobs,
            agents: Arc::clone(&self.agents) as _,
            checks: Arc::new(WorldChecks),
            workspaces: Arc::clone(&self.workspaces) as _,
            evaluator: Arc::new(WorldEvaluator::new(Arc::clone(&self.traps))),
            clock: Arc::clone(&self.clock) as _,
            watcher: Arc::clone(&self.watcher) as _,
            watch: Arc::new(Watch::new(Arc::clone(&self.wire) as _)),
        }
    }

    /// Something goes wrong when the stage is performed next. Traps for one stage go off one at a time, in order.
    pub fn trap(&self, stage: &str, trip: Trip) {
        self.traps.set(stage, trip);
    }

    /// Waits until a stage that hangs has been reached.
    pub async fn hung(&self) {
        self.traps.hung().await;
    }

    /// What the implementer was told and found, try by try.
    pub fn told(&self) -> Vec<Told> {
        self.agents.told()
    }

    /// What roles were given, in the order in which they were asked.
    pub fn heard(&self) -> Vec<Heard> {
        self.agents.heard()
    }

    /// The commits, in the order they were made.
    pub fn landed(&self) -> Vec<Landed> {
        self.workspaces.landed()
    }

    /// How many checkouts have not been dropped yet.
    pub fn checkouts(&self) -> usize {
        self.workspaces.live()
    }
}

/// What stands in [`FILE`]; empty where it is not there.
fn written(checkout: &Checkout) -> String {
    std::fs::read_to_string(checkout.project.join(FILE)).unwrap_or_default()
}

/// A panic of one test's task says nothing about the data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
