//! Random histories: what somebody might ask of a run, turned into commands that suit the state it is in.

use factory_core::artifact::Artifact;
use factory_core::command::{Command, Deciding};
use factory_core::effects::{self, Effect};
use factory_core::event::{Channel, Decision, FailureKind, Person, RunStarted};
use factory_core::ids::{Attempt, Budget, Digest, FindingId, GitOid, Usage};
use factory_core::pipeline::model::{
    BaseMoved, Edge, EntryGate, EntryType, ExitGate, GateId, GateRule, OnExhausted, Pipeline,
};
use factory_core::state::{OpenGate, RunState};
use factory_testkit::samples::{self, pipelines};
use proptest::prelude::*;

use crate::offer::{self, End};

/// Runs of many pipelines: the shipped one and what can be made of it, and those that have what it has not.
pub(crate) fn started() -> impl Strategy<Value = RunStarted> {
    let shipped = samples::pipeline();
    let mut parallel = shipped.clone();
    for stage in &mut parallel.stages {
        stage.needs.retain(|need| stage.id.as_str() != "verify" || need.as_str() != "review");
    }
    let mut guarded = parallel.clone();
    for stage in &mut guarded.stages {
        match stage.id.as_str() {
            "build" => (stage.entry_gate, stage.exit_gate) = (EntryGate::Human, ExitGate::Human),
            "verify" => stage.entry_gate = EntryGate::Human,
            _ => {}
        }
    }
    let mut harsh = shipped.clone();
    harsh.stages.iter_mut().for_each(|stage| stage.on_exhausted = OnExhausted::Fail);
    let mut hurried = pipelines::capped();
    for stage in &mut hurried.stages {
        for edge in [Edge::Budget, Edge::Exit, Edge::Escalation] {
            let rule = GateRule { timeout_seconds: Some(3600), ..GateRule::default() };
            stage.rules.insert(edge, rule);
        }
    }
    let pipeline = prop_oneof![
        3 => Just(shipped),
        1 => Just(parallel),
        1 => Just(guarded),
        1 => Just(harsh),
        3 => Just(pipelines::strict()),
        4 => Just(pipelines::wide()),
        2 => Just(pipelines::capped()),
        1 => Just(hurried),
        3 => Just(pipelines::patient()),
    ];
    (pipeline, any::<usize>(), budget(), proptest::bool::weighted(0.2)).prop_map(of)
}

fn of((mut pipeline, entry, budget, stays): (Pipeline, usize, Budget, bool)) -> RunStarted {
    let entries: Vec<EntryType> = pipeline.entry.keys().copied().collect();
    if stays {
        pipeline.policy.base_moved = BaseMoved::Ignore;
    }
    let protected = entry.is_multiple_of(7);
    let entry = entries[entry % entries.len()];
    let mut started = RunStarted { entry, budget, ..samples::started_in(pipeline) };
    if protected {
        // What the small patches write.
        started.spec.protected.push("greeting.txt".to_owned());
    }
    started
}

fn budget() -> impl Strategy<Value = Budget> {
    prop_oneof![
        8 => Just(Budget::default()),
        1 => (20u64..200).prop_map(|tokens| Budget { tokens: Some(tokens), micro_usd: None }),
        1 => (5u64..50).prop_map(|micro_usd| Budget { tokens: None, micro_usd: Some(micro_usd) }),
    ]
}

/// What a history is mostly about: what would go well now and then does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Calm,
    /// Judges find the same fault again and again.
    Failing,
    /// The base branch moves whenever something is about to be merged.
    Moving,
    /// And what is carried over does not fit.
    Clashing,
}

pub(crate) fn mood() -> impl Strategy<Value = Mood> {
    prop_oneof![5 => Just(Mood::Calm), 2 => Just(Mood::Failing), 2 => Just(Mood::Moving), 1 => Just(Mood::Clashing)]
}

impl Mood {
    /// How a try ends in this mood: often not as well as it would have; but a run in which something moves has to get
    /// somewhere for that to matter.
    fn bend(self, stage: &str, end: &End, which: usize) -> End {
        let moves = matches!(self, Mood::Moving | Mood::Clashing);
        let End::Good { text } = end else {
            let well = moves && stage != "merge" && which % 8 > 1;
            return if well { End::Good { text: 0 } } else { end.clone() };
        };
        match (self, stage) {
            (Mood::Failing, "verify") if !which.is_multiple_of(8) => {
                End::Measured { passed: 10, failed: 5 - u32::from(*text), inconclusive: 0, critical: true }
            }
            (Mood::Failing, "review") if which % 8 < 2 => End::Bad { text: *text },
            (Mood::Moving | Mood::Clashing, "merge") if !which.is_multiple_of(8) => {
                End::Elsewhere { tip: which }
            }
            (Mood::Clashing, "build") if which.is_multiple_of(2) => End::Elsewhere { tip: 0 },
            (Mood::Calm | Mood::Failing | Mood::Moving | Mood::Clashing, _) => end.clone(),
        }
    }
}

