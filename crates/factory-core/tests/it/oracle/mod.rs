//! What must hold of every history, found from its events and the artifacts alone: nothing here asks `decide` or
//! `evolve`. It follows a run in its own way, and says of each event why it may happen now.
//!
//! - `gates`: who decided what, having seen what.
//! - `judge`: what artifacts say, and whether that is good enough.
//! - `money`: what was used, and what may be.
//! - `stages`: tries, waits, and what comes before what.

mod gates;
mod judge;
mod money;
mod stages;

use std::collections::{BTreeMap, BTreeSet};

use factory_core::artifact::{Artifact, ArtifactKind, Body};
use factory_core::event::{Decision, Event, Outcome, Person, Record, RunStarted};
use factory_core::ids::{Attempt, Digest, GitOid, StageId, Timestamp, Usage};
use factory_core::ledger::entry::{self, Decided};
use factory_core::pipeline::model::{Edge, OnExhausted, Stage};
use factory_core::risk::RiskClass;

/// Checks a log.
///
/// # Panics
/// When something does not hold.
pub(crate) fn check(log: &[Record], artifacts: &BTreeMap<Digest, Artifact>) {
    let Some(first) = log.first() else { return };
    let Some(Event::RunStarted(started)) = first.events.first() else {
        panic!("a log begins with the run's start");
    };
    let mut oracle = Oracle::new(started, artifacts, first.at);
    for (position, record) in (0..).zip(log) {
        assert!(oracle.at <= record.at, "the time of records never goes back");
        assert!(!record.events.is_empty(), "a record says something");
        oracle.at = record.at;
        for (number, event) in record.events.iter().enumerate() {
            let begins = position == 0 && number == 0;
            assert_eq!(matches!(event, Event::RunStarted(_)), begins, "a run starts once, and first");
            oracle.event(event);
        }
        oracle.between_records(record);
        ledger(&started.run, position, record);
    }
}

/// The run as far as it was followed.
struct Oracle<'a> {
    started: &'a RunStarted,
    artifacts: &'a BTreeMap<Digest, Artifact>,
    at: Timestamp,
    /// For each stage, those that come after it.
    after: BTreeMap<&'a StageId, BTreeSet<&'a StageId>>,
    /// The risk of every patch that was built, by its artifact.
    risks: BTreeMap<Digest, RiskClass>,
    stands: BTreeMap<StageId, Stand<'a>>,
    base: GitOid,
    rebases: u32,
    pinned: bool,
    used: Usage,
    raises: u64,
    merged: Option<Digest>,
    rolled_back: bool,
    ended: bool,
    /// Who knows what came of which try at verifying, by login.
    known: BTreeSet<(StageId, u32, String)>,
    /// What has to come next, and in the same record.
    next: Next,
}

