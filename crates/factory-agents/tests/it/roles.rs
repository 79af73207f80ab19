//! The roles, end to end, with a model that follows a script.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use factory_agents::Limits;
use factory_agents::roles::ModelAgents;
use factory_core::artifact::{Plan, Review};
use factory_engine::port::agents::{AgentError, AgentFailed, Agents, Answered, Assignment};
use factory_engine::port::model::{CallSite, Completion, Message, ModelClient, ModelError, ModelRequest};
use factory_engine::port::observer::Progress;
use factory_sandbox::Launcher;
use libtest_mimic::Trial;
use serde_json::json;

use crate::support::{
    Desk, SPEC, Script, USED, Watcher, a_plan, agents, agents_within, calls, calls_all, plan_json, prose,
    some_tasks, submits, tasks_json, times, trial,
};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("roles::a_planner_looks_and_submits", a_planner_looks_and_submits),
        trial("roles::tasks_and_reviews_are_taken", tasks_and_reviews_are_taken),
        trial(
            "roles::an_unusable_answer_is_mended_twice_and_no_more",
            an_unusable_answer_is_mended_twice_and_no_more,
        ),
        trial("roles::a_requirement_left_out_is_mended", a_requirement_left_out_is_mended),
        trial("roles::prose_gets_a_reminder_and_then_counts", prose_gets_a_reminder_and_then_counts),
        trial("roles::the_same_call_again_and_again_is_stopped", the_same_call_again_and_again_is_stopped),
        trial("roles::steps_and_time_are_bounded", steps_and_time_are_bounded),
        trial("roles::calls_that_make_no_sense_are_answered", calls_that_make_no_sense_are_answered),
        trial("roles::an_implementer_works_in_the_checkout", an_implementer_works_in_the_checkout),
        trial("roles::folders_of_the_checkout_are_not_told", folders_of_the_checkout_are_not_told),
        trial("roles::long_output_keeps_head_and_tail", long_output_keeps_head_and_tail),
        trial("roles::a_command_that_takes_too_long_is_ended", a_command_that_takes_too_long_is_ended),
        trial(
            "roles::a_model_that_cannot_be_asked_fails_the_role",
            a_model_that_cannot_be_asked_fails_the_role,
        ),
        trial(
            "roles::a_launcher_that_does_not_work_fails_the_role",
            a_launcher_that_does_not_work_fails_the_role,
        ),
    ]
}

/// Has a planner work in a checkout with one file.
async fn plan(agents: ModelAgents) -> Result<Answered<Plan>, AgentFailed> {
    let desk = Desk::new("plan", 1, &[("src/app.py", "print(1)\n")]);
    agents.plan(desk.work()).await
}

/// Has an implementer work in a checkout with one file.
async fn build(agents: ModelAgents) -> (Result<Answered<String>, AgentFailed>, Desk) {
    let desk = Desk::planned(2, &[("greet.sh", "echo hello\n")]);
    (agents.build(desk.work(), &[]).await, desk)
}

async fn a_planner_looks_and_submits() {
    let script = Arc::new(Script::new(vec![
        calls_all(&[("list", json!({})), ("read", json!({ "path": "src/app.py" }))]),
        calls("submit", plan_json()),
    ]));
    let desk = Desk::new("plan", 3, &[("src/app.py", "print(1)\n")]);
    let watcher = Watcher::default();
    let work = Assignment { observer: &watcher, ..desk.work() };
    let answered = agents(script.clone()).plan(work).await.unwrap();
    assert_eq!(answered, Answered { value: a_plan(), usage: times(USED, 2) });
    assert_eq!(script.tool_texts(), ["src/app.py", "    1  print(1)\n"]);

    let asked = script.asked();
    let sites: Vec<_> =
        asked.iter().map(|(site, _)| (site.stage.as_str(), site.attempt.0, site.ordinal)).collect();
    assert_eq!(sites, [("plan", 3, 1), ("plan", 3, 2)]);
    let (_, first) = &asked[0];
    let names: Vec<_> = first.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["list", "read", "submit"]);
    assert!(
        matches!(&first.messages[0], Message::System { text } if text.starts_with("You are the planner."))
    );
    assert!(matches!(&first.messages[1], Message::User { text } if text.contains(SPEC.trim())));
    let tool = |text: &str| Progress::Tool { summary: text.to_owned() };
    let call = || Progress::ModelCall { usage: USED };
    assert_eq!(watcher.told(), [call(), tool("list"), tool("read src/app.py"), call()]);
}

