//! Performing stages: one file for each kind of artifact, each a short story told in ports.

mod build;
mod inputs;
mod lessons;
mod merge;
mod planning;
mod review;
mod spec;
mod verify;
mod watched;

pub use merge::LEDGER_HEAD;

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use factory_core::artifact::{Artifact, ArtifactKind, Body};
use factory_core::command::Command;
use factory_core::effects::Effect;
use factory_core::event::{Evidence, FailureKind};
use factory_core::ids::{Digest, GitOid, Usage};
use factory_core::state::RunState;

use crate::port::Ports;
use crate::port::agents::{AgentError, AgentFailed};
use crate::port::checks::CheckError;
use crate::port::evaluator::EvaluatorError;
use crate::port::store::StoreError;
use crate::port::tripwire::Hit;
use crate::port::watcher::OneEffect;
use crate::port::workspace::{WorkspaceError, Workspaces};

/// The name of the proof that a stage's checkout was sealed, among its evidence.
const SEAL: &str = "seal";

/// What a stage came to.
struct Made {
    body: Body,
    made_from: Vec<Digest>,
    evidence: Vec<Evidence>,
    usage: Usage,
}

/// What a stage came to, once that is durable.
type Kept = (Artifact, Vec<Evidence>, Usage);

/// Why a stage made nothing.
enum Unmade {
    /// The try counts.
    Failed { kind: FailureKind, detail: String, usage: Usage },
    /// The try does not count: something outside must be mended.
    Blocked { detail: String, usage: Usage },
    /// The base branch has moved: nothing was merged.
    Moved { to: GitOid },
    /// The patch does not fit the base that has moved.
    Conflict { paths: Vec<String> },
}

/// Everything that a stage's story needs.
struct Stage<'a> {
    ports: &'a Ports,
    /// As the specification has them: patches may touch the protected paths that it names.
    workspaces: Arc<dyn Workspaces>,
    effect: &'a Effect,
    state: &'a RunState,
    observer: OneEffect<'a>,
}

/// Performs an effect; whatever comes of it is a command to the core.
#[tracing::instrument(skip_all, fields(effect = %effect.id))]
pub async fn perform(ports: &Ports, effect: &Effect, state: &RunState) -> Command {
    let observer = OneEffect::new(ports.watcher.as_ref(), &effect.id);
    let workspaces = Arc::clone(&ports.workspaces).naming(&state.started.spec.protected);
    let stage = Stage { ports, workspaces, effect, state, observer };
    let limit = Duration::from_secs(effect.stage.timeout_seconds);
    let making = async {
        if stage.is_watched() {
            stage.begin_watch().await?;
        }
        stage.make().await
    };
    let made = match tokio::time::timeout(limit, making).await {
        Ok(made) => made,
        Err(_) => Err(Unmade::Failed {
            kind: FailureKind::Limit,
            detail: format!("it took longer than the {} seconds that the pipeline allows", limit.as_secs()),
            // Nobody is left to say what was used, but it was paid for.
            usage: stage.observer.used(),
        }),
    };
    let made = match made {
        Ok(made) => {
            let usage = made.usage;
            stage.keep(made).await.map_err(|unmade| unmade.after(usage))
        }
        Err(unmade) => Err(unmade),
    };
    let hits = match (stage.is_watched(), &made) {
        (false, _) => Ok(BTreeSet::new()),
        (true, Ok((artifact, evidence, _))) => stage.hits(Some((artifact, evidence))).await,
        (true, Err(_)) => stage.hits(None).await,
    };
    let (made, hits) = match hits {
        Ok(hits) => (made, hits),
        // What could not be searched does not go on.
        Err(unmade) => {
            (Err(unmade.after(made.as_ref().map_or_else(Unmade::used, |made| made.2))), BTreeSet::new())
        }
    };
    command(effect, made, &hits)
}

/// What came of a performance, as a command to the core.
fn command(effect: &Effect, made: Result<Kept, Unmade>, hits: &BTreeSet<Hit>) -> Command {
    let (id, attempt) = (effect.id.stage.clone(), effect.id.attempt);
    if !hits.is_empty() {
        let (artifact, evidence, usage) = match made {
            Ok((artifact, evidence, usage)) => (Some(Box::new(artifact)), evidence, usage),
            Err(unmade) => (None, Vec::new(), unmade.used()),
        };
        let findings = watched::findings(hits);
        let detail = watched::told(hits, effect.stage.role);
        return Command::Quarantine { stage: id, attempt, artifact, evidence, findings, detail, usage };
    }
    match made {
        Ok((artifact, evidence, usage)) => {
            Command::Produce { stage: id, attempt, artifact: Box::new(artifact), evidence, usage }
        }
        Err(Unmade::Failed { kind, detail, usage }) => {
            Command::Fail { stage: id, attempt, kind, detail, usage }
        }
        Err(Unmade::Blocked { detail, usage }) => Command::Block { stage: id, attempt, detail, usage },
        Err(Unmade::Moved { to }) => Command::Move { stage: id, attempt, to },
        Err(Unmade::Conflict { paths }) => Command::Conflict { stage: id, attempt, paths },
    }
}

