//! `[setup]`: brings in what the project needs and its repository does not hold, once for each state of the lock files.
//!
//! `setup/<digest>/` in the cache is where the command works, at the path where its result stays, because virtual
//! environments and the like hold absolute paths. `.complete` in it is written last: a folder without it was left by a
//! process that failed or was killed, and is made again. `setup/<digest>.lock` is held meanwhile.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use factory_core::ids::{Digest, EffectId, GitOid};
use factory_engine::port::workspace::{Checkout, WorkspaceError};
use factory_sandbox::{Command, Environment, Limits, Network, toolchains};
use serde::{Deserialize, Serialize};

use crate::checkout;
use crate::error;
use crate::workspaces::{Inner, blocking};

/// Changes when a folder of an older factory cannot be used any more.
const FORMAT: u32 = 1;

const COMPLETE: &str = ".complete";
const SETTING_UP: &str = "preparing the folder of [setup]";

/// How much of the command's output an error shows, in bytes.
const SHOWN_BYTES: usize = 4_000;

/// What the command may have from this process's environment if it has the machine's network: the way out.
const PROXIES: [&str; 8] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// What it may have in any case: whom to trust, and where packages are.
const NETWORK: [&str; 10] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "PIP_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "NPM_CONFIG_REGISTRY",
    "GOPROXY",
];

/// The `[setup]` table of `factory.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupConfig {
    /// A line for `/bin/sh -c`, run in the project's folder of a sealed checkout. `${setup}` is replaced by
    /// the folder whose content later checkouts have.
    pub command: String,
    /// Files whose content decides whether it has to run again, such as lock files; relative to the project.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// Folders or files that the command makes in the project and later checkouts need there, such as `node_modules`;
    /// relative to the project. They are moved to `${setup}/keep`, and a checkout has links to them.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Added to the environment of the command, of tools and of the candidate. `${setup}` is replaced, and `${PATH}` by
    /// the caller's.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The hosts that the command may reach, `name:port` each, through a proxy and in no other way. Without this key it has
    /// the machine's network.
    #[serde(default)]
    pub allow: Option<Vec<String>>,
    /// How long it may take.
    #[serde(default = "ten_minutes")]
    pub timeout_seconds: u64,
}

impl SetupConfig {
    /// What the command can reach, in words.
    pub fn reach(&self) -> String {
        match self.allow.as_deref() {
            None => "the machine's network".to_owned(),
            Some([]) => "nothing".to_owned(),
            Some(hosts) => hosts.join(" "),
        }
    }
}

fn ten_minutes() -> u64 {
    600
}

/// What `[setup]` has made.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) folder: PathBuf,
    /// Relative to the project.
    pub(crate) keep: Vec<String>,
    /// With everything replaced.
    pub(crate) environment: BTreeMap<String, String>,
}

impl Ready {
    /// Links what is kept into a checkout's project folder.
    pub(crate) fn link(&self, project: &Path) -> Result<(), WorkspaceError> {
        for path in &self.keep {
            let link = project.join(path);
            let folder = link.parent().expect("a path in the project has a folder");
            fs::create_dir_all(folder)
                .and_then(|()| symlink(self.folder.join("keep").join(path), &link))
                .map_err(error::io("linking what [setup] keeps into the checkout"))?;
        }
        Ok(())
    }
}

/// A path of the project as one of the repository.
pub(crate) fn in_repository(subdirectory: &str, path: &str) -> String {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    if subdirectory.is_empty() { path.to_owned() } else { format!("{subdirectory}/{path}") }
}

