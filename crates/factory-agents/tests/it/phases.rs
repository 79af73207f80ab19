//! The phases that not every pipeline has: design, tests, reconnaissance and lessons.

use std::sync::Arc;

use factory_core::artifact::{Design, Lessons, Recon, Tests};
use factory_engine::port::agents::{AgentError, AgentFailed, Agents, Answered};
use factory_engine::port::model::{Answer, Message};
use libtest_mimic::Trial;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::{Desk, Script, USED, agents, calls, calls_all, times, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("phases::each_looks_and_submits", each_looks_and_submits),
        trial("phases::each_fails_in_its_role", each_fails_in_its_role),
        trial("phases::a_wrong_shape_is_mended_twice_and_no_more", a_wrong_shape_is_mended_twice_and_no_more),
        trial("phases::a_design_serves_every_requirement", a_design_serves_every_requirement),
        trial(
            "phases::tests_serve_every_requirement_and_can_fail",
            tests_serve_every_requirement_and_can_fail,
        ),
        trial("phases::a_reconnaissance_names_a_place", a_reconnaissance_names_a_place),
        trial("phases::lessons_are_drawn_from_the_change_and_the_account", lessons_are_drawn),
    ]
}

/// What a phase makes.
trait Phase: DeserializeOwned + JsonSchema + std::fmt::Debug + PartialEq {
    /// Who makes it.
    const ROLE: &'static str;
    /// How the instructions begin.
    const YOU_ARE: &'static str;

    /// An answer that is accepted.
    fn good() -> Value;

    async fn make(script: Arc<Script>) -> Result<Answered<Self>, AgentFailed>;
}

fn desk() -> Desk {
    Desk::new("stage", 1, &[("src/app.py", "print(1)\n")])
}

impl Phase for Design {
    const ROLE: &'static str = "planner";
    const YOU_ARE: &'static str = "You are the planner. You design";

    fn good() -> Value {
        let decision = json!({ "title": "Print", "because": "it is read", "instead_of": ["a log"], "requirements": ["R1"] });
        json!({ "summary": "It greets.", "decisions": [decision], "questions": [] })
    }

    async fn make(script: Arc<Script>) -> Result<Answered<Self>, AgentFailed> {
        agents(script).design(desk().work()).await
    }
}

impl Phase for Tests {
    const ROLE: &'static str = "planner";
    const YOU_ARE: &'static str = "You are the planner. You list the tests";

    fn good() -> Value {
        let case =
            json!({ "name": "greets", "requirements": ["R1"], "given": "g", "when": "w", "then": "hello" });
        json!({ "cases": [case] })
    }

    async fn make(script: Arc<Script>) -> Result<Answered<Self>, AgentFailed> {
        agents(script).tests(desk().work()).await
    }
}

impl Phase for Recon {
    const ROLE: &'static str = "planner";
    const YOU_ARE: &'static str = "You are the planner. You look at";

    fn good() -> Value {
        let place = json!({ "file": "src/app.py", "what": "It prints 1.", "why": "R1 is met there." });
        json!({ "summary": "One file.", "places": [place], "conventions": [], "risks": [] })
    }

    async fn make(script: Arc<Script>) -> Result<Answered<Self>, AgentFailed> {
        agents(script).recon(desk().work()).await
    }
}

impl Phase for Lessons {
    const ROLE: &'static str = "reviewer";
    const YOU_ARE: &'static str = "You are the reviewer. A change has been merged.";

    fn good() -> Value {
        let lesson =
            json!({ "target": "review_criteria", "proposal": "Ask for limits.", "evidence": "build:1" });
        json!({ "summary": "It took two tries.", "lessons": [lesson] })
    }

    async fn make(script: Arc<Script>) -> Result<Answered<Self>, AgentFailed> {
        agents(script).lessons(desk().work(), "+print(2)", "build, attempt 1, failed").await
    }
}

fn submits(value: Value) -> Answer {
    calls("submit", value)
}

async fn each_looks_and_submits() {
    looks_and_submits::<Design>().await;
    looks_and_submits::<Tests>().await;
    looks_and_submits::<Recon>().await;
    looks_and_submits::<Lessons>().await;
}

async fn looks_and_submits<P: Phase>() {
    let script = Arc::new(Script::new(vec![
        calls_all(&[("list", json!({})), ("read", json!({ "path": "src/app.py" }))]),
        calls("bash", json!({ "command": "ls" })),
        calls("edit", json!({ "path": "src/app.py", "old": "1", "new": "2" })),
        submits(P::good()),
    ]));
    let answered = P::make(Arc::clone(&script)).await.unwrap();
    assert_eq!(answered.value, serde_json::from_value(P::good()).unwrap());
    assert_eq!(answered.usage, times(USED, 4));
    assert_eq!(
        script.tool_texts(),
        ["src/app.py", "    1  print(1)\n", "There is no tool `bash`.", "There is no tool `edit`."]
    );
    let (_, first) = &script.asked()[0];
    let names: Vec<_> = first.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["list", "read", "submit"]);
    let [Message::System { text: stands }, Message::User { text: asked }] = first.messages.as_slice() else {
        panic!("{:?}", first.messages)
    };
    assert!(stands.starts_with(P::YOU_ARE), "{stands}");
    assert!(
        asked.starts_with("<specification>\n# Feature: Greeting\n") && !asked.contains("\n\n\n"),
        "{asked}"
    );
}

