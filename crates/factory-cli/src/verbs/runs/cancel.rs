//! `factory runs cancel`: stop a run for good, whoever performs it.

use factory_core::command::Command;

use super::choose;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{output, person, story, wiring};

pub(crate) async fn cancel(run: Option<&str>, because: &str) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let history = choose::unfinished(&store, run).await?;
    let run = history.state.started.run;
    let command = Command::Cancel { by: person::current(&place.project), because: because.to_owned() };
    let state = wiring::recorder(&store).command(&run, command).await?;
    let outcome = state.outcome.as_ref().map_or(String::new(), story::ended);
    output::line(&format!("{run} is {outcome}"));
    Ok(Exit::Clean)
}
