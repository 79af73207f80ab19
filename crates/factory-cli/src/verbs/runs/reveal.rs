//! `factory runs show --reveal`: the scorecard of the newest evaluation, for a person at a terminal. What they saw, and
//! why, is in the run's log before it is on the screen.

use std::io::{self, IsTerminal as _};

use factory_core::artifact::Body;
use factory_core::command::Command;
use factory_core::ids::{Digest, StageId};
use factory_core::state::RunState;
use factory_engine::port::store::BlobStore;
use factory_eval::score::Verdict;
use factory_eval::scorecard::{Outcome, RunRecord, ScenarioScore, Scorecard};

use super::choose;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, evaluation, output, person, story, wiring};

pub(crate) async fn reveal(run: Option<&str>, because: &str) -> Result<Exit, CliError> {
    // What is piped ends up in files and prompts.
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(CliError::usage("a scorecard is shown at a terminal only")
            .hint("it says what the holdouts are about; nothing that an agent reads may hold it"));
    }
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let history = choose::any(&store, run).await?;
    let run = history.state.started.run.clone();
    let (stage, scorecard) = newest(&history.state, store.blobs.as_ref()).await?;
    let folder = place.store().join(evaluation::SCORECARDS);
    let card = Scorecard::load(&folder, &scorecard).map_err(|error| {
        CliError::failed(format!("the scorecard {} cannot be read", scorecard.short())).because(&error)
    })?;
    let by = person::current(&place.project);
    let command = Command::Reveal { stage, scorecard, by, because: because.to_owned() };
    wiring::recorder(&store).command(&run, command).await?;
    output::text(&screen(&card));
    output::line(
        "That you have seen this is recorded. What you write to an implementer now could tell it on.",
    );
    Ok(Exit::Clean)
}

/// The evaluation that stands, with the stage that made it.
async fn newest(state: &RunState, blobs: &dyn BlobStore) -> Result<(StageId, Digest), CliError> {
    for (id, stage) in &state.stages {
        if let Some(artifact) = &stage.artifact
            && let Body::Verify(verify) = archive::artifact(blobs, &artifact.digest).await?
        {
            return Ok((id.clone(), verify.scorecard));
        }
    }
    Err(CliError::usage(format!("{} has no evaluation that stands", state.started.run))
        .hint("the newest patch has not been evaluated yet"))
}

fn screen(card: &Scorecard) -> String {
    let mut text = format!("patch {}; the clock was {}\n\n", card.patch.short(), card.clock);
    for scenario in &card.scenarios {
        let critical = if scenario.critical { ", critical" } else { "" };
        let passed_before =
            |before: &&ScenarioScore| before.id == scenario.id && before.verdict == Verdict::Passed;
        let regressed = card.base.iter().find(passed_before).map_or("", |_| ", passes on the base");
        text.push_str(&format!(
            "{:<13} {} [{}{critical}{regressed}]\n",
            scenario.verdict.as_str(),
            story::one_line(&scenario.name),
            scenario.covers.join(", "),
        ));
        for run in &scenario.runs {
            text.push_str(&line(run));
        }
    }
    text
}

fn line(run: &RunRecord) -> String {
    match &run.outcome {
        Outcome::Passed => String::new(),
        Outcome::Failed { sentence, message, .. } => format!(
            "    {}: {}\n",
            story::one_line(sentence.as_deref().unwrap_or("not deployed")),
            story::one_line(message)
        ),
        Outcome::Lost { message, .. } => format!("    not scored: {}\n", story::one_line(message)),
    }
}
