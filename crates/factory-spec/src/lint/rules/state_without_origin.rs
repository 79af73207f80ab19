//! G205: something exists, and nobody says how it came to be.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "G205",
    name: "state-without-origin",
    tier: Tier::Warning,
    family: Family::Scenario,
    debt: Some(Debt::ImplicitFlow),
    why: "An order that “exists” was placed, imported or written into a table: each gives another state, and the scenario \
          starts from one of them.",
    bad: examples!("G205").0,
    good: examples!("G205").1,
    check: Some(check),
};

static EXISTS: Phrases =
    Phrases::new(&["exists|exist <end>", "already exists|exist", "is|are present|existing <end>"]);
static THERE_IS: Phrases =
    Phrases::new(&["there is|are|exists|exist", "an|some|the existing|pre-existing|preexisting <noun>"]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    // Elsewhere scenarios illustrate a requirement, and are not what decides.
    if subject.form != Form::Scenarios {
        return;
    }
    for step in subject.steps_of(&[Keyword::Given]).filter(|step| step.keyword.is_some() && !step.has_data) {
        let sentence = &step.sentence;
        // `there are 12 orders` says how many, and that is the state.
        let counts = sentence.word(0) == "there"
            && (measure::is_number(sentence, 2) || matches!(sentence.text(2), "<" | "{"));
        if counts || tells(sentence) {
            continue;
        }
        let found = (0..sentence.tokens.len())
            .find_map(|at| EXISTS.at(sentence, at).or_else(|| THERE_IS.at(sentence, at).filter(|_| at < 2)));
        if let Some(range) = found {
            report
                .add(sentence.place(range), "nothing says how this came to be")
                .help("say what made it: `an order placed by POST /orders with …`");
        }
    }
}

/// Whether the sentence says how it was made, or is about what is simply there: files and places.
fn tells(sentence: &Sentence<'_>) -> bool {
    (0..sentence.tokens.len()).any(|at| {
        let word = sentence.word(at);
        matches!(
            word,
            "by" | "via"
                | "through"
                | "created"
                | "registered"
                | "placed"
                | "added"
                | "made"
                | "imported"
                | "seeded"
                | "with"
                | "whose"
                | "no"
                | "not"
                | "from"
                | "using"
                | "containing"
                | "signed"
                | "submitted"
                | "inserted"
                | "posted"
                | "uploaded"
                | "sent"
                | "file"
                | "files"
                | "folder"
                | "directory"
                | "page"
                | "url"
                | "never"
                | "that"
                | "which"
                | "who"
                | "doesn't"
                | "where"
        )
    })
}
