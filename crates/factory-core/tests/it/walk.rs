//! A run that is led by hand: every command goes through `decide`, every event through `evolve`.

use std::collections::BTreeMap;

use factory_core::artifact::{Artifact, Body};
use factory_core::command::Command;
use factory_core::decide::{self, Rejection};
use factory_core::effects;
use factory_core::event::{Channel, Decision, Event, FailureKind, Outcome, Record, RunStarted};
use factory_core::evolve;
use factory_core::ids::{Attempt, Digest, Timestamp, Usage};
use factory_core::pipeline::model::GateId;
use factory_core::state::{RunState, StageState};
use factory_testkit::samples;

/// The run so far.
#[derive(Default)]
pub(crate) struct Walk {
    pub(crate) state: Option<RunState>,
    pub(crate) log: Vec<Record>,
    /// Every artifact that was offered, by digest: what the blobs hold.
    pub(crate) artifacts: BTreeMap<Digest, Artifact>,
    now: u64,
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

    /// A run that has come to the stage, or to the gate before it.
    pub(crate) fn up_to(stage: &str) -> Self {
        let mut walk = Self::begun();
        walk.go_on_to(stage);
        walk
    }

    /// Everything goes well until the stage is performed, or the gate before it is open.
    pub(crate) fn go_on_to(&mut self, stage: &str) {
        for (id, body) in [
            ("spec", Body::Spec(samples::spec())),
            ("plan", Body::Plan(samples::plan())),
            ("tasks", Body::Tasks(samples::tasks())),
            ("build", Body::Build(samples::build("hello"))),
            ("review", Body::Review(samples::review())),
            ("verify", Body::Verify(samples::verify(samples::patch("hello").digest(), 10, 0, 0))),
        ] {
            if id == stage {
                return;
            }
            self.produce(id, body);
            if id == "plan" {
                self.approve(&samples::exit("plan"));
            }
        }
    }

    pub(crate) fn state(&self) -> &RunState {
        self.state.as_ref().expect("the run has begun")
    }

    pub(crate) fn stage(&self, id: &str) -> &StageState {
        &self.state().stages[&samples::stage(id)]
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

    /// Time goes on a second with every command, refused ones too.
    pub(crate) fn offer(&mut self, command: Command) -> Result<Vec<Event>, Rejection> {
        self.now += 1000;
        let now = Timestamp(self.now);
        if let Command::Produce { artifact, .. } = &command {
            self.artifacts.insert(artifact.digest(), Artifact::clone(artifact));
        }
        let events = decide::decide(self.state.as_ref(), command, now)?;
        self.state =
            evolve::evolve_all(self.state.take(), &events, now).expect("evolve accepts what decide emits");
        self.log.push(Record::new(now, events.clone()));
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

    pub(crate) fn produce(&mut self, stage: &str, body: Body) -> Vec<Event> {
        let attempt = self.attempt(stage);
        self.obey(produce(stage, attempt.0, body))
    }

    pub(crate) fn fail(&mut self, stage: &str) -> Vec<Event> {
        let attempt = self.attempt(stage);
        self.obey(Command::Fail {
            stage: samples::stage(stage),
            attempt,
            kind: FailureKind::Limit,
            detail: "too long".to_owned(),
            usage: Usage::default(),
        })
    }

    pub(crate) fn approve(&mut self, gate: &GateId) -> Vec<Event> {
        let seen = self.sees(gate);
        self.obey(decision(gate, Decision::Approved, seen))
    }

    /// What the gate shows.
    pub(crate) fn sees(&self, gate: &GateId) -> Vec<Digest> {
        let open = self.state().open_gates().into_iter().find(|open| &open.gate == gate);
        open.unwrap_or_else(|| panic!("the gate {gate} is not open")).sees
    }
}

/// A stage made this.
pub(crate) fn produce(stage: &str, attempt: u32, body: Body) -> Command {
    Command::Produce {
        stage: samples::stage(stage),
        attempt: Attempt(attempt),
        artifact: Box::new(Artifact::new(body, Vec::new())),
        evidence: Vec::new(),
        usage: Usage { calls: 1, input_tokens: 10, output_tokens: 2, micro_usd: Some(3) },
    }
}

/// A person decides, for a reason.
pub(crate) fn decision(gate: &GateId, decision: Decision, seen: Vec<Digest>) -> Command {
    Command::Decide {
        gate: gate.clone(),
        decision,
        by: samples::person(),
        via: Channel::Terminal,
        because: "  I have read it \n".to_owned(),
        seen,
    }
}

/// An event in a few words, such as `started build/2` or `judged verify:exit passed`.
pub(crate) fn told(event: &Event) -> String {
    match event {
        Event::RunStarted(started) => format!("run {}", started.run),
        Event::StageStarted { stage, attempt } => format!("started {stage}/{attempt}"),
        Event::StageProduced { stage, attempt, .. } => format!("produced {stage}/{attempt}"),
        Event::StageFailed { stage, attempt, kind, .. } => format!("failed {stage}/{attempt} {kind:?}"),
        Event::StageBlocked { stage, attempt, .. } => format!("blocked {stage}/{attempt}"),
        Event::StageUnblocked { stage, attempt } => format!("unblocked {stage}/{attempt}"),
        Event::GateOpened { gate, .. } => format!("opened {gate}"),
        Event::GateDecided(decided) => format!("decided {} {:?}", decided.gate, decided.decision),
        Event::PolicyJudged { gate, passed, .. } => {
            format!("judged {gate} {}", if *passed { "passed" } else { "not passed" })
        }
        Event::SentBack { from, to, .. } => format!("sent back {from} to {to}"),
        Event::RunEnded { outcome: Outcome::Merged { .. } } => "ended merged".to_owned(),
        Event::RunEnded { outcome: Outcome::Rejected { gate } } => format!("ended rejected at {gate}"),
        Event::RunEnded { outcome: Outcome::Failed { stage, kind, .. } } => {
            format!("ended failed {stage} {kind:?}")
        }
    }
}

/// Events in a few words each.
pub(crate) fn story(events: &[Event]) -> Vec<String> {
    events.iter().map(told).collect()
}
