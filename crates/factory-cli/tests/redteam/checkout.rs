//! What an attack is put into: a sealed checkout of a project, or what others would use in its place.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use factory_core::ids::{Attempt, EffectId, GitOid};
use factory_engine::port::workspace::{Checkout, WorkspaceError, Workspaces};
use factory_sandbox::Launcher;
use factory_workspace::{GitWorkspaces, Project, WorkspaceConfig};
use tokio::time;

use crate::attack::Instead;
use crate::stage::Place;

/// Git without anything of whoever runs this, and with what attacks on it need.
pub(crate) const GIT: [(&str, &str); 8] = [
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_SYSTEM", "/dev/null"),
    // No hooks of examples.
    ("GIT_TEMPLATE_DIR", ""),
    ("GIT_AUTHOR_NAME", "Ada"),
    ("GIT_AUTHOR_EMAIL", "ada@example.test"),
    ("GIT_COMMITTER_NAME", "Ada"),
    ("GIT_COMMITTER_EMAIL", "ada@example.test"),
    ("LC_ALL", "C.UTF-8"),
];

/// Holdouts that are in the repository.
const HOLDOUT_PATHS: [&str; 2] = ["tests/holdouts", "pr\u{fc}fungen"];

/// How long it may take to take changes out.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where an attack works.
pub(crate) struct Given {
    pub(crate) root: PathBuf,
    pub(crate) scratch: PathBuf,
    /// Only if it is sealed.
    pub(crate) sealed: Option<Sealed>,
}

/// A checkout as implementers get it.
pub(crate) struct Sealed {
    workspaces: GitWorkspaces,
    checkout: Checkout,
    base: GitOid,
}

/// What was taken out of a checkout.
pub(crate) enum Taken {
    /// Paths and contents.
    Out(Vec<u8>),
    /// A path, and what is wrong with it.
    Refused(String),
    /// Whoever took it out waits to this day.
    Never,
}

impl Given {
    /// Takes the changes out, as it is done after every session; or, where nothing is sealed, as others would.
    pub(crate) async fn take_out(&self) -> Taken {
        let taking = async {
            match &self.sealed {
                Some(Sealed { workspaces, checkout, base }) => match workspaces.extract(checkout, base).await
                {
                    Ok((patch, contents)) => {
                        let paths =
                            patch.changes.iter().map(|change| format!("{}\n", change.path).into_bytes());
                        Taken::Out(
                            [paths.collect::<Vec<_>>().concat(), contents.into_values().flatten().collect()]
                                .concat(),
                        )
                    }
                    Err(
                        WorkspaceError::Refused { path, reason } | WorkspaceError::BadPatch { path, reason },
                    ) => Taken::Refused(format!("{path}: {reason}")),
                    Err(other) => panic!("{other:?}"),
                },
                None => {
                    let line = "git add -A; git diff --cached; git commit -qm change; git show HEAD; cp -rL . ../out; for f in $(git ls-files); do cat $f; done; find ../out -type f -exec cat {} +";
                    let mut shell = tokio::process::Command::new("/bin/sh");
                    shell.args(["-c", line]).current_dir(&self.root).envs(GIT).kill_on_drop(true);
                    let output = shell.output().await.unwrap();
                    Taken::Out([output.stdout, output.stderr].concat())
                }
            }
        };
        time::timeout(PATIENCE, taking).await.unwrap_or(Taken::Never)
    }
}

/// A repository with one commit, of which each attack that needs one gets a copy.
pub(crate) fn template(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    std::fs::write(folder.join("app.py"), "print('hello')\n").unwrap();
    std::fs::write(folder.join("factory.toml"), "schema = 1\n").unwrap();
    git(folder, &["init", "-q", "-b", "main"]);
    git(folder, &["add", "."]);
    git(folder, &["commit", "-qm", "first"]);
}

/// Makes the project such a repository, to which the attack's plant adds.
pub(crate) fn project(template: &Path, place: &Place) {
    let copied = Command::new("cp").arg("-a").arg(template.join(".")).arg(&place.project).status().unwrap();
    assert!(copied.success());
}

/// The sealed checkout, or which path of the project is refused and why.
pub(crate) async fn sealed(place: &Place, launcher: Launcher) -> Result<Given, String> {
    let project = Project::discover(&place.project).unwrap();
    let base = project.head().clone();
    let workspaces = GitWorkspaces::new(WorkspaceConfig {
        project,
        cache: place.cache.clone(),
        holdout_paths: HOLDOUT_PATHS.map(str::to_owned).to_vec(),
        holdout_dirs: vec![place.holdouts.clone()],
        setup: None,
        hosts: factory_workspace::Hosts::default(),
        launcher,
    });
    let effect =
        EffectId { run: "red-abc123".parse().unwrap(), stage: "build".parse().unwrap(), attempt: Attempt(1) };
    let workspaces = workspaces.unwrap();
    match workspaces.seal(&effect, &base, None).await {
        Ok(checkout) => {
            let (root, scratch) = (checkout.root.clone(), checkout.scratch.clone());
            Ok(Given { root, scratch, sealed: Some(Sealed { workspaces, checkout, base }) })
        }
        Err(WorkspaceError::Refused { path, reason }) => Err(format!("{path}: {reason}")),
        Err(other) => panic!("{other:?}"),
    }
}

/// A copy of the project as others would make it.
pub(crate) fn instead(place: &Place, how: Instead) -> Given {
    let root = place.cache.join("plain");
    let (from, to) = (place.project.to_str().unwrap(), root.to_str().unwrap());
    match how {
        Instead::Clone => git(&place.project, &["clone", "-q", from, to]),
        Instead::Shared => git(&place.project, &["clone", "-q", "--shared", from, to]),
        Instead::Worktree => git(&place.project, &["worktree", "add", "-q", "-b", "run", to]),
        Instead::Copy => {
            let copied = Command::new("cp").args(["-a", from, to]).status().unwrap();
            assert!(copied.success());
        }
    }
    let scratch = place.cache.join("plain-scratch");
    std::fs::create_dir_all(&scratch).unwrap();
    Given { root, scratch, sealed: None }
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git").args(arguments).current_dir(folder).envs(GIT).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
}