async fn tasks_and_reviews_are_taken() {
    let review = json!({
        "summary": "fine",
        "coverage": [{ "requirement": "R1", "status": "covered", "evidence": "greet.sh:1" }],
        "findings": [{ "severity": "advice", "file": "greet.sh", "line": 1, "requirement": null, "message": "m" }],
    });
    let script = Arc::new(Script::new(vec![calls("submit", tasks_json()), calls("submit", review.clone())]));
    let agents = agents(script.clone());
    let desk = Desk::new("tasks", 1, &[]);
    assert_eq!(agents.tasks(desk.work(), &a_plan()).await.unwrap().value, some_tasks());
    let answered = agents.review(desk.work(), "+echo hello").await.unwrap().value;
    assert_eq!(answered, serde_json::from_value::<Review>(review).unwrap());
    let asked = script.asked();
    assert!(matches!(&asked[0].1.messages[1], Message::User { text } if text.contains("1. Greeting (R1)")));
    assert!(
        matches!(&asked[1].1.messages[1], Message::User { text } if text.contains("<diff>\n+echo hello\n</diff>"))
    );
}

async fn an_unusable_answer_is_mended_twice_and_no_more() {
    let wrong = || calls("submit", json!({ "summary": "s" }));
    let script = Arc::new(Script::new(vec![wrong(), wrong(), calls("submit", plan_json())]));
    assert_eq!(plan(agents(script.clone())).await.unwrap().value, a_plan());
    assert!(script.tool_texts()[1].contains("\"steps\" is a required property"), "{:?}", script.tool_texts());

    let script = Arc::new(Script::new(vec![wrong(), wrong(), wrong(), calls("submit", plan_json())]));
    let failed = plan(agents(script.clone())).await.unwrap_err();
    assert!(matches!(failed.reason, AgentError::Unusable { repairs: 2, .. }), "{failed:?}");
    assert_eq!(failed.usage, times(USED, 3));
}

async fn a_requirement_left_out_is_mended() {
    let mut lacking = plan_json();
    lacking["steps"][0]["requirements"] = json!([]);
    let script = Arc::new(Script::new(vec![calls("submit", lacking), calls("submit", plan_json())]));
    assert_eq!(plan(agents(script.clone())).await.unwrap().value.steps[0].requirements.len(), 1);
    assert!(script.tool_texts()[0].contains("no step serves R1"), "{:?}", script.tool_texts());
}

async fn prose_gets_a_reminder_and_then_counts() {
    let script = Arc::new(Script::new(vec![prose("here is my plan"), calls("submit", plan_json())]));
    assert!(plan(agents(script.clone())).await.is_ok());
    let (_, last) = &script.asked()[1];
    assert!(matches!(last.messages.last(), Some(Message::User { text }) if text.contains("`submit`")));

    let script = Arc::new(Script::new((0..9).map(|_| prose("still thinking")).collect()));
    let failed = plan(agents(script.clone())).await.unwrap_err();
    assert!(matches!(failed.reason, AgentError::Unusable { repairs: 2, .. }), "{failed:?}");
    assert_eq!(script.asked().len(), 4);
}

async fn the_same_call_again_and_again_is_stopped() {
    let look = || calls("bash", json!({ "command": "echo x >> count" }));
    let script = Arc::new(Script::new(vec![look(), look(), look(), submits("done")]));
    let (built, desk) = build(agents(script.clone())).await;
    assert!(built.is_ok());
    assert!(script.tool_texts()[2].starts_with("Not run"), "{:?}", script.tool_texts());
    assert_eq!(desk.file("count").as_deref(), Some("x\nx\n"));

    let script = Arc::new(Script::new(vec![look(), look(), look(), look(), submits("done")]));
    let (built, _desk) = build(agents(script.clone())).await;
    let failed = built.unwrap_err();
    assert!(matches!(failed.reason, AgentError::Limit { role: "implementer", .. }), "{failed:?}");

    let other = || calls("list", json!({}));
    let again = || calls("read", json!({ "path": "src/app.py" }));
    let script = Arc::new(Script::new(vec![
        again(),
        again(),
        other(),
        again(),
        again(),
        calls("submit", plan_json()),
    ]));
    assert!(plan(agents(script.clone())).await.is_ok(), "another call in between is another matter");
}

/// Never answers.
struct Mute;

#[async_trait]
impl ModelClient for Mute {
    async fn complete(&self, _: &CallSite, _: &ModelRequest) -> Result<Completion, ModelError> {
        std::future::pending().await
    }
}

async fn steps_and_time_are_bounded() {
    let looks =
        (0..9).map(|line| calls("read", json!({ "path": "src/app.py", "from_line": line }))).collect();
    let script = Arc::new(Script::new(looks));
    let failed =
        plan(agents_within(script.clone(), Limits { steps: 4, ..Limits::default() })).await.unwrap_err();
    assert_eq!(failed.reason.to_string(), "the planner stopped without an answer: 4 steps");
    assert_eq!((script.asked().len(), failed.usage.calls), (4, 4));

    let brief = Limits { wall: Duration::from_millis(100), ..Limits::default() };
    let failed = plan(agents_within(Arc::new(Mute), brief)).await.unwrap_err();
    assert!(matches!(failed.reason, AgentError::Limit { role: "planner", .. }), "{failed:?}");
}

