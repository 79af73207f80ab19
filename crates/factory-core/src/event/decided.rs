//! What a person decided at a gate, and what they had seen when they did.

use serde::{Deserialize, Serialize};

use crate::event::{ArtifactRef, Person};
use crate::ids::{Digest, FindingId};
use crate::pipeline::model::GateId;
use crate::risk::RiskClass;

/// A person's decision at a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateDecided {
    /// The gate.
    pub gate: GateId,
    /// What was decided.
    pub decision: Decision,
    /// Who decided.
    pub by: Person,
    /// How the decision came in.
    pub via: Channel,
    /// Why. Never blank.
    pub because: String,
    /// Digests of the artifacts that the decision binds.
    pub seen: Vec<Digest>,
    /// Milliseconds that the gate had waited.
    pub waited_ms: u64,
    /// What the evaluator had said of the patch that the decision is about, if it had said anything.
    pub verdict: Option<VerdictSeen>,
    /// The risk class of that patch.
    pub risk: Option<RiskClass>,
    /// For an approval with changes: the artifact that takes the place of the one that was made.
    pub edited: Option<ArtifactRef>,
    /// For another try: what whoever tries is told.
    pub note: Option<String>,
    /// For an override: the findings that are overridden.
    pub overrides: Vec<FindingId>,
}

/// What the evaluator had said when a person decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictSeen {
    /// The verification's digest.
    pub verify: Digest,
    /// Whether the patch passed.
    pub passed: bool,
    /// Whether the person had seen that when they decided.
    pub shown: bool,
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The run goes on.
    Approved,
    /// The run ends.
    Rejected,
    /// The work is done again, with a note.
    Retried,
    /// The run goes on although something is wrong.
    Overridden,
}

impl Decision {
    /// The decision as the log writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Approved => "approved",
            Decision::Rejected => "rejected",
            Decision::Retried => "retried",
            Decision::Overridden => "overridden",
        }
    }
}

/// How a decision came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Asked and answered at a terminal.
    Terminal,
    /// Given in advance with `--approve-because`: nobody looked at this gate's artifacts.
    InAdvance,
    /// `factory gate approve` and the like.
    Command,
}
