//! `[deploy]` of `factory.toml`: how to build, start and configure the candidate.

use std::collections::BTreeMap;
use std::path::{Component, PathBuf};
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

/// How the candidate is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeployConfig {
    /// A shell command that prepares the project before it can be started; run once.
    #[serde(default)]
    pub build: Option<String>,
    /// How long the build may take, in seconds.
    #[serde(default = "ten_minutes")]
    pub build_timeout_seconds: u64,
    /// The shell command that starts the service in the foreground. `exec` is not needed. Without it the candidate is no
    /// service: scenarios run its commands, in the scratch folder.
    #[serde(default)]
    pub command: Option<String>,
    /// Folders of the built project that are put in front of `PATH`, for the service and for the commands of scenarios.
    #[serde(default)]
    pub path: Vec<PathBuf>,
    /// A path that is answered with any status below 500 once the service is ready, or `tcp` if it is ready when it
    /// takes connections.
    #[serde(default = "root")]
    pub ready: String,
    /// How long that may take, in seconds.
    #[serde(default = "twenty")]
    pub ready_timeout_seconds: u64,
    /// How long a command of a scenario may run, in seconds.
    #[serde(default = "thirty")]
    pub command_timeout_seconds: u64,
    /// How much the candidate may write in one scenario run, in MiB.
    #[serde(default = "a_gibibyte")]
    pub scratch_mib: u64,
    /// Environment variables beside the fixed ones, with placeholders such as `${port}`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// How the service's clock is moved.
    #[serde(default)]
    pub clock: ClockChoice,
}

fn root() -> String {
    "/".to_owned()
}

fn ten_minutes() -> u64 {
    600
}

fn twenty() -> u64 {
    20
}

fn thirty() -> u64 {
    30
}

fn a_gibibyte() -> u64 {
    1024
}

/// How the service's clock is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockChoice {
    /// By the hook if `${clock.offset_file}` is used, otherwise by libfaketime if it is installed.
    #[default]
    Auto,
    /// By libfaketime, which works for dynamically linked programs.
    LibFaketime,
    /// By the project's own hook: it adds the seconds in `${clock.offset_file}` to the time.
    Hook,
    /// Not at all.
    None,
}

/// What is wrong with a `[deploy]` table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A placeholder that does not exist.
    #[error("`{place}` has the unknown placeholder `${{{name}}}`; known are {known}")]
    Placeholder {
        /// `command`, `build` or the name of the variable.
        place: String,
        /// The name in it.
        name: String,
        /// Those that exist.
        known: String,
    },
    /// The check for readiness is neither a path nor `tcp`.
    #[error("`ready` is `{ready}`; it has to be a path that begins with `/`, or `tcp`")]
    Ready {
        /// What it is.
        ready: String,
    },
    /// The hook is asked for and nothing uses it.
    #[error("`clock` is `hook`, but nothing uses `${{clock.offset_file}}`")]
    NoHook,
    /// There is a command that is none.
    #[error("`command` is empty; a project that is no service has none")]
    NoCommand,
    /// A folder of `path` leads out of the project.
    #[error("`path` names `{}`, which is not inside of the project", path.display())]
    Outside {
        /// The folder.
        path: PathBuf,
    },
}

/// The placeholders that may be used.
const KNOWN: &[&str] =
    &["port", "url", "scratch", "project", "smtp.host", "smtp.port", "clock.offset_file", "PATH"];

static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\$\{([^}]*)\}").expect("the pattern is fixed"));

