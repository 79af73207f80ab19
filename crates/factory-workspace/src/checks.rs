//! The project's own checks: commands of `[[check]]`, run in a checkout.

use std::time::Duration;

use async_trait::async_trait;
use factory_core::artifact::{CheckOutcome, CheckResult};
use factory_engine::port::checks::{CheckError, CheckRun, Checks};
use factory_engine::port::observer::{Observer, Progress};
use factory_engine::port::workspace::Checkout;
use factory_sandbox::{Command, End, Environment, Launcher, Limits, SandboxError};

/// As much of what a check prints as is kept, in bytes.
const LOG_BYTES: usize = 256 * 1024;

/// One check of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckConfig {
    /// Its name.
    pub name: String,
    /// A line for `/bin/sh -c`, run in the project's folder.
    pub command: String,
    /// How long it may take.
    pub timeout: Duration,
}

/// Runs the project's checks as processes.
#[derive(Debug, Clone)]
pub struct ProjectChecks {
    checks: Vec<CheckConfig>,
    launcher: Launcher,
}

impl ProjectChecks {
    /// These checks, in this order.
    pub fn new(checks: Vec<CheckConfig>, launcher: Launcher) -> Self {
        Self { checks, launcher }
    }

    async fn one(&self, check: &CheckConfig, checkout: &Checkout) -> Result<CheckRun, SandboxError> {
        let mut environment = Environment::tools(&checkout.scratch)?;
        for (name, value) in &checkout.environment {
            environment = environment.with(name, value);
        }
        let command = Command::shell(&check.command)
            .cwd(&checkout.project)
            .environment(environment)
            .merge_output(true)
            .write(&checkout.root)
            .write(&checkout.scratch)
            .limits(Limits { wall: check.timeout, output_bytes: LOG_BYTES, ..Limits::default() });
        let command = checkout.dependencies.iter().fold(command, Command::read);
        let finished = self.launcher.run(command.allow(&checkout.hosts)?).await?;
        let outcome = match finished.end {
            End::Exited(0) => CheckOutcome::Passed,
            End::Exited(status) => CheckOutcome::Failed { status },
            End::Signalled(signal) => CheckOutcome::Failed { status: 128 + signal },
            End::TimedOut => CheckOutcome::TimedOut,
        };
        let result = CheckResult { name: check.name.clone(), outcome };
        let mut log = finished.stdout.text();
        if let Some(contacts) = finished.contacts() {
            log.push_str(&format!("\n[{contacts}]\n"));
        }
        Ok(CheckRun { result, log: log.into_bytes() })
    }
}

#[async_trait]
impl Checks for ProjectChecks {
    async fn run(&self, checkout: &Checkout, observer: &dyn Observer) -> Result<Vec<CheckRun>, CheckError> {
        let mut runs = Vec::new();
        for check in &self.checks {
            observer.progress(Progress::Check { name: check.name.clone() });
            let run = self.one(check, checkout).await;
            runs.push(
                run.map_err(|source| CheckError { name: check.name.clone(), source: Box::new(source) })?,
            );
        }
        Ok(runs)
    }
}
