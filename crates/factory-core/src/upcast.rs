//! Lifting records of older versions, as JSON, one version at a time. What an older version did not know gets the value
//! that says so.

use serde::de::Error as _;
use serde_json::{Error, Value, json};

/// The kinds of event that version 1 knew.
const V1_EVENTS: &[&str] = &[
    "run_started",
    "stage_started",
    "stage_produced",
    "stage_failed",
    "stage_blocked",
    "stage_unblocked",
    "gate_opened",
    "gate_decided",
    "policy_judged",
    "sent_back",
    "run_ended",
];

/// A record of version `from`, in the form of the current version. Where it is not of the form that the older version
/// wrote, it is left as it is, so that reading it says what is wrong.
///
/// # Errors
/// When it has something that the older version did not know but the current one does: that version never wrote it.
pub fn record(record: Value, from: u32) -> Result<Value, Error> {
    match from {
        1 => v1_to_v2(record),
        _ => Err(Error::custom(format!("there has never been a format version {from}"))),
    }
}

/// Version 2 knows conditions, gate rules, budgets, escalations, verdicts beside decisions, and bases that move.
fn v1_to_v2(mut record: Value) -> Result<Value, Error> {
    if let Some(record) = record.as_object_mut() {
        record.insert("schema".to_owned(), json!(2));
    }
    for event in record.get_mut("events").and_then(Value::as_array_mut).into_iter().flatten() {
        let kind = event.get("event").and_then(Value::as_str).unwrap_or_default().to_owned();
        match kind.as_str() {
            "run_started" => run_started(event)?,
            "stage_produced" => {
                if let Some(artifact) = event.get_mut("artifact") {
                    add(artifact, "facts", json!({}))?;
                    add(artifact, "protected", json!([]))?;
                }
            }
            "stage_failed" => add(event, "evidence", json!([]))?,
            "gate_opened" => {
                add(event, "expires", Value::Null)?;
                add(event, "escalation", Value::Null)?;
            }
            "gate_decided" => {
                for (key, value) in [
                    ("verdict", Value::Null),
                    ("risk", Value::Null),
                    ("edited", Value::Null),
                    ("note", Value::Null),
                    ("overrides", json!([])),
                ] {
                    add(event, key, value)?;
                }
            }
            "sent_back" => {
                let told = event.get_mut("correction").filter(|told| told["because"] == "holdouts");
                if let Some(told) = told {
                    // Nobody counted then what was revealed.
                    add(told, "revealed", json!([]))?;
                }
            }
            "policy_judged" => add(event, "scored", Value::Null)?,
            "run_ended" => add(event, "usage", Value::Null)?,
            known if V1_EVENTS.contains(&known) => {}
            other => return Err(Error::unknown_variant(other, V1_EVENTS)),
        }
    }
    Ok(record)
}

fn run_started(event: &mut Value) -> Result<(), Error> {
    add(event, "branch", Value::Null)?;
    add(event, "budget", no_budget())?;
    add(event, "lint", json!([]))?;
    add(event, "unsealed", Value::Null)?;
    if let Some(spec) = event.get_mut("spec") {
        add(spec, "protected", json!([]))?;
    }
    let Some(pipeline) = event.get_mut("pipeline") else { return Ok(()) };
    add(pipeline, "authorities", json!({}))?;
    if let Some(policy) = pipeline.get_mut("policy") {
        add(policy, "plateau", Value::Null)?;
        add(policy, "base_moved", json!("ignore"))?;
        add(policy, "budget", no_budget())?;
    }
    for stage in pipeline.get_mut("stages").and_then(Value::as_array_mut).into_iter().flatten() {
        add(stage, "zone", Value::Null)?;
        add(stage, "when", json!([]))?;
        add(stage, "rules", json!({}))?;
        add(stage, "on_exhausted", json!("fail"))?;
        add(stage, "soak_seconds", json!(0))?;
        add(stage, "budget", no_budget())?;
    }
    Ok(())
}

fn no_budget() -> Value {
    json!({ "micro_usd": null, "tokens": null })
}

/// Adds a key that the older version did not have. One that is there was never written by that version.
fn add(value: &mut Value, key: &str, to: Value) -> Result<(), Error> {
    let Some(object) = value.as_object_mut() else { return Ok(()) };
    match object.insert(key.to_owned(), to) {
        None => Ok(()),
        Some(_) => Err(Error::custom(format!("unknown field `{key}`, which that version did not have"))),
    }
}
