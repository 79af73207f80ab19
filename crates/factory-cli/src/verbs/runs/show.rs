//! `factory runs show`: the story of a run on one screen.

use factory_core::artifact::Merge;
use factory_core::decide;
use factory_core::event::{Event, Outcome};
use factory_core::ids::Usage;
use factory_core::pipeline::model::Edge;
use factory_core::state::{OpenGate, Phase, RunState, StageStatus};
use factory_engine::history::History;
use serde::Serialize;

use super::choose;
use crate::args::ListFormat;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, output, story};

/// A run for machines.
#[derive(Serialize)]
pub(crate) struct Summary {
    id: String,
    state: &'static str,
    spec: String,
    title: String,
    base: String,
    model: String,
    started_at_ms: u64,
    changed_at_ms: u64,
    stages: Vec<StageRow>,
    gates: Vec<GateRow>,
    /// Every decision at a gate, a person's or policy's, as the log has it.
    decisions: Vec<DecisionRow>,
    outcome: Option<Outcome>,
    branch: Option<String>,
    commit: Option<String>,
    usage: Usage,
}

#[derive(Serialize)]
struct StageRow {
    id: String,
    state: &'static str,
    attempts: u32,
    artifact: Option<String>,
    detail: Option<String>,
}

#[derive(Serialize)]
struct DecisionRow {
    at_ms: u64,
    decided: Event,
}

#[derive(Serialize)]
struct GateRow {
    id: String,
    state: &'static str,
    since_ms: u64,
}

/// A run for machines.
pub(crate) fn summary(history: &History, merge: Option<&Merge>, driven: bool) -> Summary {
    let state = &history.state;
    let stages = state.started.pipeline.stages.iter().filter_map(|stage| {
        let at = state.stages.get(&stage.id)?;
        let detail = match &at.status {
            StageStatus::Blocked { detail, .. } => Some(detail.clone()),
            StageStatus::Soaking { until } => Some(format!("until {}", story::moment(*until))),
            StageStatus::Pending
            | StageStatus::AtGate { .. }
            | StageStatus::Running { .. }
            | StageStatus::Produced
            | StageStatus::Failed
            | StageStatus::Passed
            | StageStatus::Skipped => None,
        };
        Some(StageRow {
            id: stage.id.to_string(),
            state: status(&at.status, driven),
            attempts: at.last_attempt,
            artifact: at.artifact.as_ref().map(|artifact| artifact.digest.to_string()),
            detail,
        })
    });
    Summary {
        id: state.started.run.to_string(),
        state: phase(state, driven),
        spec: state.started.spec.path.clone(),
        title: state.started.spec.title.clone(),
        base: state.started.base.to_string(),
        model: state.started.model.clone(),
        started_at_ms: state.started_at.0,
        changed_at_ms: state.changed_at.0,
        stages: stages.collect(),
        gates: state
            .open_gates()
            .into_iter()
            .map(|open| GateRow { id: open.gate.to_string(), state: "waiting", since_ms: open.since.0 })
            .collect(),
        decisions: history
            .events
            .iter()
            .filter(|(_, event)| is_decision(event))
            .map(|(at, event)| DecisionRow { at_ms: at.0, decided: event.clone() })
            .collect(),
        outcome: state.outcome.clone(),
        branch: merge.map(|merge| merge.branch.clone()),
        commit: merge.map(|merge| merge.commit.to_string()),
        usage: state.usage,
    }
}

fn is_decision(event: &Event) -> bool {
    matches!(event, Event::GateDecided(_) | Event::PolicyJudged { .. } | Event::GateExpired { .. })
}

/// What a run is doing. One that some process should perform, and none does, was interrupted.
pub(crate) fn phase(state: &RunState, driven: bool) -> &'static str {
    match state.phase() {
        Phase::Running if !driven => "interrupted",
        Phase::Merged if state.rolled_back => "rolled back",
        other @ (Phase::Running
        | Phase::Waiting
        | Phase::Soaking
        | Phase::Blocked
        | Phase::Merged
        | Phase::Rejected
        | Phase::Cancelled
        | Phase::Failed) => other.as_str(),
    }
}

fn status(status: &StageStatus, driven: bool) -> &'static str {
    match status {
        StageStatus::Pending => "pending",
        StageStatus::Soaking { .. } => "soaking",
        StageStatus::Skipped => "left out",
        StageStatus::AtGate { .. } => "at gate",
        StageStatus::Running { .. } if driven => "running",
        StageStatus::Running { .. } => "interrupted",
        StageStatus::Blocked { .. } => "blocked",
        StageStatus::Produced => "produced",
        StageStatus::Failed => "failed",
        StageStatus::Passed => "passed",
    }
}

