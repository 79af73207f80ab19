//! `factory runs list`

use serde::Serialize;

use crate::args::ListFormat;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, output, story};

#[derive(Serialize)]
struct Row {
    id: String,
    state: String,
    spec: Option<String>,
    title: Option<String>,
    at: Option<String>,
    started_at_ms: Option<u64>,
    problem: Option<String>,
}

pub(crate) async fn list(format: ListFormat) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let mut rows = Vec::new();
    if let Some(store) = archive::open(&place).await? {
        for (run, history) in archive::all(&store).await? {
            let driven = archive::is_driven(store.log.as_ref(), &run).await;
            rows.push(match history {
                Ok(history) => Row {
                    id: run.to_string(),
                    state: super::show::phase(&history.state, driven).to_owned(),
                    spec: Some(history.state.started.spec.path.clone()),
                    title: Some(history.state.started.spec.title.clone()),
                    at: Some(super::show::where_it_stands(&history.state, driven)),
                    started_at_ms: Some(history.state.started_at.0),
                    problem: None,
                },
                Err(error) => Row {
                    id: run.to_string(),
                    state: "damaged".to_owned(),
                    spec: None,
                    title: None,
                    at: None,
                    started_at_ms: None,
                    problem: Some(error.to_string()),
                },
            });
        }
    }
    match format {
        ListFormat::Json => output::json(&rows),
        ListFormat::Human if rows.is_empty() => {
            output::line("no runs yet: factory run specs/….md starts one")
        }
        ListFormat::Human => {
            let width = rows.iter().map(|row| row.id.len()).max().unwrap_or(0);
            for row in &rows {
                let began = row.started_at_ms.map(|ms| story::moment(factory_core::ids::Timestamp(ms)));
                output::line(&format!(
                    "{:width$}  {:<9} {:<19}  {}",
                    row.id,
                    row.state,
                    began.unwrap_or_default(),
                    row.problem
                        .as_ref()
                        .or(row.at.as_ref())
                        .map_or(String::new(), |text| story::one_line(text)),
                ));
            }
        }
    }
    Ok(Exit::Clean)
}