async fn calls_that_make_no_sense_are_answered() {
    let mut broken = calls("read", json!({}));
    broken.tool_calls[0].arguments = "{\"path\": ".to_owned();
    let script = Arc::new(Script::new(vec![
        calls("fly", json!({})),
        broken,
        calls("read", json!({ "file": "x" })),
        calls("read", json!({ "path": "../../etc/passwd" })),
        calls("bash", json!({ "command": "ls" })),
        calls("submit", plan_json()),
    ]));
    assert!(plan(agents(script.clone())).await.is_ok());
    let texts = script.tool_texts();
    assert_eq!(texts[0], "There is no tool `fly`.");
    assert!(texts[1].contains("not JSON"), "{}", texts[1]);
    assert!(texts[2].contains("do not fit"), "{}", texts[2]);
    assert!(texts[3].contains("not beneath"), "{}", texts[3]);
    assert_eq!(texts[4], "There is no tool `bash`.", "a planner runs nothing");
}

async fn an_implementer_works_in_the_checkout() {
    let script = Arc::new(Script::new(vec![
        calls("bash", json!({ "command": "sh greet.sh; echo oops >&2; exit 3" })),
        calls("edit", json!({ "path": "greet.sh", "old": "hello", "new": "\"$GREETING\"" })),
        calls("bash", json!({ "command": "sh greet.sh; [[ 1 == 1 ]] && pwd" })),
        submits("it greets"),
    ]));
    let (built, desk) = build(agents(script.clone())).await;
    assert_eq!(built.unwrap(), Answered { value: "it greets".to_owned(), usage: times(USED, 4) });
    assert_eq!(
        script.tool_texts(),
        ["exit status 3\nhello\noops\n", "Edited greet.sh.", "exit status 0\ngood day\n${FACTORY_ROOT}\n"]
    );
    assert_eq!(desk.file("greet.sh").as_deref(), Some("echo \"$GREETING\"\n"));
}

async fn folders_of_the_checkout_are_not_told() {
    let script = Arc::new(Script::new(vec![
        calls("bash", json!({ "command": "echo $TMPDIR; echo '${FACTORY_ROOT}' > where; cat where" })),
        calls("edit", json!({ "path": "${FACTORY_ROOT}/new.txt", "old": "", "new": "x" })),
        submits("done"),
    ]));
    let (built, desk) = build(agents(script.clone())).await;
    assert!(built.is_ok());
    let texts = script.tool_texts();
    assert_eq!(
        texts,
        ["exit status 0\n${FACTORY_SCRATCH}/tmp\n${FACTORY_ROOT}\n", "Made ${FACTORY_ROOT}/new.txt."]
    );
    assert_eq!(desk.file("where").unwrap().trim(), desk.root().display().to_string());
    assert!(desk.file("new.txt").is_some());
    let told = format!("{:?}", script.asked());
    assert!(!told.contains(&desk.root().parent().unwrap().display().to_string()));
}

async fn long_output_keeps_head_and_tail() {
    let script =
        Arc::new(Script::new(vec![calls("bash", json!({ "command": "seq 1 20000" })), submits("done")]));
    let limits = Limits { output_bytes: 2000, ..Limits::default() };
    let (built, _desk) = build(agents_within(script.clone(), limits)).await;
    assert!(built.is_ok());
    let text = &script.tool_texts()[0];
    assert!(text.len() < 2200, "{}", text.len());
    assert!(text.starts_with("exit status 0\n1\n2\n") && text.ends_with("19999\n20000\n"), "{text}");
    assert!(text.contains("bytes dropped"));
}

async fn a_command_that_takes_too_long_is_ended() {
    let script = Arc::new(Script::new(vec![
        calls("bash", json!({ "command": "echo begun; sleep 600", "timeout_seconds": 1 })),
        submits("done"),
    ]));
    let (built, _desk) = build(agents(script.clone())).await;
    assert!(built.is_ok());
    assert_eq!(script.tool_texts(), ["timed out after 1 s\nbegun\n"]);
}

async fn a_model_that_cannot_be_asked_fails_the_role() {
    let script = Arc::new(Script::new(vec![calls("list", json!({}))]));
    let failed = plan(agents(script.clone())).await.unwrap_err();
    assert!(matches!(failed.reason, AgentError::Model(ModelError::NotConfigured)), "{failed:?}");
    assert_eq!(failed.usage, USED);
}

async fn a_launcher_that_does_not_work_fails_the_role() {
    let script = Arc::new(Script::new(vec![calls("bash", json!({ "command": "ls" }))]));
    let broken =
        ModelAgents::new(script, Launcher::with_helper("/nonexistent/helper"), Limits::default(), Vec::new());
    let (built, _desk) = build(broken).await;
    let failed = built.unwrap_err();
    assert!(matches!(failed.reason, AgentError::Tool(_)), "{failed:?}");
    assert_eq!(failed.usage, USED);
}
