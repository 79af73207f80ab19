//! The reviewer's judgement of the patch.

use factory_core::artifact::{ArtifactKind, Body};

use super::{Made, Stage, Unmade};

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    let base = &stage.state.base;
    let spec_digest = stage.input_digest(ArtifactKind::Spec)?;
    let (build, build_digest) = stage.build().await?;
    let spec = stage.spec_text().await?;
    let contents = stage.contents(&build.patch).await?;
    let diff = stage.workspaces.diff(base, &build.patch, &contents).await?;
    let (checkout, sealed) = stage.seal(super::SEAL, Some((&build.patch, &contents))).await?;
    let (before, _) = stage.before().await?;
    let notes = stage.notes();
    let work = stage.assignment(&spec, &checkout, &before, &notes);
    let review = stage.ports.agents.review(work, &diff).await?;
    Ok(Made {
        body: Body::Review(review.value),
        made_from: vec![spec_digest, build_digest],
        evidence: vec![sealed],
        usage: review.usage,
    })
}
