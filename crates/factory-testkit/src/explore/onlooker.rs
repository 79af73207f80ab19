//! Follows a run by its events and says when a promise is not kept. Nothing here asks the machine.
//!
//! Here: which event concerns what, work that goes back, and the end. `onlooker_stages`: what stages do.
//! `onlooker_gates`: what people and policy decide.

use factory_core::artifact::ArtifactKind;
use factory_core::event::{Event, Outcome, SentBack, Skip};
use factory_core::ids::{StageId, Timestamp};
use factory_core::pipeline::condition::{Condition, Test, Value};
use factory_core::pipeline::model::Stage;

use super::catalog::{Catalog, Item};
use super::ghost::{Aside, Ghost, Standing, Watched, Work};
use super::invariant::{Invariant, Kept, Violation, ensure};
use super::truth;
use super::world::World;

/// Follows runs of a world.
#[derive(Debug, Clone, Copy)]
pub struct Onlooker<'a> {
    /// The world.
    pub world: &'a World,
    /// What can be made in it.
    pub catalog: &'a Catalog,
}

impl Onlooker<'_> {
    /// Sees an event that happened at that time.
    ///
    /// # Errors
    /// The promise that it breaks.
    pub fn sees(&self, ghost: &mut Ghost, event: &Event, at: Timestamp) -> Kept {
        if let Some(merged) = ghost.ended {
            return after_the_end(ghost, event, merged);
        }
        match event {
            Event::RunStarted(_) => Ok(()),
            Event::StageSkipped { stage, why } => self.skipped(ghost, self.place(stage)?, why),
            Event::SoakBegan { stage, until } => {
                ghost.at_mut(self.place(stage)?).until = Aside(Some(*until));
                Ok(())
            }
            Event::SoakEnded { stage } => {
                let watched = ghost.at_mut(self.place(stage)?);
                ensure(watched.until.0.is_some_and(|until| until <= at), Invariant::Authority, || {
                    format!("{stage} has not waited as long as it has to")
                })?;
                watched.soaked = true;
                Ok(())
            }
            Event::StageStarted { stage, .. } => self.started(ghost, self.place(stage)?),
            Event::StageProduced { stage, artifact, usage, .. } => {
                self.produced(ghost, self.place(stage)?, &artifact.digest, *usage)
            }
            Event::StageFailed { stage, usage, .. } => {
                self.reported(ghost, self.place(stage)?, Work::Idle, *usage)
            }
            Event::StageBlocked { stage, usage, .. } => {
                self.reported(ghost, self.place(stage)?, Work::Blocked, *usage)
            }
            Event::StageUnblocked { stage, .. } => self.unblocked(ghost, self.place(stage)?),
            Event::GateOpened { gate, sees, expires, .. } => {
                self.opened(ghost, self.place(&gate.stage)?, gate.edge, sees, *expires)
            }
            Event::GateSeen { gate, seen, .. } => {
                self.still_shows(ghost, self.place(&gate.stage)?, gate.edge, seen)
            }
            Event::GateDecided(decided) => self.decided(ghost, self.place(&decided.gate.stage)?, decided, at),
            Event::GateExpired { gate, .. } => self.expired(ghost, self.place(&gate.stage)?, gate.edge, at),
            Event::PolicyJudged { gate, sees, passed, .. } => {
                self.judged(ghost, self.place(&gate.stage)?, gate.edge, sees, *passed)
            }
            Event::SentBack { to, correction, .. } => self.sent_back(ghost, self.place(to)?, correction),
            Event::BaseMoved { to, .. } => {
                ghost.base = truth::number(to).unwrap_or(u8::MAX);
                Ok(())
            }
            Event::ScorecardRevealed { .. } => Ok(()),
            Event::RunEnded { outcome, .. } => self.ended(ghost, outcome),
            Event::RolledBack { .. } => rolled_back(ghost, self.merge_stands(ghost)),
        }
    }

    fn place(&self, stage: &StageId) -> Result<u8, Violation> {
        let unknown = || Violation::new(Invariant::Refusal, format!("there is no stage {stage}"));
        self.world.place(stage).ok_or_else(unknown)
    }

    pub(super) fn name(&self, place: u8) -> &str {
        self.world.stage(place).id.as_str()
    }

    /// The places of what a stage needs.
    pub(super) fn needs(&self, place: u8) -> impl Iterator<Item = u8> {
        self.world.stage(place).needs.iter().filter_map(|need| self.world.place(need))
    }

    /// The stages that rest on one, directly or through others.
    fn after(&self, place: u8) -> Vec<u8> {
        let mut found = vec![place];
        for later in self.world.places() {
            if self.needs(later).any(|need| found.contains(&need)) && !found.contains(&later) {
                found.push(later);
            }
        }
        found.retain(|of| *of != place);
        found
    }

    /// What a gate has to show: what is there of all that the stage needs, and what it has made itself.
    pub(super) fn there(&self, ghost: &Ghost, place: u8) -> Vec<Option<Item>> {
        let counted = self.needs(place).filter(|need| ghost.at(*need).standing.counts());
        let mut there: Vec<Option<Item>> = counted.map(|need| ghost.at(need).made).collect();
        there.push(ghost.at(place).made);
        there.retain(Option::is_some);
        there.sort_unstable();
        there
    }

    /// Whether a condition is known not to hold.
    pub(super) fn is_known_false(&self, ghost: &Ghost, condition: &Condition, own: Option<u8>) -> bool {
        let Some(place) = self.world.place(&condition.stage) else { return false };
        let known = own == Some(place) || ghost.at(place).standing.counts();
        let truth = ghost.truth(self.catalog, place).filter(|_| known);
        let Some(found) = truth.and_then(|truth| truth.field(condition.field)) else { return false };
        let value = match condition.value {
            Value::Count(count) => count,
            Value::Risk(class) => truth::risk(class),
            Value::Flag(flag) => u32::from(flag),
        };
        !match condition.test {
            Test::AtLeast => found >= value,
            Test::AtMost => found <= value,
            Test::Is => found == value,
        }
    }

    fn skipped(&self, ghost: &mut Ghost, place: u8, why: &Skip) -> Kept {
        let stage = self.world.stage(place);
        let legit = match why {
            Skip::Entry { .. } => !self.is_included(stage, place),
            Skip::Condition { .. } => {
                stage.when.iter().any(|condition| self.is_known_false(ghost, condition, None))
            }
        };
        ensure(legit, Invariant::Unscored, || format!("{} is left out, and nothing says so", stage.id))?;
        ghost.settle(self.world, place, Standing::Skipped);
        Ok(())
    }

    fn is_included(&self, stage: &Stage, place: u8) -> bool {
        let first = &self.world.pipeline().entry[&self.world.started.entry];
        let first = self.world.place(first).expect("the entry is a stage");
        stage.makes == ArtifactKind::Spec || place == first || self.after(first).contains(&place)
    }

    /// Everything that was made after that stage counts no more, and whoever let it in or out is asked again.
    fn sent_back(&self, ghost: &mut Ghost, to: u8, correction: &SentBack) -> Kept {
        for place in self.after(to).into_iter().chain([to]) {
            let watched = ghost.at(place);
            let merged = self.makes_merge(place) && watched.standing.counts();
            ensure(!merged, Invariant::End, || {
                format!("work goes back to {}, and what was merged counts no more", self.name(to))
            })?;
            let was = watched.was_passed.0 || watched.standing.counts() || watched.entered;
            let (purse, mut tries) = (watched.purse, watched.tries);
            if place != to {
                tries = self.world.stage(place).attempts;
            } else if matches!(correction, SentBack::Note { .. } | SentBack::Rebase { .. }) {
                tries += 1;
            }
            *ghost.at_mut(place) = Watched {
                standing: Standing::Nothing,
                made: None,
                on_base: 0,
                let_go: false,
                entered: false,
                soaked: false,
                work: Work::Idle,
                open: None,
                purse,
                tries,
                was_passed: Aside(was),
                until: Aside(None),
            };
        }
        Ok(())
    }

    fn merge_stands(&self, ghost: &Ghost) -> bool {
        let merge = |place: &u8| self.makes_merge(*place);
        self.world.places().find(merge).is_some_and(|place| ghost.at(place).standing == Standing::Passed)
    }

    fn ended(&self, ghost: &mut Ghost, outcome: &Outcome) -> Kept {
        let stands = self.merge_stands(ghost);
        let merged = match outcome {
            Outcome::Merged { .. } => true,
            Outcome::Rejected { .. }
            | Outcome::Expired { .. }
            | Outcome::Cancelled { .. }
            | Outcome::Failed { .. } => false,
        };
        ensure(stands || !merged, Invariant::Verified, || "it ends as merged, and nothing is".to_owned())?;
        ensure(!stands || merged, Invariant::End, || "it was merged, and does not end as merged".to_owned())?;
        ghost.close(merged);
        Ok(())
    }
}

fn rolled_back(ghost: &mut Ghost, merged: bool) -> Kept {
    ensure(merged && !ghost.rolled_back, Invariant::End, || {
        "what was not merged, or is taken back already, is taken back".to_owned()
    })?;
    ghost.rolled_back = true;
    Ok(())
}

fn after_the_end(ghost: &mut Ghost, event: &Event, merged: bool) -> Kept {
    match event {
        Event::ScorecardRevealed { .. } => Ok(()),
        Event::RolledBack { .. } => rolled_back(ghost, merged),
        Event::RunStarted(_)
        | Event::StageSkipped { .. }
        | Event::SoakBegan { .. }
        | Event::SoakEnded { .. }
        | Event::StageStarted { .. }
        | Event::StageProduced { .. }
        | Event::StageFailed { .. }
        | Event::StageBlocked { .. }
        | Event::StageUnblocked { .. }
        | Event::GateOpened { .. }
        | Event::GateSeen { .. }
        | Event::GateDecided(_)
        | Event::GateExpired { .. }
        | Event::PolicyJudged { .. }
        | Event::SentBack { .. }
        | Event::BaseMoved { .. }
        | Event::RunEnded { .. } => Err(Violation::new(Invariant::End, "something happens after the end")),
    }
}
