//! Whether a run that is not over waits for something that can come.

use factory_core::event::Decision;
use factory_core::ids::Timestamp;
use factory_core::state::{RunState, StageStatus};

use super::invariant::{Invariant, Kept, ensure};
use super::letter::{Letter, Offer, When};
use super::offers;
use super::world::World;

/// In every state there is something that can come, and everything that the run waits for can: what a stage makes is
/// taken, a gate can be opened by somebody there, a timer is noticed, what is blocked can be resumed. `obeyed` is what was
/// obeyed of all that was asked.
///
/// # Errors
/// What cannot come.
pub(super) fn can_go_on(world: &World, state: &RunState, obeyed: &[Offer]) -> Kept {
    if state.outcome.is_some() {
        return Ok(());
    }
    let now = |wanted: &dyn Fn(&Letter) -> bool| {
        obeyed.iter().any(|offer| offer.when == When::Now && wanted(&offer.letter))
    };
    let must = |can: bool, words: &dyn Fn() -> String| ensure(can, Invariant::Waits, words);
    let (mut waits, mut blocked) = (false, false);
    for place in world.places() {
        let name = &world.stage(place).id;
        match &state.stages[name].status {
            StageStatus::Running { .. } => {
                waits = true;
                let takes = now(&|letter| matches!(letter, Letter::Produce { stage, .. } if *stage == place));
                must(takes, &|| format!("{name} is performed, and nothing that it makes is taken"))?;
            }
            StageStatus::AtGate { edge, expires, .. } => {
                waits = true;
                let open = now(&|letter| {
                    matches!(letter, Letter::Decide(deciding)
                        if deciding.stage == place && deciding.decision != Decision::Rejected)
                });
                let shut = expires.is_some_and(|until| until <= state.changed_at);
                must(open || shut, &|| format!("nobody there may open {name}:{}", edge.as_str()))?;
            }
            StageStatus::Soaking { .. } => waits = true,
            StageStatus::Blocked { .. } => blocked = true,
            StageStatus::Pending
            | StageStatus::Produced
            | StageStatus::Failed
            | StageStatus::Passed
            | StageStatus::Skipped => {}
        }
    }
    let resumes = blocked && now(&|letter| *letter == Letter::Resume);
    must(waits || resumes, &|| {
        "nothing is performed, nobody is asked, nothing can be resumed, and the run is not over".to_owned()
    })?;
    must(are_noticed(&offers::timers(state), state.changed_at, obeyed), &|| {
        "a time has come, and nothing happens".to_owned()
    })
}

/// Whether every timer is noticed when it has run out; and at once where somebody was shown a scorecard after that, from
/// which nothing follows.
fn are_noticed(timers: &[Timestamp], changed: Timestamp, obeyed: &[Offer]) -> bool {
    let ticks = |when: When| obeyed.contains(&Offer { letter: Letter::Tick, when });
    timers
        .iter()
        .zip(0..)
        .all(|(timer, nth)| ticks(When::Timer(nth)) && (*timer > changed || ticks(When::Now)))
}
