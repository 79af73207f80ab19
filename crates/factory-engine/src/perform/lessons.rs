//! What could go better next time, from what was merged and how it came about.

use factory_core::artifact::{ArtifactKind, Body};
use factory_core::event::{Event, FailureKind, SentBack};

use super::{Made, Stage, Unmade};
use crate::history;

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    let base = &stage.state.base;
    let spec = stage.spec_text().await?;
    let (build, build_digest) = stage.build().await?;
    let merge_digest = stage.input_digest(ArtifactKind::Merge)?;
    let contents = stage.contents(&build.patch).await?;
    let diff = stage.workspaces.diff(base, &build.patch, &contents).await?;
    let history = history::read(stage.ports.log.as_ref(), &stage.effect.id.run).await;
    let history = history.map_err(|error| Unmade::blocked(&error))?;
    let account = account(history.events.iter().map(|(_, event)| event));
    let (checkout, sealed) = stage.seal(super::SEAL, Some((&build.patch, &contents))).await?;
    let (before, _) = stage.before().await?;
    let notes = stage.notes();
    let work = stage.assignment(&spec, &checkout, &before, &notes);
    let lessons = stage.ports.agents.lessons(work, &diff, &account).await?;
    Ok(Made {
        body: Body::Lessons(lessons.value),
        made_from: vec![build_digest, merge_digest],
        evidence: vec![sealed],
        usage: lessons.usage,
    })
}

/// What went back and what was decided, a line each. Says of holdouts what implementers were told, and no more: no figures
/// of verdicts, and no words of people, who may have seen a scorecard.
fn account<'a>(events: impl Iterator<Item = &'a Event>) -> String {
    let mut lines = Vec::new();
    for event in events {
        match event {
            // Not the detail: whoever tried to write at a holdout's path would be told there that it is one.
            Event::StageFailed { stage, attempt, kind, .. } => {
                lines.push(format!("{stage}, attempt {attempt}, failed: {}", class(*kind)));
            }
            Event::GateDecided(decided) => {
                lines.push(format!("{} was {}", decided.gate, decided.decision.as_str()));
            }
            Event::PolicyJudged { gate, passed, .. } => {
                let judged = if *passed { "passed" } else { "did not pass" };
                lines.push(format!("{gate} {judged}"));
            }
            Event::SentBack { from, to, correction } => {
                lines.push(format!("{from} sent the work back to {to}: {}", told(correction)));
            }
            Event::BaseMoved { to, .. } => lines.push(format!("the base branch moved to {to}")),
            Event::RunStarted(_)
            | Event::StageSkipped { .. }
            | Event::SoakBegan { .. }
            | Event::SoakEnded { .. }
            | Event::StageStarted { .. }
            | Event::StageProduced { .. }
            | Event::StageBlocked { .. }
            | Event::StageUnblocked { .. }
            | Event::GateOpened { .. }
            | Event::GateSeen { .. }
            | Event::GateExpired { .. }
            | Event::ScorecardRevealed { .. }
            | Event::RunEnded { .. }
            | Event::RolledBack { .. } => {}
        }
    }
    lines.join("\n")
}

fn class(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Unusable => "the answer could not be used",
        FailureKind::ExitCriteria => "what was made did not meet the stage's criteria",
        FailureKind::Limit => "a limit was reached",
        FailureKind::BadPatch => "the patch could not be taken",
        FailureKind::BaselineRed => "the project's own checks failed before any work",
        FailureKind::ChecksRed => "the project's own checks failed",
        FailureKind::Policy => "policy did not let it pass",
        FailureKind::BaseMoved => "the base branch had moved",
        FailureKind::Tripwire => "a tripwire went off",
    }
}

fn told(correction: &SentBack) -> String {
    match correction {
        SentBack::Checks { logs } => {
            let names: Vec<&str> = logs.iter().map(|log| log.name.as_str()).collect();
            format!("the project's own checks failed ({})", names.join(", "))
        }
        SentBack::Review { .. } => "the review has blocking findings".to_owned(),
        SentBack::Holdouts { feedback, .. } => {
            let item = |item: &factory_core::feedback::FeedbackItem| {
                let requirement = item.requirement.as_ref().map_or("no requirement", |id| id.as_str());
                format!("{requirement} {}", item.class.as_str())
            };
            feedback.items().iter().map(item).collect::<Vec<_>>().join(", ")
        }
        SentBack::Note { .. } => "a person asked for another try".to_owned(),
        SentBack::Rebase { from } => format!("it was made on {from}"),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use factory_core::ids::{Attempt, Usage};

    use super::*;

    #[test]
    fn a_refusal_confirms_no_path_that_was_guessed() {
        let failed = Event::StageFailed {
            stage: "build".parse().unwrap(),
            attempt: Attempt::FIRST,
            kind: FailureKind::BadPatch,
            detail: "`secret/scenarios/x.md` is protected: no implementer may change it".to_owned(),
            evidence: Vec::new(),
            usage: Usage::default(),
        };
        let told = account([failed].iter());
        assert_eq!(told, "build, attempt 1, failed: the patch could not be taken");
    }
}
