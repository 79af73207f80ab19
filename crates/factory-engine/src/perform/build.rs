//! The implementer's patch, and what the project's own checks say of it.

use factory_core::artifact::{ArtifactKind, Body, Build, CheckResult};
use factory_core::decide;
use factory_core::event::{Evidence, SentBack};

use super::{Made, Stage, Unmade};
use crate::port::agents::Correction;
use crate::port::checks::CheckRun;

/// As much of a failing check's log as the next try is shown, in bytes from the end.
const LOG_TAIL: usize = 6_000;

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    let base = &stage.state.started.base;
    let workspaces = &stage.ports.workspaces;
    let spec_digest = stage.input_digest(ArtifactKind::Spec)?;
    let (plan, plan_digest) = stage.plan().await?;
    let (tasks, tasks_digest) = stage.tasks().await?;
    let spec = stage.spec_text().await?;

    // A later try goes on from the patch of the one before.
    let before = match stage.state.stages.get(&stage.effect.id.stage).and_then(|s| s.artifact.as_ref()) {
        Some(artifact) => Some(stage.build_at(&artifact.digest).await?),
        None => None,
    };
    let correction = correction(stage, before.as_ref()).await?;
    let contents = match &before {
        Some(build) => stage.contents(&build.patch).await?,
        None => Default::default(),
    };
    let work_tree = workspaces
        .seal(&stage.effect.id, base, before.as_ref().map(|build| (&build.patch, &contents)))
        .await?;
    let work = stage.assignment(&spec, &work_tree);
    let answer = stage.ports.agents.build(work, &plan, &tasks, correction.as_ref()).await?;
    let usage = answer.usage;

    let made = async {
        let (patch, contents) = workspaces.extract(&work_tree, base).await?;
        drop(work_tree);
        for content in contents.values() {
            stage.ports.blobs.put(content).await?;
        }
        // The checks run on a fresh checkout: nothing that the implementer left beside the patch can help it.
        let fresh = workspaces.seal(&stage.effect.id, base, Some((&patch, &contents))).await?;
        let runs = stage.ports.checks.run(&fresh, &stage.observer).await?;
        let evidence = keep_logs(stage, &runs).await?;
        let build = Build {
            base: base.clone(),
            patch,
            summary: answer.value,
            checks: runs.into_iter().map(|run| run.result).collect(),
        };
        let made_from = vec![spec_digest, plan_digest, tasks_digest];
        Ok(Made { body: Body::Build(build), made_from, evidence, usage })
    };
    made.await.map_err(|unmade: Unmade| unmade.after(usage))
}

/// Keeps what checks printed, as evidence.
pub(super) async fn keep_logs(stage: &Stage<'_>, runs: &[CheckRun]) -> Result<Vec<Evidence>, Unmade> {
    let mut evidence = Vec::new();
    for run in runs {
        let digest = stage.ports.blobs.put(&run.log).await?;
        evidence.push(Evidence { name: decide::check_log(&run.result.name), digest });
    }
    Ok(evidence)
}

/// What the try is told of the one before.
async fn correction(stage: &Stage<'_>, before: Option<&Build>) -> Result<Option<Correction>, Unmade> {
    let sent_back = stage.state.stages.get(&stage.effect.id.stage).and_then(|s| s.correction.as_ref());
    Ok(match sent_back {
        None => None,
        Some(SentBack::Holdouts { feedback }) => Some(Correction::Holdouts(feedback.clone())),
        Some(SentBack::Review { review }) => Some(Correction::Review(stage.review_at(review).await?)),
        Some(SentBack::Checks { logs }) => {
            let mut failed = Vec::new();
            for check in before.iter().flat_map(|build| &build.checks).filter(|check| !check.passed()) {
                failed.push((check.clone(), tail(stage, check, logs).await?));
            }
            Some(Correction::Checks(failed))
        }
    })
}

async fn tail(stage: &Stage<'_>, check: &CheckResult, logs: &[Evidence]) -> Result<String, Unmade> {
    let name = decide::check_log(&check.name);
    let Some(log) = logs.iter().find(|log| log.name == name) else {
        return Ok(String::new());
    };
    let bytes = stage.ports.blobs.get(&log.digest).await?;
    let from = bytes.len().saturating_sub(LOG_TAIL);
    Ok(String::from_utf8_lossy(&bytes[from..]).into_owned())
}
