//! The search: every state that can be reached, breadth first, so that the first path to anything is a shortest one.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use factory_core::command::Command;
use factory_core::decide;
use factory_core::event::{Decision, Event};
use factory_core::evolve;
use factory_core::ids::Timestamp;
use factory_core::state::RunState;

use super::ask;
use super::catalog::Catalog;
use super::ghost::Ghost;
use super::graph::{Graph, Link};
use super::invariant::{Invariant, Violation};
use super::kinds;
use super::letter::{Extra, Letter, Offer};
use super::machine::Machine;
use super::offers;
use super::onlooker::Onlooker;
use super::shape::{self, Shape};
use super::waits;
use super::world::World;

/// What a search has found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The world's name.
    pub world: &'static str,
    /// States that differ.
    pub states: usize,
    /// Commands that were obeyed.
    pub transitions: usize,
    /// Commands that were refused.
    pub refused: usize,
    /// The length of the longest of all shortest paths.
    pub depth: u32,
    /// States in which a command that would have been obeyed was left out, since it goes beyond a bound.
    pub cut: usize,
    /// Kinds of events that were seen.
    pub kinds: BTreeSet<&'static str>,
    /// States at the end, by how the run ended.
    pub ends: BTreeMap<&'static str, usize>,
    /// Broken promises, each with a shortest path to it; one of each kind.
    pub broken: Vec<Broken>,
    /// How long it took.
    pub took: Duration,
}

/// A promise that is broken at the end of a path.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Which, and how.
    pub violation: Violation,
    /// What was asked, step by step.
    pub path: Vec<String>,
}

impl Broken {
    /// For people.
    pub fn report(&self) -> String {
        let invariant = self.violation.invariant;
        let mut text = format!("{invariant} {}\n  broken: {}\n", invariant.says(), self.violation.words);
        for (nth, step) in self.path.iter().enumerate() {
            text.push_str(&format!("  {:>3}. {step}\n", nth + 1));
        }
        text
    }
}

/// What tells two states apart: the state's shape, what the onlooker knows, and what is left of the bounds.
type Key = (Shape, Ghost, Spent);

/// How much of the bounds a path has used up. Always 0 where there is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Spent {
    retries: u8,
    moves: u8,
}

struct Standpoint {
    node: u32,
    state: RunState,
    ghost: Ghost,
    spent: Spent,
}

struct Search<'a> {
    world: &'a World,
    machine: &'a dyn Machine,
    catalog: Catalog,
    seen: HashMap<Key, u32>,
    queue: VecDeque<Standpoint>,
    graph: Graph,
    broken: BTreeMap<Invariant, (Violation, u32, Option<Offer>)>,
    refused: usize,
    kinds: BTreeSet<&'static str>,
}

/// Explores a world. Beyond a broken promise nothing is explored.
///
/// # Panics
/// When there are more states than the world's bounds allow, and no promise is broken.
pub fn explore(world: &World, machine: &dyn Machine) -> Found {
    let begun = Instant::now();
    let mut search = Search {
        world,
        machine,
        catalog: Catalog::default(),
        seen: HashMap::new(),
        queue: VecDeque::new(),
        graph: Graph::default(),
        broken: BTreeMap::new(),
        refused: 0,
        kinds: BTreeSet::new(),
    };
    search.begin();
    while let Some(standpoint) = search.queue.pop_front() {
        search.expand(standpoint);
        if search.seen.len() > world.bounds.states {
            // A machine that is broken may well have no end of states.
            assert!(!search.broken.is_empty(), "{}: more than {} states", world.name, world.bounds.states);
            return search.found(begun.elapsed());
        }
    }
    search.graph_promises();
    search.found(begun.elapsed())
}

/// The first state of a world's runs, with the events that led to it.
///
/// # Panics
/// When the run cannot be begun.
pub fn first(world: &World) -> (RunState, Vec<Event>) {
    let now = Timestamp(1_000_000);
    let start = Command::Start(Box::new(world.started.clone()));
    let events = decide::decide(None, start, now).expect("a run can be begun");
    let state = evolve::evolve_all(None, &events, now).expect("what decide gives can be folded");
    (state.expect("it has begun"), events)
}

