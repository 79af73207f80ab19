//! `factory gate`: the gates that wait, what they show, and deciding at one.

use factory_core::command::{Command, Deciding};
use factory_core::decide::Rejection;
use factory_core::event::{Channel, Decision};
use factory_core::ids::FindingId;
use factory_core::reason;
use factory_core::state::OpenGate;
use factory_engine::error::EngineError;
use factory_engine::history::History;
use factory_store::Opened;
use serde::Serialize;

use super::runs::choose;
use super::runs::show::choices;
use crate::args::{Deciding as DecidingArgs, GateChoice, GateVerb, ListFormat, ShowArgs};
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::gatekeeper::{self, Gatekeeper};
use crate::travel::Travel;
use crate::{archive, edit, invocation, output, person, story, wiring};

pub(crate) async fn gate(verb: GateVerb) -> Result<Exit, CliError> {
    match verb {
        GateVerb::List { format } => list(format).await,
        GateVerb::Show(args) => show(&args).await,
        GateVerb::Approve { deciding, edited } => {
            let place = Place::here()?;
            let store = choose::store(&place).await?;
            let (history, open) = choose(&store, &deciding.choice).await?;
            let edited = match edited {
                None => None,
                Some(path) => {
                    let artifact = edit::from_file(&path, &open, store.blobs.as_ref()).await?;
                    store.blobs.put(&artifact.to_bytes()).await?;
                    Some(Box::new(artifact))
                }
            };
            let more = |wanted| Deciding { edited, ..wanted };
            decide(&place, &store, history, open, Decision::Approved, &deciding, more).await
        }
        GateVerb::Reject(deciding) => plainly(Decision::Rejected, &deciding, |wanted| wanted).await,
        GateVerb::Retry { deciding, note } => {
            plainly(Decision::Retried, &deciding, |wanted| Deciding { note: Some(note), ..wanted }).await
        }
        GateVerb::Override { deciding, finding } => {
            let overrides: Result<Vec<FindingId>, _> = finding.iter().map(|text| text.parse()).collect();
            let overrides =
                overrides.map_err(|error| CliError::usage("that names no finding").because(&error))?;
            plainly(Decision::Overridden, &deciding, |wanted| Deciding { overrides, ..wanted }).await
        }
    }
}

async fn plainly(
    decision: Decision,
    deciding: &DecidingArgs,
    more: impl FnOnce(Deciding) -> Deciding,
) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let (history, open) = choose(&store, &deciding.choice).await?;
    decide(&place, &store, history, open, decision, deciding, more).await
}

#[derive(Serialize)]
struct Row {
    id: String,
    state: &'static str,
    run: String,
    since_ms: u64,
    expires_ms: Option<u64>,
    approved_by: Vec<String>,
    findings: Vec<String>,
}

