//! I102: a scenario that says how it is built.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "I102",
    name: "leaky-step",
    tier: Tier::Warning,
    family: Family::Implementation,
    debt: Some(Debt::LeakyAbstraction),
    why: "A step that names a selector, a table or a function fails when the inside changes, though nothing that anybody sees \
          does.",
    bad: examples!("I102").0,
    good: examples!("I102").1,
    check: Some(check),
};

static INSIDE: Phrases = Phrases::new(&[
    "row|rows|record|records|entry in|into|from the|a? <word>? table",
    "css|xpath selector|locator|expression",
    "the database table|column|row|record",
    "is|are inserted|written into|to the database",
    "div|span|iframe with class|id",
    "instance variable",
    "redis|memcached key|cache",
    "setter|getter|mock|stub is|was|has|should",
    "the mock|stub|spy <noun>? is|was|should|has",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    for step in subject.steps.iter().filter(|step| !step.in_definition) {
        let sentence = &step.sentence;
        for range in INSIDE.all(sentence) {
            let words = said(sentence, &range);
            report
                .add(sentence.place(range), format!("`{words}` is inside of the system"))
                .help("say what is seen from outside");
        }
        for at in 0..sentence.tokens.len() {
            let text = sentence.text(at);
            if matches!(sentence.kind(at), Some(Kind::Quoted | Kind::Code)) && is_selector(text) {
                report
                    .add(sentence.place(at..at + 1), format!("{} is a selector", text.replace('`', "")))
                    .help("name the element as a person sees it: its label or its role");
            }
        }
    }
}

/// `#submit`, `.btn-primary`, `//div[@id="x"]`, `div > span`.
fn is_selector(text: &str) -> bool {
    let text = text.trim_matches(['"', '`', '\'', '“', '”']);
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    let hash = text
        .strip_prefix('#')
        .is_some_and(|name| is_name(name) && name.len() > 2 && !name.chars().all(|c| c.is_ascii_hexdigit()));
    let class = text.strip_prefix('.').is_some_and(|name| is_name(name) && name.contains('-'));
    let path = text.starts_with("//") && text.contains(['[', '@'])
        || text.starts_with("xpath=")
        || text.starts_with("css=");
    let nested = text.contains(" > ")
        && ["div", "span", "ul", "li", "table", "form", "td"].iter().any(|tag| text.starts_with(tag));
    hash || class || path || nested
}
