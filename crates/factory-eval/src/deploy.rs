//! One deployment of the candidate: its own folders, port, clock and mail server, gone with the value.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use factory_sandbox::{
    Command, End, Environment, Finished, Launcher, Limits, Profile, SandboxError, Service,
};
use factory_twin::{SmtpFault, SmtpTwin};
use tokio::net::TcpStream;

use crate::attribution::{self, Blame, Cause};
use crate::build;
use crate::clock::Clock;
use crate::config::{DeployConfig, Placeholders};
use crate::folders::Folders;
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
/// How long a question whether the service is ready may take.
const GLANCE: Duration = Duration::from_secs(2);
/// What lives as long as a scenario does where no service is started, so that its commands share one sandbox.
const NO_SERVICE: &str = "while :; do sleep 3600; done";
const POLL: Duration = Duration::from_millis(10);

/// Why there is no deployment, or why something could not be done with one.
pub(crate) enum DeployFailure {
    /// It counts against the candidate. The evidence may quote its output, so it stays on the evaluator's side.
    Failed(Blame),
    /// Nothing was learned of the candidate.
    Lost(Blame, Option<Box<dyn std::error::Error + Send + Sync>>),
}

fn failed(cause: Cause, evidence: impl Into<String>) -> DeployFailure {
    DeployFailure::Failed(Blame::new(cause, evidence))
}

/// Nothing was learned, because of this error.
pub(crate) fn lost(
    cause: Cause,
    detail: &str,
) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> DeployFailure + use<'_> {
    move |source| DeployFailure::Lost(Blame::new(cause, detail), Some(source))
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

/// How a launch went, if nothing failed.
enum Launched {
    Ready,
    /// A port that only this side uses was taken by somebody else.
    Taken,
    /// The candidate says that its port is taken. The end of its log.
    SaysTaken(String),
}

impl Deployment {
    /// Starts the candidate on fresh data and waits until it is ready. A candidate that is no service is ready at once.
    pub(crate) async fn start(recipe: &Recipe) -> Result<Self, DeployFailure> {
        let mut said = None;
        for _ in 0..PORT_ATTEMPTS {
            let mut deployment = Self::prepare(recipe).await?;
            let full = deployment.overflow();
            let launched = tokio::select! {
                launched = deployment.launch() => launched?,
                full = full => return Err(failed(Cause::TooMuchWritten, full)),
            };
            match launched {
                Launched::Ready => return Ok(deployment),
                Launched::Taken => {}
                // On a loopback of its own nobody else can have taken it.
                Launched::SaysTaken(log) if deployment.is_alone() => return Err(own_port_taken(1, &log)),
                Launched::SaysTaken(log) => said = Some(log),
            }
        }
        Err(match said {
            Some(log) => own_port_taken(PORT_ATTEMPTS, &log),
            None => DeployFailure::Lost(
                Blame::new(Cause::NoPort, "no port could be kept free for the service"),
                None,
            ),
        })
    }

    /// Everything but the service.
    async fn prepare(recipe: &Recipe) -> Result<Self, DeployFailure> {
        let lease = || PortLease::take().map_err(|error| lost(Cause::NoPort, "no free port")(error.into()));
        let (lease, smtp_lease) = (lease()?, lease()?);
        let recipe = recipe.clone();
        let prepared = tokio::task::spawn_blocking({
            let recipe = recipe.clone();
            move || {
                let folders = Folders::new(&recipe.parent)?;
                if recipe.launcher.sandbox().is_none() {
                    build::copy_tree(&recipe.project, &folders.project())?;
                }
                recipe.clock.set(&folders.clock(), Duration::ZERO)?;
                Ok::<_, std::io::Error>(folders)
            }
        })
        .await;
        let no_folders = lost(Cause::Machine, "a deployment's folders could not be made");
        let folders = match prepared {
            Ok(Ok(folders)) => folders,
            Ok(Err(error)) => return Err(no_folders(error.into())),
            Err(error) => return Err(no_folders(error.into())),
        };
        let project = match recipe.launcher.sandbox() {
            Some(_) => recipe.project.clone(),
            None => folders.project(),
        };
        Ok(Deployment {
            recipe,
            lease,
            smtp_lease,
            smtp: Arc::new(SmtpTwin::new()),
            project,
            service: None,
            logs: Vec::new(),
            offset: Duration::ZERO,
            folders,
        })
    }

    /// Whether the candidate has a loopback of its own.
    fn is_alone(&self) -> bool {
        self.recipe.launcher.sandbox().is_some_and(|sandbox| sandbox.profile() == Profile::Namespaces)
    }

    /// Ends once the candidate has written more than it may, and says so.
    pub(crate) fn overflow(&self) -> impl Future<Output = String> + Send + use<> {
        self.folders.overflow(self.recipe.config.scratch_mib << 20)
    }

