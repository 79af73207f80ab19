//! S112: requirements of OpenSpec without a scenario, or with a name that another one has.

use std::collections::HashMap;

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "S112",
    name: "untested-requirement",
    tier: Tier::Warning,
    family: Family::Structure,
    debt: Some(Debt::Underspecified),
    why: "In OpenSpec a requirement has at least one scenario below it: without one nothing shows that it is met. A name that \
          is given twice makes the second requirement replace the first.",
    bad: examples!("S112").0,
    good: examples!("S112").1,
    check: Some(check),
};

fn check(subject: &Subject<'_>, report: &mut Report) {
    if subject.form != Form::OpenSpec {
        return;
    }
    let headings = &subject.prose.headings;
    let mut seen: HashMap<(Option<usize>, &str), ()> = HashMap::new();
    for (index, heading) in headings.iter().enumerate() {
        let Some(name) = heading.text.strip_prefix("Requirement:").map(str::trim) else { continue };
        let section = heading.parent.map_or("", |at| headings[at].text.as_str());
        if seen.insert((heading.parent, name), ()).is_some() {
            report
                .add(heading.span.clone(), format!("a second requirement is named `{name}`"))
                .help("give each a name of its own");
        }
        let upper = section.to_ascii_uppercase();
        if upper.starts_with("REMOVED") || upper.starts_with("RENAMED") {
            continue;
        }
        let below = headings[index + 1..].iter().take_while(|other| other.level > heading.level);
        if !below.clone().any(|other| other.text.starts_with("Scenario")) {
            report
                .add(heading.span.clone(), format!("the requirement `{name}` has no scenario"))
                .help("write `#### Scenario: …` below it, with WHEN and THEN");
        }
    }
}
