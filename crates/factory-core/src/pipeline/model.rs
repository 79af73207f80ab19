//! A pipeline that has been checked. A run keeps its own copy, so that editing the file changes no run that is under way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactKind;
use crate::ids::StageId;

/// A checked pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Its name, such as `feature`.
    pub name: String,
    /// Where a run of each entry type begins.
    pub entry: BTreeMap<EntryType, StageId>,
    /// What policy gates ask.
    pub policy: Policy,
    /// The stages, in an order in which each comes after all it needs.
    pub stages: Vec<Stage>,
}

impl Pipeline {
    /// The stage of that name.
    pub fn stage(&self, id: &StageId) -> Option<&Stage> {
        self.stages.iter().find(|stage| &stage.id == id)
    }

    /// The stages that need `id`, directly or through others.
    pub fn downstream(&self, id: &StageId) -> BTreeSet<StageId> {
        let mut found = BTreeSet::new();
        // One pass is enough, since the stages stand in topological order.
        for stage in &self.stages {
            if stage.needs.iter().any(|need| need == id || found.contains(need)) {
                found.insert(stage.id.clone());
            }
        }
        found
    }
}

/// What a run is for; it decides at which stage the run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryType {
    /// New behaviour.
    Feature,
    /// Behaviour that is wrong.
    Bug,
    /// Something found by an audit or a watcher.
    Remediation,
    /// A mend that cannot wait for a plan.
    Hotfix,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name.
    pub id: StageId,
    /// The artifact it makes.
    pub makes: ArtifactKind,
    /// Who performs it.
    pub role: Role,
    /// The stages whose artifacts it uses.
    pub needs: Vec<StageId>,
    /// The gate before it starts.
    pub entry_gate: EntryGate,
    /// The gate after it has made its artifact.
    pub exit_gate: ExitGate,
    /// How often it may be tried. For a stage that others return to, sent-back work counts too.
    pub attempts: u32,
    /// How long one try may take, in seconds.
    pub timeout_seconds: u64,
    /// The stage that gets the work back when this one's policy gate fails.
    pub returns_to: Option<StageId>,
}

/// Who performs a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads code, writes plans.
    Planner,
    /// Changes code. Never sees a holdout.
    Implementer,
    /// Reads the patch.
    Reviewer,
    /// Runs the holdouts.
    Evaluator,
    /// No model: factory itself.
    None,
}

impl Role {
    /// The role as pipelines write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Planner => "planner",
            Role::Implementer => "implementer",
            Role::Reviewer => "reviewer",
            Role::Evaluator => "evaluator",
            Role::None => "none",
        }
    }
}

/// The gate before a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryGate {
    /// It starts when what it needs is there.
    #[default]
    None,
    /// A person decides, having seen all that it needs.
    Human,
}

/// The gate after a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitGate {
    /// The artifact need only satisfy its schema and its exit criteria.
    #[default]
    None,
    /// [`Policy`] decides.
    Policy,
    /// A person decides, having seen the artifact.
    Human,
}

/// What policy gates ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The least share of scenarios that must pass, in per cent.
    pub min_pass_percent: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { min_pass_percent: 90 }
    }
}

/// A gate: before or after a stage. Written `plan:exit`, `merge:entry`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateId {
    /// The stage.
    pub stage: StageId,
    /// Which side of it.
    pub edge: Edge,
}

/// A side of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// Before it.
    Entry,
    /// After it.
    Exit,
}

impl fmt::Display for GateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let edge = match self.edge {
            Edge::Entry => "entry",
            Edge::Exit => "exit",
        };
        write!(f, "{}:{edge}", self.stage)
    }
}
