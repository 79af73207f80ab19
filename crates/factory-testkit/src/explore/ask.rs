//! The command that a letter is in a given state, and the time at which it is given.

use factory_core::artifact::{Artifact, ArtifactKind};
use factory_core::command::{Command, Deciding as Decision};
use factory_core::event::FailureKind;
use factory_core::ids::{Attempt, Digest, FindingId, StageId, Timestamp, Usage};
use factory_core::pipeline::model::{Edge, GateId};
use factory_core::state::{RunState, StageStatus};

use super::catalog::Catalog;
use super::letter::{Deciding, Extra, Fresh, Letter, Level, Piece, When};
use super::offers;
use super::truth::{self, Color, Finding, Patch, Truth};
use super::world::World;

/// What counts as a reason.
const REASON: &str = "read line by line and compared with the plan";

/// What is said of what a tripwire caught.
const CAUGHT: &str = "it holds what only the holdouts say";

fn caught(finding: &str) -> Vec<FindingId> {
    vec![finding.parse().expect("a finding")]
}

/// The time of an offer. A command that comes at once comes with a clock that has gone back: by its promise the machine
/// then takes the time of the last decision.
pub fn time(state: &RunState, when: When) -> Timestamp {
    match when {
        When::Now => Timestamp(0),
        When::Timer(nth) => offers::timers(state)[usize::from(nth)],
    }
}

/// The command.
pub fn command(world: &World, catalog: &mut Catalog, state: &RunState, letter: &Letter) -> Command {
    let id = |stage: u8| world.stage(stage).id.clone();
    let person = |by: u8| world.cast[usize::from(by)].person.clone();
    match *letter {
        Letter::Start => Command::Start(Box::new(world.started.clone())),
        Letter::Produce { stage, piece: piece @ Piece::Build(Patch::Caught, _), level, attempt } => {
            Command::Quarantine {
                stage: id(stage),
                attempt: attempt_at(state, &id(stage), attempt),
                artifact: Some(Box::new(artifact(world, catalog, state, stage, piece))),
                evidence: Vec::new(),
                findings: caught("canary:greeting.txt"),
                detail: CAUGHT.to_owned(),
                usage: usage(world, stage, level),
            }
        }
        Letter::Trip { stage } => Command::Quarantine {
            stage: id(stage),
            attempt: attempt_at(state, &id(stage), Fresh::Current),
            artifact: None,
            evidence: Vec::new(),
            findings: caught("canary:message"),
            detail: CAUGHT.to_owned(),
            usage: Usage::default(),
        },
        Letter::Produce { stage, piece, level, attempt } => Command::Produce {
            stage: id(stage),
            attempt: attempt_at(state, &id(stage), attempt),
            artifact: Box::new(artifact(world, catalog, state, stage, piece)),
            evidence: Vec::new(),
            usage: usage(world, stage, level),
        },
        Letter::Fail { stage, level, attempt } => Command::Fail {
            stage: id(stage),
            attempt: attempt_at(state, &id(stage), attempt),
            kind: FailureKind::Limit,
            detail: "time ran out".to_owned(),
            usage: usage(world, stage, level),
        },
        Letter::Block { stage, level } => Command::Block {
            stage: id(stage),
            attempt: attempt_at(state, &id(stage), Fresh::Current),
            detail: "no route".to_owned(),
            usage: usage(world, stage, level),
        },
        Letter::Move { stage, elsewhere } => Command::Move {
            stage: id(stage),
            attempt: attempt_at(state, &id(stage), Fresh::Current),
            to: truth::base((base(state) + u8::from(elsewhere)) % world.alphabet.commits.max(1)),
        },
        Letter::Conflict { stage } => Command::Conflict {
            stage: id(stage),
            attempt: attempt_at(state, &id(stage), Fresh::Current),
            paths: vec!["greeting.txt".to_owned()],
        },
        Letter::Resume => Command::Resume,
        Letter::Tick => Command::Tick,
        Letter::Cancel { by } => Command::Cancel { by: person(by), because: REASON.to_owned() },
        Letter::Look { stage, edge, by, verdict, seen } => Command::Look {
            gate: GateId { stage: id(stage), edge },
            by: person(by),
            seen: sees(state, &id(stage), seen),
            verdict_shown: verdict,
        },
        Letter::Decide(deciding) => Command::Decide(Box::new(decision(world, catalog, state, &deciding))),
        Letter::Reveal { stage } => Command::Reveal {
            stage: id(stage),
            scorecard: Digest::of(b"scorecard"),
            by: person(0),
            because: REASON.to_owned(),
        },
        Letter::RollBack => Command::RollBack {
            commit: None,
            by: person(0),
            because: "it greets rudely after all".to_owned(),
        },
    }
}

