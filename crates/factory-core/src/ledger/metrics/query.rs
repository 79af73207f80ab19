//! What is asked of the fold, and what it answers.

use std::cmp::Ordering;

use serde::Serialize;

use super::calendar;
use super::factors::Factor;
use super::figures::Figures;
use super::people::PersonFigures;
use super::ready::Watched;
use super::row::{DecisionRow, RunRow};
use crate::ids::Timestamp;
use crate::pipeline::model::EntryType;
use crate::risk::RiskClass;

/// The version of the form of [`Stats`] as JSON. Fields may be added under one version; none changes its meaning.
pub const STATS_SCHEMA: u32 = 1;

/// The level of every interval.
pub const LEVEL: f64 = 0.95;

/// By what the figures are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Not at all.
    #[default]
    None,
    /// Decisions by who decided, runs by who asked for them.
    Person,
    /// Decisions by gate. Runs have no gate and are left out.
    Gate,
    /// By the run's pipeline.
    Pipeline,
    /// By the run's entry type.
    Entry,
    /// By who answered as the model in the run.
    Model,
    /// Decisions by the patch's risk class then, runs by the one that a person was shown last.
    Risk,
    /// By ISO week, in UTC.
    Week,
    /// By month, in UTC.
    Month,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Query {
    /// Only what happened then or later.
    pub since: Option<Timestamp>,
    /// Only what happened before.
    pub until: Option<Timestamp>,
    /// How it is grouped.
    pub by: By,
}

impl Query {
    pub(super) fn includes(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// Version of the form; see [`STATS_SCHEMA`].
    pub schema: u32,
    /// The time of the look.
    pub now: Timestamp,
    /// What was asked.
    pub query: Query,
    /// How many entries the ledger has, whatever was asked.
    pub entries: u64,
    /// Everything in the window.
    pub total: Figures,
    /// The same in groups, by name. Empty without grouping.
    pub groups: Vec<Group>,
    /// Whoever decided in the window, by login.
    pub people: Vec<PersonFigures>,
    /// What goes with rework in the window, by how hardly chance explains it.
    pub factors: Vec<Factor>,
    /// The daily look, over the window.
    pub health: Vec<Watched>,
}

/// A group with its figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// What all in it have in common; `None` where that is not known.
    pub name: Option<String>,
    /// Its figures.
    pub figures: Figures,
}

/// What a row is grouped under. Names stand for themselves by their place among the fold's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Unknown,
    Name(u32),
    Gate(u32),
    Entry(EntryType),
    Risk(RiskClass),
    Week(i64, u8),
    Month(i64, u8),
}

impl Key {
    /// `None` for what is in no group.
    pub(super) fn of_run(by: By, run: &RunRow) -> Option<Key> {
        let asked = run.asked.as_ref()?;
        match by {
            By::None | By::Gate => None,
            By::Person => Some(Key::Name(asked.by)),
            By::Pipeline => Some(Key::Name(asked.pipeline)),
            By::Entry => Some(Key::Entry(asked.entry)),
            By::Model => Some(Key::Name(asked.model)),
            By::Risk => Some(run.risk.map_or(Key::Unknown, Key::Risk)),
            By::Week | By::Month => Self::of_time(by, asked.at),
        }
    }

    pub(super) fn of_decision(by: By, decision: &DecisionRow, run: &RunRow) -> Option<Key> {
        match by {
            By::None => None,
            By::Person => Some(decision.by.map_or(Key::Unknown, Key::Name)),
            By::Gate => Some(Key::Gate(decision.gate)),
            By::Pipeline | By::Entry | By::Model => Some(Self::of_run(by, run).unwrap_or(Key::Unknown)),
            By::Risk => Some(decision.risk.map_or(Key::Unknown, Key::Risk)),
            By::Week | By::Month => Self::of_time(by, decision.at),
        }
    }

    fn of_time(by: By, at: Timestamp) -> Option<Key> {
        match by {
            By::Week => {
                let (year, week) = calendar::week(at);
                Some(Key::Week(year, week))
            }
            By::Month => {
                let (year, month) = calendar::month(at);
                Some(Key::Month(year, month))
            }
            By::None | By::Person | By::Gate | By::Pipeline | By::Entry | By::Model | By::Risk => None,
        }
    }

    pub(super) fn name(self, names: &[String], gates: &[String]) -> Option<String> {
        match self {
            Key::Unknown => None,
            Key::Name(place) => Some(names[place as usize].clone()),
            Key::Gate(place) => Some(gates[place as usize].clone()),
            Key::Entry(entry) => Some(entry.as_str().to_owned()),
            Key::Risk(risk) => Some(risk.as_str().to_owned()),
            Key::Week(year, week) => Some(format!("{year:04}-W{week:02}")),
            Key::Month(year, month) => Some(format!("{year:04}-{month:02}")),
        }
    }

    /// By meaning: classes and times in their order, everything else by name; what is not known first.
    pub(super) fn order(self, other: Key, names: &[String], gates: &[String]) -> Ordering {
        match (self, other) {
            (Key::Name(_), Key::Name(_)) | (Key::Gate(_), Key::Gate(_)) => {
                self.name(names, gates).cmp(&other.name(names, gates))
            }
            (one, two) => one.cmp(&two),
        }
    }
}
