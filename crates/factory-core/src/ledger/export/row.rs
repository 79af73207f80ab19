//! Any entry as one row: who decided what, where and why.

use serde::Serialize;

use super::{Placed, time};
use crate::event::{
    Channel, Event, FailureKind, GateDecided, Outcome, Person, Proof, SentBack, Skip, Stuck, VerdictSeen,
};
use crate::ids::{Digest, FindingId, GitOid, RunId, StageId, Timestamp};
use crate::ledger::entry::{Decided, Request};
use crate::pipeline::model::GateId;
use crate::risk::RiskClass;
use crate::trust::{TrustActor, TrustChange};

/// Who decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Actor {
    /// A person.
    Person {
        /// The operating system's name for them.
        login: String,
        /// As git has it.
        name: Option<String>,
        /// As git has it.
        email: Option<String>,
        /// The fingerprint of the key that they signed the decision with.
        signed_with: Option<String>,
    },
    /// A rule of the run's pipeline, by figures.
    Policy,
    /// What follows by itself: from the pipeline, from a failure, from the passing of time.
    Factory,
}

impl Actor {
    /// `person`, `policy` or `factory`.
    pub fn kind(&self) -> &'static str {
        match self {
            Actor::Person { .. } => "person",
            Actor::Policy => "policy",
            Actor::Factory => "factory",
        }
    }

    /// The person's login; else the kind.
    pub fn login(&self) -> &str {
        match self {
            Actor::Person { login, .. } => login,
            Actor::Policy | Actor::Factory => self.kind(),
        }
    }

    fn person(person: &Person) -> Self {
        let signed_with = match &person.proof {
            Proof::Unauthenticated => None,
            Proof::Signed { fingerprint, .. } => Some(fingerprint.clone()),
        };
        Actor::Person {
            login: person.login.clone(),
            name: person.name.clone(),
            email: person.email.clone(),
            signed_with,
        }
    }
}

/// What kind of decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A run was asked for.
    Request,
    /// A stage was left out.
    Skip,
    /// A try failed.
    Failure,
    /// A person decided at a gate.
    Decision,
    /// A person was asked about a stage that is stuck.
    Escalation,
    /// Nobody decided in time.
    Expiry,
    /// Policy judged.
    Judgement,
    /// Work went back.
    SentBack,
    /// The work goes on from another commit.
    Move,
    /// A scorecard was shown to a person.
    Reveal,
    /// The run ended.
    End,
    /// What was merged was taken back.
    Rollback,
    /// How far the project trusts its runs.
    Trust,
}

impl Kind {
    /// Every kind, in the order in which they are documented.
    pub const ALL: [Kind; 13] = [
        Kind::Request,
        Kind::Skip,
        Kind::Failure,
        Kind::Decision,
        Kind::Escalation,
        Kind::Expiry,
        Kind::Judgement,
        Kind::SentBack,
        Kind::Move,
        Kind::Reveal,
        Kind::End,
        Kind::Rollback,
        Kind::Trust,
    ];

    /// The kind as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Request => "request",
            Kind::Skip => "skip",
            Kind::Failure => "failure",
            Kind::Decision => "decision",
            Kind::Escalation => "escalation",
            Kind::Expiry => "expiry",
            Kind::Judgement => "judgement",
            Kind::SentBack => "sent_back",
            Kind::Move => "move",
            Kind::Reveal => "reveal",
            Kind::End => "end",
            Kind::Rollback => "rollback",
            Kind::Trust => "trust",
        }
    }
}

/// One decision. What does not apply is absent or empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Where it stands in the ledger, from 0.
    pub position: u64,
    /// The entry's hash.
    pub hash: Digest,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// The same as RFC 3339 writes it.
    pub at: String,
    /// What kind of decision.
    pub kind: Kind,
    /// The run.
    pub run: Option<RunId>,
    /// The record of the run's log.
    pub record: Option<u64>,
    /// The stage.
    pub stage: Option<StageId>,
    /// The gate.
    pub gate: Option<String>,
    /// What was decided, in a word: `approved`, `failed`, `merged`, `shadow → advised`.
    pub what: String,
    /// Who decided.
    pub by: Actor,
    /// Why.
    pub because: String,
    /// How it came in: `terminal`, `in_advance`, `command`.
    pub via: Option<&'static str>,
    /// What whoever tries again is told.
    pub note: Option<String>,
    /// How long the gate had waited.
    pub waited_ms: Option<u64>,
    /// What the evaluator had said.
    pub verdict: Option<VerdictSeen>,
    /// The risk class.
    pub risk: Option<RiskClass>,
    /// Findings that were overridden, or that a stuck stage has.
    pub findings: Vec<FindingId>,
    /// Digests of what the decision is about: what was seen, the specification, the merge.
    pub about: Vec<Digest>,
    /// The commit that it names.
    pub commit: Option<GitOid>,
}