/// One thing that is asked, or time that passes. Numbers choose among what there is.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Start {
        entry: EntryType,
    },
    Perform {
        which: usize,
        end: End,
        used: Usage,
    },
    Decide(Wish),
    Look {
        which: usize,
        by: usize,
        seen: Seen,
        verdict_shown: bool,
    },
    Reveal {
        which: usize,
        because: &'static str,
    },
    Cancel {
        because: &'static str,
    },
    RollBack {
        because: &'static str,
    },
    Resume,
    Tick,
    /// A report on a try at a stage, made up.
    Stray {
        stage: usize,
        attempt: u32,
        end: End,
    },
    /// So many seconds pass; a clock can go back.
    Pass {
        seconds: i64,
    },
}

/// A decision that somebody would make.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    which: usize,
    /// Something that suits the gate, or what is said here.
    decision: Option<Decision>,
    by: usize,
    via: Channel,
    seen: Seen,
    because: &'static str,
    note: Option<&'static str>,
    edit: Option<End>,
    named: Named,
    /// Some gate that may not even be open.
    gate: Option<(usize, Edge)>,
}

/// What a person says to have seen.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    All,
    Nothing,
    Earlier,
}

/// Which findings are named.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    AsNeeded,
    None,
    OneMore,
    Others,
}

/// Mostly what goes well, so that histories get anywhere; all else now and then.
pub(crate) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), most / 3..most)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        48 => (any::<usize>(), offer::end(), used())
            .prop_map(|(which, end, used)| Step::Perform { which, end, used }),
        24 => wish().prop_map(Step::Decide),
        6 => Just(Step::Resume),
        4 => Just(Step::Tick),
        8 => seconds().prop_map(|seconds| Step::Pass { seconds }),
        3 => (any::<usize>(), any::<usize>(), seen(), any::<bool>())
            .prop_map(|(which, by, seen, verdict_shown)| Step::Look { which, by, seen, verdict_shown }),
        1 => prop_oneof![Just(EntryType::Feature), Just(EntryType::Hotfix)]
            .prop_map(|entry| Step::Start { entry }),
        3 => (any::<usize>(), 0u32..6, offer::end())
            .prop_map(|(stage, attempt, end)| Step::Stray { stage, attempt, end }),
        1 => (any::<usize>(), because()).prop_map(|(which, because)| Step::Reveal { which, because }),
        1 => prop_oneof![1 => because(), 3 => Just("ok")].prop_map(|because| Step::Cancel { because }),
        1 => because().prop_map(|because| Step::RollBack { because }),
    ]
}

fn used() -> impl Strategy<Value = Usage> {
    prop_oneof![
        10 => Just(crate::walk::USED),
        2 => Just(Usage::default()),
        2 => (1u64..90).prop_map(|input_tokens| Usage { input_tokens, ..crate::walk::USED }),
        1 => Just(Usage { micro_usd: None, ..crate::walk::USED }),
    ]
}

fn seconds() -> impl Strategy<Value = i64> {
    const DAY: i64 = 24 * 60 * 60;
    prop_oneof![4 => Just(60), 4 => Just(3600), 8 => Just(DAY), 2 => Just(3 * DAY), 2 => -2 * DAY..0]
}

fn seen() -> impl Strategy<Value = Seen> {
    prop_oneof![20 => Just(Seen::All), 1 => Just(Seen::Nothing), 1 => Just(Seen::Earlier)]
}

fn because() -> impl Strategy<Value = &'static str> {
    prop_oneof![20 => Just("R1 and R2 are served"), 1 => Just("  "), 1 => Just("lgtm"), 1 => Just("R1 \u{7} is served")]
}

