//! What the fold keeps of a run and of a decision: small, with names by their place in one table.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{BuildHasherDefault, Hash};

use serde::{Deserialize, Serialize};

use crate::artifact::ScenarioCoverage;
use crate::event::{Channel, Decision, Stuck};
use crate::ids::{Digest, Timestamp};
use crate::pipeline::model::{Edge, EntryType};
use crate::risk::RiskClass;

/// Hashing with a fixed key: this crate has no randomness, and nothing here is iterated in the order of hashes.
pub(super) type Hashing = BuildHasherDefault<DefaultHasher>;

/// Gives each different thing the next number, from 0.
#[derive(Debug, Clone)]
pub(super) struct Numbers<T>(HashMap<T, u32, Hashing>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<T: Hash + Eq> Numbers<T> {
    /// Things with the numbers that they have in this order.
    pub(super) fn of(things: impl IntoIterator<Item = T>) -> Self {
        let mut numbers = Self::default();
        for (number, thing) in (0..).zip(things) {
            numbers.0.insert(thing, number);
        }
        numbers
    }

    /// How many things have a number.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The things in the order of their numbers.
    pub(super) fn in_order(&self) -> Vec<T>
    where
        T: Clone,
    {
        let mut numbered: Vec<(&T, u32)> = self.0.iter().map(|(thing, number)| (thing, *number)).collect();
        numbered.sort_unstable_by_key(|(_, number)| *number);
        numbered.into_iter().map(|(thing, _)| thing.clone()).collect()
    }

    /// The number of a thing, and whether it is new.
    pub(super) fn number<Q>(&mut self, thing: &Q) -> (u32, bool)
    where
        T: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = T> + ?Sized,
    {
        if let Some(&number) = self.0.get(thing) {
            return (number, false);
        }
        let next = u32::try_from(self.0.len()).expect("four thousand million different names fit no memory");
        self.0.insert(thing.to_owned(), next);
        (next, true)
    }
}

/// How a run was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) at: Timestamp,
    pub(super) spec: u32,
    pub(super) pipeline: u32,
    pub(super) model: u32,
    pub(super) by: u32,
    pub(super) entry: EntryType,
    /// Codes of the linter, each once.
    pub(super) lint: Vec<u32>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum End {
    Merged,
    Rejected,
    Expired,
    Cancelled,
    Failed,
}

/// A run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct RunRow {
    pub(super) asked: Option<Asked>,
    pub(super) end: Option<(Timestamp, End)>,
    pub(super) rolled_back: Option<Timestamp>,
    /// For the first run that merged its specification: how many texts that had by then.
    pub(super) iterations: Option<u64>,
    /// How often work went back.
    pub(super) corrections: u64,
    /// The record in which it went back last: one correction may be several events.
    pub(super) corrected_in: Option<u64>,
    /// Failures after which the stage was tried again.
    pub(super) failures: u64,
    /// The stage whose failure came last, as long as nothing followed.
    pub(super) failing: Option<u32>,
    /// Stages that were tried, each once.
    pub(super) stages: Vec<u32>,
    /// What is stuck at which gate, the last of each.
    pub(super) stuck: Vec<(u32, Stuck)>,
    pub(super) plateau: bool,
    pub(super) exhausted: bool,
    pub(super) conflict: bool,
    /// Kinds of findings, each once.
    pub(super) findings: Vec<u32>,
    /// Whether anything was found wrong at all.
    pub(super) troubled: bool,
    pub(super) scenarios_passed: u64,
    pub(super) scenarios: u64,
    /// How much of the specification the scenarios were about, when they were last counted.
    pub(super) covered: Option<ScenarioCoverage>,
    pub(super) revealed: u64,
    /// The failing verdict that was overridden last.
    pub(super) overridden: Option<Digest>,
    /// Whether a person accepted the patch that was judged, in advance or not.
    pub(super) accepted: bool,
    pub(super) risk: Option<RiskClass>,
}

/// A decision, or a gate that nobody decided.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DecisionRow {
    pub(super) at: Timestamp,
    pub(super) run: u32,
    pub(super) gate: u32,
    /// Who decided; nobody where the gate expired.
    pub(super) by: Option<u32>,
    pub(super) edge: Edge,
    pub(super) waited_ms: u64,
    pub(super) risk: Option<RiskClass>,
    pub(super) what: What,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum What {
    Expired,
    Decided {
        decision: Decision,
        via: Channel,
        /// The reason's hash, for telling repeated ones.
        because: u64,
        verdict: Option<Verdict>,
    },
}

/// The evaluator's verdict behind a decision.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Verdict {
    pub(super) passed: bool,
    pub(super) shown: bool,
    /// Whether the decision judges the patch; see the module above.
    pub(super) judged: bool,
}

/// Whether a decision lets the patch go on.
pub(super) fn accepts(decision: Decision) -> bool {
    match decision {
        Decision::Approved | Decision::Overridden => true,
        Decision::Rejected | Decision::Retried => false,
    }
}

/// Adds what is not there yet. The lists are of stages, lint codes and kinds of findings, of which a run has few.
pub(super) fn once(list: &mut Vec<u32>, number: u32) {
    if !list.contains(&number) {
        list.push(number);
    }
}
