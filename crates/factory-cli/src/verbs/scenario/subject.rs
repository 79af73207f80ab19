//! What scenarios are run against, made ready: a service at an address, or a commit in a sealed checkout.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use factory_core::ids::{Attempt, EffectId, GitOid};
use factory_engine::port::workspace::{Checkout, Workspaces as _};
use factory_eval::assess::{Prepared, Subject};
use factory_eval::base_url::BaseUrl;
use factory_eval::config::DeployConfig;
use factory_eval::suite::Compiled;

use crate::args::scenario::Against;
use crate::config::place::Place;
use crate::error::CliError;
use crate::{confinement, wiring};

/// What is tried, before it is made ready.
pub(super) enum Tried {
    Service(BaseUrl),
    Commit { place: Box<Place>, commit: GitOid, shown: String },
}

/// A subject that scenarios can be run against.
pub(super) struct Ready {
    pub(super) prepared: Prepared,
    // Gone after what was deployed from it.
    _checkout: Option<Checkout>,
}

impl Tried {
    pub(super) fn new(against: &Against) -> Result<Self, CliError> {
        match (&against.base_url, &against.at) {
            (Some(url), _) => url.parse().map(Tried::Service).map_err(|error| {
                CliError::usage("--base-url cannot be used").because(&error).hint(
                    "name a service that is reached by plain HTTP; where it speaks TLS, put a proxy on the loopback before it",
                )
            }),
            (None, Some(revision)) => Self::commit(revision),
            // clap asks for one of them.
            (None, None) => Err(CliError::usage("nothing is named that scenarios could be run against")),
        }
    }

    /// A revision of the repository that the current directory is in.
    pub(super) fn commit(revision: &str) -> Result<Self, CliError> {
        let place = Box::new(Place::here()?);
        let found = place.project.resolve(revision);
        let found =
            found.map_err(|error| CliError::failed("the repository cannot be read").because(&error))?;
        let commit = found.ok_or_else(|| {
            CliError::usage(format!("`{revision}` names no commit of {}", place.project.root().display()))
                .hint("name a branch, a tag or a commit, such as HEAD")
        })?;
        let shown = format!("{revision} ({})", &commit.as_str()[..10]);
        Ok(Tried::Commit { place, commit, shown })
    }

    /// What `--against` means: a revision; `base` is the commit that a change was made on, which is the parent of what is tried,
    /// or HEAD for a service at an address.
    pub(super) fn base(&self, revision: &str) -> Result<Self, CliError> {
        match self {
            Tried::Service(_) if revision == "base" => Self::commit("HEAD"),
            Tried::Commit { commit, .. } if revision == "base" => Self::commit(&format!("{commit}^")),
            Tried::Service(_) | Tried::Commit { .. } => Self::commit(revision),
        }
    }

    /// How it is deployed, if it is.
    pub(super) fn deployed(&self) -> Result<Option<&DeployConfig>, CliError> {
        match self {
            Tried::Service(_) => Ok(None),
            Tried::Commit { place, .. } => place.config.deploy().map(Some),
        }
    }

    /// In words.
    pub(super) fn shown(&self) -> String {
        match self {
            Tried::Service(base) => base.as_str().to_owned(),
            Tried::Commit { shown, .. } => shown.clone(),
        }
    }

    /// What it is, the same each time.
    pub(super) fn identity(&self) -> String {
        match self {
            Tried::Service(base) => format!("service {}", base.as_str()),
            Tried::Commit { commit, .. } => format!("commit {commit}"),
        }
    }

    /// How many runs go on at a time, unless it was said.
    pub(super) fn jobs(&self, said: Option<u16>) -> usize {
        match (said, self) {
            (Some(jobs), _) => usize::from(jobs),
            // Runs that share a service see what the others do.
            (None, Tried::Service(_)) => 1,
            (None, Tried::Commit { .. }) => {
                thread::available_parallelism().map_or(2, |count| count.get() * 2)
            }
        }
    }

    /// Makes it ready for these scenarios, which are in the files and folders that were `named`.
    pub(super) async fn prepare(
        &self,
        scenarios: &[Arc<Compiled>],
        named: &[PathBuf],
    ) -> Result<Ready, CliError> {
        let failed =
            |what: String| move |error: &dyn std::error::Error| CliError::failed(what).because(error);
        let (place, commit) = match self {
            Tried::Service(base) => {
                let prepared = Prepared::new(Subject::Running(base.clone()), scenarios).await;
                let prepared =
                    prepared.map_err(|error| failed("no service can be asked".to_owned())(&error))?;
                return Ok(Ready { prepared, _checkout: None });
            }
            Tried::Commit { place, commit, .. } => (place, commit),
        };
        let config = place.config.deploy()?;
        let hidden = hidden(place, named);
        let launcher = confinement::launcher(place, &hidden, false)?;
        // What killed processes left is removed on the way; a folder that resists is no reason not to work.
        drop(factory_workspace::clean_stale(&crate::config::place::cache()?));
        let workspaces = wiring::workspaces(place, hidden, launcher.clone())?;
        let effect = EffectId {
            run: "scenario-run".parse().expect("the id is of the right form"),
            stage: "verify".parse().expect("the id is of the right form"),
            attempt: Attempt::FIRST,
        };
        let checkout = workspaces.seal(&effect, commit, None).await;
        let checkout =
            checkout.map_err(|error| failed(format!("{} cannot be checked out", self.shown()))(&error))?;
        let subject = Subject::Checkout { checkout: &checkout, config, launcher: &launcher };
        let prepared = Prepared::new(subject, scenarios).await;
        let prepared =
            prepared.map_err(|error| failed(format!("{} cannot be evaluated", self.shown()))(&error))?;
        Ok(Ready { prepared, _checkout: Some(checkout) })
    }
}

/// What is kept from the candidate: all holdouts that are known here, and the scenarios that were named.
fn hidden(place: &Place, named: &[PathBuf]) -> Vec<PathBuf> {
    let directory = place.project.directory();
    let known = place.local.holdouts.iter().map(|dir| directory.join(dir));
    let named = named.iter().filter_map(|path| path.canonicalize().ok());
    // Whoever names the whole project means the scenarios in it; without the project there would be nothing to deploy.
    let around = |path: &PathBuf| !place.project.root().starts_with(path) && !directory.starts_with(path);
    known.chain(named).filter(|path| around(path)).collect()
}

/// The folder where the evaluator keeps what it found, if this is a project with a store.
pub(super) fn kept_in(place: &Place) -> Option<PathBuf> {
    let store: &Path = &place.store();
    store.is_dir().then(|| store.join(crate::evaluation::SCORECARDS))
}
