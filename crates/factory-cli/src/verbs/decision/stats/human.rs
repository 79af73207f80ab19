//! The report for people: counts beside every rate, `–` for what nobody knows.

use std::fmt::Write as _;

use factory_core::ledger::metrics::{
    Agreement, Estimate, Factor, FactorKind, Figures, Group, PersonFigures, Rate, Sign, Stats, TimeToMerge,
    Watched,
};
use factory_core::trust::{Level, Measure};

use super::super::plain;
use crate::story;

const UNKNOWN: &str = "–";

/// From this false discovery rate on, a factor is shown.
const NOTEWORTHY: f64 = 0.1;

/// At most so many factors are shown.
const FACTORS: usize = 8;

pub(super) fn report(stats: &Stats) -> String {
    let mut text = String::new();
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}{title}", if text.is_empty() { "" } else { "\n" });
            lines.iter().for_each(|line| {
                let _ = writeln!(text, "  {}", line.trim_end());
            });
        }
    };
    let Figures { runs, decisions, .. } = &stats.total;
    section(
        &format!("{} entries, {} runs, {} decisions", stats.entries, runs.asked, decisions.made),
        counts(&stats.total),
    );
    section("Health", stats.health.iter().map(health).collect());
    section("Evaluator and people", evaluator(&stats.total));
    section("Runs", flow(&stats.total));
    section("Waiting at gates", waits(&stats.total));
    section("People", stats.people.iter().map(person).collect());
    section("What goes with rework (q is the false discovery rate)", factors(&stats.factors));
    section("In groups", groups(&stats.groups));
    text
}

fn counts(figures: &Figures) -> Vec<String> {
    let Figures { runs, decisions, .. } = figures;
    vec![
        format!(
            "runs       {} merged, {} rejected, {} failed, {} expired, {} cancelled, {} open",
            runs.merged, runs.rejected, runs.failed, runs.expired, runs.cancelled, runs.open
        ),
        format!(
            "decisions  {} approved, {} rejected, {} retried, {} overridden; {} of all in advance",
            decisions.approved,
            decisions.rejected,
            decisions.retried,
            decisions.overridden,
            decisions.in_advance
        ),
    ]
}

fn health(row: &Watched) -> String {
    let name = match row.measure {
        Measure::ScenarioPasses => "scenarios passed",
        Measure::FalsePositives => "false positives",
        Measure::Rollbacks => "rollbacks",
        Measure::TimeToMerge => "mean time to merge",
        Measure::Coverage => "scenario coverage",
        Measure::AgentRetries => "agent retries",
    };
    let (level, found) = match row.level {
        Level::Unknown => (UNKNOWN, UNKNOWN),
        Level::Good => ("ok", row.found.as_str()),
        Level::Fair => ("fair", row.found.as_str()),
        Level::Alert => ("ALERT", row.found.as_str()),
    };
    format!("{name:<20}{level:<7}{found:<24}target {}, alert {}", row.target, row.alert)
}

fn evaluator(figures: &Figures) -> Vec<String> {
    let mut lines = vec![
        named("overrides", &rate(figures.overrides)),
        named("false positives", &rate(figures.false_positives)),
        named("misses of refused", &rate(figures.misses_of_refused)),
        named("misses of passed", &rate(figures.misses_of_passed)),
    ];
    for (name, found) in
        [("all judgements", &figures.agreement), ("verdict not seen", &figures.agreement_unseen)]
    {
        lines.push(named(name, &agreement(found)));
    }
    if figures.scorecards_revealed > 0 {
        lines.push(named("scorecards shown", &figures.scorecards_revealed.to_string()));
    }
    lines
}

