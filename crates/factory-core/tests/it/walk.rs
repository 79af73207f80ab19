//! A run that is led by hand: every command goes through `decide`, every event through `evolve`.

use std::collections::BTreeMap;

use factory_core::artifact::{Artifact, ArtifactKind, Body, Build, Merge};
use factory_core::command::{Command, Deciding};
use factory_core::decide::{self, Rejection};
use factory_core::effects;
use factory_core::event::{Channel, Decision, Event, FailureKind, Outcome, Person, Record, RunStarted};
use factory_core::evolve;
use factory_core::ids::{Attempt, Digest, Timestamp, Usage};
use factory_core::pipeline::model::{Edge, GateId, Pipeline};
use factory_core::state::{OpenGate, RunState, StageState, StageStatus};
use factory_testkit::samples;

/// What every artifact costs, unless something else is said: twelve tokens.
pub(crate) const USED: Usage = Usage { calls: 1, input_tokens: 10, output_tokens: 2, micro_usd: Some(3) };

/// The run so far.
#[derive(Default, Clone)]
pub(crate) struct Walk {
    pub(crate) state: Option<RunState>,
    pub(crate) log: Vec<Record>,
    /// Every artifact that was offered, by digest: what the blobs hold.
    pub(crate) artifacts: BTreeMap<Digest, Artifact>,
    /// The clock, in milliseconds. A second passes with every command.
    pub(crate) now: u64,
}

impl Walk {
    /// A run of the shipped pipeline that has begun.
    pub(crate) fn begun() -> Self {
        Self::of(samples::started())
    }

    /// A run that has begun.
    pub(crate) fn of(started: RunStarted) -> Self {
        let mut walk = Self::default();
        walk.obey(Command::Start(Box::new(started)));
        walk
    }

    /// A run of that pipeline that has begun.
    pub(crate) fn in_pipeline(pipeline: Pipeline) -> Self {
        Self::of(samples::started_in(pipeline))
    }

    /// A run of the shipped pipeline, changed like that.
    pub(crate) fn with(change: impl FnOnce(&mut Pipeline)) -> Self {
        let mut started = samples::started();
        change(&mut started.pipeline);
        Self::of(started)
    }

    /// A run that has come to the stage, or to the gate before it.
    pub(crate) fn up_to(stage: &str) -> Self {
        let mut walk = Self::begun();
        walk.go_on_to(stage);
        walk
    }

    /// Everything goes well until the stage is performed, or waits for a time, or the gate before it is open.
    pub(crate) fn go_on_to(&mut self, stage: &str) {
        for _ in 0..40 {
            let there = match &self.stage(stage).status {
                StageStatus::Running { .. } | StageStatus::Soaking { .. } => true,
                StageStatus::AtGate { edge, .. } => *edge == Edge::Entry,
                StageStatus::Pending
                | StageStatus::Blocked { .. }
                | StageStatus::Produced
                | StageStatus::Failed
                | StageStatus::Passed
                | StageStatus::Skipped => false,
            };
            if there {
                return;
            }
            self.go_well();
        }
        panic!("{stage} is never come to: {:#?}", self.state().stages);
    }

    /// Everything goes well until the run is over.
    pub(crate) fn finish(&mut self) {
        for _ in 0..60 {
            if self.state().outcome.is_some() {
                return;
            }
            self.go_well();
        }
        panic!("the run is never over: {:#?}", self.state().stages);
    }

    /// One thing goes well: what is wanted is made, or a gate is passed, or what has to wait has waited.
    pub(crate) fn go_well(&mut self) {
        if let Some(effect) = effects::effects(self.state()).first() {
            let id = effect.id.stage.clone();
            let body = self.good(id.as_str());
            self.produce(id.as_str(), body);
        } else if let Some(open) = self.state().open_gates().first() {
            let gate = open.gate.clone();
            let people = ["ada", "bob", "cleo", "dora"].map(samples::somebody);
            let somebody = people.into_iter().any(|by| {
                let wanted = Deciding { by, ..self.decides(&gate, Decision::Approved) };
                self.offer(Command::Decide(Box::new(wanted))).is_ok()
            });
            assert!(somebody, "nobody may approve at {gate}");
        } else {
            let due = self.state().due().unwrap_or_else(|| panic!("stuck in {:#?}", self.state().stages));
            self.now = self.now.max(due.0);
            self.obey(Command::Tick);
        }
    }

