//! What artifacts say, and whether that is good enough.

use factory_core::artifact::{ArtifactKind, Body, CheckResult, Coverage, Review, Severity, Verify};
use factory_core::event::Scored;
use factory_core::ids::{Digest, StageId};
use factory_core::pipeline::condition::{Condition, Field, Test, Value};
use factory_core::pipeline::model::{Edge, EntryGate, ExitGate, GateId};

use super::{Now, Oracle, Settled};

impl Oracle<'_> {
    /// An artifact is about the patch that was built last, on the commit that the run is on; and what is merged has
    /// been verified, and was good enough or was overridden.
    pub(super) fn about_what_is_there(&self, id: &StageId, body: &Body) {
        match body {
            Body::Build(build) => assert_eq!(build.base, self.base, "it is built on the run's commit"),
            Body::Verify(verify) => {
                assert_eq!(verify.patch, self.built().0, "the verdict is on what was built");
            }
            Body::Merge(merge) => {
                let (patch, green) = self.built();
                assert_eq!(merge.base, self.base, "it is merged onto the run's commit");
                assert_eq!(merge.patch, patch, "what was built is merged");
                assert!(green, "the project's checks passed");
                for need in &self.stand(id).stage.needs {
                    let need = self.stand(need);
                    let Some(made) = need.made.as_ref().filter(|_| need.settled == Settled::Passed) else {
                        continue;
                    };
                    match self.body(made) {
                        Body::Verify(verify) => {
                            assert_eq!(verify.patch, patch, "what is merged was verified");
                            self.assert_good_enough(made, self.meets(verify));
                        }
                        Body::Review(review) => self.assert_good_enough(made, accepts(review)),
                        Body::Spec(_)
                        | Body::Design(_)
                        | Body::Tests(_)
                        | Body::Recon(_)
                        | Body::Plan(_)
                        | Body::Tasks(_)
                        | Body::Build(_)
                        | Body::Merge(_)
                        | Body::Lessons(_) => {}
                    }
                }
                let verified = self.stands.values().any(|stand| {
                    stand.stage.makes == ArtifactKind::Verify && stand.settled == Settled::Passed
                });
                assert!(verified, "nothing merges unverified");
            }
            Body::Spec(_)
            | Body::Design(_)
            | Body::Tests(_)
            | Body::Recon(_)
            | Body::Plan(_)
            | Body::Tasks(_)
            | Body::Review(_)
            | Body::Lessons(_) => {}
        }
    }

    /// The patch that was built last, and whether the project's checks passed on it.
    fn built(&self) -> (Digest, bool) {
        let build = self.stands.values().find(|stand| stand.stage.makes == ArtifactKind::Build);
        let build = build.filter(|stand| stand.settled == Settled::Passed).expect("a build has passed");
        let made = build.made.as_ref().expect("it was made");
        let Body::Build(build) = self.body(made) else { panic!("it is a build") };
        assert_eq!(build.base, self.base);
        (build.patch.digest(), build.checks.iter().all(CheckResult::passed))
    }

    fn assert_good_enough(&self, made: &Digest, met: bool) {
        let judged = self.stands.values().find_map(|stand| stand.judged.get(made));
        assert_eq!(judged, Some(&true), "it was judged");
        let overridden = self.stands.values().any(|stand| stand.judged.get(&overridden(made)) == Some(&true));
        assert!(met || overridden, "what did not meet the bar was let through by nobody");
    }

    /// Whether a measurement meets the bar.
    pub(super) fn meets(&self, verify: &Verify) -> bool {
        let all = u64::from(verify.passed) + u64::from(verify.failed) + u64::from(verify.inconclusive);
        let asked = u64::from(self.started.pipeline.policy.min_pass_percent);
        all > 0
            && verify.inconclusive == 0
            && verify.critical_passed
            && u64::from(verify.passed) * 100 >= asked * all
    }

    /// Policy judges what a stage made, or passes a gate at which nobody has to be asked.
    pub(super) fn policy_judged(
        &mut self,
        gate: &GateId,
        sees: &[Digest],
        passed: bool,
        reason: &str,
        scored: Option<&Scored>,
    ) {
        let stand = self.stand(&gate.stage);
        let made = stand.made.clone();
        assert_eq!((&stand.now, stand.settled), (&Now::Idle, Settled::No), "{gate} is judged");
        assert!(gate.edge == Edge::Entry || !self.guarded(&gate.stage), "a person decides at {gate}");
        let by_a_person = match gate.edge {
            Edge::Entry => stand.stage.entry_gate == EntryGate::Human,
            Edge::Exit => stand.stage.exit_gate == ExitGate::Human,
            Edge::Escalation | Edge::Budget => panic!("policy has no say at {gate}"),
        };
        if by_a_person {
            let own = made.as_ref().filter(|_| gate.edge == Edge::Exit).map(|made| (&gate.stage, made));
            let rule = stand.stage.rule(gate.edge);
            let not_met = self.not_met(&rule.when, own).expect("a condition does not hold");
            assert_eq!(reason, format!("nobody is asked unless {not_met}"));
            assert_eq!((passed, scored), (true, None));
            assert_eq!(sees, self.shown(gate), "what somebody would have seen");
        } else {
            let made = made.clone().expect("something was made");
            let (met, of) = match self.body(&made) {
                Body::Verify(verify) => (self.meets(verify), verify.total()),
                Body::Review(review) => (accepts(review), u32::try_from(review.coverage.len()).unwrap()),
                other => panic!("there is no policy for a {}", other.kind().as_str()),
            };
            assert_eq!(sees, std::slice::from_ref(&made));
            assert_eq!(passed, met, "{reason}");
            let scored = scored.expect("a verdict is a score");
            assert_eq!((&scored.artifact, scored.met, scored.of), (&made, met, of));
            assert_eq!(scored.findings.is_empty(), met, "what is wrong has a name");
            self.stand_mut(&gate.stage).judged.insert(made, passed);
        }
        let stand = self.stand_mut(&gate.stage);
        match (gate.edge, passed) {
            (Edge::Entry, _) => stand.entered = true,
            (Edge::Exit | Edge::Escalation | Edge::Budget, true) => stand.settled = Settled::Passed,
            (Edge::Exit | Edge::Escalation | Edge::Budget, false) => {}
        }
    }

    /// Whether what a stage has made is a patch that touches a path which the specification names as protected.
    pub(super) fn guarded(&self, stage: &StageId) -> bool {
        match self.stand(stage).made.as_ref().map(|made| self.body(made)) {
            Some(Body::Build(build)) => {
                build.patch.changes.iter().any(|file| self.started.spec.protected.contains(&file.path))
            }
            Some(_) | None => false,
        }
    }

    /// The first of the conditions that is known not to hold. `own` is what a stage has just made.
    pub(super) fn not_met<'c>(
        &self,
        conditions: &'c [Condition],
        own: Option<(&StageId, &Digest)>,
    ) -> Option<&'c Condition> {
        conditions.iter().find(|condition| {
            let about = self.stand(&condition.stage);
            let passed = about.made.as_ref().filter(|_| about.settled == Settled::Passed);
            let made = match own {
                Some((stage, made)) if *stage == condition.stage => Some(made),
                Some(_) | None => passed,
            };
            made.is_some_and(|made| !self.holds(condition, made))
        })
    }

    /// Whether a condition holds of an artifact of the right kind.
    fn holds(&self, condition: &Condition, made: &Digest) -> bool {
        let compare = |found: u64, value: u64| match condition.test {
            Test::AtLeast => found >= value,
            Test::AtMost => found <= value,
            Test::Is => found == value,
        };
        let value = match condition.value {
            Value::Count(count) => u64::from(count),
            Value::Risk(class) => class as u64,
            Value::Flag(flag) => u64::from(flag),
        };
        let count = |n: usize| n as u64;
        let found = match (self.body(made), condition.field) {
            (Body::Spec(spec), Field::Requirements) => count(spec.requirements.len()),
            (Body::Plan(plan), Field::Steps) => count(plan.steps.len()),
            (Body::Tasks(tasks), Field::Tasks) => count(tasks.tasks.len()),
            (Body::Build(build), Field::Files) => count(build.patch.changes.len()),
            (Body::Build(_), Field::Risk) => self.risks[made] as u64,
            (Body::Verify(verify), Field::PassPercent) => {
                u64::from(verify.passed) * 100 / u64::from(verify.total()).max(1)
            }
            (_, field) => panic!("no pipeline of these tests asks for {field:?}"),
        };
        compare(found, value)
    }
}

/// The name under which it is kept that somebody overrode what was said of an artifact.
pub(super) fn overridden(made: &Digest) -> Digest {
    Digest::of(format!("overridden {made}").as_bytes())
}

fn accepts(review: &Review) -> bool {
    review.findings.iter().all(|finding| finding.severity != Severity::Blocking)
        && review.coverage.iter().all(|row| row.status == Coverage::Covered)
}
