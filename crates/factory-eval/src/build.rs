//! Builds the candidate once, in a copy of the project.

use std::path::Path;

use factory_sandbox::{Command, End, Environment, Limits};
use tempfile::TempDir;

use crate::attribution::{Blame, Cause};
use crate::config::Placeholders;
use crate::deploy::{DeployFailure, Recipe, launch_failure, lost};

/// The largest file that a build may write.
const FILE_BYTES: u64 = 4 << 30;

/// Runs `line` in the recipe's project, which it may write to.
pub(crate) async fn build(recipe: &Recipe, line: &str) -> Result<(), DeployFailure> {
    let home = TempDir::with_prefix_in("build-", &recipe.parent)
        .map_err(|error| lost(Cause::Machine, "no folder for the build")(error.into()))?;
    let mut environment = Environment::tools(home.path()).map_err(launch_failure)?;
    let path = environment.get("PATH").unwrap_or_default().to_string_lossy().into_owned();
    for (name, value) in &recipe.environment {
        environment = environment.with(name, value);
    }
    let line = Placeholders::new([("PATH", path)]).fill(line);
    let wall = std::time::Duration::from_secs(recipe.config.build_timeout_seconds);
    let command = Command::shell(line)
        .cwd(&recipe.project)
        .write(&recipe.project)
        .write(home.path())
        .environment(environment)
        .merge_output(true)
        .limits(Limits { wall, file_bytes: Some(FILE_BYTES), ..Limits::default() });
    let command = recipe.dependencies.iter().fold(command, Command::read);
    let command = command.allow(&recipe.hosts).map_err(launch_failure)?;
    let finished = recipe.launcher.run(command).await.map_err(launch_failure)?;
    let cause = match finished.end {
        End::Exited(0) => return Ok(()),
        End::Exited(_) | End::Signalled(_) => Cause::BuildFailed,
        End::TimedOut => Cause::BuildTooSlow,
    };
    let output = finished.stdout.text();
    // What went wrong is mostly said last.
    let end = (0..=output.len()).find(|at| output.is_char_boundary(*at) && output.len() - at <= 7 * 1024);
    let output = &output[end.unwrap_or(0)..];
    Err(DeployFailure::Failed(Blame::new(cause, format!("the build failed ({})\n{output}", finished.end))))
}

/// Copies a project: files, folders and symbolic links, without its repository.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let target = to.join(entry.file_name());
        if entry.file_name() == ".git" {
            continue;
        }
        if kind.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
