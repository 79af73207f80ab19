//! What may be spent, and who is asked when it is.

use factory_core::artifact::{Body, Build, CheckOutcome};
use factory_core::command::Command;
use factory_core::decide::Rejection;
use factory_core::event::{Decision, Event};
use factory_core::ids::{Budget, Timestamp, Usage};
use factory_core::pipeline::model::{Edge, GateRule};
use factory_core::state::{Phase, StageStatus};
use factory_testkit::samples::{self, pipelines};

use crate::walk::{self, USED, Walk};

fn tokens(input_tokens: u64) -> Usage {
    Usage { calls: 1, input_tokens, output_tokens: 0, micro_usd: Some(0) }
}

fn cap(tokens: u64) -> Budget {
    Budget { tokens: Some(tokens), micro_usd: None }
}

/// A run that may use so much, of the shipped pipeline.
fn capped(budget: Budget) -> Walk {
    Walk::with(|pipeline| pipeline.policy.budget = budget)
}

/// Only the build has a budget, of 30 tokens; review and verification stand side by side.
fn capped_build() -> Walk {
    let mut pipeline = pipelines::capped();
    pipeline.policy.budget = Budget::default();
    let mut walk = Walk::in_pipeline(pipeline);
    walk.go_on_to("build");
    walk
}

fn red() -> Body {
    let checks = vec![samples::check(CheckOutcome::Failed { status: 1 })];
    Body::Build(Build { checks, ..samples::build("hello") })
}

#[test]
fn a_run_that_has_spent_its_budget_asks_before_it_goes_on() {
    let mut walk = capped(cap(60));
    for stage in ["plan", "tasks", "build", "review"] {
        walk.go_on_to(stage);
    }
    assert_eq!(walk.state().usage.input_tokens + walk.state().usage.output_tokens, 48);
    let events = walk.make("review");
    assert_eq!(
        walk::story(&events),
        ["produced review/1", "judged review:exit passed", "opened verify:budget"],
        "sixty of sixty are spent"
    );
    let open = walk.open(&samples::gate("verify:budget"));
    assert_eq!((open.sees.as_slice(), &open.escalation, open.expires), (&[][..], &None, None));
    assert!(walk.wanted().is_empty());
    assert_eq!(walk.state().phase(), Phase::Waiting);

    let events = walk.approve(&samples::gate("verify:budget"));
    assert_eq!(walk::story(&events), ["decided verify:budget Approved", "started verify/1"]);
    assert_eq!((walk.state().raises, walk.stage("verify").tries), (1, 1));
    // Factory itself asks no model, and so spends nothing.
    walk.go_on_to("merge");
    walk.approve(&samples::entry("merge"));
    assert_eq!(walk.wanted(), ["merge/1"]);
}

#[test]
fn a_token_less_than_the_budget_is_not_all_of_it() {
    for (used, expected) in [(59, "opened plan:exit"), (60, "opened plan:exit"), (47, "opened plan:exit")] {
        let mut walk = capped(cap(72));
        walk.make("spec");
        let events = walk.produce_for("plan", Body::Plan(samples::plan()), tokens(used));
        assert_eq!(walk::story(&events).last().unwrap(), expected);
        let events = walk.approve(&samples::exit("plan"));
        let next = if used == 60 { "opened tasks:budget" } else { "started tasks/1" };
        assert_eq!(walk::story(&events).last().unwrap(), next, "{used} and twelve before");
    }
}

#[test]
fn a_grant_is_one_more_of_the_same_from_what_is_spent_by_now() {
    let mut walk = capped(cap(60));
    walk.go_on_to("plan");
    walk.produce_for("plan", Body::Plan(samples::plan()), tokens(190));
    walk.approve(&samples::exit("plan"));
    assert_eq!(walk.gates(), ["tasks:budget"], "202 of 60");
    walk.approve(&samples::gate("tasks:budget"));
    assert_eq!(walk.state().raises, 3, "what was spent beyond it is granted, too");
    walk.produce_for("tasks", Body::Tasks(samples::tasks()), tokens(37));
    assert_eq!(walk.wanted(), ["build/1"], "239 of 240");
    walk.produce_for("build", Body::Build(samples::build("hello")), tokens(1));
    assert_eq!(walk.gates(), ["review:budget"], "240 of 240");
}

#[test]
fn a_stage_has_its_own_budget() {
    let mut walk = capped_build();
    let events = walk.produce_for("build", red(), tokens(30));
    assert_eq!(walk::story(&events), ["produced build/1", "sent back build to build", "opened build:budget"]);
    let events = walk.approve(&samples::gate("build:budget"));
    assert_eq!(walk::story(&events), ["decided build:budget Approved", "started build/2"]);
    assert_eq!((walk.stage("build").raises, walk.state().raises), (1, 0));
    assert_eq!(walk.stage("build").tries, 2);
    assert_eq!(walk.stage("build").corrections.len(), 1, "what it is told is still there");
    // 59 of 60: the other stages never had a budget.
    let events = walk.produce_for("build", Body::Build(samples::build("hello")), tokens(29));
    assert_eq!(events.len(), 3, "both judges start");
    walk.make("review");
    walk.measure(5);
    assert_eq!(walk.wanted(), ["build/3"]);
}

