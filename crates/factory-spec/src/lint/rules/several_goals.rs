//! S110: more than one goal in a specification.

use super::*;
use crate::prose::markdown::BlockKind;

pub(super) static RULE: Rule = Rule {
    code: "S110",
    name: "several-goals",
    tier: Tier::Warning,
    family: Family::Structure,
    debt: Some(Debt::MixedConcern),
    why: "One specification is one goal: two are built, reviewed and undone together, and one that is stuck holds up the other.",
    bad: examples!("S110").0,
    good: examples!("S110").1,
    check: Some(check),
};

fn check(subject: &Subject<'_>, report: &mut Report) {
    if subject.form != Form::Spec {
        return;
    }
    let is_goal =
        |at: usize| subject.prose.headings[at].text.trim_end_matches(':').eq_ignore_ascii_case("goal");
    let goals: Vec<_> =
        subject.prose.blocks.iter().filter(|block| block.heading.is_some_and(is_goal)).collect();
    let items: Vec<_> =
        goals.iter().filter(|block| block.kind == BlockKind::Item(1) && block.leads).collect();
    if let [_, second, ..] = items[..] {
        report
            .add(crate::text::first_line(subject.source, second.span.clone()), "a second goal")
            .help("write a specification for each; what serves one goal belongs under Requirements");
        return;
    }
    let lower = &subject.prose.lower;
    for block in goals {
        let text = &lower[block.span.clone()];
        for phrase in ["second goal", "another goal", "the other goal", "secondary goal"] {
            if let Some(at) = text.find(phrase) {
                let start = block.span.start + at;
                report
                    .add(start..start + phrase.len(), "a second goal")
                    .help("write a specification for each");
            }
        }
    }
}
