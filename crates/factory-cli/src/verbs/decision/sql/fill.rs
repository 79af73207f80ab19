//! An entry as rows of the copy.

use factory_core::event::{Event, GateDecided, Outcome, Person, Proof, SentBack, Skip};
use factory_core::ids::Timestamp;
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_core::ledger::export::{row, time};
use factory_core::pipeline::model::GateId;
use factory_core::trust::TrustActor;
use factory_engine::port::store::StoredRecord;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use serde::Serialize;

/// Writes the entry into `entries`, and into the table of its kind.
pub(super) fn entry(
    connection: &Connection,
    record: &StoredRecord,
    entry: &LedgerEntry,
) -> rusqlite::Result<()> {
    let row = crate::verbs::decision::row(record.position, &record.hash, entry);
    let into = Into { connection, position: integer(record.position), at: entry.at };
    into.table(
        "entries",
        vec![
            text(row.hash.as_str()),
            text(row.kind.as_str()),
            maybe(row.run.as_ref().map(|run| run.as_str())),
            row.record.map_or(Value::Null, integer),
            maybe(row.stage.as_ref().map(|stage| stage.as_str())),
            maybe(row.gate.as_deref()),
            text(&row.what),
            text(row.by.kind()),
            text(row.by.login()),
            text(&row.because),
            text(&String::from_utf8_lossy(&record.bytes)),
        ],
    )?;
    match &entry.decided {
        Decided::Request(request) => into.table(
            "requests",
            vec![
                text(request.run.as_str()),
                text(&request.spec),
                text(request.source.as_str()),
                integer(u64::from(request.requirements)),
                json(&request.lint),
                text(request.entry.as_str()),
                text(&request.pipeline),
                text(request.pipeline_digest.as_str()),
                text(&request.model),
                text(&request.requested_by.login),
                maybe(request.requested_by.name.as_deref()),
                maybe(request.requested_by.email.as_deref()),
                text(&request.factory),
            ],
        ),
        Decided::Run { run, event, .. } => into.event(run.as_str(), event),
        Decided::Trust(change) => {
            let (kind, login, because) = match &change.by {
                TrustActor::Human { login, because } => ("person", Some(login.as_str()), because),
                TrustActor::Automatic { because } => ("policy", None, because),
            };
            let phases = [text(change.from.as_str()), text(change.to.as_str())];
            into.table("trust", [&phases[..], &[text(kind), maybe(login), text(because)]].concat())
        }
    }
}

/// Where rows go, and what they begin with.
struct Into<'a> {
    connection: &'a Connection,
    position: Value,
    at: Timestamp,
}