fn wish() -> impl Strategy<Value = Wish> {
    let decision = prop_oneof![
        30 => Just(None),
        6 => Just(Some(Decision::Approved)),
        1 => Just(Some(Decision::Rejected)),
        4 => Just(Some(Decision::Retried)),
        4 => Just(Some(Decision::Overridden)),
    ];
    let via =
        prop_oneof![6 => Just(Channel::Command), 2 => Just(Channel::Terminal), 1 => Just(Channel::InAdvance)];
    let note = prop_oneof![20 => Just(Some("say what polite means")), 1 => Just(None), 1 => Just(Some("  "))];
    let edit = prop_oneof![12 => Just(None), 2 => offer::end().prop_map(Some)];
    let named = prop_oneof![12 => Just(Named::AsNeeded), 1 => Just(Named::None), 1 => Just(Named::OneMore), 1 => Just(Named::Others)];
    let gate = prop_oneof![30 => Just(None), 1 => (any::<usize>(), edge()).prop_map(Some)];
    ((any::<usize>(), decision, any::<usize>(), via, seen()), (because(), note, edit, named, gate)).prop_map(
        |((which, decision, by, via, seen), (because, note, edit, named, gate))| Wish {
            which,
            decision,
            by,
            via,
            seen,
            because,
            note,
            edit,
            named,
            gate,
        },
    )
}

fn edge() -> impl Strategy<Value = Edge> {
    prop_oneof![Just(Edge::Entry), Just(Edge::Exit), Just(Edge::Escalation), Just(Edge::Budget)]
}

/// Who asked for the run, members of groups and others, with keys and without, some of them one person.
fn people(which: usize) -> Person {
    let all = [
        samples::somebody("bob"),
        samples::somebody("cleo"),
        samples::person(),
        samples::somebody("dora"),
        samples::signed("robot", "SHA256:maintainer"),
        samples::signed("dora", "SHA256:release"),
        samples::somebody("mallory"),
        Person { email: samples::somebody("bob").email, ..samples::somebody("cleo") },
    ];
    all[which % all.len()].clone()
}

/// Who decides there: mostly somebody who may.
fn decider(state: &RunState, open: &OpenGate, by: usize) -> Person {
    if by.is_multiple_of(5) {
        return people(by / 5);
    }
    let rule = state.started.pipeline.stage(&open.gate.stage).map(|stage| stage.rule(open.gate.edge));
    match rule.and_then(|rule| rule.authority) {
        Some(group) if group == "release" => samples::somebody("dora"),
        Some(_) | None if open.approved_by.is_empty() => samples::somebody("bob"),
        Some(_) | None => samples::somebody("cleo"),
    }
}

/// The command that a step comes to, now. `None` when only time passes.
pub(crate) fn command(
    step: &Step,
    state: Option<&RunState>,
    started: &RunStarted,
    mood: Mood,
) -> Option<Command> {
    let start = || Command::Start(Box::new(started.clone()));
    let Some(state) = state else {
        return match step {
            Step::Pass { .. } => None,
            Step::Resume => Some(Command::Resume),
            Step::Tick => Some(Command::Tick),
            Step::Start { entry } => {
                Some(Command::Start(Box::new(RunStarted { entry: *entry, ..started.clone() })))
            }
            Step::Perform { .. }
            | Step::Decide(_)
            | Step::Look { .. }
            | Step::Reveal { .. }
            | Step::Cancel { .. }
            | Step::RollBack { .. }
            | Step::Stray { .. } => Some(start()),
        };
    };
    Some(match step {
        Step::Pass { .. } => return None,
        Step::Start { .. } => start(),
        Step::Resume => Command::Resume,
        Step::Tick => Command::Tick,
        Step::Perform { which, end, used } => {
            let wanted = effects::effects(state);
            match wanted.get(which % wanted.len().max(1)) {
                Some(Effect { id, .. }) => {
                    let end = mood.bend(id.stage.as_str(), end, which / 8);
                    reported(state, id.stage.as_str(), id.attempt, &end, *used)
                }
                None => go_on(state, *which),
            }
        }
        Step::Decide(wish) => decide(state, wish),
        Step::Look { which, by, seen, verdict_shown } => {
            let open = some_gate(state, *which);
            let (gate, seen) = (open.gate.clone(), as_seen(seen, open.sees));
            Command::Look { gate, by: people(*by), seen, verdict_shown: *verdict_shown }
        }
        Step::Reveal { which, because } => {
            let stages = &state.started.pipeline.stages;
            let verify = stages.iter().find(|stage| stage.id.as_str() == "verify").expect("it verifies");
            let stage = if which % 4 == 0 { &stages[which % stages.len()] } else { verify };
            Command::Reveal {
                stage: stage.id.clone(),
                scorecard: Digest::of(b"scorecard"),
                by: people(*which),
                because: (*because).to_owned(),
            }
        }
        Step::Cancel { because } => Command::Cancel { by: samples::person(), because: (*because).to_owned() },
        Step::RollBack { because } => {
            Command::RollBack { commit: None, by: samples::person(), because: (*because).to_owned() }
        }
        Step::Stray { stage, attempt, end } => {
            let stages = &state.started.pipeline.stages;
            let stage = stages[stage % stages.len()].id.clone();
            reported(state, stage.as_str(), Attempt(*attempt), end, crate::walk::USED)
        }
    })
}