fn decision(world: &World, catalog: &mut Catalog, state: &RunState, deciding: &Deciding) -> Decision {
    let id = &world.stage(deciding.stage).id;
    let because = if deciding.reason { REASON } else { "ok" };
    let plain = Decision::plain(
        GateId { stage: id.clone(), edge: deciding.edge },
        deciding.decision,
        world.cast[usize::from(deciding.by)].person.clone(),
        deciding.via,
        because.to_owned(),
        sees(state, id, deciding.seen),
    );
    let other = || "something-else".parse::<FindingId>().expect("a finding");
    match deciding.extra {
        Extra::None => plain,
        Extra::Note => Decision { note: Some("say please, and say it first".to_owned()), ..plain },
        Extra::EmptyNote => Decision { note: Some("…".to_owned()), ..plain },
        Extra::Edited => Decision { edited: edited(world, catalog, state, deciding.stage), ..plain },
        Extra::EditedBadly => {
            let bad = artifact(world, catalog, state, deciding.stage, unsound(world, deciding.stage));
            Decision { edited: Some(Box::new(bad)), ..plain }
        }
        Extra::AllFindings => Decision { overrides: findings(state, id), ..plain },
        Extra::OtherFindings => {
            let mut overrides = findings(state, id);
            overrides.pop();
            overrides.push(other());
            Decision { overrides, ..plain }
        }
    }
}

fn unsound(world: &World, stage: u8) -> Piece {
    match world.stage(stage).makes {
        ArtifactKind::Verify | ArtifactKind::Merge | ArtifactKind::Lessons => Piece::WrongKind,
        ArtifactKind::Spec
        | ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Tasks
        | ArtifactKind::Build
        | ArtifactKind::Review => Piece::Unsound,
    }
}

/// Another plan than the one that is there; for what is no plan, the same again.
fn edited(world: &World, catalog: &mut Catalog, state: &RunState, stage: u8) -> Option<Box<Artifact>> {
    let made = state.stages[&world.stage(stage).id].artifact.as_ref()?;
    let there = catalog.find(&made.digest)?;
    let changed = match catalog.truth(there).clone() {
        Truth::Sound { kind: ArtifactKind::Plan, steps } => {
            Truth::Sound { kind: ArtifactKind::Plan, steps: 3 - steps }
        }
        truth => truth,
    };
    let item = catalog.item(&changed);
    Some(Box::new(catalog.artifact(item).clone()))
}

fn findings(state: &RunState, id: &StageId) -> Vec<FindingId> {
    match &state.stages[id].status {
        StageStatus::AtGate { escalation: Some(escalation), .. } => escalation.findings.clone(),
        StageStatus::AtGate { .. }
        | StageStatus::Pending
        | StageStatus::Soaking { .. }
        | StageStatus::Running { .. }
        | StageStatus::Blocked { .. }
        | StageStatus::Produced
        | StageStatus::Failed
        | StageStatus::Passed
        | StageStatus::Skipped => Vec::new(),
    }
}

/// What the gate shows, or something else.
fn sees(state: &RunState, id: &StageId, fresh: Fresh) -> Vec<Digest> {
    let stage = &state.stages[id];
    let mut sees = match &stage.status {
        StageStatus::AtGate {
            edge: Edge::Entry | Edge::Exit | Edge::Escalation | Edge::Budget,
            sees,
            ..
        } => sees.clone(),
        StageStatus::Pending
        | StageStatus::Soaking { .. }
        | StageStatus::Running { .. }
        | StageStatus::Blocked { .. }
        | StageStatus::Produced
        | StageStatus::Failed
        | StageStatus::Passed
        | StageStatus::Skipped => stage.artifact.iter().map(|made| made.digest.clone()).collect(),
    };
    if fresh == Fresh::Stale && matches!(stage.status, StageStatus::AtGate { .. }) {
        sees.pop();
        sees.push(Digest::of(b"what was there before"));
    }
    sees
}

