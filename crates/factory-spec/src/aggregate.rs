//! Aggregates: the states of a thing, who may move it from one to another, and what always holds.
//!
//! ```markdown
//! # Aggregate: Order
//!
//! ## States
//!
//! - open (initial)
//! - shipped: the parcel is with the carrier
//!
//! ## Transitions
//!
//! - open -> shipped by warehouse: the parcel is handed over
//!
//! ## Invariants
//!
//! - A shipped order has a tracking number.
//! ```
//!
//! Transitions may also be a table with the columns From, To, Owner and, if wanted, Trigger.

use serde::Serialize;

use crate::diagnostic::Span;
use crate::line;

/// An aggregate as it is written. What the text lacks is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Aggregate {
    /// What it is.
    pub name: String,
    /// The heading.
    pub span: Span,
    /// Its states; the first one that is marked `(initial)` begins, or the first of all.
    pub states: Vec<State>,
    /// How it gets from one to another.
    pub transitions: Vec<Transition>,
    /// What always holds.
    pub invariants: Vec<String>,
}

/// A state of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    /// Its name, as transitions refer to it.
    pub name: String,
    /// Whether everything begins in it.
    pub initial: bool,
    /// The line that names it.
    pub span: Span,
}

/// A way from one state to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transition {
    /// The state before.
    pub from: String,
    /// The state afterwards.
    pub to: String,
    /// Who may do it; empty if nobody is named.
    pub owner: String,
    /// The line that says it.
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    States,
    Transitions,
    Invariants,
    Other,
}

/// The aggregates of a text, in order.
pub fn parse_aggregates(source: &str) -> Vec<Aggregate> {
    let mut found: Vec<Aggregate> = Vec::new();
    let mut section = Section::Other;
    let mut columns: Option<Vec<String>> = None;
    let mut in_fence = false;
    for line in line::lines(source) {
        let text = line.trimmed();
        if text.starts_with("```") {
            in_fence = !in_fence;
        }
        if in_fence {
            continue;
        }
        if text.starts_with('#') {
            columns = None;
            let heading = text.trim_start_matches('#').trim().trim_end_matches(':');
            let lower = heading.to_ascii_lowercase();
            if lower.starts_with("aggregate:") {
                let name = heading["aggregate:".len()..].trim().to_owned();
                found.push(Aggregate { name, span: line.span(), ..Aggregate::default() });
                section = Section::Other;
            } else {
                section = match lower.as_str() {
                    "states" => Section::States,
                    "transitions" => Section::Transitions,
                    "invariants" => Section::Invariants,
                    _ => Section::Other,
                };
            }
            continue;
        }
        let Some(aggregate) = found.last_mut() else { continue };
        let item = text.strip_prefix(['-', '*', '+']).map(str::trim);
        match (section, item) {
            (Section::States, Some(item)) => aggregate.states.extend(state(item, line.span())),
            (Section::Invariants, Some(item)) => aggregate.invariants.push(item.to_owned()),
            (Section::Transitions, Some(item)) => aggregate.transitions.extend(transition(item, line.span())),
            (Section::Transitions, None) if text.starts_with('|') => {
                let cells: Vec<String> =
                    text.trim_matches('|').split('|').map(|cell| plain(cell).to_owned()).collect();
                match &columns {
                    None => columns = Some(cells.iter().map(|cell| cell.to_ascii_lowercase()).collect()),
                    Some(columns) => aggregate.transitions.extend(row(columns, &cells, line.span())),
                }
            }
            _ => {}
        }
    }
    for aggregate in &mut found {
        if !aggregate.states.iter().any(|state| state.initial)
            && let Some(first) = aggregate.states.first_mut()
        {
            first.initial = true;
        }
    }
    found
}

fn plain(text: &str) -> &str {
    text.trim().trim_matches(['*', '_', '`']).trim()
}

fn state(item: &str, span: Span) -> Option<State> {
    let end = item.find([':', '(', '—', '–']).unwrap_or(item.len());
    let name = plain(item[..end].trim_end_matches(" -"));
    let initial = item[end..].to_ascii_lowercase().starts_with("(initial");
    (!name.is_empty()).then(|| State { name: name.to_owned(), initial, span })
}

/// `open -> shipped by warehouse: …`
fn transition(item: &str, span: Span) -> Option<Transition> {
    let (from, rest) = item.split_once("->").or_else(|| item.split_once('→'))?;
    let head = rest.split_once(':').map_or(rest, |(head, _)| head);
    let (to, owner) = head.split_once(" by ").unwrap_or((head, ""));
    let owner = plain(owner.trim_start_matches("the "));
    Some(Transition { from: plain(from).to_owned(), to: plain(to).to_owned(), owner: owner.to_owned(), span })
}

fn row(columns: &[String], cells: &[String], span: Span) -> Option<Transition> {
    if cells.iter().all(|cell| cell.chars().all(|c| "-: ".contains(c))) {
        return None;
    }
    let cell = |name: &str| {
        let at = columns.iter().position(|column| column == name)?;
        cells.get(at).cloned()
    };
    Some(Transition { from: cell("from")?, to: cell("to")?, owner: cell("owner").unwrap_or_default(), span })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_tables_are_read() {
        let text = "# Aggregate: Order\n\n## States\n\n- open (initial)\n- **shipped**: gone\n\n## Transitions\n\n- open -> shipped by the warehouse: handed over\n\n| From | To | Owner |\n|---|---|---|\n| shipped | open | clerk |\n\n## Invariants\n\n- One parcel.\n";
        let found = parse_aggregates(text);
        assert_eq!(found.len(), 1);
        let order = &found[0];
        let states: Vec<(&str, bool)> =
            order.states.iter().map(|one| (one.name.as_str(), one.initial)).collect();
        assert_eq!(states, [("open", true), ("shipped", false)]);
        let moves: Vec<(&str, &str, &str)> = order
            .transitions
            .iter()
            .map(|one| (one.from.as_str(), one.to.as_str(), one.owner.as_str()))
            .collect();
        assert_eq!(moves, [("open", "shipped", "warehouse"), ("shipped", "open", "clerk")]);
        assert_eq!(order.invariants, ["One parcel."]);
    }
}
