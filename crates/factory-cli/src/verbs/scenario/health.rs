//! `factory scenario health`: how each scenario has fared, and what it has revealed. It names scenarios, and so is for whoever may read them; a
//! checkout has no store, so that nothing in one can ask.

use std::path::Path;

use factory_core::ids::ScenarioKey;
use factory_eval::health::{self, ScenarioHealth};
use factory_eval::history::{Fidelity, History, Past};
use factory_eval::score::Verdict;
use serde::Serialize;

use crate::args::ListFormat;
use crate::config::place::Place;
use crate::error::CliError;
use crate::evaluation::SCORECARDS;
use crate::exit::Exit;
use crate::{output, story};

/// What `--format json` prints.
#[derive(Serialize)]
struct Report {
    /// Version of this form.
    schema: u32,
    allowance_bits: u32,
    scenarios: Vec<Row>,
    /// Files of the evaluator's folder that cannot be read.
    damaged: Vec<Damaged>,
}

#[derive(Serialize)]
struct Damaged {
    file: String,
    why: String,
}

/// How a scenario has fared.
#[derive(Serialize)]
struct Fared {
    /// How often it was evaluated.
    evaluations: usize,
    /// How often it passed then.
    passed: usize,
    /// How often some of its runs passed and some failed, on one and the same candidate.
    flaky: usize,
    /// The last verdict.
    last: Option<Verdict>,
    /// When that was, in RFC 3339.
    last_at: Option<String>,
    /// Whole days since then: how stale it is.
    days_since: Option<u64>,
    /// What the evaluator's last measurement says.
    fidelity: Option<Fidelity>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    file: String,
    /// As logs and the ledger name it.
    key: String,
    /// Thousandths of a bit.
    revealed_millibits: u64,
    burnt: bool,
    vault: bool,
    history: Fared,
}

pub(super) async fn health(holdouts: Option<&Path>, format: ListFormat) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let folder = place.all_holdouts(holdouts)?;
    let leaks = super::run::leaks(&place).await?;
    let allowance_bits = place.local.leak_allowance_bits();
    let scenarios = health::health(&folder, &place.store().join(SCORECARDS), &leaks, allowance_bits)
        .map_err(|error| CliError::usage(format!("{} cannot be read", folder.display())).because(&error))?;
    let scorecards = place.store().join(SCORECARDS);
    let history = History::read(&scorecards).map_err(|error| {
        CliError::failed(format!("{} cannot be read", scorecards.display())).because(&error)
    })?;
    for (path, why) in &history.damaged {
        output::note_line(&format!("{} is damaged and left out: {why}", path.display()));
    }
    match format {
        ListFormat::Human if scenarios.is_empty() => {
            output::line(&format!("There are no scenarios in {}.", folder.display()));
            output::line(
                "Write one into it, in a file that ends with .md or .feature (docs/scenarios.md shows how); or name another \
                 folder with --holdouts DIR.",
            );
        }
        ListFormat::Human => output::text(&table(&scenarios, &history, allowance_bits)),
        ListFormat::Json => {
            let damaged = history.damaged.iter();
            let damaged =
                damaged.map(|(path, why)| Damaged { file: path.display().to_string(), why: why.clone() });
            let damaged = damaged.collect();
            let scenarios = scenarios.into_iter().map(|health| row(health, &history)).collect();
            output::json(&Report { schema: 1, allowance_bits, scenarios, damaged });
        }
    }
    Ok(Exit::Clean)
}

fn row(health: ScenarioHealth, history: &History) -> Row {
    let history = fared(&health.key, history);
    let ScenarioHealth { file, id, name, key, millibits, burnt, vault } = health;
    Row { id, name, file, key: key.to_string(), revealed_millibits: millibits, burnt, vault, history }
}

fn fared(key: &ScenarioKey, history: &History) -> Fared {
    let past: Vec<&Past> = history.of(key).collect();
    let last = past.last();
    let count = |is: fn(&Past) -> bool| past.iter().filter(|past| is(past)).count();
    Fared {
        evaluations: past.len(),
        passed: count(|past| past.verdict == Verdict::Passed),
        flaky: count(|past| past.passed > 0 && past.failed > 0),
        last: last.map(|past| past.verdict),
        last_at: last.and_then(|past| jiff::Timestamp::try_from(past.at).ok()).map(|at| format!("{at:.0}")),
        // A time to come is no age.
        days_since: last.and_then(|past| past.at.elapsed().ok()).map(|age| age.as_secs() / 86_400),
        fidelity: history.fidelity_of(key).cloned(),
    }
}

/// How a scenario has fared, on one line.
fn in_words(fared: &Fared) -> String {
    let fidelity = fared.fidelity.as_ref().map_or(String::new(), |Fidelity { tampered, passed, missing, .. }| {
        format!("; of {tampered} tamperings with what it asserts {passed} passed, {missing} assertions missing")
    });
    let Some(last) = fared.last else { return format!("never run{fidelity}") };
    let Fared { evaluations, passed, flaky, .. } = fared;
    let since = match fared.days_since {
        None | Some(0) => "today".to_owned(),
        Some(1) => "1 day ago".to_owned(),
        Some(days) => format!("{days} days ago"),
    };
    format!("{} {since}; passed {passed} of {evaluations} times, flaky {flaky}{fidelity}", last.as_str())
}

fn table(scenarios: &[ScenarioHealth], history: &History, allowance_bits: u32) -> String {
    let mut text = String::new();
    for scenario in scenarios {
        let state = match (scenario.burnt, scenario.vault) {
            (_, true) => "vault",
            (true, false) => "burnt",
            (false, false) => "",
        };
        // Rounded up, as it was counted.
        let tenths = scenario.millibits.div_ceil(100);
        let bits = format!("{}.{} of {allowance_bits}", tenths / 10, tenths % 10);
        let (key, name) = (&scenario.key.as_str()[..8], story::one_line(&scenario.name));
        text.push_str(&format!(
            "{bits:>12} bits  {state:<5}  {key}  {}  {name}\n",
            story::one_line(&scenario.id)
        ));
        text.push_str(&format!("{:>12}       {}\n", "", in_words(&fared(&scenario.key, history))));
    }
    let burnt = scenarios.iter().filter(|scenario| scenario.burnt && !scenario.vault).count();
    if burnt > 0 {
        text.push_str(&format!(
            "\n{burnt} burnt: an implementer may have learnt what they say. They are run and count no more. Write others in \
             their place; a scenario whose sentences change starts anew.\n"
        ));
    }
    text
}
