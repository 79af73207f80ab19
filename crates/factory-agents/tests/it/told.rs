//! What roles are told beside the specification: what was made before, what is to be mended, and what people said.

use std::sync::Arc;

use factory_core::artifact::{CheckOutcome, CheckResult, Design, Recon, Tests};
use factory_core::feedback::{FailedScenario, FailureClass, Holdout, declassify};
use factory_engine::port::agents::{Agents, Before, Correction};
use factory_engine::port::model::{Message, ModelClient};
use libtest_mimic::Trial;
use serde_json::json;

use crate::support::{Desk, Script, a_plan, agents, some_tasks, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("told::corrections_say_what_they_may", corrections_say_what_they_may),
        trial("told::several_corrections_are_told_in_order", several_corrections_are_told_in_order),
        trial("told::what_was_made_before_is_shown_whole", what_was_made_before_is_shown_whole),
        trial("told::every_role_is_shown_what_there_is", every_role_is_shown_what_there_is),
        trial("told::a_build_without_a_plan_hears_of_none", a_build_without_a_plan_hears_of_none),
        trial("told::a_build_is_told_to_write_the_tests_that_were_listed", listed_tests_are_written),
        trial("told::notes_come_last_in_their_order", notes_come_last_in_their_order),
        trial("told::what_is_too_long_is_cut_with_a_word_on_it", what_is_too_long_is_cut_with_a_word_on_it),
    ]
}

/// The roles, by what they make.
const ROLES: [&str; 8] = ["design", "tests", "recon", "plan", "tasks", "build", "review", "lessons"];

/// The messages that a role begins with.
async fn opening(role: &str, desk: &Desk, corrections: &[Correction]) -> Vec<Message> {
    asked(role, desk, corrections, "+echo hello", "nothing failed").await
}

async fn asked(
    role: &str,
    desk: &Desk,
    corrections: &[Correction],
    diff: &str,
    account: &str,
) -> Vec<Message> {
    let script = Arc::new(Script::new(Vec::new()));
    let agents = agents(Arc::clone(&script) as Arc<dyn ModelClient>);
    let work = desk.work();
    // The script has no answer: that it was asked is all that counts.
    match role {
        "design" => drop(agents.design(work).await.unwrap_err()),
        "tests" => drop(agents.tests(work).await.unwrap_err()),
        "recon" => drop(agents.recon(work).await.unwrap_err()),
        "plan" => drop(agents.plan(work).await.unwrap_err()),
        "tasks" => drop(agents.tasks(work, &a_plan()).await.unwrap_err()),
        "build" => drop(agents.build(work, corrections).await.unwrap_err()),
        "review" => drop(agents.review(work, diff).await.unwrap_err()),
        "lessons" => drop(agents.lessons(work, diff, account).await.unwrap_err()),
        other => panic!("{other}"),
    }
    script.asked().remove(0).1.messages
}

/// What stands, and what is asked first.
fn texts(messages: &[Message]) -> (&str, &str) {
    match messages {
        [Message::System { text: stands }, Message::User { text: asked }, ..] => (stands, asked),
        other => panic!("{other:?}"),
    }
}

fn bare() -> Desk {
    Desk::new("stage", 1, &[])
}

fn with(before: Before) -> Desk {
    bare().made(before)
}

fn everything() -> Before {
    let design = json!({
        "summary": "It greets.",
        "decisions": [
            { "title": "Print", "because": "it is read", "instead_of": ["a log", "a mail"], "requirements": ["R1", "R2"] },
            { "title": "Once", "because": "twice is rude", "instead_of": [], "requirements": ["R1"] },
        ],
        "questions": ["In which language? English until told otherwise."],
    });
    let tests = json!({ "cases": [
        { "name": "greets", "requirements": ["R1"], "given": "nothing", "when": "it is called", "then": "hello" },
        { "name": "greets once", "requirements": ["R1", "R2"], "given": "one call", "when": "again", "then": "silence" },
    ]});
    let recon = json!({
        "summary": "One file.",
        "places": [{ "file": "greet.sh", "what": "It is empty.", "why": "R1 is met there." }],
        "conventions": ["POSIX shell"],
        "risks": ["Nobody calls it."],
    });
    Before {
        design: Some(serde_json::from_value::<Design>(design).unwrap()),
        tests: Some(serde_json::from_value::<Tests>(tests).unwrap()),
        recon: Some(serde_json::from_value::<Recon>(recon).unwrap()),
        plan: Some(a_plan()),
        tasks: Some(some_tasks()),
    }
}

const SHOWN: &str = "\
<design>
It greets.

- Print (R1, R2): it is read
  Instead of: a log; a mail
- Once (R1): twice is rude

Left open:
- In which language? English until told otherwise.
</design>

<tests>
greets (R1)
   Given: nothing
   When: it is called
   Then: hello
