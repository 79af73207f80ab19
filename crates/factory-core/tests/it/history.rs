//! Random histories: what somebody might ask of a run, turned into commands that suit the state it is in.

use factory_core::artifact::{Body, Build, CheckOutcome, Patch, Plan, Spec, Verify};
use factory_core::command::Command;
use factory_core::effects::{self, Effect};
use factory_core::event::{Channel, Decision, FailureKind, RunStarted};
use factory_core::ids::{Attempt, Digest, Usage};
use factory_core::pipeline::model::{EntryGate, ExitGate, GateId};
use factory_core::state::RunState;
use factory_testkit::samples;
use proptest::prelude::*;

use crate::walk;

/// Runs of the shipped pipeline and of two that are built from it: with review and verification side by side, and with
/// people at every gate around the build and before the verification.
pub(crate) fn started() -> impl Strategy<Value = RunStarted> {
    let shipped = samples::started();
    let mut parallel = samples::started();
    for stage in &mut parallel.pipeline.stages {
        stage.needs.retain(|need| stage.id.as_str() != "verify" || need.as_str() != "review");
    }
    let mut guarded = parallel.clone();
    for stage in &mut guarded.pipeline.stages {
        match stage.id.as_str() {
            "build" => (stage.entry_gate, stage.exit_gate) = (EntryGate::Human, ExitGate::Human),
            "verify" => stage.entry_gate = EntryGate::Human,
            _ => {}
        }
    }
    prop_oneof![2 => Just(shipped), 1 => Just(parallel), 1 => Just(guarded)]
}

/// One thing that is asked. Numbers choose among what there is.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Start,
    Perform {
        which: usize,
        end: End,
    },
    Decide {
        which: usize,
        approve: bool,
        seen: Seen,
        because: &'static str,
    },
    Resume,
    /// A report on a try at a stage, made up.
    Stray {
        stage: usize,
        attempt: u32,
        end: End,
    },
}

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
    /// With an artifact of the stage before or after.
    OtherKind,
    Failed,
    Blocked,
}

/// What a person says to have seen.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    All,
    Nothing,
    Earlier,
}

/// Mostly what goes well, so that histories get anywhere; all else now and then.
pub(crate) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..most)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => (any::<usize>(), end()).prop_map(|(which, end)| Step::Perform { which, end }),
        10 => (any::<usize>(), proptest::bool::weighted(0.9), seen(), because())
            .prop_map(|(which, approve, seen, because)| Step::Decide { which, approve, seen, because }),
        3 => Just(Step::Resume),
        1 => Just(Step::Start),
        2 => (any::<usize>(), 0u32..6, end()).prop_map(|(stage, attempt, end)| Step::Stray { stage, attempt, end }),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        24 => (0u8..3).prop_map(|text| End::Good { text }),
        3 => (0u8..3).prop_map(|text| End::Bad { text }),
        6 => (0u32..20, 0u32..4, 0u32..2, any::<bool>()).prop_map(|(passed, failed, inconclusive, critical)| {
            End::Measured { passed, failed, inconclusive, critical }
        }),
        2 => Just(End::OtherPatch),
        1 => Just(End::OtherKind),
        2 => Just(End::Failed),
        2 => Just(End::Blocked),
    ]
}

fn seen() -> impl Strategy<Value = Seen> {
    prop_oneof![12 => Just(Seen::All), 1 => Just(Seen::Nothing), 1 => Just(Seen::Earlier)]
}

fn because() -> impl Strategy<Value = &'static str> {
    prop_oneof![12 => Just("it is good"), 1 => Just("  ")]
}

/// The command that a step comes to, now.
pub(crate) fn command(step: &Step, state: Option<&RunState>, started: &RunStarted) -> Command {
    let start = || Command::Start(Box::new(started.clone()));
    let Some(state) = state else {
        return match step {
            Step::Resume => Command::Resume,
            Step::Start | Step::Perform { .. } | Step::Decide { .. } | Step::Stray { .. } => start(),
        };
    };
    match step {
        Step::Start => start(),
        Step::Resume => Command::Resume,
        Step::Perform { which, end } => {
            let wanted = effects::effects(state);
            match wanted.get(which % wanted.len().max(1)) {
                Some(Effect { id, .. }) => ended(state, id.stage.as_str(), id.attempt, end),
                None => approve_any(state, *which),
            }
        }
        Step::Decide { which, approve, seen, because } => {
            let open = state.open_gates();
            let (gate, sees) = match open.get(which % open.len().max(1)) {
                Some(open) => (open.gate.clone(), open.sees.clone()),
                None => (samples::entry("merge"), Vec::new()),
            };
            let seen = match seen {
                Seen::All => sees,
                Seen::Nothing => Vec::new(),
                Seen::Earlier => sees.into_iter().map(|_| Digest::of(b"earlier")).collect(),
            };
            let decision = if *approve { Decision::Approved } else { Decision::Rejected };
            decide(gate, decision, seen, because)
        }
        Step::Stray { stage, attempt, end } => {
            let stages = &state.started.pipeline.stages;
            ended(state, stages[stage % stages.len()].id.as_str(), Attempt(*attempt), end)
        }
    }
}

