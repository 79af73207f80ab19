//! What the binary carries: the shipped pipelines, and the examples with their holdouts and recordings, so that
//! `factory demo` needs nothing but the binary.

use include_dir::{Dir, include_dir};

/// `pipelines/`
static PIPELINES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../pipelines");

static PASSWORD_RESET: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../examples/password-reset");
static PASSWORD_RESET_HOLDOUTS: Dir<'_> =
    include_dir!("$CARGO_MANIFEST_DIR/../../scenarios-holdout/password-reset");
static PASSWORD_RESET_CASSETTE: &[u8] = include_bytes!("../../../examples/password-reset.cassette.jsonl");

static TODO_CLI: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../examples/todo-cli");
static TODO_CLI_HOLDOUTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../scenarios-holdout/todo-cli");
static TODO_CLI_CASSETTE: &[u8] = include_bytes!("../../../examples/todo-cli.cassette.jsonl");

/// An example that can be demonstrated.
pub(crate) struct Example {
    /// Its name, as `factory demo` takes it.
    pub(crate) name: &'static str,
    /// What it shows, in a line.
    pub(crate) about: &'static str,
    /// Its files.
    pub(crate) files: &'static Dir<'static>,
    /// Its holdouts, which go elsewhere.
    pub(crate) holdouts: &'static Dir<'static>,
    /// The recorded model.
    pub(crate) cassette: &'static [u8],
    /// The specification, relative to the project.
    pub(crate) spec: &'static str,
}

/// The examples.
pub(crate) fn examples() -> Vec<Example> {
    vec![
        Example {
            name: "password-reset",
            about: "a small HTTP service in Python learns to reset forgotten passwords by mail",
            files: &PASSWORD_RESET,
            holdouts: &PASSWORD_RESET_HOLDOUTS,
            cassette: PASSWORD_RESET_CASSETTE,
            spec: "specs/feature-password-reset.md",
        },
        Example {
            name: "todo-cli",
            about: "a command-line tool in Rust, without any server, learns due dates",
            files: &TODO_CLI,
            holdouts: &TODO_CLI_HOLDOUTS,
            cassette: TODO_CLI_CASSETTE,
            spec: "specs/feature-due-dates.md",
        },
    ]
}

/// The text of a shipped pipeline.
pub(crate) fn pipeline(name: &str) -> Option<&'static str> {
    PIPELINES.get_file(format!("{name}.toml"))?.contents_utf8()
}

/// The names of the shipped pipelines.
pub(crate) fn pipelines() -> impl Iterator<Item = &'static str> {
    PIPELINES.files().filter_map(|file| file.path().file_stem()?.to_str())
}
