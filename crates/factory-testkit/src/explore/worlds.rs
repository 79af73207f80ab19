//! The worlds that are explored: the shipped pipelines, and small ones that are made up so that everything a pipeline can
//! say is in one of them.

use factory_core::event::Channel;
use factory_core::ids::Budget;
use factory_core::pipeline::model::EntryType;

use super::cast::{self, Actor};
use super::letter::Level;
use super::truth::{Color, Finding, Patch};
use super::world::{Alphabet, Bounds, World};
use crate::samples;

/// Each mistake once, and a base branch that stays where it is.
const STILL: Alphabet = Alphabet { commits: 1, ..Alphabet::LEAN };

/// One patch besides, no red checks, one way to fail.
const NARROW: Alphabet = Alphabet {
    channels: &[Channel::Command],
    patches: &[Patch::A],
    checks: &[Color::Green],
    verdicts: &[Finding::Pass, Finding::Fail, Finding::Inconclusive],
    ..STILL
};

const MOVES_ONCE: Bounds = Bounds { moves: Some(1), ..Bounds::NONE };

fn two() -> Vec<Actor> {
    vec![cast::ada(), cast::bob()]
}

fn world(name: &'static str, toml: &str, alphabet: Alphabet) -> World {
    World::new(name, toml, EntryType::Feature, two()).asking(alphabet)
}

/// The pipelines that ship, with each kind of run that begins somewhere else.
pub fn shipped() -> Vec<World> {
    let bug = |name, entry| {
        World::new(name, include_str!("../../../../pipelines/bug.toml"), entry, two()).asking(STILL)
    };
    let governed = |name, entry, alphabet| {
        World::new(name, include_str!("../../../../pipelines/governed.toml"), entry, two()).asking(alphabet)
    };
    let free = Alphabet { levels: &[Level::Nothing], ..NARROW };
    let paid = Alphabet { levels: &[Level::Nothing, Level::Over], ..NARROW };
    vec![
        world("feature", samples::FEATURE, Alphabet::LEAN),
        bug("bug", EntryType::Bug),
        bug("bug, as a hotfix", EntryType::Hotfix),
        governed("governed", EntryType::Feature, paid),
        governed("governed, as a bug", EntryType::Bug, free.clone()),
        governed("governed, as a remediation", EntryType::Remediation, free.clone()),
        governed("governed, as a hotfix", EntryType::Hotfix, free),
    ]
}

/// Pipelines that are made up.
pub fn made_up() -> Vec<World> {
    vec![
        small(),
        moving(),
        protected(),
        four_eyes(),
        parallel(),
        budgets(),
        own_budgets(),
        timers(),
        conditions(),
        plateau(),
        lessons(),
        guarded_lessons(),
        beside(),
        hotfix(),
        ignores(),
        quarantine(),
        guarded_quarantine(),
    ]
}

/// The same, followed as far as it goes over a base branch with three commits.
#[must_use]
pub fn deep(world: World) -> World {
    let alphabet = Alphabet { commits: 3, ..world.alphabet.clone() };
    world.asking(alphabet).within(Bounds { states: 2_000_000, ..Bounds::NONE })
}

/// The smallest, with everything asked of it.
pub fn small() -> World {
    world("small", include_str!("pipelines/small.toml"), Alphabet::FULL).within(MOVES_ONCE)
}

/// The smallest, with little asked of it.
pub fn least() -> World {
    world("least", include_str!("pipelines/small.toml"), Alphabet { commits: 2, ..NARROW }).within(MOVES_ONCE)
}

/// The smallest, over a base branch that moves as often as it likes.
pub fn moving() -> World {
    world("moving", include_str!("pipelines/small.toml"), Alphabet { commits: 3, ..NARROW })
}

/// A patch that touches what belongs to people, and that the specification names: no pipeline lets that through.
pub fn protected() -> World {
    let alphabet = Alphabet {
        channels: &[Channel::Terminal, Channel::Command, Channel::InAdvance],
        patches: &[Patch::A, Patch::B],
        looks: true,
        commits: 2,
        ..NARROW
    };
    let mut world = world("protected", include_str!("pipelines/protected.toml"), alphabet);
    world.started.spec.protected = vec!["infra/ship.tf".to_owned()];
    world.within(MOVES_ONCE)
}

