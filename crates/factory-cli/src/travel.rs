//! Taking a run as far as it goes in this process: perform, ask at gates, report.

use factory_core::artifact::Merge;
use factory_core::command::Command;
use factory_core::event::{Outcome, Person};
use factory_core::ids::RunId;
use factory_core::state::{Phase, RunState, StageStatus};
use factory_engine::engine::Engine;
use factory_engine::history;
use tokio_util::sync::CancellationToken;

use crate::args::{Format, RunSettings};
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::gatekeeper::Gatekeeper;
use crate::verbs::runs::show;
use crate::{archive, invocation, output, story};

/// What a run meets in this process.
pub(crate) struct Travel<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) place: &'a Place,
    pub(crate) gatekeeper: Gatekeeper,
    pub(crate) person: Person,
    pub(crate) settings: &'a RunSettings,
}

impl Travel<'_> {
    /// Takes a run as far as it goes, and reports where that is.
    pub(crate) async fn go(&self, run: &RunId) -> Result<Exit, CliError> {
        let cancel = CancellationToken::new();
        let interrupt = tokio::spawn(cancel_on_signal(cancel.clone()));
        let state = self.until_it_stops(run, &cancel).await;
        interrupt.abort();
        let state = state?;
        let exit = exit(&state, &cancel);
        let history = history::read(self.engine.ports().log.as_ref(), run).await?;
        let merge = archive::merge(self.engine.ports().blobs.as_ref(), &state).await?;
        match self.settings.output.format {
            Format::Human => {
                let flags = invocation::flags(self.settings);
                report(&state, merge.as_ref(), exit, &invocation::here(self.place), &flags);
            }
            Format::Json => output::json(&show::summary(&history, merge.as_ref())),
            Format::Ndjson => output::json_line(&show::summary(&history, merge.as_ref())),
        }
        Ok(exit)
    }

    async fn until_it_stops(&self, run: &RunId, cancel: &CancellationToken) -> Result<RunState, CliError> {
        loop {
            let state = self.engine.drive(run, cancel).await?;
            if cancel.is_cancelled() || state.phase() != Phase::Waiting {
                return Ok(state);
            }
            let Some(open) = state.open_gates().into_iter().next() else {
                return Ok(state);
            };
            let blobs = self.engine.ports().blobs.as_ref();
            let Some(decision) = self.gatekeeper.answer(&open, self.person.clone(), blobs, cancel).await?
            else {
                return Ok(state);
            };
            self.engine.command(run, decision).await?;
        }
    }
}

/// Makes blocked stages ready to be tried again, if there are any.
pub(crate) async fn unblock(engine: &Engine, run: &RunId, state: &RunState) -> Result<(), CliError> {
    let blocked = state.stages.values().any(|stage| matches!(stage.status, StageStatus::Blocked { .. }));
    if blocked && state.outcome.is_none() {
        engine.command(run, Command::Resume).await?;
    }
    Ok(())
}

async fn cancel_on_signal(cancel: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the signals end the process, and the run resumes from its log all the same.
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    cancel.cancel();
}

fn exit(state: &RunState, cancel: &CancellationToken) -> Exit {
    match state.phase() {
        Phase::Merged => Exit::Clean,
        Phase::Rejected => Exit::GateRejected,
        Phase::Failed => Exit::Failed,
        Phase::Running | Phase::Waiting | Phase::Blocked if cancel.is_cancelled() => Exit::Interrupted,
        Phase::Waiting => Exit::Waiting,
        Phase::Running | Phase::Blocked => Exit::Failed,
    }
}

/// What happened, and what to do next: commands that go on with the same `flags`.
fn report(state: &RunState, merge: Option<&Merge>, exit: Exit, factory: &str, flags: &str) {
    let run = &state.started.run;
    let mut lines = Vec::new();
    match (&state.outcome, exit) {
        (Some(Outcome::Merged { .. }), _) => {
            lines.push(format!("{run} is merged."));
            lines.extend(
                merge.map(|merge| format!("It is the branch {}, at {}.", merge.branch, merge.commit)),
            );
        }
        (Some(outcome), _) => lines.push(format!("{run} {}.", story::ended(outcome))),
        (None, Exit::Interrupted) => {
            lines.push(format!("{run} was interrupted; nothing that was recorded is lost."));
            lines.push(format!("Go on: {factory} runs resume {run}{flags}"));
        }
        (None, _) => {
            for (id, stage) in &state.stages {
                if let StageStatus::Blocked { detail, .. } = &stage.status {
                    lines.push(format!("{run} is blocked at {id}: {detail}"));
                    lines.push(format!("When that is mended: {factory} runs resume {run}{flags}"));
                }
            }
            for open in state.open_gates() {
                lines.push(format!("{run} waits at the gate {}.", open.gate));
                lines.push(format!("See it:  {factory} gate show {} --run {run}", open.gate));
                lines.push(format!(
                    "Go on:   {factory} gate approve {} --run {run} --because \"…\" --resume{flags}",
                    open.gate
                ));
            }
        }
    }
    if state.phase().is_over() {
        lines.push(format!("The whole story: {factory} runs show {run}"));
    }
    lines.push(format!("Used: {}", story::cost(state.usage)));
    output::line(&lines.join("\n"));
}