/// Where a run stands, in a few words.
pub(crate) fn where_it_stands(state: &RunState, driven: bool) -> String {
    if let Some(outcome) = &state.outcome {
        return story::one_line(&story::ended(outcome));
    }
    if let Some(open) = state.open_gates().first() {
        return format!("waits at the gate {}", open.gate);
    }
    let is_active = |status: &StageStatus| {
        matches!(
            status,
            StageStatus::Running { .. } | StageStatus::Blocked { .. } | StageStatus::Soaking { .. }
        )
    };
    let active = state.stages.iter().find(|(_, stage)| is_active(&stage.status));
    active.map_or(String::new(), |(id, stage)| format!("{} at {id}", status(&stage.status, driven)))
}

pub(crate) async fn show(run: Option<&str>, format: ListFormat) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let history = choose::any(&store, run).await?;
    let merge = archive::merge(store.blobs.as_ref(), &history.state).await?;
    let driven = archive::is_driven(store.log.as_ref(), &history.state.started.run).await;
    match format {
        ListFormat::Json => output::json(&summary(&history, merge.as_ref(), driven)),
        ListFormat::Human => output::text(&screen(&history, merge.as_ref(), driven)),
    }
    Ok(Exit::Clean)
}

pub(crate) fn screen(history: &History, merge: Option<&Merge>, driven: bool) -> String {
    let state = &history.state;
    let started = &state.started;
    let mut text = String::new();
    if let Some(because) = &started.unsealed {
        text.push_str(&format!(
            "NOT SEALED: its commands are not confined; accepted because {}\n\n",
            story::one_line(because)
        ));
    }
    text.push_str(&format!(
        "{}  {}\n{}  ({})\nbase {}  pipeline {}  {}\nbegun {} by {}\n\n",
        started.run,
        phase(state, driven),
        story::one_line(&started.spec.title),
        story::one_line(&started.spec.path),
        &started.base.as_str()[..12],
        started.pipeline.name,
        story::one_line(&started.model),
        story::moment(state.started_at),
        story::person(&started.requested_by),
    ));
    for stage in &started.pipeline.stages {
        let Some(at) = state.stages.get(&stage.id) else { continue };
        let attempts =
            if at.last_attempt > 1 { format!("  {} attempts", at.last_attempt) } else { String::new() };
        text.push_str(&format!("  {:<8} {}{attempts}\n", stage.id.as_str(), status(&at.status, driven)));
    }
    text.push('\n');
    for (at, event) in &history.events {
        if worth_telling(event) {
            let (stage, what) = story::line(event);
            let line = format!("  {} {stage:<8} {}", story::time_of_day(*at), story::one_line(&what));
            text.push_str(&format!("{}\n", story::flow(&line)));
        }
    }
    let took = story::duration(state.changed_at.since(state.started_at));
    text.push_str(&format!("\n{took}; {}\n{}\n", story::cost(state.usage), next(state, merge, driven)));
    text
}

/// Scores, gates, decisions and failures; not every start.
fn worth_telling(event: &Event) -> bool {
    match event {
        Event::StageProduced { .. }
        | Event::StageFailed { .. }
        | Event::StageBlocked { .. }
        | Event::GateDecided(_)
        | Event::PolicyJudged { .. }
        | Event::SentBack { .. }
        | Event::StageSkipped { .. }
        | Event::SoakBegan { .. }
        | Event::GateOpened { escalation: Some(_), .. }
        | Event::GateExpired { .. }
        | Event::BaseMoved { .. }
        | Event::ScorecardRevealed { .. }
        | Event::RolledBack { .. }
        | Event::RunEnded { .. } => true,
        Event::RunStarted(_)
        | Event::SoakEnded { .. }
        | Event::GateSeen { .. }
        | Event::StageStarted { .. }
        | Event::StageUnblocked { .. }
        | Event::GateOpened { escalation: None, .. } => false,
    }
}

/// What happens next, and by whom.
fn next(state: &RunState, merge: Option<&Merge>, driven: bool) -> String {
    let run = &state.started.run;
    match &state.outcome {
        Some(Outcome::Merged { .. }) => {
            let branch = merge.map_or("its branch", |merge| merge.branch.as_str());
            return format!("next: git switch {branch}, and merge it as you would a colleague's");
        }
        Some(
            Outcome::Rejected { .. }
            | Outcome::Expired { .. }
            | Outcome::Cancelled { .. }
            | Outcome::Failed { .. },
        ) => {
            return "next: mend the specification or the project, then run it again".to_owned();
        }
        None => {}
    }
    if let Some(open) = state.open_gates().first() {
        return format!(
            "next: factory gate show {} --run {run}, then decide: {}",
            open.gate,
            choices(state, open)
        );
    }
    match state.due() {
        _ if driven => format!("next: it goes on by itself; follow it with factory runs attach {run}"),
        Some(due) => format!("next: factory runs resume {run}, after {}", story::moment(due)),
        None => format!("next: factory runs resume {run}"),
    }
}

/// What can be decided at a gate.
pub(crate) fn choices(state: &RunState, open: &OpenGate) -> &'static str {
    match open.gate.edge {
        Edge::Entry | Edge::Exit => "approve, retry or reject",
        Edge::Escalation if decide::can_override(state, open) => "retry, override or reject",
        Edge::Escalation => "retry or reject",
        Edge::Budget => "approve or reject",
    }
}