/// The table on one line: what the evaluator said, and of that what people accepted.
fn agreement(found: &Agreement) -> String {
    let Agreement { pass_accepted, pass_refused, fail_accepted, fail_refused, .. } = found;
    if found.agreement.of == 0 {
        return UNKNOWN.to_owned();
    }
    let coefficient = |found: Option<Estimate>| {
        found.map_or(UNKNOWN.to_owned(), |found| match found.low.zip(found.high) {
            Some((low, high)) => format!("{:.2} ({low:.2} to {high:.2})", found.value),
            None => format!("{:.2}", found.value),
        })
    };
    format!(
        "passed: {pass_accepted} accepted, {pass_refused} refused; failed: {fail_accepted} accepted, {fail_refused} \
         refused; kappa {}, AC1 {}",
        coefficient(found.kappa),
        coefficient(found.ac1)
    )
}

fn flow(figures: &Figures) -> Vec<String> {
    let time = |ms: Option<f64>| ms.map_or(UNKNOWN.to_owned(), |ms| story::duration(ms.round() as u64));
    let TimeToMerge { median_ms, median_low_ms, median_high_ms, mean_ms, up_to_ms, .. } =
        figures.time_to_merge;
    let mut median = time(median_ms.map(|ms| ms as f64));
    if median_ms.is_some() {
        let _ = write!(median, " ({} to {})", time(median_low_ms), time(median_high_ms));
    }
    let iterations = &figures.spec_iterations;
    let decimals = |n: Option<f64>| n.map_or(UNKNOWN.to_owned(), |n| format!("{n:.1}"));
    let budget = &figures.budget_gates;
    vec![
        named("median to merge", &format!("{median}; what has not merged counts as still waiting")),
        named("mean to merge", &format!("{} up to {}", time(mean_ms), time(up_to_ms.map(|ms| ms as f64)))),
        named("reworked", &rate(figures.reworked)),
        named("tries not the first", &rate(figures.tries_again)),
        named("plateaus", &rate(figures.plateaus)),
        named("tries used up", &rate(figures.exhausted)),
        named("base moved away", &rate(figures.conflicts)),
        named("rolled back", &format!("{}, within 14 days", rate(figures.rollbacks))),
        named(
            "spec iterations",
            &format!(
                "median {}, mean {} over {} merged specifications",
                decimals(iterations.median),
                decimals(iterations.mean),
                iterations.specs
            ),
        ),
        named("budgets", &format!("{} granted once more, {} refused", budget.granted, budget.refused)),
    ]
}

fn waits(figures: &Figures) -> Vec<String> {
    let time = |ms: f64| story::duration(ms.round() as u64);
    let quantile = |found: Option<Estimate>| {
        found.map_or(UNKNOWN.to_owned(), |found| {
            let bound = |ms: Option<f64>| ms.map_or("?".to_owned(), time);
            format!("{} ({} to {})", time(found.value), bound(found.low), bound(found.high))
        })
    };
    let width = figures.gate_waits.iter().map(|wait| wait.gate.chars().count()).max().unwrap_or(0);
    let line = |wait: &factory_core::ledger::metrics::GateWait| {
        let expired = if wait.expired > 0 { format!("  {} expired", wait.expired) } else { String::new() };
        format!(
            "{:<width$}  {:>5}  half within {:<32}  nine of ten within {}{expired}",
            wait.gate,
            wait.decided,
            quantile(wait.p50_ms),
            quantile(wait.p90_ms)
        )
    };
    figures.gate_waits.iter().map(line).collect()
}

fn person(person: &PersonFigures) -> String {
    let share =
        |rate: Rate| if rate.of == 0 { UNKNOWN.to_owned() } else { format!("{} of {}", rate.hits, rate.of) };
    let signs: Vec<&str> = person
        .signs
        .iter()
        .map(|sign| match sign {
            Sign::Fast => "mostly under 10 s",
            Sign::SameReasons => "mostly the same reasons",
            Sign::NeverRefuses => "never refuses",
            Sign::Unseen => "mostly without the verdict",
            Sign::InAdvance => "mostly in advance",
        })
        .collect();
    let signs = if signs.is_empty() { String::new() } else { format!("  <- {}", signs.join(", ")) };
    format!(
        "{:<12} {:>5} decisions; refused {}, fast {}, same reason {}, verdict unseen {}, in advance {}{signs}",
        plain(&person.login),
        person.decisions,
        share(person.refusals),
        share(person.fast),
        share(person.same_reasons),
        share(person.unseen),
        share(person.in_advance),
    )
}

