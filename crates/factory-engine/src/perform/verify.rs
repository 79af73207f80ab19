//! The evaluator's measurement of the patch by the holdouts.

use async_trait::async_trait;
use factory_core::artifact::{ArtifactKind, Body};
use factory_core::event::Evidence;
use factory_core::ids::Usage;
use factory_core::ledger::leak::Leaks;
use tokio::sync::Mutex;

use super::{Made, Stage, Unmade};
use crate::ledger;
use crate::port::evaluator::{Base, Candidate, EvaluatorError};
use crate::port::workspace::Checkout;

/// The name of the proof that the base's checkout was sealed, among the evidence.
const BASE_SEAL: &str = "seal-base";

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    let started = &stage.state.started;
    let spec_digest = stage.input_digest(ArtifactKind::Spec)?;
    let (build, build_digest) = stage.build().await?;
    let contents = stage.contents(&build.patch).await?;
    let (checkout, sealed) = stage.seal(super::SEAL, Some((&build.patch, &contents))).await?;
    let base = SealedBase { stage, sealed: Mutex::default() };
    let entries = ledger::read(stage.ports.log.as_ref()).await.map_err(|error| Unmade::blocked(&error))?;
    let leaks = Leaks::of(entries.iter().map(|kept| &kept.entry));
    let candidate = Candidate {
        effect: &stage.effect.id,
        checkout: &checkout,
        base: &base,
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
        evidence: [sealed].into_iter().chain(base.sealed.into_inner()).collect(),
        usage: Usage::default(),
    })
}

/// The run's base, with the proof of its seal once there is one.
struct SealedBase<'a> {
    stage: &'a Stage<'a>,
    sealed: Mutex<Option<Evidence>>,
}

#[async_trait]
impl Base for SealedBase<'_> {
    async fn checkout(&self) -> Result<Checkout, EvaluatorError> {
        let (checkout, evidence) =
            self.stage.seal(BASE_SEAL, None).await.map_err(|unmade| EvaluatorError::Infrastructure {
                detail: format!("the base has no sealed checkout: {}", unmade.detail()),
                source: None,
            })?;
        *self.sealed.lock().await = Some(evidence);
        Ok(checkout)
    }
}
