//! Ways in which the machine could be broken, at least one for each promise.

use factory_core::artifact::{Artifact, ArtifactKind, Body, CheckResult};
use factory_core::command::{Command, Deciding};
use factory_core::decide;
use factory_core::event::{Channel, Decision, Event, GateDecided, SentBack};
use factory_core::evolve;
use factory_core::ids::{Attempt, Digest, StageId, Timestamp};
use factory_core::pipeline::model::{Edge, Role};
use factory_core::state::{RunState, StageStatus};

use super::cast;
use super::invariant::Invariant;
use super::letter::Level;
use super::piece::Color;
use super::sabotage::Sabotage;
use super::world::Alphabet;
use super::worlds;

/// Every sabotage.
pub fn all() -> Vec<Sabotage> {
    [verified(), authority(), unscored(), reopened(), waits(), budget(), end(), refusal()].concat()
}

fn verified() -> Vec<Sabotage> {
    let of = |words, world| Sabotage::new(words, Invariant::Verified, world);
    vec![
        of("merges whatever patch it is given", worlds::least())
            .before(|state, command| {
                if let (Some(Body::Merge(merge)), Some(built)) = (made(command), built(state)) {
                    merge.patch = built;
                }
            })
            .log(as_given),
        of("merges onto whatever base it is given", worlds::least())
            .before(|state, command| {
                if let Some(Body::Merge(merge)) = made(command) {
                    merge.base = state.base.clone();
                }
            })
            .log(as_given),
        of("takes verdicts on whatever patch", worlds::least())
            .before(|state, command| {
                if let (Some(Body::Verify(verify)), Some(built)) = (made(command), built(state)) {
                    verify.patch = built;
                }
            })
            .log(as_given),
        of("goes on to merge when the base has moved", worlds::least()).log(|_, _, events| {
            until(events, |event| {
                matches!(event, Event::SentBack { correction: SentBack::Rebase { .. }, .. })
            })
        }),
        of("lets a verdict be overridden by whoever names anything", worlds::least())
            .before(|state, command| {
                if let Some(deciding) = deciding(command).filter(|of| of.decision == Decision::Overridden) {
                    let escalation = state.open_gates().into_iter().find(|open| open.gate == deciding.gate);
                    let escalation = escalation.and_then(|open| open.escalation);
                    deciding.overrides = escalation.map_or(Vec::new(), |escalation| escalation.findings);
                }
            })
            .log(as_decided),
    ]
}

fn authority() -> Vec<Sabotage> {
    let of = |words, world| Sabotage::new(words, Invariant::Authority, world);
    vec![
        of("lets anybody decide", worlds::four_eyes())
            .before(|state, command| {
                let people = [cast::bob(), cast::cyd(), cast::ada(), cast::dan()];
                for actor in people {
                    let given = command.clone();
                    if let Some(deciding) = deciding(command) {
                        deciding.by = actor.person;
                    }
                    if decide::decide(Some(state), command.clone(), Timestamp(0)).is_ok() {
                        break;
                    }
                    *command = given;
                }
            })
            .log(as_decided),
        of("lets a gate that asks for somebody be decided in advance", worlds::four_eyes())
            .before(|_, command| {
                if let Some(deciding) = deciding(command) {
                    deciding.via = Channel::Command;
                }
            })
            .log(as_decided),
        of("lets policy pass gates of people", worlds::least()).log(|_, _, mut events| {
            let opened = events
                .iter()
                .position(|event| gate_opened(event).is_some_and(|edge| edge != Edge::Escalation));
            if let Some(at) = opened {
                if let Event::GateOpened { gate, sees, .. } = events[at].clone() {
                    events.truncate(at);
                    let reason = "nobody has to be asked".to_owned();
                    events.push(Event::PolicyJudged { gate, sees, passed: true, reason, scored: None });
                }
            }
            events
        }),
        of("counts approvals of what was there before a change", worlds::four_eyes()).after(
            |before, state, _| {
                for (id, stage) in &mut state.stages {
                    if let (
                        StageStatus::AtGate { approved_by, sees, .. },
                        StageStatus::AtGate { approved_by: old, sees: seen, .. },
                    ) = (&mut stage.status, &before.stages[id].status)
                    {
                        if sees != seen {
                            approved_by.extend(old.iter().cloned());
                        }
                    }
                }
            },
        ),
    ]
}