greets once (R1, R2)
   Given: one call
   When: again
   Then: silence
</tests>

<recon>
One file.

- greet.sh: It is empty. Why it matters: R1 is met there.

Conventions:
- POSIX shell

Risks:
- Nobody calls it.
</recon>

<plan>
Greet.

1. Greeting (R1)
   Files: greet.sh
   Print it.

</plan>

<tasks>
T1: Greet (R1)
   Done when: it greets
</tasks>";

async fn what_was_made_before_is_shown_whole() {
    let desk = with(everything());
    let messages = opening("plan", &desk, &[]).await;
    let (_, asked) = texts(&messages);
    let (_, shown) = asked.split_once("</specification>\n\n").unwrap();
    let (shown, rest) = shown.split_at(SHOWN.len().min(shown.len()));
    assert_eq!(shown, SHOWN);
    assert!(rest.starts_with("\n\nWhat is settled there stays settled"), "{rest}");
    assert!(rest.ends_with("\n\nMake the plan."), "{rest}");
}

async fn every_role_is_shown_what_there_is() {
    let Before { design, tests, recon, plan, tasks } = everything();
    let one = [
        ("<design>", Before { design, ..Before::default() }),
        ("<tests>", Before { tests, ..Before::default() }),
        ("<recon>", Before { recon, ..Before::default() }),
        ("<plan>", Before { plan, ..Before::default() }),
        ("<tasks>", Before { tasks, ..Before::default() }),
    ];
    for role in ROLES {
        let messages = opening(role, &with(everything()), &[]).await;
        assert!(texts(&messages).1.contains(SHOWN), "{role}: {messages:?}");
        for (mark, before) in &one {
            let messages = opening(role, &with(before.clone()), &[]).await;
            let (_, asked) = texts(&messages);
            for (other, _) in &one {
                // Tasks are always cut from a plan.
                let there = mark == other || (role == "tasks" && *other == "<plan>");
                assert_eq!(asked.contains(other), there, "{role}, {mark}: {asked}");
            }
            assert!(!asked.contains("\n\n\n"), "{role}, {mark}: {asked}");
        }
    }
}

async fn a_build_without_a_plan_hears_of_none() {
    let messages = opening("build", &bare(), &[]).await;
    let (stands, asked) = texts(&messages);
    assert!(stands.contains("\n- The specification decides. There is no plan: work out"), "{stands}");
    assert!(!stands.contains("task") && !stands.contains("made from it"), "{stands}");
    assert_eq!(
        asked,
        "<specification>\n# Feature: Greeting\n\n## Requirements\n\n1. The program MUST greet.\n\n</specification>\n\nThe project's checks:\n\n- tests: `sh test.sh`\n\nMake the change."
    );
    let Before { recon, .. } = everything();
    let messages = opening("build", &with(Before { recon, ..Before::default() }), &[]).await;
    let (stands, _) = texts(&messages);
    assert!(
        stands.contains("\n- The specification decides. What was made from it before is a way"),
        "{stands}"
    );
    assert!(!stands.contains(" plan") && !stands.contains("task"), "{stands}");
    assert!(!stands.contains("\n\n\n"), "{stands}");
}

async fn listed_tests_are_written() {
    let word = "Every case of `<tests>` becomes one of them.";
    let messages = opening("build", &with(everything()), &[]).await;
    assert!(texts(&messages).0.contains(word), "{messages:?}");
    assert!(texts(&messages).0.contains("What was made from it before is a way"), "more than plan and tasks");
    let messages = opening("build", &with(Before { tests: None, ..everything() }), &[]).await;
    assert!(!texts(&messages).0.contains(word), "{messages:?}");
}

async fn notes_come_last_in_their_order() {
    for role in ROLES {
        let without = opening(role, &bare(), &[]).await;
        let messages = opening(role, &bare().noted(&["Use the old greeting.\n", "And be brief."]), &[]).await;
        assert_eq!((without.len(), messages.len()), (2, 3), "{role}");
        assert!(
            matches!(&messages[2], Message::User { text } if text ==
            "A person asked for another try and said:\n\nUse the old greeting.\n\nA person asked for another try and said:\n\nAnd be brief."),
            "{messages:?}"
        );
        if role == "build" {
            // There may be an earlier change in the checkout, and nothing else says so.
            assert!(texts(&messages).1.ends_with(
                "\nMake the change. What you have done of it so far, if anything, is in the checkout; go on from that."
            ));
        } else {
            assert_eq!(messages[..2], without, "{role}");
        }
    }
    let corrections = [Correction::Checks(Vec::new())];
    let desk = Desk::planned(2, &[]).noted(&["Be brief."]);
    let messages = opening("build", &desk, &corrections).await;
    assert_eq!(messages.len(), 5);
    assert!(!texts(&messages).1.contains("so far"), "the correction says it");
    assert!(matches!(&messages[4], Message::User { text } if text.ends_with("Be brief.")));
}