/// The try that is being made; or one that is not: the one before it, or the last one where nothing is performed.
fn attempt_at(state: &RunState, id: &StageId, fresh: Fresh) -> Attempt {
    let stage = &state.stages[id];
    let is_made = matches!(stage.status, StageStatus::Running { .. });
    match fresh {
        Fresh::Stale if is_made => Attempt(stage.last_attempt - 1),
        Fresh::Current | Fresh::Stale => Attempt(stage.last_attempt),
    }
}

fn usage(world: &World, stage: u8, level: Level) -> Usage {
    let cap = world.cap(world.stage(stage)).unwrap_or(0);
    let tokens = match level {
        Level::Nothing => return Usage::default(),
        Level::Half => cap / 2,
        Level::Over => cap + cap / 2,
    };
    Usage { calls: 1, input_tokens: tokens, output_tokens: 0, micro_usd: Some(0) }
}

fn base(state: &RunState) -> u8 {
    truth::number(&state.base).expect("the base only moves to where it is told")
}

fn artifact(world: &World, catalog: &mut Catalog, state: &RunState, stage: u8, piece: Piece) -> Artifact {
    let kind = world.stage(stage).makes;
    let build = || built(world, catalog, state, stage);
    let base = base(state);
    let truth = match piece {
        Piece::Sound => Truth::Sound { kind, steps: 1 },
        Piece::Longer => Truth::Sound { kind, steps: 2 },
        Piece::Unsound => Truth::Unsound { kind, base: if kind == ArtifactKind::Build { base } else { 0 } },
        Piece::Build(patch, checks) => Truth::Build { patch, checks, base },
        Piece::BuildElsewhere => {
            Truth::Build { patch: Patch::A, checks: Color::Green, base: elsewhere(base) }
        }
        Piece::Review(objects) => Truth::Review { objects, of: Box::new(build()) },
        Piece::Verify(found) => {
            let of = build();
            Truth::Verify { found, patch: patch(&of), of: Box::new(of) }
        }
        Piece::VerifyOther => {
            let of = build();
            Truth::Verify { found: Finding::Pass, patch: patch(&of).other(), of: Box::new(of) }
        }
        Piece::Merge => Truth::Merge { patch: patch(&build()), base },
        Piece::MergeOther => Truth::Merge { patch: patch(&build()).other(), base },
        Piece::MergeElsewhere => Truth::Merge { patch: patch(&build()), base: elsewhere(base) },
        Piece::WrongKind if kind == ArtifactKind::Recon => {
            Truth::Sound { kind: ArtifactKind::Design, steps: 1 }
        }
        Piece::WrongKind => Truth::Sound { kind: ArtifactKind::Recon, steps: 1 },
    };
    let item = catalog.item(&truth);
    catalog.artifact(item).clone()
}

fn elsewhere(base: u8) -> u8 {
    if base == 0 { 9 } else { 0 }
}

fn patch(build: &Truth) -> Patch {
    match build {
        Truth::Build { patch, .. } => *patch,
        Truth::Sound { .. }
        | Truth::Unsound { .. }
        | Truth::Review { .. }
        | Truth::Verify { .. }
        | Truth::Merge { .. } => Patch::A,
    }
}

/// The build that a stage is to work on; one that nobody made where there is none.
fn built(world: &World, catalog: &Catalog, state: &RunState, stage: u8) -> Truth {
    let builds = |need: &&StageId| {
        world.pipeline().stage(need).is_some_and(|stage| stage.makes == ArtifactKind::Build)
    };
    let build = world.stage(stage).needs.iter().find(builds);
    let made = build.and_then(|id| state.stages[id].artifact.as_ref());
    made.and_then(|made| catalog.find(&made.digest))
        .map_or(Truth::Build { patch: Patch::A, checks: Color::Green, base: 0 }, |item| {
            catalog.truth(item).clone()
        })
}