    /// What the stage should make, now.
    pub(crate) fn good(&self, stage: &str) -> Body {
        let state = self.state();
        let base = state.base.clone();
        let makes = |id: &str| state.started.pipeline.stage(&samples::stage(id)).unwrap().makes;
        match makes(stage) {
            ArtifactKind::Spec => Body::Spec(samples::spec()),
            ArtifactKind::Design => Body::Design(samples::design()),
            ArtifactKind::Tests => Body::Tests(samples::tests()),
            ArtifactKind::Recon => Body::Recon(samples::recon()),
            ArtifactKind::Plan => Body::Plan(samples::plan()),
            ArtifactKind::Tasks => Body::Tasks(samples::tasks()),
            ArtifactKind::Build => Body::Build(Build { base, ..samples::build("hello") }),
            ArtifactKind::Review => Body::Review(samples::review()),
            ArtifactKind::Verify => Body::Verify(samples::verify(self.patch(), 10, 0, 0)),
            ArtifactKind::Merge => Body::Merge(Merge { base, ..samples::merge(self.patch()) }),
            ArtifactKind::Lessons => Body::Lessons(samples::lessons()),
        }
    }

    /// The patch that was built last.
    pub(crate) fn patch(&self) -> Digest {
        let built = self.stage("build").artifact.as_ref().and_then(|artifact| artifact.patch.clone());
        built.expect("something was built")
    }

    /// What the stage made last.
    pub(crate) fn made(&self, stage: &str) -> Digest {
        self.stage(stage).artifact.as_ref().unwrap_or_else(|| panic!("{stage} made nothing")).digest.clone()
    }

    pub(crate) fn state(&self) -> &RunState {
        self.state.as_ref().expect("the run has begun")
    }

    pub(crate) fn stage(&self, id: &str) -> &StageState {
        &self.state().stages[&samples::stage(id)]
    }

    /// The events so far, in a few words each.
    pub(crate) fn whole_story(&self) -> Vec<String> {
        self.log.iter().flat_map(|record| story(&record.events)).collect()
    }

    /// The try that is being made.
    pub(crate) fn attempt(&self, id: &str) -> Attempt {
        let wanted = effects::effects(self.state());
        let effect = wanted.iter().find(|effect| effect.stage.id.as_str() == id);
        effect
            .unwrap_or_else(|| panic!("the stage {id} is not performed in {:?}", self.state().stages))
            .id
            .attempt
    }

    /// What has to be performed, as `stage/attempt`.
    pub(crate) fn wanted(&self) -> Vec<String> {
        let wanted = effects::effects(self.state());
        wanted.iter().map(|effect| format!("{}/{}", effect.id.stage, effect.id.attempt)).collect()
    }

    /// Time goes on a second with every command, refused ones too. The record gets the time that the engine would give
    /// it.
    pub(crate) fn offer(&mut self, command: Command) -> Result<Vec<Event>, Rejection> {
        self.now += 1000;
        let now = Timestamp(self.now);
        match &command {
            Command::Produce { artifact, .. } | Command::Quarantine { artifact: Some(artifact), .. } => {
                self.artifacts.insert(artifact.digest(), Artifact::clone(artifact));
            }
            Command::Decide(deciding) => {
                let edited = deciding.edited.iter();
                self.artifacts.extend(edited.map(|artifact| (artifact.digest(), Artifact::clone(artifact))));
            }
            Command::Start(_)
            | Command::Quarantine { artifact: None, .. }
            | Command::Fail { .. }
            | Command::Block { .. }
            | Command::Move { .. }
            | Command::Conflict { .. }
            | Command::Resume
            | Command::Tick
            | Command::Look { .. }
            | Command::Reveal { .. }
            | Command::Cancel { .. }
            | Command::RollBack { .. } => {}
        }
        let events = decide::decide(self.state.as_ref(), command, now)?;
        let at = decide::time(self.state.as_ref(), now);
        self.state =
            evolve::evolve_all(self.state.take(), &events, at).expect("evolve accepts what decide emits");
        self.log.push(Record::new(at, events.clone()));
        Ok(events)
    }

