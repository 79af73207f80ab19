//! What is asked in a state: every letter of the world's alphabet that has a meaning there, rightly and wrongly made.

use factory_core::artifact::ArtifactKind;
use factory_core::event::{Channel, Decision};
use factory_core::ids::Timestamp;
use factory_core::pipeline::model::{Edge, ExitGate};
use factory_core::state::{RunState, StageStatus};

use super::letter::{Deciding, Extra, Fresh, Letter, Level, Offer, Piece, When};
use super::truth::Patch;
use super::world::World;

/// Everything that is asked in this state, in an order that depends on nothing else.
pub fn offers(world: &World, state: &RunState) -> Vec<Offer> {
    let mut letters = Vec::new();
    for place in world.places() {
        let stage = &state.stages[&world.stage(place).id];
        match &stage.status {
            StageStatus::Running { .. } => running(world, place, &mut letters),
            StageStatus::AtGate { edge, .. } => gate(world, place, *edge, &mut letters),
            StageStatus::Pending
            | StageStatus::Soaking { .. }
            | StageStatus::Blocked { .. }
            | StageStatus::Produced
            | StageStatus::Failed
            | StageStatus::Passed
            | StageStatus::Skipped => {}
        }
        if !matches!(stage.status, StageStatus::Running { .. }) {
            // Nobody performs it.
            letters.push(Letter::Fail { stage: place, level: Level::Nothing, attempt: Fresh::Stale });
        }
        if !matches!(stage.status, StageStatus::AtGate { edge: Edge::Exit, .. }) {
            // Nobody is asked there.
            let closed = deciding(place, Edge::Exit, Decision::Approved, Extra::None);
            letters.push(Letter::Decide(Deciding { seen: Fresh::Stale, ..closed }));
        }
        if world.stage(place).makes == ArtifactKind::Verify {
            letters.push(Letter::Reveal { stage: place });
        }
    }
    letters.extend([Letter::Start, Letter::Resume, Letter::Tick, Letter::RollBack, Letter::Cancel { by: 0 }]);
    let mut offers: Vec<Offer> =
        letters.iter().map(|letter| Offer { letter: *letter, when: When::Now }).collect();
    let timers = u8::try_from(timers(state).len()).expect("a run has a few timers");
    for timer in 0..timers {
        let late = letters
            .iter()
            .filter(|letter| **letter == Letter::Tick || (world.alphabet.late && !letter.is_impossible()));
        offers.extend(late.map(|letter| Offer { letter: *letter, when: When::Timer(timer) }));
    }
    offers
}

/// The times at which something happens by itself, in order. What is overdue is due now.
pub fn timers(state: &RunState) -> Vec<Timestamp> {
    let timers = state.stages.values().filter_map(|stage| timer(&stage.status));
    let mut timers: Vec<Timestamp> = timers.map(|timer| timer.max(state.changed_at)).collect();
    timers.sort_unstable();
    timers.dedup();
    if state.outcome.is_some() { Vec::new() } else { timers }
}

/// The time that a status waits for.
pub fn timer(status: &StageStatus) -> Option<Timestamp> {
    match status {
        StageStatus::Soaking { until } => Some(*until),
        StageStatus::AtGate { expires, .. } => *expires,
        StageStatus::Pending
        | StageStatus::Running { .. }
        | StageStatus::Blocked { .. }
        | StageStatus::Produced
        | StageStatus::Failed
        | StageStatus::Passed
        | StageStatus::Skipped => None,
    }
}

fn running(world: &World, place: u8, letters: &mut Vec<Letter>) {
    let stage = world.stage(place);
    let alphabet = &world.alphabet;
    let levels = if world.cap(stage).is_some() { alphabet.levels } else { &[Level::Nothing] };
    for &level in levels {
        for piece in pieces(world, stage.makes) {
            letters.push(Letter::Produce { stage: place, piece, level, attempt: Fresh::Current });
        }
        letters.push(Letter::Fail { stage: place, level, attempt: Fresh::Current });
        letters.push(Letter::Block { stage: place, level });
    }
    let level = Level::Nothing;
    for piece in wrong_pieces(stage.makes) {
        letters.push(Letter::Produce { stage: place, piece: *piece, level, attempt: Fresh::Current });
    }
    if alphabet.trips {
        letters.push(Letter::Trip { stage: place });
    }
    let first = pieces(world, stage.makes)[0];
    letters.push(Letter::Produce { stage: place, piece: first, level, attempt: Fresh::Stale });
    letters.push(Letter::Fail { stage: place, level, attempt: Fresh::Stale });
    if alphabet.commits > 1 {
        letters.push(Letter::Move { stage: place, elsewhere: true });
    }
    letters.push(Letter::Move { stage: place, elsewhere: false });
    letters.push(Letter::Conflict { stage: place });
}

