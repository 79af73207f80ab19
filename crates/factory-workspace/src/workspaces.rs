//! The adapter: owns the configuration, and runs what blocks on threads that may.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use factory_core::artifact::{Merge, Patch};
use factory_core::ids::{EffectId, GitOid, StageId};
use factory_engine::port::workspace::{
    Checkout, Contents, Landing, Rebased, SealProof, WorkspaceError, Workspaces,
};
use factory_sandbox::Launcher;
use git2::{Oid, Repository};
use tokio::task;

use crate::apply;
use crate::checkout::Folder;
use crate::diff;
use crate::error;
use crate::extract::{self, Base};
use crate::holdouts::HoldoutBlobs;
use crate::ignore::IgnoreRules;
use crate::land::{self, Order};
use crate::past;
use crate::paths::PathRules;
use crate::project::{self, Project};
use crate::proof;
use crate::rebase;
use crate::seal::{self, Sealed};
use crate::setup::{self, Ready, SetupConfig};
use crate::tree;

/// What [`GitWorkspaces`] works with.
#[derive(Debug, Clone)]
pub struct WorkspaceConfig {
    /// The user's repository and the project in it.
    pub project: Project,
    /// The user's cache directory for the factory, outside the repository. Made if missing.
    pub cache: PathBuf,
    /// Files and folders of the repository that no checkout may show, relative to its root, with `/`.
    pub holdout_paths: Vec<String>,
    /// Holdouts elsewhere, absolute. One that is in the repository after all is hidden like a holdout path.
    pub holdout_dirs: Vec<PathBuf>,
    /// How the project's dependencies come in, if it has any.
    pub setup: Option<SetupConfig>,
    /// The hosts that commands may reach.
    pub hosts: Hosts,
    /// Starts the command of `setup`.
    pub launcher: Launcher,
}

/// The hosts that commands in checkouts may reach, `name:port` each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    /// In every stage.
    pub always: Vec<String>,
    /// In these stages as well.
    pub in_stage: BTreeMap<String, Vec<String>>,
}

impl Hosts {
    /// Those of one stage, each once.
    fn of(&self, stage: &StageId) -> Vec<String> {
        let own = self.in_stage.get(stage.as_str()).into_iter().flatten();
        let all: BTreeSet<&String> = self.always.iter().chain(own).collect();
        all.into_iter().cloned().collect()
    }
}

/// Sealed checkouts of a git repository, made with libgit2.
#[derive(Debug, Clone)]
pub struct GitWorkspaces {
    inner: Arc<Inner>,
    /// Protected paths that patches may touch, because the specification names them.
    named: Arc<[String]>,
}

/// What the threads share. Repositories are opened anew for each use, because they belong to one thread.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) project: Project,
    pub(crate) cache: PathBuf,
    pub(crate) setup: Option<SetupConfig>,
    hosts: Hosts,
    pub(crate) launcher: Launcher,
    pub(crate) rules: PathRules,
    /// Where content of holdouts is found on disk.
    holdout_places: Vec<PathBuf>,
    /// What was ever a holdout in the repository, once that has been read: commits come while a run goes on, but the
    /// holdouts that its base and the disk have are read each time.
    past: Mutex<Option<HashSet<Oid>>>,
    /// Paths at which `setup` puts links, relative to the repository's root.
    links: BTreeSet<Vec<u8>>,
}

impl GitWorkspaces {
    /// Makes the cache directory if it is missing. Nothing is read from the repository yet.
    ///
    /// # Errors
    /// [`WorkspaceError::Io`] if the cache cannot be made, or is inside the repository that is to be kept out of it.
    pub fn new(config: WorkspaceConfig) -> Result<Self, WorkspaceError> {
        let WorkspaceConfig { project, cache, holdout_paths, holdout_dirs, setup, hosts, launcher } = config;
        let making = "making the cache directory";
        std::fs::create_dir_all(&cache).map_err(error::io(making))?;
        let cache = cache.canonicalize().map_err(error::io(making))?;
        let repository = open(&project)?;
        let around = Repository::discover(&cache);
        let is_same = around.is_ok_and(|around| around.commondir() == repository.commondir());
        if is_same || cache.starts_with(project.root()) {
            return Err(WorkspaceError::Io {
                action: format!("using `{}` for checkouts", cache.display()),
                source: format!("it is inside the repository `{}`", project.root().display()).into(),
            });
        }
        let Hiding { rules, places: holdout_places } = Hiding::of(&project, holdout_paths, holdout_dirs);
        let keep = setup.iter().flat_map(|setup| &setup.keep);
        let links =
            keep.map(|path| setup::in_repository(project.subdirectory(), path).into_bytes()).collect();
        let past = Mutex::default();
        let inner = Inner { project, cache, setup, hosts, launcher, rules, holdout_places, past, links };
        Ok(Self { inner: Arc::new(inner), named: Arc::default() })
    }

