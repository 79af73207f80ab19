//! `factory decision sql`: one SELECT over a copy of the ledger, which is made from it and never believed instead of it.

use factory_engine::ledger;
use serde_json::Value;

use crate::args::decision::{SqlArgs, TableFormat};
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::verbs::runs::choose;

mod fill;
mod projection;
mod query;
mod schema;

use self::query::Answer;

pub(super) async fn sql(args: &SqlArgs) -> Result<Exit, CliError> {
    let Some(query) = &args.query else {
        output::text(schema::SCHEMA);
        return Ok(Exit::Clean);
    };
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let stored = ledger::stored(store.log.as_ref()).await?;
    let path = place.store().join(projection::FILE);
    projection::update(&path, &stored)?;
    let answer = query::answer(&path, query)?;
    match args.format {
        TableFormat::Human => output::text(&table(&answer)),
        TableFormat::Json => output::text(&super::json(&objects(&answer))),
        TableFormat::Csv => super::print_data(&csv(&answer)),
    }
    Ok(Exit::Clean)
}

/// As text; a NULL is nothing.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// The widest column of a table, in characters; JSON and CSV have all of it.
const WIDEST: usize = 60;

fn table(answer: &Answer) -> String {
    let cell = |text: &str| super::beginning(text, WIDEST);
    let header: Vec<String> = answer.columns.iter().map(|name| cell(name)).collect();
    let rows: Vec<Vec<String>> =
        answer.rows.iter().map(|row| row.iter().map(|value| cell(&text(value))).collect()).collect();
    let mut widths: Vec<usize> = header.iter().map(|name| name.chars().count()).collect();
    for row in &rows {
        for (width, value) in widths.iter_mut().zip(row) {
            *width = (*width).max(value.chars().count());
        }
    }
    let line = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let body: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{}{body}{} rows\n", line(&header), line(&rule), rows.len())
}

/// One object a row. Of columns with the same name the last one stands, as SQLite's own shell has it.
fn objects(answer: &Answer) -> Vec<serde_json::Map<String, Value>> {
    let object = |row: &Vec<Value>| answer.columns.iter().cloned().zip(row.iter().cloned()).collect();
    answer.rows.iter().map(object).collect()
}

fn csv(answer: &Answer) -> String {
    use factory_core::ledger::export::csv;
    let mut text = String::new();
    csv::line(&mut text, answer.columns.iter().cloned());
    for row in &answer.rows {
        csv::values(&mut text, row.iter().map(|value| (self::text(value), value.is_number())));
    }
    text
}
