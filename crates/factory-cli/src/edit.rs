//! Changing what a gate shows before it is approved: the artifact's content as JSON, in a file or in an editor.

use std::env;
use std::error::Error;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::Command;

use factory_core::artifact::{Artifact, ArtifactKind, Body};
use factory_core::pipeline::model::{Edge, GateId};
use factory_core::plain;
use factory_core::state::{OpenGate, RunState};
use factory_engine::port::store::BlobStore;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::archive;
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
    archive::whole(blobs, digest).await
}

/// The artifact's content as JSON, to be changed.
fn to_json(body: &Body) -> String {
    let text = serde_json::to_string_pretty(body).expect("artifacts hold only what JSON can say");
    plain::json(&text)
}

/// The artifact with the content that a file has.
pub(crate) async fn from_file(
    path: &Path,
    open: &OpenGate,
    blobs: &dyn BlobStore,
) -> Result<Artifact, CliError> {
    let name = path.display().to_string();
    let text = read(path)
        .map_err(|error| CliError::usage(format!("{name} cannot be read")).because(&error))?
        .ok_or_else(|| too_long(&name))?;
    parse(&text, shown(open, blobs).await?, &name)
}

/// The longest file that is taken.
const LONGEST: u64 = 1024 * 1024;

/// What is in a file; `None` if that is too much. Devices and pipes, which may never end, are not opened.
fn read(path: &Path) -> io::Result<Option<String>> {
    let must_be_a_file = |kind: &fs::Metadata| match kind.is_file() {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
    };
    must_be_a_file(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    must_be_a_file(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST) {
        return Ok(None);
    }
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn too_long(name: &str) -> CliError {
    CliError::usage(format!("{name} is longer than {} KiB, and no artifact is", LONGEST / 1024))
}

fn parse(text: &str, shown: Artifact, place: &str) -> Result<Artifact, CliError> {
    let expected = shown.body.kind();
    let wrong = |why: &dyn Error| {
        CliError::usage(format!("{place} is not the content of a {}", expected.as_str())).because(why).hint(
            format!(
                "it must be {{\"kind\": \"{}\", \"content\": {{…}}}}, as `factory gate show --artifact` prints it",
                expected.as_str()
            ),
        )
    };
    // What it is comes first: where it is something else, its content is of no interest.
    let outside: Outside = serde_json::from_str(text).map_err(|error| wrong(&Wrong::of(&error)))?;
    if outside.kind != expected.as_str() {
        let found = plain::beginning(&outside.kind, 40);
        return Err(CliError::usage(format!(
            "{place} is a {found}, and the gate shows a {}",
            expected.as_str()
        )));
    }
    let body = read_body(text, expected).map_err(|error| wrong(&Wrong::of(&error)))?;
    if body == shown.body {
        return Err(CliError::usage(format!("{place} changes nothing; approve it as it is")));
    }
    Ok(Artifact::new(body, shown.made_from))
}

/// The two fields around any content.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outside {
    kind: String,
    #[serde(rename = "content")]
    _content: IgnoredAny,
}

/// The same with the content, read where it stands: so its errors have their place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole<T> {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    content: T,
}

fn read_body(text: &str, kind: ArtifactKind) -> Result<Body, serde_json::Error> {
    fn content<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
        serde_json::from_str::<Whole<T>>(text).map(|whole| whole.content)
    }
    match kind {
        ArtifactKind::Spec => content(text).map(Body::Spec),
        ArtifactKind::Design => content(text).map(Body::Design),
        ArtifactKind::Tests => content(text).map(Body::Tests),
        ArtifactKind::Recon => content(text).map(Body::Recon),
        ArtifactKind::Plan => content(text).map(Body::Plan),
        ArtifactKind::Tasks => content(text).map(Body::Tasks),
        ArtifactKind::Build => content(text).map(Body::Build),
        ArtifactKind::Review => content(text).map(Body::Review),
        ArtifactKind::Verify => content(text).map(Body::Verify),
        ArtifactKind::Merge => content(text).map(Body::Merge),
        ArtifactKind::Lessons => content(text).map(Body::Lessons),
    }
}

