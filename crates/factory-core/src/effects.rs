//! What the outside world has to do next: a function of the state alone, so that a restarted process finds the same.

use crate::ids::{Attempt, EffectId};
use crate::pipeline::model::Stage;
use crate::state::{RunState, StageStatus};

/// Perform this try at this stage. It may have been begun before, by a process that was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Names it, over crashes too.
    pub id: EffectId,
    /// The stage as the run's pipeline has it.
    pub stage: Stage,
}

/// Everything that has to be performed now. Empty when a run waits for a person, is blocked or is over.
pub fn effects(state: &RunState) -> Vec<Effect> {
    if state.outcome.is_some() {
        return Vec::new();
    }
    let effect = |stage: &Stage, attempt: Attempt| Effect {
        id: EffectId { run: state.started.run.clone(), stage: stage.id.clone(), attempt },
        stage: stage.clone(),
    };
    state
        .started
        .pipeline
        .stages
        .iter()
        .filter_map(|stage| match state.stages.get(&stage.id)?.status {
            StageStatus::Running { attempt } => Some(effect(stage, attempt)),
            StageStatus::Pending
            | StageStatus::Soaking { .. }
            | StageStatus::AtGate { .. }
            | StageStatus::Blocked { .. }
            | StageStatus::Produced
            | StageStatus::Failed
            | StageStatus::Passed
            | StageStatus::Skipped => None,
        })
        .collect()
}