    pub(crate) fn obey(&mut self, command: Command) -> Vec<Event> {
        self.offer(command).unwrap()
    }

    /// Refused, and nothing has changed.
    pub(crate) fn refused(&mut self, command: Command) -> Rejection {
        let before = self.state.clone();
        let rejection = self.offer(command).unwrap_err();
        assert_eq!(self.state, before);
        rejection
    }

    /// That much time passes, and nobody does anything.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now += seconds * 1000;
    }

    pub(crate) fn produce(&mut self, stage: &str, body: Body) -> Vec<Event> {
        self.produce_for(stage, body, USED)
    }

    pub(crate) fn produce_for(&mut self, stage: &str, body: Body, usage: Usage) -> Vec<Event> {
        let attempt = self.attempt(stage);
        self.obey(produce_for(stage, attempt.0, body, usage))
    }

    /// The stage makes what it should.
    pub(crate) fn make(&mut self, stage: &str) -> Vec<Event> {
        let body = self.good(stage);
        self.produce(stage, body)
    }

    /// So many of ten scenarios pass.
    pub(crate) fn measure(&mut self, passed: u32) -> Vec<Event> {
        let verify = samples::verify(self.patch(), passed, 10 - passed, 0);
        self.produce("verify", Body::Verify(verify))
    }

    pub(crate) fn fail(&mut self, stage: &str) -> Vec<Event> {
        let attempt = self.attempt(stage);
        self.obey(fail(stage, attempt.0))
    }

    pub(crate) fn block(&mut self, stage: &str) -> Vec<Event> {
        let attempt = self.attempt(stage);
        self.obey(block(stage, attempt.0))
    }

    pub(crate) fn approve(&mut self, gate: &GateId) -> Vec<Event> {
        self.decide(self.decides(gate, Decision::Approved))
    }

    pub(crate) fn retry(&mut self, gate: &GateId, note: &str) -> Vec<Event> {
        let wanted = self.decides(gate, Decision::Retried);
        self.decide(Deciding { note: Some(note.to_owned()), ..wanted })
    }

    /// Overrides everything that the gate's escalation names.
    pub(crate) fn override_all(&mut self, gate: &GateId) -> Vec<Event> {
        let overrides = self.open(gate).escalation.expect("an escalation").findings;
        self.decide(Deciding { overrides, ..self.decides(gate, Decision::Overridden) })
    }

    pub(crate) fn decide(&mut self, deciding: Deciding) -> Vec<Event> {
        self.obey(Command::Decide(Box::new(deciding)))
    }

    pub(crate) fn decide_refused(&mut self, deciding: Deciding) -> Rejection {
        self.refused(Command::Decide(Box::new(deciding)))
    }

    /// A decision of somebody who has seen what the gate shows.
    pub(crate) fn decides(&self, gate: &GateId, decision: Decision) -> Deciding {
        deciding(gate, decision, self.sees(gate))
    }

    /// The open gate.
    pub(crate) fn open(&self, gate: &GateId) -> OpenGate {
        let open = self.state().open_gates().into_iter().find(|open| &open.gate == gate);
        open.unwrap_or_else(|| panic!("the gate {gate} is not open in {:#?}", self.state().stages))
    }

    /// What the gate shows.
    pub(crate) fn sees(&self, gate: &GateId) -> Vec<Digest> {
        self.open(gate).sees
    }

    /// The gates that are open, by name.
    pub(crate) fn gates(&self) -> Vec<String> {
        self.state().open_gates().into_iter().map(|open| open.gate.to_string()).collect()
    }
}

/// A stage made this.
pub(crate) fn produce(stage: &str, attempt: u32, body: Body) -> Command {
    produce_for(stage, attempt, body, USED)
}

