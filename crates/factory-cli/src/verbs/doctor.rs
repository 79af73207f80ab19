//! `factory doctor`: look for what keeps a run from working, and say what mends it.

mod battery;
mod damage;
mod repair;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use factory_agents::model::{Endpoint, OpenAiModel};
use factory_sandbox::{Command, Environment, Launcher, Limits};
use factory_workspace::Project;
use serde::Serialize;

use self::damage::Damaged;
use crate::args::{DoctorArgs, ListFormat};
use crate::config::place::{self, Place};
use crate::config::{pipeline, project};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{evaluation, output, story, wiring};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    /// Works, with something to know.
    Note,
    Failed,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    id: &'static str,
    state: State,
    detail: String,
    /// One command or step that mends it.
    mend: Option<String>,
    /// Of the store: each thing that is damaged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    damaged: Vec<Damaged>,
}

fn ok(id: &'static str, detail: impl Into<String>) -> Finding {
    Finding { id, state: State::Ok, detail: detail.into(), mend: None, damaged: Vec::new() }
}

fn note(id: &'static str, detail: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { id, state: State::Note, detail: detail.into(), mend: Some(mend.into()), damaged: Vec::new() }
}

fn failed(id: &'static str, detail: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { id, state: State::Failed, detail: detail.into(), mend: Some(mend.into()), damaged: Vec::new() }
}

pub(crate) async fn doctor(args: &DoctorArgs) -> Result<Exit, CliError> {
    if args.repair {
        return repair::repair(&Place::here()?, args.to.as_deref(), args.format).await;
    }
    let place = Place::here();
    let folder = place.as_ref().ok().and_then(|place| place.holdouts(args.holdouts.as_deref(), "").ok());
    let sandbox = battery::sandbox(place.as_ref().ok(), folder).await;
    let mut findings = vec![git().await, python().await, processes().await, sandbox, cache(), clock()];
    findings.push(project(&place));
    if let Ok(place) = &place {
        findings.push(store::store(&place.store()).await?);
        findings.push(holdouts(place, args.holdouts.as_deref()));
    }
    findings.push(endpoint(place.as_ref().ok()).await);
    let broken = findings.iter().any(|finding| finding.state == State::Failed);
    match args.format {
        ListFormat::Json => output::json(&findings),
        ListFormat::Human => {
            for finding in &findings {
                let state = match finding.state {
                    State::Ok => "ok",
                    State::Note => "note",
                    State::Failed => "FAILED",
                };
                output::line(&format!("{state:<7} {:<9} {}", finding.id, finding.detail));
                for damaged in &finding.damaged {
                    output::line(&format!("                  {}", damage::line(damaged)));
                }
                if let Some(mend) = &finding.mend {
                    output::line(&format!("                  mend: {mend}"));
                }
            }
        }
    }
    Ok(if broken { Exit::Failed } else { Exit::Clean })
}

/// What a program says of its version.
async fn version(program: &str) -> Option<String> {
    let output = tokio::process::Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(10), output).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

async fn git() -> Finding {
    match version("git").await {
        Some(version) => ok("git", version),
        None => failed("git", "git does not run", "apt-get install git (or your system's equivalent)"),
    }
}

async fn python() -> Finding {
    let mend = "apt-get install python3 (or your system's equivalent), 3.9 or newer";
    let Some(version) = version("python3").await else {
        return note("python", "python3 does not run: the demo needs it, your project may not", mend);
    };
    let mut parts =
        version.trim_start_matches("Python ").split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    if (parts.next(), parts.next()) >= (Some(3), Some(9)) {
        ok("python", version)
    } else {
        note("python", format!("{version} is older than the demo needs"), mend)
    }
}

/// Runs a command that leaves a daemon behind, and looks whether it is gone.
async fn processes() -> Finding {
    let unusual = "report this with your system's name and version";
    let scratch = match tempfile::tempdir() {
        Ok(scratch) => scratch,
        Err(error) => {
            return failed(
                "processes",
                format!("no temporary directory: {error}"),
                "set TMPDIR to a directory that you can write to",
            );
        }
    };
    let attempt = async {
        let environment = Environment::tools(scratch.path())?;
        let command = Command::shell("setsid sleep 60 >/dev/null 2>&1 & echo $!; env")
            .cwd(scratch.path())
            .environment(environment)
            .limits(Limits { wall: Duration::from_secs(20), ..Limits::default() });
        Launcher::new().run(command).await
    };
    let text = match attempt.await {
        Ok(finished) if finished.end.success() => finished.stdout.text(),
        Ok(finished) => {
            return failed("processes", format!("a test command ended with {:?}", finished.end), unusual);
        }
        Err(error) => {
            return failed(
                "processes",
                error.to_string(),
                "mount -t proc proc /proc, if /proc is not mounted",
            );
        }
    };
    let daemon = text.lines().next().unwrap_or_default();
    if std::path::Path::new("/proc").join(daemon).exists() && !daemon.is_empty() {
        return failed("processes", "a daemon outlived the command that started it", unusual);
    }
    if text.contains("OPENAI_API_KEY") {
        return failed("processes", "a command could see the model's key", unusual);
    }
    ok("processes", "commands get a clean environment and end with all they started")
}

fn cache() -> Finding {
    let place = match place::cache() {
        Ok(place) => place,
        Err(error) => return failed("cache", error.to_string(), "export FACTORY_CACHE_DIR=/some/directory"),
    };
    let probe = std::fs::create_dir_all(&place).and_then(|()| tempfile::tempfile_in(&place));
    match probe {
        Ok(_) => ok("cache", place.display().to_string()),
        Err(error) => failed(
            "cache",
            format!("{} cannot be written: {error}", place.display()),
            "export FACTORY_CACHE_DIR=/some/directory/that/you/can/write",
        ),
    }
}

