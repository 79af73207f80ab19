//! Refuses what cannot fail: a check that holds whatever the service does, and a plan that checks nothing.

use factory_spec::{Keyword, Scenario};

use super::predicate;
use super::scenario::CompileError;
use crate::plan::{Action, Check, PlanStep, Predicate, Rows, StatusPattern};

/// Whether one of the actions is a check that holds always.
///
/// # Errors
/// Why it does.
pub(crate) fn refuse_idle(actions: &[Action]) -> Result<(), String> {
    let checks = actions.iter().filter_map(|action| match action {
        Action::Check(check) => Some(check),
        Action::Send { .. }
        | Action::Run(_)
        | Action::Seed { .. }
        | Action::WriteFile { .. }
        | Action::MakeFolder(_)
        | Action::RemoveFile(_)
        | Action::Advance(_)
        | Action::Wait(_)
        | Action::MailServer(_)
        | Action::Restart(_)
        | Action::MailWindow
        | Action::NameAnswer(_)
        | Action::Capture(_)
        | Action::Fresh { .. } => None,
    });
    for check in checks {
        if let Some(why) = idle(check) {
            return Err(format!("this cannot fail: {why}"));
        }
    }
    Ok(())
}

fn idle(check: &Check) -> Option<&'static str> {
    match check {
        Check::Status { any_of, not: false, .. } => {
            let all = (1..=5).all(|digit| any_of.contains(&StatusPattern::Class(digit)));
            all.then_some("every status is one of these")
        }
        Check::Status { any_of, not: true, .. } => any_of.is_empty().then_some("no status is excluded"),
        Check::Tally { counts, others } => {
            let any = others.is_none()
                && counts.iter().all(|tally| tally.count.min == 0 && tally.count.max.is_none());
            any.then_some("this holds for any answers")
        }
        Check::Value(value, Predicate::Equals(serde_json::Value::String(text))) if text == value.source() => {
            Some("a value is always the same as itself")
        }
        Check::Value(
            value,
            Predicate::Exactly(text) | Predicate::Contains(text) | Predicate::StartsWith(text),
        ) if text == value => Some("a value is always the same as itself"),
        Check::Header(_, _, predicate)
        | Check::Body(_, predicate)
        | Check::Field(_, _, predicate)
        | Check::Value(_, predicate)
        | Check::Mail(_, _, predicate)
        | Check::Link(_, predicate)
        | Check::Exit(predicate)
        | Check::File(_, predicate)
        | Check::Output(_, predicate) => predicate::idle(predicate),
        Check::Fields { names, .. } => names.is_empty().then_some("no field is named"),
        Check::Mails { count, .. } | Check::Links { count, .. } => {
            (count.min == 0 && count.max.is_none()).then_some("this holds for any number")
        }
        Check::Query(_, Rows::Count(count)) => {
            (count.min == 0 && count.max.is_none()).then_some("this holds for any number")
        }
        Check::Query(_, Rows::Value(predicate)) => predicate::idle(predicate),
        Check::Files { text, .. } | Check::Log { text, .. } => {
            text.source().trim().is_empty().then_some("nothing is looked for")
        }
        Check::Sequence(_)
        | Check::Query(_, Rows::Are(_))
        | Check::Within(..)
        | Check::SameAnswers { .. }
        | Check::SameValues { .. }
        | Check::Folder { .. }
        | Check::LinkStandsAlone => None,
    }
}

/// Actions whose effect a later check has to look at.
fn acts(action: &Action) -> bool {
    match action {
        Action::Send { .. } | Action::Run(_) | Action::Restart(_) => true,
        Action::Seed { .. }
        | Action::Advance(_)
        | Action::WriteFile { .. }
        | Action::MakeFolder(_)
        | Action::RemoveFile(_)
        | Action::Wait(_)
        | Action::MailServer(_)
        | Action::MailWindow
        | Action::NameAnswer(_)
        | Action::Capture(_)
        | Action::Fresh { .. }
        | Action::Check(_) => false,
    }
}

/// Each `Then` that asserts nothing, and the last `When` if nothing is asserted after it.
pub(crate) fn unchecked(scenario: &Scenario, steps: &[PlanStep]) -> Vec<CompileError> {
    let checks = |sentence: usize| {
        steps.iter().any(|step| step.sentence == sentence && matches!(step.action, Action::Check(_)))
    };
    let error = |sentence: usize, why: &str| CompileError {
        is_unknown: false,
        sentence: scenario.steps[sentence].text.clone(),
        span: scenario.steps[sentence].span.clone(),
        why: why.to_owned(),
    };
    let mut errors = Vec::new();
    let mut at = 0;
    let mut asserted = false;
    while at < scenario.steps.len() {
        if scenario.steps[at].keyword != Keyword::Then {
            at += 1;
            continue;
        }
        let end = (at..scenario.steps.len())
            .find(|index| scenario.steps[*index].keyword != Keyword::Then)
            .unwrap_or(scenario.steps.len());
        if (at..end).any(checks) {
            asserted = true;
        } else {
            errors.push(error(
                at,
                "this and what follows under `Then` asserts nothing of what the service did",
            ));
        }
        at = end;
    }
    if errors.is_empty() && !asserted {
        errors.push(CompileError {
            is_unknown: false,
            sentence: scenario.name.clone(),
            span: scenario.span.clone(),
            why: "the scenario asserts nothing".to_owned(),
        });
    }
    let last_act = steps.iter().rposition(|step| acts(&step.action));
    let last_check = steps.iter().rposition(|step| matches!(step.action, Action::Check(_)));
    if errors.is_empty()
        && let (Some(act), Some(check)) = (last_act, last_check)
        && act > check
    {
        errors.push(error(steps[act].sentence, "nothing checks what this does"));
    }
    errors
}

