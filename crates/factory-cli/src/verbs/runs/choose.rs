//! Which run is meant: by the beginning of its id, or the one that suits.

use factory_core::ids::RunId;
use factory_core::state::RunState;
use factory_engine::history::History;
use factory_store::Opened;

use crate::archive;
use crate::config::place::Place;
use crate::error::CliError;

/// The store of the project here, which must have runs.
pub(crate) async fn store(place: &Place) -> Result<Opened, CliError> {
    archive::open(place).await?.ok_or_else(|| {
        CliError::usage(format!("there are no runs in {}", place.project.directory().display()))
            .hint("factory run specs/….md starts one")
    })
}

/// The run that `given` begins; the newest one without it.
pub(crate) async fn any(store: &Opened, given: Option<&str>) -> Result<History, CliError> {
    pick(store, given).await
}

/// The run that `given` begins; without it, the only one that is not finished.
pub(crate) async fn unfinished(store: &Opened, given: Option<&str>) -> Result<History, CliError> {
    if given.is_some() {
        return any(store, given).await;
    }
    let mut found = suiting(store, |state| state.outcome.is_none()).await?;
    match found.len() {
        0 => Err(CliError::usage("there is no run that is not finished")
            .hint("`factory runs list` shows all runs")),
        1 => Ok(found.remove(0)),
        n => {
            let ids: Vec<String> = found.iter().map(|h| h.state.started.run.to_string()).collect();
            Err(CliError::usage(format!("{n} runs are not finished; name the one that is meant"))
                .hint(ids.join("\n")))
        }
    }
}

/// Every run of that kind, the newest first.
pub(crate) async fn suiting(store: &Opened, suits: fn(&RunState) -> bool) -> Result<Vec<History>, CliError> {
    let mut found: Vec<History> = Vec::new();
    for (_, history) in archive::all(store).await? {
        found.extend(history.ok().filter(|h| suits(&h.state)));
    }
    Ok(found)
}

async fn pick(store: &Opened, given: Option<&str>) -> Result<History, CliError> {
    if given.is_some_and(str::is_empty) {
        // Every id begins with nothing; most likely a variable of the caller's is not set.
        return Err(CliError::usage("an empty text names no run").hint("`factory runs list` shows all runs"));
    }
    let entries = archive::all(store).await?;
    let Some(given) = given else {
        let newest = entries.into_iter().find_map(|(_, history)| history.ok());
        return newest.ok_or_else(|| {
            CliError::usage("there is no run that can be read").hint("factory run specs/….md starts one")
        });
    };
    let matching: Vec<&RunId> =
        entries.iter().map(|(run, _)| run).filter(|run| run.as_str().starts_with(given)).collect();
    let exact = matching.iter().find(|run| run.as_str() == given).copied();
    let chosen = match (exact, matching.as_slice()) {
        (Some(run), _) => run.clone(),
        (None, [run]) => (*run).clone(),
        (None, []) => {
            return Err(CliError::usage(format!("no run begins with `{given}`"))
                .hint("`factory runs list` shows all runs"));
        }
        (None, several) => {
            let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
            return Err(
                CliError::usage(format!("{} runs begin with `{given}`", several.len())).hint(ids.join("\n"))
            );
        }
    };
    let entry =
        entries.into_iter().find(|(run, _)| *run == chosen).expect("the chosen run is one of the entries");
    Ok(entry.1?)
}