fn produce_for(stage: &str, attempt: u32, body: Body, usage: Usage) -> Command {
    Command::Produce {
        stage: samples::stage(stage),
        attempt: Attempt(attempt),
        artifact: Box::new(Artifact::new(body, Vec::new())),
        evidence: Vec::new(),
        usage,
    }
}

pub(crate) fn fail(stage: &str, attempt: u32) -> Command {
    Command::Fail {
        stage: samples::stage(stage),
        attempt: Attempt(attempt),
        kind: FailureKind::Limit,
        detail: "too long".to_owned(),
        usage: Usage::default(),
    }
}

pub(crate) fn block(stage: &str, attempt: u32) -> Command {
    Command::Block {
        stage: samples::stage(stage),
        attempt: Attempt(attempt),
        detail: "nobody answers".to_owned(),
        usage: Usage { calls: 2, ..Usage::default() },
    }
}

/// Why people decide in these tests.
pub(crate) const BECAUSE: &str = "  I have read it \n";

/// A person decides, for a reason.
pub(crate) fn deciding(gate: &GateId, decision: Decision, seen: Vec<Digest>) -> Deciding {
    let (by, via) = (samples::person(), Channel::Terminal);
    Deciding::plain(gate.clone(), decision, by, via, BECAUSE.to_owned(), seen)
}

/// A person decides, for a reason.
pub(crate) fn decision(gate: &GateId, decision: Decision, seen: Vec<Digest>) -> Command {
    Command::Decide(Box::new(deciding(gate, decision, seen)))
}

pub(crate) fn cancel(by: Person) -> Command {
    Command::Cancel { by, because: "the customer has gone".to_owned() }
}

/// An event in a few words, such as `started build/2` or `judged verify:exit passed`.
pub(crate) fn told(event: &Event) -> String {
    match event {
        Event::RunStarted(started) => format!("run {}", started.run),
        Event::StageSkipped { stage, .. } => format!("skipped {stage}"),
        Event::SoakBegan { stage, .. } => format!("soaking {stage}"),
        Event::SoakEnded { stage } => format!("soaked {stage}"),
        Event::StageStarted { stage, attempt } => format!("started {stage}/{attempt}"),
        Event::StageProduced { stage, attempt, .. } => format!("produced {stage}/{attempt}"),
        Event::StageFailed { stage, attempt, kind, .. } => format!("failed {stage}/{attempt} {kind:?}"),
        Event::StageBlocked { stage, attempt, .. } => format!("blocked {stage}/{attempt}"),
        Event::StageUnblocked { stage, attempt } => format!("unblocked {stage}/{attempt}"),
        Event::GateOpened { gate, .. } => format!("opened {gate}"),
        Event::GateSeen { gate, by, .. } => format!("seen {gate} by {}", by.login),
        Event::GateDecided(decided) => format!("decided {} {:?}", decided.gate, decided.decision),
        Event::GateExpired { gate, .. } => format!("expired {gate}"),
        Event::PolicyJudged { gate, passed, .. } => {
            format!("judged {gate} {}", if *passed { "passed" } else { "not passed" })
        }
        Event::SentBack { from, to, .. } => format!("sent back {from} to {to}"),
        Event::BaseMoved { to, .. } => format!("base moved to {}", &to.as_str()[..1]),
        Event::ScorecardRevealed { stage, .. } => format!("revealed {stage}"),
        Event::RunEnded { outcome, .. } => match outcome {
            Outcome::Merged { .. } => "ended merged".to_owned(),
            Outcome::Rejected { gate } => format!("ended rejected at {gate}"),
            Outcome::Expired { gate } => format!("ended expired at {gate}"),
            Outcome::Cancelled { by, .. } => format!("ended cancelled by {}", by.login),
            Outcome::Failed { stage, kind, .. } => format!("ended failed {stage} {kind:?}"),
        },
        Event::RolledBack { by, .. } => format!("rolled back by {}", by.login),
    }
}

/// Events in a few words each.
pub(crate) fn story(events: &[Event]) -> Vec<String> {
    events.iter().map(told).collect()
}