/// Runs the command unless its result is there already.
///
/// # Errors
/// [`WorkspaceError::Setup`] if it fails, or does not fit the base.
pub(crate) async fn prepare(
    inner: &Arc<Inner>,
    config: &SetupConfig,
    effect: &EffectId,
    base: &GitOid,
) -> Result<Ready, WorkspaceError> {
    let place = inner.cache.join("setup");
    let name = {
        let (inner, config, base) = (Arc::clone(inner), config.clone(), base.clone());
        blocking(move || digest(&inner, &config, &base)).await?
    };
    let folder = place.join(name.as_str());
    let keep = config.keep.iter().map(|path| in_repository("", path)).collect();
    let ready = Ready { environment: environment(config, &folder), keep, folder };
    if ready.folder.join(COMPLETE).exists() {
        return Ok(ready);
    }
    let _lock = {
        let lock = place.join(format!("{name}.lock"));
        blocking(move || {
            fs::create_dir_all(&place).and_then(|()| checkout::lock(&lock)).map_err(error::io(SETTING_UP))
        })
        .await?
    };
    if !ready.folder.join(COMPLETE).exists() {
        build(inner, config, effect, base, &ready).await?;
    }
    Ok(ready)
}

/// Makes the folder, from nothing. Whoever calls holds its lock.
async fn build(
    inner: &Arc<Inner>,
    config: &SetupConfig,
    effect: &EffectId,
    base: &GitOid,
    ready: &Ready,
) -> Result<(), WorkspaceError> {
    let checkout = {
        let (inner, effect, base) = (Arc::clone(inner), effect.clone(), base.clone());
        let folder = ready.folder.clone();
        blocking(move || {
            checkout::remove_tree(&folder)
                .and_then(|()| fs::create_dir_all(folder.join("keep")))
                .map_err(error::io(SETTING_UP))?;
            inner.seal(&effect, &base, None, &inner.rules, None)
        })
        .await?
    };
    run(inner, config, ready, &checkout).await?;
    let folder = ready.folder.clone();
    let keep = ready.keep.clone();
    blocking(move || {
        for path in &keep {
            take(&checkout.project.join(path), &folder.join("keep").join(path), path)?;
        }
        File::create(folder.join(COMPLETE))
            .and_then(|marker| marker.sync_all())
            .map_err(error::io(SETTING_UP))
    })
    .await
}

async fn run(
    inner: &Inner,
    config: &SetupConfig,
    ready: &Ready,
    checkout: &Checkout,
) -> Result<(), WorkspaceError> {
    let not_run = |source| WorkspaceError::Io {
        action: "running the command of [setup]".to_owned(),
        source: Box::new(source),
    };
    let mut environment = Environment::tools(&checkout.scratch).map_err(not_run)?;
    // Where there is a proxy of ours, there is no way past it.
    let proxies = if config.allow.is_none() { &PROXIES[..] } else { &[] };
    for name in proxies.iter().chain(&NETWORK) {
        if let Some(value) = env::var_os(name) {
            environment = environment.with(name, value);
        }
    }
    for (name, value) in &ready.environment {
        environment = environment.with(name, value);
    }
    let line = config.command.replace("${setup}", &ready.folder.to_string_lossy());
    let limits = Limits { wall: Duration::from_secs(config.timeout_seconds), ..Limits::default() };
    let command = Command::shell(line)
        .cwd(&checkout.project)
        .environment(environment)
        .limits(limits)
        .merge_output(true)
        .write(&checkout.root)
        .write(&checkout.scratch)
        .write(&ready.folder);
    let command = match &config.allow {
        None => command.network(Network::Host),
        Some(hosts) => {
            // As with the machine's network: what fetches packages is to find the mirrors.
            let configuration = toolchains::package_configuration();
            configuration.into_iter().fold(command.allow(hosts).map_err(not_run)?, Command::read)
        }
    };
    let finished = inner.launcher.run(command).await.map_err(not_run)?;
    if finished.end.success() {
        return Ok(());
    }
    let output = finished.stdout.text();
    let contacts = finished.contacts().map_or(String::new(), |contacts| format!("\n[{contacts}]"));
    let detail = format!("`{}`: {}\n{}{contacts}", config.command, finished.end, end_of(output.trim_end()));
    Err(WorkspaceError::Setup { detail: detail.trim_end().to_owned() })
}

