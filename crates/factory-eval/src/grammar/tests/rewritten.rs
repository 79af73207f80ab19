//! Sentences that a model put in other words: what is accepted, and what is refused with what it is told.

use factory_spec::{Scenario, parse_scenarios};

use crate::grammar::phrases::Phrases;
use crate::grammar::rewritten::Rewritten;
use crate::grammar::{compile, compile_rewritten};
use crate::plan::Plan;

/// A scenario whose sentences of these keywords nobody can read.
fn scenario(sentences: &str) -> Scenario {
    let (mut scenarios, findings) = parse_scenarios(&format!("# Scenario: It\n\n{sentences}\n"), "it.md");
    assert!(!factory_spec::has_errors(&findings), "{findings:?}");
    scenarios.remove(0)
}

/// What the notes say of it.
fn notes() -> Phrases {
    Phrases::default().with_background("POST /x, POST /sales, GET /a, GET /other and GET /before".to_owned())
}

const SHOP: &str = "Given Ann has 20 apples, \"red\" ones\nWhen she buys some\nThen she has fewer than \"before\", \
                    30 at most\nAnd the token {seen} appears nowhere\nAnd the status is 201\n";

/// What becomes of the scenario with these words for its sentences; the others are right.
fn with(at: usize, steps: &[&str]) -> Result<Plan, String> {
    let mut rewritten = Rewritten::new();
    let all: [&[&str]; 4] = [
        &[
            "POST /apples is sent with {\"kind\": \"red\", \"count\": 20}",
            "the field \"id\" is remembered as seen",
        ],
        &["POST /sales is sent with {\"count\": 1}"],
        &["the field \"before\" is at most 30"],
        &["the body does not contain \"{seen}\""],
    ];
    for (place, steps) in all.into_iter().enumerate() {
        rewritten.insert(place, steps.iter().map(|step| (*step).to_owned()).collect());
    }
    rewritten.insert(at, steps.iter().map(|step| (*step).to_owned()).collect());
    compile_rewritten(&scenario(SHOP), &notes(), &rewritten)
        .map_err(|errors| errors.iter().map(|error| format!("{}: {}\n", error.sentence, error.why)).collect())
}

#[track_caller]
fn accepted(at: usize, steps: &[&str]) {
    if let Err(why) = with(at, steps) {
        panic!("{steps:?}: {why}");
    }
}

#[track_caller]
fn refused(at: usize, steps: &[&str], told: &str) {
    match with(at, steps) {
        Ok(plan) => panic!("{steps:?} is accepted: {plan:?}"),
        Err(why) => assert!(why.contains(told), "{steps:?}: {why}"),
    }
}

#[test]
fn nothing_that_the_sentence_names_is_lost() {
    accepted(0, &["POST /x with {\"a\": \"red\", \"n\": 20}", "the field \"id\" is remembered as seen"]);
    refused(0, &["POST /x with {\"a\": \"red\"}", "the field \"id\" is remembered as seen"], "the number 20");
    refused(0, &["POST /x with {\"n\": 20}", "the field \"id\" is remembered as seen"], "`red`");
    refused(3, &["the body does not contain \"red\""], "`{seen}`");
    refused(2, &["the field \"before\" is at most 300"], "the number 30 of the sentence is lost");
}

#[test]
fn each_does_what_its_keyword_says() {
    refused(0, &["the status is 201"], "no request has been sent");
    refused(1, &["the status is 201"], "under When something has to be done");
    refused(1, &["the field \"id\" is remembered as other"], "under When something has to be done");
    accepted(1, &["I set the header \"Accept\" to \"text/plain\"", "GET /sales is sent"]);
    refused(2, &["GET /before?most=30 is sent"], "under Then something has to be asserted");
    refused(
        2,
        &["the field \"before\" is at most 30", "GET /other is sent"],
        "under Then nothing checks what the last of these does",
    );
    refused(
        2,
        &["a fresh word called tag", "the field \"before\" is at most 30"],
        "under Then nothing is written",
    );
    accepted(2, &["GET /apples is sent", "the field \"before\" is at most 30"]);
    refused(1, &["GET /health is sent"], "speaks of `health` in the path `/health`");
    refused(1, &["POST /sales/now/{seen}?a=b is sent"], "speaks of `now`");
    refused(2, &[], "one sentence becomes 1 to 12");
    refused(2, &["the field \"before\"\nis at most 30"], "one line");
    refused(2, &["the moon is below 30 \"before\""], "no rule understands it");
    refused(2, &["the field \"before\" is \"{most}\"", "the field \"x\" is 30"], "nothing called `most`");
    refused(1, &["I run `buy`", "I type \"yes\""], "say what is typed with the command");
}

