//! The commit. What was asked for, what decided, and the head of the log stand in its trailers.

use factory_core::artifact::{ArtifactKind, Body};
use factory_core::ids::{GitOid, Usage};
use factory_core::pipeline::model::BaseMoved;

use super::{Made, Stage, Unmade};
use crate::history;
use crate::port::workspace::Landing;

/// The trailer that anchors the decision ledger outside of the store: how many entries it had, the hash of the last, and
/// the hash of the first, which tells one ledger from another.
pub const LEDGER_HEAD: &str = "Factory-Ledger-Head";

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    let started = &stage.state.started;
    let (build, build_digest) = stage.build().await?;
    if let Some(to) = moved(stage).await? {
        return Err(Unmade::Moved { to });
    }
    let verify_digest = stage.input_digest(ArtifactKind::Verify)?;
    let contents = stage.contents(&build.patch).await?;
    let head = stage.ports.log.ledger_head().await?;
    let first = stage.ports.log.decisions(0, 1).await?.into_iter().next();
    let history = history::read(stage.ports.log.as_ref(), &started.run).await;
    let history = history.map_err(|error| Unmade::blocked(&error))?;
    let mut trailers = vec![
        ("Factory-Spec".to_owned(), started.spec.source.to_string()),
        ("Factory-Build".to_owned(), build_digest.to_string()),
        ("Factory-Verify".to_owned(), verify_digest.to_string()),
        ("Factory-Log-Head".to_owned(), format!("{} {}", history.position, history.head)),
    ];
    if let (Some(head), Some(first)) = (head, first) {
        trailers.push((LEDGER_HEAD.to_owned(), format!("{} {} {}", head.count, head.hash, first.hash)));
    }
    let landing = Landing {
        effect: &stage.effect.id,
        base: &stage.state.base,
        patch: &build.patch,
        contents: &contents,
        slug: &started.spec.slug,
        message: message(&started.spec.title, &started.spec.path, &build.summary),
        trailers,
    };
    let merge = stage.ports.workspaces.land(landing).await?;
    Ok(Made {
        body: Body::Merge(merge),
        made_from: vec![build_digest, verify_digest],
        evidence: Vec::new(),
        usage: Usage::default(),
    })
}

/// The commit that the base branch has moved to, if the run has to follow it there. Where this very effect has landed
/// already, by a process that was killed before it could say so, nothing has to follow anything.
async fn moved(stage: &Stage<'_>) -> Result<Option<GitOid>, Unmade> {
    let state = stage.state;
    if state.base_pinned || state.started.pipeline.policy.base_moved == BaseMoved::Ignore {
        return Ok(None);
    }
    let workspaces = &stage.ports.workspaces;
    if workspaces.landed(&stage.effect.id, &state.started.spec.slug).await? {
        return Ok(None);
    }
    let tip = workspaces.tip(state.started.branch.as_deref()).await?;
    Ok(tip.filter(|tip| *tip != state.base))
}

/// Title, where it was asked for, and the implementer's own account of the change.
fn message(title: &str, path: &str, summary: &str) -> String {
    format!("{title}\n\nAsked for by {path}.\n\n{}\n", summary.trim())
}
