//! What the onlooker makes of stages: that they start when they may, what they make, and what they use.

use factory_core::artifact::ArtifactKind;
use factory_core::ids::{Digest, Usage};
use factory_core::pipeline::model::{EntryGate, ExitGate, Role};

use super::ghost::{Ghost, Standing, Work};
use super::invariant::{Invariant, Kept, Violation, ensure};
use super::onlooker::Onlooker;
use super::truth::Truth;

impl Onlooker<'_> {
    /// A stage may only start when all it needs counts and whoever guards it has let it in.
    pub(super) fn started(&self, ghost: &mut Ghost, place: u8) -> Kept {
        let stage = self.world.stage(place);
        for need in self.needs(place) {
            ensure(ghost.at(need).standing.counts(), self.missing(ghost, need), || {
                format!("{} starts, and {} has not passed", stage.id, self.name(need))
            })?;
        }
        self.may_spend(ghost, place)?;
        let watched = ghost.at(place);
        ensure(watched.work == Work::Idle, Invariant::Refusal, || {
            format!("{} is performed twice at once", stage.id)
        })?;
        if stage.entry_gate == EntryGate::Human {
            let reopened = if watched.was_passed.0 { Invariant::Reopened } else { Invariant::Authority };
            ensure(watched.entered, reopened, || {
                format!("{} starts, and nobody has passed the gate before it for what is there", stage.id)
            })?;
        }
        ensure(watched.soaked || stage.soak_seconds == 0, Invariant::Authority, || {
            format!("{} starts without having waited", stage.id)
        })?;
        let watched = ghost.at_mut(place);
        watched.tries = watched.tries.checked_sub(1).ok_or_else(|| {
            Violation::new(Invariant::Limits, format!("{} is tried more often than it may be", stage.id))
        })?;
        watched.work = Work::Running;
        watched.standing = Standing::Nothing;
        watched.made = None;
        watched.open = None;
        Ok(())
    }

    /// Under which promise it falls that a stage counts as passed and is not.
    pub(super) fn missing(&self, ghost: &Ghost, place: u8) -> Invariant {
        let watched = ghost.at(place);
        let human = self.world.stage(place).exit_gate == ExitGate::Human || self.is_guarded(ghost, place);
        match watched.standing {
            Standing::Refused => Invariant::Unscored,
            Standing::Caught => Invariant::Quarantine,
            Standing::Made if human => Invariant::Authority,
            Standing::Nothing if watched.was_passed.0 => Invariant::Reopened,
            Standing::Nothing
            | Standing::Made
            | Standing::Passed
            | Standing::Overridden
            | Standing::Skipped => Invariant::Unscored,
        }
    }

    fn may_spend(&self, ghost: &Ghost, place: u8) -> Kept {
        let left = [ghost.purse, ghost.at(place).purse];
        let spent = left.into_iter().flatten().any(|left| left <= 0);
        let spends = self.world.stage(place).role != Role::None;
        ensure(!(spends && spent), Invariant::Limits, || {
            format!("{} is performed, and the budget for it is spent", self.name(place))
        })
    }

    /// Takes usage from the budgets. What comes on top of a budget that is spent already is one try too many.
    fn spend(&self, ghost: &mut Ghost, place: u8, usage: Usage) -> Kept {
        let tokens = i64::try_from(usage.input_tokens + usage.output_tokens).expect("tries use little");
        if tokens == 0 {
            return Ok(());
        }
        self.may_spend(ghost, place)?;
        ghost.purse = ghost.purse.map(|left| left - tokens);
        let own = &mut ghost.at_mut(place).purse;
        *own = own.map(|left| left - tokens);
        Ok(())
    }

    fn performed(&self, ghost: &Ghost, place: u8) -> Kept {
        ensure(ghost.at(place).work == Work::Running, Invariant::Refusal, || {
            format!("a report on {} is believed, and nobody performs it", self.name(place))
        })
    }

    pub(super) fn produced(&self, ghost: &mut Ghost, place: u8, digest: &Digest, usage: Usage) -> Kept {
        self.performed(ghost, place)?;
        self.spend(ghost, place, usage)?;
        let item = self.catalog.find(digest).ok_or_else(|| {
            Violation::new(Invariant::Refusal, format!("{} made what nobody gave it", self.name(place)))
        })?;
        let truth = self.catalog.truth(item);
        self.is_about(ghost, place, truth)?;
        let open = self.world.stage(place).exit_gate == ExitGate::None && !self.guards(truth);
        let base = ghost.base;
        let watched = ghost.at_mut(place);
        watched.work = Work::Idle;
        watched.made = Some(item);
        watched.on_base = base;
        watched.let_go = false;
        match (truth.counts(), open) {
            (true, _) if truth.is_caught() => watched.standing = Standing::Caught,
            (true, true) => ghost.settle(self.world, place, Standing::Passed),
            (true, false) => watched.standing = Standing::Made,
            (false, _) => watched.standing = Standing::Refused,
        }
        Ok(())
    }

    /// Whether a person has to decide on what was made, whatever the pipeline says: a build of a patch that touches what
    /// belongs to people, and that the specification names.
    fn guards(&self, truth: &Truth) -> bool {
        let Truth::Build { patch, .. } = truth else { return false };
        patch.files().changes.iter().any(|file| self.world.started.spec.protected.contains(&file.path))
    }

    /// The same of what the stage has made.
    pub(super) fn is_guarded(&self, ghost: &Ghost, place: u8) -> bool {
        ghost.truth(self.catalog, place).is_some_and(|truth| self.guards(truth))
    }

    /// Whether what was made is about what is there.
    fn is_about(&self, ghost: &Ghost, place: u8, truth: &Truth) -> Kept {
        let name = self.name(place);
        let built = self.needs(place).find_map(|need| match ghost.truth(self.catalog, need)? {
            Truth::Build { patch, .. } => Some(*patch),
            Truth::Sound { .. }
            | Truth::Unsound { .. }
            | Truth::Review { .. }
            | Truth::Verify { .. }
            | Truth::Merge { .. } => None,
        });
        match truth {
            Truth::Unsound { .. } => ensure(false, Invariant::Unscored, || {
                format!("what {name} made does not meet its exit criteria, and counts as made")
            }),
            Truth::Build { base, .. } => ensure(*base == ghost.base, Invariant::Verified, || {
                format!("what {name} built is on another base than the run's")
            }),
            Truth::Verify { patch, .. } => ensure(Some(*patch) == built, Invariant::Verified, || {
                format!("the verdict of {name} is about another patch than the one that was built")
            }),
            Truth::Merge { .. } => self.may_merge(ghost, place, truth),
            Truth::Sound { .. } | Truth::Review { .. } => Ok(()),
        }
    }

    /// What is merged was verified, as exactly that patch on exactly that base, and passed or was overridden.
    fn may_merge(&self, ghost: &Ghost, place: u8, merge: &Truth) -> Kept {
        let Truth::Merge { patch: merged, base: onto } = merge else { return Ok(()) };
        for need in self.needs(place) {
            let caught = ghost.truth(self.catalog, need).is_some_and(Truth::is_caught);
            ensure(!caught || ghost.at(need).let_go, Invariant::Quarantine, || {
                format!("patch {merged:?} is merged, and nobody has let it out of quarantine")
            })?;
        }
        let verified = self.needs(place).any(|need| {
            let judge = ghost.at(need);
            match ghost.truth(self.catalog, need) {
                Some(Truth::Verify { patch, found: _, of }) => {
                    let passed = judge.standing == Standing::Overridden
                        || (judge.standing == Standing::Passed
                            && self.catalog_passes(ghost, need) == Some(true));
                    let built_on = match &**of {
                        Truth::Build { base, .. } => Some(*base),
                        Truth::Sound { .. }
                        | Truth::Unsound { .. }
                        | Truth::Review { .. }
                        | Truth::Verify { .. }
                        | Truth::Merge { .. } => None,
                    };
                    passed && patch == merged && judge.on_base == *onto && built_on == Some(*onto)
                }
                Some(
                    Truth::Sound { .. }
                    | Truth::Unsound { .. }
                    | Truth::Build { .. }
                    | Truth::Review { .. }
                    | Truth::Merge { .. },
                )
                | None => false,
            }
        });
        ensure(verified, Invariant::Verified, || {
            format!("patch {merged:?} is merged, and no verification of it on that base has passed")
        })
    }

    fn catalog_passes(&self, ghost: &Ghost, place: u8) -> Option<bool> {
        ghost.truth(self.catalog, place).and_then(Truth::passes)
    }

    /// A stage reports that it has made nothing.
    pub(super) fn reported(&self, ghost: &mut Ghost, place: u8, work: Work, usage: Usage) -> Kept {
        self.performed(ghost, place)?;
        self.spend(ghost, place, usage)?;
        let watched = ghost.at_mut(place);
        watched.work = work;
        watched.made = None;
        watched.standing = Standing::Refused;
        Ok(())
    }

    pub(super) fn unblocked(&self, ghost: &mut Ghost, place: u8) -> Kept {
        ensure(ghost.at(place).work == Work::Blocked, Invariant::Refusal, || {
            format!("{} goes on, and was not blocked", self.name(place))
        })?;
        self.may_spend(ghost, place)?;
        ghost.at_mut(place).work = Work::Running;
        Ok(())
    }

    /// Whether a stage makes the merge.
    pub(super) fn makes_merge(&self, place: u8) -> bool {
        self.world.stage(place).makes == ArtifactKind::Merge
    }
}