/// How a stage stands.
struct Stand<'a> {
    stage: &'a Stage,
    now: Now,
    settled: Settled,
    made: Option<Digest>,
    last: u32,
    tries: u32,
    granted: u32,
    entered: bool,
    soaked: bool,
    used: Usage,
    raises: u64,
    /// What policy, or a person instead, said of what was judged.
    judged: BTreeMap<Digest, bool>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Now {
    Idle,
    Running(Attempt),
    Blocked(Attempt),
    Soaking(Timestamp),
    Gate(Box<Gate>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Gate {
    edge: Edge,
    since: Timestamp,
    expires: Option<Timestamp>,
    sees: Vec<Digest>,
    approved: Vec<Person>,
    /// By login: whether the verdict was shown.
    looked: BTreeMap<String, bool>,
    findings: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    No,
    Passed,
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    Anything,
    /// The run ends, like that unless it has merged.
    End(Box<Outcome>),
    /// Work goes back, by what a person said or because the base has moved.
    Back {
        from: StageId,
        noted: bool,
    },
}

impl<'a> Oracle<'a> {
    fn new(started: &'a RunStarted, artifacts: &'a BTreeMap<Digest, Artifact>, at: Timestamp) -> Self {
        let stages = &started.pipeline.stages;
        let stands = stages.iter().map(|stage| (stage.id.clone(), Stand::new(stage)));
        let after = stages.iter().map(|stage| (&stage.id, after(stages, &stage.id)));
        Self {
            started,
            artifacts,
            at,
            after: after.collect(),
            risks: BTreeMap::new(),
            stands: stands.collect(),
            base: started.base.clone(),
            rebases: 0,
            pinned: false,
            used: Usage::default(),
            raises: 0,
            merged: None,
            rolled_back: false,
            ended: false,
            known: BTreeSet::new(),
            next: Next::Anything,
        }
    }

    fn event(&mut self, event: &'a Event) {
        let after_the_end = matches!(event, Event::ScorecardRevealed { .. } | Event::RolledBack { .. });
        assert!(!self.ended || after_the_end, "{event:?} after the end");
        match (&self.next, event) {
            (Next::Anything, _) => {}
            (Next::End(expected), Event::RunEnded { outcome, .. }) => {
                assert!(self.merged.is_some() || **expected == *outcome, "{expected:?}, not {outcome:?}");
            }
            (Next::Back { from: asked, .. }, Event::SentBack { from, .. }) => assert_eq!(asked, from),
            (next, other) => panic!("{next:?} has to follow, not {other:?}"),
        }
        let next = std::mem::replace(&mut self.next, Next::Anything);
        match event {
            Event::RunStarted(started) => {
                let entry = started.pipeline.entry.contains_key(&started.entry);
                assert!(entry, "a run begins as the pipeline allows");
            }
            Event::StageSkipped { stage, why } => self.skipped(stage, why),
            Event::SoakBegan { stage, until } => self.soak_began(stage, *until),
            Event::SoakEnded { stage } => self.soak_ended(stage),
            Event::StageStarted { stage, attempt } => self.stage_started(stage, *attempt),
            Event::StageProduced { stage, attempt, artifact, usage, .. } => {
                self.tried(stage, *attempt, *usage);
                self.produced(stage, &artifact.digest);
            }
            Event::StageFailed { stage, attempt, usage, .. } => self.tried(stage, *attempt, *usage),
            Event::StageBlocked { stage, attempt, usage, .. } => {
                self.tried(stage, *attempt, *usage);
                self.stand_mut(stage).now = Now::Blocked(*attempt);
            }
            Event::StageUnblocked { stage, attempt } => {
                assert_eq!(self.stand(stage).now, Now::Blocked(*attempt), "{stage} goes on");
                self.may_spend(stage);
                self.stand_mut(stage).now = Now::Running(*attempt);
            }
            Event::GateOpened { gate, sees, expires, escalation } => {
                self.gate_opened(gate, sees, *expires, escalation.as_deref());
            }
            Event::GateSeen { gate, by, seen, verdict_shown } => {
                self.gate_seen(gate, by, seen, *verdict_shown);
            }
            Event::GateDecided(decided) => self.gate_decided(decided),
            Event::GateExpired { gate, waited_ms } => self.gate_expired(gate, *waited_ms),
            Event::PolicyJudged { gate, sees, passed, reason, scored } => {
                self.policy_judged(gate, sees, *passed, reason, scored.as_ref());
            }
            Event::SentBack { from, to, correction } => {
                self.sent_back(from, to, correction, &next);
            }
            Event::BaseMoved { from, to } => {
                assert_eq!(from, &self.base, "it moves from where it was");
                assert_ne!(from, to);
                assert!(!self.pinned, "the merge stays where somebody said it does");
                self.rebases += 1;
                assert!(self.rebases <= 3, "after that somebody is asked");
                self.base = to.clone();
                self.next = Next::Back { from: self.merge_stage(), noted: false };
            }
            Event::ScorecardRevealed { stage, because, .. } => {
                let stand = self.stand(stage);
                assert!(stand.stage.makes == ArtifactKind::Verify && stand.made.is_some());
                assert!(!because.trim().is_empty());
            }
            Event::RunEnded { outcome, usage } => self.run_ended(outcome, *usage),
            Event::RolledBack { merge, because, .. } => {
                assert_eq!(Some(merge), self.merged.as_ref(), "what was merged is taken back");
                assert!(!self.rolled_back, "once");
                assert!(!because.trim().is_empty());
                self.rolled_back = true;
            }
        }
    }

    fn run_ended(&mut self, outcome: &Outcome, usage: Option<Usage>) {
        assert_eq!(usage, Some(self.used), "all that was used");
        match (&self.merged, outcome) {
            (Some(merged), Outcome::Merged { merge }) => assert_eq!(merged, merge),
            (None, Outcome::Merged { .. }) => panic!("nothing is merged"),
            (Some(_), other) => panic!("it has merged, and ended as {other:?}"),
            (None, Outcome::Failed { stage, detail, .. }) => {
                assert_eq!(self.stand(stage).stage.on_exhausted, OnExhausted::Fail, "somebody is asked");
                assert!(!detail.is_empty());
            }
            (None, Outcome::Cancelled { because, .. }) => assert!(!because.trim().is_empty()),
            (None, Outcome::Rejected { .. } | Outcome::Expired { .. }) => {}
        }
        self.ended = true;
        self.stands.values_mut().for_each(|stand| stand.now = Now::Idle);
    }

    /// What holds whenever nothing happens.
    fn between_records(&self, record: &Record) {
        assert_eq!(self.next, Next::Anything, "nothing is left half done");
        if self.ended {
            return;
        }
        let goes_on = self.stands.values().any(|stand| stand.now != Now::Idle);
        assert!(goes_on, "a run that is not over can be gone on with");
        let changes_nothing =
            |event: &Event| matches!(event, Event::ScorecardRevealed { .. } | Event::RolledBack { .. });
        let still = record.events.iter().all(changes_nothing);
        for (id, stand) in &self.stands {
            match &stand.now {
                Now::Gate(gate) => assert!(
                    still || gate.expires.is_none_or(|expires| expires > self.at),
                    "the gate at {id} is open longer than it may be"
                ),
                Now::Soaking(until) => assert!(still || *until > self.at, "{id} has waited long enough"),
                Now::Idle => assert!(!self.could_start(stand), "{id} could start, and does not"),
                Now::Running(_) | Now::Blocked(_) => {}
            }
        }
    }

    fn stand(&self, id: &StageId) -> &Stand<'a> {
        self.stands.get(id).unwrap_or_else(|| panic!("there is no stage {id}"))
    }

    fn stand_mut(&mut self, id: &StageId) -> &mut Stand<'a> {
        self.stands.get_mut(id).unwrap_or_else(|| panic!("there is no stage {id}"))
    }

    fn body(&self, digest: &Digest) -> &'a Body {
        &self.artifacts.get(digest).unwrap_or_else(|| panic!("nobody offered {digest}")).body
    }

    fn merge_stage(&self) -> StageId {
        let merges = |stage: &&Stage| stage.makes == ArtifactKind::Merge;
        self.started.pipeline.stages.iter().find(merges).expect("a pipeline merges").id.clone()
    }

    /// Whether `stage` comes after `before`.
    fn comes_after(&self, stage: &StageId, before: &StageId) -> bool {
        self.after[before].contains(stage)
    }
}

