//! Ways in which the machine could be broken, at least one for each promise.

use factory_core::artifact::{Body, CheckResult};
use factory_core::command::Command;
use factory_core::decide;
use factory_core::event::{Channel, Decision, Event, SentBack, Stuck};
use factory_core::evolve;
use factory_core::ids::Timestamp;
use factory_core::pipeline::model::Edge;
use factory_core::state::StageStatus;

use super::cast;
use super::invariant::Invariant;
use super::letter::Level;
use super::sabotage::Sabotage;
use super::tamper;
use super::truth::Color;
use super::world::Alphabet;
use super::worlds;

/// Every sabotage.
pub fn all() -> Vec<Sabotage> {
    [verified(), authority(), unscored(), reopened(), waits(), limits(), end(), refusal(), quarantine()]
        .concat()
}

fn verified() -> Vec<Sabotage> {
    let of = |words, world| Sabotage::new(words, Invariant::Verified, world);
    vec![
        of("merges whatever patch it is given", worlds::least())
            .before(|state, command| {
                if let (Some(Body::Merge(merge)), Some(built)) = (tamper::made(command), tamper::built(state))
                {
                    merge.patch = built;
                }
            })
            .log(tamper::as_given),
        of("merges onto whatever base it is given", worlds::least())
            .before(|state, command| {
                if let Some(Body::Merge(merge)) = tamper::made(command) {
                    merge.base = state.base.clone();
                }
            })
            .log(tamper::as_given),
        of("takes verdicts on whatever patch", worlds::least())
            .before(|state, command| {
                if let (Some(Body::Verify(verify)), Some(built)) =
                    (tamper::made(command), tamper::built(state))
                {
                    verify.patch = built;
                }
            })
            .log(tamper::as_given),
        of("goes on to merge when the base has moved", worlds::least()).log(|_, _, events| {
            tamper::until(events, |event| {
                matches!(event, Event::SentBack { correction: SentBack::Rebase { .. }, .. })
            })
        }),
        of("lets a verdict be overridden by whoever names anything", worlds::least())
            .before(|state, command| {
                if let Some(deciding) =
                    tamper::deciding(command).filter(|of| of.decision == Decision::Overridden)
                {
                    let escalation = state.open_gates().into_iter().find(|open| open.gate == deciding.gate);
                    let escalation = escalation.and_then(|open| open.escalation);
                    deciding.overrides = escalation.map_or(Vec::new(), |escalation| escalation.findings);
                }
            })
            .log(tamper::as_decided),
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
                    if let Some(deciding) = tamper::deciding(command) {
                        deciding.by = actor.person;
                    }
                    if decide::decide(Some(state), command.clone(), Timestamp(0)).is_ok() {
                        break;
                    }
                    *command = given;
                }
            })
            .log(tamper::as_decided),
        of("lets a gate that asks for somebody be decided in advance", worlds::four_eyes())
            .before(|_, command| {
                if let Some(deciding) = tamper::deciding(command) {
                    deciding.via = Channel::Command;
                }
            })
            .log(tamper::as_decided),
        of("takes a patch that touches what belongs to people without asking", worlds::protected())
            .before(|state, _| state.started.spec.protected.clear()),
        of("lets such a patch be approved in advance", worlds::protected())
            .before(|_, command| {
                if let Some(deciding) = tamper::deciding(command) {
                    deciding.via = Channel::Command;
                }
            })
            .log(tamper::as_decided),
        of("lets policy pass gates of people", worlds::least()).log(|_, _, mut events| {
            let opened = events
                .iter()
                .position(|event| tamper::gate_opened(event).is_some_and(|edge| edge != Edge::Escalation));
            if let Some(at) = opened
                && let Event::GateOpened { gate, sees, .. } = events[at].clone()
            {
                events.truncate(at);
                let reason = "nobody has to be asked".to_owned();
                events.push(Event::PolicyJudged { gate, sees, passed: true, reason, scored: None });
            }
            events
        }),
        of("passes the gate of a person for what was let out of quarantine", worlds::guarded_quarantine())
            .log(|_, command, events| {
                let overridden =
                    matches!(command, Command::Decide(of) if of.decision == Decision::Overridden);
                let opened = |event: &Event| tamper::gate_opened(event) == Some(Edge::Exit);
                if overridden { tamper::until(events, opened) } else { events }
            })
            .after(|_, state, _| {
                for stage in state.stages.values_mut() {
                    if stage.status == StageStatus::Produced {
                        stage.status = StageStatus::Passed;
                    }
                }
            }),
        of("counts approvals of what was there before a change", worlds::four_eyes()).after(
            |before, state, _| {
                for (id, stage) in &mut state.stages {
                    if let (
                        StageStatus::AtGate { approved_by, sees, .. },
                        StageStatus::AtGate { approved_by: old, sees: seen, .. },
                    ) = (&mut stage.status, &before.stages[id].status)
                        && sees != seen
                    {
                        approved_by.extend(old.iter().cloned());
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
            if tamper::body(command).is_some_and(wanted) { tamper::passed(events) } else { events }
        }),
        of("takes what failed for passed", worlds::least()).log(|_, command, events| {
            let wanted = |body: &Body| matches!(body, Body::Verify(verify) if verify.failed > 0);
            if tamper::body(command).is_some_and(wanted) { tamper::passed(events) } else { events }
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
            if tamper::body(command).is_some_and(wanted) {
                tamper::until(events, |event| !matches!(event, Event::StageProduced { .. }))
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
                if let Some(deciding) = tamper::deciding(command) {
                    let open = state.open_gates().into_iter().find(|open| open.gate == deciding.gate);
                    deciding.seen = open.map_or(Vec::new(), |open| open.sees);
                }
            })
            .log(tamper::as_decided),
    ]
}

fn waits() -> Vec<Sabotage> {
    let of = |words, world| Sabotage::new(words, Invariant::Waits, world);
    vec![
        of("writes down everything but the end", worlds::least())
            .log(|_, _, events| tamper::until(events, |event| matches!(event, Event::RunEnded { .. }))),
        of("asks nobody where a stage is stuck", worlds::least()).log(|_, _, events| {
            tamper::until(events, |event| tamper::gate_opened(event) == Some(Edge::Escalation))
        }),
        of("never notices the time", worlds::timers()).before(|state, command| {
            if matches!(command, Command::Tick) {
                *command = Command::Start(Box::new(state.started.clone()));
            }
        }),
    ]
}

fn limits() -> Vec<Sabotage> {
    let little = Alphabet { levels: &[Level::Over], ..worlds::budgets().alphabet };
    let of = |words| Sabotage::new(words, Invariant::Limits, worlds::budgets().asking(little.clone()));
    vec![
        of("starts a stage whose budget is spent").log(|state, _, mut events| {
            let opened = events.iter().position(|event| tamper::gate_opened(event) == Some(Edge::Budget));
            if let Some(at) = opened
                && let Event::GateOpened { gate, .. } = events[at].clone()
            {
                events.truncate(at);
                events.push(tamper::start(state, gate.stage));
            }
            events
        }),
        of("counts no tries").after(|_, state, _| {
            for stage in state.stages.values_mut() {
                (stage.tries, stage.granted) = (0, 0);
            }
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
            if let Ok(Some(after)) = after
                && after.outcome.is_none()
            {
                events
                    .extend(tamper::startable(&after).into_iter().map(|stage| tamper::start(&after, stage)));
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
            if let Command::Fail { stage, attempt, .. } = command
                && let StageStatus::Running { attempt: running } = state.stages[stage].status
            {
                *attempt = running;
            }
        }),
        of("asks for no reasons").before(|_, command| {
            if let Some(deciding) = tamper::deciding(command) {
                "nobody has asked for one".clone_into(&mut deciding.because);
            }
        }),
    ]
}

fn quarantine() -> Vec<Sabotage> {
    let of = |words, world| Sabotage::new(words, Invariant::Quarantine, world);
    vec![
        of("goes on with what a tripwire caught", worlds::quarantine()).before(tamper::not_noticed),
        of("asks for what a tripwire caught what it asks for anything", worlds::guarded_quarantine())
            .before(tamper::not_noticed),
        of("lets go what a tripwire caught for whoever names anything", worlds::quarantine())
            .before(|state, command| {
                if let Some(deciding) =
                    tamper::deciding(command).filter(|of| of.decision == Decision::Overridden)
                {
                    let escalation = state.open_gates().into_iter().find(|open| open.gate == deciding.gate);
                    let escalation = escalation.and_then(|open| open.escalation);
                    let caught = escalation.filter(|escalation| escalation.why == Stuck::Tripwire);
                    if let Some(caught) = caught {
                        deciding.overrides = caught.findings;
                    }
                }
            })
            .log(tamper::as_decided),
    ]
}
