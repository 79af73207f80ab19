//! Requirement by scenario by verdict: what is shown for each requirement, and which have nothing.

use factory_eval::score::Verdict;
use serde::Serialize;

use super::report::{Row, Runs};
use crate::story;

/// The requirements, in the order of the specification; without one, those that scenarios name, in the order of their numbers.
#[derive(Serialize)]
pub(super) struct Matrix {
    /// The specification, if one was named.
    specification: Option<String>,
    requirements: Vec<Requirement>,
    /// How many requirements have a scenario.
    with_scenario: usize,
    /// How many have a scenario that passed.
    with_pass: usize,
    /// Ids that scenarios name and the specification does not have.
    unknown: Vec<String>,
}

#[derive(Serialize)]
struct Requirement {
    id: String,
    scenarios: Vec<Cell>,
}

/// What one scenario says of a requirement.
#[derive(Serialize)]
struct Cell {
    scenario: String,
    verdict: Verdict,
    /// What the verdict rests on: how many runs passed and how many failed.
    runs: Runs,
    /// Where the scenario stands; if a sentence failed, where that does.
    file: String,
    line: usize,
    /// What was found where it did not pass, at the first of its runs that did not.
    found: Option<String>,
}

impl Cell {
    fn new(row: &Row) -> Self {
        let reason = row.reasons.first();
        Cell {
            scenario: row.id.clone(),
            verdict: row.verdict,
            runs: row.runs,
            file: row.file.clone(),
            line: reason.and_then(|reason| reason.line).unwrap_or(row.line),
            found: reason.map(|reason| reason.found.clone()),
        }
    }
}

impl Matrix {
    /// `specification` is its path and the ids of its requirements.
    pub(super) fn new(specification: Option<(String, Vec<String>)>, rows: &[Row]) -> Self {
        let mut named: Vec<String> = rows.iter().flat_map(|row| row.covers.iter().cloned()).collect();
        named.sort_by_key(|id| (id.len(), id.clone()));
        named.dedup();
        let (specification, ids, unknown) = match specification {
            Some((path, ids)) => {
                named.retain(|id| !ids.contains(id));
                (Some(path), ids, named)
            }
            None => (None, named, Vec::new()),
        };
        let requirements: Vec<Requirement> = ids
            .into_iter()
            .map(|id| {
                let about = rows.iter().filter(|row| row.covers.contains(&id));
                Requirement { scenarios: about.map(Cell::new).collect(), id }
            })
            .collect();
        let count = |is: &dyn Fn(&Requirement) -> bool| requirements.iter().filter(|one| is(one)).count();
        let with_scenario = count(&|one| !one.scenarios.is_empty());
        let with_pass = count(&|one| one.scenarios.iter().any(|cell| cell.verdict == Verdict::Passed));
        Matrix { specification, with_scenario, with_pass, requirements, unknown }
    }

    /// Nothing where no requirement is named.
    pub(super) fn human(&self) -> String {
        if self.requirements.is_empty() && self.unknown.is_empty() {
            return String::new();
        }
        let mut text = "\n".to_owned();
        for Requirement { id, scenarios } in &self.requirements {
            if scenarios.is_empty() {
                text.push_str(&format!("{id:<5}  no scenario\n"));
            }
            for Cell { scenario, verdict, runs, file, line, found: _ } in scenarios {
                text.push_str(&format!(
                    "{id:<5}  {:<12}  {} of {}  {}  ({}:{line})\n",
                    verdict.as_str(),
                    runs.passed,
                    runs.passed + runs.failed,
                    story::one_line(scenario),
                    story::one_line(file),
                ));
            }
        }
        let of = self.requirements.len();
        text.push_str(&format!(
            "{} of {of} requirements have a scenario, {} one that passed\n",
            self.with_scenario, self.with_pass
        ));
        if !self.unknown.is_empty() {
            text.push_str(&format!(
                "the specification has no {}, which scenarios name\n",
                story::one_line(&self.unknown.join(", "))
            ));
        }
        text
    }
}
