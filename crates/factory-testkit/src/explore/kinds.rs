//! Names for kinds of events, so that a search can say what it has come across.

use factory_core::event::{Event, SentBack, Skip, Stuck};
use factory_core::pipeline::model::Edge;

/// What kind of event it is; gates and decisions by what they are about.
pub(super) fn kind(event: &Event) -> &'static str {
    match event {
        Event::RunStarted(_) => "run started",
        Event::StageSkipped { why: Skip::Entry { .. }, .. } => "skipped by entry",
        Event::StageSkipped { why: Skip::Condition { .. }, .. } => "skipped by condition",
        Event::SoakBegan { .. } => "soak began",
        Event::SoakEnded { .. } => "soak ended",
        Event::StageStarted { .. } => "started",
        Event::StageProduced { .. } => "produced",
        Event::StageFailed { .. } => "failed",
        Event::StageBlocked { .. } => "blocked",
        Event::StageUnblocked { .. } => "unblocked",
        Event::GateOpened { escalation: Some(escalation), .. } if escalation.why == Stuck::Tripwire => {
            "quarantined"
        }
        Event::GateOpened { gate, .. } => match gate.edge {
            Edge::Entry => "entry gate opened",
            Edge::Exit => "exit gate opened",
            Edge::Escalation => "escalated",
            Edge::Budget => "budget gate opened",
        },
        Event::GateSeen { .. } => "looked",
        Event::GateDecided(decided) if decided.edited.is_some() => "approved with changes",
        Event::GateDecided(decided) => decided.decision.as_str(),
        Event::GateExpired { .. } => "expired",
        Event::PolicyJudged { passed: true, scored: None, .. } => "nobody had to be asked",
        Event::PolicyJudged { passed: true, .. } => "policy passed",
        Event::PolicyJudged { passed: false, .. } => "policy refused",
        Event::SentBack { correction, .. } => match correction {
            SentBack::Checks { .. } => "sent back by checks",
            SentBack::Review { .. } => "sent back by review",
            SentBack::Holdouts { .. } => "sent back by holdouts",
            SentBack::Note { .. } => "sent back by a person",
            SentBack::Rebase { .. } => "sent back to another base",
        },
        Event::BaseMoved { .. } => "base moved",
        Event::ScorecardRevealed { .. } => "revealed",
        Event::RunEnded { .. } => "ended",
        Event::RolledBack { .. } => "rolled back",
    }
}

/// How many kinds [`super::search::Found::kinds`] can hold.
pub const KINDS: usize = 34;
