//! The typed plan that a scenario compiles to: plain data, the same for every run, readable without the sentences.
//!
//! A plan quotes its scenario, so it is holdout-labelled and stays on the evaluator's side. It is serialized for a
//! person who asks for it and for nothing else.

mod action;
mod check;
mod needs;
mod query;
mod template;
pub(crate) mod words;

pub use action::{Action, Body, Capture, Command, Fault, Fresh, Period, Request, Source, Stop};
pub use check::{
    AnswerRef, Check, Count, Kind, LinkPart, MailPart, Measure, OutputPart, Parts, Predicate, Range, Since,
    StatusPattern, Tally,
};
pub use query::{Query, Rows};
pub use template::Template;
pub(crate) use template::{fill_json, names_used};

use serde::Serialize;

/// What one scenario does and checks, in order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The steps; several may come from one sentence.
    pub steps: Vec<PlanStep>,
}

impl Plan {
    /// The sentences, by their places, that ask something of a service and not of a command.
    pub fn of_a_service(&self) -> Vec<usize> {
        let asks = |action: &Action| {
            matches!(action, Action::Send { .. } | Action::Restart(_) | Action::Check(Check::Log { .. }))
        };
        let steps = self.steps.iter().filter(|step| asks(&step.action));
        let mut sentences: Vec<usize> = steps.map(|step| step.sentence).collect();
        sentences.dedup();
        sentences
    }

    /// Whether the service's clock is moved, so that something must be there to move it with.
    pub fn moves_clock(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.action, Action::Advance(_)))
    }
}

/// One thing to do or to check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanStep {
    /// Which of the scenario's sentences it comes from, from 0.
    pub sentence: usize,
    /// What is done.
    pub action: Action,
}
