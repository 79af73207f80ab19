//! What is explored: a pipeline, its people, what may be asked, and how far.

use factory_core::event::{Channel, RunStarted};
use factory_core::ids::StageId;
use factory_core::pipeline::model::{EntryType, Pipeline, Role, Stage};
use factory_core::pipeline::read;

use super::cast::Actor;
use super::letter::Level;
use super::truth::{Color, Finding, Patch};
use crate::samples;

/// A pipeline with everything that can be asked of a run of it.
#[derive(Debug, Clone)]
pub struct World {
    /// For people.
    pub name: &'static str,
    /// How its run begins.
    pub started: RunStarted,
    /// Who can decide. The first is who asked for the run.
    pub cast: Vec<Actor>,
    /// What can be asked.
    pub alphabet: Alphabet,
    /// How far it is followed.
    pub bounds: Bounds,
}

/// What can be asked in a state.
#[derive(Debug, Clone)]
pub struct Alphabet {
    /// The ways in which decisions come in.
    pub channels: &'static [Channel],
    /// Whether every person tries every decision in every way with every mistake; else each mistake is made once.
    pub every_mistake: bool,
    /// Whether people look at gates before they decide.
    pub looks: bool,
    /// Whether gates are decided with changes.
    pub edits: bool,
    /// Whether a planner can make a longer plan, too.
    pub longer: bool,
    /// Whether tripwires go off where nothing is made.
    pub trips: bool,
    /// The patches that are built.
    pub patches: &'static [Patch],
    /// What the project's checks say of them.
    pub checks: &'static [Color],
    /// What the evaluator can find.
    pub verdicts: &'static [Finding],
    /// Over how many commits the base branch goes round, at least 1: with one it never moves.
    pub commits: u8,
    /// What a try can use where there is a budget.
    pub levels: &'static [Level],
    /// Whether all commands come after timers as well, before anybody has noticed the time.
    pub late: bool,
}

impl Alphabet {
    /// Everything: for pipelines that are made up to be small.
    pub const FULL: Self = Self {
        channels: &[Channel::Terminal, Channel::Command, Channel::InAdvance],
        every_mistake: true,
        looks: true,
        edits: true,
        longer: true,
        trips: false,
        patches: &[Patch::A, Patch::B],
        checks: &[Color::Green, Color::Red],
        verdicts: &[Finding::Pass, Finding::Fail, Finding::Critical, Finding::Inconclusive],
        commits: 2,
        levels: &[Level::Nothing, Level::Half, Level::Over],
        late: true,
    };

    /// The same, but each mistake only once, and nobody looks before deciding: for whole pipelines.
    pub const LEAN: Self = Self {
        channels: &[Channel::Command, Channel::InAdvance],
        every_mistake: false,
        looks: false,
        edits: false,
        longer: false,
        ..Self::FULL
    };
}

/// How far a world is followed. `None` means as far as it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How often people ask for another try, on one path.
    pub retries: Option<u8>,
    /// How often the base branch moves, on one path.
    pub moves: Option<u8>,
    /// The most states; more is a mistake in the choice of the other bounds.
    pub states: usize,
}

impl Bounds {
    /// No bound but on the number of states.
    pub const NONE: Self = Self { retries: None, moves: None, states: 50_000 };
}

impl World {
    /// A run of the pipeline in `toml`.
    ///
    /// # Panics
    /// When the pipeline is not in order.
    pub fn new(name: &'static str, toml: &str, entry: EntryType, cast: Vec<Actor>) -> Self {
        let pipeline = read::read(toml).unwrap_or_else(|wrong| panic!("{name}: {wrong:?}"));
        let requested_by = cast[0].person.clone();
        let started = RunStarted { pipeline, entry, requested_by, ..samples::started() };
        Self { name, started, cast, alphabet: Alphabet::FULL, bounds: Bounds::NONE }
    }

    /// The same with another alphabet.
    #[must_use]
    pub fn asking(self, alphabet: Alphabet) -> Self {
        Self { alphabet, ..self }
    }

    /// The same with other bounds.
    #[must_use]
    pub fn within(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// Its pipeline.
    pub fn pipeline(&self) -> &Pipeline {
        &self.started.pipeline
    }

    /// The stage at that place.
    pub fn stage(&self, at: u8) -> &Stage {
        &self.pipeline().stages[usize::from(at)]
    }

    /// The places of all stages.
    pub fn places(&self) -> impl Iterator<Item = u8> + use<> {
        0..u8::try_from(self.pipeline().stages.len()).expect("a pipeline has less than 256 stages")
    }

    /// Where the stage stands.
    pub fn place(&self, id: &StageId) -> Option<u8> {
        self.places().find(|at| self.stage(*at).id == *id)
    }

    /// The person of that login.
    pub fn actor(&self, login: &str) -> Option<&Actor> {
        self.cast.iter().find(|actor| actor.person.login == login)
    }

    /// The cap on what the run may use, in tokens: its own, or else the pipeline's.
    pub fn run_cap(&self) -> Option<u64> {
        self.started.budget.tokens.or(self.started.pipeline.policy.budget.tokens)
    }

    /// The least cap on tokens that there is for a stage, if it spends and any cap is on it.
    pub fn cap(&self, stage: &Stage) -> Option<u64> {
        let caps = self.run_cap().into_iter().chain(stage.budget.tokens);
        if stage.role == Role::None { None } else { caps.min() }
    }
}
