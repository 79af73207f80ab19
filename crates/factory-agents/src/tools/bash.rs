//! `bash`: runs a command in the project.

use std::time::Duration;

use async_trait::async_trait;
use factory_engine::port::model::ToolSpec;
use factory_engine::port::workspace::Checkout;
use factory_sandbox::{Command, End, Environment, Finished, Launcher, SandboxError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Tool, ToolError};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);

/// Runs commands.
pub(crate) struct Bash<'a> {
    pub(crate) launcher: &'a Launcher,
    pub(crate) checkout: &'a Checkout,
    /// How much of the output is kept, in bytes.
    pub(crate) output_bytes: usize,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// The command line.
    command: String,
    /// After how long it is ended; 120 if left out, 600 at most.
    #[serde(default)]
    timeout_seconds: Option<u32>,
}

#[async_trait]
impl Tool for Bash<'_> {
    fn spec(&self) -> ToolSpec {
        super::spec::<Arguments>(
            "bash",
            "Runs a command in the project's folder. Answers how it ended, and its standard output and error; of a long output, the beginning and the end.",
        )
    }

    async fn call(&self, arguments: Value, time: Duration) -> Result<String, ToolError> {
        let arguments: Arguments = super::arguments(arguments)?;
        let asked =
            arguments.timeout_seconds.map_or(DEFAULT_TIMEOUT, |seconds| Duration::from_secs(seconds.into()));
        let wall = asked.min(LONGEST_TIMEOUT).min(time);
        let environment = self.environment().map_err(broken)?;
        let prepared = |command: Command| {
            let limits = factory_sandbox::Limits {
                wall,
                output_bytes: self.output_bytes,
                ..factory_sandbox::Limits::default()
            };
            let command = command.cwd(&self.checkout.project).environment(environment.clone());
            let command = command.merge_output(true).limits(limits);
            let command = self.checkout.dependencies.iter().fold(command, Command::read);
            command.write(&self.checkout.root).write(&self.checkout.scratch).allow(&self.checkout.hosts)
        };
        let bash = Command::new("bash").arg("-c").arg(&arguments.command);
        let finished = match self.launcher.run(prepared(bash).map_err(broken)?).await {
            Err(SandboxError::ProgramNotFound { .. }) => {
                let shell = Command::shell(&arguments.command);
                self.launcher.run(prepared(shell).map_err(broken)?).await
            }
            other => other,
        };
        Ok(told(&finished.map_err(broken)?, wall))
    }
}

impl Bash<'_> {
    fn environment(&self) -> Result<Environment, SandboxError> {
        let base = Environment::tools(&self.checkout.scratch)?;
        Ok(self.checkout.environment.iter().fold(base, |all, (name, value)| all.with(name, value)))
    }
}

/// How it ended in the first line, then what it printed.
fn told(finished: &Finished, wall: Duration) -> String {
    let end = match finished.end {
        End::TimedOut => format!("timed out after {} s", wall.as_secs()),
        End::Exited(_) | End::Signalled(_) => finished.end.to_string(),
    };
    format!("{end}\n{}", finished.stdout.text())
}

/// Whether a line says how a command ended; see [`told`].
pub(crate) fn tells_end(line: &str) -> bool {
    ["exit status ", "killed by signal ", "timed out"].iter().any(|start| line.starts_with(start))
}

fn broken(error: SandboxError) -> ToolError {
    ToolError::Broken(Box::new(error))
}
