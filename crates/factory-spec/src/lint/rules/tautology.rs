//! G201: a Then that cannot fail.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "G201",
    name: "tautology",
    tier: Tier::Warning,
    family: Family::Scenario,
    debt: Some(Debt::Underspecified),
    why: "A Then that is true whatever happens passes for a system that does nothing.",
    bad: examples!("G201").0,
    good: examples!("G201").1,
    check: Some(check),
};

static VACUOUS: Phrases = Phrases::new(&[
    "it|everything|all|this|that|system|application|app|feature|page|service works|work|behaves|behave|functions|functioned|worked <end>",
    "it|everything|all|this|system|application|app|feature|page|service works|behaves|functions|operates correctly|properly|normally|fine|well",
    "it|everything|system|application|app|feature|page|service works|behaves|functions|operates|performs as expected|intended|designed|usual",
    "test|scenario passes|succeeds|passed",
    "everything|all|it is ok|okay|fine|good|well <end>",
    "there are? no problems|issues <end>",
    "either success|succeeds or failure|fails",
    "true is true",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    let stems = |sentence: &Sentence<'_>| -> Vec<String> {
        let words = (0..sentence.tokens.len()).filter(|at| sentence.kind(*at) != Some(Kind::Mark));
        let words = words
            .map(|at| sentence.word(at))
            .filter(|word| !words::is_determiner(word) && !matches!(*word, "should" | "be" | "is" | "are"));
        words.map(|word| words::stem(word).to_owned()).collect()
    };
    let mut given: (usize, Vec<Vec<String>>) = (usize::MAX, Vec::new());
    for step in &subject.steps {
        if step.in_definition {
            continue;
        }
        if given.0 != step.scenario {
            given = (step.scenario, Vec::new());
        }
        let sentence = &step.sentence;
        if step.keyword != Some(Keyword::Then) {
            if !step.has_data {
                given.1.push(stems(sentence));
            }
            continue;
        }
        let own = stems(sentence);
        let vacuous = VACUOUS.all(sentence).into_iter().next();
        if let Some(range) = vacuous {
            report
                .add(sentence.place(range), "this is true whatever happens")
                .help("say what is seen: a status, a text, a value");
        } else if own.len() > 1 && !step.has_data && given.1.contains(&own) {
            report
                .add(sentence.span(), "this says again what was given or done")
                .help("say what is seen afterwards");
        } else if let Some(range) = same_sides(sentence) {
            report
                .add(sentence.place(range), "this compares a thing with itself")
                .help("compare it with what is expected");
        }
    }
}

/// `the total equals the total`.
fn same_sides(sentence: &Sentence<'_>) -> Option<Range<usize>> {
    let at = (1..sentence.tokens.len())
        .find(|at| matches!(sentence.word(*at), "is" | "equals" | "matches" | "are"))?;
    let side = |range: Range<usize>| -> Vec<&str> {
        let words =
            range.map(|at| sentence.word(at)).filter(|word| !words::is_determiner(word) && *word != ".");
        words.collect()
    };
    let (left, right) = (side(0..at), side(at + 1..sentence.tokens.len()));
    (!left.is_empty() && left == right).then_some(0..sentence.tokens.len())
}
