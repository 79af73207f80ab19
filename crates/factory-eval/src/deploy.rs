//! One deployment of the candidate: its own folders, port, clock and mail server, gone with the value.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use factory_sandbox::{Command, End, Environment, Launcher, Limits, SandboxError, Service};
use factory_twin::{SmtpFault, SmtpTwin};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::clock::Clock;
use crate::config::{DeployConfig, Placeholders};
use crate::plan::Stop;
use crate::ports::PortLease;
use crate::run;

/// How often a deployment whose port was taken by somebody else is tried again with another.
const PORT_ATTEMPTS: usize = 4;
/// Bytes of a service's log that are kept.
const LOG_BYTES: usize = 8 * 1024 * 1024;
/// How long a service may live; a scenario that needs longer has other problems.
const LIFETIME: Duration = Duration::from_secs(600);
/// How long a service that is asked to end may take.
const GRACE: Duration = Duration::from_secs(3);
/// How long a build may take.
const BUILD: Duration = Duration::from_secs(600);
const POLL: Duration = Duration::from_millis(10);

/// Why there is no deployment.
#[derive(Debug)]
pub(crate) enum DeployFailure {
    /// The candidate is at fault; the detail may quote its output, so it stays on the evaluator's side.
    Application(String),
    /// The machine is.
    Infrastructure(String, Option<Box<dyn std::error::Error + Send + Sync>>),
}

fn infrastructure(
    detail: &str,
) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> DeployFailure + use<'_> {
    move |source| DeployFailure::Infrastructure(detail.to_owned(), Some(source))
}

/// What all deployments of one candidate have in common.
#[derive(Clone)]
pub(crate) struct Recipe {
    pub(crate) launcher: Launcher,
    pub(crate) config: DeployConfig,
    pub(crate) clock: Clock,
    /// What requests say that they come from.
    pub(crate) agent: String,
    /// The built project. Deployments only read it; where nothing confines them, each gets a copy.
    pub(crate) project: PathBuf,
    /// What the project's set-up made, if it has any.
    pub(crate) dependencies: Option<PathBuf>,
    /// The hosts that it may reach.
    pub(crate) hosts: Vec<String>,
    /// Variables that the project's set-up adds.
    pub(crate) environment: BTreeMap<String, String>,
    /// Where deployments get their folders.
    pub(crate) parent: PathBuf,
}

/// A running candidate.
pub(crate) struct Deployment {
    recipe: Recipe,
    lease: PortLease,
    smtp_lease: PortLease,
    pub(crate) smtp: Arc<SmtpTwin>,
    /// What it runs in.
    project: PathBuf,
    service: Option<Service>,
    logs: Vec<PathBuf>,
    offset: Duration,
    folders: Folders,
}

struct Folders {
    // Dropped last: the service in them is gone by then, or as good as.
    root: TempDir,
}

impl Folders {
    fn new(parent: &Path) -> std::io::Result<Self> {
        let folders = Folders { root: TempDir::with_prefix_in("run-", parent)? };
        for folder in [folders.scratch(), folders.clock(), folders.home()] {
            std::fs::create_dir(folder)?;
        }
        Ok(folders)
    }

    fn scratch(&self) -> PathBuf {
        self.root.path().join("scratch")
    }

    fn clock(&self) -> PathBuf {
        self.root.path().join("clock")
    }

    fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }
}

impl Deployment {
    /// Starts the candidate on fresh data and waits until it is ready.
    pub(crate) async fn start(recipe: &Recipe) -> Result<Self, DeployFailure> {
        for _ in 1..PORT_ATTEMPTS {
            match Self::try_start(recipe).await? {
                Some(deployment) => return Ok(deployment),
                None => continue,
            }
        }
        match Self::try_start(recipe).await? {
            Some(deployment) => Ok(deployment),
            None => Err(DeployFailure::Infrastructure(
                "no port could be kept free for the service".to_owned(),
                None,
            )),
        }
    }

    /// Nothing when the port was taken in the meantime.
    async fn try_start(recipe: &Recipe) -> Result<Option<Self>, DeployFailure> {
        let lease = || PortLease::take().map_err(|error| infrastructure("no free port")(error.into()));
        let (lease, smtp_lease) = (lease()?, lease()?);
        let recipe = recipe.clone();
        let prepared = tokio::task::spawn_blocking({
            let recipe = recipe.clone();
            move || {
                let folders = Folders::new(&recipe.parent)?;
                if recipe.launcher.sandbox().is_none() {
                    copy_tree(&recipe.project, &folders.project())?;
                }
                recipe.clock.set(&folders.clock(), Duration::ZERO)?;
                Ok::<_, std::io::Error>(folders)
            }
        })
        .await;
        let folders = match prepared {
            Ok(Ok(folders)) => folders,
            Ok(Err(error)) => {
                return Err(infrastructure("a copy of the project could not be made")(error.into()));
            }
            Err(error) => {
                return Err(infrastructure("a copy of the project could not be made")(error.into()));
            }
        };
        let project = match recipe.launcher.sandbox() {
            Some(_) => recipe.project.clone(),
            None => folders.project(),
        };
        let mut deployment = Deployment {
            recipe,
            lease,
            smtp_lease,
            smtp: Arc::new(SmtpTwin::new()),
            project,
            service: None,
            logs: Vec::new(),
            offset: Duration::ZERO,
            folders,
        };
        deployment.launch().await.map(|ready| ready.then_some(deployment))
    }