impl Search<'_> {
    fn begin(&mut self) {
        let (state, events) = first(self.world);
        let mut ghost = Ghost::new(self.world);
        let onlooker = Onlooker { world: self.world, catalog: &self.catalog };
        let kept = events.iter().try_for_each(|event| onlooker.sees(&mut ghost, event, state.changed_at));
        self.kinds.extend(events.iter().map(kinds::kind));
        let node = self.graph.add(None);
        if let Err(violation) = kept {
            self.broke(node, None, violation);
            return;
        }
        self.seen
            .insert((shape::shape(self.world, &self.catalog, &state), ghost.clone(), Spent::default()), node);
        self.queue.push_back(Standpoint { node, state, ghost, spent: Spent::default() });
    }

    fn expand(&mut self, from: Standpoint) {
        let mut state = from.state.clone();
        let mut obeyed = Vec::new();
        for offer in offers::offers(self.world, &from.state) {
            let now = ask::time(&from.state, offer.when);
            let command = ask::command(self.world, &mut self.catalog, &from.state, &offer.letter);
            match self.machine.ask(&mut state, command, now) {
                Err(_) => {
                    self.refused += 1;
                    if state != from.state {
                        let words = "a command is refused, and the state is another than before";
                        self.broke(from.node, Some(offer), Violation::new(Invariant::Refusal, words));
                        state = from.state.clone();
                    }
                }
                Ok(events) => {
                    let next = std::mem::replace(&mut state, from.state.clone());
                    obeyed.push(offer);
                    self.obeyed(&from, offer, next, &events);
                }
            }
        }
        if let Err(violation) = waits::can_go_on(self.world, &from.state, &obeyed) {
            self.broke(from.node, None, violation);
        }
    }

    fn obeyed(&mut self, from: &Standpoint, offer: Offer, next: RunState, events: &[Event]) {
        let Some(spent) = self.within(from.spent, &offer.letter, events) else {
            self.graph.cut(from.node);
            return;
        };
        self.kinds.extend(events.iter().map(kinds::kind));
        let mut ghost = from.ghost.clone();
        let onlooker = Onlooker { world: self.world, catalog: &self.catalog };
        let mut kept = events.iter().try_for_each(|event| onlooker.sees(&mut ghost, event, next.changed_at));
        kept = kept.and_then(|()| onlooker.agrees(&next, &ghost));
        if kept.is_ok() && offer.letter.is_impossible() {
            kept = Err(Violation::new(Invariant::Refusal, "what can never be obeyed is obeyed"));
        }
        if let Err(violation) = kept {
            self.broke(from.node, Some(offer), violation);
            return;
        }
        let key = (shape::shape(self.world, &self.catalog, &next), ghost, spent);
        let node = if let Some(node) = self.seen.get(&key) {
            *node
        } else {
            let node = self.graph.add(Some((from.node, offer)));
            if let Shape::Over { end, .. } = key.0 {
                self.graph.end(node, end);
            }
            let ghost = key.1.clone();
            self.seen.insert(key, node);
            self.queue.push_back(Standpoint { node, state: next, ghost, spent });
            node
        };
        self.graph.link(Link { from: from.node, to: node, source: offer.letter.source() });
    }

    /// What is used of the bounds after a step; `None` when it goes beyond one.
    fn within(&self, before: Spent, letter: &Letter, events: &[Event]) -> Option<Spent> {
        let bounds = self.world.bounds;
        let retried = matches!(letter, Letter::Decide(deciding)
            if deciding.decision == Decision::Retried && deciding.extra == Extra::Note);
        let moved = events.iter().any(|event| matches!(event, Event::BaseMoved { .. }));
        let count = |used: u8, now: bool, most: Option<u8>| match most {
            Some(most) if now => used.checked_add(1).filter(|used| *used <= most),
            Some(_) | None => Some(used),
        };
        Some(Spent {
            retries: count(before.retries, retried, bounds.retries)?,
            moves: count(before.moves, moved, bounds.moves)?,
        })
    }

    fn broke(&mut self, node: u32, offer: Option<Offer>, violation: Violation) {
        self.graph.cut(node);
        self.broken.entry(violation.invariant).or_insert((violation, node, offer));
    }

    /// What cannot be seen in one state: that an end can be reached, and that nothing goes round by itself.
    fn graph_promises(&mut self) {
        let endless = self.graph.without_end();
        let endless = endless.map(|node| (node, "no end can be reached any more but by stopping the run"));
        let round = self.graph.round();
        let round = round.map(|node| (node, "the run goes round for ever without anybody's doing"));
        for (node, words) in endless.into_iter().chain(round) {
            let violation = Violation::new(Invariant::Waits, words);
            self.broken.entry(Invariant::Waits).or_insert((violation, node, None));
        }
    }

    fn found(self, took: Duration) -> Found {
        let path = |node: u32, last: Option<Offer>| {
            let offers = self.graph.path(node).into_iter().chain(last);
            offers.map(|offer| offer.words(self.world)).collect()
        };
        let broken = self.broken.values();
        let broken = broken
            .map(|(violation, node, last)| Broken { violation: violation.clone(), path: path(*node, *last) })
            .collect();
        Found {
            world: self.world.name,
            states: self.seen.len(),
            transitions: self.graph.links(),
            refused: self.refused,
            depth: self.graph.depth(),
            cut: self.graph.cuts(),
            kinds: self.kinds,
            ends: self.graph.ends(),
            broken,
            took,
        }
    }
}
