//! `factory spec explain`: why there is a rule, and what it flags and leaves alone.

use factory_spec::lint::{self, Explanation};

use crate::args::ListFormat;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;

pub(super) fn explain(asked: Option<&str>, format: ListFormat) -> Result<Exit, CliError> {
    let chosen = match asked {
        None => lint::all(),
        Some(asked) => vec![one(asked)?],
    };
    match (format, asked) {
        (ListFormat::Json, _) => output::json(&chosen),
        (ListFormat::Human, None) => output::text(&list(&chosen)),
        (ListFormat::Human, Some(_)) => output::text(&whole(&chosen[0])),
    }
    Ok(Exit::Clean)
}

fn one(asked: &str) -> Result<Explanation, CliError> {
    lint::explain(asked).ok_or_else(|| {
        let near = lint::nearest(asked).map_or(String::new(), |near| format!("did you mean {near}? "));
        CliError::usage(format!("there is no rule `{asked}`"))
            .hint(format!("{near}`factory spec explain` lists all of them"))
    })
}

fn list(rules: &[Explanation]) -> String {
    let row = |rule: &Explanation| {
        format!("{}  {:<8} {:<15} {}\n", rule.code, rule.tier.as_str(), rule.family.as_str(), rule.name)
    };
    rules.iter().map(row).collect()
}

fn whole(rule: &Explanation) -> String {
    let debt = rule.debt.map_or(String::new(), |debt| format!(", {}", debt.as_str()));
    let mut text = format!(
        "{} {} ({}, {}{debt})\n\n{}\n",
        rule.code,
        rule.name,
        rule.tier.as_str(),
        rule.family.as_str(),
        textwrap::fill(rule.why, 100)
    );
    for (title, example) in [("flagged", &rule.bad), ("left alone", &rule.good)] {
        let lines: String = example.trim_end().lines().map(|line| format!("    {line}\n")).collect();
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}:\n\n{lines}"));
        }
    }
    text
}
