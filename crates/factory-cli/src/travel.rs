//! Taking a run as far as it goes in this process: perform, ask at gates, report.

use std::time::Duration;

use factory_core::artifact::Merge;
use factory_core::command::{Command, Deciding};
use factory_core::decide::{self, Rejection};
use factory_core::event::{Event, FailureKind, Outcome, Person};
use factory_core::ids::RunId;
use factory_core::pipeline::model::{Edge, GateId};
use factory_core::state::{Phase, RunState, StageStatus};
use factory_engine::engine::Engine;
use factory_engine::error::EngineError;
use factory_engine::history::{self, History};
use factory_engine::port::store::{BlobStore, StoreError};
use tokio_util::sync::CancellationToken;

use crate::args::{Format, RunSettings};
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::gatekeeper::{Asked, Gatekeeper};
use crate::verbs::runs::show;
use crate::{archive, checkpoint, invocation, output, quote, spent, story, wiring};

/// How often a run is claimed that somebody else has claimed, and how long after.
const CLAIMS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(50);
/// How much of a check's output is shown that fails on the base, in lines from the end.
const SHOWN_LINES: usize = 20;

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
        let mut gone = self.once(run, &cancel).await;
        while gone.as_ref().is_err_and(CliError::is_holder_gone) && !cancel.is_cancelled() {
            output::note_line("the process that held the store has ended; going on without it");
            gone = self.again(run, &cancel).await;
        }
        interrupt.abort();
        gone
    }

    /// The same once more with the store as it can be reached now: this process holds it, or another one that is left.
    async fn again(&self, run: &RunId, cancel: &CancellationToken) -> Result<Exit, CliError> {
        let store = archive::open_at(&self.place.store()).await?;
        let history = history::read(store.log.as_ref(), run).await?;
        let engine = wiring::engine(self.place, &store, self.settings, &history.state.started).await?;
        let (gatekeeper, person) = (self.gatekeeper.clone(), self.person.clone());
        let travel =
            Travel { engine: &engine, place: self.place, gatekeeper, person, settings: self.settings };
        travel.once(run, cancel).await
    }

    /// Takes it as far as it goes while the store is there.
    async fn once(&self, run: &RunId, cancel: &CancellationToken) -> Result<Exit, CliError> {
        let state = self.until_it_stops(run, cancel).await?;
        if state.phase() == Phase::Merged {
            checkpoint::make(self.place, self.engine.ports().log.as_ref()).await?;
        }
        let exit = exit(&state, cancel.is_cancelled());
        let history = history::read(self.engine.ports().log.as_ref(), run).await?;
        let merge = archive::merge(self.engine.ports().blobs.as_ref(), &state).await?;
        match self.settings.output.format {
            Format::Human => {
                why_red(&history, self.engine.ports().blobs.as_ref()).await?;
                let flags = invocation::flags(self.settings);
                report(&state, merge.as_ref(), exit, &invocation::here(self.place), &flags);
            }
            Format::Json => output::json(&show::summary(&history, merge.as_ref(), false)),
            Format::Ndjson => output::json_line(&show::summary(&history, merge.as_ref(), false)),
        }
        Ok(exit)
    }

    async fn until_it_stops(&self, run: &RunId, cancel: &CancellationToken) -> Result<RunState, CliError> {
        loop {
            let state = self.drive(run, cancel).await?;
            if cancel.is_cancelled() || state.phase() != Phase::Waiting {
                return Ok(state);
            }
            let mut answered = false;
            // A gate that is left open does not keep the others shut.
            for open in state.open_gates() {
                let blobs = self.engine.ports().blobs.as_ref();
                let asked = Asked { state: &state, open: &open, by: &self.person, blobs };
                if let Some(decision) = self.gatekeeper.answer(asked, cancel).await? {
                    self.decide(run, decision).await?;
                    answered = true;
                    break;
                }
            }
            if !answered {
                return Ok(self.engine.journal().tick(run).await?);
            }
        }
    }

    /// Whoever looks whether somebody performs a run claims it for a moment: that alone keeps nobody from performing it.
    async fn drive(&self, run: &RunId, cancel: &CancellationToken) -> Result<RunState, EngineError> {
        for _ in 0..CLAIMS {
            match self.engine.drive(run, cancel).await {
                Err(EngineError::Store(StoreError::Driven { .. })) => tokio::time::sleep(PAUSE).await,
                driven => return driven,
            }
        }
        self.engine.drive(run, cancel).await
    }

    /// Makes the decision, unless the gate has changed while it was asked: then that is said, and the gate asked again
    /// as it is now.
    async fn decide(&self, run: &RunId, decision: Deciding) -> Result<(), CliError> {
        match self.engine.command(run, Command::Decide(Box::new(decision))).await {
            Err(EngineError::Rejected(
                rejection @ (Rejection::GateClosed(_) | Rejection::Stale(_) | Rejection::Over(_)),
            )) => {
                output::note_line(&format!("not decided: {rejection}"));
                Ok(())
            }
            done => done.map(drop).map_err(CliError::from),
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

pub(crate) fn exit(state: &RunState, interrupted: bool) -> Exit {
    match state.phase() {
        Phase::Merged => Exit::Clean,
        Phase::Rejected => Exit::GateRejected,
        Phase::Failed | Phase::Cancelled => Exit::Failed,
        Phase::Running | Phase::Waiting | Phase::Soaking | Phase::Blocked if interrupted => Exit::Interrupted,
        Phase::Waiting if state.open_gates().iter().all(|open| open.gate.edge == Edge::Budget) => {
            Exit::BudgetSpent
        }
        Phase::Waiting | Phase::Soaking => Exit::Waiting,
        Phase::Running | Phase::Blocked => Exit::Failed,
    }
}

/// Shows what the checks printed at last that fail on the untouched base: nothing but that says what has to be mended.
async fn why_red(history: &History, blobs: &dyn BlobStore) -> Result<(), CliError> {
    let Some(Outcome::Failed { kind: FailureKind::BaselineRed, .. }) = history.state.outcome else {
        return Ok(());
    };
    let evidence = history.events.iter().rev().find_map(|(_, event)| match event {
        Event::StageFailed { evidence, .. } => Some(evidence),
        _ => None,
    });
    for log in evidence.into_iter().flatten().filter(|log| log.name.starts_with("check ")) {
        let bytes = blobs.get(&log.digest).await?;
        output::line(&format!("── the end of what {} printed ──", story::one_line(&log.name)));
        let text = String::from_utf8_lossy(&bytes);
        for line in quote::quoted("  ", quote::end_of(&text, SHOWN_LINES)).lines() {
            output::line(&story::flow(line));
        }
    }
    Ok(())
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
        (Some(outcome), _) => lines.push(story::flow(&format!("{run} {}.", story::ended(outcome)))),
        (None, Exit::Interrupted) => {
            lines.push(format!("{run} was interrupted; nothing that was recorded is lost."));
            lines.push(format!("Go on: {factory} runs resume {run}{flags}"));
        }
        (None, _) => {
            for (id, stage) in &state.stages {
                if let StageStatus::Blocked { detail, .. } = &stage.status {
                    let blocked = format!("{run} is blocked at {id}: {}", story::one_line(detail));
                    lines.push(story::flow(&blocked));
                    lines.push(format!("When that is mended: {factory} runs resume {run}{flags}"));
                }
            }
            for open in state.open_gates() {
                lines.push(format!("{run} waits at the gate {}.", open.gate));
                if let Some(escalation) = &open.escalation {
                    lines.push(story::flow(story::escalation(escalation).trim_end()));
                }
                if let Some(touched) = story::protected(decide::protected_at(state, &open.gate)) {
                    lines.push(story::flow(&touched));
                }
                if let Some(spent) = spent::told(state, &open) {
                    lines.push(spent.trim_end().to_owned());
                }
                lines.push(format!("See it:  {factory} gate show {} --run {run}", open.gate));
                lines.push(format!("Go on:   {}", go_on(&open.gate, run, factory, flags)));
                lines.extend(open.expires.map(|at| format!("It is shut at {}.", story::moment(at))));
            }
            if let (true, Some(due)) = (state.phase() == Phase::Soaking, state.due()) {
                lines.push(format!("{run} waits until {}.", story::moment(due)));
                lines.push(format!("Then:    {factory} runs resume {run}{flags}"));
            }
        }
    }
    if state.phase().is_over() {
        lines.push(format!("The whole story: {factory} runs show {run}"));
    }
    lines.push(format!("Used: {}", story::cost(state.usage)));
    output::line(&lines.join("\n"));
}

/// The command with which a gate is decided, so that the run goes on.
fn go_on(gate: &GateId, run: &RunId, factory: &str, flags: &str) -> String {
    let decide = |verb: &str, more: &str| {
        format!("{factory} gate {verb} {gate} --run {run}{more} --because \"…\" --resume{flags}")
    };
    match gate.edge {
        Edge::Entry | Edge::Exit | Edge::Budget => decide("approve", ""),
        Edge::Escalation => decide("retry", " --note \"…\""),
    }
}
