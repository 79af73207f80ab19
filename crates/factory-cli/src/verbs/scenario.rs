//! `factory scenario health`: what each scenario has revealed. It names scenarios, and so is for whoever may read them; a
//! checkout has no store, so that nothing in one can ask.

use std::path::Path;

use factory_core::ledger::leak::Leaks;
use factory_engine::ledger;
use factory_eval::health::{self, ScenarioHealth};
use serde::Serialize;

use crate::args::ListFormat;
use crate::args::scenario::ScenarioVerb;
use crate::config::place::Place;
use crate::error::CliError;
use crate::evaluation::SCORECARDS;
use crate::exit::Exit;
use crate::{archive, output, story};

/// What `--format json` prints.
#[derive(Serialize)]
struct Report {
    /// Version of this form.
    schema: u32,
    allowance_bits: u32,
    scenarios: Vec<Row>,
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
}

pub(crate) async fn scenario(verb: ScenarioVerb) -> Result<Exit, CliError> {
    match verb {
        ScenarioVerb::Health { holdouts, format } => health(holdouts.as_deref(), format).await,
    }
}

async fn health(holdouts: Option<&Path>, format: ListFormat) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let folder = place.all_holdouts(holdouts)?;
    let leaks = match archive::open(&place).await? {
        Some(store) => {
            let entries = ledger::read(store.log.as_ref()).await?;
            Leaks::of(entries.iter().map(|kept| &kept.entry))
        }
        None => Leaks::default(),
    };
    let allowance_bits = place.local.leak_allowance_bits();
    let scenarios = health::health(&folder, &place.store().join(SCORECARDS), &leaks, allowance_bits)
        .map_err(|error| CliError::usage(format!("{} cannot be read", folder.display())).because(&error))?;
    match format {
        ListFormat::Human if scenarios.is_empty() => {
            output::line(&format!("There are no scenarios in {}.", folder.display()));
            output::line(
                "Write one into it, in a file that ends with .md or .feature (docs/scenarios.md shows how); or name another \
                 folder with --holdouts DIR.",
            );
        }
        ListFormat::Human => output::text(&table(&scenarios, allowance_bits)),
        ListFormat::Json => {
            let scenarios = scenarios.into_iter().map(row).collect();
            output::json(&Report { schema: 1, allowance_bits, scenarios });
        }
    }
    Ok(Exit::Clean)
}

fn row(health: ScenarioHealth) -> Row {
    let ScenarioHealth { file, id, name, key, millibits, burnt, vault } = health;
    Row { id, name, file, key: key.to_string(), revealed_millibits: millibits, burnt, vault }
}

fn table(scenarios: &[ScenarioHealth], allowance_bits: u32) -> String {
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
