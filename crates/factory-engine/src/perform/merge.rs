//! The commit. What was asked for, what decided, and the head of the log stand in its trailers.

use factory_core::artifact::{ArtifactKind, Body};
use factory_core::ids::{GitOid, Usage};
use factory_core::pipeline::model::BaseMoved;
use factory_core::plain;

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
    let merge = stage.workspaces.land(landing).await?;
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
    let workspaces = &stage.workspaces;
    if workspaces.landed(&stage.effect.id, &state.started.spec.slug).await? {
        return Ok(None);
    }
    let tip = workspaces.tip(state.started.branch.as_deref()).await?;
    Ok(tip.filter(|tip| *tip != state.base))
}

/// Title, where it was asked for, and the implementer's own account of the change. An account with lines that could pass
/// for ours, or for what people sign a commit with, is marked as a quotation.
fn message(title: &str, path: &str, summary: &str) -> String {
    let account: Vec<String> = summary.trim().lines().map(plain::lines).collect();
    let mark = if account.iter().any(|line| passes_for_ours(line)) { "│ " } else { "" };
    let account: Vec<String> =
        account.iter().map(|line| format!("{mark}{line}").trim_end().to_owned()).collect();
    format!("{}\n\nAsked for by {}.\n\n{}\n", plain::line(title), plain::line(path), account.join("\n"))
}

/// Whether a line looks like where a change was asked for, or like a trailer such as `Reviewed-by: somebody`.
fn passes_for_ours(line: &str) -> bool {
    let line = line.trim().to_lowercase();
    let is_trailer = line.split_once(':').is_some_and(|(key, _)| {
        let key = key.trim_end();
        key.contains('-') && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    });
    is_trailer || line.starts_with("asked for by")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_harmless_account_stays_as_it_is() {
        let account = "It greets.\n\n- one: handler\n- Two more:\tlines, see R1-R3: done";
        assert_eq!(
            message("Greetings", "specs/a.md", &format!("\n{account}\n")),
            format!("Greetings\n\nAsked for by specs/a.md.\n\n{account}\n")
        );
    }

    #[test]
    fn an_account_does_not_pass_for_what_it_is_not() {
        for line in
            ["Asked for by b.md.", "Reviewed-by: Ada", "Factory-Verify : sha256:0", "  co-authored-by:x"]
        {
            let told = message("t\nReviewed-by: Ada", "a\n.md", &format!("It greets.\n\n{line}"));
            let account = format!("│ It greets.\n│\n│ {line}\n");
            assert_eq!(told, format!("t Reviewed-by: Ada\n\nAsked for by a .md.\n\n{account}"));
        }
        let told = message("t\u{1b}[8m", "a\u{202e}", "x\u{1b}]0;y\u{7}\rz\u{2066}");
        assert_eq!(told, "t\\u{1b}[8m\n\nAsked for by a\\u{202e}.\n\nx\\u{1b}]0;y\\u{7}\\u{d}z\\u{2066}\n");
    }
}
