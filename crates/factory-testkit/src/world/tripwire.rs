//! A tripwire that knows one canary, and one sentence of a holdout.

use factory_core::ids::{Digest, RunId, ScenarioKey};
use factory_engine::port::tripwire::{Hit, HitKind, Tripwire};

/// The canary. Nobody in this world knows it.
pub const CANARY: &str = "canary-7f3a91c0d2";
/// What stands in the holdout beside it.
const SENTENCE: &str = "nobody has said so yet";

/// The tripwire. What is public is not searched for.
#[derive(Debug, Default, Clone, Copy)]
pub struct WorldTripwire;

fn search(place: &str, text: &str) -> Vec<Hit> {
    let key = Digest::of(b"scenario").as_str().parse::<ScenarioKey>().expect("the same digits");
    let found = [(CANARY, HitKind::Canary), (SENTENCE, HitKind::Shingle)];
    let found = found.into_iter().filter(|(words, _)| text.contains(words));
    found.map(|(_, kind)| Hit { kind, scenario: Some(key.clone()), place: place.to_owned() }).collect()
}

impl Tripwire for WorldTripwire {
    fn begin(&self, _run: &RunId, _public: &str) {}

    fn toward(&self, place: &str, text: &str) -> Vec<Hit> {
        search(place, text)
    }

    fn from(&self, place: &str, bytes: &[u8]) -> Vec<Hit> {
        search(place, &String::from_utf8_lossy(bytes))
    }
}
