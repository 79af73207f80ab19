//! What a plan is run against: a deployment of its own, or a service that somebody else has started.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use factory_sandbox::Finished;
use factory_twin::{SmtpFault, SmtpTwin};
use tokio::net::TcpStream;

use crate::attribution::{Blame, Cause};
use crate::base_url::BaseUrl;
use crate::deploy::{DeployFailure, Deployment};
use crate::plan::Stop;

/// What requests to a service say that they come from that is no candidate of a run.
pub(crate) const AGENT: &str = "factory";

/// What a plan is run against.
pub(crate) enum Target {
    /// A deployment of the run's own.
    Deployed(Box<Deployment>),
    /// A service that all runs share. Plans that need more than its address are not run against it.
    Running(Box<RunningService>),
}

/// A service that somebody else has started.
pub(crate) struct RunningService {
    base: BaseUrl,
    /// Gets no mail: nobody is told where it is.
    smtp: Arc<SmtpTwin>,
}

impl RunningService {
    pub(crate) fn new(base: BaseUrl) -> Self {
        RunningService { base, smtp: Arc::new(SmtpTwin::new()) }
    }
}

fn not_ours(what: &str) -> DeployFailure {
    DeployFailure::Lost(Blame::new(Cause::NotOurs, format!("a service that runs already {what}")), None)
}

impl Target {
    pub(crate) fn url(&self) -> String {
        match self {
            Target::Deployed(deployment) => deployment.url(),
            Target::Running(service) => service.base.as_str().to_owned(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        match self {
            Target::Deployed(deployment) => deployment.port(),
            Target::Running(service) => service.base.port(),
        }
    }

    /// What requests say that they come from.
    pub(crate) fn agent(&self) -> &str {
        match self {
            Target::Deployed(deployment) => deployment.agent(),
            Target::Running(_) => AGENT,
        }
    }

    pub(crate) async fn dial(&self) -> std::io::Result<TcpStream> {
        match self {
            Target::Deployed(deployment) => deployment.dial().await,
            Target::Running(service) => service.base.dial().await,
        }
    }

    /// The folder that the service keeps its data in, where it is ours to see.
    pub(crate) fn scratch(&self) -> Option<PathBuf> {
        match self {
            Target::Deployed(deployment) => Some(deployment.scratch()),
            Target::Running(_) => None,
        }
    }

    pub(crate) fn smtp(&self) -> &Arc<SmtpTwin> {
        match self {
            Target::Deployed(deployment) => &deployment.smtp,
            Target::Running(service) => &service.smtp,
        }
    }

    /// Runs a command beside the service, with that on its standard input.
    pub(crate) async fn run(&mut self, line: &str, input: Vec<u8>) -> Result<Finished, DeployFailure> {
        match self {
            Target::Deployed(deployment) => deployment.run(line, input).await,
            Target::Running(_) => Err(not_ours("has no place for commands")),
        }
    }

    /// How the service has ended, if it has and that can be known.
    pub(crate) fn ended(&mut self) -> Option<String> {
        match self {
            Target::Deployed(deployment) => deployment.ended(),
            Target::Running(_) => None,
        }
    }

    /// Ends when the service has written more than it may, and says so; never where its files are not ours to see.
    pub(crate) fn overflow(&self) -> impl Future<Output = String> + Send + use<> {
        let watched = match self {
            Target::Deployed(deployment) => Some(deployment.overflow()),
            Target::Running(_) => None,
        };
        async move {
            match watched {
                Some(watched) => watched.await,
                None => std::future::pending().await,
            }
        }
    }

    /// Stops the service, if there is one, so that its files can be changed.
    pub(crate) async fn pause(&mut self) -> Result<(), DeployFailure> {
        match self {
            Target::Deployed(deployment) => deployment.pause().await,
            Target::Running(_) => Err(not_ours("is not stopped")),
        }
    }

    /// Starts it again after [`Target::pause`].
    pub(crate) async fn resume(&mut self) -> Result<(), DeployFailure> {
        match self {
            Target::Deployed(deployment) => deployment.resume().await,
            Target::Running(_) => Err(not_ours("is not stopped")),
        }
    }

    pub(crate) async fn restart(&mut self, how: Stop) -> Result<(), DeployFailure> {
        match self {
            Target::Deployed(deployment) => deployment.restart(how).await,
            Target::Running(_) => Err(not_ours("is not restarted")),
        }
    }

    pub(crate) async fn set_mail_fault(&self, fault: SmtpFault) -> Result<(), DeployFailure> {
        match self {
            Target::Deployed(deployment) => deployment.set_mail_fault(fault).await,
            Target::Running(_) => Err(not_ours("has a mail server of its own")),
        }
    }

    pub(crate) fn advance(&mut self, by: Duration) -> Result<(), DeployFailure> {
        match self {
            Target::Deployed(deployment) => deployment.advance(by),
            Target::Running(_) => Err(not_ours("has a clock of its own")),
        }
    }

    /// Everything that the service has printed since the first start; nothing where that is not ours to see.
    pub(crate) fn log(&self) -> Vec<u8> {
        match self {
            Target::Deployed(deployment) => deployment.log(),
            Target::Running(_) => Vec::new(),
        }
    }

    /// The end of the log, for people on the evaluator's side.
    pub(crate) fn log_text(&self) -> String {
        match self {
            Target::Deployed(deployment) => deployment.log_text(),
            Target::Running(_) => String::new(),
        }
    }

    /// Ends what is ours to end.
    pub(crate) async fn finish(self) {
        match self {
            Target::Deployed(deployment) => deployment.finish().await,
            Target::Running(_) => {}
        }
    }
}
