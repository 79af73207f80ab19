//! Changing what a gate shows before it is approved: the artifact's content as JSON, in a file or in an editor.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use factory_core::artifact::{Artifact, ArtifactKind, Body};
use factory_core::pipeline::model::{Edge, GateId};
use factory_core::state::{OpenGate, RunState};
use factory_engine::port::store::BlobStore;

use crate::error::CliError;

/// Whether what the gate shows can be changed there: what a planner made, at the gate after it.
pub(crate) fn is_editable(state: &RunState, gate: &GateId) -> bool {
    let Some(stage) = state.started.pipeline.stage(&gate.stage) else { return false };
    let planned = match stage.makes {
        ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Tasks => true,
        ArtifactKind::Spec
        | ArtifactKind::Build
        | ArtifactKind::Review
        | ArtifactKind::Verify
        | ArtifactKind::Merge
        | ArtifactKind::Lessons => false,
    };
    planned && gate.edge == Edge::Exit
}

/// The artifact that the gate is about: the last of what it shows.
pub(crate) async fn shown(open: &OpenGate, blobs: &dyn BlobStore) -> Result<Artifact, CliError> {
    let digest = open
        .sees
        .last()
        .ok_or_else(|| CliError::usage(format!("the gate {} shows no artifact", open.gate)))?;
    let bytes = blobs.get(digest).await?;
    Artifact::from_bytes(&bytes)
        .map_err(|error| CliError::failed(format!("the artifact {digest} cannot be read")).because(&error))
}

/// The artifact's content as JSON, to be changed.
pub(crate) fn to_json(body: &Body) -> String {
    serde_json::to_string_pretty(body).expect("artifacts hold only what JSON can say")
}

/// The artifact with the content that a file has.
pub(crate) async fn from_file(
    path: &Path,
    open: &OpenGate,
    blobs: &dyn BlobStore,
) -> Result<Artifact, CliError> {
    let text = fs::read_to_string(path)
        .map_err(|error| CliError::usage(format!("{} cannot be read", path.display())).because(&error))?;
    parse(&text, shown(open, blobs).await?, &path.display().to_string())
}

fn parse(text: &str, shown: Artifact, place: &str) -> Result<Artifact, CliError> {
    let body: Body = serde_json::from_str(text).map_err(|error| {
        CliError::usage(format!("{place} is not the content of a {}", shown.body.kind().as_str()))
            .because(&error)
            .hint("`factory gate show --artifact` prints the content as it is now")
    })?;
    if body.kind() != shown.body.kind() {
        let (found, expected) = (body.kind().as_str(), shown.body.kind().as_str());
        return Err(CliError::usage(format!("{place} is a {found}, and the gate shows a {expected}")));
    }
    if body == shown.body {
        return Err(CliError::usage(format!("{place} changes nothing; approve it as it is")));
    }
    Ok(Artifact::new(body, shown.made_from))
}

/// Opens the content in the user's editor.
pub(crate) async fn in_editor(open: &OpenGate, blobs: &dyn BlobStore) -> Result<Artifact, CliError> {
    let shown = shown(open, blobs).await?;
    let editor = env::var("VISUAL").or_else(|_| env::var("EDITOR")).unwrap_or_else(|_| "vi".to_owned());
    let failed = |error: &dyn std::error::Error| {
        CliError::failed(format!("the editor `{editor}` cannot be used")).because(error).hint("set EDITOR")
    };
    let folder = tempfile::tempdir().map_err(|error| failed(&error))?;
    let path = folder.path().join(format!("{}.json", shown.body.kind().as_str()));
    fs::write(&path, to_json(&shown.body)).map_err(|error| failed(&error))?;
    // As git does it: the variable may hold arguments, so a shell reads it.
    let command = format!("{editor} \"$@\"");
    let mut child = Command::new("sh");
    child.args(["-c", &command, &editor]).arg(&path);
    let status = tokio::task::spawn_blocking(move || child.status()).await;
    let status = status.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    if !status.success() {
        return Err(CliError::failed(format!(
            "the editor `{editor}` ended with {status}; nothing is changed"
        )));
    }
    let text = fs::read_to_string(&path).map_err(|error| failed(&error))?;
    parse(&text, shown, "what you saved")
}
