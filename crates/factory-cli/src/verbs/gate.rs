//! `factory gate`: the gates that wait, what they show, and deciding at one.

use factory_core::artifact::Body;
use factory_core::command::{Command, Deciding};
use factory_core::decide::Rejection;
use factory_core::event::{Channel, Decision, Event};
use factory_core::ids::{FindingId, RunId};
use factory_core::plain;
use factory_core::reason;
use factory_core::referred::{self, Referred};
use factory_core::state::OpenGate;
use factory_engine::error::EngineError;
use factory_engine::history::History;
use factory_engine::port::store::BlobStore;
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
            reason::check(&note).map_err(|error| {
                CliError::usage(error.of_note()).hint("--note \"…\": whoever does it again is told")
            })?;
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

/// The gate that is meant, with its run: of all gates that wait, or those of the run that is named, the only one by that
/// name, or the only one.
async fn choose(store: &Opened, choice: &GateChoice) -> Result<(History, OpenGate), CliError> {
    let runs = match choice.run.as_deref() {
        Some(run) => vec![choose::any(store, Some(run)).await?],
        None => choose::suiting(store, |state| !state.open_gates().is_empty()).await?,
    };
    let waiting = |run: &History| run.state.open_gates().into_iter().map(|o| (run.clone(), o)).collect();
    let all: Vec<(History, OpenGate)> = runs.iter().flat_map::<Vec<_>, _>(waiting).collect();
    let is_meant = |open: &OpenGate| {
        choice
            .gate
            .as_ref()
            .is_none_or(|wanted| open.gate.to_string() == *wanted || open.gate.stage.as_str() == wanted)
    };
    let mut meant: Vec<_> = all.iter().filter(|(_, open)| is_meant(open)).cloned().collect();
    if meant.len() == 1 {
        return Ok(meant.remove(0));
    }
    let listed = |gates: &[(History, OpenGate)]| {
        let line =
            |(run, open): &(History, OpenGate)| format!("{} --run {}", open.gate, run.state.started.run);
        gates.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    if !meant.is_empty() {
        return Err(CliError::usage(format!("{} gates wait; name the one that is meant", meant.len()))
            .hint(listed(&meant)));
    }
    let of = match (&choice.run, runs.as_slice()) {
        (None, []) => {
            let none = CliError::usage("there is no run that waits at a gate");
            return Err(none.hint("`factory runs list` shows all runs"));
        }
        (Some(_), [run]) => format!(" of {}", run.state.started.run),
        (Some(_) | None, _) => String::new(),
    };
    let named =
        choice.gate.as_ref().map_or(String::new(), |wanted| format!(" `{}`", plain::beginning(wanted, 80)));
    let error = CliError::usage(format!("no gate{named}{of} waits for a decision"));
    Err(match (all.as_slice(), runs.as_slice()) {
        ([], [run]) => error.hint(format!("factory runs show {}", run.state.started.run)),
        ([], _) => error,
        (there, _) => error.hint(format!("these wait:\n{}", listed(there))),
    })
}

async fn show(args: &ShowArgs) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let (history, open) = choose(&store, &args.choice).await?;
    let run = &history.state.started.run;
    if args.artifact {
        let artifact = edit::shown(&open, store.blobs.as_ref()).await?;
        output::json(&artifact.body);
        let verdict = matches!(artifact.body, Body::Verify(_));
        return looked(&place, &store, run, open, verdict).await;
    }
    output::line(&format!("gate {} of {run}, since {}\n", open.gate, story::moment(open.since)));
    output::text(&gatekeeper::shown(&history.state, &open, store.blobs.as_ref(), !args.hide_verdict).await?);
    output::line(&format!("The patch, if there is one: factory runs diff {run}"));
    output::line(&format!("It can be decided: {}.", choices(&history.state, &open)));
    if let Some(rule) = history.state.started.pipeline.stage(&open.gate.stage).map(|s| s.rule(open.gate.edge))
    {
        for line in asks_for(&rule, &open) {
            output::line(&line);
        }
    }
    looked(&place, &store, run, open, !args.hide_verdict).await
}

/// Whether everything that the gate shows is there and whole, with all that a patch writes.
async fn can_be_shown(open: &OpenGate, blobs: &dyn BlobStore) -> Result<(), CliError> {
    for digest in &open.sees {
        for named in referred::by_artifact(&archive::whole(blobs, digest).await?) {
            match named {
                Referred::Artifact(digest) | Referred::Blob(digest) => drop(blobs.get(&digest).await?),
                // It stays on the evaluator's side.
                Referred::Scorecard(_) => {}
            }
        }
    }
    Ok(())
}

/// Keeps who has seen what: it is part of what a decision is worth.
async fn looked(
    place: &Place,
    store: &Opened,
    run: &RunId,
    open: OpenGate,
    verdict_shown: bool,
) -> Result<Exit, CliError> {
    let by = person::current(&place.project);
    let look = Command::Look { gate: open.gate, by, seen: open.sees, verdict_shown };
    match wiring::recorder(store).command(run, look).await {
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

/// Whether the gate shows what this person looked at last, if they ever did. Who decides at once, without a look, binds
/// what is there.
fn still_as_seen(history: &History, open: &OpenGate, login: &str) -> Result<(), CliError> {
    let last = history.events.iter().rev().find_map(|(at, event)| {
        let Event::GateSeen { gate, by, seen, .. } = event else { return None };
        (*gate == open.gate && by.login == login).then_some((at, seen))
    });
    match last {
        Some((at, seen)) if *seen != open.sees => Err(CliError::usage(format!(
            "what {} shows has changed since you looked at it, {}",
            open.gate,
            story::moment(*at)
        ))
        .hint(format!("factory gate show {} --run {}", open.gate, history.state.started.run))),
        Some(_) | None => Ok(()),
    }
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
    let by = person::current(&place.project);
    still_as_seen(&history, &open, &by.login)?;
    match decision {
        // Nobody accepts what nobody could see any more.
        Decision::Approved | Decision::Overridden => {
            can_be_shown(&open, store.blobs.as_ref()).await?;
        }
        Decision::Rejected | Decision::Retried => {}
    }
    let started = history.state.started;
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
    let engine = wiring::engine(place, store, &args.settings, &started).await?;
    engine.command(&started.run, command).await?;
    Travel { engine: &engine, place, gatekeeper, person: by, settings: &args.settings }.go(&started.run).await
}
