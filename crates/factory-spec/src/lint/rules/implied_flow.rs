//! G207: a flow that is written nowhere.

use std::collections::HashSet;

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "G207",
    name: "implied-flow",
    tier: Tier::Warning,
    family: Family::Scenario,
    debt: Some(Debt::ImplicitFlow),
    why: "A step that sends the reader through “the onboarding flow” is as many steps as each reader imagines, if no text has \
          that flow.",
    bad: examples!("G207").0,
    good: examples!("G207").1,
    check: Some(check),
};

fn is_flow(word: &str) -> bool {
    matches!(
        word,
        "flow"
            | "flows"
            | "workflow"
            | "workflows"
            | "procedure"
            | "wizard"
            | "journey"
            | "ceremony"
            | "process"
            | "onboarding"
            | "handshake"
    )
}

/// Verbs that lead through a flow.
fn goes_through(word: &str) -> bool {
    matches!(
        words::stem(word),
        "complet"
            | "follow"
            | "finish"
            | "through"
            | "start"
            | "pass"
            | "enter"
            | "undergo"
            | "perform"
            | "initiat"
            | "begin"
            | "trigger"
            | "conclud"
            | "did"
            | "done"
            | "via"
            | "ente"
    ) || matches!(
        word,
        "goes" | "gone" | "via" | "through" | "passed" | "done" | "started" | "begins" | "undergoes"
    )
}

fn check(subject: &Subject<'_>, report: &mut Report) {
    if subject.steps.is_empty() {
        return;
    }
    let known = known(subject);
    for step in subject.steps.iter().filter(|step| step.keyword.is_some() && !step.has_data) {
        let sentence = &step.sentence;
        let Some(mut head) = (1..sentence.tokens.len()).find(|at| is_flow(sentence.word(*at))) else {
            continue;
        };
        while is_flow(sentence.word(head + 1)) {
            head += 1;
        }
        if !(0..head).any(|at| goes_through(sentence.word(at))) {
            continue;
        }
        // Its name: `the order approval flow`, back to the article.
        let mut first = head;
        while first > 0
            && (words::may_name(sentence.word(first - 1)) && !goes_through(sentence.word(first - 1))
                || sentence.kind(first - 1) == Some(Kind::Quoted))
        {
            first -= 1;
        }
        let starts_with_article = first > 0 && words::is_determiner(sentence.word(first - 1));
        let name: Vec<&str> = (first..head).map(|at| words::stem(sentence.word(at))).collect();
        let is_known = !name.is_empty() && name.iter().all(|word| known.contains(*word));
        // `an operating-system process` is none that people go through.
        let bare = name.is_empty() && sentence.word(head) == "process";
        if starts_with_article && !is_known && !bare {
            let words = said(sentence, &(first..head + 1));
            report
                .add(sentence.place(first..head + 1), format!("nothing here says what `{words}` is"))
                .help("write its steps, or name the scenario that has them");
        }
    }
}

/// The stems of the words in names of scenarios and headings, each scenario's own name left out of nothing: whoever has
/// a name has its steps.
fn known<'a>(subject: &'a Subject<'_>) -> HashSet<String> {
    let mut known = HashSet::new();
    let mut add = |text: &'a str| {
        let lower = text.to_ascii_lowercase();
        let is_about = lower.split(|c: char| !c.is_alphanumeric()).any(is_flow);
        if is_about {
            let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            known.extend(words.map(|word| words::stem(word).to_owned()));
        }
    };
    subject.scenarios.iter().for_each(|scenario| add(&scenario.name));
    subject.prose.headings.iter().for_each(|heading| add(&heading.text));
    known
}
