//! The implementer's patch, and what the project's own checks say of it.

use factory_core::artifact::{Body, Build, CheckResult, Patch};
use factory_core::decide;
use factory_core::event::{Evidence, SentBack};
use factory_core::ids::{Digest, Usage};

use super::{Made, Stage, Unmade};
use crate::port::agents::Correction;
use crate::port::checks::CheckRun;
use crate::port::workspace::{Contents, Rebased};

/// As much of a failing check's log as the next try is shown, in bytes from the end.
const LOG_TAIL: usize = 6_000;

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    // A later try goes on from the patch of the one before.
    let earlier = match stage.state.stages.get(&stage.effect.id.stage).and_then(|s| s.artifact.as_ref()) {
        Some(artifact) => Some(stage.build_at(&artifact.digest).await?),
        None => None,
    };
    match earlier {
        Some(earlier) if earlier.base != stage.state.base => {
            if stage.corrections().iter().any(|c| matches!(c, SentBack::Rebase { .. })) {
                carry_over(stage, earlier).await
            } else {
                // A person asked for another try on the commit that the base has moved to: the old patch does not fit it.
                implement(stage, None).await
            }
        }
        earlier => implement(stage, earlier).await,
    }
}

/// The implementer works in a sealed checkout; what it leaves there is the patch.
async fn implement(stage: &Stage<'_>, earlier: Option<Build>) -> Result<Made, Unmade> {
    let base = &stage.state.base;
    let workspaces = &stage.workspaces;
    let (before, made_from) = stage.before().await?;
    let notes = stage.notes();
    let spec = stage.spec_text().await?;
    let corrections = match &earlier {
        Some(earlier) => corrections(stage, earlier).await?,
        // What was said of work that is not in the checkout would only mislead.
        None => Vec::new(),
    };
    let contents = match &earlier {
        Some(build) => stage.contents(&build.patch).await?,
        None => Contents::default(),
    };
    let earlier = earlier.as_ref().map(|build| (&build.patch, &contents));
    let (work_tree, sealed) = stage.seal(super::SEAL, earlier).await?;
    let work = stage.assignment(&spec, &work_tree, &before, &notes);
    let answer = stage.ports.agents.build(work, &corrections).await?;
    let usage = answer.usage;
    let made = async {
        let (patch, contents) = workspaces.extract(&work_tree, base).await?;
        drop(work_tree);
        let mut made = checked(stage, patch, contents, answer.value, made_from, usage).await?;
        made.evidence.push(sealed);
        Ok(made)
    };
    made.await.map_err(|unmade: Unmade| unmade.after(usage))
}

/// The patch is carried over to the commit that the base branch has moved to. Nobody is asked; the checks are run again.
async fn carry_over(stage: &Stage<'_>, earlier: Build) -> Result<Made, Unmade> {
    let (_, made_from) = stage.before().await?;
    let contents = stage.contents(&earlier.patch).await?;
    let onto = &stage.state.base;
    match stage.workspaces.rebase(&earlier.patch, &contents, &earlier.base, onto).await? {
        Rebased::Clean { patch, contents } => {
            checked(stage, patch, contents, earlier.summary, made_from, Usage::default()).await
        }
        Rebased::Conflict { paths } => Err(Unmade::Conflict { paths }),
    }
}

/// The checks run on a fresh checkout: nothing that the implementer left beside the patch can help it.
async fn checked(
    stage: &Stage<'_>,
    patch: Patch,
    contents: Contents,
    summary: String,
    made_from: Vec<Digest>,
    usage: Usage,
) -> Result<Made, Unmade> {
    let base = &stage.state.base;
    for content in contents.values() {
        stage.ports.blobs.put(content).await?;
    }
    let (fresh, sealed) = stage.seal("seal for the checks", Some((&patch, &contents))).await?;
    let runs = stage.ports.checks.run(&fresh, &stage.observer).await?;
    let mut evidence = keep_logs(stage, &runs).await?;
    evidence.push(sealed);
    let checks = runs.into_iter().map(|run| run.result).collect();
    let build = Build { base: base.clone(), patch, summary, checks };
    Ok(Made { body: Body::Build(build), made_from, evidence, usage })
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

/// What the try is told of the one before. Notes of people are given beside it.
async fn corrections(stage: &Stage<'_>, earlier: &Build) -> Result<Vec<Correction>, Unmade> {
    let mut corrections = Vec::new();
    for sent_back in stage.corrections() {
        match sent_back {
            SentBack::Holdouts { feedback, .. } => corrections.push(Correction::Holdouts(feedback.clone())),
            SentBack::Review { review } => {
                corrections.push(Correction::Review(stage.review_at(review).await?));
            }
            SentBack::Checks { logs } => {
                let mut failed = Vec::new();
                for check in earlier.checks.iter().filter(|check| !check.passed()) {
                    failed.push((check.clone(), tail(stage, check, logs).await?));
                }
                corrections.push(Correction::Checks(failed));
            }
            SentBack::Note { .. } | SentBack::Rebase { .. } => {}
        }
    }
    Ok(corrections)
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
