//! The `factory` command: a specification in, a merged branch out.
//!
//! Verbs are in `verbs/`, one file each; `wiring` puts the adapters behind the engine's ports; `config` finds out where
//! things are. No rule about runs lives here.

mod archive;
mod args;
mod census;
mod checkpoint;
mod config;
mod edit;
mod embedded;
mod error;
mod evaluation;
mod exit;
mod gatekeeper;
mod invocation;
mod output;
mod person;
mod progress;
mod story;
mod travel;
mod verbs;
mod wiring;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Verb};
use crate::error::CliError;
use crate::exit::Exit;

fn main() -> ExitCode {
    // Before anything else: a process that was started as the keeper of a command never gets further.
    factory_sandbox::enter_if_helper();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are asked for; everything else is a wrong command line.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Clean };
            let _ = error.print();
            return exit.into();
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_env("FACTORY_LOG")
                .unwrap_or_else(|_| EnvFilter::new("off,factory_agents::model=warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = CliError::failed("no threads can be started").because(&error);
            output::note_line(&error.to_string());
            return Exit::Failed.into();
        }
    };
    let result = runtime.block_on(obey(cli.verb));
    // A prompt that nobody answers must not keep the process from ending.
    runtime.shutdown_background();
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::note_line(&error.to_string());
            error.exit().into()
        }
    }
}

async fn obey(verb: Verb) -> Result<Exit, CliError> {
    match verb {
        Verb::Run(args) => verbs::run::run(&args).await,
        Verb::Demo(args) => verbs::demo::demo(&args).await,
        Verb::Init(args) => verbs::init::init(&args),
        Verb::Doctor(args) => verbs::doctor::doctor(&args).await,
        Verb::Runs(verb) => verbs::runs::runs(verb).await,
        Verb::Gate(verb) => verbs::gate::gate(verb).await,
        Verb::Decision(verb) => verbs::decision::decision(verb).await,
        Verb::Trust(verb) => verbs::trust::trust(verb).await,
        Verb::Pipeline(verb) => verbs::pipeline::pipeline(&verb),
        Verb::Clean(args) => verbs::clean::clean(&args),
        Verb::Completions { shell } => Ok(verbs::completions::completions(shell)),
    }
}
