//! What of a state can matter for what comes after it; two states of one shape are explored once.
//!
//! What is forgotten, and why it cannot matter:
//!
//! | of the state | in the shape | since |
//! |---|---|---|
//! | the run's start | nothing | it is the same for all states of a world |
//! | times | how far each timer is ahead | no other time is compared with anything; how long a gate waited is only told |
//! | `last_attempt` | nothing | it only names the next try; that a report names the running one is asked as `Fresh` |
//! | `tries`, `granted` | the tries that are left | they are only ever compared with each other and the limit |
//! | the tries left of what has passed | for a build only | other stages are tried again only after all their tries are given back |
//! | usage, raises | whether the budget is spent, and what is used of the last one | see [`Purse`] |
//! | verdicts | the last ones of the plateau's window, as share and findings; of the artifact that is there whether it met the bar | nothing else is read |
//! | corrections | whether one is a rebase | the others are only told to whoever tries |
//! | the artifact of a stage that has not passed and is not judged | for a verification, whether there is one | it is only where the next try starts from; scorecards can be shown |
//! | who approved, by login and key, who looked | as sets | their order is never asked for |
//! | who knows the verdict | nothing | it is written beside decisions, and decides nothing |
//! | escalations | the findings, whether there is a correction, whether it is a quarantine or about the vault | the rest is for people |
//! | what was let out of quarantine | nothing | it is only told to whoever sends texts to models |
//! | everything at the end | how it ended, what can be revealed or taken back | nothing else is obeyed |
//!
//! That this is sound is tried out by [`super::alike`].

use std::collections::{BTreeMap, BTreeSet};

use factory_core::artifact::ArtifactKind;
use factory_core::event::{Outcome, SentBack, Stuck};
use factory_core::ids::{Budget, FindingId, Timestamp, Usage};
use factory_core::pipeline::model::{Edge, Stage};
use factory_core::state::{RunState, StageState, StageStatus};

use super::catalog::{Catalog, Item};
use super::truth::{self, Patch};
use super::world::World;

/// The shape of a state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Of a run that goes on.
    On(Box<On>),
    /// Of one that is over.
    Over {
        /// How.
        end: End,
        /// Whether the merge has been taken back.
        rolled_back: bool,
        /// Which stages have a scorecard.
        scorecards: Vec<bool>,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// Merged.
    Merged,
    /// Somebody said no.
    Rejected,
    /// Nobody said anything.
    Expired,
    /// Somebody stopped it.
    Cancelled,
    /// A stage failed for the last time.
    Failed,
}

/// The shape of a run that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct On {
    base: Option<u8>,
    rebases: u32,
    base_pinned: bool,
    rolled_back: bool,
    purse: Purse,
    stages: Vec<StageShape>,
}

/// Where a budget stands. Usage and the raises that people granted both only grow, and are only compared with each other:
/// so it is enough to know whether the last budget granted is spent, and how much of the last whole budget is used. A
/// raise grants whole budgets until it is not spent any more, which keeps the second figure as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Purse {
    spent: bool,
    used: u64,
}

