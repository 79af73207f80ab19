//! Checkouts without holdouts, patches out of them, and the merge.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use factory_core::artifact::{Merge, Patch};
use factory_core::ids::{Digest, EffectId, GitOid};

/// A fresh repository with one root commit: the base commit's tree without the holdout paths, a patch applied or not.
/// Removed when dropped.
#[derive(Debug)]
pub struct Checkout {
    /// The repository's work tree.
    pub root: PathBuf,
    /// The project inside it: the folder of `factory.toml`. The same as `root` unless the project is in a subdirectory.
    pub project: PathBuf,
    /// A folder for temporary files beside it, its own.
    pub scratch: PathBuf,
    /// What `[setup]` adds to the environment of tools, checks and the candidate.
    pub environment: BTreeMap<String, String>,
    /// The folder of what `[setup]` made, which all of them may read. The same for many checkouts.
    pub dependencies: Option<PathBuf>,
    /// The hosts that commands in it may reach, `name:port` each; none, unless the project says so for this stage.
    pub hosts: Vec<String>,
    /// What was looked at before it was handed out.
    pub proof: SealProof,
    /// Removes the folders when dropped.
    pub guard: Box<dyn Guard>,
}

/// The proof of a sealed checkout: its repository has no object but those that its one commit and its index refer to, and
/// none of them is a holdout's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealProof {
    /// How many objects the repository has.
    pub objects: u64,
    /// SHA-256 of their ids, sorted, in hexadecimal, each followed by a line feed.
    pub digest: Digest,
    /// How many different blobs of holdouts they were held against.
    pub holdouts: u64,
    /// How commands in the checkout are confined, in words.
    pub confined: String,
    /// What they can reach beside their own loopback.
    pub hosts: Vec<String>,
    /// What the command of `[setup]` could reach, in words; nothing where there is none.
    pub setup: Option<String>,
}

impl SealProof {
    /// What is kept with what was made in the checkout: whoever seals the same base and patch gets the same first two
    /// lines. The others say how commands were confined, what they could reach, and what the command of `[setup]` could, so
    /// that nobody has to take that on trust later.
    pub fn text(&self) -> String {
        let Self { objects, digest, holdouts, confined, hosts, setup } = self;
        let setup = setup.as_deref().unwrap_or("none");
        let hosts = if hosts.is_empty() { "none".to_owned() } else { hosts.join(" ") };
        format!(
            "factory seal 3\nobjects {objects} {digest}\nholdouts {holdouts}\nconfined {confined}\nhosts {hosts}\nsetup {setup}\n"
        )
    }
}

/// Something that cleans up when it is dropped.
pub trait Guard: std::fmt::Debug + Send + Sync {}

/// What the workspace could not do.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// Something in the tree cannot be carried into a sealed checkout.
    #[error("`{path}` cannot go into a sealed checkout: {reason}")]
    Refused {
        /// The path in the repository.
        path: String,
        /// Why.
        reason: String,
    },
    /// The patch touches what no implementer may touch, or only one whose specification names it, or is not a patch.
    #[error("the patch cannot be taken: `{path}` {reason}")]
    BadPatch {
        /// The path in the checkout.
        path: String,
        /// Why.
        reason: String,
    },
    /// `[setup]` failed.
    #[error("the project's [setup] failed: {detail}")]
    Setup {
        /// The command, how it ended and the end of what it printed.
        detail: String,
    },
    /// The device is full.
    #[error("no space is left on the device")]
    Full(#[source] std::io::Error),
    /// git or the file system said no.
    #[error("{action} failed")]
    Io {
        /// What was tried, such as `writing the checkout`.
        action: String,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Content of the files that a patch writes, by digest.
pub type Contents = BTreeMap<Digest, Vec<u8>>;

/// What is to be merged.
pub struct Landing<'a> {
    /// The performance it belongs to; written into the commit, and looked up before another is made.
    pub effect: &'a EffectId,
    /// The commit that the patch applies to.
    pub base: &'a GitOid,
    /// The patch.
    pub patch: &'a Patch,
    /// The content of the files it writes.
    pub contents: &'a Contents,
    /// The short name of the specification: the branch is `factory/<slug>`, or `factory/<run>` where that is taken.
    pub slug: &'a str,
    /// The commit message, without trailers.
    pub message: String,
    /// Trailers, in order.
    pub trailers: Vec<(String, String)>,
}

/// What became of a patch that was carried to another base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebased {
    /// It fits the other base.
    Clean {
        /// The patch against that base: sorted, and without what the base already has, so it may be empty. It touches no
        /// path that the original did not touch.
        patch: Patch,
        /// The content of the files it writes, and nothing else.
        contents: Contents,
    },
    /// Both sides changed the same thing, each in its own way. There is no half-merged result.
    Conflict {
        /// The patch's paths that cannot be carried over, sorted.
        paths: Vec<String>,
    },
}