/// An entry as a row.
pub fn of(placed: Placed<'_>) -> Row {
    let mut row = Row {
        position: placed.position,
        hash: placed.hash.clone(),
        at_ms: placed.entry.at.0,
        at: time::iso(Timestamp(placed.entry.at.0)),
        kind: Kind::Request,
        run: None,
        record: None,
        stage: None,
        gate: None,
        what: String::new(),
        by: Actor::Factory,
        because: String::new(),
        via: None,
        note: None,
        waited_ms: None,
        verdict: None,
        risk: None,
        findings: Vec::new(),
        about: Vec::new(),
        commit: None,
    };
    match &placed.entry.decided {
        Decided::Request(request) => row.request(request),
        Decided::Run { run, position, event } => {
            row.run = Some(run.clone());
            row.record = Some(*position);
            row.event(event);
        }
        Decided::Trust(change) => row.trust(change),
    }
    row
}

impl Row {
    fn request(&mut self, request: &Request) {
        self.kind = Kind::Request;
        self.run = Some(request.run.clone());
        self.record = Some(0);
        "asked for".clone_into(&mut self.what);
        self.by = Actor::person(&request.requested_by);
        self.because = format!("{}, by {}", request.spec, request.model);
        self.about = vec![request.source.clone()];
    }

    fn trust(&mut self, change: &TrustChange) {
        self.kind = Kind::Trust;
        self.what = format!("{} → {}", change.from, change.to);
        match &change.by {
            TrustActor::Human { login, because } => {
                self.by = Actor::Person { login: login.clone(), name: None, email: None, signed_with: None };
                self.because.clone_from(because);
            }
            TrustActor::Automatic { because } => {
                self.by = Actor::Policy;
                self.because.clone_from(because);
            }
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::GateDecided(decided) => self.decided(decided),
            Event::StageSkipped { stage, why } => {
                let because = match why {
                    Skip::Entry { entry } => format!("a {} begins after it", entry.as_str()),
                    Skip::Condition { condition } => format!("only when {condition}"),
                };
                self.at_stage(Kind::Skip, stage, "left out", because);
            }
            Event::StageFailed { stage, attempt, kind, detail, .. } => {
                let because = format!("attempt {attempt}, {}: {detail}", failure(*kind));
                self.at_stage(Kind::Failure, stage, "failed", because);
            }
            Event::GateOpened { gate, sees, escalation, .. } => {
                self.at_gate(Kind::Escalation, gate, "asked a person", sees);
                if let Some(escalation) = escalation {
                    self.because = format!("{}: {}", stuck(escalation.why), escalation.detail);
                    self.findings.clone_from(&escalation.findings);
                }
            }
            Event::GateExpired { gate, waited_ms } => {
                self.at_gate(Kind::Expiry, gate, "expired", &[]);
                "nobody decided in time".clone_into(&mut self.because);
                self.waited_ms = Some(*waited_ms);
            }
            Event::PolicyJudged { gate, sees, passed, reason, .. } => {
                self.at_gate(Kind::Judgement, gate, if *passed { "passed" } else { "not passed" }, sees);
                self.by = Actor::Policy;
                self.because.clone_from(reason);
            }
            Event::SentBack { from, to, correction } => {
                self.at_stage(Kind::SentBack, from, &format!("sent back to {to}"), sent_back(correction));
            }
            Event::BaseMoved { from, to } => {
                self.kind = Kind::Move;
                "moved on".clone_into(&mut self.what);
                self.because = format!("the base branch has moved on from {from}");
                self.commit = Some(to.clone());
            }
            Event::ScorecardRevealed { stage, scorecard, by, because } => {
                self.at_stage(Kind::Reveal, stage, "scorecard seen", because.clone());
                self.by = Actor::person(by);
                self.about = vec![scorecard.clone()];
            }
            Event::RunEnded { outcome, .. } => self.ended(outcome),
            Event::RolledBack { merge, commit, by, because } => {
                self.kind = Kind::Rollback;
                "rolled back".clone_into(&mut self.what);
                self.by = Actor::person(by);
                self.because.clone_from(because);
                self.about = vec![merge.clone()];
                self.commit.clone_from(commit);
            }
            // No ledger has them; one that was made otherwise is shown as far as it can be.
            Event::RunStarted(_)
            | Event::SoakBegan { .. }
            | Event::SoakEnded { .. }
            | Event::StageStarted { .. }
            | Event::StageProduced { .. }
            | Event::StageBlocked { .. }
            | Event::StageUnblocked { .. }
            | Event::GateSeen { .. } => "no decision".clone_into(&mut self.what),
        }
    }

