//! What performed stages might offer: as they should, or not.

use factory_core::artifact::{
    ArtifactKind, Body, Build, Change, CheckOutcome, Coverage, Design, FileChange, Merge, Patch, Plan, Recon,
    Spec, Tasks, Tests, Verify,
};
use factory_core::ids::{Attempt, Digest};
use factory_core::state::RunState;
use factory_testkit::samples;
use proptest::prelude::*;

/// How a performed stage ends.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// As it should.
    Good {
        text: u8,
    },
    /// With an artifact that meets no criteria, or checks that fail, or an objection.
    Bad {
        text: u8,
    },
    /// With scenarios that passed, failed and could not be scored.
    Measured {
        passed: u32,
        failed: u32,
        inconclusive: u32,
        critical: bool,
    },
    /// With something about another patch.
    OtherPatch,
    /// With an artifact of another stage.
    OtherKind,
    /// With a base that has moved, or a patch that does not fit it.
    Elsewhere {
        tip: usize,
    },
    Failed,
    Blocked,
}

pub(crate) fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        60 => (0u8..4).prop_map(|text| End::Good { text }),
        6 => (0u8..4).prop_map(|text| End::Bad { text }),
        10 => (0u32..20, 0u32..4, 0u32..2, proptest::bool::weighted(0.8)).prop_map(
            |(passed, failed, inconclusive, critical)| End::Measured { passed, failed, inconclusive, critical }
        ),
        2 => Just(End::OtherPatch),
        1 => Just(End::OtherKind),
        8 => any::<usize>().prop_map(|tip| End::Elsewhere { tip }),
        4 => Just(End::Failed),
        4 => Just(End::Blocked),
    ]
}

/// The text of a try at the build. Two tries may come to the same text, and so to the same patch.
fn text(attempt: Attempt, text: u8) -> String {
    if text == 0 { "always the same".to_owned() } else { format!("text {text} of {attempt}") }
}

/// A patch: of one file, or of so many that it is no small change.
fn patch(text: &str, small: bool) -> Patch {
    if small {
        return samples::patch(text);
    }
    let change = |n: u32| {
        let content = Digest::of(text.as_bytes());
        let change = Change::Written { content, executable: false, existed: false };
        FileChange { path: format!("greeting-{n}.txt"), change }
    };
    Patch { changes: (0..6).map(change).collect() }
}

/// What the stage offers at such an end.
pub(crate) fn body(state: &RunState, stage: &str, attempt: Attempt, end: &End) -> Body {
    // What was built last, whether it still counts or not.
    let built =
        state.stages[&samples::stage("build")].artifact.as_ref().and_then(|artifact| artifact.patch.clone());
    let built = built.unwrap_or_else(|| Digest::of(b"nothing"));
    let about = if matches!(end, End::OtherPatch) { samples::patch("another").digest() } else { built };
    let makes = state.started.pipeline.stage(&samples::stage(stage)).expect("a stage of the pipeline").makes;
    let kind = match (end, makes) {
        (End::OtherKind, ArtifactKind::Spec) => ArtifactKind::Plan,
        (End::OtherKind, _) => ArtifactKind::Spec,
        (_, makes) => makes,
    };
    let (bad, many) = match end {
        End::Bad { text } => (true, text % 2 == 1),
        End::Good { text } => (false, text % 2 == 1),
        End::Measured { .. }
        | End::OtherPatch
        | End::OtherKind
        | End::Elsewhere { .. }
        | End::Failed
        | End::Blocked => (false, false),
    };
    match kind {
        ArtifactKind::Spec => Body::Spec(spec(bad, many)),
        ArtifactKind::Design if bad => Body::Design(Design { decisions: Vec::new(), ..samples::design() }),
        ArtifactKind::Design => Body::Design(samples::design()),
        ArtifactKind::Tests if bad => Body::Tests(Tests { cases: Vec::new() }),
        ArtifactKind::Tests => Body::Tests(samples::tests()),
        ArtifactKind::Recon if bad => Body::Recon(Recon { places: Vec::new(), ..samples::recon() }),
        ArtifactKind::Recon => Body::Recon(samples::recon()),
        ArtifactKind::Plan => Body::Plan(plan(bad, many)),
        ArtifactKind::Tasks if bad => Body::Tasks(Tasks { tasks: Vec::new() }),
        ArtifactKind::Tasks => Body::Tasks(samples::tasks()),
        ArtifactKind::Build => Body::Build(build(state, attempt, end)),
        ArtifactKind::Review if bad => {
            let mut review = samples::objection();
            review.coverage.iter_mut().take(usize::from(many)).for_each(|row| row.status = Coverage::Partial);
            Body::Review(review)
        }
        ArtifactKind::Review => Body::Review(samples::review()),
        ArtifactKind::Verify => Body::Verify(verify(about, end)),
        ArtifactKind::Merge => {
            let base = if bad { samples::oid('9') } else { state.base.clone() };
            Body::Merge(Merge { base, ..samples::merge(about) })
        }
        ArtifactKind::Lessons => Body::Lessons(samples::lessons()),
    }
}

fn spec(bad: bool, many: bool) -> Spec {
    let spec = samples::spec();
    let baseline = if bad { vec![samples::check(CheckOutcome::TimedOut)] } else { spec.baseline.clone() };
    let requirements = if many { spec.requirements.clone() } else { spec.requirements[..1].to_vec() };
    Spec { baseline, requirements, ..spec }
}

fn plan(bad: bool, many: bool) -> Plan {
    let plan = samples::plan();
    let steps = match (bad, many) {
        (true, _) => Vec::new(),
        (false, true) => [plan.steps.clone(), plan.steps.clone()].concat(),
        (false, false) => plan.steps.clone(),
    };
    Plan { steps, ..plan }
}

fn build(state: &RunState, attempt: Attempt, end: &End) -> Build {
    let base = state.base.clone();
    let of = |patch: Patch| Build { base: base.clone(), patch, ..samples::build("") };
    let red = vec![samples::check(CheckOutcome::Failed { status: 1 })];
    match end {
        End::Bad { text: 0 } => of(Patch::default()),
        End::Bad { text: n } => Build { checks: red, ..of(patch(&text(attempt, *n), n % 2 == 0)) },
        End::Good { text: n } => of(patch(&text(attempt, *n), n % 2 == 0)),
        // On the commit that the run began with, wherever the base is by now.
        End::OtherPatch => samples::build("something else"),
        End::Measured { .. } | End::OtherKind | End::Elsewhere { .. } | End::Failed | End::Blocked => {
            of(patch("something else", true))
        }
    }
}

fn verify(about: Digest, end: &End) -> Verify {
    match end {
        End::Measured { passed, failed, inconclusive, critical } => {
            Verify { critical_passed: *critical, ..samples::verify(about, *passed, *failed, *inconclusive) }
        }
        End::Bad { text } => samples::verify(about, u32::from(*text), 9, 0),
        End::Good { .. }
        | End::OtherPatch
        | End::OtherKind
        | End::Elsewhere { .. }
        | End::Failed
        | End::Blocked => samples::verify(about, 10, 0, 0),
    }
}