/// When nothing is performed: somebody approves, or a blocked stage goes on.
fn approve_any(state: &RunState, which: usize) -> Command {
    let open = state.open_gates();
    match open.get(which % open.len().max(1)) {
        Some(open) => decide(open.gate.clone(), Decision::Approved, open.sees.clone(), "it is good"),
        None => Command::Resume,
    }
}

fn decide(gate: GateId, decision: Decision, seen: Vec<Digest>, because: &str) -> Command {
    let (by, via) = (samples::person(), Channel::Command);
    Command::Decide { gate, decision, by, via, because: because.to_owned(), seen }
}

fn ended(state: &RunState, stage: &str, attempt: Attempt, end: &End) -> Command {
    let (id, usage) = (samples::stage(stage), Usage { calls: 1, ..Usage::default() });
    match end {
        End::Failed => {
            let (kind, detail) = (FailureKind::Unusable, "no".to_owned());
            Command::Fail { stage: id, attempt, kind, detail, usage }
        }
        End::Blocked => Command::Block { stage: id, attempt, detail: "nobody answers".to_owned(), usage },
        End::Good { .. } | End::Bad { .. } | End::Measured { .. } | End::OtherPatch | End::OtherKind => {
            walk::produce(stage, attempt.0, body(state, stage, attempt, end))
        }
    }
}

/// The text of a try at the build. Two tries may come to the same text, and so to the same patch.
fn text(attempt: Attempt, text: u8) -> String {
    if text == 0 { "always the same".to_owned() } else { format!("text {text} of {attempt}") }
}

fn body(state: &RunState, stage: &str, attempt: Attempt, end: &End) -> Body {
    // What was built last, whether it still counts or not.
    let built =
        state.stages[&samples::stage("build")].artifact.as_ref().and_then(|artifact| artifact.patch.clone());
    let built = built.unwrap_or_else(|| Digest::of(b"nothing"));
    let patch = if matches!(end, End::OtherPatch) { samples::patch("another").digest() } else { built };
    let bad = matches!(end, End::Bad { .. });
    let stage = match (end, stage) {
        (End::OtherKind, "spec") => "plan",
        (End::OtherKind, _) => "spec",
        (_, stage) => stage,
    };
    match stage {
        "spec" if bad => {
            Body::Spec(Spec { baseline: vec![samples::check(CheckOutcome::TimedOut)], ..samples::spec() })
        }
        "spec" => Body::Spec(samples::spec()),
        "plan" if bad => Body::Plan(Plan { steps: Vec::new(), ..samples::plan() }),
        "plan" => Body::Plan(samples::plan()),
        "tasks" => Body::Tasks(samples::tasks()),
        "build" => Body::Build(match end {
            End::Bad { text: 0 } => Build { patch: Patch::default(), ..samples::build("") },
            End::Bad { text: n } => Build {
                checks: vec![samples::check(CheckOutcome::Failed { status: 1 })],
                ..samples::build(&text(attempt, *n))
            },
            End::Good { text: n } => samples::build(&text(attempt, *n)),
            End::Measured { .. } | End::OtherPatch | End::OtherKind | End::Failed | End::Blocked => {
                samples::build("something else")
            }
        }),
        "review" if bad => Body::Review(samples::objection()),
        "review" => Body::Review(samples::review()),
        "verify" => Body::Verify(match end {
            End::Measured { passed, failed, inconclusive, critical } => Verify {
                critical_passed: *critical,
                ..samples::verify(patch, *passed, *failed, *inconclusive)
            },
            End::Bad { text } => samples::verify(patch, u32::from(*text), 9, 0),
            End::Good { .. } | End::OtherPatch | End::OtherKind | End::Failed | End::Blocked => {
                samples::verify(patch, 10, 0, 0)
            }
        }),
        "merge" => Body::Merge(samples::merge(patch)),
        other => panic!("the shipped pipeline has no stage {other}"),
    }
}