impl Into<'_> {
    fn table(&self, table: &str, values: Vec<Value>) -> rusqlite::Result<()> {
        let mut all = vec![self.position.clone(), text(&time::iso(self.at)), integer(self.at.0)];
        all.extend(values);
        let places = vec!["?"; all.len()].join(", ");
        let mut statement = self.connection.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
        statement.execute(params_from_iter(all))?;
        Ok(())
    }

    fn event(&self, run: &str, event: &Event) -> rusqlite::Result<()> {
        let of_run = |table, values: Vec<Value>| self.table(table, [vec![text(run)], values].concat());
        match event {
            Event::GateDecided(decided) => of_run("decisions", self::decided(decided)),
            Event::PolicyJudged { gate, sees, passed, reason, scored } => {
                let scored = scored.as_ref();
                let more = vec![
                    Value::Integer(i64::from(*passed)),
                    text(reason),
                    scored.map_or(Value::Null, |scored| integer(u64::from(scored.passed))),
                    scored.map_or(Value::Null, |scored| integer(u64::from(scored.of))),
                    scored.map_or(Value::Null, |scored| Value::Integer(i64::from(scored.met))),
                    json(&scored.map_or(&[][..], |scored| &scored.findings)),
                    json(sees),
                ];
                of_run("judgements", [self::gate(gate), more].concat())
            }
            Event::GateOpened { gate, expires, escalation: Some(escalation), .. } => {
                let more = vec![
                    text(row::stuck(escalation.why)),
                    text(row::failure(escalation.kind)),
                    text(&escalation.detail),
                    json(&escalation.findings),
                    integer(u64::try_from(escalation.tried.len()).unwrap_or(u64::MAX)),
                    expires.map_or(Value::Null, |at| integer(at.0)),
                ];
                of_run("escalations", [self::gate(gate), more].concat())
            }
            Event::GateExpired { gate, waited_ms } => {
                of_run("expiries", [self::gate(gate), vec![integer(*waited_ms)]].concat())
            }
            Event::SentBack { from, to, correction } => {
                let note = match correction {
                    SentBack::Note { note } => Some(note.as_str()),
                    SentBack::Checks { .. }
                    | SentBack::Review { .. }
                    | SentBack::Holdouts { .. }
                    | SentBack::Rebase { .. } => None,
                };
                let because = text(row::correction_word(correction));
                of_run("sent_back", vec![text(from.as_str()), text(to.as_str()), because, maybe(note)])
            }
            Event::StageFailed { stage, attempt, kind, detail, .. } => {
                let kind = text(row::failure(*kind));
                let attempt = integer(u64::from(attempt.0));
                of_run("failures", vec![text(stage.as_str()), attempt, kind, text(detail)])
            }
            Event::StageSkipped { stage, why } => {
                let because = match why {
                    Skip::Entry { entry } => text(&format!("entry {}", entry.as_str())),
                    Skip::Condition { condition } => text(condition),
                };
                of_run("skips", vec![text(stage.as_str()), because])
            }
            Event::BaseMoved { from, to } => of_run("moves", vec![text(from.as_str()), text(to.as_str())]),
            Event::ScorecardRevealed { stage, scorecard, by, because } => {
                let values = [stage.as_str(), scorecard.as_str(), &by.login, because];
                of_run("reveals", values.map(text).to_vec())
            }
            Event::RunEnded { outcome, usage } => {
                let used = usage.map_or([Value::Null, Value::Null, Value::Null, Value::Null], |usage| {
                    [
                        integer(usage.calls),
                        integer(usage.input_tokens),
                        integer(usage.output_tokens),
                        usage.micro_usd.map_or(Value::Null, integer),
                    ]
                });
                of_run("ends", [self::outcome(outcome), used.to_vec()].concat())
            }
            Event::RolledBack { merge, commit, by, because } => {
                let commit = maybe(commit.as_ref().map(|commit| commit.as_str()));
                of_run("rollbacks", vec![text(merge.as_str()), commit, text(&by.login), text(because)])
            }
            // No ledger has them; they are in `entries`.
            Event::GateOpened { escalation: None, .. }
            | Event::RunStarted(_)
            | Event::SoakBegan { .. }
            | Event::SoakEnded { .. }
            | Event::StageStarted { .. }
            | Event::StageProduced { .. }
            | Event::StageBlocked { .. }
            | Event::StageUnblocked { .. }
            | Event::GateSeen { .. } => Ok(()),
        }
    }
}

fn gate(gate: &GateId) -> Vec<Value> {
    vec![text(gate.stage.as_str()), text(gate.edge.as_str())]
}

fn decided(decided: &GateDecided) -> Vec<Value> {
    let Person { login, name, email, proof } = &decided.by;
    let (key, signature) = match proof {
        Proof::Unauthenticated => (None, None),
        Proof::Signed { fingerprint, signature } => (Some(fingerprint.as_str()), Some(signature.as_str())),
    };
    let verdict = decided.verdict.as_ref();
    let truth = |truth: Option<bool>| truth.map_or(Value::Null, |truth| Value::Integer(i64::from(truth)));
    let mut values = gate(&decided.gate);
    values.extend([
        text(decided.decision.as_str()),
        text(login),
        maybe(name.as_deref()),
        maybe(email.as_deref()),
        maybe(key),
        maybe(signature),
        text(row::channel(decided.via)),
        text(&decided.because),
        maybe(decided.note.as_deref()),
        integer(decided.waited_ms),
        maybe(verdict.map(|verdict| verdict.verify.as_str())),
        truth(verdict.map(|verdict| verdict.passed)),
        truth(verdict.map(|verdict| verdict.shown)),
        maybe(decided.risk.map(|risk| risk.as_str())),
        maybe(decided.edited.as_ref().map(|artifact| artifact.digest.as_str())),
        json(&decided.seen),
        json(&decided.overrides),
    ]);
    values
}

/// Outcome, stage, login, because, merge.
fn outcome(outcome: &Outcome) -> Vec<Value> {
    let (stage, login, because, merge) = match outcome {
        Outcome::Merged { merge } => (None, None, None, Some(merge.as_str())),
        Outcome::Rejected { gate } | Outcome::Expired { gate } => {
            (Some(gate.stage.as_str()), None, None, None)
        }
        Outcome::Cancelled { by, because } => (None, Some(by.login.as_str()), Some(because.as_str()), None),
        Outcome::Failed { stage, detail, .. } => (Some(stage.as_str()), None, Some(detail.as_str()), None),
    };
    vec![text(row::outcome_word(outcome)), maybe(stage), maybe(login), maybe(because), maybe(merge)]
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn maybe(text: Option<&str>) -> Value {
    text.map_or(Value::Null, self::text)
}

/// SQLite has no larger ones.
fn integer(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn json<T: Serialize + ?Sized>(value: &T) -> Value {
    Value::Text(serde_json::to_string(value).expect("lists hold only what JSON can say"))
}
