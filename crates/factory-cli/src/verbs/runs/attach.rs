//! `factory runs attach`: follow a run from another terminal until it stops.

use std::time::{Duration, Instant};

use factory_engine::history;
use factory_store::Access;
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
    // Before the log is read, so that nothing appended in between is missed.
    let mut changes = store.log.changes();
    let watcher = progress::watcher(args);
    let mut told = 0;
    // How long the run has been where it is, as far as this process knows, and since when nobody has performed it.
    let mut still: Option<(u64, Instant)> = None;
    loop {
        let history = history::read(store.log.as_ref(), &run).await?;
        if history.position > told {
            watcher.recorded(&history.since(told), &history.state);
            told = history.position;
        }
        let driven = archive::is_driven(store.log.as_ref(), &run).await;
        let alone = store.access == Access::Held && store.clients() == 0;
        let since = match still {
            Some((position, since)) if position == history.position => since,
            Some(_) | None => Instant::now(),
        };
        still = (!driven).then_some((history.position, since));
        // Between two gates that it answers itself, a process performs nothing for a moment.
        let stopped = !driven && (alone || since.elapsed() >= GRACE);
        if history.state.outcome.is_some() || stopped {
            watcher.stopped();
            let merge = archive::merge(store.blobs.as_ref(), &history.state).await?;
            match args.format {
                Format::Human => output::text(&show::screen(&history, merge.as_ref(), driven)),
                Format::Json => output::json(&show::summary(&history, merge.as_ref(), driven)),
                Format::Ndjson => output::json_line(&show::summary(&history, merge.as_ref(), driven)),
            }
            return Ok(travel::exit(&history.state, false));
        }
        loop {
            match tokio::time::timeout(LOOK_AGAIN, changes.recv()).await {
                Ok(Ok(changed)) if changed != run => {}
                // A process that was killed tells nobody: whether somebody still performs the run is asked again.
                Ok(Ok(_) | Err(RecvError::Lagged(_))) | Err(_) => break,
                Ok(Err(RecvError::Closed)) => {
                    return Err(factory_engine::port::store::StoreError::HolderGone.into());
                }
            }
        }
    }
}

/// How often it is asked whether anybody still performs the run.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long nobody has to have performed it until it is taken for stopped.
const GRACE: Duration = Duration::from_secs(2);
