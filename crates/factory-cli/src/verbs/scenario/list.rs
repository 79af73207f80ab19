//! `factory scenario list`: which scenarios there are.

use factory_eval::catalogue::Entry;
use serde::Serialize;

use super::chosen;
use crate::args::ListFormat;
use crate::args::scenario::{Which, Words};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{output, story};

/// What `--format json` prints.
#[derive(Serialize)]
struct Report<'a> {
    /// Version of this form.
    schema: u32,
    scenarios: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    file: String,
    line: usize,
    tags: Vec<&'a str>,
    covers: &'a [String],
    /// Whether it can be run.
    compiles: bool,
}

pub(super) fn list(which: &Which, words: &Words, format: ListFormat) -> Result<Exit, CliError> {
    let chosen = chosen::choose(which, words)?;
    chosen.warn();
    let rows: Vec<Row<'_>> = chosen.catalogue.entries.iter().map(row).collect();
    match format {
        ListFormat::Human => output::text(&rows.iter().map(line).collect::<String>()),
        ListFormat::Json => output::json(&Report { schema: 1, scenarios: rows }),
    }
    // A file that is none of scenarios has been shown, and so has what cannot be compiled.
    let compiled = chosen.catalogue.entries.iter().all(|entry| entry.compiled.is_ok());
    Ok(if compiled && chosen.catalogue.unparsable.is_empty() { Exit::Clean } else { Exit::Usage })
}

fn row(entry: &Entry) -> Row<'_> {
    let scenario = entry.scenario();
    Row {
        id: &scenario.id,
        name: &scenario.name,
        file: entry.file.display().to_string(),
        line: entry.line(),
        tags: scenario.tags.iter().map(|tag| tag.as_str()).collect(),
        covers: &scenario.covers,
        compiles: entry.compiled.is_ok(),
    }
}

fn line(row: &Row<'_>) -> String {
    let tags: String = row.tags.iter().map(|tag| format!("  @{tag}")).collect();
    let covers =
        if row.covers.is_empty() { String::new() } else { format!("  covers {}", row.covers.join(", ")) };
    let broken = if row.compiles { "" } else { "  cannot be compiled: see `factory scenario plan`" };
    format!(
        "{}  {}\n    {}:{}{tags}{covers}{broken}\n",
        story::one_line(row.id),
        story::one_line(row.name),
        row.file,
        row.line
    )
}
