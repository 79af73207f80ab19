//! Tries, waits, and what comes before what.

use factory_core::artifact::{ArtifactKind, Body, CheckResult};
use factory_core::event::{SentBack, Skip};
use factory_core::ids::{Attempt, Digest, StageId, Timestamp, Usage};
use factory_core::pipeline::model::{EntryGate, ExitGate};
use factory_core::risk::{self, RiskRules};

use super::{Next, Now, Oracle, Settled, Stand};

impl Oracle<'_> {
    pub(super) fn skipped(&mut self, id: &StageId, why: &Skip) {
        let stand = self.stand(id);
        assert_eq!((&stand.now, stand.settled), (&Now::Idle, Settled::No), "{id} is left out");
        match why {
            Skip::Entry { entry } => {
                assert_eq!(*entry, self.started.entry);
                assert!(!self.is_included(id), "{id} belongs to this kind of work");
            }
            Skip::Condition { condition } => {
                assert!(self.is_included(id) && self.needs_are_settled(stand), "{id} is not reached yet");
                let not_met = self.not_met(&stand.stage.when, None);
                assert_eq!(Some(condition), not_met.map(ToString::to_string).as_ref());
            }
        }
        self.stand_mut(id).settled = Settled::Skipped;
    }

    pub(super) fn soak_began(&mut self, id: &StageId, until: Timestamp) {
        let stand = self.stand(id);
        assert!(self.is_reached(stand) && !stand.soaked, "{id} waits");
        assert_eq!(until.0, self.at.0.saturating_add(stand.stage.soak_seconds.saturating_mul(1000)));
        assert!(stand.stage.soak_seconds > 0);
        self.stand_mut(id).now = Now::Soaking(until);
    }

    pub(super) fn soak_ended(&mut self, id: &StageId) {
        let Now::Soaking(until) = self.stand(id).now else { panic!("{id} does not wait") };
        assert!(until <= self.at, "{id} has not waited long enough");
        let stand = self.stand_mut(id);
        stand.now = Now::Idle;
        stand.soaked = true;
    }

    pub(super) fn stage_started(&mut self, id: &StageId, attempt: Attempt) {
        let stand = self.stand(id);
        assert!(self.is_reached(stand), "{id} is started before it is reached");
        assert!(stand.soaked || stand.stage.soak_seconds == 0, "{id} has not waited");
        assert!(stand.entered || stand.stage.entry_gate == EntryGate::None, "{id} started without its gate");
        let most = stand.stage.attempts + stand.granted;
        assert!(stand.tries < most, "{id} is tried once more than {most} times");
        assert!(stand.last < attempt.0, "{id}/{attempt} twice");
        self.may_spend(id);
        let stand = self.stand_mut(id);
        (stand.last, stand.tries) = (attempt.0, stand.tries + 1);
        stand.now = Now::Running(attempt);
    }

    /// A try came to its end, whatever that was.
    pub(super) fn tried(&mut self, id: &StageId, attempt: Attempt, usage: Usage) {
        assert_eq!(self.stand(id).now, Now::Running(attempt), "{id}/{attempt} is not being made");
        self.spent(id, usage);
        self.stand_mut(id).now = Now::Idle;
    }

    pub(super) fn produced(&mut self, id: &StageId, digest: &Digest) {
        let stage = self.stand(id).stage;
        let body = self.body(digest);
        assert_eq!(body.kind(), stage.makes);
        self.about_what_is_there(id, body);
        let green = match body {
            Body::Build(build) => {
                let risk = risk::classify(&build.patch, &RiskRules::default()).class;
                self.risks.insert(digest.clone(), risk);
                build.checks.iter().all(CheckResult::passed)
            }
            Body::Spec(spec) => {
                assert!(spec.baseline.iter().all(CheckResult::passed), "work starts from green");
                true
            }
            Body::Merge(_) => {
                assert_eq!(self.merged, None, "a run merges once");
                self.merged = Some(digest.clone());
                true
            }
            Body::Design(_)
            | Body::Tests(_)
            | Body::Recon(_)
            | Body::Plan(_)
            | Body::Tasks(_)
            | Body::Review(_)
            | Body::Verify(_)
            | Body::Lessons(_) => true,
        };
        self.stand_mut(id).made = Some(digest.clone());
        let guarded = self.guarded(id);
        let stand = self.stand_mut(id);
        if stage.exit_gate == ExitGate::None && green && !guarded {
            stand.settled = Settled::Passed;
        }
    }

    pub(super) fn sent_back(&mut self, from: &StageId, to: &StageId, correction: &SentBack, next: &Next) {
        assert!(from == to || self.comes_after(from, to), "{from} cannot send anything to {to}");
        let mut after: Vec<StageId> = self.stands.keys().cloned().collect();
        after.retain(|id| self.comes_after(id, to));
        let undone = self.merged.is_some() && after.contains(&self.merge_stage());
        assert!(!undone, "what is merged is not made again");
        for id in &after {
            let stand = self.stand_mut(id);
            (stand.tries, stand.granted) = (0, 0);
            (stand.entered, stand.soaked) = (false, false);
            (stand.made, stand.settled, stand.now) = (None, Settled::No, Now::Idle);
        }
        let granted = match (correction, next) {
            (SentBack::Note { note }, Next::Back { noted: true, .. }) => {
                assert!(!note.trim().is_empty());
                self.rebases = 0;
                true
            }
            (SentBack::Rebase { from }, Next::Back { noted: false, .. }) => {
                assert_ne!(from, &self.base);
                assert_eq!(self.stand(to).stage.makes, ArtifactKind::Build);
                true
            }
            // What the last try was to be told goes along with a person's words, which follow.
            (
                SentBack::Checks { .. } | SentBack::Review { .. } | SentBack::Holdouts { .. },
                Next::Back { noted: true, .. },
            ) => {
                self.next = next.clone();
                false
            }
            (
                SentBack::Checks { .. } | SentBack::Review { .. } | SentBack::Holdouts { .. },
                Next::Anything,
            ) => {
                let stand = self.stand(to);
                assert!(stand.tries < stand.stage.attempts + stand.granted, "{to} has no try left");
                false
            }
            (correction, next) => panic!("{correction:?}, although {next:?}"),
        };
        let stand = self.stand_mut(to);
        stand.granted += u32::from(granted);
        (stand.entered, stand.soaked) = (false, false);
        (stand.settled, stand.now) = (Settled::No, Now::Idle);
    }

    /// The stages of this kind of work: the one it begins at, all after it, and the reading of the specification.
    fn is_included(&self, id: &StageId) -> bool {
        let first = &self.started.pipeline.entry[&self.started.entry];
        id == first || self.comes_after(id, first) || self.stand(id).stage.makes == ArtifactKind::Spec
    }

    pub(super) fn needs_are_settled(&self, stand: &Stand<'_>) -> bool {
        stand.stage.needs.iter().all(|need| self.stand(need).settled != Settled::No)
    }

    /// Whether nothing comes before it any more.
    pub(super) fn is_reached(&self, stand: &Stand<'_>) -> bool {
        stand.now == Now::Idle
            && stand.settled == Settled::No
            && self.is_included(&stand.stage.id)
            && self.needs_are_settled(stand)
            && self.not_met(&stand.stage.when, None).is_none()
    }

    /// Whether it should not be idle: it is reached, has tries, and nobody else spends what it would.
    pub(super) fn could_start(&self, stand: &Stand<'_>) -> bool {
        let has_tries = stand.tries < stand.stage.attempts + stand.granted;
        self.is_reached(stand) && has_tries && !self.has_to_queue(stand)
    }

    /// What the stages that it needs have made, in their order.
    pub(super) fn inputs(&self, id: &StageId) -> Vec<Digest> {
        let needs = self.stand(id).stage.needs.iter().map(|need| self.stand(need));
        needs.filter(|need| need.settled == Settled::Passed).filter_map(|need| need.made.clone()).collect()
    }
}
