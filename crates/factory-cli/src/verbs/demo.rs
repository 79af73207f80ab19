//! `factory demo`: an example in a fresh repository, and then exactly what `factory run` does there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use factory_core::state::RunState;
use factory_workspace::create_repository;
use include_dir::{Dir, DirEntry};

use super::run;
use crate::archive;
use crate::args::{DemoArgs, OutputArgs, RunArgs, RunSettings};
use crate::config::local::{self, LocalConfig};
use crate::config::place::{self, Place, STORE};
use crate::embedded::{self, Example};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::verbs::runs::resume;

const CASSETTE: &str = "demo.cassette.jsonl";

pub(crate) async fn demo(args: &DemoArgs) -> Result<Exit, CliError> {
    let examples = embedded::examples();
    let Some(name) = &args.name else {
        for example in &examples {
            output::line(&format!("{:<16} {}", example.name, example.about));
        }
        return Ok(Exit::Clean);
    };
    let example = examples.iter().find(|example| example.name == name).ok_or_else(|| {
        let names: Vec<&str> = examples.iter().map(|example| example.name).collect();
        CliError::usage(format!("there is no example `{name}`"))
            .hint(format!("there are: {}", names.join(", ")))
    })?;
    let dir = match &args.dir {
        Some(dir) => place::current_dir()?.join(dir),
        None => new_directory(example.name)?,
    };
    let was_there = is_complete(&dir);
    if !was_there {
        set_up(example, &dir)?;
    }
    output::note_line(&format!("the project:  {}", dir.display()));
    output::note_line(&format!("its holdouts: {}", beside(&dir, "-holdouts").display()));
    let settings = RunSettings {
        approve_because: args.approve_because.clone(),
        output: OutputArgs { format: args.output.format, progress: args.output.progress },
        ..RunSettings::default()
    };
    if let Some(unfinished) = unfinished(&dir).await? {
        output::note_line(&format!("goes on in {}", dir.display()));
        return resume::resume_in(&Place::find(&dir)?, Some(&unfinished), &settings).await;
    }
    if was_there {
        output::note_line(&format!("begins another run in {}", dir.display()));
    }
    let run_args = RunArgs {
        spec: dir.join(example.spec),
        pipeline: "feature".to_owned(),
        allow_dirty: false,
        entry: None,
        budget: None,
        budget_tokens: None,
        accept_unsealed: None,
        dry_run: false,
        settings,
    };
    run::run(&run_args).await
}

/// A directory that does not exist yet, under the temporary directory.
fn new_directory(name: &str) -> Result<PathBuf, CliError> {
    let parent = env::temp_dir().join("factory-demo");
    fs::create_dir_all(&parent).map_err(|error| cannot_write(&parent, &error))?;
    let numbered = (1..10_000).map(|n| parent.join(format!("{name}-{n}")));
    let mut free = numbered.filter(|dir| !dir.exists() && !beside(dir, "-holdouts").exists());
    free.next().ok_or_else(|| {
        CliError::usage(format!("{} is full of demonstrations", parent.display()))
            .hint("remove some, or choose --dir DIR")
    })
}

fn beside(dir: &Path, suffix: &str) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn is_complete(dir: &Path) -> bool {
    dir.join(STORE).join(CASSETTE).is_file()
}

/// Both folders are made under other names and renamed at the end, the project last: a demonstration that was killed
/// while it set up has no project yet, and begins again.
fn set_up(example: &Example, dir: &Path) -> Result<(), CliError> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(CliError::usage(format!("{} exists and is not a demonstration", dir.display()))
            .hint("choose a directory that does not exist: --dir DIR"));
    }
    let holdouts = beside(dir, "-holdouts");
    let partial = beside(dir, ".partial");
    let partial_holdouts = beside(dir, "-holdouts.partial");
    for old in [&partial, &partial_holdouts] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(|error| cannot_write(old, &error))?;
        }
    }
    write_tree(example.holdouts, &partial_holdouts)?;
    if holdouts.exists() {
        // Left by a demonstration that was killed between the two renames; anything else is somebody's work.
        if !same_files(example.holdouts, &holdouts) {
            return Err(CliError::usage(format!("{} exists and holds something else", holdouts.display()))
                .hint("choose another directory: --dir DIR"));
        }
        fs::remove_dir_all(&partial_holdouts).map_err(|error| cannot_write(&partial_holdouts, &error))?;
    } else {
        fs::rename(&partial_holdouts, &holdouts).map_err(|error| cannot_write(&holdouts, &error))?;
    }

    write_tree(example.files, &partial)?;
    create_repository(&partial, &format!("The {} example, as it is before the feature", example.name))
        .map_err(|error| CliError::failed("the example's repository cannot be made").because(&error))?;
    let store = partial.join(STORE);
    write(&store.join(CASSETTE), example.cassette)?;
    write(&store.join(".gitignore"), b"*\n")?;
    let local = LocalConfig {
        schema: 1,
        holdouts: Some(holdouts.canonicalize().unwrap_or(holdouts)),
        replay: Some(Path::new(STORE).join(CASSETTE)),
        ..LocalConfig::default()
    };
    write(&store.join(local::FILE), local.to_toml().as_bytes())?;
    fs::rename(&partial, dir).map_err(|error| cannot_write(dir, &error))
}

fn write_tree(from: &Dir<'_>, to: &Path) -> Result<(), CliError> {
    fs::create_dir_all(to).map_err(|error| cannot_write(to, &error))?;
    for entry in from.entries() {
        let name = entry.path().file_name().expect("an embedded entry has a name");
        // What running the example by hand leaves behind is not part of it.
        if name == "__pycache__" {
            continue;
        }
        let target = to.join(name);
        match entry {
            DirEntry::Dir(dir) => write_tree(dir, &target)?,
            DirEntry::File(file) => write(&target, file.contents())?,
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let folder = path.parent().expect("a file has a folder");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, bytes))
        .map_err(|error| cannot_write(path, &error))
}

fn same_files(expected: &Dir<'_>, found: &Path) -> bool {
    expected.files().all(|file| {
        let name = file.path().file_name().expect("an embedded file has a name");
        fs::read(found.join(name)).is_ok_and(|bytes| bytes == file.contents())
    })
}

fn cannot_write(path: &Path, error: &std::io::Error) -> CliError {
    CliError::failed(format!("{} cannot be written", path.display()))
        .because(error)
        .hint("make room or choose another place with --dir DIR, then run the same command again")
}

/// A run that an earlier call of the demonstration did not finish.
async fn unfinished(dir: &Path) -> Result<Option<String>, CliError> {
    let place = Place::find(dir)?;
    let Some(store) = archive::open(&place).await? else {
        return Ok(None);
    };
    let is_open = |state: &RunState| state.outcome.is_none();
    let runs = archive::all(&store).await?;
    Ok(runs
        .into_iter()
        .find_map(|(run, history)| history.ok().filter(|h| is_open(&h.state)).map(|_| run.to_string())))
}
