//! The specification, and the project's own checks on the untouched base: work starts from green.

use factory_core::artifact::{Body, Spec};
use factory_core::ids::Usage;

use super::{Made, Stage, Unmade};

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    let started = &stage.state.started;
    let (checkout, sealed) = stage.seal(super::SEAL, None).await?;
    let runs = stage.ports.checks.run(&checkout, &stage.observer).await?;
    let mut evidence = super::build::keep_logs(stage, &runs).await?;
    evidence.push(sealed);
    let spec = Spec {
        title: started.spec.title.clone(),
        source: started.spec.source.clone(),
        requirements: started.spec.requirements.clone(),
        baseline: runs.into_iter().map(|run| run.result).collect(),
    };
    Ok(Made { body: Body::Spec(spec), made_from: Vec::new(), evidence, usage: Usage::default() })
}
