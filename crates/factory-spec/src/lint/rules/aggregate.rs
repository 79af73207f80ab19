//! D101, D102, D103: states that nothing reaches, transitions that nobody owns, and states that are nowhere listed.

use std::collections::{HashMap, HashSet};

use super::*;
use crate::aggregate::{self, Aggregate};

pub(super) static UNREACHABLE: Rule = Rule {
    code: "D101",
    name: "unreachable-state",
    tier: Tier::Warning,
    family: Family::Aggregate,
    debt: Some(Debt::ImplicitFlow),
    why: "A state that no transition leads to is reached by a way that nobody wrote down, or never.",
    bad: examples!("D101").0,
    good: examples!("D101").1,
    check: Some(unreachable),
};

pub(super) static OWNERLESS: Rule = Rule {
    code: "D102",
    name: "transition-without-owner",
    tier: Tier::Warning,
    family: Family::Aggregate,
    debt: Some(Debt::Underspecified),
    why: "A transition that nobody owns is open to everybody who finds the way to it.",
    bad: examples!("D102").0,
    good: examples!("D102").1,
    check: Some(ownerless),
};

pub(super) static UNKNOWN: Rule = Rule {
    code: "D103",
    name: "unknown-state",
    tier: Tier::Error,
    family: Family::Aggregate,
    debt: Some(Debt::UndefinedTerm),
    why: "A transition between states that are not listed is a slip of the pen, or a state that was forgotten.",
    bad: examples!("D103").0,
    good: examples!("D103").1,
    check: Some(unknown),
};

fn aggregates(subject: &Subject<'_>) -> Vec<Aggregate> {
    let has = subject
        .prose
        .headings
        .iter()
        .any(|heading| heading.text.to_ascii_lowercase().starts_with("aggregate:"));
    if has { aggregate::parse_aggregates(subject.source) } else { Vec::new() }
}

fn unreachable(subject: &Subject<'_>, report: &mut Report) {
    for aggregate in aggregates(subject) {
        let mut ways: HashMap<String, Vec<String>> = HashMap::new();
        for transition in &aggregate.transitions {
            ways.entry(transition.from.to_lowercase()).or_default().push(transition.to.to_lowercase());
        }
        let mut next: Vec<String> = aggregate
            .states
            .iter()
            .filter(|state| state.initial)
            .map(|state| state.name.to_lowercase())
            .collect();
        let mut reached: HashSet<String> = next.iter().cloned().collect();
        while let Some(state) = next.pop() {
            // `any` stands for every state.
            let from_any = ways.get("any").into_iter().chain(ways.get("*"));
            for to in ways.get(&state).into_iter().chain(from_any).flatten() {
                if reached.insert(to.clone()) {
                    next.push(to.clone());
                }
            }
        }
        for state in aggregate.states.iter().filter(|state| !reached.contains(&state.name.to_lowercase())) {
            report
                .add(state.span.clone(), format!("nothing leads to the state `{}`", state.name))
                .help("write the transition that does, or take the state out");
        }
    }
}

fn ownerless(subject: &Subject<'_>, report: &mut Report) {
    for transition in aggregates(subject).iter().flat_map(|aggregate| &aggregate.transitions) {
        if transition.owner.is_empty() {
            report
                .add(
                    transition.span.clone(),
                    format!("nobody owns the way from `{}` to `{}`", transition.from, transition.to),
                )
                .help("say who may do it: `open -> shipped by warehouse`");
        }
    }
}

fn unknown(subject: &Subject<'_>, report: &mut Report) {
    for aggregate in aggregates(subject) {
        let known: HashSet<String> = aggregate.states.iter().map(|state| state.name.to_lowercase()).collect();
        let mut said = HashSet::new();
        for transition in &aggregate.transitions {
            for name in [&transition.from, &transition.to] {
                let lower = name.to_lowercase();
                // Each is said once.
                if !said.insert(lower.clone()) {
                    continue;
                }
                if !known.contains(&lower) && lower != "any" && lower != "*" {
                    let near = aggregate
                        .states
                        .iter()
                        .take(200)
                        .map(|state| (strsim::osa_distance(&state.name.to_lowercase(), &lower), &state.name))
                        .min()
                        .filter(|(distance, _)| *distance <= 2);
                    let help = near.map_or_else(
                        || "list it under States".to_owned(),
                        |(_, name)| format!("did you mean `{name}`?"),
                    );
                    report
                        .add(transition.span.clone(), format!("`{name}` is no state of {}", aggregate.name))
                        .help(help);
                }
            }
        }
    }
}