    fn at_stage(&mut self, kind: Kind, stage: &StageId, what: &str, because: String) {
        self.kind = kind;
        self.stage = Some(stage.clone());
        what.clone_into(&mut self.what);
        self.because = because;
    }

    fn at_gate(&mut self, kind: Kind, gate: &GateId, what: &str, about: &[Digest]) {
        self.kind = kind;
        self.stage = Some(gate.stage.clone());
        self.gate = Some(gate.to_string());
        what.clone_into(&mut self.what);
        self.about = about.to_vec();
    }

    fn decided(&mut self, decided: &GateDecided) {
        let what = match (decided.decision.as_str(), &decided.edited) {
            ("approved", Some(_)) => "approved with changes",
            (plain, _) => plain,
        };
        self.at_gate(Kind::Decision, &decided.gate, what, &decided.seen);
        self.by = Actor::person(&decided.by);
        self.because.clone_from(&decided.because);
        self.via = Some(channel(decided.via));
        self.note.clone_from(&decided.note);
        self.waited_ms = Some(decided.waited_ms);
        self.verdict.clone_from(&decided.verdict);
        self.risk = decided.risk;
        self.findings.clone_from(&decided.overrides);
    }

    fn ended(&mut self, outcome: &Outcome) {
        self.kind = Kind::End;
        outcome_word(outcome).clone_into(&mut self.what);
        match outcome {
            Outcome::Merged { merge } => self.about = vec![merge.clone()],
            Outcome::Rejected { gate } => self.gate = Some(gate.to_string()),
            Outcome::Expired { gate } => {
                self.gate = Some(gate.to_string());
                "nobody decided in time".clone_into(&mut self.because);
            }
            Outcome::Cancelled { by, because } => {
                self.by = Actor::person(by);
                self.because.clone_from(because);
            }
            Outcome::Failed { stage, kind, detail } => {
                self.stage = Some(stage.clone());
                self.because = format!("{}: {detail}", failure(*kind));
            }
        }
    }
}

/// How a run ended, in a word.
pub fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Merged { .. } => "merged",
        Outcome::Rejected { .. } => "rejected",
        Outcome::Expired { .. } => "expired",
        Outcome::Cancelled { .. } => "cancelled",
        Outcome::Failed { .. } => "failed",
    }
}

/// How a decision came in, as it is stored.
pub fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Terminal => "terminal",
        Channel::InAdvance => "in_advance",
        Channel::Command => "command",
    }
}

/// A kind of failure, as it is stored.
pub fn failure(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Unusable => "unusable",
        FailureKind::ExitCriteria => "exit_criteria",
        FailureKind::Limit => "limit",
        FailureKind::BadPatch => "bad_patch",
        FailureKind::BaselineRed => "baseline_red",
        FailureKind::ChecksRed => "checks_red",
        FailureKind::Policy => "policy",
        FailureKind::BaseMoved => "base_moved",
        FailureKind::Tripwire => "tripwire",
    }
}

/// What made a stage stop, as it is stored.
pub fn stuck(why: Stuck) -> &'static str {
    match why {
        Stuck::Exhausted => "exhausted",
        Stuck::Plateau => "plateau",
        Stuck::Conflict => "conflict",
        Stuck::BaseMoves => "base_moves",
        Stuck::Vault => "vault",
        Stuck::Tripwire => "tripwire",
    }
}

/// Why work went back, as it is stored, with what a person said.
fn sent_back(correction: &SentBack) -> String {
    match correction {
        SentBack::Note { note } => format!("note: {note}"),
        SentBack::Checks { .. }
        | SentBack::Review { .. }
        | SentBack::Holdouts { .. }
        | SentBack::Rebase { .. } => correction_word(correction).to_owned(),
    }
}

/// Why work went back, in a word.
pub fn correction_word(correction: &SentBack) -> &'static str {
    match correction {
        SentBack::Checks { .. } => "checks",
        SentBack::Review { .. } => "review",
        SentBack::Holdouts { .. } => "holdouts",
        SentBack::Note { .. } => "note",
        SentBack::Rebase { .. } => "rebase",
    }
}
