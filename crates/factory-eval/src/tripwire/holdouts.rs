//! The tripwire over a project's holdouts.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use factory_core::ids::{RunId, ScenarioKey};
use factory_engine::port::tripwire::{Hit, HitKind, Tripwire};
use factory_spec::{Scenario, parse_scenarios};

use super::canary::{self, Searcher};
use super::shingle::{self, Rows};
use crate::key::EvaluatorKey;
use crate::suite;

/// Finds what only the holdouts say.
pub struct HoldoutTripwire {
    key: EvaluatorKey,
    scenarios: Vec<ScenarioKey>,
    canaries: Searcher,
    /// Whose each canary is.
    owners: Vec<Option<usize>>,
    rows: Rows,
    watched: Mutex<Watched>,
}

/// What is known of the run that is watched.
#[derive(Default)]
struct Watched {
    /// Searches for the run's own canary.
    canary: Option<Searcher>,
    public: HashSet<u64>,
}

impl HoldoutTripwire {
    /// A tripwire over the scenarios in `holdouts`, and over the canaries in `others`, folders of the holdouts of other
    /// specifications; what cannot be read in those is left out. `scorecards` is where the evaluator's key is.
    ///
    /// # Errors
    /// When the holdouts or the key cannot be read.
    pub fn load(holdouts: &Path, others: &[PathBuf], scorecards: &Path) -> io::Result<Self> {
        let key = EvaluatorKey::open(scorecards)?;
        let mut read = Read::default();
        for path in suite::files(holdouts)? {
            let text = suite::text(&path)?;
            read.file(&key, &path, &text);
        }
        for folder in others {
            for path in suite::files(folder).unwrap_or_default() {
                // A canary in a file that is not UTF-8 is one all the same.
                if let Ok(bytes) = std::fs::read(&path) {
                    let text = factory_spec::decode(bytes).unwrap_or_else(|broken| broken.text);
                    read.canaries(&path, &text, &[]);
                }
            }
        }
        let Read { scenarios, tokens, rows } = read;
        let (tokens, owners): (Vec<String>, Vec<Option<usize>>) = tokens.into_iter().unzip();
        let canaries = Searcher::new(&tokens).map_err(io::Error::other)?;
        Ok(Self { key, scenarios, canaries, owners, rows, watched: Mutex::default() })
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn search(&self, place: &str, bytes: &[u8]) -> Vec<Hit> {
        let watched = self.watched();
        let mut canaries: BTreeSet<Option<usize>> =
            self.canaries.find(bytes).into_iter().map(|found| self.owners[found]).collect();
        if watched.canary.as_ref().is_some_and(|canary| !canary.find(bytes).is_empty()) {
            canaries.insert(None);
        }
        let rows = self.rows.find(&String::from_utf8_lossy(bytes), &watched.public);
        let hit = |kind, owner: Option<usize>| Hit {
            kind,
            scenario: owner.map(|owner| self.scenarios[owner].clone()),
            place: place.to_owned(),
        };
        let canaries = canaries.into_iter().map(|owner| hit(HitKind::Canary, owner));
        canaries.chain(rows.into_iter().map(|owner| hit(HitKind::Shingle, Some(owner)))).collect()
    }
}

impl Tripwire for HoldoutTripwire {
    fn begin(&self, run: &RunId, public: &str) {
        let canary = Searcher::new(&[self.key.canary(run)]).ok();
        *self.watched() = Watched { canary, public: shingle::shingles(public).into_iter().collect() };
    }

    fn toward(&self, place: &str, text: &str) -> Vec<Hit> {
        self.search(place, text.as_bytes())
    }

    fn from(&self, place: &str, bytes: &[u8]) -> Vec<Hit> {
        self.search(place, bytes)
    }
}

/// The canaries of holdouts, and nothing else of them.
#[derive(Debug)]
pub struct Canaries(Searcher);

impl Canaries {
    /// Those of all scenario files below the folders.
    ///
    /// # Errors
    /// When a folder or a file cannot be read.
    pub fn of(folders: &[PathBuf]) -> io::Result<Self> {
        let mut read = Read::default();
        for folder in folders {
            for path in suite::files(folder)? {
                let text = factory_spec::decode(std::fs::read(&path)?).unwrap_or_else(|broken| broken.text);
                read.canaries(&path, &text, &[]);
            }
        }
        let tokens: Vec<String> = read.tokens.into_iter().map(|(token, _)| token).collect();
        Searcher::new(&tokens).map(Self).map_err(io::Error::other)
    }

