//! `factory runs show`: the story of a run on one screen.

use factory_core::artifact::Merge;
use factory_core::event::{Event, Outcome};
use factory_core::ids::Usage;
use factory_core::state::{Phase, RunState, StageStatus};
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
pub(crate) fn summary(history: &History, merge: Option<&Merge>) -> Summary {
    let state = &history.state;
    let stages = state.started.pipeline.stages.iter().filter_map(|stage| {
        let at = state.stages.get(&stage.id)?;
        let detail = match &at.status {
            StageStatus::Blocked { detail, .. } => Some(detail.clone()),
            StageStatus::Pending
            | StageStatus::AtGate { .. }
            | StageStatus::Running { .. }
            | StageStatus::Produced
            | StageStatus::Failed
            | StageStatus::Passed => None,
        };
        Some(StageRow {
            id: stage.id.to_string(),
            state: status(&at.status),
            attempts: at.last_attempt,
            artifact: at.artifact.as_ref().map(|artifact| artifact.digest.to_string()),
            detail,
        })
    });
    Summary {
        id: state.started.run.to_string(),
        state: phase(state),
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
            .filter(|(_, event)| matches!(event, Event::GateDecided(_) | Event::PolicyJudged { .. }))
            .map(|(at, event)| DecisionRow { at_ms: at.0, decided: event.clone() })
            .collect(),
        outcome: state.outcome.clone(),
        branch: merge.map(|merge| merge.branch.clone()),
        commit: merge.map(|merge| merge.commit.to_string()),
        usage: state.usage,
    }
}

/// What a run is doing, seen by a process that holds its store and performs nothing: then nobody does.
pub(crate) fn phase(state: &RunState) -> &'static str {
    match state.phase() {
        Phase::Running => "interrupted",
        other @ (Phase::Waiting | Phase::Blocked | Phase::Merged | Phase::Rejected | Phase::Failed) => {
            other.as_str()
        }
    }
}

fn status(status: &StageStatus) -> &'static str {
    match status {
        StageStatus::Pending => "pending",
        StageStatus::AtGate { .. } => "at gate",
        StageStatus::Running { .. } => "interrupted",
        StageStatus::Blocked { .. } => "blocked",
        StageStatus::Produced => "produced",
        StageStatus::Failed => "failed",
        StageStatus::Passed => "passed",
    }
}

/// Where a run stands, in a few words.
pub(crate) fn where_it_stands(state: &RunState) -> String {
    if let Some(outcome) = &state.outcome {
        return story::one_line(&story::ended(outcome));
    }
    if let Some(open) = state.open_gates().first() {
        return format!("waits at the gate {}", open.gate);
    }
    let active = state
        .stages
        .iter()
        .find(|(_, stage)| matches!(stage.status, StageStatus::Running { .. } | StageStatus::Blocked { .. }));
    active.map_or(String::new(), |(id, stage)| format!("{} at {id}", status(&stage.status)))
}

pub(crate) async fn show(run: Option<&str>, format: ListFormat) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place)?;
    let history = choose::any(&store, run).await?;
    let merge = archive::merge(store.blobs.as_ref(), &history.state).await?;
    match format {
        ListFormat::Json => output::json(&summary(&history, merge.as_ref())),
        ListFormat::Human => output::text(&screen(&history, merge.as_ref())),
    }
    Ok(Exit::Clean)
}

fn screen(history: &History, merge: Option<&Merge>) -> String {
    let state = &history.state;
    let started = &state.started;
    let mut text = format!(
        "{}  {}\n{}  ({})\nbase {}  pipeline {}  {}\nbegun {} by {}\n\n",
        started.run,
        phase(state),
        started.spec.title,
        started.spec.path,
        &started.base.as_str()[..12],
        started.pipeline.name,
        started.model,
        story::moment(state.started_at),
        story::person(&started.requested_by),
    );
    for stage in &started.pipeline.stages {
        let Some(at) = state.stages.get(&stage.id) else { continue };
        let attempts =
            if at.last_attempt > 1 { format!("  {} attempts", at.last_attempt) } else { String::new() };
        text.push_str(&format!("  {:<8} {}{attempts}\n", stage.id.as_str(), status(&at.status)));
    }
    text.push('\n');
    for (at, event) in &history.events {
        if worth_telling(event) {
            let (stage, what) = story::line(event);
            text.push_str(&format!("  {} {stage:<8} {}\n", story::time_of_day(*at), story::one_line(&what)));
        }
    }
    let took = story::duration(state.changed_at.since(state.started_at));
    text.push_str(&format!("\n{took}; {}\n{}\n", story::cost(state.usage), next(state, merge)));
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
        | Event::RunEnded { .. } => true,
        Event::RunStarted(_)
        | Event::StageStarted { .. }
        | Event::StageUnblocked { .. }
        | Event::GateOpened { .. } => false,
    }
}

/// What happens next, and by whom.
fn next(state: &RunState, merge: Option<&Merge>) -> String {
    let run = &state.started.run;
    match &state.outcome {
        Some(Outcome::Merged { .. }) => {
            let branch = merge.map_or("its branch", |merge| merge.branch.as_str());
            return format!("next: git switch {branch}, and merge it as you would a colleague's");
        }
        Some(Outcome::Rejected { .. } | Outcome::Failed { .. }) => {
            return "next: mend the specification or the project, then run it again".to_owned();
        }
        None => {}
    }
    match state.open_gates().first() {
        Some(open) => format!("next: factory gate show {} --run {run}, then approve or reject it", open.gate),
        None => format!("next: factory runs resume {run}"),
    }
}
