//! What a confined command may see and reach, and how that is enforced.

use std::fmt;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use crate::error::SandboxError;
use crate::proxy::Proxy;

/// How a command is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// A: namespaces of its own for users, mounts, processes, network, IPC, host name and control groups, with Landlock
    /// (where the kernel has it) and seccomp inside. What is not named does not exist.
    Namespaces,
    /// B, for machines without user namespaces: Landlock and seccomp. What is not named cannot be opened; that it is there
    /// can be seen.
    Landlock,
}

impl Profile {
    /// All profiles, the stronger one first.
    pub const ALL: [Profile; 2] = [Profile::Namespaces, Profile::Landlock];

    /// Its letter in the documentation.
    pub fn letter(self) -> char {
        match self {
            Profile::Namespaces => 'A',
            Profile::Landlock => 'B',
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Profile::Namespaces => "A (namespaces, Landlock, seccomp)",
            Profile::Landlock => "B (Landlock, seccomp)",
        })
    }
}

/// How a [`crate::Launcher`] confines: the profile, and what all its commands have in common.
///
/// Beside what is named here and by each command, a command can read the system's programs and libraries and the few files
/// of `/etc` that they need; see [`crate::toolchains`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sandbox {
    pub(crate) profile: Profile,
    pub(crate) read: Vec<PathBuf>,
    pub(crate) hidden: Vec<PathBuf>,
}

impl Sandbox {
    /// Only the system's programs and libraries, and the toolchains that the caller's `PATH` leads to.
    pub fn new(profile: Profile) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self { profile, read: crate::toolchains::readable(&path), hidden: Vec::new() }
    }

    /// Lets all commands read this file, or this folder and all below it, as well. A path that does not exist is left out.
    #[must_use]
    pub fn read(mut self, paths: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.read.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Keeps this file or folder from all commands even where it is inside of something that they can read, or is named for
    /// all of them itself. Profile B cannot do the former, and refuses such a command.
    #[must_use]
    pub fn hide(mut self, paths: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.hidden.extend(paths.into_iter().map(Into::into));
        self
    }

    /// How commands are confined.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// What hides this path from all commands: itself or a folder that it is in, by whatever links.
    pub fn hides(&self, path: &Path) -> Option<&Path> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let path = real(path);
        self.hidden.iter().map(PathBuf::as_path).find(|hidden| path.starts_with(real(hidden)))
    }
}

/// The network that a confined command has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// A loopback of its own, with nothing on it but its [`Door`]s (profile A); TCP to the named ports of the machine's
    /// loopback (profile B).
    #[default]
    Private,
    /// The machine's own, as it is: for fetching what a project needs.
    Host,
}

/// Puts something behind a door.
pub(crate) type Open = dyn Fn(TcpListener) -> Result<(), SandboxError> + Send + Sync;

/// A port of a command's loopback behind which the launcher's side answers.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) port: u16,
    pub(crate) open: Arc<Open>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Door({})", self.port)
    }
}

/// What one command may see and reach beside what its [`Sandbox`] allows to all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    pub(crate) read: Vec<PathBuf>,
    pub(crate) write: Vec<PathBuf>,
    pub(crate) network: Network,
    pub(crate) ports: Vec<u16>,
    pub(crate) doors: Vec<Door>,
    /// The proxies behind its doors, once they are open.
    pub(crate) proxies: Arc<Mutex<Vec<Proxy>>>,
}

/// The hidden path that a readable or writable one contains, if there is one.
pub(crate) fn contains_hidden<'a>(
    open: &'a [PathBuf],
    hidden: &'a [PathBuf],
) -> Option<(&'a Path, &'a Path)> {
    open.iter().find_map(|open| {
        let inside = hidden.iter().find(|hidden| hidden.starts_with(open))?;
        Some((open.as_path(), inside.as_path()))
    })
}
