//! What goes with rework. Going with is not causing: a linter's finding may only tell which specifications are hard.
//!
//! What is known when a run begins is held against whether the run had any correction. A finding comes with a
//! correction by its nature; it is therefore held against whether one correction was enough, among the runs in which
//! anything was found. Only runs that are over count, since open ones may still be corrected.

use std::collections::BTreeMap;

use serde::Serialize;

use super::figures::{Estimate, Rate};
use super::query::LEVEL;
use super::row::{Asked, RunRow};
use crate::pipeline::model::EntryType;
use crate::statistics::association::{self, Groups};
use crate::statistics::proportion::Proportion;

/// What was seen in fewer runs is not tested.
const LEAST_RUNS: u64 = 5;

/// What kind of thing goes with rework, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// The linter said this of the specification.
    Lint,
    /// The run followed this pipeline.
    Pipeline,
    /// The run was of this entry type.
    Entry,
    /// A check, the review or the evaluator found something of this kind.
    Finding,
}

/// One thing, and how much rework there was with it and without.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Factor {
    /// What kind of thing.
    pub kind: FactorKind,
    /// Its name.
    pub name: String,
    /// Rework in the runs with it.
    pub with: Rate,
    /// Rework in the runs without.
    pub without: Rate,
    /// The odds of rework with it, by those without.
    pub odds_ratio: Option<Estimate>,
    /// The two-sided p-value of Fisher's exact test.
    pub p: f64,
    /// The p-value adjusted for all things tested, after Benjamini and Hochberg.
    pub q: f64,
}

/// A thing before its name is written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Lint(u32),
    Pipeline(u32),
    Entry(EntryType),
    Finding(u32),
}

/// Every thing that was seen often enough, by its p-value.
pub(super) fn factors<'a>(
    runs: impl Iterator<Item = (&'a RunRow, &'a Asked)>,
    names: &[String],
) -> Vec<Factor> {
    let (mut all, mut troubled) = (Counted::default(), Counted::default());
    let mut with: BTreeMap<Thing, Counted> = BTreeMap::new();
    for (run, asked) in runs.filter(|(run, _)| run.end.is_some()) {
        let reworked = run.corrections > 0;
        all.add(reworked);
        let mut seen = |thing, hit| with.entry(thing).or_default().add(hit);
        asked.lint.iter().for_each(|&code| seen(Thing::Lint(code), reworked));
        seen(Thing::Pipeline(asked.pipeline), reworked);
        seen(Thing::Entry(asked.entry), reworked);
        if run.troubled {
            let again = run.corrections > 1;
            troubled.add(again);
            run.findings.iter().for_each(|&kind| seen(Thing::Finding(kind), again));
        }
    }
    let mut factors: Vec<Factor> = with
        .into_iter()
        .filter(|(_, counted)| counted.of >= LEAST_RUNS)
        .filter_map(|(thing, counted)| {
            let among = match thing {
                Thing::Lint(_) | Thing::Pipeline(_) | Thing::Entry(_) => all,
                Thing::Finding(_) => troubled,
            };
            factor(thing, counted, among, names)
        })
        .collect();
    let p_values: Vec<f64> = factors.iter().map(|factor| factor.p).collect();
    let adjusted = association::benjamini_hochberg(&p_values).unwrap_or(p_values);
    for (factor, q) in factors.iter_mut().zip(adjusted) {
        factor.q = q;
    }
    factors.sort_by(|one, two| {
        one.p.total_cmp(&two.p).then_with(|| (one.kind, &one.name).cmp(&(two.kind, &two.name)))
    });
    factors
}

/// `None` where all runs have it: there is nothing to hold them against.
fn factor(thing: Thing, with: Counted, among: Counted, names: &[String]) -> Option<Factor> {
    let without = Counted { hits: among.hits - with.hits, of: among.of - with.of };
    if without.of == 0 {
        return None;
    }
    let groups = Groups { first: with.proportion(), second: without.proportion() };
    let p = groups.fisher_exact()?;
    let name = |number: u32| names[number as usize].clone();
    let (kind, name) = match thing {
        Thing::Lint(code) => (FactorKind::Lint, name(code)),
        Thing::Pipeline(pipeline) => (FactorKind::Pipeline, name(pipeline)),
        Thing::Entry(entry) => (FactorKind::Entry, entry.as_str().to_owned()),
        Thing::Finding(kind) => (FactorKind::Finding, name(kind)),
    };
    Some(Factor {
        kind,
        name,
        with: Rate::wilson(with.hits, with.of),
        without: Rate::wilson(without.hits, without.of),
        odds_ratio: groups.odds_ratio().map(|ratio| Estimate::new(ratio.value, ratio.interval(LEVEL))),
        p,
        q: p,
    })
}

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    hits: u64,
    of: u64,
}

impl Counted {
    fn add(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.of += 1;
    }

    fn proportion(self) -> Proportion {
        Proportion { hits: self.hits, of: self.of }
    }
}