fn clock() -> Finding {
    if factory_eval::clock::find_libfaketime().is_some() {
        ok("clock", "libfaketime is installed: scenarios can move the clock of most programs")
    } else {
        note(
            "clock",
            "libfaketime is not installed: scenarios that move time need the project's own clock hook",
            "apt-get install libfaketime",
        )
    }
}

/// What a run would say of the project's own files.
fn project(place: &Result<Place, CliError>) -> Finding {
    let place = match place {
        Ok(place) => place,
        // Where there is a project, its files are what is wrong.
        Err(error) if is_project() => {
            return failed("project", told(error), "mend the file that is named (docs/configuration.md)");
        }
        Err(error) => return note("project", told(error), "cd into your project, or factory init"),
    };
    if let Err(error) = place.config.deploy() {
        return failed(
            "project",
            told(&error),
            "write [deploy] in factory.toml: how the project is started (docs/configuration.md)",
        );
    }
    let stages = pipeline::all_stages(&place.project.directory());
    if let Err(error) = place.config.sandbox.check_stages(&stages) {
        return failed("project", told(&error), "mend [sandbox] in factory.toml (docs/configuration.md)");
    }
    let name = place.config.project.name.as_deref().unwrap_or("without a name");
    let checks: Vec<&str> = place.config.check.iter().map(|check| check.name.as_str()).collect();
    let checks = if checks.is_empty() { "none".to_owned() } else { checks.join(", ") };
    let setup = place.setup().map_or(String::new(), |setup| format!("; [setup] can reach {}", setup.reach()));
    let detail = format!("{name}, in {}; checks: {checks}{setup}", place.project.directory().display());
    match place.opened() {
        Some(opened) => {
            note("project", format!("{detail}; {opened}"), "take them out of allow in .factory/local.toml")
        }
        None => ok("project", detail),
    }
}

/// Whether the current directory is in a project, be it one that cannot be used.
fn is_project() -> bool {
    let project = place::current_dir().ok().and_then(|here| Project::discover(&here).ok());
    project.is_some_and(|project| project.directory().join(project::FILE).symlink_metadata().is_ok())
}

/// An error on one line.
fn told(error: &CliError) -> String {
    story::one_line(error.to_string().trim_start_matches("error: "))
}

/// What runs of the project's specifications would say of their holdouts.
fn holdouts(place: &Place, flag: Option<&Path>) -> Finding {
    let mut slugs = specifications(place);
    if slugs.is_empty() {
        // Then a run would use the folder as a whole.
        slugs.insert(String::new());
    }
    let mut folders = BTreeMap::new();
    for slug in &slugs {
        match evaluation::usable(place, flag, slug) {
            Ok((folder, warnings)) => folders.insert(folder, warnings),
            Err(error) => {
                let mend =
                    "factory init, or name the folder: --holdouts DIR; docs/scenarios.md shows scenarios";
                return failed("holdouts", told(&error), mend);
            }
        };
    }
    for (folder, warnings) in &folders {
        if let Err(error) = evaluation::sealable(place, folder) {
            return failed(
                "holdouts",
                told(&error),
                "docs/privacy.md says what is kept out of a checkout, and how",
            );
        }
        if let Some(inside) = evaluation::inside(place, folder) {
            return note(
                "holdouts",
                inside,
                "move them out of the repository, and name the folder in .factory/local.toml",
            );
        }
        if *warnings > 0 {
            let detail = format!("{warnings} in {} should be looked at", folder.display());
            return note("holdouts", detail, "factory scenario list shows what, and where");
        }
    }
    let folders: Vec<String> = folders.keys().map(|folder| folder.display().to_string()).collect();
    ok("holdouts", folders.join(", "))
}

/// The short names of the specifications that the project has.
fn specifications(place: &Place) -> BTreeSet<String> {
    let entries = std::fs::read_dir(place.project.directory().join("specs")).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "md"));
    paths.filter_map(|path| Some(factory_spec::slug(&path.file_stem()?.to_string_lossy()))).collect()
}

async fn endpoint(place: Option<&Place>) -> Finding {
    if let Some(path) = place.and_then(|place| place.local.replay.as_ref()) {
        return ok("endpoint", format!("not needed: {} answers instead of a model", path.display()));
    }
    let model = std::env::var("FACTORY_MODEL").ok();
    let model = model.or_else(|| place.and_then(|place| place.config.model.name.clone()));
    let endpoint = match wiring::endpoint(model.as_deref()) {
        Ok(endpoint) => endpoint,
        Err(error) => {
            return note(
                "endpoint",
                error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: "),
                "export OPENAI_API_KEY=… FACTORY_MODEL=…",
            );
        }
    };
    let (url, model) = (endpoint.base_url.clone(), endpoint.model.clone());
    let mend = format!(
        "check the address, the key and the model's name: curl -H \"Authorization: Bearer $OPENAI_API_KEY\" {url}/models"
    );
    let endpoint = Endpoint { timeout: Duration::from_secs(10), ..endpoint };
    let client = match OpenAiModel::new(endpoint) {
        Ok(client) => client,
        Err(error) => return failed("endpoint", error.to_string(), mend),
    };
    match client.knows_model().await {
        Ok(Some(true)) => ok("endpoint", format!("{model} at {url}")),
        Ok(Some(false)) => {
            failed("endpoint", format!("{url} answers, but does not list the model {model}"), mend)
        }
        Ok(None) => ok("endpoint", format!("{url} answers; it keeps no list that would name {model}")),
        Err(error) => failed("endpoint", error.to_string(), mend),
    }
}
