//! From the fold's rows to the figures of one query.

use std::collections::BTreeMap;

use super::factors;
use super::figures::Figures;
use super::fold::Fold;
use super::people;
use super::query::{By, Group, Key, Query, STATS_SCHEMA, Stats};
use super::ready;
use super::row::{Asked, DecisionRow, RunRow};
use super::tally::Tally;
use crate::ids::Timestamp;

impl Fold {
    /// Everything about what happened in a window. O(n log n) in what is in it.
    pub fn finish(&self, now: Timestamp, query: &Query) -> Stats {
        let total = self.total(now, query);
        let health = ready::watched(&ready::of_figures(&total));
        Stats {
            schema: STATS_SCHEMA,
            now,
            query: *query,
            entries: self.entries,
            total,
            groups: self.groups(now, query),
            people: people::people(self.decided_in(query), &self.names),
            factors: factors::factors(self.asked_in(query), &self.names),
            health,
        }
    }

    /// Only the figures of the whole window.
    pub(super) fn total(&self, now: Timestamp, query: &Query) -> Figures {
        let mut tally = Tally::default();
        for (run, asked) in self.asked_in(query) {
            tally.run(run, asked.at, now);
        }
        for decision in self.decided_in(query) {
            tally.decision(decision);
        }
        tally.figures(&self.gates)
    }

    fn groups(&self, now: Timestamp, query: &Query) -> Vec<Group> {
        if query.by == By::None {
            return Vec::new();
        }
        let mut tallies: BTreeMap<Key, Tally> = BTreeMap::new();
        for (run, asked) in self.asked_in(query) {
            if let Some(key) = Key::of_run(query.by, run) {
                tallies.entry(key).or_default().run(run, asked.at, now);
            }
        }
        for decision in self.decided_in(query) {
            if let Some(key) = Key::of_decision(query.by, decision, &self.runs[decision.run as usize]) {
                tallies.entry(key).or_default().decision(decision);
            }
        }
        let mut tallies: Vec<(Key, Tally)> = tallies.into_iter().collect();
        tallies.sort_by(|(one, _), (two, _)| one.order(*two, &self.names, &self.gates));
        let group = |(key, tally): (Key, Tally)| Group {
            name: key.name(&self.names, &self.gates),
            figures: tally.figures(&self.gates),
        };
        tallies.into_iter().map(group).collect()
    }

    fn asked_in(&self, query: &Query) -> impl Iterator<Item = (&RunRow, &Asked)> {
        let asked = self.runs.iter().filter_map(|run| Some((run, run.asked.as_ref()?)));
        asked.filter(|(_, asked)| query.includes(asked.at))
    }

    fn decided_in(&self, query: &Query) -> impl Iterator<Item = &DecisionRow> {
        self.decisions.iter().filter(|row| query.includes(row.at))
    }
}
