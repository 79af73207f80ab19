//! Every sentence that the reference shows is understood, and so is every one that a translator is shown.

use super::{at_once, in_order, rich};
use crate::grammar::context::{Attached, Context, Sent};
use crate::grammar::phrases::Phrases;
use crate::grammar::sentence;

/// A sentence of the reference and what stands under it.
struct Shown {
    /// Whether it may stand under `Then`, and whether elsewhere.
    under: [bool; 2],
    sentence: String,
    attached: Attached,
}

/// The sentences that the reference shows: the columns of its indented lines that begin with a keyword, but for
/// explanations after `#`.
fn shown_in(text: &str) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let keywords = ["Given ", "When ", "Then ", "And "];
        let sentences = keywords.iter().find_map(|keyword| line.strip_prefix("    ")?.strip_prefix(keyword));
        let Some(sentences) = sentences else { continue };
        let mut attached = Attached::default();
        if lines.next_if(|next| next.trim().starts_with("\"\"\"")).is_some() {
            let inner: Vec<&str> =
                std::iter::from_fn(|| lines.next().map(str::trim).filter(|line| *line != "\"\"\"")).collect();
            attached.doc = Some((inner.join("\n"), None));
        }
        while let Some(row) = lines.next_if(|next| next.trim().starts_with('|')) {
            let cells = row.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
            attached.table.get_or_insert_default().push(cells);
        }
        let columns = sentences
            .split("   ")
            .map(str::trim)
            .filter(|column| !column.is_empty() && !column.starts_with('#'));
        let (then, and) = (line.contains("    Then "), line.contains("    And "));
        let under = [then || and, !then];
        shown.extend(columns.map(|column| Shown {
            under,
            sentence: column.to_owned(),
            attached: attached.clone(),
        }));
    }
    shown
}

fn four(phrases: &Phrases) -> Context<'_> {
    let mut context = in_order(phrases);
    context.sent = context.sent.map(|sent| Sent { answers: 4, ..sent });
    context
}

/// Before anything has been done.
fn early(phrases: &Phrases) -> Context<'_> {
    Context { acted: false, ..rich(phrases) }
}

#[test]
fn the_reference_shows_what_is_understood() {
    let shown = shown_in(include_str!("../../../../../docs/scenarios.md"));
    assert!(shown.len() > 100, "{} sentences are not all", shown.len());
    are_understood(shown);
}

#[test]
fn a_translator_is_shown_what_is_understood() {
    let shown = shown_in(include_str!("../../../prompts/translate.md"));
    assert!(shown.len() > 40, "{} sentences are not all", shown.len());
    are_understood(shown);
}

fn are_understood(shown: Vec<Shown>) {
    let phrases = Phrases::default();
    let contexts: [for<'a> fn(&'a Phrases) -> Context<'a>; 5] = [rich, in_order, at_once, four, early];
    let mut wrong = String::new();
    for Shown { under, sentence, attached } in shown {
        let tried = contexts.iter().flat_map(|context| {
            [(context, true), (context, false)].into_iter().filter(|(_, then)| under[usize::from(!then)])
        });
        let tried: Vec<_> = tried.collect();
        let errors: Vec<String> = tried
            .iter()
            .filter_map(|(context, then)| {
                let mut context = context(&phrases);
                context.then = *then;
                context.attached = attached.clone();
                sentence::compile(&sentence, &mut context, 0).err().map(String::from)
            })
            .collect();
        if errors.len() == tried.len() {
            wrong.push_str(&format!("{sentence}: {errors:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
