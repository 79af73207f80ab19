//! What tripwires find in what came from a role: in everything that it made, in what its checks printed, in what it said.

use std::collections::BTreeSet;

use factory_core::artifact::{Artifact, Body, Change};
use factory_core::event::Evidence;
use factory_core::ids::FindingId;
use factory_core::pipeline::model::Role;
use serde_json::Value;

use super::{Stage, Unmade};
use crate::port::tripwire::{Hit, Tripwire};
use crate::watch::MESSAGE;

/// Where something was found whose place would say what it is.
const NAME: &str = "a file name";
/// How many places are told in words.
const TOLD: usize = 5;
/// The longest finding, in bytes.
const LONGEST: usize = 400;

/// A text with the place where it stands.
type Placed = (String, Vec<u8>);

impl Stage<'_> {
    /// Whether a model works on it that must not know the holdouts.
    pub(super) fn is_watched(&self) -> bool {
        match self.effect.stage.role {
            Role::Planner | Role::Implementer | Role::Reviewer => true,
            Role::Evaluator | Role::None => false,
        }
    }

    /// From now on this try is watched. What people have let go on in this run is not held against what is sent.
    pub(super) async fn begin_watch(&self) -> Result<(), Unmade> {
        let public = self.spec_text().await?;
        let mut texts = Vec::new();
        for digest in &self.state.let_go {
            let body = self.artifact(digest).await?;
            texts.extend(self.texts(&body).await?);
        }
        let id = &self.effect.id;
        self.ports.watch.begin(&id.run, &public, (&id.stage, id.attempt), |tripwire| {
            texts.iter().flat_map(|text| found(tripwire, text)).collect()
        });
        Ok(())
    }

    /// What was found in what this try made, and in what was said on the way.
    pub(super) async fn hits(&self, made: Option<(&Artifact, &[Evidence])>) -> Result<BTreeSet<Hit>, Unmade> {
        let id = &self.effect.id;
        let mut hits = self.ports.watch.heard(&id.stage, id.attempt);
        if let Some((artifact, evidence)) = made {
            let mut texts = self.texts(&artifact.body).await?;
            for one in evidence {
                texts.push((one.name.clone(), self.ports.blobs.get(&one.digest).await?));
            }
            hits.extend(texts.iter().flat_map(|text| found(self.ports.watch.tripwire(), text)));
        }
        Ok(hits)
    }

    /// Everything that stands in an artifact: of a build the files that it writes.
    async fn texts(&self, body: &Body) -> Result<Vec<Placed>, Unmade> {
        let Body::Build(build) = body else {
            let value = serde_json::to_value(body).map_err(|error| Unmade::blocked(&error))?;
            let mut text = String::new();
            strings(&value, &mut text);
            return Ok(vec![(body.kind().as_str().to_owned(), text.into_bytes())]);
        };
        let mut texts = vec![("summary".to_owned(), build.summary.clone().into_bytes())];
        for file in &build.patch.changes {
            let content = match &file.change {
                Change::Written { content, .. } => self.ports.blobs.get(content).await?,
                Change::Deleted => Vec::new(),
            };
            texts.push((file.path.clone(), content));
        }
        Ok(texts)
    }
}

/// What is found in a text, and in the name of the place where it stands: then the name is not told.
fn found(tripwire: &dyn Tripwire, (place, bytes): &Placed) -> Vec<Hit> {
    let mut hits = tripwire.from(NAME, place.as_bytes());
    let place = if hits.is_empty() { place.as_str() } else { NAME };
    hits.extend(tripwire.from(place, bytes));
    hits
}

/// All texts in a value, each on lines of its own.
fn strings(value: &Value, into: &mut String) {
    match value {
        Value::String(text) => {
            into.push_str(text);
            into.push('\n');
        }
        Value::Array(values) => values.iter().for_each(|value| strings(value, into)),
        Value::Object(values) => values.values().for_each(|value| strings(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Names for hits, as overrides have them: `canary:src/app.py`. Several in one place have one name.
pub(super) fn findings(hits: &BTreeSet<Hit>) -> Vec<FindingId> {
    let names: BTreeSet<String> = hits.iter().map(name).collect();
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

fn name(hit: &Hit) -> String {
    let mut name = format!("{}:{}", hit.kind.as_str(), hit.place).replace(char::is_control, "?");
    while name.len() > LONGEST {
        name.pop();
    }
    name
}

/// What was found, for people.
pub(super) fn told(hits: &BTreeSet<Hit>, role: Role) -> String {
    let mut places: Vec<String> = Vec::new();
    for hit in hits {
        let place = if hit.place == MESSAGE { "what it said" } else { hit.place.as_str() };
        let whose = match &hit.scenario {
            Some(key) => format!("scenario {}", &key.as_str()[..8]),
            None => "this run's own".to_owned(),
        };
        let place = format!("{} in {place} ({whose})", hit.kind.words()).replace(char::is_control, "?");
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let more = places.len().saturating_sub(TOLD);
    places.truncate(TOLD);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    format!("a tripwire found, in what came from the {}, {}{more}", role.as_str(), places.join(", "))
}
