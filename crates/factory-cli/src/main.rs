//! The `factory` command: a specification in, a merged branch out.
//!
//! Verbs are in `verbs/`, one file each; `wiring` puts the adapters behind the engine's ports; `config` finds out where
//! things are. No rule about runs lives here.

mod archive;
mod args;
mod census;
mod checkpoint;
mod config;
mod confinement;
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
mod quote;
mod spent;
mod story;
mod translator;
mod travel;
mod verbs;
mod wiring;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;
use factory_core::plain;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Verb};
use crate::error::CliError;
use crate::exit::Exit;

fn main() -> ExitCode {
    // Before anything else: a process that was started as the keeper of a command never gets further.
    factory_sandbox::enter_if_helper();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_obeyed(&error),
    };
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_env("FACTORY_LOG")
                .unwrap_or_else(|_| EnvFilter::new("off,factory_agents::model=warn")),
        )
        .with_writer(|| output::Notes)
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
    let exit = result.unwrap_or_else(|error| {
        output::note_line(&error.to_string());
        error.exit()
    });
    printed(exit).into()
}

/// Says what is wrong with the command line. Help and the version are asked for, and nothing is wrong with them.
fn not_obeyed(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        // It says again what was given, and that may hold anything.
        let hides = |given: OsString| given.to_string_lossy().chars().any(plain::is_hidden);
        if env::args_os().any(hides) {
            output::note(&error.render().to_string());
        } else {
            let _ = error.print();
        }
        return Exit::Usage.into();
    }
    if let Err(error) = error.print().and_then(|()| io::stdout().flush()) {
        output::lose(error);
    }
    printed(Exit::Clean).into()
}

/// How the process ends that wanted to end so: not well if something was not printed that should have been.
fn printed(exit: Exit) -> Exit {
    let Some(error) = output::lost() else { return exit };
    let error = CliError::failed("standard output cannot be written").because(&error);
    output::note_line(&error.to_string());
    if exit == Exit::Clean { error.exit() } else { exit }
}

async fn obey(verb: Verb) -> Result<Exit, CliError> {
    match verb {
        Verb::Run(args) => verbs::run::run(&args).await,
        Verb::Demo(args) => verbs::demo::demo(&args).await,
        Verb::Spec(verb) => verbs::spec::spec(&verb).await,
        Verb::Init(args) => verbs::init::init(&args),
        Verb::Doctor(args) => verbs::doctor::doctor(&args).await,
        Verb::Runs(verb) => verbs::runs::runs(verb).await,
        Verb::Gate(verb) => verbs::gate::gate(verb).await,
        Verb::Decision(verb) => verbs::decision::decision(verb).await,
        Verb::Scenario(verb) => verbs::scenario::scenario(verb).await,
        Verb::Trust(verb) => verbs::trust::trust(verb).await,
        Verb::Pipeline(verb) => verbs::pipeline::pipeline(&verb),
        Verb::Clean(args) => verbs::clean::clean(&args),
        Verb::Completions { shell } => Ok(verbs::completions::completions(shell)),
    }
}
