//! `factory pipeline list`: the project's own pipelines, and those that are built in.

use std::path::Path;

use serde::Serialize;

use crate::args::ListFormat;
use crate::config::pipeline;
use crate::exit::Exit;
use crate::{output, story};

/// One pipeline.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    /// `ok`, or `refused`: then `factory pipeline check` says why.
    state: &'static str,
    /// Where it is, in words.
    from: String,
    /// The kinds of run that it has a beginning for, and where that is.
    begins: Vec<Begin>,
    stages: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Begin {
    kind: &'static str,
    stage: String,
}

pub(super) fn list(project: &Path, format: ListFormat) -> Exit {
    let rows: Vec<Row> = super::all(project)
        .into_iter()
        .map(|(name, source)| {
            let read = source.map(|source| {
                let pipeline = pipeline::examine(&source).pipeline;
                (source.shown, pipeline)
            });
            let (from, pipeline) = read.unwrap_or_else(|_| (format!("pipelines/{name}.toml"), None));
            let state = if pipeline.is_some() { "ok" } else { "refused" };
            let (begins, stages) = pipeline.map_or_else(Default::default, |pipeline| {
                let begin = |(kind, stage): (&factory_core::pipeline::model::EntryType, _)| Begin {
                    kind: kind.as_str(),
                    stage: format!("{stage}"),
                };
                let stages = pipeline.stages.iter().map(|stage| stage.id.to_string()).collect();
                (pipeline.entry.iter().map(begin).collect(), stages)
            });
            Row { id: name, state, from, begins, stages }
        })
        .collect();
    match format {
        ListFormat::Json => output::json(&rows),
        ListFormat::Human => output::text(&human(&rows)),
    }
    Exit::Clean
}

fn human(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        if row.state == "ok" {
            let begins: Vec<String> =
                row.begins.iter().map(|begin| format!("{} at {}", begin.kind, begin.stage)).collect();
            text.push_str(&format!("{}\n  stages  {}\n", story::one_line(&row.from), row.stages.join(", ")));
            text.push_str(&format!("  begins  {}\n", begins.join(", ")));
        } else {
            text.push_str(&format!(
                "{}\n  cannot be used; `factory pipeline check {}`\n",
                story::one_line(&row.from),
                story::one_line(&row.id)
            ));
        }
    }
    text
}
