//! People who approve with changes.

use factory_core::artifact::{Artifact, Body, Plan, Task, Tasks};
use factory_core::command::{Command, Deciding};
use factory_core::decide::Rejection;
use factory_core::event::{Decision, Event};
use factory_core::pipeline::condition::{Field, Value};
use factory_core::pipeline::model::ExitGate;
use factory_testkit::samples::{self, pipelines};

use crate::conditions;
use crate::walk::{self, Walk};

fn at_plan() -> Walk {
    let mut walk = Walk::up_to("plan");
    walk.make("plan");
    walk
}

fn better_plan() -> Body {
    Body::Plan(Plan { summary: "greet politely, and say please".to_owned(), ..samples::plan() })
}

fn edited(walk: &Walk, gate: &str, login: &str, body: Body) -> Deciding {
    let wanted = walk.decides(&samples::gate(gate), Decision::Approved);
    let artifact = Artifact::new(body, vec![walk.made("spec")]);
    Deciding { by: samples::somebody(login), edited: Some(Box::new(artifact)), ..wanted }
}

#[test]
fn what_was_changed_takes_the_place_of_what_was_made() {
    let mut walk = at_plan();
    let made = walk.made("plan");
    let wanted = edited(&walk, "plan:exit", "bob", better_plan());
    let expected = wanted.edited.clone().unwrap().digest();
    let events = walk.decide(wanted);
    assert_eq!(walk::story(&events), ["decided plan:exit Approved", "started tasks/1"]);
    let Event::GateDecided(decided) = &events[0] else { panic!("{events:?}") };
    let reference = decided.edited.as_ref().expect("it is in the log");
    assert_eq!((&reference.digest, reference.facts[&Field::Steps]), (&expected, Value::Count(1)));
    assert!(decided.seen.contains(&made), "what was seen is what was made");
    assert_eq!(walk.made("plan"), expected, "what comes after works from what was approved");
    assert_ne!(expected, made);
    walk.finish();
}

#[test]
fn what_comes_after_sees_what_was_approved() {
    let mut walk = Walk::with(|pipeline| {
        let tasks = pipeline.stages.iter_mut().find(|stage| stage.id.as_str() == "tasks").unwrap();
        tasks.exit_gate = ExitGate::Human;
    });
    walk.go_on_to("plan");
    walk.make("plan");
    let wanted = edited(&walk, "plan:exit", "bob", better_plan());
    let expected = wanted.edited.clone().unwrap().digest();
    walk.decide(wanted);
    walk.make("tasks");
    assert!(walk.sees(&samples::exit("tasks")).contains(&expected));
}

#[test]
fn a_change_meets_the_same_criteria_as_what_a_model_makes() {
    let mut walk = at_plan();
    let empty = Body::Plan(Plan { steps: Vec::new(), ..samples::plan() });
    let mut partial = samples::plan();
    partial.steps[0].requirements.truncate(1);
    for (body, because) in [(empty, "the plan has no steps"), (Body::Plan(partial), "no step serves R2")] {
        let wanted = edited(&walk, "plan:exit", "bob", body);
        assert_eq!(walk.decide_refused(wanted), Rejection::BadEdit(because.to_owned()));
    }
    let wanted = edited(&walk, "plan:exit", "bob", Body::Tasks(samples::tasks()));
    let stage = samples::stage("plan");
    let kind = Rejection::WrongKind { stage, expected: "plan", found: "tasks" };
    assert_eq!(walk.decide_refused(wanted), kind);
    // Nothing of that is in the log: the gate shows what it showed.
    walk.approve(&samples::exit("plan"));
}

#[test]
fn only_who_approves_may_change_something() {
    let mut walk = at_plan();
    for decision in [Decision::Rejected, Decision::Retried] {
        let note = (decision == Decision::Retried).then(|| "like this".to_owned());
        let wanted = Deciding { decision, note, ..edited(&walk, "plan:exit", "bob", better_plan()) };
        assert_eq!(walk.decide_refused(wanted), Rejection::NotEditable(samples::exit("plan")));
    }
}