/// What a stage can make. Never empty.
fn pieces(world: &World, makes: ArtifactKind) -> Vec<Piece> {
    let alphabet = &world.alphabet;
    match makes {
        ArtifactKind::Build => {
            let of = |patch: Patch| alphabet.checks.iter().map(move |color| Piece::Build(patch, *color));
            alphabet.patches.iter().flat_map(|patch| of(*patch)).chain([Piece::Unsound]).collect()
        }
        ArtifactKind::Review => vec![Piece::Review(false), Piece::Review(true), Piece::Unsound],
        ArtifactKind::Verify => alphabet.verdicts.iter().map(|found| Piece::Verify(*found)).collect(),
        ArtifactKind::Merge => vec![Piece::Merge],
        ArtifactKind::Plan if alphabet.longer => vec![Piece::Sound, Piece::Longer, Piece::Unsound],
        ArtifactKind::Lessons => vec![Piece::Sound],
        ArtifactKind::Spec
        | ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Tasks => vec![Piece::Sound, Piece::Unsound],
    }
}

fn wrong_pieces(makes: ArtifactKind) -> &'static [Piece] {
    match makes {
        ArtifactKind::Build => &[Piece::BuildElsewhere, Piece::WrongKind],
        ArtifactKind::Verify => &[Piece::VerifyOther, Piece::WrongKind],
        ArtifactKind::Merge => &[Piece::MergeOther, Piece::MergeElsewhere, Piece::WrongKind],
        ArtifactKind::Spec
        | ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Tasks
        | ArtifactKind::Review
        | ArtifactKind::Lessons => &[Piece::WrongKind],
    }
}

fn deciding(stage: u8, edge: Edge, decision: Decision, extra: Extra) -> Deciding {
    let via = Channel::Command;
    Deciding { stage, edge, by: 0, decision, via, seen: Fresh::Current, extra, reason: true }
}

fn gate(world: &World, place: u8, edge: Edge, letters: &mut Vec<Letter>) {
    let alphabet = &world.alphabet;
    let cast = 0..u8::try_from(world.cast.len()).expect("a few people");
    let mut ways = vec![
        (Decision::Approved, Extra::None),
        (Decision::Rejected, Extra::None),
        (Decision::Retried, Extra::Note),
        (Decision::Overridden, Extra::AllFindings),
    ];
    let mistakes = [
        (Decision::Retried, Extra::None),
        (Decision::Retried, Extra::EmptyNote),
        (Decision::Overridden, Extra::None),
        (Decision::Overridden, Extra::OtherFindings),
        (Decision::Approved, Extra::Note),
        (Decision::Rejected, Extra::OtherFindings),
    ];
    let changed = [(Decision::Approved, Extra::Edited), (Decision::Approved, Extra::EditedBadly)];
    if alphabet.edits && world.stage(place).exit_gate == ExitGate::Human {
        ways.extend(changed);
    }
    if alphabet.every_mistake {
        ways.extend(mistakes);
    }
    for by in cast.clone() {
        for &(decision, extra) in &ways {
            for &via in alphabet.channels {
                // Who looks in advance looks at nothing: that they may not at all is tried with one decision.
                if via == Channel::InAdvance && !alphabet.every_mistake && decision != Decision::Approved {
                    continue;
                }
                let right = Deciding { by, via, ..deciding(place, edge, decision, extra) };
                letters.push(Letter::Decide(right));
                if alphabet.every_mistake {
                    letters.push(Letter::Decide(Deciding { seen: Fresh::Stale, ..right }));
                }
            }
        }
    }
    if !alphabet.every_mistake {
        letters
            .extend(mistakes.map(|(decision, extra)| Letter::Decide(deciding(place, edge, decision, extra))));
    }
    for decision in [Decision::Approved, Decision::Overridden] {
        let extra = if decision == Decision::Approved { Extra::None } else { Extra::AllFindings };
        for by in cast.clone() {
            let right = Deciding { by, ..deciding(place, edge, decision, extra) };
            letters.push(Letter::Decide(Deciding { seen: Fresh::Stale, ..right }));
            letters.push(Letter::Decide(Deciding { reason: false, ..right }));
        }
    }
    if alphabet.looks {
        for by in cast {
            for verdict in [false, true] {
                letters.push(Letter::Look { stage: place, edge, by, verdict, seen: Fresh::Current });
            }
            letters.push(Letter::Look { stage: place, edge, by, verdict: true, seen: Fresh::Stale });
        }
    }
}
