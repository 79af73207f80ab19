//! Tries out that a shape forgets nothing that matters: states of one shape obey and refuse the same, and what they
//! become has one shape again.
//!
//! States are come to in a random order, and those that differ and have one shape are kept; then each pair is asked
//! everything.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::mem;

use factory_core::command::Command;
use factory_core::decide::Rejection;
use factory_core::effects;
use factory_core::event::Event;
use factory_core::ids::{StageId, Timestamp};
use factory_core::state::RunState;

use super::ask;
use super::catalog::Catalog;
use super::letter::Offer;
use super::machine::{Core, Machine as _};
use super::offers;
use super::search;
use super::shape::{self, Shape};
use super::world::World;

/// How many states of one shape are kept.
const KEPT: usize = 3;

/// What was tried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// Pairs of states that differ and have one shape.
    pub pairs: usize,
    /// Commands that both were asked.
    pub asked: usize,
}

/// A sequence of numbers that look random and are the same each time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(high).expect("32 bits") % below
    }
}

/// Goes on from so many states of a world, all if there are fewer, and compares those that `alike` does not tell apart.
///
/// # Errors
/// The first pair that differs in what it does, in words.
pub fn try_out<S: Eq + Hash + Debug>(
    world: &World,
    most: usize,
    seed: u64,
    alike: impl Fn(&Catalog, &RunState) -> S,
) -> Result<Tried, String> {
    let mut catalog = Catalog::default();
    let states = collect(world, &mut catalog, most, &mut Dice(seed | 1));
    let mut groups: HashMap<S, Vec<&RunState>> = HashMap::new();
    for state in &states {
        groups.entry(alike(&catalog, state)).or_default().push(state);
    }
    let mut tried = Tried { pairs: 0, asked: 0 };
    for group in groups.values() {
        for other in &group[1..] {
            tried.pairs += 1;
            tried.asked += compare(world, &mut catalog, (group[0], other), &alike)?;
        }
    }
    Ok(tried)
}

/// States of a world. Goes on from one of each shape, and keeps some others as well.
fn collect(world: &World, catalog: &mut Catalog, most: usize, dice: &mut Dice) -> Vec<RunState> {
    let mut seen: HashMap<Shape, Vec<RunState>> = HashMap::new();
    let mut open = vec![search::first(world).0];
    for _ in 0..most {
        if open.is_empty() {
            break;
        }
        let from = open.swap_remove(dice.throw(open.len()));
        for offer in offers::offers(world, &from) {
            let mut next = from.clone();
            if ask_for(world, catalog, &mut next, offer).is_err() {
                continue;
            }
            let same = seen.entry(shape::shape(world, catalog, &next)).or_default();
            if same.is_empty() {
                open.push(next.clone());
            }
            if same.len() < KEPT && !same.contains(&next) {
                same.push(next);
            }
        }
    }
    seen.into_values().flatten().collect()
}

fn ask_for(
    world: &World,
    catalog: &mut Catalog,
    state: &mut RunState,
    offer: Offer,
) -> Result<Vec<Event>, Rejection> {
    let now: Timestamp = ask::time(state, offer.when);
    let command: Command = ask::command(world, catalog, state, &offer.letter);
    Core.ask(state, command, now)
}

fn compare<S: Eq + Debug>(
    world: &World,
    catalog: &mut Catalog,
    (one, other): (&RunState, &RunState),
    shape: &impl Fn(&Catalog, &RunState) -> S,
) -> Result<usize, String> {
    let offers = offers::offers(world, one);
    // Where all is refused, it is refused wherever the stages stand.
    let over = one.outcome.is_some() && other.outcome.is_some();
    if !over && offers != offers::offers(world, other) {
        return Err("two states of one shape can be asked different things".to_owned());
    }
    if performed(one) != performed(other) {
        return Err("two states of one shape have different stages performed".to_owned());
    }
    for offer in &offers {
        let (mut left, mut right) = (one.clone(), other.clone());
        let answers =
            (ask_for(world, catalog, &mut left, *offer), ask_for(world, catalog, &mut right, *offer));
        let same = match &answers {
            (Ok(a), Ok(b)) => a.iter().map(mem::discriminant).eq(b.iter().map(mem::discriminant)),
            (Err(a), Err(b)) => mem::discriminant(a) == mem::discriminant(b),
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
        };
        if !same {
            let words = offer.words(world);
            return Err(format!("when {words}, two states of one shape answer differently: {answers:?}"));
        }
        if shape(catalog, &left) != shape(catalog, &right) {
            return Err(format!("when {}, two states of one shape come to two shapes", offer.words(world)));
        }
    }
    Ok(offers.len())
}

fn performed(state: &RunState) -> Vec<StageId> {
    effects::effects(state).into_iter().map(|effect| effect.stage.id).collect()
}