#[test]
fn nothing_is_asserted_that_holds_for_nearly_anybody() {
    // The sentence names "before" and 30, so that these stand beside what is tried.
    let tried = |check: &str, told: &str| refused(2, &["the field \"before\" is at most 30", check], told);
    tried("the status is 1xx, 2xx, 3xx, 4xx or 5xx", "name one class of statuses or up to 3");
    tried("the body contains \"\"", "this cannot fail");
    tried("the status is 2xx, 4xx or 5xx", "name one class of statuses or up to 3");
    tried("the status is one of 200, 201, 202, 400, 404", "name one class of statuses or up to 3");
    tried("the status is not 500", "say which status it is");
    tried("the body does not contain \"zebra\"", "the scenario does not speak of `zebra`");
    tried("the field \"zebra\" is missing", "the scenario does not speak of `zebra`");
    tried("the field \"id\" is not \"zebra\"", "the scenario does not speak of `zebra`");
    tried("the field \"id\" is not a boolean", "say what it is instead of what it is not");
    tried("the body matches \".\"", "the sentence has no pattern");
    tried("the field \"id\" is at most 1000000", "a bound is not made up");
    tried("the field \"id\" has at least 2 characters", "a bound is not made up");
    tried("the response arrives within 9 seconds", "the scenario names no such time");
    tried("the header Date is present", "nearly every answer has the header date");
    tried("no file under the scratch directory contains \"zebra\"", "the scenario does not speak of `zebra`");
    tried("no mail is sent to \"zebra@example.test\"", "the scenario does not speak of `zebra@example.test`");
    for more in
        ["the status is 4xx", "the status is 200 or 201", "the field \"items\" has at least 1 element"]
    {
        accepted(2, &["the field \"before\" is at most 30", more]);
    }
    accepted(2, &["the field \"before\" is at most 30", "the field \"kind\" is not \"red\""]);
    let of_words = scenario("When GET /a is sent\nThen there are at least three of them\n");
    let compile = |step: &str| {
        let rewritten = Rewritten::from([(1, vec![step.to_owned()])]);
        compile_rewritten(&of_words, &notes(), &rewritten).is_ok()
    };
    assert!(compile("the field \"items\" has at least 3 elements"));
    assert!(!compile("the field \"items\" has at least 2 elements"));
    // Alone, some say no more than that somebody answers.
    let rewritten = |steps: &[&str]| {
        let steps: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
        let scenario = scenario("When GET /a is sent\nThen all is well\n");
        compile_rewritten(&scenario, &Phrases::default(), &Rewritten::from([(1, steps)])).map(drop)
    };
    for slight in ["the body is not empty", "the body is JSON", "the body is a JSON object"] {
        let errors = rewritten(&[slight]).unwrap_err();
        assert!(errors[0].why.contains("only says that there is some answer"), "{slight}: {errors:?}");
        rewritten(&[slight, "the status is 200"]).unwrap();
    }
}

#[test]
fn a_command_is_one_that_is_spoken_of_and_says_nothing_of_itself() {
    let scenario = scenario("When the tool todo adds milk\nThen the list has \"milk\"\n");
    let compile = |first: &str, then: &[&str]| {
        let then = then.iter().map(|step| (*step).to_owned()).collect();
        let rewritten = Rewritten::from([(0, vec![first.to_owned()]), (1, then)]);
        let made = compile_rewritten(&scenario, &Phrases::default(), &rewritten);
        made.map(drop).map_err(|errors| errors.iter().map(|error| error.why.clone()).collect::<String>())
    };
    let listed = ["I run `todo list`", "the output contains \"milk\""];
    compile("I run `todo add milk`", &listed).unwrap();
    for (command, told) in [
        ("I run `echo milk`", "speaks of a command `echo`"),
        ("I run `true`", "speaks of a command `true`"),
        ("I run `todo add milk || true`", "more than one command"),
        ("I run `todo $(id)`", "more than one command"),
    ] {
        let why = compile(command, &listed).unwrap_err();
        assert!(why.contains(told), "{command}: {why}");
    }
    let why = compile("I run `todo add milk`", &["I run `todo echo milk`", "the output contains \"milk\""]);
    assert!(why.unwrap_err().contains("stands in the command"));
}

#[test]
fn what_a_rule_reads_or_refuses_keeps_its_meaning() {
    let said = |steps: &[&str]| steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>();
    let phrases = Phrases::default();
    let read = scenario("When GET /a is sent\nThen the status is 200\n");
    let other = Rewritten::from([(1, said(&["the status is 404"])), (9, said(&["nonsense"]))]);
    assert_eq!(
        compile_rewritten(&read, &phrases, &other).unwrap(),
        compile(&read, &phrases).unwrap(),
        "the sentence itself counts"
    );
    // What cannot fail, or means two things, is for a person to mend.
    for sentence in ["the status is 1xx, 2xx, 3xx, 4xx or 5xx", "the response should be \"200\""] {
        let wrong = scenario(&format!("When GET /a is sent\nThen {sentence}\n"));
        let errors = compile_rewritten(&wrong, &phrases, &other).unwrap_err();
        assert!(!errors[0].is_unknown, "{sentence}: {errors:?}");
    }
}
