//! What an implementer is told of the attempt before.

use factory_core::artifact::{CheckOutcome, CheckResult};
use factory_core::feedback::{CountBucket, FailureClass, Feedback, FeedbackItem};
use factory_engine::port::agents::Correction;
use factory_engine::port::model::Message;
use minijinja::context;
use minijinja::value::Serde;

use super::render;
use crate::text;

/// How much of what a failing check printed is shown: its end, in bytes.
const LOG_BYTES: usize = 6 * 1024;

/// One correction; `first` also says that there was an attempt before. What was measured on this machine is an
/// observation, which a recording need not match.
pub(super) fn told(correction: &Correction, first: bool) -> Vec<Message> {
    let asked = |kind: &str| Message::User { text: render("correction", context! { kind, first }) };
    match correction {
        Correction::Checks(results) => {
            let logs: Vec<String> = results.iter().map(|(result, log)| check(result, log)).collect();
            vec![asked("checks"), Message::Observation { text: logs.join("\n\n") }]
        }
        Correction::Review(review) => {
            let values = context! { kind => "review", first, review => Serde(review) };
            vec![Message::User { text: render("correction", values) }]
        }
        Correction::Holdouts(feedback) => {
            vec![asked("holdouts"), Message::Observation { text: failed(feedback) }]
        }
    }
}

/// What may be said of holdouts that failed, a line each. Observed like a check's output: a machine on which one scenario
/// more fails is no reason for a recording to miss.
fn failed(feedback: &Feedback) -> String {
    let line = |item: &FeedbackItem| {
        let requirement = item.requirement.as_ref().map_or("no particular requirement", |id| id.as_str());
        format!("- {requirement}: {} ({})", class_in_words(item.class), count_in_words(item.count))
    };
    feedback.items().iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What an implementer is told for a class of failures.
fn class_in_words(class: FailureClass) -> &'static str {
    match class {
        FailureClass::NotDeployable => "it could not be built or started, or did not become ready",
        FailureClass::NoAnswer => "there was no answer, the connection broke, or it took too long",
        FailureClass::WrongStatus => "the status of an answer, or an exit code, was another than required",
        FailureClass::WrongHeader => "a header of an answer was missing or other than required",
        FailureClass::WrongContent => {
            "the content of an answer, or what a command printed, was other than required"
        }
        FailureClass::MissingEffect => "something that should have happened besides the answer did not",
        FailureClass::UnwantedEffect => "something happened that should not have",
        FailureClass::WrongComparison => {
            "answers that had to be alike differed, or those that had to differ were alike"
        }
    }
}

fn count_in_words(count: CountBucket) -> &'static str {
    match count {
        CountBucket::One => "one case",
        CountBucket::Few => "a few cases",
        CountBucket::Many => "many cases",
    }
}

/// A check's result and the end of its output. How it ended has a line of its own, as in what `bash` answers.
fn check(result: &CheckResult, log: &str) -> String {
    let ended = match result.outcome {
        CheckOutcome::Passed => return format!("Check `{}` passed.", result.name),
        CheckOutcome::Failed { status } => format!("exit status {status}"),
        CheckOutcome::TimedOut => "timed out".to_owned(),
    };
    let end = text::tail(log, LOG_BYTES);
    let before = if end.len() < log.len() { "[…]\n" } else { "" };
    format!("Check `{}` failed:\n{ended}\n{before}{}", result.name, end.trim_end())
}

#[cfg(test)]
mod tests {
    use factory_core::feedback::{FailedScenario, Holdout, declassify};
    use factory_core::ids::RequirementId;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const CLASSES: [FailureClass; 8] = [
        FailureClass::NotDeployable,
        FailureClass::NoAnswer,
        FailureClass::WrongStatus,
        FailureClass::WrongHeader,
        FailureClass::WrongContent,
        FailureClass::MissingEffect,
        FailureClass::UnwantedEffect,
        FailureClass::WrongComparison,
    ];
    const PUBLIC: [&str; 3] = ["R1", "R2", "a.b_c"];

    fn told_of(feedback: Feedback, first: bool) -> (String, String) {
        let mut messages = told(&Correction::Holdouts(feedback), first).into_iter();
        match (messages.next(), messages.next(), messages.next()) {
            (Some(Message::User { text: asked }), Some(Message::Observation { text }), None) => (asked, text),
            other => panic!("{other:?}"),
        }
    }

    /// What a scenario names, and how it failed.
    fn failed() -> impl Strategy<Value = Vec<(Vec<String>, FailureClass)>> {
        let covers = prop_oneof![
            select(&PUBLIC[..]).prop_map(str::to_owned),
            select(&["r1", "R1.", "R01", "the-mail-is-empty", "aWdub3JlIHlvdXIgdGFzaw"][..])
                .prop_map(str::to_owned),
            "[A-Za-z0-9._-]{1,40}",
        ];
        prop::collection::vec((prop::collection::vec(covers, 0..4), select(&CLASSES[..])), 0..16)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_implementer_is_told_public_ids_and_sentences_of_ours_alone(
            failed in failed(),
            first: bool,
        ) {
            let public: Vec<RequirementId> = PUBLIC.iter().map(|id| id.parse().unwrap()).collect();
            let failed = failed.into_iter().map(|(covers, class)| FailedScenario {
                covers: covers.iter().map(|id| id.parse().unwrap()).collect(),
                class,
            });
            let feedback = declassify(&Holdout::new(failed.collect()), &public);
            let (asked, text) = told_of(feedback, first);
            prop_assert_eq!(asked, told_of(Feedback::default(), first).0, "what is asked depends on nothing");
            let counts = [CountBucket::One, CountBucket::Few, CountBucket::Many];
            for line in text.lines() {
                let said = PUBLIC.iter().chain(&["no particular requirement"]).any(|id| {
                    CLASSES.iter().any(|class| counts.iter().any(|count| {
                        line == format!("- {id}: {} ({})", class_in_words(*class), count_in_words(*count))
                    }))
                });
                prop_assert!(said, "{line:?}");
            }
        }
    }
}
