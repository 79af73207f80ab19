//! Which stage comes before which, by what they need.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::Direction;
use petgraph::algo;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::Dfs;

use super::super::read::file::StageTable;
use super::{Checker, called};
use crate::toml_problem;

/// The stages of a file by name, with an edge from each stage to those that need it.
pub(super) struct Graph<'f> {
    stages: &'f [StageTable],
    /// By position in the file.
    graph: DiGraph<usize, ()>,
    nodes: BTreeMap<&'f str, NodeIndex>,
    /// Whether every edge is there that the file means. Where it is not, nobody can say what does not come before what.
    whole: bool,
    /// Stages of which every one needs the next, and the last the first. What the first needs of the second is no edge
    /// of the graph, so that there are no cycles in it.
    cycles: Vec<Vec<&'f StageTable>>,
}

impl<'f> Graph<'f> {
    /// The graph of these stages; `whole` says whether they are all that the file has.
    pub(super) fn of(stages: &'f [StageTable], whole: bool) -> Self {
        let mut this =
            Self { stages, graph: DiGraph::new(), nodes: BTreeMap::new(), whole, cycles: Vec::new() };
        for (index, stage) in stages.iter().enumerate() {
            match stage.id() {
                // Of two stages with one name the first counts.
                Some(id) if !this.nodes.contains_key(id) => {
                    this.nodes.insert(id, this.graph.add_node(index));
                }
                Some(_) => {}
                None => this.whole = false,
            }
        }
        let mut meant = Vec::new();
        for stage in this.own() {
            this.whole &= !stage.needs.is_unreadable();
            for need in stage.needs() {
                match this.edge(need.get_ref(), stage) {
                    Some((from, to)) => {
                        this.graph.update_edge(from, to, ());
                    }
                    None => meant.push((need.get_ref(), stage)),
                }
            }
        }
        for (name, stage) in meant {
            // A slip of the pen counts as what was probably meant, so that nothing more is said that only follows from it.
            let edge = this.nearest(name, stage.id()).and_then(|near| this.edge(near, stage));
            match edge {
                Some((from, to)) if !algo::has_path_connecting(&this.graph, to, from, None) => {
                    this.graph.update_edge(from, to, ());
                }
                Some(_) | None => this.whole = false,
            }
        }
        this.cut_cycles();
        this
    }

    fn cut_cycles(&mut self) {
        while let Some(cycle) = shortest_cycle(&self.graph) {
            let (first, second) = (cycle[0], cycle[1 % cycle.len()]);
            let edge = self.graph.find_edge(second, first).expect("a cycle is made of edges");
            self.graph.remove_edge(edge);
            self.cycles.push(cycle.iter().map(|node| &self.stages[self.graph[*node]]).collect());
            self.whole = false;
        }
    }