fn unscored() -> Vec<Sabotage> {
    let of = |words, world| Sabotage::new(words, Invariant::Unscored, world);
    let red = Alphabet { checks: &[Color::Green, Color::Red], ..worlds::least().alphabet };
    vec![
        of("takes what could not be scored for passed", worlds::least()).log(|_, command, events| {
            let wanted = |body: &Body| matches!(body, Body::Verify(verify) if verify.inconclusive > 0);
            if body(command).is_some_and(wanted) { passed(events) } else { events }
        }),
        of("takes what failed for passed", worlds::least()).log(|_, command, events| {
            let wanted = |body: &Body| matches!(body, Body::Verify(verify) if verify.failed > 0);
            if body(command).is_some_and(wanted) { passed(events) } else { events }
        }),
        of("takes what is blocked for passed", worlds::least()).after(|_, state, _| {
            for stage in state.stages.values_mut() {
                if matches!(stage.status, StageStatus::Blocked { .. }) {
                    stage.status = StageStatus::Passed;
                }
            }
        }),
        of("goes on with a build whose checks are red", worlds::least().asking(red)).log(|_, command, events| {
            let wanted = |body: &Body| matches!(body, Body::Build(build) if !build.checks.iter().all(CheckResult::passed));
            if body(command).is_some_and(wanted) {
                until(events, |event| !matches!(event, Event::StageProduced { .. }))
            } else {
                events
            }
        }),
    ]
}

fn reopened() -> Vec<Sabotage> {
    let of = |words| Sabotage::new(words, Invariant::Reopened, worlds::least());
    vec![
        of("leaves gates passed when work goes back").after(|before, state, events| {
            if events.iter().any(|event| matches!(event, Event::SentBack { .. })) {
                for (id, stage) in &mut state.stages {
                    stage.entered = before.stages[id].entered;
                }
            }
        }),
        of("leaves standing what was made after the stage that gets the work back").after(
            |before, state, events| {
                if events.iter().any(|event| matches!(event, Event::SentBack { .. })) {
                    for (id, stage) in &mut state.stages {
                        if before.stages[id].status == StageStatus::Passed
                            && stage.status == StageStatus::Pending
                        {
                            stage.clone_from(&before.stages[id]);
                        }
                    }
                }
            },
        ),
        of("takes decisions about what is not there any more")
            .before(|state, command| {
                if let Some(deciding) = deciding(command) {
                    let open = state.open_gates().into_iter().find(|open| open.gate == deciding.gate);
                    deciding.seen = open.map_or(Vec::new(), |open| open.sees);
                }
            })
            .log(as_decided),
    ]
}

fn waits() -> Vec<Sabotage> {
    let of = |words, world| Sabotage::new(words, Invariant::Waits, world);
    vec![
        of("writes down everything but the end", worlds::least())
            .log(|_, _, events| until(events, |event| matches!(event, Event::RunEnded { .. }))),
        of("asks nobody where a stage is stuck", worlds::least())
            .log(|_, _, events| until(events, |event| gate_opened(event) == Some(Edge::Escalation))),
        of("never notices the time", worlds::timers()).before(|state, command| {
            if matches!(command, Command::Tick) {
                *command = Command::Start(Box::new(state.started.clone()));
            }
        }),
        of("counts no tries", worlds::least()).after(|_, state, _| {
            for stage in state.stages.values_mut() {
                (stage.tries, stage.granted) = (0, 0);
            }
        }),
    ]
}

fn budget() -> Vec<Sabotage> {
    let little = Alphabet { levels: &[Level::Over], ..worlds::budgets().alphabet };
    let of = |words| Sabotage::new(words, Invariant::Limits, worlds::budgets().asking(little.clone()));
    vec![
        of("starts a stage whose budget is spent").log(|state, _, mut events| {
            let opened = events.iter().position(|event| gate_opened(event) == Some(Edge::Budget));
            if let Some(at) = opened {
                if let Event::GateOpened { gate, .. } = events[at].clone() {
                    events.truncate(at);
                    events.push(start(state, gate.stage));
                }
            }
            events
        }),
        of("gives a stage one try more").before(|state, command| {
            if matches!(command, Command::Fail { .. }) {
                for stage in state.stages.values_mut() {
                    stage.granted += 1;
                }
            }
        }),
        of("starts all that could start, whoever else is spending").log(|state, _, mut events| {
            let after = evolve::evolve_all(Some(state.clone()), &events, state.changed_at);
            if let Ok(Some(after)) = after {
                if after.outcome.is_none() {
                    events.extend(startable(&after).into_iter().map(|stage| start(&after, stage)));
                }
            }
            events
        }),
    ]
}

