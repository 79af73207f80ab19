//! An object-centric event log: OCEL 2.0 as JSON (<https://www.ocel-standard.org/specification/formats/json/>).
//!
//! Every decision is an event. It is related to the run, the specification, the gate, the person, the artifacts and the
//! commit that it is about, each by a qualifier that says how.

use std::collections::BTreeMap;

use serde::Serialize;

use super::row::{Actor, Kind, Row};
use crate::ids::RunId;

/// One event log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ocel {
    object_types: Vec<Type>,
    event_types: Vec<Type>,
    objects: Vec<Object>,
    events: Vec<Event>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Type {
    name: &'static str,
    attributes: Vec<Declared>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Declared {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    time: String,
    attributes: Vec<Attribute>,
    relationships: Vec<Relationship>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Attribute {
    name: &'static str,
    value: serde_json::Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Object {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    attributes: Vec<Timed>,
    relationships: Vec<Relationship>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Timed {
    name: &'static str,
    time: String,
    value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    object_id: String,
    qualifier: &'static str,
}

/// The attributes that every event has.
const ALWAYS: [(&str, &str); 5] = [
    ("position", "integer"),
    ("hash", "string"),
    ("what", "string"),
    ("by", "string"),
    ("because", "string"),
];

/// Those of some kinds only.
fn more(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::Decision => &[
            ("via", "string"),
            ("note", "string"),
            ("waited_ms", "integer"),
            ("verdict_passed", "boolean"),
            ("verdict_shown", "boolean"),
            ("risk", "string"),
            ("findings", "string"),
        ],
        Kind::Escalation => &[("findings", "string")],
        Kind::Expiry => &[("waited_ms", "integer")],
        Kind::Skip | Kind::Failure | Kind::Judgement | Kind::SentBack | Kind::Reveal | Kind::End => {
            &[("stage", "string")]
        }
        Kind::Request | Kind::Move | Kind::Rollback | Kind::Trust => &[],
    }
}

const OBJECT_TYPES: [(&str, &[(&str, &str)]); 7] = [
    ("project", &[("trust", "string")]),
    ("run", &[("state", "string")]),
    ("spec", &[("source", "string")]),
    ("person", &[("name", "string"), ("email", "string")]),
    ("gate", &[("state", "string")]),
    ("artifact", &[]),
    ("commit", &[]),
];

/// The project, which every ledger is of.
const PROJECT: &str = "project";

fn declared(attributes: &[(&'static str, &'static str)]) -> Vec<Declared> {
    attributes.iter().map(|(name, kind)| Declared { name, kind }).collect()
}

/// The event log of these decisions, which are in order. `specs` has the specification's file of each run.
pub fn log(rows: &[Row], specs: &BTreeMap<String, String>) -> Ocel {
    let mut objects = Objects::default();
    let events = rows.iter().map(|row| event(row, specs, &mut objects)).collect();
    Ocel {
        object_types: OBJECT_TYPES
            .into_iter()
            .map(|(name, attributes)| Type { name, attributes: declared(attributes) })
            .collect(),
        event_types: Kind::ALL
            .into_iter()
            .map(|kind| Type {
                name: kind.as_str(),
                attributes: declared(&[&ALWAYS[..], more(kind)].concat()),
            })
            .collect(),
        objects: objects.0.into_values().collect(),
        events,
    }
}

/// Objects by id, which begins with their type: no two types share one.
#[derive(Default)]
struct Objects(BTreeMap<String, Object>);

impl Objects {
    fn named(&mut self, kind: &'static str, name: &str) -> &mut Object {
        let id = if kind == PROJECT { PROJECT.to_owned() } else { format!("{kind}:{name}") };
        let empty = Object { id: id.clone(), kind, attributes: Vec::new(), relationships: Vec::new() };
        self.0.entry(id).or_insert(empty)
    }
}

impl Object {
    /// An attribute from that time on, unless it is so already.
    fn is(&mut self, name: &'static str, value: &str, time: &str) {
        let last = self.attributes.iter().rev().find(|attribute| attribute.name == name);
        if last.is_none_or(|last| last.value != value) {
            self.attributes.push(Timed { name, time: time.to_owned(), value: value.to_owned() });
        }
    }

    fn relates(&mut self, object_id: String, qualifier: &'static str) {
        let relationship = Relationship { object_id, qualifier };
        if !self.relationships.contains(&relationship) {
            self.relationships.push(relationship);
        }
    }
}

fn event(row: &Row, specs: &BTreeMap<String, String>, objects: &mut Objects) -> Event {
    let mut related = Related(Vec::new());
    let project = objects.named(PROJECT, PROJECT);
    if row.kind == Kind::Trust {
        project.is("trust", row.what.rsplit(' ').next().unwrap_or_default(), &row.at);
    }
    related.to(project, "decided in");
    if let Some(run) = &row.run {
        self::run(row, run, specs.get(run.as_str()), objects, &mut related);
    }
    if let Actor::Person { login, name, email, .. } = &row.by {
        let person = objects.named("person", login);
        for (attribute, value) in [("name", name), ("email", email)] {
            if let Some(value) = value {
                person.is(attribute, value, &row.at);
            }
        }
        related.to(person, "decided by");
    }
    // The specification is an object of its own.
    for digest in row.about.iter().filter(|_| row.kind != Kind::Request) {
        related.to(objects.named("artifact", digest.as_str()), "sees");
    }
    if let Some(commit) = &row.commit {
        let qualifier = if row.kind == Kind::Rollback { "taken back by" } else { "goes on from" };
        related.to(objects.named("commit", commit.as_str()), qualifier);
    }
    Event {
        id: format!("decision:{}", row.position),
        kind: row.kind.as_str(),
        time: row.at.clone(),
        attributes: attributes(row),
        relationships: related.0,
    }
}

/// What an event is related to, each once.
struct Related(Vec<Relationship>);

impl Related {
    fn to(&mut self, object: &Object, qualifier: &'static str) {
        let relationship = Relationship { object_id: object.id.clone(), qualifier };
        if !self.0.contains(&relationship) {
            self.0.push(relationship);
        }
    }
}

/// The run with its specification and the gate.
fn run(row: &Row, run: &RunId, spec: Option<&String>, objects: &mut Objects, related: &mut Related) {
    if let Some(spec) = spec {
        let object = objects.named("spec", spec);
        if row.kind == Kind::Request {
            object.is("source", row.about.first().map_or("", |source| source.as_str()), &row.at);
        }
        related.to(object, "asked for by");
    }
    let object = objects.named("run", run.as_str());
    if let Some(spec) = spec {
        object.relates(format!("spec:{spec}"), "works from");
    }
    match row.kind {
        Kind::Request => object.is("state", "begun", &row.at),
        Kind::End | Kind::Rollback => object.is("state", &row.what, &row.at),
        Kind::Skip
        | Kind::Failure
        | Kind::Decision
        | Kind::Escalation
        | Kind::Expiry
        | Kind::Judgement
        | Kind::SentBack
        | Kind::Move
        | Kind::Reveal
        | Kind::Trust => {}
    }
    related.to(object, "about");
    if let Some(gate) = &row.gate {
        let id = object.id.clone();
        let gate = objects.named("gate", &format!("{run}/{gate}"));
        gate.is("state", &row.what, &row.at);
        gate.relates(id, "gate of");
        related.to(gate, "at");
    }
}

/// The attributes that the event's type declares, as far as this one has them.
fn attributes(row: &Row) -> Vec<Attribute> {
    let findings: Vec<&str> = row.findings.iter().map(|finding| finding.as_str()).collect();
    let value = |name: &str| -> Option<serde_json::Value> {
        match name {
            "position" => Some(row.position.into()),
            "hash" => Some(row.hash.as_str().into()),
            "what" => Some(row.what.as_str().into()),
            "by" => Some(row.by.login().into()),
            "because" => Some(row.because.as_str().into()),
            "via" => row.via.map(Into::into),
            "note" => row.note.as_deref().map(Into::into),
            "waited_ms" => row.waited_ms.map(Into::into),
            "verdict_passed" => row.verdict.as_ref().map(|verdict| verdict.passed.into()),
            "verdict_shown" => row.verdict.as_ref().map(|verdict| verdict.shown.into()),
            "risk" => row.risk.map(|risk| risk.as_str().into()),
            "findings" => Some(findings.join("; ").into()).filter(|_| !findings.is_empty()),
            "stage" => row.stage.as_ref().map(|stage| stage.as_str().into()),
            _ => None,
        }
    };
    let names = ALWAYS.iter().chain(more(row.kind)).map(|(name, _)| *name);
    names.filter_map(|name| Some(Attribute { name, value: value(name)? })).collect()
}