    /// Whether one of them stands there, in whatever spelling.
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        !self.0.find(bytes).is_empty()
    }
}

/// What was read of the files so far.
#[derive(Default)]
struct Read {
    scenarios: Vec<ScenarioKey>,
    tokens: Vec<(String, Option<usize>)>,
    rows: Rows,
}

impl Read {
    fn file(&mut self, key: &EvaluatorKey, path: &Path, text: &str) {
        let (scenarios, _) = parse_scenarios(text, &path.to_string_lossy());
        let first = self.scenarios.len();
        for scenario in &scenarios {
            self.rows.add(self.scenarios.len(), &said(scenario));
            self.scenarios.push(key.scenario(scenario));
        }
        let begins: Vec<(usize, usize)> =
            scenarios.iter().enumerate().map(|(nth, scenario)| (scenario.span.start, first + nth)).collect();
        self.canaries(path, text, &begins);
    }

    /// A canary is the scenario's that it stands in or behind, or else the file's first one's.
    fn canaries(&mut self, path: &Path, text: &str, begins: &[(usize, usize)]) {
        let is_markdown = path.extension().is_some_and(|extension| extension == "md");
        for (at, token) in canary::canaries(text, is_markdown) {
            let owner = begins.iter().rev().find(|(begin, _)| *begin <= at).or(begins.first());
            self.tokens.push((token, owner.map(|(_, scenario)| *scenario)));
        }
    }
}