#[test]
fn what_was_built_or_found_is_no_opinion() {
    let mut walk = Walk::up_to("merge");
    for body in [Body::Verify(samples::verify(walk.patch(), 10, 0, 0)), Body::Build(samples::build("mine"))] {
        let wanted = edited(&walk, "merge:entry", "bob", body);
        assert_eq!(walk.decide_refused(wanted), Rejection::NotEditable(samples::entry("merge")));
    }
    for id in ["build", "review", "verify"] {
        let mut walk = Walk::with(|pipeline| {
            let stage = pipeline.stages.iter_mut().find(|stage| stage.id.as_str() == id).unwrap();
            stage.exit_gate = ExitGate::Human;
        });
        walk.go_on_to(id);
        let good = walk.good(id);
        walk.produce(id, good.clone());
        let wanted = edited(&walk, &format!("{id}:exit"), "bob", good);
        assert_eq!(walk.decide_refused(wanted), Rejection::NotEditable(samples::exit(id)));
    }
}

#[test]
fn every_opinion_can_be_changed() {
    for id in ["design", "recon", "tests", "tasks"] {
        let mut pipeline = pipelines::wide();
        for stage in &mut pipeline.stages {
            stage.when.clear();
            stage.rules.clear();
            if stage.id.as_str() == id {
                stage.exit_gate = ExitGate::Human;
            }
        }
        let mut walk = Walk::in_pipeline(pipeline);
        walk.go_on_to(id);
        let body = walk.good(id);
        walk.produce(id, body);
        // Made from something else, it is another artifact.
        let changed = walk.good(id);
        let wanted = edited(&walk, &format!("{id}:exit"), "bob", changed);
        let expected = wanted.edited.clone().unwrap().digest();
        walk.decide(wanted);
        assert_eq!(walk.made(id), expected, "{id}");
    }
}

#[test]
fn conditions_are_about_what_was_approved() {
    // The plan had two steps, and so would have had tasks; a person cut one.
    let mut walk = Walk::in_pipeline(pipelines::wide());
    walk.go_on_to("plan");
    walk.produce("plan", conditions::long_plan());
    let wanted = edited(&walk, "plan:exit", "bob", better_plan());
    let events = walk.decide(wanted);
    assert_eq!(walk::story(&events)[..2], ["decided plan:exit Approved", "skipped tasks"]);
}

#[test]
fn who_has_approved_something_else_has_not_approved_the_change() {
    let mut walk = Walk::in_pipeline(pipelines::strict());
    walk.go_on_to("plan");
    walk.make("plan");
    let gate = samples::exit("plan");
    let before = walk.sees(&gate);
    let look = |walk: &Walk, login: &str| Command::Look {
        gate: gate.clone(),
        by: samples::somebody(login),
        seen: walk.sees(&gate),
        verdict_shown: false,
    };
    walk.obey(look(&walk, "ada"));
    let approved = |walk: &Walk, login: &str| Deciding {
        by: samples::somebody(login),
        ..walk.decides(&gate, Decision::Approved)
    };
    let stale = approved(&walk, "cleo");
    walk.decide(approved(&walk, "ada"));

    let wanted = edited(&walk, "plan:exit", "bob", better_plan());
    let expected = wanted.edited.clone().unwrap().digest();
    let events = walk.decide(wanted);
    assert_eq!(walk::story(&events), ["decided plan:exit Approved"], "one has approved what it is now");
    let open = walk.open(&gate);
    assert_eq!(open.approved_by, [samples::somebody("bob")]);
    assert_eq!(open.sees, [before[0].clone(), expected.clone()], "the gate shows the change");
    assert_eq!(walk.decide_refused(stale), Rejection::Stale(gate.clone()), "and not what was there before");
    walk.obey(look(&walk, "ada"));

    let again = walk.decide_refused(approved(&walk, "bob"));
    assert_eq!(again, Rejection::SamePerson { gate: gate.clone(), login: "bob".to_owned() });
    walk.decide(approved(&walk, "ada"));
    assert_eq!((walk.wanted(), walk.made("plan")), (vec!["tasks/1".to_owned()], expected));
}

#[test]
fn a_change_of_the_tasks_is_checked_as_a_graph() {
    let mut walk = Walk::with(|pipeline| {
        let tasks = pipeline.stages.iter_mut().find(|stage| stage.id.as_str() == "tasks").unwrap();
        tasks.exit_gate = ExitGate::Human;
    });
    walk.go_on_to("tasks");
    walk.make("tasks");
    let mut tasks = samples::tasks();
    tasks.tasks[0] = Task { depends_on: vec!["T2".to_owned()], ..tasks.tasks[0].clone() };
    let wanted = edited(&walk, "tasks:exit", "bob", Body::Tasks(Tasks { tasks: tasks.tasks }));
    let Rejection::BadEdit(because) = walk.decide_refused(wanted) else { panic!("it is refused for that") };
    assert!(because.ends_with("depends on itself, directly or through others"), "{because}");
}