impl Purse {
    fn of(budget: Budget, usage: Usage, raises: u64) -> Self {
        // Where both count, the greater number decides, and one figure is not enough.
        assert_eq!(usage.micro_usd.unwrap_or(0), 0, "nothing is explored that costs dollars");
        let used = budget.tokens.map_or(0, |cap| (usage.input_tokens + usage.output_tokens) % cap);
        Self { spent: budget.spent_times(usage) > raises, used }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct StageShape {
    status: StatusShape,
    left: Option<i64>,
    purse: Purse,
    soaked: bool,
    entered: bool,
    made: Made,
    rebasing: bool,
    verdicts: Vec<(u32, Vec<FindingId>)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Made {
    Nothing,
    Forgotten,
    Counts { item: Option<Item>, patch: Option<Patch>, met: Option<bool> },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum StatusShape {
    Pending,
    Soaking { ahead: u64 },
    AtGate(Box<GateShape>),
    Running,
    Blocked,
    Produced,
    Failed,
    Passed,
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct GateShape {
    edge: Edge,
    sees: Vec<Option<Item>>,
    ahead: Option<u64>,
    approved_by: BTreeSet<(String, Option<String>)>,
    looked: BTreeMap<String, bool>,
    escalation: Option<(Vec<FindingId>, bool, Option<Stuck>)>,
}

/// The shape of a state.
pub fn shape(world: &World, catalog: &Catalog, state: &RunState) -> Shape {
    let stages = world.pipeline().stages.iter();
    if let Some(outcome) = &state.outcome {
        let judges = stages.filter(|stage| stage.makes == ArtifactKind::Verify);
        return Shape::Over {
            end: end(outcome),
            rolled_back: state.rolled_back,
            scorecards: judges.map(|stage| state.stages[&stage.id].artifact.is_some()).collect(),
        };
    }
    Shape::On(Box::new(On {
        base: truth::number(&state.base),
        rebases: state.rebases,
        base_pinned: state.base_pinned,
        rolled_back: state.rolled_back,
        purse: Purse::of(state.budget(), state.usage, state.raises),
        stages: stages.map(|stage| stage_shape(world, catalog, state, stage)).collect(),
    }))
}

fn end(outcome: &Outcome) -> End {
    match outcome {
        Outcome::Merged { .. } => End::Merged,
        Outcome::Rejected { .. } => End::Rejected,
        Outcome::Expired { .. } => End::Expired,
        Outcome::Cancelled { .. } => End::Cancelled,
        Outcome::Failed { .. } => End::Failed,
    }
}

impl End {
    /// In one word.
    pub fn as_str(self) -> &'static str {
        match self {
            End::Merged => "merged",
            End::Rejected => "rejected",
            End::Expired => "expired",
            End::Cancelled => "cancelled",
            End::Failed => "failed",
        }
    }
}

fn stage_shape(world: &World, catalog: &Catalog, state: &RunState, stage: &Stage) -> StageShape {
    let at = &state.stages[&stage.id];
    let window = world.pipeline().policy.plateau.map_or(0, |plateau| plateau.window - 1);
    let window = usize::try_from(window).expect("a window is small");
    let recent = at.verdicts.len().saturating_sub(window);
    let share = |passed: u32, of: u32| passed * 100 / of.max(1);
    let is_open = stage.makes == ArtifactKind::Build || at.status != StageStatus::Passed;
    let rebase = |correction: &SentBack| matches!(correction, SentBack::Rebase { .. });
    StageShape {
        status: status_shape(catalog, state.changed_at, &at.status),
        left: is_open.then(|| i64::from(stage.attempts) + i64::from(at.granted) - i64::from(at.tries)),
        purse: Purse::of(stage.budget, at.usage, at.raises),
        soaked: at.soaked,
        entered: at.entered,
        made: made(catalog, stage, at),
        rebasing: at.corrections.iter().any(rebase),
        verdicts: at.verdicts[recent..]
            .iter()
            .map(|verdict| (share(verdict.passed, verdict.of), verdict.findings.clone()))
            .collect(),
    }
}

fn made(catalog: &Catalog, stage: &Stage, at: &StageState) -> Made {
    let Some(artifact) = &at.artifact else { return Made::Nothing };
    let counts = match &at.status {
        StageStatus::Passed | StageStatus::Produced => true,
        StageStatus::AtGate { sees, .. } => sees.contains(&artifact.digest),
        StageStatus::Pending
        | StageStatus::Soaking { .. }
        | StageStatus::Running { .. }
        | StageStatus::Blocked { .. }
        | StageStatus::Failed
        | StageStatus::Skipped => false,
    };
    if counts {
        let last = at.verdicts.iter().rev().find(|verdict| verdict.artifact == artifact.digest);
        Made::Counts {
            item: catalog.find(&artifact.digest),
            patch: artifact.patch.as_ref().and_then(Patch::of_digest),
            met: last.map(|verdict| verdict.met).filter(|_| stage.makes == ArtifactKind::Verify),
        }
    } else if stage.makes == ArtifactKind::Verify {
        Made::Forgotten
    } else {
        Made::Nothing
    }
}

fn status_shape(catalog: &Catalog, now: Timestamp, status: &StageStatus) -> StatusShape {
    let ahead = |until: &Timestamp| until.since(now);
    match status {
        StageStatus::Pending => StatusShape::Pending,
        StageStatus::Soaking { until } => StatusShape::Soaking { ahead: ahead(until) },
        StageStatus::AtGate { edge, sees, since: _, expires, approved_by, looked, escalation } => {
            StatusShape::AtGate(Box::new(GateShape {
                edge: *edge,
                sees: sees.iter().map(|digest| catalog.find(digest)).collect(),
                ahead: expires.as_ref().map(ahead),
                approved_by: approved_by
                    .iter()
                    .map(|person| (person.login.clone(), person.key().map(str::to_owned)))
                    .collect(),
                looked: looked.clone(),
                escalation: escalation.as_ref().map(|escalation| {
                    let why =
                        Some(escalation.why).filter(|why| matches!(why, Stuck::Tripwire | Stuck::Vault));
                    (escalation.findings.clone(), escalation.correction.is_some(), why)
                }),
            }))
        }
        StageStatus::Running { .. } => StatusShape::Running,
        StageStatus::Blocked { .. } => StatusShape::Blocked,
        StageStatus::Produced => StatusShape::Produced,
        StageStatus::Failed => StatusShape::Failed,
        StageStatus::Passed => StatusShape::Passed,
        StageStatus::Skipped => StatusShape::Skipped,
    }
}
