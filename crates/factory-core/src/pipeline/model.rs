//! A pipeline that has been checked. A run keeps its own copy, so that editing the file changes no run that is under way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use crate::artifact::ArtifactKind;
use crate::ids::{Budget, Digest, StageId};

/// A checked pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Its name, such as `feature`.
    pub name: String,
    /// Where a run of each entry type begins.
    pub entry: BTreeMap<EntryType, StageId>,
    /// What holds for the pipeline as a whole.
    pub policy: Policy,
    /// Groups of people that gates can ask for, by name.
    pub authorities: BTreeMap<String, Authority>,
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

    /// The stages that a run of this entry type goes through: the one it begins at, all that follow it, and the reading
    /// of the specification, which no run goes without. `None` when the pipeline has no such entry.
    pub fn included(&self, entry: EntryType) -> Option<BTreeSet<StageId>> {
        let first = self.entry.get(&entry)?;
        let mut stages = self.downstream(first);
        stages.insert(first.clone());
        let spec = self.stages.iter().filter(|stage| stage.makes == ArtifactKind::Spec);
        stages.extend(spec.map(|stage| stage.id.clone()));
        Some(stages)
    }

    /// SHA-256 over the pipeline's JSON: tells whether the file has been edited since a run began.
    pub fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).expect("pipelines hold only what JSON can say"))
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

impl EntryType {
    /// Every entry type, in the order of the pipelines' documentation.
    pub const ALL: [EntryType; 4] =
        [EntryType::Feature, EntryType::Bug, EntryType::Remediation, EntryType::Hotfix];

    /// The entry type as pipelines and the log write it.
    pub fn as_str(self) -> &'static str {
        match self {
            EntryType::Feature => "feature",
            EntryType::Bug => "bug",
            EntryType::Remediation => "remediation",
            EntryType::Hotfix => "hotfix",
        }
    }
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
    /// How far it may go without a person, if the pipeline says so.
    pub zone: Option<Zone>,
    /// The stages whose artifacts it uses.
    pub needs: Vec<StageId>,
    /// It is skipped unless all of these hold.
    pub when: Vec<Condition>,
    /// The gate before it starts.
    pub entry_gate: EntryGate,
    /// The gate after it has made its artifact.
    pub exit_gate: ExitGate,
    /// What its gates ask of whoever decides, where that is more than nothing.
    pub rules: BTreeMap<Edge, GateRule>,
    /// How often it may be tried. For a stage that others return to, sent-back work counts too.
    pub attempts: u32,
    /// What happens when no try is left.
    pub on_exhausted: OnExhausted,
    /// How long one try may take, in seconds.
    pub timeout_seconds: u64,
    /// How long it waits before it starts, once all it needs is there, in seconds.
    pub soak_seconds: u64,
    /// What its own model calls may use, over all tries.
    pub budget: Budget,
    /// The stage that gets the work back when this one's policy gate fails.
    pub returns_to: Option<StageId>,
}

impl Stage {
    /// What the gate on that side asks of whoever decides.
    pub fn rule(&self, edge: Edge) -> GateRule {
        self.rules.get(&edge).cloned().unwrap_or_default()
    }
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

/// How far a stage may go without a person. The pipeline check holds each zone to its gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// A person approves what it makes, each time.
    Supervised,
    /// It goes on by itself; a person is asked when it is stuck.
    Autonomous,
    /// A person approves before it starts, since it cannot be taken back.
    Guarded,
    /// It only proposes: no stage of another zone uses what it makes.
    Advisory,
}

impl Zone {
    /// The zone as pipelines write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Zone::Supervised => "supervised",
            Zone::Autonomous => "autonomous",
            Zone::Guarded => "guarded",
            Zone::Advisory => "advisory",
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

/// What happens when a stage has no try left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExhausted {
    /// The run fails.
    #[default]
    Fail,
    /// A person is asked, at the stage's escalation gate.
    Escalate,
}

/// What a gate asks of whoever decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateRule {
    /// The group that may decide; anybody where there is none.
    pub authority: Option<String>,
    /// How many different people have to approve. One who rejects is always enough.
    pub approvals: u32,
    /// Whether whoever asked for the run may not decide.
    pub not_requester: bool,
    /// After how many seconds without a decision the run is over: a gate that nobody answers fails closed.
    pub timeout_seconds: Option<u64>,
    /// The gate is passed by policy unless all of these hold.
    pub when: Vec<Condition>,
}

impl Default for GateRule {
    fn default() -> Self {
        Self { authority: None, approvals: 1, not_requester: false, timeout_seconds: None, when: Vec::new() }
    }
}

impl GateRule {
    /// Whether the gate asks for somebody in particular, so that nobody can have decided before it opened.
    pub fn asks_for_somebody(&self) -> bool {
        self.authority.is_some() || self.approvals > 1 || self.not_requester
    }
}

/// A group of people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Users of the operating system, by login.
    pub people: Vec<String>,
    /// SSH keys, by fingerprint (`SHA256:…`): whoever signs the decision with one belongs to the group.
    pub keys: Vec<String>,
}

/// What holds for a pipeline as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The least share of scenarios that must pass, in per cent.
    pub min_pass_percent: u32,
    /// When the correction loop is stuck.
    pub plateau: Option<Plateau>,
    /// What happens when the base branch has moved before the merge.
    pub base_moved: BaseMoved,
    /// What the model calls of a run may use, unless the run was given a budget of its own.
    pub budget: Budget,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            min_pass_percent: 90,
            plateau: None,
            base_moved: BaseMoved::default(),
            budget: Budget::default(),
        }
    }
}

/// When the correction loop is stuck: the last `window` verdicts name the same failures, and the best of them passed
/// less than `min_gain_percent` more scenarios than the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plateau {
    /// How many verdicts, at least 2.
    pub window: u32,
    /// The least gain in scenarios passed, in points of per cent.
    pub min_gain_percent: u32,
}

/// What happens when the base branch has moved before the merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseMoved {
    /// The patch is carried over and checked, reviewed and verified again; where it cannot be, a person is asked.
    #[default]
    Rebase,
    /// The merge stays on the commit that the run started from.
    Ignore,
}

/// A gate: before or after a stage, or where it is stuck. Written `plan:exit`, `merge:entry`.
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
    /// Where it is stuck.
    Escalation,
    /// Where the budget for it is spent.
    Budget,
}

impl Edge {
    /// The side as gates are written.
    pub fn as_str(self) -> &'static str {
        match self {
            Edge::Entry => "entry",
            Edge::Exit => "exit",
            Edge::Escalation => "escalation",
            Edge::Budget => "budget",
        }
    }
}

impl fmt::Display for GateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.stage, self.edge.as_str())
    }
}

/// A text that does not name a gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a gate, such as `plan:exit` or `merge:entry`")]
pub struct NotAGate(pub String);

impl FromStr for GateId {
    type Err = NotAGate;
    fn from_str(text: &str) -> Result<Self, NotAGate> {
        let bad = || NotAGate(text.to_owned());
        let (stage, edge) = text.split_once(':').ok_or_else(bad)?;
        let edge = [Edge::Entry, Edge::Exit, Edge::Escalation, Edge::Budget]
            .into_iter()
            .find(|known| known.as_str() == edge)
            .ok_or_else(bad)?;
        Ok(GateId { stage: stage.parse().map_err(|_| bad())?, edge })
    }
}
