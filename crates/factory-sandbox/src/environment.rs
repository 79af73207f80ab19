//! The environment that a command gets: exactly what the caller puts in, nothing inherited.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::SandboxError;

/// Where programs are looked for if the caller has no usable `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Variables of a command, sorted by name. `Debug` shows the names only, because values may be secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// No variables at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The fixed base for tools, so that their output does not depend on who runs them or where.
    ///
    /// `scratch` becomes `HOME`, and `tmp` in it `TMPDIR`; both are made if missing, and a relative path is taken from
    /// the current directory. `PATH` is the only variable that is read from this process: its absolute entries, because
    /// a relative one would find programs in the command's working directory; and `RUSTUP_HOME` names rustup's toolchains,
    /// where there are any. Keys of model providers and the like never pass; what a tool needs beyond the base is added
    /// with [`Environment::with`].
    ///
    /// # Errors
    /// [`SandboxError::Scratch`] if the directories cannot be made.
    pub fn tools(scratch: &Path) -> Result<Self, SandboxError> {
        let failed = |source| SandboxError::Scratch { path: scratch.to_owned(), source };
        let home = std::path::absolute(scratch).map_err(failed)?;
        let tmp = home.join("tmp");
        fs::create_dir_all(&tmp).map_err(failed)?;
        let mut environment = Self::empty();
        if let Some(rustup) = rustup_home() {
            environment = environment.with("RUSTUP_HOME", rustup);
        }
        Ok(environment
            .with("PATH", program_path(env::var_os("PATH").as_deref()))
            .with("HOME", home)
            .with("TMPDIR", tmp)
            .with("LANG", "C.UTF-8")
            .with("LC_ALL", "C.UTF-8")
            .with("TZ", "UTC")
            .with("NO_COLOR", "1")
            .with("PYTHONHASHSEED", "0")
            .with("PYTHONDONTWRITEBYTECODE", "1")
            .with("GIT_CONFIG_GLOBAL", "/dev/null")
            .with("GIT_CONFIG_SYSTEM", "/dev/null")
            .with("GIT_TERMINAL_PROMPT", "0"))
    }

    /// The same with one variable added or replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The value of a variable.
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.variables.get(name.as_ref()).map(OsString::as_os_str)
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// Where rustup keeps its toolchains, if it does: `cargo` and `rustc` on the `PATH` are often its proxies, which look below
/// `HOME` unless they are told.
fn rustup_home() -> Option<OsString> {
    let named = env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let usual = env::home_dir().map(|home| home.join(".rustup"));
    named.or(usual).filter(|folder| folder.is_absolute() && folder.is_dir()).map(OsString::from)
}

/// The absolute entries of a `PATH`, or the default if there are none.
fn program_path(path: Option<&OsStr>) -> OsString {
    let absolute = env::split_paths(path.unwrap_or_default()).filter(|entry| entry.is_absolute());
    let joined = env::join_paths(absolute).expect("entries that were split at colons contain none");
    if joined.is_empty() { DEFAULT_PATH.into() } else { joined }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn relative_path_entries_are_left_out() {
        let path = OsStr::new(".:/opt/bin::tools/bin:/usr/bin:");
        assert_eq!(program_path(Some(path)), "/opt/bin:/usr/bin");
    }

    #[test]
    fn a_path_without_absolute_entries_is_replaced() {
        for path in [None, Some(""), Some("."), Some("bin:../bin")] {
            assert_eq!(program_path(path.map(OsStr::new)), DEFAULT_PATH);
        }
    }

    #[test]
    fn tools_is_the_documented_set_and_makes_its_directories() {
        let scratch = tempfile::tempdir().unwrap();
        let home = scratch.path().join("a/b");
        let environment = Environment::tools(&home).unwrap();
        let names = environment.iter().map(|(name, _)| name.to_str().unwrap());
        // There on a machine with rustup only.
        let names: Vec<_> = names.filter(|name| *name != "RUSTUP_HOME").collect();
        assert_eq!(
            names,
            [
                "GIT_CONFIG_GLOBAL",
                "GIT_CONFIG_SYSTEM",
                "GIT_TERMINAL_PROMPT",
                "HOME",
                "LANG",
                "LC_ALL",
                "NO_COLOR",
                "PATH",
                "PYTHONDONTWRITEBYTECODE",
                "PYTHONHASHSEED",
                "TMPDIR",
                "TZ",
            ]
        );
        assert_eq!(environment.get("HOME"), Some(home.as_os_str()));
        assert!(Path::new(environment.get("TMPDIR").unwrap()).is_dir());
    }

    #[test]
    fn debug_shows_no_values() {
        let environment = Environment::empty().with("OPENAI_API_KEY", "sk-secret");
        assert_eq!(format!("{environment:?}"), r#"{"OPENAI_API_KEY"}"#);
    }
}