/// Sealed checkouts and the way back from them.
#[async_trait]
pub trait Workspaces: Send + Sync {
    /// The same, for a specification that names these protected paths ([`factory_core::protected::named`]): patches may
    /// touch them, and no other. Whoever does not ask for it takes no patch that touches any.
    fn naming(self: Arc<Self>, protected: &[String]) -> Arc<dyn Workspaces>;

    /// A fresh sealed checkout of `base`, with `patch` applied if there is one. Dependencies by `[setup]` are in place.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    async fn seal(
        &self,
        effect: &EffectId,
        base: &GitOid,
        patch: Option<(&Patch, &Contents)>,
    ) -> Result<Checkout, WorkspaceError>;

    /// What has changed in the checkout against `base`, found by walking its files; its `.git` is not opened.
    ///
    /// # Errors
    /// [`WorkspaceError::BadPatch`] for links out of the tree, special files and protected paths.
    async fn extract(&self, checkout: &Checkout, base: &GitOid) -> Result<(Patch, Contents), WorkspaceError>;

    /// The patch as a unified diff, for people and reviewers.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    async fn diff(&self, base: &GitOid, patch: &Patch, contents: &Contents)
    -> Result<String, WorkspaceError>;

    /// The commit that work should now start from: the tip of `branch`, a short local name such as `main`. `None` when
    /// there is no such branch any more, or `branch` is `None`.
    ///
    /// Nothing is fetched. The tip need not descend from an earlier one: people rewrite branches.
    ///
    /// # Errors
    /// [`WorkspaceError::Io`].
    async fn tip(&self, branch: Option<&str>) -> Result<Option<GitOid>, WorkspaceError>;

    /// Carries a patch that was made against `from` to `onto`, by a three-way merge of each file: the ancestor is the
    /// file in `from`, one side the file in `onto`, the other the file that the patch makes. Files that the patch does
    /// not touch are `onto`'s. Renames are not followed: a file that was moved in `onto` counts as deleted there, so a
    /// patch that edits it conflicts, and the paths of the result are always among those of the original.
    ///
    /// Nothing is written anywhere. A clean result says that the texts can be joined, not that the outcome works: it is
    /// another patch against another base, and nothing that was found out about the original is known of it.
    ///
    /// # Errors
    /// [`WorkspaceError::BadPatch`] for a patch that does not fit `from`, or touches what no implementer may touch.
    async fn rebase(
        &self,
        patch: &Patch,
        contents: &Contents,
        from: &GitOid,
        onto: &GitOid,
    ) -> Result<Rebased, WorkspaceError>;

    /// Whether this very effect has landed already: the commit that [`Workspaces::land`] would answer is there.
    ///
    /// # Errors
    /// [`WorkspaceError::Io`].
    async fn landed(&self, effect: &EffectId, slug: &str) -> Result<bool, WorkspaceError>;

    /// Commits base plus patch onto a branch of its own. The base need not be what the user has checked out.
    ///
    /// Asked again with the same effect, it answers the same commit, and says of its base and patch what that commit was
    /// made with, whatever is asked for now.
    ///
    /// # Errors
    /// [`WorkspaceError`]; [`WorkspaceError::BadPatch`] also for a patch that does not fit the base.
    async fn land(&self, landing: Landing<'_>) -> Result<Merge, WorkspaceError>;
}