#[test]
fn a_try_that_came_to_nothing_has_cost_something() {
    let mut walk = capped_build();
    let used = tokens(30);
    let attempt = walk.attempt("build");
    let (stage, detail) = (samples::stage("build"), "too long".to_owned());
    let kind = factory_core::event::FailureKind::Limit;
    let events = walk.obey(Command::Fail { stage, attempt, kind, detail, usage: used });
    assert_eq!(walk::story(&events), ["failed build/1 Limit", "opened build:budget"]);
    walk.approve(&samples::gate("build:budget"));
    assert_eq!(walk.wanted(), ["build/2"]);
}

#[test]
fn whoever_grants_no_more_ends_the_run() {
    let mut walk = capped(cap(12));
    walk.make("spec");
    assert_eq!(walk.gates(), ["plan:budget"]);
    let events = walk.decide(walk.decides(&samples::gate("plan:budget"), Decision::Rejected));
    assert_eq!(walk::story(&events), ["decided plan:budget Rejected", "ended rejected at plan:budget"]);
}

#[test]
fn nobody_waits_for_ever_for_more() {
    let mut walk = Walk::with(|pipeline| {
        pipeline.policy.budget = cap(12);
        for stage in &mut pipeline.stages {
            let rule = GateRule { timeout_seconds: Some(60), ..GateRule::default() };
            stage.rules.insert(Edge::Budget, rule);
        }
    });
    walk.make("spec");
    let until = Timestamp(walk.now + 60_000);
    assert_eq!(walk.open(&samples::gate("plan:budget")).expires, Some(until));
    walk.wait(60);
    let events = walk.obey(Command::Tick);
    assert_eq!(walk::story(&events), ["expired plan:budget", "ended expired at plan:budget"]);
}

#[test]
fn dollars_are_counted_in_millionths() {
    let dollars = |micro_usd| Budget { micro_usd: Some(micro_usd), tokens: None };
    let mut walk = capped(dollars(6));
    walk.make("spec");
    assert_eq!(walk.wanted(), ["plan/1"], "three of six");
    walk.make("plan");
    walk.approve(&samples::exit("plan"));
    assert_eq!(walk.gates(), ["tasks:budget"]);
}

#[test]
fn calls_without_a_price_are_as_if_all_of_it_was_spent() {
    let unpriced = Usage { micro_usd: None, ..USED };
    let dollars = Budget { micro_usd: Some(1_000_000_000), tokens: None };
    let mut walk = capped(dollars);
    let spec = walk.good("spec");
    walk.produce_for("spec", spec, unpriced);
    assert_eq!(walk.gates(), ["plan:budget"]);
    walk.approve(&samples::gate("plan:budget"));
    let plan = walk.good("plan");
    walk.produce_for("plan", plan, unpriced);
    walk.finish();
    let asked = walk.whole_story().iter().filter(|told| told.ends_with(":budget")).count();
    assert_eq!(asked, 1, "whoever has granted that knows that nobody counts");

    // With a cap on tokens beside it, that one counts.
    let mut walk = capped(Budget { tokens: Some(1000), ..dollars });
    let spec = walk.good("spec");
    walk.produce_for("spec", spec, unpriced);
    assert_eq!(walk.wanted(), ["plan/1"]);
}

#[test]
fn the_runs_own_budget_takes_the_place_of_the_pipelines() {
    for (own, expected) in [
        (cap(1000), &["plan/1"][..]),
        (Budget::default(), &[]),
        (Budget { micro_usd: Some(1_000_000), tokens: None }, &["plan/1"]),
    ] {
        let mut started = samples::started();
        started.pipeline.policy.budget = cap(12);
        started.budget = own;
        let mut walk = Walk::of(started);
        walk.make("spec");
        assert_eq!(walk.wanted(), expected, "{own:?}");
    }
}

#[test]
fn whoever_watches_a_budget_lets_one_spend_at_a_time() {
    let mut walk = Walk::in_pipeline(pipelines::capped());
    walk.go_on_to("build");
    walk.make("build");
    let first = walk.wanted();
    assert_eq!(first.len(), 1, "{first:?}");
    let other = if first == ["review/1"] { "verify" } else { "review" };
    assert_eq!(walk.stage(other).status, StageStatus::Pending);
    // The other is next, also where the first one only failed or was blocked.
    let first = first[0].trim_end_matches("/1").to_owned();
    let mut blocked = walk.clone();
    blocked.block(&first);
    assert_eq!(blocked.wanted(), [format!("{other}/1")]);
    let mut failed = walk.clone();
    failed.fail(&first);
    assert_eq!(failed.wanted(), [format!("{first}/2")], "and in the order of the pipeline");
    walk.make(&first);
    assert_eq!(walk.gates(), [format!("{other}:budget")], "sixty of sixty");
    walk.approve(&samples::gate(&format!("{other}:budget")));
    assert_eq!(walk.wanted(), [format!("{other}/1")]);
}

