//! A pipeline in the language of Graphviz: <https://graphviz.org/doc/info/lang.html>.

use super::{Arrow, ArrowKind, Node, ZONES, arrows, of_zone, phrases};
use crate::pipeline::model::{Edge, GateId, Pipeline, Zone};
use crate::pipeline::plain;

/// The pipeline as a directed graph. Zones are clusters, gates diamonds, ways back dashed.
pub fn dot(pipeline: &Pipeline) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&pipeline.name));
    out.push_str("  rankdir=TB;\n");
    out.push_str("  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=10];\n");
    out.push_str("  edge [fontname=\"sans-serif\", fontsize=9];\n");
    for kind in pipeline.entry.keys() {
        let begin = id(pipeline, Node::Begin(*kind));
        out.push_str(&format!("  {begin} [shape=cds, style=solid, label={}];\n", quoted(kind.as_str())));
    }
    boxes(&mut out, "  ", pipeline, None);
    for zone in ZONES {
        if of_zone(pipeline, Some(zone)).next().is_some() {
            out.push_str(&format!("  subgraph {} {{\n", quoted(&format!("cluster_{}", zone.as_str()))));
            out.push_str(&format!("    label={};\n    style=dotted;\n", quoted(zone.as_str())));
            boxes(&mut out, "    ", pipeline, Some(zone));
            out.push_str("  }\n");
        }
    }
    for arrow in arrows(pipeline) {
        out.push_str(&format!("  {}\n", line(pipeline, arrow)));
    }
    out.push_str("}\n");
    out
}

fn boxes(out: &mut String, indent: &str, pipeline: &Pipeline, zone: Option<Zone>) {
    for (_, stage) in of_zone(pipeline, zone) {
        let gate = |edge, says: &[String]| {
            let gate = GateId { stage: stage.id.clone(), edge }.to_string();
            format!("{indent}{} [shape=diamond, style=solid, label={}];\n", quoted(&gate), lines(says))
        };
        if let Some(says) = phrases::before(stage) {
            out.push_str(&gate(Edge::Entry, &says));
        }
        let label = lines(&phrases::lines(pipeline, stage));
        out.push_str(&format!("{indent}{} [label={label}];\n", quoted(stage.id.as_str())));
        if let Some(says) = phrases::after(stage) {
            out.push_str(&gate(Edge::Exit, &says));
        }
    }
}

fn line(pipeline: &Pipeline, arrow: Arrow) -> String {
    let (from, to) = (id(pipeline, arrow.from), id(pipeline, arrow.to));
    match arrow.kind {
        ArrowKind::Begins => format!("{from} -> {to} [style=bold];"),
        ArrowKind::Follows => format!("{from} -> {to};"),
        ArrowKind::Returns => format!("{from} -> {to} [style=dashed, constraint=false, label=\"returns\"];"),
    }
}

/// No stage's name has a colon, so gates and beginnings are never taken for one.
fn id(pipeline: &Pipeline, node: Node) -> String {
    let stage = |at: usize| pipeline.stages[at].id.clone();
    match node {
        Node::Begin(kind) => quoted(&format!("begin:{}", kind.as_str())),
        Node::Before(at) => quoted(&GateId { stage: stage(at), edge: Edge::Entry }.to_string()),
        Node::Stage(at) => quoted(stage(at).as_str()),
        Node::After(at) => quoted(&GateId { stage: stage(at), edge: Edge::Exit }.to_string()),
    }
}

/// A label of several lines.
fn lines(lines: &[String]) -> String {
    let escaped: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
    format!("\"{}\"", escaped.join("\\n"))
}

/// A quoted string.
fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Text for between quotes. Backslashes are doubled, since they would begin an escape in a label and hide the closing quote.
fn escaped(text: &str) -> String {
    plain::one_line(text).replace('\\', "\\\\").replace('"', "\\\"")
}