    /// What a patch may touch.
    fn rules(&self) -> PathRules {
        self.inner.rules.naming(&self.named)
    }
}

#[async_trait]
impl Workspaces for GitWorkspaces {
    fn naming(self: Arc<Self>, protected: &[String]) -> Arc<dyn Workspaces> {
        Arc::new(Self { inner: Arc::clone(&self.inner), named: protected.into() })
    }

    async fn seal(
        &self,
        effect: &EffectId,
        base: &GitOid,
        patch: Option<(&Patch, &Contents)>,
    ) -> Result<Checkout, WorkspaceError> {
        let ready = match &self.inner.setup {
            Some(config) => Some(setup::prepare(&self.inner, config, effect, base).await?),
            None => None,
        };
        let inner = Arc::clone(&self.inner);
        let (effect, base) = (effect.clone(), base.clone());
        let patch = patch.map(|(patch, contents)| (patch.clone(), contents.clone()));
        let rules = self.rules();
        blocking(move || inner.seal(&effect, &base, patch.as_ref(), &rules, ready)).await
    }

    async fn extract(&self, checkout: &Checkout, base: &GitOid) -> Result<(Patch, Contents), WorkspaceError> {
        let inner = Arc::clone(&self.inner);
        let (root, base, rules) = (checkout.root.clone(), base.clone(), self.rules());
        blocking(move || inner.extract(root, &base, &rules)).await
    }

    async fn diff(
        &self,
        base: &GitOid,
        patch: &Patch,
        contents: &Contents,
    ) -> Result<String, WorkspaceError> {
        let inner = Arc::clone(&self.inner);
        let (base, patch, contents) = (base.clone(), patch.clone(), contents.clone());
        blocking(move || {
            let repository = open(&inner.project)?;
            let listing = tree::list(&repository, &base, &inner.rules)?;
            diff::diff(&repository, &listing, &patch, &contents)
        })
        .await
    }

    async fn tip(&self, branch: Option<&str>) -> Result<Option<GitOid>, WorkspaceError> {
        let Some(branch) = branch.map(str::to_owned) else { return Ok(None) };
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let repository = open(&inner.project)?;
            let tip = land::find(&repository, &branch)?;
            Ok(tip.map(|commit| project::oid_of(commit.id())))
        })
        .await
    }

    async fn rebase(
        &self,
        patch: &Patch,
        contents: &Contents,
        from: &GitOid,
        onto: &GitOid,
    ) -> Result<Rebased, WorkspaceError> {
        let inner = Arc::clone(&self.inner);
        let (patch, contents, from, onto) = (patch.clone(), contents.clone(), from.clone(), onto.clone());
        let rules = self.rules();
        blocking(move || {
            let repository = open(&inner.project)?;
            rebase::rebase(&repository, &patch, &contents, &from, &onto, &rules)
        })
        .await
    }

    async fn landed(&self, effect: &EffectId, slug: &str) -> Result<bool, WorkspaceError> {
        let inner = Arc::clone(&self.inner);
        let (effect, slug) = (effect.clone(), slug.to_owned());
        blocking(move || land::has_landed(&open(&inner.project)?, &effect, &slug)).await
    }

    async fn land(&self, landing: Landing<'_>) -> Result<Merge, WorkspaceError> {
        let inner = Arc::clone(&self.inner);
        let order = Order {
            effect: landing.effect.clone(),
            base: landing.base.clone(),
            patch: landing.patch.clone(),
            contents: landing.contents.clone(),
            slug: landing.slug.to_owned(),
            message: landing.message,
            trailers: landing.trailers,
        };
        let rules = self.rules();
        blocking(move || land::land(&open(&inner.project)?, &order, &rules, &inner.cache)).await
    }
}

impl Inner {
    /// Every blob that was ever at a hidden path.
    fn past(&self, repository: &Repository) -> Result<HashSet<Oid>, WorkspaceError> {
        let mut known = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        Ok(known.insert(past::hidden(repository, &self.rules)?).clone())
    }