#[test]
fn without_a_budget_all_that_can_goes_on_at_once() {
    let mut walk = capped_build();
    walk.make("build");
    assert_eq!(walk.wanted().len(), 2);
}

#[test]
fn a_try_that_waits_for_another_to_end_is_made_then() {
    // Both judges may use so much, and one of them fails while the other has not begun.
    let mut walk = Walk::in_pipeline(pipelines::capped());
    walk.state.as_mut().unwrap().started.budget = cap(10_000);
    walk.go_on_to("build");
    walk.make("build");
    for _ in 0..2 {
        let wanted = walk.wanted();
        assert_eq!(wanted.len(), 1, "{wanted:?}");
        walk.make(wanted[0].trim_end_matches("/1"));
    }
    assert_eq!(walk.gates(), ["merge:entry"]);
}

#[test]
fn what_a_blocked_try_has_used_counts_before_it_goes_on() {
    let mut walk = capped_build();
    let attempt = walk.attempt("build");
    let (stage, detail) = (samples::stage("build"), "nobody answers".to_owned());
    walk.obey(Command::Block { stage, attempt, detail, usage: tokens(30) });
    assert_eq!(walk.state().phase(), Phase::Blocked);
    let events = walk.obey(Command::Resume);
    assert_eq!(walk::story(&events), ["opened build:budget"]);
    let events = walk.approve(&samples::gate("build:budget"));
    assert_eq!(walk::story(&events), ["decided build:budget Approved", "started build/2"]);
    let build = walk.stage("build");
    assert_eq!((build.tries, build.granted), (2, 1), "a block is no try");
    assert_eq!(walk.refused(Command::Resume), Rejection::NotBlocked);
}

#[test]
fn under_a_budget_one_blocked_try_goes_on_at_a_time() {
    let mut walk = Walk::in_pipeline(pipelines::capped());
    walk.state.as_mut().unwrap().started.budget = cap(10_000);
    walk.go_on_to("build");
    walk.make("build");
    let first = walk.wanted()[0].trim_end_matches("/1").to_owned();
    walk.block(&first);
    let second = walk.wanted()[0].trim_end_matches("/1").to_owned();
    walk.block(&second);
    assert_eq!(walk.state().phase(), Phase::Blocked);
    let events = walk.obey(Command::Resume);
    assert_eq!(walk::story(&events), [format!("unblocked {first}/1")]);
    assert_eq!(walk.refused(Command::Resume), Rejection::NotBlocked, "not while that one is made");
    walk.make(&first);
    let events = walk.obey(Command::Resume);
    assert_eq!(walk::story(&events), [format!("unblocked {second}/1")]);
}

#[test]
fn a_person_who_asks_for_another_try_is_asked_what_it_may_cost() {
    let mut walk = capped(cap(24));
    walk.make("spec");
    walk.make("plan");
    let events = walk.retry(&samples::exit("plan"), "say what polite means");
    assert_eq!(walk::story(&events)[1..], ["sent back plan to plan", "opened plan:budget"]);
    walk.approve(&samples::gate("plan:budget"));
    assert_eq!(walk.wanted(), ["plan/2"]);
    assert_eq!(walk.stage("plan").corrections.len(), 1);
}

#[test]
fn what_ends_a_run_counts_in_what_it_used() {
    let mut walk = Walk::begun();
    let red = Body::Spec(factory_core::artifact::Spec {
        baseline: vec![samples::check(CheckOutcome::TimedOut)],
        ..samples::spec()
    });
    let events = walk.produce_for("spec", red, tokens(77));
    let Some(Event::RunEnded { usage, .. }) = events.last() else { panic!("{events:?}") };
    assert_eq!(*usage, Some(tokens(77)));
    assert_eq!(walk.state().usage, tokens(77));
}

#[test]
fn a_budget_is_spent_by_whole_times() {
    let used =
        |input_tokens, output_tokens, micro_usd| Usage { calls: 1, input_tokens, output_tokens, micro_usd };
    let (none, tokens, dollars) = (Budget::default(), cap(10), Budget { micro_usd: Some(10), tokens: None });
    let both = Budget { micro_usd: Some(10), tokens: Some(10) };
    for (budget, usage, expected) in [
        (none, used(u64::MAX, u64::MAX, None), 0),
        (tokens, used(5, 4, None), 0),
        (tokens, used(5, 5, None), 1),
        (tokens, used(30, 9, None), 3),
        (tokens, used(u64::MAX, 1, None), u64::MAX / 10),
        (dollars, used(99, 99, Some(9)), 0),
        (dollars, used(99, 99, Some(29)), 2),
        (dollars, used(0, 0, None), 1),
        (dollars, Usage::default(), 0),
        (both, used(0, 9, None), 0),
        (both, used(0, 10, Some(35)), 3),
        (both, used(0, 45, Some(35)), 4),
    ] {
        assert_eq!(budget.spent_times(usage), expected, "{budget:?} {usage:?}");
    }
    assert_eq!((none.caps(), tokens.caps(), dollars.caps()), (false, true, true));
}
