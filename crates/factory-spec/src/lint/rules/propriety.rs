//! A103: “appropriate”, “properly” and their like.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "A103",
    name: "unstated-propriety",
    tier: Tier::Warning,
    family: Family::Ambiguity,
    debt: Some(Debt::Underspecified),
    why: "What is appropriate, proper or sufficient is what the requirement was asked to say.",
    bad: examples!("A103").0,
    good: examples!("A103").1,
    check: Some(check),
};

fn check(subject: &Subject<'_>, report: &mut Report) {
    // What a Then says of it is for G208.
    let steps =
        subject.steps.iter().filter(|step| step.keyword != Some(Keyword::Then)).map(|step| &step.sentence);
    let demands = subject.statements.iter().map(|statement| &statement.sentence);
    for sentence in steps.chain(demands) {
        if measure::is_explained(sentence) {
            continue;
        }
        let from = sentence.main;
        for at in from..sentence.tokens.len() {
            if sentence.kind(at) == Some(Kind::Word) && is_bare(sentence, at) {
                let word = sentence.word(at);
                report
                    .add(sentence.place(at..at + 1), format!("`{word}` does not say which"))
                    .help("say which one, or how anybody can see that it is");
            }
        }
    }
}

fn is_bare(sentence: &Sentence<'_>, at: usize) -> bool {
    let next = sentence.word(at + 1);
    let before = at.checked_sub(1).map_or("", |before| sentence.word(before));
    // `where appropriate` is an escape clause, and found as one.
    if sentence.word(at) == "correctly" && measure::is_measured(sentence) {
        return false;
    }
    if matches!(before, "if" | "when" | "where" | "as" | "whenever" | "wherever" | "not" | "deemed") {
        return false;
    }
    match sentence.word(at) {
        "appropriate" | "suitable" | "satisfactory" => next != "for",
        "appropriately" | "suitably" | "adequately" | "satisfactorily" | "sensibly" => true,
        "relevant" => matches!(
            next,
            "stakeholders"
                | "parties"
                | "users"
                | "personnel"
                | "information"
                | "data"
                | "details"
                | "people"
                | "authorities"
                | "fields"
        ),
        "enough" => words::may_name(next),
        "adequate" => !matches!(next, "rights"),
        "sufficient" => {
            // What one has or has not, and what is enough to, can be seen.
            let possession = matches!(
                next,
                "permissions"
                    | "permission"
                    | "privileges"
                    | "privilege"
                    | "rights"
                    | "funds"
                    | "balance"
                    | "credit"
                    | "credits"
                    | "stock"
                    | "inventory"
                    | "space"
                    | "quota"
                    | "access"
                    | "capacity"
                    | "resources"
                    | "to"
            );
            !possession && !words::is_copula(before)
        }
        "sufficiently" => true,
        "proper" => {
            !matches!(next, "subset" | "superset" | "prefix" | "name" | "names" | "noun" | "fraction")
        }
        "properly" => !matches!(
            next,
            "escaped" | "encoded" | "nested" | "formed" | "aligned" | "quoted" | "terminated" | "signed"
        ),
        "correctly" => {
            !matches!(next, "rounded" | "escaped" | "encoded" | "nested" | "signed")
                && !before.ends_with("answered")
        }
        "acceptable" | "reasonable" => {
            words::may_name(next) && !matches!(next, "time" | "amount" | "timeframe")
        }
        _ => false,
    }
}