async fn each_fails_in_its_role() {
    fails_in_its_role::<Design>().await;
    fails_in_its_role::<Tests>().await;
    fails_in_its_role::<Recon>().await;
    fails_in_its_role::<Lessons>().await;
}

async fn fails_in_its_role<P: Phase>() {
    let looks = (0..4).map(|_| calls("list", json!({}))).collect();
    let failed = P::make(Arc::new(Script::new(looks))).await.unwrap_err();
    assert!(matches!(failed.reason, AgentError::Limit { role, .. } if role == P::ROLE), "{failed:?}");
    assert_eq!(failed.usage, times(USED, 4));
}

async fn a_wrong_shape_is_mended_twice_and_no_more() {
    mended_twice_and_no_more::<Design>("/decisions").await;
    mended_twice_and_no_more::<Tests>("/cases").await;
    mended_twice_and_no_more::<Recon>("/places").await;
    mended_twice_and_no_more::<Lessons>("/lessons").await;
}

/// `list` is where the answer has its list. Without one it is wrong, and with something unknown in an item as well.
async fn mended_twice_and_no_more<P: Phase>(list: &str) {
    let item = format!("{list}/0");
    let wrong = || {
        let (mut flat, mut odd) = (P::good(), P::good());
        *flat.pointer_mut(list).unwrap() = json!("none");
        odd.pointer_mut(&item).unwrap()["luck"] = json!(7);
        vec![submits(flat), submits(odd)]
    };
    let script = Arc::new(Script::new([wrong(), vec![submits(P::good())]].concat()));
    let answered = P::make(Arc::clone(&script)).await.unwrap();
    assert_eq!(answered.value, serde_json::from_value(P::good()).unwrap());
    let told = script.tool_texts();
    assert!(told[0].contains(&format!("{list}: ")), "{told:?}");
    assert!(told[1].contains(&format!("{item}: ")) && told[1].contains("luck"), "{told:?}");

    let script = Arc::new(Script::new([wrong(), wrong(), vec![submits(P::good())]].concat()));
    let failed = P::make(script).await.unwrap_err();
    assert!(matches!(failed.reason, AgentError::Unusable { repairs: 2, .. }), "{failed:?}");
    assert_eq!(failed.usage, times(USED, 3));
}

/// Has an answer refused for what `wrong` makes of a good one, and then takes the good one.
async fn refused<P: Phase>(wrong: impl Fn(&mut Value), because: &str) {
    let mut lacking = P::good();
    wrong(&mut lacking);
    let script = Arc::new(Script::new(vec![submits(lacking), submits(P::good())]));
    let answered = P::make(Arc::clone(&script)).await.unwrap();
    assert_eq!(answered.value, serde_json::from_value(P::good()).unwrap());
    assert_eq!(
        script.tool_texts(),
        [format!("This was not accepted:\n{because}\nMend it and call `submit` again.")]
    );
}

async fn a_design_serves_every_requirement() {
    refused::<Design>(|design| design["decisions"] = json!([]), "no decision of the design serves R1").await;
    refused::<Design>(
        |design| design["decisions"][0]["requirements"] = json!(["R1", "R9"]),
        "a decision of the design names R9, which the specification does not have",
    )
    .await;
}

async fn tests_serve_every_requirement_and_can_fail() {
    refused::<Tests>(|tests| tests["cases"] = json!([]), "no test case serves R1").await;
    refused::<Tests>(
        |tests| tests["cases"][0]["then"] = json!(" "),
        "the test case greets does not say what is seen, so it could not fail",
    )
    .await;
    let twice = |tests: &mut Value| tests["cases"] = json!([tests["cases"][0], tests["cases"][0]]);
    refused::<Tests>(twice, "there are two test cases named greets").await;
}

async fn a_reconnaissance_names_a_place() {
    refused::<Recon>(|recon| recon["places"] = json!([]), "the reconnaissance names no place in the code")
        .await;
}

async fn lessons_are_drawn() {
    let none = json!({ "summary": "All went well.", "lessons": [] });
    let script = Arc::new(Script::new(vec![submits(none)]));
    assert!(Lessons::make(Arc::clone(&script)).await.unwrap().value.lessons.is_empty());
    let (_, first) = &script.asked()[0];
    assert!(matches!(&first.messages[1], Message::User { text } if text.ends_with(
        "</specification>\n\n<diff>\n+print(2)\n</diff>\n\n<account>\nbuild, attempt 1, failed\n</account>\n\nPropose the lessons."
    )));
    // What a lesson may be about is settled.
    let mut other = Lessons::good();
    other["lessons"][0]["target"] = json!("people");
    let script = Arc::new(Script::new(vec![submits(other), submits(Lessons::good())]));
    assert!(Lessons::make(Arc::clone(&script)).await.is_ok());
    assert!(script.tool_texts()[0].contains("/lessons/0/target"), "{:?}", script.tool_texts());
}