/// Two people at one gate, somebody else than the requester at others, logins, groups and keys.
pub fn four_eyes() -> World {
    let cast = vec![cast::ada(), cast::ada_elsewhere(), cast::bob(), cast::cyd(), cast::dan()];
    let alphabet = Alphabet {
        patches: &[Patch::A],
        checks: &[Color::Green],
        verdicts: &[Finding::Pass, Finding::Fail, Finding::Nothing],
        looks: false,
        commits: 1,
        ..Alphabet::FULL
    };
    World::new("four-eyes", include_str!("pipelines/four-eyes.toml"), EntryType::Feature, cast)
        .asking(alphabet)
}

/// Review and verification side by side.
pub fn parallel() -> World {
    world("parallel", include_str!("pipelines/parallel.toml"), STILL)
}

/// Budgets of a run and of a stage in it.
pub fn budgets() -> World {
    world("budgets", include_str!("pipelines/budgets.toml"), NARROW)
}

/// A stage with a budget beside one that has none.
pub fn own_budgets() -> World {
    world("own-budgets", include_str!("pipelines/own-budgets.toml"), NARROW)
}

/// Gates that are shut after a time, and a stage that waits.
pub fn timers() -> World {
    world("timers", include_str!("pipelines/timers.toml"), Alphabet { commits: 2, ..NARROW })
}

/// Gates and a stage that are not always there.
pub fn conditions() -> World {
    let alphabet = Alphabet { edits: true, longer: true, ..STILL };
    world("conditions", include_str!("pipelines/conditions.toml"), alphabet)
}

/// A correction loop that stops when it gains nothing.
pub fn plateau() -> World {
    let verdicts =
        &[Finding::Pass, Finding::Fail, Finding::Better, Finding::Elsewhere, Finding::Inconclusive];
    world("plateau", include_str!("pipelines/plateau.toml"), Alphabet { verdicts, ..STILL })
}

/// A stage after the merge, in a run that has a budget of its own.
pub fn lessons() -> World {
    let alphabet = Alphabet { levels: &[Level::Nothing, Level::Over], commits: 2, ..NARROW };
    let mut world = world("lessons", include_str!("pipelines/lessons.toml"), alphabet);
    world.started.budget = Budget { tokens: Some(600), micro_usd: None };
    world.within(MOVES_ONCE)
}

/// A gate after the merge.
pub fn guarded_lessons() -> World {
    world("guarded-lessons", include_str!("pipelines/guarded-lessons.toml"), NARROW)
}

/// A review beside the way to the merge.
pub fn beside() -> World {
    world("beside", include_str!("pipelines/beside.toml"), NARROW)
}

/// A mend that cannot wait for a plan.
pub fn hotfix() -> World {
    World::new("hotfix", include_str!("pipelines/hotfix.toml"), EntryType::Hotfix, two())
        .asking(Alphabet::LEAN)
}

/// A merge that stays on its commit, and stages that fail when they are stuck.
pub fn ignores() -> World {
    world("ignores", include_str!("pipelines/ignores.toml"), Alphabet::LEAN)
}

/// Builds in which a tripwire goes off.
const TRIPS: Alphabet = Alphabet {
    channels: &[Channel::Command, Channel::InAdvance],
    patches: &[Patch::A, Patch::Caught],
    checks: &[Color::Green, Color::Red],
    verdicts: &[Finding::Pass, Finding::Fail, Finding::Vault],
    trips: true,
    ..STILL
};

/// The smallest, with a tripwire that goes off.
pub fn quarantine() -> World {
    world("quarantine", include_str!("pipelines/small.toml"), Alphabet { commits: 2, ..TRIPS })
        .within(MOVES_ONCE)
}

/// The same where somebody in particular is asked about every build, and stages fail when they are stuck.
pub fn guarded_quarantine() -> World {
    world("guarded-quarantine", include_str!("pipelines/guarded-quarantine.toml"), TRIPS)
}