/// The stages that need `before`, themselves or by way of others.
fn after<'a>(stages: &'a [Stage], before: &StageId) -> BTreeSet<&'a StageId> {
    let needing = stages.iter().filter(|stage| stage.needs.contains(before));
    needing.flat_map(|stage| after(stages, &stage.id).into_iter().chain([&stage.id])).collect()
}

impl<'a> Stand<'a> {
    fn new(stage: &'a Stage) -> Self {
        Self {
            stage,
            now: Now::Idle,
            settled: Settled::No,
            made: None,
            last: 0,
            tries: 0,
            granted: 0,
            entered: false,
            soaked: false,
            used: Usage::default(),
            raises: 0,
            judged: BTreeMap::new(),
        }
    }
}

/// The ledger holds every decision of the record, in order, and nothing else.
fn ledger(run: &factory_core::ids::RunId, position: u64, record: &Record) {
    let entries = entry::entries(run, position, record.at, &record.events);
    assert!(entries.iter().all(|entry| entry.at == record.at));
    let mut entries = entries.into_iter().map(|entry| entry.decided);
    for event in &record.events {
        let decides = match event {
            Event::RunStarted(_) => {
                assert!(matches!(entries.next(), Some(Decided::Request(_))));
                continue;
            }
            Event::StageSkipped { .. }
            | Event::StageFailed { .. }
            | Event::GateOpened { escalation: Some(_), .. }
            | Event::GateDecided(_)
            | Event::GateExpired { .. }
            | Event::PolicyJudged { .. }
            | Event::SentBack { .. }
            | Event::BaseMoved { .. }
            | Event::ScorecardRevealed { .. }
            | Event::RunEnded { .. }
            | Event::RolledBack { .. } => true,
            Event::SoakBegan { .. }
            | Event::SoakEnded { .. }
            | Event::StageStarted { .. }
            | Event::StageProduced { .. }
            | Event::StageBlocked { .. }
            | Event::StageUnblocked { .. }
            | Event::GateOpened { escalation: None, .. }
            | Event::GateSeen { .. } => false,
        };
        if decides {
            let expected = Decided::Run { run: run.clone(), position, event: Box::new(event.clone()) };
            assert_eq!(entries.next(), Some(expected));
        }
    }
    assert_eq!(entries.next(), None, "nothing else is decided");
}

/// What a decision comes to, told by whether the run goes on for it.
fn agrees(decision: Decision) -> bool {
    match decision {
        Decision::Approved | Decision::Overridden => true,
        Decision::Rejected | Decision::Retried => false,
    }
}