    /// Starts the service. `false`: one of its ports is taken.
    async fn launch(&mut self) -> Result<bool, DeployFailure> {
        // Without a network of its own, the service gets the mail server's port on the one that all share.
        self.smtp.leave().await;
        let log = self.folders.root.path().join(format!("service-{}.log", self.logs.len()));
        let mails = Arc::clone(&self.smtp);
        let command = self
            .command(&self.recipe.config.command)?
            .allow(&self.recipe.hosts)
            .map_err(launch_failure)?
            .port(self.lease.port())
            .door(self.smtp_lease.port(), move |listener| {
                let mails = Arc::clone(&mails);
                // While it is down, the listener is closed at once.
                if mails.fault() == SmtpFault::Down {
                    return;
                }
                tokio::spawn(async move {
                    if let Err(error) = mails.listen(listener).await {
                        tracing::warn!(%error, "a deployment has no mail server");
                    }
                });
            })
            .limits(Limits { wall: LIFETIME, output_bytes: LOG_BYTES, grace: GRACE, ..Limits::default() });
        self.logs.push(log.clone());
        let service = match self.recipe.launcher.start(command, &log).await {
            Err(SandboxError::Io { source, .. }) if source.kind() == ErrorKind::AddrInUse => {
                return Ok(false);
            }
            started => started.map_err(launch_failure)?,
        };
        let service = self.service.insert(service);
        let deadline = Instant::now() + Duration::from_secs(self.recipe.config.ready_timeout_seconds);
        loop {
            let ended = service.ended().map_err(launch_failure)?;
            if let Some(end) = ended {
                let log = self.log_text();
                return if is_port_trouble(&log) {
                    Ok(false)
                } else {
                    Err(DeployFailure::Application(format!("it ended before it was ready ({end})\n{log}")))
                };
            }
            if is_ready(&self.recipe, service, self.lease.port()).await {
                // Whoever answered has to be the candidate, not a stranger on a port that the candidate did not get.
                tokio::time::sleep(POLL).await;
                if service.ended().map_err(launch_failure)?.is_none() {
                    return Ok(true);
                }
                continue;
            }
            if Instant::now() >= deadline {
                let log = self.log_text();
                return Err(DeployFailure::Application(format!("it was not ready in time\n{log}")));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// A shell command in the candidate's project and environment.
    pub(crate) fn command(&self, line: &str) -> Result<Command, DeployFailure> {
        let base = Environment::tools(&self.folders.home()).map_err(launch_failure)?;
        let path = base.get("PATH").unwrap_or_default().to_string_lossy().into_owned();
        let placeholders = Placeholders::new([
            ("port", self.port().to_string()),
            ("url", self.url()),
            ("scratch", self.scratch().display().to_string()),
            ("smtp.host", Ipv4Addr::LOCALHOST.to_string()),
            ("smtp.port", self.smtp_lease.port().to_string()),
            ("clock.offset_file", Clock::file(&self.folders.clock()).display().to_string()),
            ("PATH", path),
        ]);
        let mut environment = base;
        for (name, value) in &self.recipe.environment {
            environment = environment.with(name, value);
        }
        for (name, value) in &self.recipe.config.env {
            environment = environment.with(name, placeholders.fill(value));
        }
        for (name, value) in self.recipe.clock.environment(&self.folders.clock()) {
            environment = environment.with(name, value);
        }
        let command = Command::shell(placeholders.fill(line)).cwd(&self.project).environment(environment);
        let command = command.read(&self.project).read(self.folders.clock());
        let command = self.recipe.dependencies.iter().fold(command, Command::read);
        Ok(command.write(self.scratch()).write(self.folders.home()))
    }

    /// Runs a command beside the service.
    pub(crate) async fn run(
        &self,
        line: &str,
        within: Duration,
    ) -> Result<factory_sandbox::Finished, DeployFailure> {
        let command = self.command(line)?.limits(Limits { wall: within, ..Limits::default() });
        match &self.service {
            Some(service) => service.run_beside(command).await.map_err(launch_failure),
            None => Err(DeployFailure::Infrastructure("the service is not there".to_owned(), None)),
        }
    }

    /// Stops the service and starts it again on the same data and port.
    pub(crate) async fn restart(&mut self, how: Stop) -> Result<(), DeployFailure> {
        if let Some(service) = self.service.take() {
            match how {
                // How it ends is not asked here; that it keeps its data is what scenarios look at.
                Stop::Asked => drop(service.stop().await.map_err(launch_failure)?),
                Stop::Killed => drop(service),
            }
        }
        // A killed service holds its port until the kernel is done with it.
        let deadline = Instant::now() + GRACE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port())).await.is_ok()
            && Instant::now() < deadline
        {
            tokio::time::sleep(POLL).await;
        }
        if self.launch().await? {
            Ok(())
        } else {
            Err(DeployFailure::Infrastructure(
                "the port was taken while the service was restarted".to_owned(),
                None,
            ))
        }
    }

    /// Makes the mail server misbehave, or behave again.
    pub(crate) async fn set_mail_fault(&self, fault: SmtpFault) -> Result<(), DeployFailure> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            infrastructure("the mail server could not be changed")(error)
        };
        let was = self.smtp.fault();
        self.smtp.set_fault(fault).await.map_err(|error| failed(error.into()))?;
        if was == SmtpFault::Down
            && fault != SmtpFault::Down
            && let Some(service) = &self.service
        {
            let port = self.smtp_lease.port();
            let listener = service.listen(port).await.map_err(|error| failed(error.into()))?;
            self.smtp.listen(listener).await.map_err(|error| failed(error.into()))?;
        }
        Ok(())
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&mut self, by: Duration) -> Result<(), DeployFailure> {
        if self.recipe.clock == Clock::Fixed {
            return Err(DeployFailure::Infrastructure(
                "the service's clock cannot be moved".to_owned(),
                None,
            ));
        }
        self.offset = self.offset.saturating_add(by);
        self.recipe
            .clock
            .set(&self.folders.clock(), self.offset)
            .map_err(|error| infrastructure("the clock could not be moved")(error.into()))
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port())
    }

    /// What requests say that they come from.
    pub(crate) fn agent(&self) -> &str {
        &self.recipe.agent
    }

    /// Where the service listens, on its loopback.
    pub(crate) fn port(&self) -> u16 {
        self.lease.port()
    }

    /// A connection to the service.
    pub(crate) async fn dial(&self) -> std::io::Result<TcpStream> {
        match &self.service {
            Some(service) => service.dial(self.port()).await,
            None => Err(ErrorKind::NotConnected.into()),
        }
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.folders.scratch()
    }

    /// Everything that the service has printed since the first start.
    pub(crate) fn log(&self) -> Vec<u8> {
        self.logs.iter().flat_map(|log| std::fs::read(log).unwrap_or_default()).collect()
    }

    /// The end of the log, for people on the evaluator's side.
    pub(crate) fn log_text(&self) -> String {
        const KEPT: usize = 8 * 1024;
        let log = self.log();
        String::from_utf8_lossy(&log[log.len().saturating_sub(KEPT)..]).into_owned()
    }

    /// Ends the service and removes its folders.
    pub(crate) async fn finish(mut self) {
        drop(self.service.take());
        let root = self.folders.root;
        // The kill is on its way: a file that is written meanwhile makes one removal fail, and the next succeeds.
        let path = root.keep();
        for _ in 0..50 {
            if tokio::fs::remove_dir_all(&path).await.is_ok() {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

fn launch_failure(error: SandboxError) -> DeployFailure {
    infrastructure("the service's sandbox failed")(error.into())
}

/// Builds the candidate once, in a folder of its own.
pub(crate) async fn build(recipe: &Recipe, line: &str) -> Result<(), DeployFailure> {
    let home = TempDir::with_prefix_in("build-", &recipe.parent)
        .map_err(|error| infrastructure("no folder for the build")(error.into()))?;
    let mut environment = Environment::tools(home.path()).map_err(launch_failure)?;
    let path = environment.get("PATH").unwrap_or_default().to_string_lossy().into_owned();
    for (name, value) in &recipe.environment {
        environment = environment.with(name, value);
    }
    let line = Placeholders::new([("PATH", path)]).fill(line);
    let command = Command::shell(line)
        .cwd(&recipe.project)
        .write(&recipe.project)
        .write(home.path())
        .environment(environment)
        .merge_output(true)
        .limits(Limits { wall: BUILD, ..Limits::default() });
    let command = recipe.dependencies.iter().fold(command, Command::read);
    let command = command.allow(&recipe.hosts).map_err(launch_failure)?;
    let finished = recipe.launcher.run(command).await.map_err(launch_failure)?;
    match finished.end {
        End::Exited(0) => Ok(()),
        end @ (End::Exited(_) | End::Signalled(_) | End::TimedOut) => {
            Err(DeployFailure::Application(format!("the build failed ({end})\n{}", finished.stdout.text())))
        }
    }
}

async fn is_ready(recipe: &Recipe, service: &Service, port: u16) -> bool {
    let connection = service.dial(port).await;
    if recipe.config.ready == "tcp" || connection.is_err() {
        return connection.is_ok();
    }
    run::looks_ready(connection, port, &recipe.config.ready).await
}

/// What services print when their port is taken, in the words of the system and of common runtimes.
fn is_port_trouble(log: &str) -> bool {
    let log = log.to_lowercase();
    ["address already in use", "address in use", "eaddrinuse", "only one usage of each socket address"]
        .iter()
        .any(|words| log.contains(words))
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
