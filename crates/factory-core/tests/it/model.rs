//! Every state that runs can reach, up to a stated bound, keeps every promise; and a machine that is broken in one of them
//! is found out. `docs/model-checking.md` says what is explored and how to follow it further.

use std::collections::BTreeSet;
use std::env;
use std::sync::Mutex;
use std::thread;

use factory_core::state::{RunState, StageStatus};
use factory_testkit::explore::machine::Core;
use factory_testkit::explore::sabotages;
use factory_testkit::explore::search::{self, Found};
use factory_testkit::explore::world::World;
use factory_testkit::explore::{alike, kinds, shape, table, worlds};

/// Follows every world as far as it goes. Takes minutes.
const DEEP: &str = "FACTORY_EXPLORE_DEEP";

/// Does something for all of them, two at a time, and gives what came of it in the same order.
fn side_by_side<T: Send, R: Send>(of: Vec<T>, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let todo = Mutex::new(of.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let worker = || {
        loop {
            let Some((nth, of)) = todo.lock().unwrap().next() else { return };
            let result = work(&of);
            done.lock().unwrap().push((nth, result));
        }
    };
    thread::scope(|scope| {
        for worker in [scope.spawn(worker), scope.spawn(worker)] {
            worker.join().unwrap();
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(nth, _)| *nth);
    done.into_iter().map(|(_, result)| result).collect()
}

fn all_worlds() -> Vec<World> {
    worlds::shipped().into_iter().chain(worlds::made_up()).collect()
}

#[test]
fn every_state_that_can_be_reached_keeps_the_promises() {
    let is_deep = env::var_os(DEEP).is_some();
    let worlds = all_worlds().into_iter().map(|world| if is_deep { worlds::deep(world) } else { world });
    let found: Vec<Found> = side_by_side(worlds.collect(), |world| search::explore(world, &Core));
    println!("{}", table::table(&found));
    let broken: Vec<String> = found
        .iter()
        .flat_map(|of| of.broken.iter().map(move |broken| format!("in {}: {}", of.world, broken.report())))
        .collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));

    // What is promised of nothing is soon kept: everything that can happen has happened somewhere.
    let kinds: BTreeSet<&str> = found.iter().flat_map(|of| &of.kinds).copied().collect();
    assert_eq!(kinds.len(), kinds::KINDS, "{kinds:?}");
    let ends: BTreeSet<&str> = found.iter().flat_map(|of| of.ends.keys()).copied().collect();
    assert_eq!(ends.len(), 5, "{ends:?}");
    for of in &found {
        assert!(of.ends.contains_key("merged"), "{} merges", of.world);
        assert!(!is_deep || of.cut == 0, "{} is followed as far as it goes", of.world);
    }
}

#[test]
fn a_machine_that_breaks_a_promise_is_found_out() {
    let reports = side_by_side(sabotages::all(), |sabotage| {
        let found = search::explore(&sabotage.world, sabotage);
        let broken: Vec<_> = found.broken.iter().map(|broken| broken.violation.invariant).collect();
        assert_eq!(broken, [sabotage.breaks], "a machine that {}, in {}", sabotage.words, found.world);
        format!("A machine that {}:\n{}", sabotage.words, found.broken[0].report())
    });
    println!("{}", reports.join("\n"));
}

#[test]
fn states_of_one_shape_act_alike() {
    let most = if env::var_os(DEEP).is_some() { usize::MAX } else { 150 };
    let tried = side_by_side(all_worlds(), |world| {
        let shape = |catalog: &_, state: &_| shape::shape(world, catalog, state);
        let tried = alike::try_out(world, most, 0x5eed, shape);
        tried.unwrap_or_else(|differ| panic!("{}: {differ}", world.name))
    });
    let pairs: usize = tried.iter().map(|tried| tried.pairs).sum();
    let asked: usize = tried.iter().map(|tried| tried.asked).sum();
    println!("{pairs} pairs of states of one shape were asked {asked} commands");
    assert!(tried.iter().all(|tried| tried.pairs >= 20), "{tried:?}");
}

/// What is forgotten, a world in which that matters, and the forgetting.
type Forgetting = (&'static str, fn() -> World, fn(&mut RunState));

/// Whatever a shape keeps is needed: states that are alike but for that do not act alike.
#[test]
fn a_shape_that_forgets_more_is_found_out() {
    let forgettings: Vec<Forgetting> = vec![
        ("which tries are left", worlds::least, |state| {
            for stage in state.stages.values_mut() {
                (stage.tries, stage.granted) = (0, 0);
            }
        }),
        ("what is used of the budget", worlds::budgets, |state| {
            state.usage = Default::default();
        }),
        ("what is used of a stage's budget", worlds::own_budgets, |state| {
            for stage in state.stages.values_mut() {
                stage.usage = Default::default();
            }
        }),
        ("what earlier verdicts said", worlds::plateau, |state| {
            for stage in state.stages.values_mut() {
                stage.verdicts.clear();
            }
        }),
        ("that a patch is carried over", worlds::moving, |state| {
            for stage in state.stages.values_mut() {
                stage.corrections.clear();
            }
        }),
        ("how often the base has moved", worlds::moving, |state| state.rebases = 0),
        ("that the merge stays where it is", worlds::moving, |state| state.base_pinned = false),
        ("that a merge is taken back", worlds::lessons, |state| state.rolled_back = false),
        ("what was made", worlds::conditions, |state| {
            for stage in state.stages.values_mut() {
                if let Some(made) = &mut stage.artifact {
                    made.digest = factory_core::ids::Digest::of(b"something");
                }
            }
        }),
        ("who approved", worlds::four_eyes, |state| {
            for stage in state.stages.values_mut() {
                if let StageStatus::AtGate { approved_by, .. } = &mut stage.status {
                    approved_by.clear();
                }
            }
        }),
        ("who looked", worlds::small, |state| {
            for stage in state.stages.values_mut() {
                if let StageStatus::AtGate { looked, .. } = &mut stage.status {
                    looked.clear();
                }
            }
        }),
        ("what is stuck", worlds::least, |state| {
            for stage in state.stages.values_mut() {
                if let StageStatus::AtGate { escalation, .. } = &mut stage.status {
                    *escalation = None;
                }
            }
        }),
        ("how far timers are ahead", worlds::timers, |state| {
            for stage in state.stages.values_mut() {
                if let StageStatus::AtGate { expires, .. } = &mut stage.status {
                    *expires = None;
                }
            }
        }),
    ];
    let blind = side_by_side(forgettings, |(what, world, forget)| {
        let world = world();
        let tried = alike::try_out(&world, 1500, 0x5eed, |catalog, state| {
            let mut state = state.clone();
            forget(&mut state);
            shape::shape(&world, catalog, &state)
        });
        tried.is_ok().then_some(*what)
    });
    let blind: Vec<&str> = blind.into_iter().flatten().collect();
    assert!(blind.is_empty(), "nothing shows that it matters {blind:?}");
}