impl Stage<'_> {
    async fn make(&self) -> Result<Made, Unmade> {
        match self.effect.stage.makes {
            ArtifactKind::Spec => spec::make(self).await,
            ArtifactKind::Design
            | ArtifactKind::Tests
            | ArtifactKind::Recon
            | ArtifactKind::Plan
            | ArtifactKind::Tasks => planning::make(self).await,
            ArtifactKind::Build => build::make(self).await,
            ArtifactKind::Review => review::make(self).await,
            ArtifactKind::Verify => verify::make(self).await,
            ArtifactKind::Merge => merge::make(self).await,
            ArtifactKind::Lessons => lessons::make(self).await,
        }
    }

    /// The artifact is durable before the log names it.
    async fn keep(&self, made: Made) -> Result<Kept, Unmade> {
        let artifact = Artifact::new(made.body, made.made_from);
        self.ports.blobs.put(&artifact.to_bytes()).await?;
        Ok((artifact, made.evidence, made.usage))
    }
}

/// An error with all its sources, on one line.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

impl Unmade {
    fn blocked(error: &dyn Error) -> Self {
        Unmade::Blocked { detail: whole(error), usage: Usage::default() }
    }

    fn failed(kind: FailureKind, error: &dyn Error) -> Self {
        Unmade::Failed { kind, detail: whole(error), usage: Usage::default() }
    }

    /// What happened, in words.
    fn detail(&self) -> String {
        match self {
            Unmade::Failed { detail, .. } | Unmade::Blocked { detail, .. } => detail.clone(),
            Unmade::Moved { to } => format!("the base branch has moved to {to}"),
            Unmade::Conflict { paths } => format!("the patch does not fit: {}", paths.join(", ")),
        }
    }

    /// What was used before it happened.
    fn used(&self) -> Usage {
        match self {
            Unmade::Failed { usage, .. } | Unmade::Blocked { usage, .. } => *usage,
            Unmade::Moved { .. } | Unmade::Conflict { .. } => Usage::default(),
        }
    }

    /// The same, with what was used before it happened.
    fn after(self, before: Usage) -> Self {
        match self {
            Unmade::Failed { kind, detail, usage } => {
                Unmade::Failed { kind, detail, usage: before.plus(usage) }
            }
            Unmade::Blocked { detail, usage } => Unmade::Blocked { detail, usage: before.plus(usage) },
            // Nobody has been asked anything when these are found.
            moved @ (Unmade::Moved { .. } | Unmade::Conflict { .. }) => moved,
        }
    }
}

impl From<StoreError> for Unmade {
    fn from(error: StoreError) -> Self {
        Unmade::blocked(&error)
    }
}

impl From<WorkspaceError> for Unmade {
    fn from(error: WorkspaceError) -> Self {
        match &error {
            WorkspaceError::BadPatch { .. } => Unmade::failed(FailureKind::BadPatch, &error),
            WorkspaceError::Refused { .. }
            | WorkspaceError::Setup { .. }
            | WorkspaceError::Full(_)
            | WorkspaceError::Io { .. } => Unmade::blocked(&error),
        }
    }
}

impl From<CheckError> for Unmade {
    fn from(error: CheckError) -> Self {
        Unmade::blocked(&error)
    }
}

impl From<EvaluatorError> for Unmade {
    fn from(error: EvaluatorError) -> Self {
        Unmade::blocked(&error)
    }
}

impl From<AgentFailed> for Unmade {
    fn from(failed: AgentFailed) -> Self {
        let usage = failed.usage;
        match &failed.reason {
            AgentError::Model(error) => Unmade::Blocked { detail: whole(error), usage },
            AgentError::Tool(_) => Unmade::Blocked { detail: whole(&failed.reason), usage },
            AgentError::Unusable { .. } => {
                Unmade::Failed { kind: FailureKind::Unusable, detail: whole(&failed.reason), usage }
            }
            AgentError::Limit { .. } => {
                Unmade::Failed { kind: FailureKind::Limit, detail: whole(&failed.reason), usage }
            }
        }
    }
}
