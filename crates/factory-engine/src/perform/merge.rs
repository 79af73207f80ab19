//! The commit. What was asked for, what decided, and the head of the log stand in its trailers.

use factory_core::artifact::{ArtifactKind, Body};
use factory_core::ids::Usage;

use super::{Made, Stage, Unmade};
use crate::history;
use crate::port::workspace::Landing;

pub(super) async fn make(stage: &Stage<'_>) -> Result<Made, Unmade> {
    let started = &stage.state.started;
    let (build, build_digest) = stage.build().await?;
    let verify_digest = stage.input_digest(ArtifactKind::Verify)?;
    let contents = stage.contents(&build.patch).await?;
    let history = history::read(stage.ports.log.as_ref(), &started.run).await;
    let history = history.map_err(|error| Unmade::blocked(&error))?;
    let trailers = vec![
        ("Factory-Spec".to_owned(), started.spec.source.to_string()),
        ("Factory-Build".to_owned(), build_digest.to_string()),
        ("Factory-Verify".to_owned(), verify_digest.to_string()),
        ("Factory-Log-Head".to_owned(), format!("{} {}", history.position, history.head)),
    ];
    let landing = Landing {
        effect: &stage.effect.id,
        base: &started.base,
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

/// Title, where it was asked for, and the implementer's own account of the change.
fn message(title: &str, path: &str, summary: &str) -> String {
    format!("{title}\n\nAsked for by {path}.\n\n{}\n", summary.trim())
}