    /// Starts the service and waits until it is ready.
    async fn launch(&mut self) -> Result<Launched, DeployFailure> {
        // Without a network of its own, the service gets the mail server's port on the one that all share.
        self.smtp.leave().await;
        let log = self.new_log();
        let mails = Arc::clone(&self.smtp);
        let command = match &self.recipe.config.command {
            Some(line) => self.command(line)?,
            None => self.command(NO_SERVICE)?.environment(self.tools()?),
        };
        let command = command
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
            .limits(Limits {
                wall: LIFETIME,
                output_bytes: LOG_BYTES,
                grace: GRACE,
                // More than all of it together, so that what is too much is found to be so.
                file_bytes: Some(self.recipe.config.scratch_mib << 21),
                ..Limits::default()
            });
        let service = match self.recipe.launcher.start(command, &log).await {
            Err(SandboxError::Io { source, .. }) if source.kind() == ErrorKind::AddrInUse => {
                return Ok(Launched::Taken);
            }
            started => started.map_err(launch_failure)?,
        };
        let service = self.service.insert(service);
        let Some(line) = &self.recipe.config.command else { return Ok(Launched::Ready) };
        let deadline = Instant::now() + Duration::from_secs(self.recipe.config.ready_timeout_seconds);
        loop {
            let ended = service.ended().map_err(launch_failure)?;
            if let Some(end) = ended {
                let log = self.log_text();
                return if is_port_trouble(&log) {
                    Ok(Launched::SaysTaken(log))
                } else {
                    Err(ended_early(end, line, &log))
                };
            }
            if is_ready(&self.recipe, service, self.lease.port()).await {
                // Whoever answered has to be the candidate, not a stranger on a port that the candidate did not get.
                tokio::time::sleep(POLL).await;
                if service.ended().map_err(launch_failure)?.is_none() {
                    return Ok(Launched::Ready);
                }
                continue;
            }
            if Instant::now() >= deadline {
                let log = self.log_text();
                return Err(failed(Cause::NeverReady, format!("it was not ready in time\n{log}")));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Where the next start's output goes.
    fn new_log(&mut self) -> PathBuf {
        let log = self.folders.root().join(format!("service-{}.log", self.logs.len()));
        self.logs.push(log.clone());
        log
    }

    fn tools(&self) -> Result<Environment, DeployFailure> {
        Environment::tools(&self.folders.home()).map_err(launch_failure)
    }

    /// A shell command in the candidate's environment: in its project if it is a service, else in the scratch folder.
    pub(crate) fn command(&self, line: &str) -> Result<Command, DeployFailure> {
        let mut environment = self.tools()?;
        for (name, value) in &self.recipe.environment {
            environment = environment.with(name, value);
        }
        let own =
            self.recipe.config.path.iter().map(|folder| self.project.join(folder).display().to_string());
        let inherited = environment.get("PATH").unwrap_or_default().to_string_lossy().into_owned();
        let path = own.chain([inherited]).collect::<Vec<_>>().join(":");
        environment = environment.with("PATH", &path);
        let placeholders = Placeholders::new([
            ("port", self.port().to_string()),
            ("url", self.url()),
            ("scratch", self.scratch().display().to_string()),
            ("project", self.project.display().to_string()),
            ("smtp.host", Ipv4Addr::LOCALHOST.to_string()),
            ("smtp.port", self.smtp_lease.port().to_string()),
            ("clock.offset_file", Clock::file(&self.folders.clock()).display().to_string()),
            ("PATH", path),
        ]);
        for (name, value) in &self.recipe.config.env {
            environment = environment.with(name, placeholders.fill(value));
        }
        for (name, value) in self.recipe.clock.environment(&self.folders.clock()) {
            environment = environment.with(name, value);
        }
        let cwd = if self.recipe.config.is_service() { self.project.clone() } else { self.scratch() };
        let command = Command::shell(placeholders.fill(line)).cwd(cwd).environment(environment);
        let command = command.read(&self.project).read(self.folders.clock());
        let command = self.recipe.dependencies.iter().fold(command, Command::read);
        Ok(command.write(self.scratch()).write(self.folders.home()))
    }

    /// Runs a command beside the service, with this standard input; without any, the input is empty.
    pub(crate) async fn run(&mut self, line: &str, input: Vec<u8>) -> Result<Finished, DeployFailure> {
        let wall = Duration::from_secs(self.recipe.config.command_timeout_seconds);
        let command = self.command(line)?.stdin(input).limits(Limits { wall, ..Limits::default() });
        let Some(service) = &mut self.service else {
            return Err(DeployFailure::Lost(Blame::new(Cause::Plan, "the service is not there"), None));
        };
        match service.run_beside(command).await {
            Ok(finished) => Ok(finished),
            Err(error) => {
                // A command can end everything that runs beside it, and a service can end by itself.
                tokio::time::sleep(POLL).await;
                match service.ended() {
                    Ok(Some(end)) => Err(failed(Cause::Ended, self.gone(end))),
                    Ok(None) | Err(_) => Err(launch_failure(error)),
                }
            }
        }
    }

    /// How the service has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let end = self.service.as_mut().and_then(|service| service.ended().ok().flatten());
        end.map(|end| self.gone(end))
    }

    fn gone(&self, end: End) -> String {
        match self.recipe.config.is_service() {
            true => format!("the service has ended ({end})"),
            false => format!("a command has ended all that ran beside it ({end})"),
        }
    }

    /// Stops the service and starts it again on the same data and port.
    pub(crate) async fn restart(&mut self, how: Stop) -> Result<(), DeployFailure> {
        match how {
            Stop::Asked => self.stop().await?,
            Stop::Killed => drop(self.service.take()),
        }
        self.start_again().await
    }

    /// Stops the service, so that its data can be changed. Where none was started there is nothing to stop.
    pub(crate) async fn pause(&mut self) -> Result<(), DeployFailure> {
        if self.recipe.config.is_service() { self.stop().await } else { Ok(()) }
    }

    /// The opposite of [`Deployment::pause`].
    pub(crate) async fn resume(&mut self) -> Result<(), DeployFailure> {
        if self.recipe.config.is_service() { self.start_again().await } else { Ok(()) }
    }

    /// Asks the service to end. That it keeps its data is what scenarios look at; that it had to be killed is in its log.
    async fn stop(&mut self) -> Result<(), DeployFailure> {
        let Some(service) = self.service.take() else { return Ok(()) };
        let asked = Instant::now();
        service.stop().await.map_err(launch_failure)?;
        if asked.elapsed() >= GRACE {
            let note = format!("[it did not end within {GRACE:?} of SIGTERM, and was killed]\n");
            // Without the note nothing is wrong.
            let _ = tokio::fs::write(self.new_log(), note).await;
        }
        Ok(())
    }

    async fn start_again(&mut self) -> Result<(), DeployFailure> {
        // A killed service holds its port until the kernel is done with it.
        let deadline = Instant::now() + GRACE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port())).await.is_ok()
            && Instant::now() < deadline
        {
            tokio::time::sleep(POLL).await;
        }
        match self.launch().await? {
            Launched::Ready => Ok(()),
            Launched::SaysTaken(log) if self.is_alone() => Err(own_port_taken(1, &log)),
            Launched::Taken | Launched::SaysTaken(_) => {
                let what = "the port was taken while the service was restarted";
                Err(DeployFailure::Lost(Blame::new(Cause::NoPort, what), None))
            }
        }
    }

