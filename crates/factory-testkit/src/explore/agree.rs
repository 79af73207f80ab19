//! Whether a state grants more than the onlooker has seen granted.

use factory_core::effects;
use factory_core::pipeline::model::EntryGate;
use factory_core::state::{RunState, StageState, StageStatus};

use super::ghost::{Ghost, Standing, Watched, Work};
use super::invariant::{Invariant, Kept, ensure};
use super::onlooker::Onlooker;

impl Onlooker<'_> {
    /// Holds a state against what has been seen to happen.
    ///
    /// # Errors
    /// The promise that is broken.
    pub fn agrees(&self, state: &RunState, ghost: &Ghost) -> Kept {
        if ghost.ended.is_some() || state.outcome.is_some() {
            return ensure(ghost.ended.is_some() == state.outcome.is_some(), Invariant::End, || {
                "the state and the log disagree about whether the run is over".to_owned()
            });
        }
        for place in self.world.places() {
            let stage = &state.stages[&self.world.stage(place).id];
            self.stands(ghost, place, stage)?;
            let guarded = self.world.stage(place).entry_gate == EntryGate::Human;
            let was = ghost.at(place).was_passed.0;
            let invariant = if was { Invariant::Reopened } else { Invariant::Authority };
            ensure(!guarded || !stage.entered || ghost.at(place).entered, invariant, || {
                format!("the gate before {} counts as passed for what is there, and is not", self.name(place))
            })?;
        }
        let performed = effects::effects(state);
        let running = self.world.places().filter(|place| ghost.at(*place).work == Work::Running).count();
        ensure(performed.len() == running, Invariant::Waits, || {
            format!("{} stages are to be performed, and {running} have been started", performed.len())
        })
    }

    fn stands(&self, ghost: &Ghost, place: u8, stage: &StageState) -> Kept {
        let watched = ghost.at(place);
        let name = self.name(place);
        match &stage.status {
            StageStatus::Passed => {
                let counts = matches!(watched.standing, Standing::Passed | Standing::Overridden);
                ensure(counts, self.missing(ghost, place), || {
                    format!("{name} counts as passed, and has not passed")
                })?;
                let item = stage.artifact.as_ref().and_then(|made| self.catalog.find(&made.digest));
                ensure(item == watched.made, Invariant::Reopened, || {
                    format!("what counts of {name} is something else than what was passed")
                })
            }
            StageStatus::Skipped => {
                ensure(watched.standing == Standing::Skipped, Invariant::Unscored, || {
                    format!("{name} counts as left out, and nobody left it out")
                })
            }
            StageStatus::AtGate { edge, approved_by, .. } => {
                let open = watched.open.as_ref().filter(|open| open.edge == *edge);
                let seen = open.map_or(0, |open| open.approved.len());
                ensure(open.is_some() && approved_by.len() <= seen, Invariant::Authority, || {
                    format!("more people count as having approved at {name}:{} than have", edge.as_str())
                })
            }
            StageStatus::Running { .. } => is_at_work(watched, Work::Running, name),
            StageStatus::Blocked { .. } => is_at_work(watched, Work::Blocked, name),
            StageStatus::Pending
            | StageStatus::Soaking { .. }
            | StageStatus::Produced
            | StageStatus::Failed => Ok(()),
        }
    }
}

fn is_at_work(watched: &Watched, work: Work, name: &str) -> Kept {
    ensure(watched.work == work, Invariant::Waits, || {
        format!("{name} counts as performed or blocked, and was not started")
    })
}
