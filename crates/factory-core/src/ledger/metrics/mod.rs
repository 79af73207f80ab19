//! What the ledger says in figures: one fold over its entries, and everything that is asked of it afterwards.
//!
//! [`Fold`] takes entries in order, in linear time, and keeps a small row for each run and each decision. From those
//! [`Fold::finish`] makes [`Stats`] for any window and grouping, and [`readiness`] the figures that trust rests on. No
//! rate stands without its counts and its 95 % interval; what was not counted is `None`, never 0.
//!
//! How things are counted:
//! - A *judgement* is a decision of somebody who was asked about a patch that the evaluator had judged: at an entry or
//!   exit gate any decision, at an escalation a rejection or an override. Given in advance it is none, since nobody
//!   looked; nor is it one at a budget gate, or where a patch only does not fit the moved base, or as one more try at an
//!   escalation, or where a patch is accepted whose verdict was overridden before. `approved` and `overridden` accept the patch, `rejected` and `retried` refuse it.
//! - A run belongs to the window and group of when and how it was asked for, a decision to its own. Runs whose request
//!   is not in the ledger count nowhere; decisions in them do.
//! - *Corrections* are the times that work went back, whoever sent it; carrying a patch over to another base is none.
//! - *Tries*: one for each stage that the ledger knows was tried in a run, one more for each correction, and for each
//!   failure after which the stage was tried again. Stages that pass without any decision are not in the ledger, so that
//!   the share of tries that are not the first is, if anything, too high.

mod calendar;
mod factors;
mod figures;
mod finish;
mod fold;
mod people;
mod query;
mod ready;
mod row;
mod snapshot;
mod tally;

pub use factors::{Factor, FactorKind};
pub use figures::{
    Agreement, BudgetGates, DecisionCounts, Estimate, Figures, GateWait, Iterations, Rate, RunCounts,
    TimeToMerge,
};
pub use fold::Fold;
pub use people::{FAST_MS, PersonFigures, Sign};
pub use query::{By, Group, LEVEL, Query, STATS_SCHEMA, Stats};
pub use ready::{LOOK_BACK_MS, Watched, readiness, watched};
pub use snapshot::NoFold;
