//! `factory runs resume`: go on with a run that was interrupted, is blocked or waits at a gate.

use super::choose;
use crate::args::RunSettings;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::gatekeeper::Gatekeeper;
use crate::travel::{self, Travel};
use crate::{person, wiring};

pub(crate) async fn resume(run: Option<&str>, settings: &RunSettings) -> Result<Exit, CliError> {
    resume_in(&Place::here()?, run, settings).await
}

/// The same for a project anywhere.
pub(crate) async fn resume_in(
    place: &Place,
    run: Option<&str>,
    settings: &RunSettings,
) -> Result<Exit, CliError> {
    let gatekeeper = Gatekeeper::choose(settings.approve_because.as_deref())?;
    let store = choose::store(place).await?;
    let history = choose::unfinished(&store, run).await?;
    let started = history.state.started.clone();
    if history.state.outcome.is_some() {
        return Err(CliError::usage(format!("the run {} is over", started.run))
            .hint(format!("factory runs show {}", started.run)));
    }
    let person = person::current(&place.project);
    let engine = wiring::engine(place, &store, settings, &started).await?;
    travel::unblock(&engine, &started.run, &history.state).await?;
    Travel { engine: &engine, place, gatekeeper, person, settings }.go(&started.run).await
}