/// Moves what is kept out of the checkout in which it was made.
fn take(from: &Path, to: &Path, path: &str) -> Result<(), WorkspaceError> {
    if fs::symlink_metadata(from).is_err() {
        return Err(WorkspaceError::Setup {
            detail: format!("the command did not make `{path}`, which `keep` names"),
        });
    }
    let folder = to.parent().expect("a kept path has a folder");
    fs::create_dir_all(folder)
        .and_then(|()| fs::rename(from, to))
        .map_err(error::io("moving what [setup] keeps"))
}

/// What the result depends on. The repository is part of it: its own code may have run, and no other project's should
/// see what that made.
#[derive(Serialize)]
struct Key<'a> {
    format: u32,
    repository: &'a Path,
    subdirectory: &'a str,
    command: &'a str,
    keep: &'a [String],
    env: &'a BTreeMap<String, String>,
    /// What came in over the machine's network is not what comes in without.
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<&'a [String]>,
    inputs: BTreeMap<&'a str, Digest>,
}

fn digest(inner: &Inner, config: &SetupConfig, base: &GitOid) -> Result<Digest, WorkspaceError> {
    let subdirectory = inner.project.subdirectory();
    let (repository, listing) = inner.list(base)?;
    for path in &config.keep {
        let tracked = in_repository(subdirectory, path).into_bytes();
        if in_repository("", path).split('/').any(|name| matches!(name, "" | "." | "..")) {
            return Err(WorkspaceError::Setup {
                detail: format!("`{path}` in `keep` is not a path in the project"),
            });
        }
        if listing.visible.contains_key(&tracked) || listing.has_folder(&tracked) {
            return Err(WorkspaceError::Setup { detail: format!("`{path}` in `keep` is tracked by git") });
        }
    }
    let mut inputs = BTreeMap::new();
    for path in &config.inputs {
        let Some(entry) = listing.visible.get(in_repository(subdirectory, path).as_bytes()) else {
            return Err(WorkspaceError::Setup {
                detail: format!("`{path}` in `inputs` is not a file of the base commit"),
            });
        };
        let blob = repository.find_blob(entry.blob).map_err(error::git("reading an input of [setup]"))?;
        inputs.insert(path.as_str(), Digest::of(blob.content()));
    }
    let key = Key {
        format: FORMAT,
        repository: inner.project.root(),
        subdirectory,
        command: &config.command,
        keep: &config.keep,
        env: &config.env,
        allow: config.allow.as_deref(),
        inputs,
    };
    let key = serde_json::to_vec(&key)
        .map_err(|source| WorkspaceError::Io { action: SETTING_UP.to_owned(), source: source.into() })?;
    Ok(Digest::of(&key))
}

fn environment(config: &SetupConfig, folder: &Path) -> BTreeMap<String, String> {
    let path = env::var("PATH").unwrap_or_default();
    let folder = folder.to_string_lossy();
    let replaced = |value: &String| value.replace("${setup}", &folder).replace("${PATH}", &path);
    config.env.iter().map(|(name, value)| (name.clone(), replaced(value))).collect()
}

/// The last lines of an output.
fn end_of(output: &str) -> &str {
    let start = output.len().saturating_sub(SHOWN_BYTES);
    let start = (start..=output.len()).find(|at| output.is_char_boundary(*at)).unwrap_or(output.len());
    &output[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_output_begins_with_a_whole_character() {
        let output = format!("{}x", "é".repeat(SHOWN_BYTES));
        assert_eq!(end_of(&output).len(), SHOWN_BYTES - 1);
        assert_eq!(end_of("short"), "short");
    }

    #[test]
    fn paths_of_the_project_are_paths_of_the_repository() {
        assert_eq!(in_repository("", "./node_modules/"), "node_modules");
        assert_eq!(in_repository("services/mail", "node_modules"), "services/mail/node_modules");
    }
}
