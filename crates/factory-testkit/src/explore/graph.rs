//! The graph of states that a search has gone through.

use std::collections::BTreeMap;

use super::letter::{Offer, Source};
use super::shape::End;

/// States, by number, and the steps between them.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    links: Vec<Link>,
}

#[derive(Debug)]
struct Node {
    came: Option<(u32, Offer)>,
    depth: u32,
    end: Option<End>,
    is_cut: bool,
}

/// A step from one state to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) source: Source,
}

impl Graph {
    /// A new state, and how it was come to first.
    pub(super) fn add(&mut self, came: Option<(u32, Offer)>) -> u32 {
        let depth = came.map_or(0, |(from, _)| self.node(from).depth + 1);
        self.nodes.push(Node { came, depth, end: None, is_cut: false });
        u32::try_from(self.nodes.len() - 1).expect("less than four thousand million states")
    }

    fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    /// The run is over there.
    pub(super) fn end(&mut self, node: u32, end: End) {
        self.nodes[node as usize].end = Some(end);
    }

    /// Something was left out there.
    pub(super) fn cut(&mut self, node: u32) {
        self.nodes[node as usize].is_cut = true;
    }

    pub(super) fn link(&mut self, link: Link) {
        self.links.push(link);
    }

    pub(super) fn links(&self) -> usize {
        self.links.len()
    }

    pub(super) fn cuts(&self) -> usize {
        self.nodes.iter().filter(|node| node.is_cut).count()
    }

    pub(super) fn depth(&self) -> u32 {
        self.nodes.iter().map(|node| node.depth).max().unwrap_or(0)
    }

    pub(super) fn ends(&self) -> BTreeMap<&'static str, usize> {
        let mut ends = BTreeMap::new();
        for end in self.nodes.iter().filter_map(|node| node.end) {
            *ends.entry(end.as_str()).or_default() += 1;
        }
        ends
    }

    /// What was asked on the way there.
    pub(super) fn path(&self, node: u32) -> Vec<Offer> {
        let mut path = Vec::new();
        let mut at = node;
        while let Some((from, offer)) = self.node(at).came {
            path.push(offer);
            at = from;
        }
        path.reverse();
        path
    }

    /// The nearest state from which no end can be reached without stopping the run. States in which something was left
    /// out count as an end, since nobody knows what comes after them.
    pub(super) fn without_end(&self) -> Option<u32> {
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.len()];
        for link in self.links.iter().filter(|link| link.source != Source::Stop) {
            before[link.to as usize].push(link.from);
        }
        let mut reaches: Vec<bool> =
            self.nodes.iter().map(|node| node.is_cut || node.end.is_some()).collect();
        let mut open: Vec<usize> = (0..reaches.len()).filter(|node| reaches[*node]).collect();
        while let Some(node) = open.pop() {
            for &from in &before[node] {
                if !std::mem::replace(&mut reaches[from as usize], true) {
                    open.push(from as usize);
                }
            }
        }
        // States are numbered in the order of their distance.
        let found = reaches.iter().position(|reaches| !reaches)?;
        Some(u32::try_from(found).expect("a state's number"))
    }

    /// A state to which the run comes back although nobody has done anything but the stages and the clock. Takes away
    /// states that nothing leads to until none is left; what is left then goes round.
    pub(super) fn round(&self) -> Option<u32> {
        let mut after: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.len()];
        let mut into = vec![0_usize; self.nodes.len()];
        for link in self.links.iter().filter(|link| link.source == Source::Itself) {
            after[link.from as usize].push(link.to);
            into[link.to as usize] += 1;
        }
        let mut free: Vec<usize> = (0..into.len()).filter(|node| into[*node] == 0).collect();
        let mut taken = 0;
        while let Some(node) = free.pop() {
            taken += 1;
            for &to in &after[node] {
                into[to as usize] -= 1;
                if into[to as usize] == 0 {
                    free.push(to as usize);
                }
            }
        }
        if taken == into.len() {
            return None;
        }
        let found = into.iter().position(|into| *into > 0)?;
        Some(u32::try_from(found).expect("a state's number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// States 0 to 3, each come to from the one before; the last is an end.
    fn line() -> Graph {
        let mut graph = Graph::default();
        for _ in 0..4 {
            graph.add(None);
        }
        for from in 0..3 {
            graph.link(Link { from, to: from + 1, source: Source::Itself });
        }
        graph.end(3, End::Merged);
        graph
    }

    #[test]
    fn a_state_from_which_only_a_stop_leads_on_has_no_end() {
        let mut graph = line();
        assert_eq!(graph.without_end(), None);
        let lost = graph.add(None);
        graph.link(Link { from: 1, to: lost, source: Source::Others });
        graph.link(Link { from: lost, to: 3, source: Source::Stop });
        assert_eq!(graph.without_end(), Some(lost));
        graph.cut(lost);
        assert_eq!(graph.without_end(), None, "nobody knows what comes after it");
    }

    #[test]
    fn only_what_comes_back_by_itself_goes_round() {
        let mut graph = line();
        assert_eq!(graph.round(), None);
        graph.link(Link { from: 2, to: 1, source: Source::Others });
        assert_eq!(graph.round(), None, "somebody has to act each time");
        graph.link(Link { from: 2, to: 1, source: Source::Itself });
        assert_eq!(graph.round(), Some(1));
    }
}
