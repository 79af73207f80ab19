//! What an onlooker knows who has read the log from its first event and has never asked the machine anything.
//!
//! It is carried along every path and is part of what tells two states apart: a machine that forgets what has happened
//! does not make the onlooker forget it.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use factory_core::artifact::ArtifactKind;
use factory_core::ids::Timestamp;
use factory_core::pipeline::model::{Edge, Stage};

use super::catalog::{Catalog, Item};
use super::truth::Truth;
use super::world::World;

/// What is known of the run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ghost {
    /// The commit that the work goes on from, by number.
    pub base: u8,
    /// What is left of the run's budget.
    pub purse: Option<i64>,
    /// Whether the run is over, and if so whether it merged.
    pub ended: Option<bool>,
    /// Whether the merge has been taken back.
    pub rolled_back: bool,
    /// Each stage, in the pipeline's order.
    pub stages: Vec<Watched>,
}

/// What is known of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Watched {
    /// What its artifact is worth.
    pub standing: Standing,
    /// Its artifact.
    pub made: Option<Item>,
    /// On which base that was made.
    pub on_base: u8,
    /// Whether a person has let it out of quarantine, where a tripwire caught it.
    pub let_go: bool,
    /// Whether the gate before it has been passed for what is there.
    pub entered: bool,
    /// Whether it has waited as long as it has to.
    pub soaked: bool,
    /// Whether it is performed.
    pub work: Work,
    /// The gate that waits for somebody.
    pub open: Option<Open>,
    /// What is left of its own budget.
    pub purse: Option<i64>,
    /// How often it may still be tried. 0 for what has passed, but for a build: nothing else is tried again as it is.
    pub tries: u32,
    /// Whether it had passed before work went back; only tells under which promise a report goes.
    pub was_passed: Aside<bool>,
    /// Until when it has to wait.
    pub until: Aside<Option<Timestamp>>,
}

/// What an artifact is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// There is none, or it counts no more.
    Nothing,
    /// It still has to be judged.
    Made,
    /// A tripwire went off, and nobody has let it go on.
    Caught,
    /// It was passed by whoever had to pass it.
    Passed,
    /// A person overrode the verdict.
    Overridden,
    /// It, or the lack of it, was refused.
    Refused,
    /// The stage is left out.
    Skipped,
}

/// Whether a stage is performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Work {
    /// It is not.
    Idle,
    /// It is.
    Running,
    /// Something keeps it from being tried.
    Blocked,
}

/// A gate that waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Open {
    /// Which side.
    pub edge: Edge,
    /// What it shows. `None` for what was never made.
    pub sees: Vec<Option<Item>>,
    /// Who has approved of exactly that, as people and not as logins.
    pub approved: BTreeSet<u8>,
    /// When it is shut.
    pub expires: Aside<Option<Timestamp>>,
}

/// Something that is kept aside: it follows from the rest in a machine that works, so that it tells no states apart.
#[derive(Debug, Clone, Copy, Default)]
pub struct Aside<T>(pub T);

impl<T> PartialEq for Aside<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Aside<T> {}

impl<T> Hash for Aside<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Ghost {
    /// Before anything has happened.
    pub fn new(world: &World) -> Self {
        let cap = |tokens: Option<u64>| tokens.map(|cap| i64::try_from(cap).expect("budgets are small"));
        let watched = |stage: &Stage| Watched {
            standing: Standing::Nothing,
            made: None,
            on_base: 0,
            let_go: false,
            entered: false,
            soaked: false,
            work: Work::Idle,
            open: None,
            purse: cap(stage.budget.tokens),
            tries: stage.attempts,
            was_passed: Aside(false),
            until: Aside(None),
        };
        Self {
            base: 0,
            purse: cap(world.run_cap()),
            ended: None,
            rolled_back: false,
            stages: world.pipeline().stages.iter().map(watched).collect(),
        }
    }

    /// The stage at that place.
    pub fn at(&self, place: u8) -> &Watched {
        &self.stages[usize::from(place)]
    }

    pub(super) fn at_mut(&mut self, place: u8) -> &mut Watched {
        &mut self.stages[usize::from(place)]
    }

    /// The truth about what a stage has made that still counts, or waits to.
    pub fn truth<'a>(&self, catalog: &'a Catalog, place: u8) -> Option<&'a Truth> {
        self.at(place).made.map(|item| catalog.truth(item))
    }

    /// The stage has passed, or is overridden or left out.
    pub(super) fn settle(&mut self, world: &World, place: u8, standing: Standing) {
        let watched = self.at_mut(place);
        watched.standing = standing;
        if world.stage(place).makes != ArtifactKind::Build {
            watched.tries = 0;
        }
    }

    /// Forgets what cannot matter any more after the end.
    pub(super) fn close(&mut self, merged: bool) {
        self.ended = Some(merged);
        self.stages.clear();
        self.purse = None;
        self.base = 0;
    }
}

impl Standing {
    /// Whether whoever needs it may go on.
    pub fn counts(self) -> bool {
        match self {
            Standing::Passed | Standing::Overridden | Standing::Skipped => true,
            Standing::Nothing | Standing::Made | Standing::Caught | Standing::Refused => false,
        }
    }
}