#[cfg(test)]
mod tests {
    use factory_spec::parse_scenarios;

    use crate::grammar::{Phrases, compile};
    use crate::plan::{Action, Plan};

    fn plan(steps: &str) -> Result<Plan, Vec<String>> {
        let source = format!("# Scenario: It\n\n{steps}\n");
        let (scenarios, findings) = parse_scenarios(&source, "it.md");
        assert!(!factory_spec::has_errors(&findings), "{findings:?}");
        let phrases = Phrases::parse("[[step]]\npattern = 'all is well'\nsteps = []\n").unwrap();
        compile(&scenarios[0], &phrases)
            .map_err(|errors| errors.into_iter().map(|error| error.to_string()).collect())
    }

    #[test]
    fn what_cannot_fail_is_refused() {
        let get = "When GET /a is sent";
        for (steps, why) in [
            (format!("{get}\nThen all is well"), "asserts nothing"),
            (format!("{get}\nThen the answer is called \"x\""), "asserts nothing"),
            (format!("{get}\nThen the mail server is down"), "asserts nothing"),
            (format!("{get}\nThen GET /b is sent"), "asserts nothing"),
            (format!("{get}\nThen the body contains \"\""), "cannot fail"),
            (format!("{get}\nThen the body matches \".*\""), "cannot fail"),
            (format!("{get}\nThen the body includes {{}}"), "cannot fail"),
            (format!("{get}\nThen the status is 1xx, 2xx, 3xx, 4xx or 5xx"), "cannot fail"),
            (format!("{get}\nThen at least 0 mails are sent"), "any number"),
            (
                format!("Given a fresh word called w\n{get}\nThen the word w has 12 characters"),
                "scenario itself",
            ),
            (
                format!(
                    "Given a fresh word called v\nAnd a fresh word called w\n{get}\nThen {{v}} and {{w}} differ"
                ),
                "scenario itself",
            ),
            (
                format!("{get}\nAnd the body is remembered as t\nThen the value t is \"{{t}}\""),
                "same as itself",
            ),
            (
                format!(
                    "{get}\nAnd the answer is called \"x\"\nThen the answers \"x\" and \"x\" are the same"
                ),
                "itself",
            ),
            ("When GET /a is sent 3 times\nThen at most 3 of the answers are 200".to_owned(), "cannot fail"),
            (
                format!("{get}\nThen the status is 200\nWhen GET /b is sent\nThen all is well"),
                "asserts nothing",
            ),
            ("When all is well\nThen no mail is sent".to_owned(), "nothing has been done"),
        ] {
            let errors = plan(&steps).expect_err(&steps);
            assert!(errors.iter().any(|error| error.contains(why)), "{steps}\n{errors:?}");
        }
    }

    #[test]
    fn all_errors_come_at_once_and_a_lost_name_is_no_second_error() {
        let errors = plan(
            "When GET /a is sent\nAnd I somehow find out what the field is and remember it as token\n\
             Then GET /b as bearer {token} answers 200\nAnd the moon is full\nAnd the sun is not",
        )
        .unwrap_err();
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(errors[1].starts_with("`the moon is full`: "), "{errors:?}");
    }

    #[test]
    fn mails_are_counted_anew_where_the_reference_says_so() {
        let windows = |steps: &str| -> Vec<usize> {
            let plan = plan(steps).unwrap();
            let steps = plan.steps.iter().filter(|step| step.action == Action::MailWindow);
            steps.map(|step| step.sentence).collect()
        };
        let given = "Given POST /register with {\"a\": 1}\n";
        // The first `When` after `Given` and after `Then`; not a second one, and no request under `Then`.
        let twice = "When GET /a is sent\nAnd GET /b is sent\nThen 1 mail is sent\nAnd GET /c answers 200\nAnd no further mail is sent\n";
        assert_eq!(windows(&format!("{given}{twice}When GET /d is sent\nThen no mail is sent")), [1, 6]);
        // A request after mails were looked at.
        let looked = "When GET /a is sent\nAnd a mail to a@b.test arrives\nAnd GET /b is sent\nThen a mail to a@b.test arrives";
        assert_eq!(windows(looked), [2]);
    }
}
