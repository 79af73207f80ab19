//! Pipelines as people see them: [`text()`] for a terminal, [`dot()`] for Graphviz, [`mermaid()`] for Markdown pages.
//!
//! All three draw any [`Pipeline`], also one that was never checked: names are escaped, and what leads nowhere is left
//! out. What they say of a stage is in [`phrases`], for whoever else speaks of one.

mod dot;
mod mermaid;
pub mod phrases;
mod text;

pub use dot::dot;
pub use mermaid::mermaid;
pub use text::text;

use super::model::{EntryGate, EntryType, ExitGate, Pipeline, Stage, Zone};
use crate::ids::StageId;

/// The zones, in the order in which they are drawn.
const ZONES: [Zone; 4] = [Zone::Supervised, Zone::Autonomous, Zone::Guarded, Zone::Advisory];

/// The stages of a zone, or those of none.
fn of_zone(pipeline: &Pipeline, zone: Option<Zone>) -> impl Iterator<Item = (usize, &Stage)> {
    pipeline.stages.iter().enumerate().filter(move |(_, stage)| stage.zone == zone)
}

/// The kinds of run that begin at a stage.
fn begin_at<'p>(pipeline: &'p Pipeline, id: &'p StageId) -> impl Iterator<Item = EntryType> + 'p {
    pipeline.entry.iter().filter(move |(_, first)| *first == id).map(|(kind, _)| *kind)
}

/// A box of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    /// Where runs of a kind begin.
    Begin(EntryType),
    /// The gate before a stage, by the stage's position.
    Before(usize),
    /// A stage, by its position.
    Stage(usize),
    /// The gate after a stage, by the stage's position.
    After(usize),
}

/// An arrow of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Arrow {
    from: Node,
    to: Node,
    kind: ArrowKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ArrowKind {
    /// A run begins.
    Begins,
    /// One follows the other.
    Follows,
    /// Work goes back.
    Returns,
}

/// Where what leads to a stage arrives.
fn arrival(at: usize, stage: &Stage) -> Node {
    match stage.entry_gate {
        EntryGate::None => Node::Stage(at),
        EntryGate::Human => Node::Before(at),
    }
}

/// Where what follows a stage departs.
fn departure(at: usize, stage: &Stage) -> Node {
    match stage.exit_gate {
        ExitGate::None => Node::Stage(at),
        ExitGate::Policy | ExitGate::Human => Node::After(at),
    }
}

/// Whether a stage comes after another that it needs by way of a third: then an arrow would only be in the way, since the
/// stage's box names all that it needs.
fn is_implied(pipeline: &Pipeline, stage: &Stage, need: &StageId) -> bool {
    let after = pipeline.downstream(need);
    stage.needs.iter().any(|other| other != need && after.contains(other))
}

/// The arrows of a pipeline: beginnings, then what each stage follows, then what goes back.
fn arrows(pipeline: &Pipeline) -> Vec<Arrow> {
    let find = |id: &StageId| pipeline.stages.iter().enumerate().find(|(_, stage)| stage.id == *id);
    let mut arrows = Vec::new();
    for (kind, first) in &pipeline.entry {
        if let Some((at, stage)) = find(first) {
            arrows.push(Arrow { from: Node::Begin(*kind), to: arrival(at, stage), kind: ArrowKind::Begins });
        }
    }
    for (at, stage) in pipeline.stages.iter().enumerate() {
        let mut follows = |from: Node, to: Node| arrows.push(Arrow { from, to, kind: ArrowKind::Follows });
        for (from, need) in
            stage.needs.iter().filter(|need| !is_implied(pipeline, stage, need)).filter_map(find)
        {
            follows(departure(from, need), arrival(at, stage));
        }
        match stage.entry_gate {
            EntryGate::None => {}
            EntryGate::Human => follows(Node::Before(at), Node::Stage(at)),
        }
        match stage.exit_gate {
            ExitGate::None => {}
            ExitGate::Policy | ExitGate::Human => follows(Node::Stage(at), Node::After(at)),
        }
    }
    for (at, stage) in pipeline.stages.iter().enumerate() {
        if let Some((to, target)) = stage.returns_to.as_ref().and_then(find) {
            let (from, to) = (departure(at, stage), arrival(to, target));
            arrows.push(Arrow { from, to, kind: ArrowKind::Returns });
        }
    }
    arrows
}

#[cfg(test)]
mod tests;