    /// The stages that have a node.
    fn own(&self) -> Vec<&'f StageTable> {
        self.graph.node_indices().map(|node| &self.stages[self.graph[node]]).collect()
    }

    fn edge(&self, from: &str, to: &StageTable) -> Option<(NodeIndex, NodeIndex)> {
        Some((*self.nodes.get(from)?, *self.nodes.get(to.id()?)?))
    }

    /// Whether what cannot be found here is not in the file either.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The stage of that name.
    pub(super) fn find(&self, name: &str) -> Option<&'f StageTable> {
        self.nodes.get(name).map(|node| &self.stages[self.graph[*node]])
    }

    /// The stage that is named, or else probably meant.
    pub(super) fn meant(&self, name: &str, but: Option<&str>) -> Option<&'f StageTable> {
        self.find(name).or_else(|| self.find(self.nearest(name, but)?))
    }

    /// The name most like this one.
    pub(super) fn nearest(&self, name: &str, but: Option<&str>) -> Option<&'f str> {
        let known = self.nodes.keys().copied().filter(|known| Some(*known) != but);
        toml_problem::nearest(name, known)
    }

    /// Whether `from` is needed by `to`, directly or through others.
    pub(super) fn leads_to(&self, from: &str, to: &str) -> bool {
        match (self.nodes.get(from), self.nodes.get(to)) {
            (Some(&from), Some(&to)) => from != to && algo::has_path_connecting(&self.graph, from, to, None),
            (_, None) | (None, _) => false,
        }
    }

    /// The stage and all that follow it.
    pub(super) fn from(&self, name: &str) -> BTreeSet<&'f str> {
        let mut found = BTreeSet::new();
        if let Some(&node) = self.nodes.get(name) {
            let mut walk = Dfs::new(&self.graph, node);
            while let Some(next) = walk.next(&self.graph) {
                found.extend(self.stages[self.graph[next]].id());
            }
        }
        found
    }

    /// Positions of the stages, each after all that it needs, and otherwise as in the file.
    pub(super) fn order(&self) -> Option<Vec<usize>> {
        let mut open: BTreeMap<usize, usize> = BTreeMap::new();
        for node in self.graph.node_indices() {
            let needs = self.graph.neighbors_directed(node, Direction::Incoming).count();
            open.insert(self.graph[node], needs);
        }
        let mut order = Vec::new();
        while let Some((&next, _)) = open.iter().find(|(_, needs)| **needs == 0) {
            open.remove(&next);
            order.push(next);
            let node = self.nodes[self.stages[next].id()?];
            for after in self.graph.neighbors(node) {
                open.entry(self.graph[after]).and_modify(|needs| *needs -= 1);
            }
        }
        open.is_empty().then_some(order)
    }
}

/// A shortest cycle through the stage that stands first in the file of all that are in one.
fn shortest_cycle(graph: &DiGraph<usize, ()>) -> Option<Vec<NodeIndex>> {
    let in_cycle = |node: &NodeIndex| {
        graph.neighbors(*node).any(|next| algo::has_path_connecting(graph, next, *node, None))
    };
    let first = graph.node_indices().filter(in_cycle).min_by_key(|node| graph[*node])?;
    // From each stage to those that it needs, until the first is needed again.
    let mut came_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(node) = queue.pop_front() {
        let mut needs: Vec<NodeIndex> = graph.neighbors_directed(node, Direction::Incoming).collect();
        needs.sort_by_key(|need| graph[*need]);
        for need in needs {
            if need == first {
                let mut path = vec![node];
                while let Some(before) = came_from.get(path.last()?) {
                    path.push(*before);
                }
                path.reverse();
                return Some(path);
            }
            if let Entry::Vacant(unseen) = came_from.entry(need) {
                unseen.insert(node);
                queue.push_back(need);
            }
        }
    }
    None
}

impl Checker<'_> {
    /// Every need names a stage, and names it once.
    pub(super) fn needs(&mut self) {
        for stage in &self.file.stages {
            for (at, need) in stage.needs().iter().enumerate() {
                let name = need.get_ref();
                if self.graph.find(name).is_none() {
                    self.unknown_stage("needs", need, stage.id());
                } else if stage.needs()[..at].iter().any(|before| before.get_ref() == name) {
                    self.say(need.span(), format!("{} needs `{name}` twice", called(stage)));
                }
            }
        }
    }

    pub(super) fn cycles(&mut self) {
        for cycle in self.graph.cycles.clone() {
            let names: Vec<String> = cycle.iter().map(|stage| called(stage)).collect();
            let next = cycle[1 % cycle.len()];
            let need = cycle[0].needs().iter().find(|need| Some(need.get_ref().as_str()) == next.id());
            let span = need.map_or_else(|| cycle[0].place(), toml::Spanned::span);
            let message = match names.as_slice() {
                [alone] => format!("{alone} needs itself"),
                [first, rest @ ..] => format!(
                    "stages need each other in a circle: {first} needs {}, which needs {first}",
                    rest.join(", which needs ")
                ),
                [] => continue,
            };
            let help = "work goes back by `returns_to`, which has a limit, and not by `needs`";
            self.advise(span, message, Some(help.to_owned()));
        }
    }
}