fn end() -> Vec<Sabotage> {
    let of = |words, world| Sabotage::new(words, Invariant::End, world);
    vec![
        of("lets a run that is over be stopped", worlds::least()).before(|state, command| {
            if matches!(command, Command::Cancel { .. }) {
                state.outcome = None;
            }
        }),
        of("takes a merge back as often as it is asked to", worlds::least()).before(|state, command| {
            if matches!(command, Command::RollBack { .. }) {
                state.rolled_back = false;
            }
        }),
        of("sends work back to the build whatever is merged", worlds::beside()).log(
            |state, _, mut events| {
                let refused = events.iter().find_map(|event| match event {
                    Event::PolicyJudged { gate, passed: false, .. } => Some(gate.stage.clone()),
                    _ => None,
                });
                if let (Some(from), Some(_)) = (refused, state.merged()) {
                    events.retain(|event| !matches!(event, Event::RunEnded { .. }));
                    let to = "build".parse().expect("the stage of that world");
                    events.push(Event::SentBack {
                        from,
                        to,
                        correction: SentBack::Checks { logs: Vec::new() },
                    });
                }
                events
            },
        ),
    ]
}

fn refusal() -> Vec<Sabotage> {
    let of = |words| Sabotage::new(words, Invariant::Refusal, worlds::least());
    vec![
        of("remembers what it refused").refused(|state| state.changed_at.0 += 1),
        of("believes reports on tries that are not made").before(|state, command| {
            if let Command::Fail { stage, attempt, .. } = command {
                if let StageStatus::Running { attempt: running } = state.stages[stage].status {
                    *attempt = running;
                }
            }
        }),
        of("asks for no reasons").before(|_, command| {
            if let Some(deciding) = deciding(command) {
                "nobody has asked for one".clone_into(&mut deciding.because);
            }
        }),
    ]
}

fn made(command: &mut Command) -> Option<&mut Body> {
    match command {
        Command::Produce { artifact, .. } => Some(&mut artifact.body),
        _ => None,
    }
}

fn body(command: &Command) -> Option<&Body> {
    match command {
        Command::Produce { artifact, .. } => Some(&artifact.body),
        _ => None,
    }
}

fn deciding(command: &mut Command) -> Option<&mut Deciding> {
    match command {
        Command::Decide(deciding) => Some(deciding),
        _ => None,
    }
}

fn gate_opened(event: &Event) -> Option<Edge> {
    match event {
        Event::GateOpened { gate, .. } => Some(gate.edge),
        _ => None,
    }
}

/// The patch that is there.
fn built(state: &RunState) -> Option<Digest> {
    let mut made = state.stages.values().filter_map(|stage| stage.artifact.as_ref());
    made.find(|artifact| artifact.kind == ArtifactKind::Build)?.patch.clone()
}

/// What was made goes into the log as it was given.
fn as_given(_: &RunState, command: &Command, mut events: Vec<Event>) -> Vec<Event> {
    if let (Some(Event::StageProduced { artifact, .. }), Command::Produce { artifact: given, .. }) =
        (events.first_mut(), command)
    {
        artifact.digest = Artifact::digest(given);
    }
    events
}

/// What was decided goes into the log as it was given.
fn as_decided(_: &RunState, command: &Command, mut events: Vec<Event>) -> Vec<Event> {
    if let (Some(Event::GateDecided(decided)), Command::Decide(given)) = (events.first_mut(), command) {
        let GateDecided { by, via, seen, overrides, .. } = &mut **decided;
        by.clone_from(&given.by);
        *via = given.via;
        seen.clone_from(&given.seen);
        overrides.clone_from(&given.overrides);
    }
    events
}

/// The events before the first of that kind.
fn until(mut events: Vec<Event>, kind: fn(&Event) -> bool) -> Vec<Event> {
    if let Some(at) = events.iter().position(kind) {
        events.truncate(at);
    }
    events
}

/// The events up to policy's verdict, which is that it passed.
fn passed(mut events: Vec<Event>) -> Vec<Event> {
    let judged = events.iter_mut().position(|event| match event {
        Event::PolicyJudged { passed, .. } => {
            *passed = true;
            true
        }
        _ => false,
    });
    if let Some(at) = judged {
        events.truncate(at + 1);
    }
    events
}

fn start(state: &RunState, stage: StageId) -> Event {
    let attempt = Attempt(state.stages[&stage].last_attempt).next();
    Event::StageStarted { stage, attempt }
}

/// Stages that ask a model, and wait for nothing but their turn.
fn startable(state: &RunState) -> Vec<StageId> {
    let stages = state.started.pipeline.stages.iter();
    let pending = stages.filter(|stage| {
        let ready = stage.needs.iter().all(|need| state.settled(need));
        stage.role != Role::None && ready && state.stages[&stage.id].status == StageStatus::Pending
    });
    pending.map(|stage| stage.id.clone()).collect()
}
