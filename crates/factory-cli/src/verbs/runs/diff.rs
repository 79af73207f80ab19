//! `factory runs diff`: the newest patch of a run as a unified diff, to the letter unless a person reads it.

use std::io::{self, IsTerminal as _};

use factory_core::artifact::{ArtifactKind, Body, Build, Change};
use factory_core::state::RunState;
use factory_engine::port::store::BlobStore;
use factory_engine::port::workspace::{Contents, Workspaces};
use factory_sandbox::Launcher;

use super::choose;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, output, wiring};

pub(crate) async fn diff(run: Option<&str>) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let history = choose::any(&store, run).await?;
    let build = newest_build(&history.state, store.blobs.as_ref()).await?;
    let mut contents = Contents::new();
    for file in &build.patch.changes {
        match &file.change {
            Change::Written { content, .. } => {
                contents.insert(content.clone(), store.blobs.get(content).await?);
            }
            Change::Deleted => {}
        }
    }
    let workspaces = wiring::workspaces(&place, Vec::new(), Launcher::new())?;
    let text = workspaces
        .diff(&build.base, &build.patch, &contents)
        .await
        .map_err(|error| CliError::failed("the patch cannot be shown").because(&error))?;
    if io::stdout().is_terminal() {
        output::text(&text);
    } else {
        output::raw(&text);
    }
    Ok(Exit::Clean)
}

async fn newest_build(state: &RunState, blobs: &dyn BlobStore) -> Result<Build, CliError> {
    let mut made = state.stages.values().filter_map(|stage| stage.artifact.as_ref());
    let Some(artifact) = made.find(|artifact| artifact.kind == ArtifactKind::Build) else {
        return Err(CliError::usage(format!("{} has no patch yet", state.started.run)));
    };
    match archive::artifact(blobs, &artifact.digest).await? {
        Body::Build(build) => Ok(build),
        _ => Err(CliError::failed(format!("the artifact {} is not a build", artifact.digest))),
    }
}
