//! Why a command is not obeyed.

use crate::evolve::BrokenLog;
use crate::ids::{Attempt, StageId, Timestamp};
use crate::pipeline::model::GateId;
use crate::reason::NoReason;
use crate::state::Phase;

/// Why a command is not obeyed. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The run has already begun.
    #[error("the run has already begun")]
    AlreadyStarted,
    /// The run has not begun.
    #[error("there is no such run")]
    NotStarted,
    /// The run is over.
    #[error("the run is over: it is {}", .0.as_str())]
    Over(Phase),
    /// The pipeline cannot be begun with this entry type.
    #[error("the pipeline has no entry for this kind of work")]
    NoEntry,
    /// There is no such stage.
    #[error("the run's pipeline has no stage {0}")]
    NoStage(StageId),
    /// Somebody reports on a try that is not being made (any more).
    #[error("attempt {attempt} at the stage {stage} is not being performed")]
    NotRunning {
        /// The stage.
        stage: StageId,
        /// The try.
        attempt: Attempt,
    },
    /// The artifact is not of the kind that the stage makes.
    #[error("the stage {stage} makes a {expected}, not a {found}")]
    WrongKind {
        /// The stage.
        stage: StageId,
        /// What it makes.
        expected: &'static str,
        /// What came.
        found: &'static str,
    },
    /// The artifact is about another patch than the one that is there now.
    #[error("the artifact is about another patch than the one that was built")]
    WrongPatch,
    /// The artifact is about another commit than the one that the run is on.
    #[error("the artifact is about another commit than the one that the run is on")]
    WrongBase,
    /// Nothing is blocked.
    #[error("nothing in the run is blocked")]
    NotBlocked,
    /// Nothing happens by itself yet.
    #[error("nothing in the run is due")]
    NothingDue,
    /// No model works on the stage, so that no tripwire can have gone off.
    #[error("no model works on the stage {0}, so that nothing of it can stand in quarantine")]
    NotWatched(StageId),
    /// The base has not moved, or the run does not care.
    #[error("the run stays on the commit that it is on")]
    NotMoved,
    /// The stage is not carrying a patch over.
    #[error("the stage {0} is not carrying a patch over to another commit")]
    NotRebasing(StageId),
    /// The run has merged nothing.
    #[error("the run has merged nothing")]
    NotMerged,
    /// It is known already.
    #[error("that the merge was taken back is known already")]
    AlreadyRolledBack,
    /// The stage has no scorecard.
    #[error("the stage {0} has no scorecard")]
    NoScorecard(StageId),
    /// The gate does not wait for a decision.
    #[error("the gate {0} does not wait for a decision")]
    GateClosed(GateId),
    /// The time for the decision is over.
    #[error("the gate {gate} is shut, since nobody decided in time")]
    Expired {
        /// The gate.
        gate: GateId,
        /// Until when it was open.
        until: Timestamp,
    },
    /// The decision was made on artifacts that are not there any more.
    #[error("the gate {0} now shows other artifacts than the decision was made on")]
    Stale(GateId),
    /// Somebody has seen already what they say that they saw.
    #[error("it is known already that this was seen")]
    AlreadySeen,
    /// The reason is none.
    #[error(transparent)]
    NoReason(#[from] NoReason),
    /// The decision is none that the gate knows.
    #[error("the gate {gate} cannot be {decision}: {instead}")]
    WrongDecision {
        /// The gate.
        gate: GateId,
        /// What was asked for.
        decision: &'static str,
        /// What can be done there.
        instead: &'static str,
    },
    /// Whoever decides may not.
    #[error("{login} may not decide at the gate {gate}, which asks for {authority}")]
    NoAuthority {
        /// The gate.
        gate: GateId,
        /// Who wanted to decide.
        login: String,
        /// The group that may.
        authority: String,
    },
    /// Whoever asked for the run may not approve it.
    #[error("{login} asked for this run, and the gate {gate} asks for somebody else")]
    Requester {
        /// The gate.
        gate: GateId,
        /// Who wanted to decide.
        login: String,
    },
    /// The gate asks for several people.
    #[error("{login} has approved already, and the gate {gate} asks for different people")]
    SamePerson {
        /// The gate.
        gate: GateId,
        /// Who wanted to decide again.
        login: String,
    },
    /// The gate asks for somebody who looks.
    #[error("the gate {0} cannot be decided in advance")]
    NotInAdvance(GateId),
    /// Another try needs to be told something.
    #[error("another try needs a note that says what should be different")]
    NoNote,
    /// The artifact cannot be changed at this gate.
    #[error("what the gate {0} shows cannot be changed there")]
    NotEditable(GateId),
    /// The changed artifact does not meet its exit criteria.
    #[error("the changed artifact cannot be used: {0}")]
    BadEdit(String),
    /// An override names something else than what is wrong.
    #[error("an override at the gate {gate} has to name each finding: {expected}")]
    WrongOverride {
        /// The gate.
        gate: GateId,
        /// The findings, separated by commas.
        expected: String,
    },
    /// The state is not one that events can lead to.
    #[error("the run's log is broken")]
    Broken(#[from] BrokenLog),
}
