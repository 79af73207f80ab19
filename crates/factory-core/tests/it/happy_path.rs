//! The shipped pipeline from the specification to the merge, event by event.

use factory_core::artifact::{Artifact, Body};
use factory_core::event::{Event, Outcome};
use factory_core::ids::{Digest, Timestamp, Usage};
use factory_core::state::{Phase, StageStatus};
use factory_testkit::samples;

use crate::walk::{self, Walk};

fn digest(body: Body) -> Digest {
    Artifact::new(body, Vec::new()).digest()
}

#[test]
fn every_event_from_the_start_to_the_merge() {
    let patch = samples::patch("hello").digest();
    let [spec, plan, tasks, build, review, verify] = [
        Body::Spec(samples::spec()),
        Body::Plan(samples::plan()),
        Body::Tasks(samples::tasks()),
        Body::Build(samples::build("hello")),
        Body::Review(samples::review()),
        Body::Verify(samples::verify(patch.clone(), 9, 1, 0)),
    ];
    let merge = Body::Merge(samples::merge(patch.clone()));

    let mut walk = Walk::begun();
    assert_eq!(walk::story(&walk.log[0].events), ["run greeting-a1b2c3", "started spec/1"]);
    assert_eq!(walk.wanted(), ["spec/1"]);

    let events = walk.produce("spec", spec.clone());
    assert_eq!(walk::story(&events), ["produced spec/1", "started plan/1"]);

    let events = walk.produce("plan", plan.clone());
    assert_eq!(walk::story(&events), ["produced plan/1", "opened plan:exit"]);
    assert_eq!(walk.sees(&samples::exit("plan")), [digest(spec.clone()), digest(plan.clone())]);
    assert_eq!(walk.state().phase(), Phase::Waiting);
    assert!(walk.wanted().is_empty(), "nothing is performed while a person decides");

    let events = walk.approve(&samples::exit("plan"));
    assert_eq!(walk::story(&events), ["decided plan:exit Approved", "started tasks/1"]);
    let Event::GateDecided(decided) = &events[0] else { panic!("{events:?}") };
    assert_eq!(decided.because, "I have read it", "kept without the blanks around it");
    assert_eq!(decided.waited_ms, 1000);

    let events = walk.produce("tasks", tasks);
    assert_eq!(walk::story(&events), ["produced tasks/1", "started build/1"]);

    let events = walk.produce("build", build.clone());
    assert_eq!(walk::story(&events), ["produced build/1", "started review/1"]);
    assert_eq!(walk.stage("build").artifact.as_ref().unwrap().patch, Some(patch.clone()));

    let events = walk.produce("review", review.clone());
    assert_eq!(walk::story(&events), ["produced review/1", "judged review:exit passed", "started verify/1"]);
    assert_eq!(walk.stage("review").artifact.as_ref().unwrap().patch, Some(patch.clone()));

    let events = walk.produce("verify", verify.clone());
    assert_eq!(
        walk::story(&events),
        ["produced verify/1", "judged verify:exit passed", "opened merge:entry"]
    );
    let Event::PolicyJudged { sees, reason, .. } = &events[1] else { panic!("{events:?}") };
    assert_eq!(sees, &[digest(verify.clone())]);
    assert_eq!(reason, "9 of 10 scenarios passed; at least 90 % asked; 95 % lower bound 74.1 %");
    assert_eq!(walk.sees(&samples::entry("merge")), [digest(build), digest(review), digest(verify)]);
    assert_eq!(walk.state().phase(), Phase::Waiting);

    let events = walk.approve(&samples::entry("merge"));
    assert_eq!(walk::story(&events), ["decided merge:entry Approved", "started merge/1"]);

    let events = walk.produce("merge", merge.clone());
    assert_eq!(walk::story(&events), ["produced merge/1", "ended merged"]);
    let state = walk.state();
    assert_eq!(state.outcome, Some(Outcome::Merged { merge: digest(merge) }));
    assert_eq!(state.phase(), Phase::Merged);
    assert!(walk.wanted().is_empty(), "nothing is performed when a run is over");
    assert_eq!(state.usage, Usage { calls: 7, input_tokens: 70, output_tokens: 14, micro_usd: Some(21) });
    assert_eq!((state.started_at, state.changed_at), (Timestamp(1000), Timestamp(10_000)));
    for (id, stage) in &state.stages {
        assert_eq!((stage.status.clone(), stage.tries), (StageStatus::Passed, 1), "{id}");
    }
}