    /// A sealed checkout, with links to what `[setup]` keeps if that has run. `rules` say what the patch may touch.
    pub(crate) fn seal(
        &self,
        effect: &EffectId,
        base: &GitOid,
        patch: Option<&(Patch, Contents)>,
        rules: &PathRules,
        ready: Option<Ready>,
    ) -> Result<Checkout, WorkspaceError> {
        let repository = open(&self.project)?;
        let listing = tree::list(&repository, base, &self.rules)?;
        let mut hidden = self.past(&repository)?;
        hidden.extend(&listing.hidden);
        let holdouts = HoldoutBlobs::collect(hidden, &self.holdout_places)?;
        let folder = Folder::create(&self.cache, effect)?;
        let root = folder.repository();
        let mut sealed = Sealed::create(&repository, &listing, &self.rules, &holdouts, &root)?;
        if let Some((patch, contents)) = patch {
            apply::apply(&mut sealed, &root, patch, contents, rules, &holdouts)?;
        }
        let project = root.join(self.project.subdirectory());
        let mut exclude = Vec::new();
        let mut environment = BTreeMap::new();
        let mut dependencies = None;
        if let Some(ready) = ready {
            ready.link(&project)?;
            exclude = ready
                .keep
                .iter()
                .map(|path| setup::in_repository(self.project.subdirectory(), path))
                .collect();
            environment = ready.environment;
            dependencies = Some(ready.folder);
        }
        sealed.finish(&exclude)?;
        let hosts = self.hosts.of(&effect.stage);
        let proof = proof::prove(&root, &holdouts, self.confined())?;
        let proof =
            SealProof { hosts: hosts.clone(), setup: self.setup.as_ref().map(SetupConfig::reach), ..proof };
        Ok(Checkout {
            root,
            project,
            scratch: folder.scratch(),
            environment,
            dependencies,
            hosts,
            proof,
            guard: Box::new(folder),
        })
    }

    /// How commands in checkouts are confined.
    fn confined(&self) -> String {
        match self.launcher.sandbox() {
            Some(sandbox) => sandbox.profile().to_string(),
            None => "not at all".to_owned(),
        }
    }

    fn extract(
        &self,
        root: PathBuf,
        base: &GitOid,
        rules: &PathRules,
    ) -> Result<(Patch, Contents), WorkspaceError> {
        let repository = open(&self.project)?;
        let listing = tree::list(&repository, base, &self.rules)?;
        let place = root.parent().expect("a checkout is in a folder of its own");
        let ignore = IgnoreRules::of_base(&repository, &listing, place)?;
        let base =
            Base { repository: &repository, listing: &listing, ignore: &ignore, rules, links: &self.links };
        extract::extract(&base, &root)
    }

    /// The commit's visible files.
    pub(crate) fn list(&self, base: &GitOid) -> Result<(Repository, tree::Listing), WorkspaceError> {
        let repository = open(&self.project)?;
        let listing = tree::list(&repository, base, &self.rules)?;
        Ok((repository, listing))
    }
}

/// What is hidden in a project.
struct Hiding {
    rules: PathRules,
    /// Where content of holdouts is found on disk.
    places: Vec<PathBuf>,
}

impl Hiding {
    /// See [`WorkspaceConfig`] for the two lists.
    fn of(project: &Project, mut holdout_paths: Vec<String>, holdout_dirs: Vec<PathBuf>) -> Self {
        holdout_paths.extend(holdout_dirs.iter().filter_map(|folder| inside(project, folder)));
        let mut places = holdout_dirs;
        places.extend(holdout_paths.iter().map(|path| project.root().join(path)));
        Self { rules: PathRules::new(&holdout_paths, project.subdirectory()), places }
    }
}

/// Where a folder is in the project's repository, relative to its root, if it is in there.
pub fn inside(project: &Project, folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.strip_prefix(project.root()).ok().map(|inside| inside.to_string_lossy().into_owned())
}

/// Whether a commit could be sealed: all that is asked of it when a checkout is made, without making one.
///
/// # Errors
/// [`WorkspaceError::Refused`] for the first file that cannot be carried over.
pub fn check_base(
    project: &Project,
    holdout_dirs: Vec<PathBuf>,
    base: &GitOid,
) -> Result<(), WorkspaceError> {
    let Hiding { rules, places } = Hiding::of(project, Vec::new(), holdout_dirs);
    let repository = open(project)?;
    let listing = tree::list(&repository, base, &rules)?;
    let mut hidden = past::hidden(&repository, &rules)?;
    hidden.extend(&listing.hidden);
    let holdouts = HoldoutBlobs::collect(hidden, &places)?;
    seal::check(&repository, &listing, &rules, &holdouts)
}

fn open(project: &Project) -> Result<Repository, WorkspaceError> {
    project.open().map_err(|source| WorkspaceError::Io {
        action: "opening the project's repository".to_owned(),
        source: source.into(),
    })
}

/// Runs what blocks where it may. It runs to its end even if nobody waits for it any more.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WorkspaceError> + Send + 'static,
) -> Result<T, WorkspaceError> {
    match task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => panic::resume_unwind(panic),
            Err(cancelled) => Err(WorkspaceError::Io {
                action: "working on a checkout".to_owned(),
                source: cancelled.into(),
            }),
        },
    }
}
