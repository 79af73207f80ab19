//! What scenarios have revealed so far, for the person who may read them.

use std::io;
use std::path::Path;

use factory_core::ids::ScenarioKey;
use factory_core::ledger::leak::Leaks;
use factory_spec::{Tag, parse_scenarios};

use crate::key::EvaluatorKey;
use crate::suite;

/// One scenario and what it has revealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioHealth {
    /// Its file, relative to the folder.
    pub file: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is named where it must not be known.
    pub key: ScenarioKey,
    /// What it has revealed, in thousandths of a bit.
    pub millibits: u64,
    /// Whether that is more than it may, so that it counts no more.
    pub burnt: bool,
    /// Whether it is in the vault, and never reveals anything.
    pub vault: bool,
}

/// All scenarios below a folder, in the order of their files. They need not compile. `scorecards` is where the evaluator's
/// key is.
///
/// # Errors
/// When the folder, a file or the key cannot be read.
pub fn health(
    folder: &Path,
    scorecards: &Path,
    leaks: &Leaks,
    allowance_bits: u32,
) -> io::Result<Vec<ScenarioHealth>> {
    let key = EvaluatorKey::open(scorecards)?;
    let mut all = Vec::new();
    for path in suite::files(folder)? {
        let source = suite::text(&path)?;
        let file = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let (scenarios, _) = parse_scenarios(&source, &file);
        all.extend(scenarios.into_iter().map(|scenario| {
            let key = key.scenario(&scenario);
            ScenarioHealth {
                millibits: leaks.millibits(&key),
                burnt: leaks.is_burnt(&key, allowance_bits),
                vault: scenario.has_tag(&Tag::Vault),
                file: scenario.file,
                id: scenario.id,
                name: scenario.name,
                key,
            }
        }));
    }
    Ok(all)
}
