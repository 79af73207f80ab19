//! What the planner makes before anything is built: design, tests, reconnaissance, plan, tasks. Each is made in a sealed
//! checkout of the base, from what came before.

use factory_core::artifact::{ArtifactKind, Body};

use super::{Made, Stage, Unmade};

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    let spec = stage.spec_text().await?;
    let (mut before, made_from) = stage.before().await?;
    let notes = stage.notes();
    if !notes.is_empty() {
        stage.add_own(&mut before).await?;
    }
    let (checkout, sealed) = stage.seal(super::SEAL, None).await?;
    let work = stage.assignment(&spec, &checkout, &before, &notes);
    let agents = &stage.ports.agents;
    let (body, usage) = match stage.effect.stage.makes {
        ArtifactKind::Design => {
            let answer = agents.design(work).await?;
            (Body::Design(answer.value), answer.usage)
        }
        ArtifactKind::Tests => {
            let answer = agents.tests(work).await?;
            (Body::Tests(answer.value), answer.usage)
        }
        ArtifactKind::Recon => {
            let answer = agents.recon(work).await?;
            (Body::Recon(answer.value), answer.usage)
        }
        ArtifactKind::Tasks => {
            let (plan, _) = stage.plan().await?;
            let answer = agents.tasks(work, &plan).await?;
            (Body::Tasks(answer.value), answer.usage)
        }
        ArtifactKind::Plan => {
            let answer = agents.plan(work).await?;
            (Body::Plan(answer.value), answer.usage)
        }
        ArtifactKind::Spec
        | ArtifactKind::Build
        | ArtifactKind::Review
        | ArtifactKind::Verify
        | ArtifactKind::Merge
        | ArtifactKind::Lessons => return Err(Unmade::blocked(&super::inputs::NoInput { kind: "plan" })),
    };
    Ok(Made { body, made_from, evidence: vec![sealed], usage })
}
