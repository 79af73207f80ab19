//! `factory gate`: the gates that wait, what they show, and deciding at one.

use factory_core::command::Command;
use factory_core::decide;
use factory_core::event::{Channel, Decision};
use factory_core::state::OpenGate;
use factory_engine::history::History;
use factory_store::Store;
use serde::Serialize;

use super::runs::choose;
use crate::args::{GateChoice, GateDecision, GateVerb, ListFormat};
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::gatekeeper::{self, Gatekeeper};
use crate::travel::Travel;
use crate::{archive, invocation, output, person, story, wiring};

pub(crate) async fn gate(verb: GateVerb) -> Result<Exit, CliError> {
    match verb {
        GateVerb::List { format } => list(format).await,
        GateVerb::Show(choice) => show(&choice).await,
        GateVerb::Approve(decision) => decide(Decision::Approved, &decision).await,
        GateVerb::Reject(decision) => decide(Decision::Rejected, &decision).await,
    }
}

#[derive(Serialize)]
struct Row {
    id: String,
    state: &'static str,
    run: String,
    since_ms: u64,
}

async fn list(format: ListFormat) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let mut rows = Vec::new();
    if let Some(store) = archive::open(&place)? {
        for (run, history) in archive::all(&store).await? {
            for open in history.map_or(Vec::new(), |history| history.state.open_gates()) {
                rows.push(Row {
                    id: open.gate.to_string(),
                    state: "waiting",
                    run: run.to_string(),
                    since_ms: open.since.0,
                });
            }
        }
    }
    match format {
        ListFormat::Json => output::json(&rows),
        ListFormat::Human if rows.is_empty() => output::line("no gate waits for a decision"),
        ListFormat::Human => {
            for row in &rows {
                let since = story::moment(factory_core::ids::Timestamp(row.since_ms));
                output::line(&format!("{:<14} {}  since {since}", row.id, row.run));
            }
        }
    }
    Ok(Exit::Clean)
}

/// The gate that is meant, with its run.
async fn choose(store: &Store, choice: &GateChoice) -> Result<(History, OpenGate), CliError> {
    let history = choose::only(store, choice.run.as_deref(), "run that waits at a gate", |state| {
        !state.open_gates().is_empty()
    })
    .await?;
    let open = history.state.open_gates();
    let run = &history.state.started.run;
    let Some(wanted) = &choice.gate else {
        return match open.as_slice() {
            [only] => Ok((history.clone(), only.clone())),
            [] => Err(CliError::usage(format!("no gate of {run} waits for a decision"))),
            several => {
                let ids: Vec<String> = several.iter().map(|open| open.gate.to_string()).collect();
                Err(CliError::usage(format!("several gates of {run} wait")).hint(ids.join("\n")))
            }
        };
    };
    let found = open.iter().find(|o| o.gate.to_string() == *wanted || o.gate.stage.as_str() == wanted);
    match found {
        Some(found) => Ok((history.clone(), found.clone())),
        None => {
            let ids: Vec<String> = open.iter().map(|open| open.gate.to_string()).collect();
            let waiting = if ids.is_empty() { "none waits".to_owned() } else { ids.join(", ") };
            Err(CliError::usage(format!("no gate `{wanted}` of {run} waits for a decision"))
                .hint(format!("gates of this run that wait: {waiting}")))
        }
    }
}

async fn show(choice: &GateChoice) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place)?;
    let (history, open) = choose(&store, choice).await?;
    let run = &history.state.started.run;
    output::line(&format!("gate {} of {run}, since {}\n", open.gate, story::moment(open.since)));
    output::text(&gatekeeper::shown(&open, store.blobs.as_ref()).await?);
    output::line(&format!("The patch, if there is one: factory runs diff {run}"));
    Ok(Exit::Clean)
}

async fn decide(decision: Decision, args: &GateDecision) -> Result<Exit, CliError> {
    let place = Place::here()?;
    if !decide::says_something(&args.because) {
        return Err(CliError::usage("a decision needs a reason that is not blank")
            .hint("--because \"…\": it is kept with the run, for whoever asks later"));
    }
    let gatekeeper = Gatekeeper::choose(args.settings.approve_because.as_deref())?;
    let store = choose::store(&place)?;
    let (history, open) = choose(&store, &args.choice).await?;
    let started = history.state.started;
    let by = person::current(&place.project);
    let command = Command::Decide {
        gate: open.gate.clone(),
        decision,
        by: by.clone(),
        via: Channel::Command,
        because: args.because.clone(),
        seen: open.sees,
    };
    if !args.resume {
        wiring::recorder(store).command(&started.run, command).await?;
        let word = match decision {
            Decision::Approved => "approved",
            Decision::Rejected => "rejected",
        };
        output::line(&format!("{} of {} is {word}.", open.gate, started.run));
        if decision == Decision::Approved {
            output::line(&format!("Go on: {} runs resume {}", invocation::here(&place), started.run));
        }
        return Ok(Exit::Clean);
    }
    let engine = wiring::engine(&place, store, &args.settings, &started.spec.slug)?;
    engine.command(&started.run, command).await?;
    Travel { engine: &engine, place: &place, gatekeeper, person: by, settings: &args.settings }
        .go(&started.run)
        .await
}
