//! The approved plan in pieces.

use factory_core::artifact::{ArtifactKind, Body};

use super::{Made, Stage, Unmade};

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    let spec_digest = stage.input_digest(ArtifactKind::Spec)?;
    let (plan, plan_digest) = stage.plan().await?;
    let spec = stage.spec_text().await?;
    let checkout = stage.ports.workspaces.seal(&stage.effect.id, &stage.state.started.base, None).await?;
    let work = stage.assignment(&spec, &checkout);
    let tasks = stage.ports.agents.tasks(work, &plan).await?;
    Ok(Made {
        body: Body::Tasks(tasks.value),
        made_from: vec![spec_digest, plan_digest],
        evidence: Vec::new(),
        usage: tasks.usage,
    })
}
