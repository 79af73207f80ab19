//! What a person signs when they sign a decision: everything that it binds, as exact bytes that can be made again from
//! the log.

use serde::Serialize;

use crate::command::Deciding;
use crate::event::{Decision, GateDecided};
use crate::ids::{Digest, FindingId, RunId};
use crate::pipeline::model::GateId;

#[derive(Serialize)]
struct Statement<'a> {
    /// Names the form, so that a signature under one can never be read as one under another.
    form: &'static str,
    run: &'a RunId,
    gate: &'a GateId,
    decision: Decision,
    login: &'a str,
    because: &'a str,
    seen: &'a [Digest],
    note: Option<&'a str>,
    edited: Option<&'a Digest>,
    overrides: &'a [FindingId],
}

impl Statement<'_> {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("statements hold only what JSON can say")
    }
}

const FORM: &str = "factory decision 1";

/// What is signed when somebody wants to decide. `because` and the note have to be as they are kept: without space
/// around them.
pub fn of_wish(run: &RunId, wanted: &Deciding) -> Vec<u8> {
    let edited = wanted.edited.as_ref().map(|artifact| artifact.digest());
    let statement = Statement {
        form: FORM,
        run,
        gate: &wanted.gate,
        decision: wanted.decision,
        login: &wanted.by.login,
        because: wanted.because.trim(),
        seen: &wanted.seen,
        note: wanted.note.as_deref().map(str::trim),
        edited: edited.as_ref(),
        overrides: &wanted.overrides,
    };
    statement.to_bytes()
}

/// The same of a decision that was made.
pub fn of_decision(run: &RunId, decided: &GateDecided) -> Vec<u8> {
    let statement = Statement {
        form: FORM,
        run,
        gate: &decided.gate,
        decision: decided.decision,
        login: &decided.by.login,
        because: &decided.because,
        seen: &decided.seen,
        note: decided.note.as_deref(),
        edited: decided.edited.as_ref().map(|artifact| &artifact.digest),
        overrides: &decided.overrides,
    };
    statement.to_bytes()
}
