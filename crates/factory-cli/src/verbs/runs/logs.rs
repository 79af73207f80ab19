//! `factory runs logs`: what happened, in order; with `--stage` also what the project's checks printed.

use factory_core::event::{Event, Evidence};
use factory_core::ids::{StageId, Timestamp};
use factory_engine::port::store::BlobStore;
use serde::Serialize;

use super::choose;
use crate::args::ListFormat;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{output, quote, story};

#[derive(Serialize)]
struct Row<'a> {
    at: Timestamp,
    event: &'a Event,
}

pub(crate) async fn logs(
    run: Option<&str>,
    stage: Option<&str>,
    format: ListFormat,
) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let history = choose::any(&store, run).await?;
    let wanted: Option<StageId> = match stage {
        Some(text) => {
            let known = history.state.started.pipeline.stages.iter().find(|s| s.id.as_str() == text);
            Some(known.map(|s| s.id.clone()).ok_or_else(|| {
                let ids: Vec<&str> =
                    history.state.started.pipeline.stages.iter().map(|s| s.id.as_str()).collect();
                CliError::usage(format!("the run has no stage `{text}`"))
                    .hint(format!("its stages: {}", ids.join(", ")))
            })?)
        }
        None => None,
    };
    let chosen: Vec<_> = history
        .events
        .iter()
        .filter(|(_, event)| wanted.as_ref().is_none_or(|id| story::line(event).0 == id.as_str()))
        .collect();
    if format == ListFormat::Json {
        output::json(&chosen.iter().map(|(at, event)| Row { at: *at, event }).collect::<Vec<_>>());
        return Ok(Exit::Clean);
    }
    for (at, event) in chosen {
        let (about, what) = story::line(event);
        let line = format!("{} {about:<8} {}", story::moment(*at), story::one_line(&what));
        output::line(&story::flow(&line));
        if wanted.is_some()
            && let Event::StageProduced { evidence, .. } | Event::StageFailed { evidence, .. } = event
        {
            print_evidence(store.blobs.as_ref(), evidence).await?;
        }
    }
    Ok(Exit::Clean)
}

async fn print_evidence(blobs: &dyn BlobStore, evidence: &[Evidence]) -> Result<(), CliError> {
    for item in evidence {
        let bytes = blobs.get(&item.digest).await?;
        output::line(&format!("── {} ──", story::one_line(&item.name)));
        for line in quote::quoted("  ", &String::from_utf8_lossy(&bytes)).lines() {
            output::line(&story::flow(line));
        }
    }
    Ok(())
}
