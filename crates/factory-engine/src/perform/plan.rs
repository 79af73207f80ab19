//! The planner's plan.

use factory_core::artifact::{ArtifactKind, Body};

use super::{Made, Stage, Unmade};

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    let spec_digest = stage.input_digest(ArtifactKind::Spec)?;
    let spec = stage.spec_text().await?;
    let checkout = stage.ports.workspaces.seal(&stage.effect.id, &stage.state.started.base, None).await?;
    let work = stage.assignment(&spec, &checkout);
    let plan = stage.ports.agents.plan(work).await?;
    Ok(Made {
        body: Body::Plan(plan.value),
        made_from: vec![spec_digest],
        evidence: Vec::new(),
        usage: plan.usage,
    })
}
