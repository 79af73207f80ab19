//! E104: a demand on “it”.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "E104",
    name: "pronoun-subject",
    tier: Tier::Warning,
    family: Family::Ears,
    debt: Some(Debt::Underspecified),
    why: "A requirement is read alone, in a matrix or a report. “It” is then the user, the form or the system.",
    bad: examples!("E104").0,
    good: examples!("E104").1,
    check: Some(check),
};

fn check(subject: &Subject<'_>, report: &mut Report) {
    for statement in subject.statements.iter().filter(|statement| statement.is_first) {
        let (sentence, clauses) = (&statement.sentence, &statement.clauses);
        let Some(modal) = clauses.modal else { continue };
        let at = clauses.main;
        let is_subject = words::is_pronoun(sentence.word(at)) && modal == at + 1
            || sentence.word(at) == "it" && modal == at + 2 && words::is_adverb(sentence.word(at + 1));
        // Running text has a sentence before, in the same paragraph or the one above.
        let block = &subject.prose.blocks[statement.block];
        let alone = statement.id.is_some()
            || block.kind != crate::prose::markdown::BlockKind::Paragraph
            || subject.prose.headings.is_empty() && subject.prose.blocks.len() == 1;
        // In other texts a list belongs to what stands above it.
        let is_requirement = subject.form != Form::Prose
            || statement.id.is_some()
            || subject.prose.headings.is_empty()
            || subject.prose.path(block.heading).any(|heading| {
                let name = heading.text.to_ascii_lowercase();
                name.contains("requirement") || name.contains("criteria")
            });
        // `it shall be possible to …` stands for nothing.
        let stands_for_nothing = sentence.word(modal + 1) == "be"
            && matches!(
                sentence.word(modal + 2),
                "possible" | "impossible" | "necessary" | "feasible" | "permissible"
            );
        if is_subject && alone && is_requirement && !stands_for_nothing && !is_clear(sentence, at) {
            let word = sentence.text(at);
            report
                .add(sentence.place(at..at + 1), format!("`{word}` is the subject of this demand"))
                .help("name what has to do it: the service, the user, the file");
        }
    }
}

/// Whether the condition before has one thing, and something is done to it: `WHEN an item is done, it MUST …`.
fn is_clear(sentence: &Sentence<'_>, main: usize) -> bool {
    let things = (1..main).filter(|at| words::is_determiner(sentence.word(*at))).count();
    let is_passive =
        (1..main).any(|at| words::is_be(sentence.word(at)) && words::is_participle(sentence.word(at + 1)));
    things == 1 && is_passive
}