/// Where a text is not what it must be, and why, without the names that types have here.
#[derive(Debug)]
struct Wrong(String);

impl Wrong {
    fn of(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let why = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        let why = match why.rsplit_once("expected ") {
            Some((before, what)) if what.starts_with("struct ") => format!("{before}expected an object"),
            Some((before, what)) if what.starts_with("enum ") => format!("{before}expected one of its words"),
            Some((before, "a sequence")) => format!("{before}expected a list"),
            Some(_) | None => why.to_owned(),
        };
        Self(format!("line {line}, column {column}: {why}"))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Wrong {}

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
    let saved = "what you saved";
    let text = read(&path).map_err(|error| failed(&error))?.ok_or_else(|| too_long(saved))?;
    parse(&text, shown, saved)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at once")]
mod tests {
    use std::os::unix::net::UnixListener;

    use factory_core::artifact::{Plan, PlanStep};

    use super::*;

    fn plan() -> Artifact {
        let step = PlanStep {
            title: "a".to_owned(),
            detail: "b".to_owned(),
            files: Vec::new(),
            requirements: vec!["R1".parse().unwrap()],
        };
        let plan = Plan { summary: "s".to_owned(), steps: vec![step], risks: Vec::new() };
        Artifact::new(Body::Plan(plan), Vec::new())
    }

    #[test]
    fn a_wrong_shape_is_said_in_plain_words_with_its_place() {
        let said = |text: &str| parse(text, plan(), "p.json").unwrap_err().to_string();
        let content = |content: &str| said(&format!("{{\"content\": {content},\n \"kind\": \"plan\"}}"));
        for (said, expected) in [
            (said("[]"), "line 1, column 2: "),
            (said("\n 3"), "line 2, column 2: invalid type: integer `3`, expected an object"),
            (
                said("{\"steps\": []}"),
                "line 1, column 8: unknown field `steps`, expected `kind` or `content`",
            ),
            (said("{\"kind\": \"plan\"}"), "line 1, column 16: missing field `content`"),
            (
                said("{\"kind\": \"plan\",\n \"content\": 3}"),
                "line 2, column 13: invalid type: integer `3`, expected an object",
            ),
            (
                content("{\n\"summary\": \"s\", \"steps\": {}}"),
                "line 2, column 25: invalid type: map, expected a list",
            ),
            (content("{\n\"sumary\": \"s\"}"), "line 2, column 8: unknown field `sumary`"),
        ] {
            assert!(said.contains(expected), "{said}");
            assert!(said.contains("p.json is not the content of a plan"), "{said}");
            assert!(said.contains("{\"kind\": \"plan\", \"content\": {…}}"), "{said}");
            for jargon in ["struct", "enum", "tagged", "Body", "Plan", "Outside", "Whole", "sequence"] {
                assert!(!said.contains(jargon), "{said}");
            }
        }
        let other = said("{\"kind\": \"tasks\\u001b\", \"content\": 3}");
        assert!(other.contains("p.json is a tasks\\u{1b}, and the gate shows a plan"), "{other}");
    }

    #[test]
    fn what_has_no_end_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        for odd in [Path::new("/dev/zero"), Path::new("/dev/null"), folder.path(), &socket] {
            let error = read(odd).unwrap_err();
            assert_eq!(error.to_string(), "it is not a regular file", "{}", odd.display());
        }
        let file = folder.path().join("file");
        let most = usize::try_from(LONGEST).unwrap();
        fs::write(&file, "x".repeat(most)).unwrap();
        assert_eq!(read(&file).unwrap().map(|text| text.len()), Some(most));
        fs::write(&file, "x".repeat(most + 1)).unwrap();
        assert_eq!(read(&file).unwrap(), None);
        fs::write(&file, [0xff]).unwrap();
        assert_eq!(read(&file).unwrap_err().to_string(), "it is not UTF-8 text");
    }
}