async fn list(format: ListFormat) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let mut rows = Vec::new();
    if let Some(store) = archive::open(&place).await? {
        for (run, history) in archive::all(&store).await? {
            for open in history.map_or(Vec::new(), |history| history.state.open_gates()) {
                let findings = open.escalation.as_ref().map_or(&[][..], |escalation| &escalation.findings);
                rows.push(Row {
                    id: open.gate.to_string(),
                    state: "waiting",
                    run: run.to_string(),
                    since_ms: open.since.0,
                    expires_ms: open.expires.map(|at| at.0),
                    approved_by: open.approved_by.iter().map(|person| person.login.clone()).collect(),
                    findings: findings.iter().map(ToString::to_string).collect(),
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
                output::line(&format!("{:<18} {}  since {since}", row.id, row.run));
            }
        }
    }
    Ok(Exit::Clean)
}

/// The gate that is meant, with its run.
async fn choose(store: &Opened, choice: &GateChoice) -> Result<(History, OpenGate), CliError> {
    let history = choose::only(store, choice.run.as_deref(), "run that waits at a gate", |state| {
        !state.open_gates().is_empty()
    })
    .await?;
    let open = history.state.open_gates();
    let run = &history.state.started.run;
    let Some(wanted) = &choice.gate else {
        return match open.as_slice() {
            [only] => Ok((history.clone(), only.clone())),
            [] => Err(CliError::usage(format!("no gate of {run} waits for a decision"))
                .hint(format!("factory runs show {run}"))),
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

async fn show(args: &ShowArgs) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let (history, open) = choose(&store, &args.choice).await?;
    let run = &history.state.started.run;
    if args.artifact {
        let artifact = edit::shown(&open, store.blobs.as_ref()).await?;
        output::text(&format!("{}\n", edit::to_json(&artifact.body)));
        return Ok(Exit::Clean);
    }
    output::line(&format!("gate {} of {run}, since {}\n", open.gate, story::moment(open.since)));
    output::text(&gatekeeper::shown(&open, store.blobs.as_ref(), !args.hide_verdict).await?);
    output::line(&format!("The patch, if there is one: factory runs diff {run}"));
    output::line(&format!("It can be decided: {}.", choices(&history.state, &open)));
    if let Some(rule) = history.state.started.pipeline.stage(&open.gate.stage).map(|s| s.rule(open.gate.edge))
    {
        for line in asks_for(&rule, &open) {
            output::line(&line);
        }
    }
    // Who has seen what is part of what a decision is worth.
    let look = Command::Look {
        gate: open.gate.clone(),
        by: person::current(&place.project),
        seen: open.sees,
        verdict_shown: !args.hide_verdict,
    };
    match wiring::recorder(&store).command(run, look).await {
        Ok(_) | Err(EngineError::Rejected(Rejection::AlreadySeen)) => Ok(Exit::Clean),
        Err(error) => Err(error.into()),
    }
}

fn asks_for(rule: &factory_core::pipeline::model::GateRule, open: &OpenGate) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(rule.authority.as_ref().map(|name| format!("Only {name} may decide.")));
    if rule.approvals > 1 {
        let names: Vec<String> = open.approved_by.iter().map(story::person).collect();
        let so_far = if names.is_empty() { "nobody yet".to_owned() } else { names.join(", ") };
        lines.push(format!("{} different people have to approve; so far: {so_far}.", rule.approvals));
    }
    if rule.not_requester {
        lines.push("Whoever asked for the run may not approve.".to_owned());
    }
    lines.extend(
        open.expires.map(|at| format!("Without a decision the run is over at {}.", story::moment(at))),
    );
    lines
}

async fn decide(
    place: &Place,
    store: &Opened,
    history: History,
    open: OpenGate,
    decision: Decision,
    args: &DecidingArgs,
    more: impl FnOnce(Deciding) -> Deciding,
) -> Result<Exit, CliError> {
    let because = reason::check(&args.because).map_err(|error| {
        CliError::usage("a decision needs a reason")
            .because(&error)
            .hint("--because \"…\": it is kept with the run, for whoever asks later")
    })?;
    let gatekeeper = Gatekeeper::choose(args.settings.approve_because.as_deref())?;
    let started = history.state.started;
    let by = person::current(&place.project);
    let wanted = Deciding::plain(open.gate.clone(), decision, by, Channel::Command, because, open.sees);
    let wanted = person::sign(place, store, &started.run, more(wanted), args.sign).await?;
    let by = wanted.by.clone();
    let command = Command::Decide(Box::new(wanted));
    let driven = archive::is_driven(store.log.as_ref(), &started.run).await;
    if !args.resume || driven {
        let state = wiring::recorder(store).command(&started.run, command).await?;
        output::line(&format!("{} of {} is {}.", open.gate, started.run, decision.as_str()));
        if state.open_gates().iter().any(|still| still.gate == open.gate) {
            output::line("Somebody else has to approve it, too.");
        } else if driven {
            output::line(&format!(
                "It goes on; follow it: {} runs attach {}",
                invocation::here(place),
                started.run
            ));
        } else if state.outcome.is_none() {
            output::line(&format!("Go on: {} runs resume {}", invocation::here(place), started.run));
        }
        return Ok(Exit::Clean);
    }
    let engine = wiring::engine(place, store, &args.settings, &started.spec.slug)?;
    engine.command(&started.run, command).await?;
    Travel { engine: &engine, place, gatekeeper, person: by, settings: &args.settings }.go(&started.run).await
}
