//! The evaluator's measurement of the patch by the holdouts.

use factory_core::artifact::{ArtifactKind, Body};
use factory_core::ids::Usage;
use factory_core::ledger::leak::Leaks;

use super::{Made, Stage, Unmade};
use crate::ledger;
use crate::port::evaluator::Candidate;

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    let started = &stage.state.started;
    let spec_digest = stage.input_digest(ArtifactKind::Spec)?;
    let (build, build_digest) = stage.build().await?;
    let contents = stage.contents(&build.patch).await?;
    let (checkout, sealed) = stage.seal(super::SEAL, Some((&build.patch, &contents))).await?;
    let entries = ledger::read(stage.ports.log.as_ref()).await.map_err(|error| Unmade::blocked(&error))?;
    let leaks = Leaks::of(entries.iter().map(|kept| &kept.entry));
    let candidate = Candidate {
        effect: &stage.effect.id,
        checkout: &checkout,
        patch: build.patch.digest(),
        requirements: &started.spec.requirements,
        policy: started.pipeline.policy,
        leaks: &leaks,
        observer: &stage.observer,
    };
    let verify = stage.ports.evaluator.verify(candidate).await?;
    Ok(Made {
        body: Body::Verify(verify),
        made_from: vec![spec_digest, build_digest],
        evidence: vec![sealed],
        usage: Usage::default(),
    })
}