    /// Makes the mail server misbehave, or behave again.
    pub(crate) async fn set_mail_fault(&self, fault: SmtpFault) -> Result<(), DeployFailure> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            lost(Cause::Machine, "the mail server could not be changed")(error)
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
            return Err(DeployFailure::Lost(Blame::new(Cause::Machine, "the clock cannot be moved"), None));
        }
        self.offset = self.offset.saturating_add(by);
        self.recipe
            .clock
            .set(&self.folders.clock(), self.offset)
            .map_err(|error| lost(Cause::Machine, "the clock could not be moved")(error.into()))
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

    /// A connection to the service. May take as long as the service likes.
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
        self.folders.remove().await;
    }
}

pub(crate) fn launch_failure(error: SandboxError) -> DeployFailure {
    lost(Cause::Sandbox, "the candidate's sandbox failed")(error.into())
}

fn own_port_taken(times: usize, log: &str) -> DeployFailure {
    let ports =
        if times == 1 { "a port of its own".to_owned() } else { format!("{times} ports that were free") };
    failed(Cause::OwnPortTaken, format!("it says that its port is taken, on {ports}\n{log}"))
}

fn ended_early(end: End, command: &str, log: &str) -> DeployFailure {
    let status = match end {
        End::Exited(status) => Some(status),
        End::Signalled(_) | End::TimedOut => None,
    };
    let cause = attribution::of_early_end(status, command, log);
    let why = match (cause, end) {
        (Cause::ProgramNotFound, _) => ": the program of `[deploy] command` is not found",
        (_, End::Exited(0)) => ": it has to stay in the foreground",
        _ => "",
    };
    failed(cause, format!("it ended before it was ready ({end}){why}\n{log}"))
}

async fn is_ready(recipe: &Recipe, service: &Service, port: u16) -> bool {
    let Ok(connection) = tokio::time::timeout(GLANCE, service.dial(port)).await else { return false };
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