impl DeployConfig {
    /// Whether everything in it has a meaning.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.command.as_ref().is_some_and(|command| command.trim().is_empty()) {
            return Err(ConfigError::NoCommand);
        }
        let inside = |path: &PathBuf| {
            path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        };
        if let Some(path) = self.path.iter().find(|path| !inside(path)) {
            return Err(ConfigError::Outside { path: path.clone() });
        }
        if !self.ready.starts_with('/') && self.ready != "tcp" {
            return Err(ConfigError::Ready { ready: self.ready.clone() });
        }
        for (place, text) in self.texts() {
            if let Some(name) = names(text).find(|name| !KNOWN.contains(&name.as_str())) {
                let known: Vec<_> = KNOWN.iter().map(|known| format!("`${{{known}}}`")).collect();
                return Err(ConfigError::Placeholder {
                    place: place.to_owned(),
                    name,
                    known: known.join(", "),
                });
            }
        }
        if self.clock == ClockChoice::Hook && !self.has_hook() {
            return Err(ConfigError::NoHook);
        }
        Ok(())
    }

    /// Whether the candidate is a service, which requests can be sent to.
    pub fn is_service(&self) -> bool {
        self.command.is_some()
    }

    /// Whether the project has declared a clock hook.
    pub fn has_hook(&self) -> bool {
        self.texts().any(|(_, text)| names(text).any(|name| name == "clock.offset_file"))
    }

    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let command = self.command.as_deref().map(|command| ("command", command));
        command
            .into_iter()
            .chain(self.build.as_deref().map(|build| ("build", build)))
            .chain(self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

fn names(text: &str) -> impl Iterator<Item = String> {
    PLACEHOLDER.captures_iter(text).map(|found| found[1].to_owned())
}

/// What the placeholders stand for in one deployment.
#[derive(Debug, Clone)]
pub(crate) struct Placeholders {
    values: BTreeMap<&'static str, String>,
}

impl Placeholders {
    pub(crate) fn new(values: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Placeholders { values: values.into_iter().collect() }
    }

    /// The text with values in place of placeholders. Unknown ones, which `DeployConfig::check` refuses, stay.
    pub(crate) fn fill(&self, text: &str) -> String {
        PLACEHOLDER
            .replace_all(text, |found: &Captures<'_>| {
                self.values.get(&found[1]).cloned().unwrap_or_else(|| found[0].to_owned())
            })
            .into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> DeployConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn has_defaults_and_refuses_unknown_keys() {
        let config = config("command = 'run'");
        assert_eq!((config.ready.as_str(), config.ready_timeout_seconds), ("/", 20));
        assert_eq!(config.clock, ClockChoice::Auto);
        assert_eq!(config.check(), Ok(()));
        assert!(toml::from_str::<DeployConfig>("command = 'run'\ncomand = 'x'").is_err());
        assert_eq!(
            toml::from_str::<DeployConfig>("command = 'run'\nclock = 'libfaketime'").unwrap().clock,
            ClockChoice::LibFaketime
        );
    }

    #[test]
    fn names_what_is_unknown() {
        let error = config("command = 'run'\n[env]\nX = 'a ${prot}'").check().unwrap_err();
        assert!(
            error.to_string().starts_with("`X` has the unknown placeholder `${prot}`; known are `${port}`"),
            "{error}"
        );
        assert_eq!(config("command = ' '").check(), Err(ConfigError::NoCommand));
        assert_eq!(
            config("command = 'x'\nready = 'health'").check(),
            Err(ConfigError::Ready { ready: "health".to_owned() })
        );
        assert_eq!(config("command = 'x'\nclock = 'hook'").check(), Err(ConfigError::NoHook));
        assert_eq!(config("command = 'x'\nclock = 'hook'\nenv.T = '${clock.offset_file}'").check(), Ok(()));
    }

    #[test]
    fn a_project_may_be_no_service_and_brings_its_programs() {
        let none = config("path = ['target/debug', './bin']");
        assert_eq!((none.check(), none.is_service()), (Ok(()), false));
        for outside in ["/usr/bin", "../bin", "bin/../../x"] {
            let error = config(&format!("path = ['{outside}']")).check().unwrap_err();
            assert_eq!(error, ConfigError::Outside { path: outside.into() });
        }
    }

    #[test]
    fn fills_what_it_knows() {
        let placeholders = Placeholders::new([("port", "80".to_owned()), ("url", "http://h:80".to_owned())]);
        assert_eq!(
            placeholders.fill("${url}/x ${port} $port $HOME ${nope}"),
            "http://h:80/x 80 $port $HOME ${nope}"
        );
    }
}