async fn what_is_too_long_is_cut_with_a_word_on_it() {
    let (diff, account) = ("+é\n".repeat(100_000), "it failed\n".repeat(10_000));
    for role in ["review", "lessons"] {
        let messages = asked(role, &bare(), &[], &diff, &account).await;
        let (_, asked) = texts(&messages);
        assert!(asked.contains("[the diff goes on; read the files]\n</diff>"), "{role}");
        assert!(asked.len() < 350_000, "{role}");
        assert_eq!(asked.contains("[the account goes on]\n</account>"), role == "lessons", "{role}");
    }
}

fn checks() -> Correction {
    let result = |name: &str, outcome| CheckResult { name: name.to_owned(), outcome };
    Correction::Checks(vec![
        (result("lint", CheckOutcome::Passed), "all good".to_owned()),
        (result("tests", CheckOutcome::Failed { status: 1 }), format!("{}FAILED\n", "x\n".repeat(9000))),
    ])
}

fn review() -> Correction {
    let review = json!({
        "summary": "not yet",
        "coverage": [
            { "requirement": "R1", "status": "covered", "evidence": "a:1" },
            { "requirement": "R2", "status": "missing", "evidence": "nothing calls it" },
        ],
        "findings": [
            { "severity": "blocking", "file": "greet.sh", "line": 4, "requirement": "R1", "message": "greets twice" },
            { "severity": "advice", "file": "b", "line": 0, "requirement": null, "message": "rename" },
        ],
    });
    Correction::Review(serde_json::from_value(review).unwrap())
}

fn holdouts() -> Correction {
    let failed = |covers: &[&str], class| FailedScenario {
        covers: covers.iter().map(|id| id.parse().unwrap()).collect(),
        class,
    };
    let secret = Holdout::new(vec![
        failed(&["R1"], FailureClass::WrongStatus),
        failed(&["R1"], FailureClass::WrongStatus),
        failed(&["secret-name"], FailureClass::MissingEffect),
    ]);
    Correction::Holdouts(declassify(&secret, &["R1".parse().unwrap()]))
}

async fn corrections_say_what_they_may() {
    let desk = Desk::planned(2, &[]);
    let first = opening("build", &desk, &[]).await;
    assert_eq!(first.len(), 2);
    assert!(matches!(&first[1], Message::User { text }
        if text.contains("- tests: `sh test.sh`") && text.contains("T1: Greet (R1)") && text.ends_with("Make the change.")));

    let messages = opening("build", &desk, &[checks()]).await;
    assert!(matches!(&messages[2], Message::User { text } if text.contains("already in the checkout")));
    let Message::Observation { text } = &messages[3] else { panic!("{messages:?}") };
    assert!(
        text.starts_with("Check `lint` passed.\n\nCheck `tests` failed:\nexit status 1\n[…]\n"),
        "{text}"
    );
    assert!(text.ends_with("FAILED") && text.len() < 7000);

    let messages = opening("build", &desk, &[review()]).await;
    let Message::User { text } = &messages[2] else { panic!("{messages:?}") };
    assert!(text.contains("not yet\n\n- blocking, greet.sh:4 (R1): greets twice\n- advice, b: rename\n- R2 is missing: nothing calls it\n"), "{text}");

    let messages = opening("build", &desk, &[holdouts()]).await;
    let Message::Observation { text } = &messages[3] else { panic!("{messages:?}") };
    assert!(
        text.contains(
            "- R1: the status of an answer, or an exit code, was another than required (a few cases)"
        ),
        "{text}"
    );
    assert!(text.contains("- no particular requirement: something that should have happened"), "{text}");
    assert!(!text.contains("secret-name"));
}

async fn several_corrections_are_told_in_order() {
    let desk = Desk::planned(2, &[]);
    let told: Vec<String> = opening("build", &desk, &[holdouts(), review(), checks(), review()])
        .await
        .into_iter()
        .skip(1)
        .map(|message| match message {
            Message::User { text } => format!("asked: {text}"),
            Message::Observation { text } => format!("observed: {text}"),
            other => panic!("{other:?}"),
        })
        .collect();
    let starts = [
        "asked: <specification>",
        "asked: This is another attempt. Your previous change is already in the checkout; go on from it rather than start again.\n\nScenarios that you cannot see",
        "observed: - no particular requirement:",
        "asked: The reviewer sent it back:\n\nnot yet",
        "asked: The project's own checks did not pass.",
        "observed: Check `lint` passed.",
        "asked: The reviewer sent it back:",
    ];
    assert_eq!(told.len(), starts.len());
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}");
    }
    assert!(!told[0].contains("Make the change."), "{}", told[0]);
}
