//! A pipeline as a Mermaid flowchart: <https://mermaid.js.org/syntax/flowchart.html>.

use super::{Arrow, ArrowKind, Node, ZONES, arrows, of_zone, phrases};
use crate::pipeline::model::{Pipeline, Zone};
use crate::pipeline::plain;

/// The pipeline as a flowchart. Zones are subgraphs, gates diamonds, ways back dotted.
///
/// Nodes are numbered: a stage may be called `end`, which is a word of the language.
pub fn mermaid(pipeline: &Pipeline) -> String {
    let mut out = format!("---\ntitle: \"{}\"\n---\nflowchart TD\n", title(&pipeline.name));
    for kind in pipeline.entry.keys() {
        out.push_str(&format!("  {}([\"{}\"])\n", id(Node::Begin(*kind)), escaped(kind.as_str())));
    }
    boxes(&mut out, "  ", pipeline, None);
    for zone in ZONES {
        if of_zone(pipeline, Some(zone)).next().is_some() {
            out.push_str(&format!("  subgraph zone_{0}[\"{0}\"]\n", zone.as_str()));
            boxes(&mut out, "    ", pipeline, Some(zone));
            out.push_str("  end\n");
        }
    }
    for arrow in arrows(pipeline) {
        out.push_str(&format!("  {}\n", line(arrow)));
    }
    out
}

fn boxes(out: &mut String, indent: &str, pipeline: &Pipeline, zone: Option<Zone>) {
    for (at, stage) in of_zone(pipeline, zone) {
        if let Some(says) = phrases::before(stage) {
            out.push_str(&format!("{indent}{}{{\"{}\"}}\n", id(Node::Before(at)), lines(&says)));
        }
        let label = lines(&phrases::lines(pipeline, stage));
        out.push_str(&format!("{indent}{}[\"{label}\"]\n", id(Node::Stage(at))));
        if let Some(says) = phrases::after(stage) {
            out.push_str(&format!("{indent}{}{{\"{}\"}}\n", id(Node::After(at)), lines(&says)));
        }
    }
}

fn line(arrow: Arrow) -> String {
    let (from, to) = (id(arrow.from), id(arrow.to));
    match arrow.kind {
        ArrowKind::Begins => format!("{from} ==> {to}"),
        ArrowKind::Follows => format!("{from} --> {to}"),
        ArrowKind::Returns => format!("{from} -.->|returns| {to}"),
    }
}

fn id(node: Node) -> String {
    match node {
        Node::Begin(kind) => format!("begin_{}", kind.as_str()),
        Node::Before(at) => format!("before_{at}"),
        Node::Stage(at) => format!("stage_{at}"),
        Node::After(at) => format!("after_{at}"),
    }
}

/// A label of several lines, for between quotes.
fn lines(lines: &[String]) -> String {
    let escaped: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
    escaped.join("<br/>")
}

/// Text for between quotes. All but letters, digits and a few marks is written as an entity, so that nothing in it can be
/// markup, a comment or a directive.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in plain::one_line(text).chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | ':' | '/') {
            out.push(c);
        } else {
            out.push_str(&format!("#{};", u32::from(c)));
        }
    }
    out
}

/// Text for the title, which knows no entities: all but letters, digits and a few marks is left out.
fn title(text: &str) -> String {
    let plain = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    plain::one_line(text).chars().filter(plain).collect()
}
