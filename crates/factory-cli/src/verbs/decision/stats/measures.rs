//! All figures as one list, for tables.

use factory_core::ledger::metrics::{Agreement, Estimate, Figures, Rate};

/// A figure by its name. Rates have counts; the value of a count is the count.
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) hits: Option<u64>,
    pub(super) of: Option<u64>,
    pub(super) value: Option<f64>,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

fn rate(name: &str, rate: Rate) -> Measured {
    let Rate { hits, of, rate, low, high } = rate;
    Measured { name: name.to_owned(), hits: Some(hits), of: Some(of), value: rate, low, high }
}

fn estimate(name: String, found: Option<Estimate>) -> Measured {
    let (value, low, high) = found.map_or((None, None, None), |e| (Some(e.value), e.low, e.high));
    Measured { name, hits: None, of: None, value, low, high }
}

fn value(name: &str, value: Option<f64>) -> Measured {
    Measured { name: name.to_owned(), hits: None, of: None, value, low: None, high: None }
}

fn count(name: &str, count: u64) -> Measured {
    value(name, Some(count as f64))
}

/// Every figure, named by its path in the JSON.
pub(super) fn all(figures: &Figures) -> Vec<Measured> {
    let Figures { runs, decisions, time_to_merge, spec_iterations, budget_gates, .. } = figures;
    let mut all = vec![
        count("runs.asked", runs.asked),
        count("runs.open", runs.open),
        count("runs.merged", runs.merged),
        count("runs.rejected", runs.rejected),
        count("runs.expired", runs.expired),
        count("runs.cancelled", runs.cancelled),
        count("runs.failed", runs.failed),
        count("decisions.made", decisions.made),
        count("decisions.approved", decisions.approved),
        count("decisions.rejected", decisions.rejected),
        count("decisions.retried", decisions.retried),
        count("decisions.overridden", decisions.overridden),
        count("decisions.in_advance", decisions.in_advance),
        count("decisions.judgements", decisions.judgements),
        count("decisions.expired", decisions.expired),
        rate("overrides", figures.overrides),
    ];
    for (name, found) in [("agreement", figures.agreement), ("agreement_unseen", figures.agreement_unseen)] {
        agreement(&mut all, name, found);
    }
    all.extend([
        rate("misses_of_refused", figures.misses_of_refused),
        rate("misses_of_passed", figures.misses_of_passed),
        rate("false_positives", figures.false_positives),
        rate("scenario_passes", figures.scenario_passes),
        rate("coverage", figures.coverage),
        rate("reworked", figures.reworked),
        rate("tries_again", figures.tries_again),
        rate("rollbacks", figures.rollbacks),
        rate("plateaus", figures.plateaus),
        rate("exhausted", figures.exhausted),
        rate("conflicts", figures.conflicts),
        Measured {
            low: time_to_merge.median_low_ms,
            high: time_to_merge.median_high_ms,
            ..value("time_to_merge.median_ms", time_to_merge.median_ms.map(|ms| ms as f64))
        },
        value("time_to_merge.mean_ms", time_to_merge.mean_ms),
        value("time_to_merge.up_to_ms", time_to_merge.up_to_ms.map(|ms| ms as f64)),
        value("time_to_merge.mean_of_merged_ms", time_to_merge.mean_of_merged_ms),
        count("spec_iterations.specs", spec_iterations.specs),
        value("spec_iterations.mean", spec_iterations.mean),
        value("spec_iterations.median", spec_iterations.median),
        count("scorecards_revealed", figures.scorecards_revealed),
        count("budget_gates.granted", budget_gates.granted),
        count("budget_gates.refused", budget_gates.refused),
        count("merged_without_a_person", figures.merged_without_a_person),
        count("merged_without_a_person_rolled_back", figures.merged_without_a_person_rolled_back),
    ]);
    for wait in &figures.gate_waits {
        let name = |what: &str| format!("gate_waits.{}.{what}", wait.gate);
        all.push(count(&name("decided"), wait.decided));
        all.push(count(&name("expired"), wait.expired));
        all.push(estimate(name("p50_ms"), wait.p50_ms));
        all.push(estimate(name("p90_ms"), wait.p90_ms));
    }
    all
}

fn agreement(all: &mut Vec<Measured>, name: &str, found: Agreement) {
    let of = |what: &str| format!("{name}.{what}");
    all.extend([
        count(&of("pass_accepted"), found.pass_accepted),
        count(&of("pass_refused"), found.pass_refused),
        count(&of("fail_accepted"), found.fail_accepted),
        count(&of("fail_refused"), found.fail_refused),
        rate(&of("agreement"), found.agreement),
        estimate(of("kappa"), found.kappa),
        estimate(of("ac1"), found.ac1),
    ]);
}