fn factors(factors: &[Factor]) -> Vec<String> {
    let line = |factor: &Factor| {
        let kind = match factor.kind {
            FactorKind::Lint => "lint",
            FactorKind::Pipeline => "pipeline",
            FactorKind::Entry => "entry",
            FactorKind::Finding => "finding",
        };
        let odds = factor.odds_ratio.map_or(UNKNOWN.to_owned(), |ratio| format!("{:.1}", ratio.value));
        let name = format!("{kind} {}", plain(&factor.name));
        let (with, without) = (rate(factor.with), rate(factor.without));
        format!("{name:<28} {with}; without {without}; odds x {odds}, p {:.3}, q {:.3}", factor.p, factor.q)
    };
    let shown: Vec<String> =
        factors.iter().filter(|factor| factor.q <= NOTEWORTHY).take(FACTORS).map(line).collect();
    if shown.is_empty() && !factors.is_empty() {
        return vec![format!("nothing: of {} things tested none has a q up to {NOTEWORTHY}", factors.len())];
    }
    shown
}

fn groups(groups: &[Group]) -> Vec<String> {
    let name = |group: &Group| group.name.as_deref().map_or(UNKNOWN.to_owned(), plain);
    let width = groups.iter().map(|group| name(group).chars().count()).max().unwrap_or(0);
    let line = |group: &Group| {
        let Figures { runs, decisions, overrides, reworked, time_to_merge, .. } = &group.figures;
        let time = time_to_merge.median_ms.map_or(UNKNOWN.to_owned(), story::duration);
        format!(
            "{:<width$}  {:>5} runs, {:>5} merged, median {time:<9} {:>5} decisions; overrides {}; reworked {}",
            name(group),
            runs.asked,
            runs.merged,
            decisions.made,
            rate(*overrides),
            rate(*reworked)
        )
    };
    groups.iter().map(line).collect()
}

fn named(name: &str, found: &str) -> String {
    format!("{name:<20}{found}")
}

/// `12 of 80, 15.0 % (8.9–24.2)`.
fn rate(rate: Rate) -> String {
    let percent = |share: f64| share * 100.0;
    match (rate.rate, rate.low, rate.high) {
        (Some(value), Some(low), Some(high)) => format!(
            "{} of {}, {:.1} % ({:.1}–{:.1})",
            rate.hits,
            rate.of,
            percent(value),
            percent(low),
            percent(high)
        ),
        (Some(value), _, _) => format!("{} of {}, {:.1} %", rate.hits, rate.of, percent(value)),
        (None, _, _) => UNKNOWN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use factory_core::ids::Timestamp;
    use factory_core::ledger::metrics::{Fold, Query};

    use super::*;

    #[test]
    fn a_rate_has_its_counts_and_its_interval() {
        let found = Rate { hits: 12, of: 80, rate: Some(0.15), low: Some(0.0886), high: Some(0.2416) };
        assert_eq!(rate(found), "12 of 80, 15.0 % (8.9–24.2)");
        assert_eq!(rate(Rate::default()), "–");
    }

    #[test]
    fn an_empty_ledger_makes_a_report_of_unknowns() {
        let stats = Fold::default().finish(Timestamp(0), &Query::default());
        let text = report(&stats);
        assert!(text.starts_with("0 entries, 0 runs, 0 decisions\n"), "{text}");
        assert!(text.contains("overrides           –\n"), "{text}");
        assert!(!text.contains("NaN") && !text.contains("0 of 0") && text.lines().count() < 40, "{text}");
    }
}
