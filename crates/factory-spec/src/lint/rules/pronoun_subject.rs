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
        if is_subject && alone {
            let word = sentence.text(at);
            report
                .add(sentence.place(at..at + 1), format!("`{word}` is the subject of this demand"))
                .help("name what has to do it: the service, the user, the file");
        }
    }
}