/// When nothing is performed: somebody decides, or what is blocked goes on, or what is due happens.
fn go_on(state: &RunState, which: usize) -> Command {
    if !state.open_gates().is_empty() {
        let wish = Wish {
            which,
            decision: None,
            by: which / 8,
            via: Channel::Command,
            seen: Seen::All,
            because: "R1 and R2 are served",
            note: Some("say what polite means"),
            edit: None,
            named: Named::AsNeeded,
            gate: None,
        };
        return decide(state, &wish);
    }
    if state.due().is_some() { Command::Tick } else { Command::Resume }
}

/// An open gate, or one that might be.
fn some_gate(state: &RunState, which: usize) -> OpenGate {
    let mut open = state.open_gates();
    if open.is_empty() {
        let (gate, since) = (samples::entry("merge"), state.changed_at);
        return OpenGate {
            gate,
            sees: Vec::new(),
            since,
            expires: None,
            approved_by: Vec::new(),
            escalation: None,
        };
    }
    open.swap_remove(which % open.len())
}

fn as_seen(seen: &Seen, sees: Vec<Digest>) -> Vec<Digest> {
    match seen {
        Seen::All => sees,
        Seen::Nothing => Vec::new(),
        Seen::Earlier => sees.into_iter().map(|_| Digest::of(b"earlier")).collect(),
    }
}

fn decide(state: &RunState, wish: &Wish) -> Command {
    let open = some_gate(state, wish.which);
    let stages = &state.started.pipeline.stages;
    let gate = match wish.gate {
        Some((stage, edge)) => GateId { stage: stages[stage % stages.len()].id.clone(), edge },
        None => open.gate.clone(),
    };
    let suits = match open.gate.edge {
        Edge::Entry | Edge::Exit | Edge::Budget => Decision::Approved,
        Edge::Escalation if wish.which.is_multiple_of(2) => Decision::Overridden,
        Edge::Escalation => Decision::Retried,
    };
    let decision = wish.decision.unwrap_or(suits);
    let by = decider(state, &open, wish.by);
    let note = wish.note.filter(|_| decision == Decision::Retried || wish.which.is_multiple_of(16));
    let wrong = open.escalation.iter().flat_map(|escalation| escalation.findings.clone());
    let more: FindingId = "R7:no_answer".parse().expect("a finding");
    let overrides = match (&wish.named, decision) {
        (Named::AsNeeded, Decision::Overridden) => wrong.collect(),
        (Named::AsNeeded | Named::None, _) => Vec::new(),
        (Named::OneMore, _) => wrong.chain([more]).collect(),
        (Named::Others, _) => wrong.map(|_| more.clone()).collect(),
    };
    let edited = wish.edit.as_ref().filter(|_| decision != Decision::Retried).map(|end| {
        let stage = gate.stage.as_str();
        Box::new(Artifact::new(offer::body(state, stage, Attempt(9), end), vec![Digest::of(b"a person")]))
    });
    Command::Decide(Box::new(Deciding {
        gate,
        decision,
        by,
        via: wish.via,
        because: wish.because.to_owned(),
        seen: as_seen(&wish.seen, open.sees),
        note: note.map(str::to_owned),
        edited,
        overrides,
    }))
}

/// How a try at a stage came out.
fn reported(state: &RunState, stage: &str, attempt: Attempt, end: &End, usage: Usage) -> Command {
    let id = samples::stage(stage);
    match end {
        End::Failed => {
            let (kind, detail) = (FailureKind::Unusable, "no".to_owned());
            Command::Fail { stage: id, attempt, kind, detail, usage }
        }
        End::Blocked => Command::Block { stage: id, attempt, detail: "nobody answers".to_owned(), usage },
        End::Elsewhere { tip } if stage == "merge" => {
            let tips: [GitOid; 3] = ['d', 'e', 'f'].map(samples::oid);
            Command::Move { stage: id, attempt, to: tips[tip % 3].clone() }
        }
        End::Elsewhere { tip } if tip % 2 == 0 => {
            Command::Conflict { stage: id, attempt, paths: vec!["greeting.txt".to_owned()] }
        }
        End::Good { .. }
        | End::Bad { .. }
        | End::Measured { .. }
        | End::OtherPatch
        | End::OtherKind
        | End::Elsewhere { .. } => Command::Produce {
            stage: id,
            attempt,
            artifact: Box::new(Artifact::new(offer::body(state, stage, attempt, end), Vec::new())),
            evidence: Vec::new(),
            usage,
        },
    }
}
