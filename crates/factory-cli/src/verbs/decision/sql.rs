//! `factory decision sql`: one SELECT over a copy of the ledger, which is made from it and never believed instead of it.

use factory_engine::ledger;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::args::decision::{SqlArgs, TableFormat};
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, output};

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
    let answer = match archive::open(&place).await? {
        Some(store) => {
            let stored = ledger::stored(store.log.as_ref()).await?;
            let path = place.store().join(projection::FILE);
            projection::update(&path, &stored)?;
            query::answer(&path, query)?
        }
        None => of_nothing(query)?,
    };
    match args.format {
        TableFormat::Human => output::text(&table(&answer)),
        TableFormat::Json => output::text(&super::json(&objects(&answer)?)),
        TableFormat::Csv => super::print_data(&csv(&answer)),
    }
    Ok(Exit::Clean)
}

/// The answer of an empty ledger, where nothing was ever run: nothing is left in the project.
fn of_nothing(query: &str) -> Result<Answer, CliError> {
    let folder = tempfile::tempdir()
        .map_err(|error| CliError::failed("no folder can be made for the copy").because(&error))?;
    let path = folder.path().join(projection::FILE);
    projection::update(&path, &[])?;
    query::answer(&path, query)
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

/// A row whose fields are in the order of the query.
struct Object<'a> {
    columns: &'a [String],
    row: &'a [Value],
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.columns.iter().zip(self.row))
    }
}

/// One object a row. Of fields with the same name, most programs would see one.
fn objects(answer: &Answer) -> Result<Vec<Object<'_>>, CliError> {
    let columns = &answer.columns;
    let twice = columns.iter().enumerate().find(|(index, name)| columns[..*index].contains(name));
    if let Some((_, name)) = twice {
        let name = super::plain(name);
        return Err(CliError::usage(format!(
            "two columns are named `{name}`, and an object has one of a name"
        ))
        .hint(format!("give one of them another name, such as: {name} AS other_{name}")));
    }
    Ok(answer.rows.iter().map(|row| Object { columns, row }).collect())
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
