//! S010: a bug that says how it is to be mended.

use super::*;
use crate::spec::SpecKind;

pub(super) static RULE: Rule = Rule {
    code: "S010",
    name: "prescribed-fix",
    tier: Tier::Error,
    family: Family::Structure,
    debt: Some(Debt::LeakyAbstraction),
    why: "A bug says what is seen and what should be seen. A fix that is prescribed is built even where the cause is another \
          one, and no scenario can tell.",
    bad: examples!("S010").0,
    good: examples!("S010").1,
    check: Some(check),
};

static PRESCRIPTIONS: Phrases = Phrases::new(&[
    "the|proposed|suggested|possible|correct|obvious fix|solution is|would|should|will",
    "to fix|resolve|solve this|it|that|the",
    "can|should|must|could|needs be fixed|solved|resolved|mended by",
    "fix this|it by",
    "must|should|shall|needs be changed|replaced|rewritten|refactored|moved|renamed to|by|with|into",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    let Some(spec) = subject.spec.as_ref().filter(|spec| spec.kind == SpecKind::Bug) else { return };
    debug_assert_eq!(spec.kind, SpecKind::Bug);
    const HELP: &str = "say what should be seen instead, and leave the way to whoever mends it";
    let name = |heading: &str| heading.trim().trim_end_matches(':').to_ascii_lowercase();
    for heading in &subject.prose.headings {
        let is_fix = matches!(
            name(&heading.text).as_str(),
            "fix"
                | "the fix"
                | "proposed fix"
                | "suggested fix"
                | "solution"
                | "proposed solution"
                | "how to fix"
                | "implementation"
                | "patch"
                | "suggested solution"
        );
        if is_fix {
            report
                .add(heading.span.clone(), format!("section `{}` prescribes the fix", heading.text))
                .help(HELP);
        }
    }
    for block in &subject.prose.blocks {
        let under = block.heading.map_or(String::new(), |at| name(&subject.prose.headings[at].text));
        if !(under.starts_with("expected")
            || under.starts_with("symptom")
            || under.starts_with("requirement"))
        {
            continue;
        }
        let text = &subject.prose.text;
        let tokens = token::tokens(text, block.span.clone(), &subject.prose.code);
        for range in token::sentences(text, &tokens) {
            let sentence = Sentence::new(text, &subject.prose.lower, tokens[range].to_vec());
            let found = PRESCRIPTIONS.all(&sentence).into_iter().next().or_else(|| order(&sentence));
            if let Some(range) = found {
                report.add(sentence.place(range), "this prescribes the fix").help(HELP);
            }
        }
    }
}

/// `Replace the lock in …`: a sentence that tells somebody what to do to the code.
fn order(sentence: &Sentence<'_>) -> Option<Range<usize>> {
    let verb = matches!(
        sentence.word(0),
        "change"
            | "replace"
            | "rewrite"
            | "refactor"
            | "wrap"
            | "move"
            | "rename"
            | "add"
            | "remove"
            | "use"
            | "call"
            | "catch"
            | "initialize"
            | "initialise"
            | "increase"
            | "decrease"
            | "revert"
    );
    let about_code = (1..sentence.tokens.len().min(10)).any(|at| {
        sentence.kind(at) == Some(Kind::Code)
            || matches!(
                sentence.word(at),
                "check"
                    | "function"
                    | "method"
                    | "lock"
                    | "mutex"
                    | "null"
                    | "class"
                    | "index"
                    | "query"
                    | "loop"
                    | "variable"
                    | "handler"
                    | "cache"
                    | "exception"
                    | "call"
                    | "code"
                    | "constructor"
                    | "thread"
            )
    });
    (verb && about_code && !sentence.has("must") && !sentence.has("should")).then_some(0..1)
}
