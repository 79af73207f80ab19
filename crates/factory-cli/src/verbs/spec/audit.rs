//! `factory spec audit`: what texts leave to guesses, as debt by class, by question and by scenario.

use factory_spec::lint::{self, Audit, Linted, Reported, Tier};
use serde::Serialize;

use super::rules::Rules;
use super::second;
use super::texts::{self, Text};
use crate::args::ListFormat;
use crate::args::spec::AuditArgs;
use crate::config::place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{output, story};

/// An audit for machines.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    audit: &'a Audit,
    findings: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    path: &'a str,
    code: &'a str,
    class: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
}

pub(super) async fn audit(args: &AuditArgs) -> Result<Exit, CliError> {
    let rules = Rules::find(&place::current_dir()?)?;
    let mut texts = texts::read(&args.paths, &rules)?;
    if let Some(model) = &args.model {
        second::read(&mut texts, model).await?;
    }
    let read: Vec<(Reported<'_>, &Linted)> =
        texts.iter().filter_map(|text| Some((text.reported(), text.linted.as_ref()?))).collect();
    let audit = lint::audit(&read);
    let rows = rows(&texts);
    match args.format {
        ListFormat::Human => output::text(&human(&audit, &rows)),
        ListFormat::Json => output::json(&Document { audit: &audit, findings: rows }),
    }
    // What a model says is advice, and decides nothing.
    let said = |text: &Text| text.findings.iter().any(|one| one.debt.is_some() && one.tier != Tier::Preview);
    let owes = texts.iter().any(said);
    Ok(if owes { Exit::Failed } else { Exit::Clean })
}

fn rows(texts: &[Text]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for text in texts {
        let lines = lint::Lines::new(&text.source);
        for finding in &text.findings {
            let Some(debt) = finding.debt else { continue };
            let (line, column) = lines.place(finding.span.start);
            rows.push(Row {
                path: &text.shown,
                code: finding.code,
                class: debt.as_str(),
                line,
                column,
                message: &finding.message,
            });
        }
    }
    rows
}

fn human(audit: &Audit, rows: &[Row<'_>]) -> String {
    let mut text = String::new();
    for row in rows {
        text.push_str(&format!(
            "{}:{}:{}: {} {} ({})\n",
            story::one_line(row.path),
            row.line,
            row.column,
            row.code,
            story::one_line(row.message),
            row.class
        ));
    }
    if !rows.is_empty() {
        text.push('\n');
    }
    for question in &audit.questions {
        let answer = if question.no == 0 { "yes".to_owned() } else { format!("no, {}", question.no) };
        text.push_str(&format!("{:<72} {answer}\n", question.asks));
    }
    text.push('\n');
    for (class, count) in &audit.classes {
        text.push_str(&format!("{class:<18} {count}\n"));
    }
    text.push('\n');
    let owing = audit.scenarios.iter().filter(|scenario| !scenario.codes.is_empty());
    for scenario in owing {
        text.push_str(&format!("{}: {}\n", story::one_line(&scenario.id), scenario.codes.join(", ")));
    }
    if let Some(debt) = audit.debt_per_scenario_hundredths {
        text.push_str(&format!(
            "{} scenarios owe {}, {} of it in step definitions: {}.{:02} for each scenario\n",
            audit.scenarios.len(),
            audit.scenario_debt,
            audit.in_definitions,
            debt / 100,
            debt % 100
        ));
    }
    text.push_str(&format!("specifications owe {}\n", audit.in_specifications));
    text
}