/// The words of a scenario, without what is said of it.
fn said(scenario: &Scenario) -> String {
    let mut text = format!("{}\n{}\n", scenario.name, scenario.description);
    for step in &scenario.steps {
        text.push_str(&format!("{} {}\n", step.keyword, step.text));
        if let Some(block) = &step.doc_string {
            text.push_str(&block.text);
            text.push('\n');
        }
        for row in step.table.iter().flatten() {
            text.push_str(&row.join(" "));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const MARKDOWN: &str = "<!-- canary: 7f3a91c0d2e4b6a8 -->\n# Scenario: A stranger remains unannounced\nCovers: R2\n\n\
        When the client sends GET /hello/dulcinea-del-toboso\nThen the status is 404\nAnd the field \"error\" is a \
        non-empty string\n";
    const FEATURE: &str = "Feature: F\n  Scenario: Plain\n    When the client sends GET /hello\n    Then the status is \
        200\n  # canary: aaaaaaaabbbbbbbbcccccccc\n\n  Scenario: Slow\n    # canary: ddddddddeeeeeeeeffffffff\n    \
        When the client sends GET /slow\n    Then the status is 200\n";
    const SPEC: &str =
        "# Feature: The service greets\n\n1. WHEN the client sends GET /hello then the status is 200.\n";

    fn tripwire() -> (HoldoutTripwire, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("own/deep/stranger.md", MARKDOWN.as_bytes());
        write("own/plain.feature", FEATURE.as_bytes());
        write("own/README.md", b"<!-- canary: not-of-a-scenario-at-all -->\n");
        write(
            "other/x.feature",
            b"# canary: 1111111122222222\nFeature: of another specification that nobody reads here\n",
        );
        write("other/latin.feature", b"Feature: caf\xe9\n# canary: 3333333344444444\n");
        let utf16 = "\u{feff}# canary: 5555555566666666\n".encode_utf16();
        write("other/windows.feature", &utf16.flat_map(u16::to_le_bytes).collect::<Vec<_>>());
        let others = [folder.path().join("other"), folder.path().join("nowhere")];
        let scorecards = folder.path().join("evaluator");
        let tripwire = HoldoutTripwire::load(&folder.path().join("own"), &others, &scorecards).unwrap();
        tripwire.begin(&"greeting-a1b2c3".parse().unwrap(), SPEC);
        (tripwire, folder)
    }

    fn found(tripwire: &HoldoutTripwire, text: &str) -> Vec<(HitKind, Option<ScenarioKey>)> {
        let from = tripwire.from("src/x.py", text.as_bytes());
        assert_eq!(from, tripwire.toward("src/x.py", text), "both ways are searched alike");
        assert!(from.iter().all(|hit| hit.place == "src/x.py"));
        from.into_iter().map(|hit| (hit.kind, hit.scenario)).collect()
    }

    fn key(tripwire: &HoldoutTripwire, text: &str, nth: usize) -> Option<ScenarioKey> {
        Some(tripwire.key.scenario(&parse_scenarios(text, "x.feature").0[nth]))
    }

    #[test]
    fn a_canary_names_its_scenario_by_a_key() {
        let (tripwire, _folder) = tripwire();
        let markdown = Some(tripwire.key.scenario(&parse_scenarios(MARKDOWN, "stranger.md").0[0]));
        for (token, owner) in [
            ("7f3a91c0d2e4b6a8", markdown),
            ("aaaaaaaabbbbbbbbcccccccc", key(&tripwire, FEATURE, 0)),
            ("ddddddddeeeeeeeeffffffff", key(&tripwire, FEATURE, 1)),
            ("1111111122222222", None),
            ("3333333344444444", None),
            ("5555555566666666", None),
        ] {
            let expected = [(HitKind::Canary, owner)];
            assert_eq!(found(&tripwire, token), expected, "{token}");
            assert_eq!(found(&tripwire, &STANDARD.encode(format!("x{token}"))), expected, "{token}");
        }
        assert!(found(&tripwire, "not-of-a-scenario-at-all").is_empty());
    }

    #[test]
    fn the_canary_of_the_run_is_found_and_no_other_runs() {
        let (tripwire, _folder) = tripwire();
        let canary = |run: &str| tripwire.key.canary(&run.parse().unwrap());
        assert_eq!(found(&tripwire, &canary("greeting-a1b2c3")), [(HitKind::Canary, None)]);
        assert!(found(&tripwire, &canary("greeting-d4e5f6")).is_empty());
        tripwire.begin(&"greeting-d4e5f6".parse().unwrap(), SPEC);
        assert_eq!(found(&tripwire, &canary("greeting-d4e5f6")), [(HitKind::Canary, None)]);
    }

    #[test]
    fn a_scenario_that_was_pasted_is_found_and_so_is_a_sentence_of_it() {
        let (tripwire, _folder) = tripwire();
        let without = MARKDOWN.split_once('\n').unwrap().1;
        let quoted: String = without.lines().map(|line| format!("    # {line}\n")).collect();
        let sentence = "the client sends GET /hello/dulcinea-del-toboso Then the status is 404";
        for text in [without, &quoted, sentence, &sentence.to_uppercase()] {
            let hits = found(&tripwire, text);
            assert_eq!(hits.len(), 1, "{text}: {hits:?}");
            assert_eq!(hits[0].0, HitKind::Shingle);
        }
    }

    #[test]
    fn what_is_public_or_has_nothing_to_do_with_it_is_not_found() {
        let (tripwire, _folder) = tripwire();
        for text in [
            SPEC,
            "assert client.get(\"/hello\").status == 200, \"when the client sends get hello then the status is 200\"",
            "fn main() { println!(\"{}\", (0..8).map(|n| n.to_string()).collect::<Vec<_>>().join(\" \")); }",
            include_str!("../../../../README.md"),
            include_str!("../../../../LICENSE-APACHE"),
            include_str!("../grammar/request.rs"),
        ] {
            assert!(found(&tripwire, text).is_empty(), "{}", &text[..40]);
        }
        // Where it was not public, it would be a hit.
        tripwire.begin(&"greeting-a1b2c3".parse().unwrap(), "");
        assert_eq!(found(&tripwire, SPEC).len(), 1);
    }
}
