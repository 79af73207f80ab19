//! `factory runs attach`: follow a run from another terminal until it stops.

use std::time::{Duration, Instant};

use factory_core::ids::RunId;
use factory_engine::error::EngineError;
use factory_engine::history::{self, History};
use factory_engine::port::store::StoreError;
use factory_engine::port::watcher::Watcher;
use factory_store::{Access, Opened};
use tokio::sync::broadcast::error::RecvError;

use super::choose;
use crate::args::{Format, OutputArgs};
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::verbs::runs::show;
use crate::{archive, output, progress, travel};

pub(crate) async fn attach(run: Option<&str>, args: &OutputArgs) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let run = choose::any(&store, run).await?.state.started.run;
    let watcher = progress::watcher(args);
    let mut told = 0;
    let followed = follow(&store, &run, watcher.as_ref(), &mut told).await;
    drop(store);
    let (store, history, driven) = match followed {
        Ok((history, driven)) => (choose::store(&place).await?, history, driven),
        Err(EngineError::Store(StoreError::HolderGone)) => {
            // The other process has ended. If that was because the run is over, this is how.
            let store = choose::store(&place).await?;
            let history = history::read(store.log.as_ref(), &run).await?;
            if history.state.outcome.is_none() {
                return Err(StoreError::HolderGone.into());
            }
            if history.position > told {
                watcher.recorded(&history.since(told), &history.state);
            }
            (store, history, false)
        }
        Err(other) => return Err(other.into()),
    };
    watcher.stopped();
    let merge = archive::merge(store.blobs.as_ref(), &history.state).await?;
    match args.format {
        Format::Human => output::text(&show::screen(&history, merge.as_ref(), driven)),
        Format::Json => output::json(&show::summary(&history, merge.as_ref(), driven)),
        Format::Ndjson => output::json_line(&show::summary(&history, merge.as_ref(), driven)),
    }
    Ok(travel::exit(&history.state, false))
}

/// Tells what happens until the run is over, or nobody performs it any more.
async fn follow(
    store: &Opened,
    run: &RunId,
    watcher: &dyn Watcher,
    told: &mut u64,
) -> Result<(History, bool), EngineError> {
    // Before the log is read, so that nothing appended in between is missed.
    let mut changes = store.log.changes();
    // How long the run has been where it is, as far as this process knows, and since when nobody has performed it.
    let mut still: Option<(u64, Instant)> = None;
    loop {
        let history = history::read(store.log.as_ref(), run).await?;
        if history.position > *told {
            watcher.recorded(&history.since(*told), &history.state);
            *told = history.position;
        }
        let driven = archive::is_driven(store.log.as_ref(), run).await;
        let alone = store.access == Access::Held && store.clients() == 0;
        let since = match still {
            Some((position, since)) if position == history.position => since,
            Some(_) | None => Instant::now(),
        };
        still = (!driven).then_some((history.position, since));
        // Between two gates that it answers itself, a process performs nothing for a moment.
        let stopped = !driven && (alone || since.elapsed() >= GRACE);
        if history.state.outcome.is_some() || stopped {
            return Ok((history, driven));
        }
        loop {
            match tokio::time::timeout(LOOK_AGAIN, changes.recv()).await {
                Ok(Ok(changed)) if changed != *run => {}
                // A process that was killed tells nobody: whether somebody still performs the run is asked again.
                Ok(Ok(_) | Err(RecvError::Lagged(_))) | Err(_) => break,
                Ok(Err(RecvError::Closed)) => return Err(StoreError::HolderGone.into()),
            }
        }
    }
}

/// How often it is asked whether anybody still performs the run.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long nobody has to have performed it until it is taken for stopped.
const GRACE: Duration = Duration::from_secs(2);
