//! G210: a step definition that takes a value and does nothing with it.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "G210",
    name: "unused-parameter",
    tier: Tier::Warning,
    family: Family::Scenario,
    debt: Some(Debt::Underspecified),
    why: "A phrase promises what its words say. A value in it that no step of the definition uses is checked by nothing: the \
          debt has moved from the scenario to where nobody looks.",
    bad: examples!("G210").0,
    good: examples!("G210").1,
    check: Some(check),
};

fn check(subject: &Subject<'_>, report: &mut Report) {
    for definition in &subject.definitions {
        for (name, place) in &definition.parameters {
            let used = |step: &String| step.contains(&format!("{{{name}}}"));
            if !definition.steps.iter().any(used) {
                report
                    .add(place.clone(), format!("no step of this phrase uses `{name}`"))
                    .help("use it in a step, or take it out of the phrase");
            }
        }
    }
}
