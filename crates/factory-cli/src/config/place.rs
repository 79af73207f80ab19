//! Where things are: the project, its `.factory/`, the cache, the holdouts.

use std::env;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use factory_sandbox::proxy::Allowed;
use factory_workspace::{Hosts, Project, ProjectError, SetupConfig};

use super::local::LocalConfig;
use super::project::ProjectConfig;
use crate::error::CliError;

/// The store's folder in a project.
pub(crate) const STORE: &str = ".factory";

/// A project with its configuration.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) project: Project,
    pub(crate) config: ProjectConfig,
    pub(crate) local: LocalConfig,
}

impl Place {
    /// The project that `directory` is in.
    pub(crate) fn find(directory: &Path) -> Result<Self, CliError> {
        let project = Project::discover(directory).map_err(|error| explain(&error))?;
        check_store(&project)?;
        let config = ProjectConfig::read(&project.directory())?;
        let local = LocalConfig::read(&project.directory().join(STORE))?;
        Ok(Self { project, config, local })
    }

    /// The project that the current directory is in.
    pub(crate) fn here() -> Result<Self, CliError> {
        Self::find(&current_dir()?)
    }

    /// The hosts that commands may reach, as the project and this machine have it.
    pub(crate) fn hosts(&self) -> Hosts {
        let mut hosts = self.config.sandbox.hosts();
        hosts.always.extend(self.local.allow.iter().cloned());
        hosts
    }

    /// The project's `[setup]`. Where it names hosts, those of this machine's file are added.
    pub(crate) fn setup(&self) -> Option<SetupConfig> {
        let mut setup = self.config.setup.clone()?;
        if let Some(allow) = &mut setup.allow {
            allow.extend(self.local.allow.iter().cloned());
        }
        Some(setup)
    }

    /// What is to be said of hosts that are this machine's own.
    pub(crate) fn opened(&self) -> Option<String> {
        let allowed = Allowed::of(&self.local.allow).ok()?;
        let local: Vec<&str> = allowed.local().collect();
        let named = local.join(", ");
        (!local.is_empty())
            .then(|| format!("commands can reach services of this machine or its network: {named}"))
    }

    /// `.factory/`.
    pub(crate) fn store(&self) -> PathBuf {
        self.project.directory().join(STORE)
    }

    /// The folder of all holdouts, from the flag (or its environment variable) or the local file.
    pub(crate) fn all_holdouts(&self, flag: Option<&Path>) -> Result<PathBuf, CliError> {
        let named = match (flag, &self.local.holdouts) {
            (Some(flag), _) => current_dir()?.join(flag),
            (None, Some(local)) => self.project.directory().join(local),
            (None, None) => {
                return Err(CliError::usage(
                    "no holdout scenarios are configured, so nothing could decide whether a change is good",
                )
                .hint("`factory init` makes a folder for them; or name one with --holdouts DIR"));
            }
        };
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if real(&self.project.directory()).starts_with(real(&named)) {
            return Err(CliError::usage(format!(
                "the project is inside of the holdout folder {}",
                named.display()
            ))
            .hint("name a folder that holds nothing but scenarios, best outside of the repository"));
        }
        if named.is_dir() {
            return Ok(named);
        }
        Err(CliError::usage(format!("the holdout folder {} does not exist", named.display())).hint(
            "make it and put scenarios into it (docs/scenarios.md), or name another with --holdouts DIR",
        ))
    }

    /// The holdouts for a specification, from the flag (or its environment variable) or the local file: the folder
    /// named after the specification if there is one in it, else the folder itself.
    pub(crate) fn holdouts(&self, flag: Option<&Path>, slug: &str) -> Result<PathBuf, CliError> {
        let named = self.all_holdouts(flag)?;
        let own = named.join(slug);
        let chosen = if own.is_dir() { own } else { named };
        chosen.canonicalize().map_err(|error| {
            CliError::usage(format!("the holdout folder {} cannot be opened", chosen.display()))
                .because(&error)
        })
    }
}

/// `.factory/` belongs to this machine: what is in it says where the holdouts are and what commands may read, and scorecards are
/// written there. A repository that brings one of its own, or a link that leads elsewhere, would say that in a person's place.
fn check_store(project: &Project) -> Result<(), CliError> {
    let tracked = project.tracked_below(STORE).map_err(|error| explain(&error))?;
    if let Some(path) = tracked {
        return Err(CliError::usage(format!(
            "git has `{}`, but what is in {STORE} is true on one machine only and decides what commands may read",
            path.escape_debug()
        ))
        .hint(format!("look at what it says; then git rm --cached -r {STORE}, and commit that")));
    }
    let store = project.directory().join(STORE);
    let entries = std::fs::read_dir(&store).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in [store.clone()].into_iter().chain(entries) {
        if path.is_symlink() {
            return Err(CliError::usage(format!(
                "{} is a link, and what is written there would get to where it leads",
                path.display()
            ))
            .hint("put the folder or file itself in its place"));
        }
    }
    Ok(())
}

/// The current directory.
pub(crate) fn current_dir() -> Result<PathBuf, CliError> {
    env::current_dir()
        .map_err(|error| CliError::usage("the current directory does not exist").because(&error))
}

/// The folder for checkouts and cached dependencies: `FACTORY_CACHE_DIR`, or `factory` in the user's cache directory.
/// Always outside every project.
pub(crate) fn cache() -> Result<PathBuf, CliError> {
    if let Some(dir) = env::var_os("FACTORY_CACHE_DIR").filter(|dir| !dir.is_empty()) {
        return std::path::absolute(&dir)
            .map_err(|error| CliError::usage("FACTORY_CACHE_DIR is not a path").because(&error));
    }
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        CliError::usage("no cache directory: the user has no home")
            .because(&error)
            .hint("set FACTORY_CACHE_DIR")
    })?;
    Ok(strategy.cache_dir().join("factory"))
}

/// What keeps a folder from being a project, with the way out.
pub(crate) fn explain(error: &ProjectError) -> CliError {
    let plain = CliError::usage(error.to_string());
    match error {
        ProjectError::NotARepository { .. } => {
            plain.hint("git init, add the files and commit them; then `factory init`")
        }
        ProjectError::Bare { .. } => plain.hint("work in a clone that has its files checked out"),
        ProjectError::NoCommit { .. } => {
            plain.hint("git add the files and git commit; a run starts from a commit")
        }
        ProjectError::NotUtf8 { .. } => plain.hint("rename the folder"),
        ProjectError::Git { source, .. } => plain.because(source),
        ProjectError::Io { source, .. } => plain.because(source),
    }
}
