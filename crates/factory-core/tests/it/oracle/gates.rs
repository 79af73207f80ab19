//! Who decided what, having seen what.

use std::collections::BTreeMap;

use factory_core::artifact::ArtifactKind;
use factory_core::event::{Channel, Decision, Escalation, GateDecided, Outcome, Person, Proof, VerdictSeen};
use factory_core::ids::{Digest, StageId, Timestamp};
use factory_core::pipeline::model::{Edge, EntryGate, ExitGate, GateId, GateRule, OnExhausted, Role};

use super::{Gate, Next, Now, Oracle, Settled, Stand, agrees, judge};

impl Oracle<'_> {
    /// What whoever decides there has to see.
    pub(super) fn shown(&self, gate: &GateId) -> Vec<Digest> {
        let mut shown = self.inputs(&gate.stage);
        if gate.edge == Edge::Exit {
            shown.extend(self.stand(&gate.stage).made.clone());
        }
        shown
    }

    pub(super) fn gate_opened(
        &mut self,
        gate: &GateId,
        sees: &[Digest],
        expires: Option<Timestamp>,
        escalation: Option<&Escalation>,
    ) {
        let stand = self.stand(&gate.stage);
        let rule = stand.stage.rule(gate.edge);
        let blocked = matches!(stand.now, Now::Blocked(_));
        match gate.edge {
            Edge::Entry => {
                assert!(self.is_reached(stand) && !stand.entered, "{gate} opens too early");
                assert_eq!(stand.stage.entry_gate, EntryGate::Human);
                assert_eq!(sees, self.shown(gate));
                assert!(self.not_met(&rule.when, None).is_none(), "nobody has to be asked at {gate}");
            }
            Edge::Exit => {
                assert_eq!((&stand.now, stand.settled), (&Now::Idle, Settled::No));
                let guarded = self.guarded(&gate.stage);
                assert!(stand.stage.exit_gate == ExitGate::Human || guarded);
                assert_eq!(sees, self.shown(gate));
                let made = stand.made.as_ref().expect("something was made");
                assert!(guarded || self.not_met(&rule.when, Some((&gate.stage, made))).is_none());
            }
            Edge::Escalation => {
                let escalation = escalation.expect("whoever is asked is told why");
                assert_eq!(stand.now, Now::Idle);
                assert_eq!(stand.stage.on_exhausted, OnExhausted::Escalate);
                assert_eq!(self.merged, None, "after the merge nobody is asked what to do");
                assert_eq!(escalation.usage, self.used, "all that was used");
                assert!(sees.starts_with(&self.inputs(&gate.stage)));
                assert!(!escalation.detail.is_empty());
            }
            Edge::Budget => {
                assert!(self.is_spent(stand), "there is something left at {gate}");
                assert!(blocked || self.is_reached(stand), "{gate} opens too early");
                assert!(sees.is_empty() && stand.stage.role != Role::None);
            }
        }
        assert_eq!(escalation.is_some(), gate.edge == Edge::Escalation);
        let until = rule.timeout_seconds.map(|seconds| Timestamp(self.at.0 + seconds * 1000));
        assert_eq!(expires, until);
        let findings = escalation.map(|e| e.findings.iter().map(ToString::to_string).collect());
        let opened = Gate {
            edge: gate.edge,
            since: self.at,
            expires,
            sees: sees.to_vec(),
            approved: Vec::new(),
            looked: BTreeMap::new(),
            findings: findings.unwrap_or_default(),
        };
        let stand = self.stand_mut(&gate.stage);
        // What was blocked is tried again under another number; that is no try more.
        stand.granted += u32::from(blocked);
        stand.now = Now::Gate(Box::new(opened));
    }

    fn open(&self, gate: &GateId) -> Gate {
        match &self.stand(&gate.stage).now {
            Now::Gate(open) if open.edge == gate.edge => Gate::clone(open),
            other => panic!("{gate} is not open: {other:?}"),
        }
    }

    pub(super) fn gate_seen(&mut self, gate: &GateId, by: &Person, seen: &[Digest], verdict_shown: bool) {
        let mut open = self.open(gate);
        assert_eq!(open.sees, seen, "it is seen as it is shown");
        assert!(!verdict_shown || self.verdict(seen).is_some(), "there is a verdict that could be shown");
        if verdict_shown {
            self.tell(seen, by);
        }
        let before = open.looked.insert(by.login.clone(), verdict_shown);
        assert!(before.is_none_or(|before| !before && verdict_shown), "it is news");
        self.stand_mut(&gate.stage).now = Now::Gate(Box::new(open));
    }

    pub(super) fn gate_expired(&mut self, gate: &GateId, waited_ms: u64) {
        let open = self.open(gate);
        assert!(open.expires.is_some_and(|expires| expires <= self.at), "{gate} has not waited enough");
        assert_eq!(waited_ms, self.at.0 - open.since.0);
        self.stand_mut(&gate.stage).now = Now::Idle;
        self.next = Next::End(Box::new(Outcome::Expired { gate: gate.clone() }));
    }

    pub(super) fn gate_decided(&mut self, decided: &GateDecided) {
        let gate = &decided.gate;
        let mut open = self.open(gate);
        let rule = self.stand(&gate.stage).stage.rule(gate.edge);
        assert!(open.expires.is_none_or(|expires| expires > self.at), "{gate} was decided too late");
        assert_eq!(decided.seen, open.sees, "it was decided on what {gate} shows");
        assert_eq!(decided.waited_ms, self.at.0 - open.since.0);
        assert!(decided.because.chars().filter(|c| c.is_alphanumeric()).count() >= 8, "a reason says why");
        self.assert_may_decide(&open, &rule, decided);
        assert_eq!(decided.verdict, self.verdict_beside(decided));
        if decided.verdict.as_ref().is_some_and(|verdict| verdict.shown) {
            self.tell(&decided.seen, &decided.by);
        }
        assert_eq!(decided.note.is_some(), decided.decision == Decision::Retried);
        match decided.decision {
            Decision::Approved if gate.edge == Edge::Budget => {
                self.raised(&gate.stage);
                self.stand_mut(&gate.stage).now = Now::Idle;
            }
            Decision::Approved => {
                if let Some(edited) = &decided.edited {
                    assert_eq!(gate.edge, Edge::Exit);
                    let body = self.body(&edited.digest);
                    assert_eq!(body.kind(), self.stand(&gate.stage).stage.makes);
                    let before = self.stand_mut(&gate.stage).made.replace(edited.digest.clone());
                    open.approved.clear();
                    open.looked.clear();
                    let shown = open.sees.iter_mut().filter(|seen| Some(&**seen) == before.as_ref());
                    shown.for_each(|seen| *seen = edited.digest.clone());
                }
                open.approved
                    .retain(|before| !(could_be(before, &decided.by) && signed_now(before, &decided.by)));
                open.approved.push(decided.by.clone());
                let enough = open.approved.len() >= rule.approvals as usize;
                let stand = self.stand_mut(&gate.stage);
                stand.now = if enough { Now::Idle } else { Now::Gate(Box::new(open)) };
                match gate.edge {
                    Edge::Entry => stand.entered = enough,
                    Edge::Exit if enough => stand.settled = Settled::Passed,
                    Edge::Exit | Edge::Escalation | Edge::Budget => {}
                }
            }
            Decision::Rejected => {
                self.stand_mut(&gate.stage).now = Now::Idle;
                self.next = Next::End(Box::new(Outcome::Rejected { gate: gate.clone() }));
            }
            Decision::Retried => {
                assert!(gate.edge != Edge::Budget, "whoever grants no more ends the run");
                self.stand_mut(&gate.stage).now = Now::Idle;
                self.next = Next::Back { from: gate.stage.clone(), noted: true };
            }
            Decision::Overridden => self.overridden(gate, &open, decided),
        }
    }

    /// Somebody lets it pass all the same, and has named all that is wrong.
    fn overridden(&mut self, gate: &GateId, open: &Gate, decided: &GateDecided) {
        assert_eq!(gate.edge, Edge::Escalation, "only what is stuck is overridden");
        let mut named: Vec<String> = decided.overrides.iter().map(ToString::to_string).collect();
        named.sort();
        named.dedup();
        let mut wrong = open.findings.clone();
        wrong.sort();
        wrong.dedup();
        assert!(!wrong.is_empty() && named == wrong, "{named:?} instead of {wrong:?}");
        let stand = self.stand_mut(&gate.stage);
        stand.now = Now::Idle;
        match stand.stage.makes {
            ArtifactKind::Review | ArtifactKind::Verify => {
                let made = stand.made.clone().expect("something was judged");
                assert!(open.sees.contains(&made), "and it is what is there");
                stand.settled = Settled::Passed;
                stand.judged.insert(judge::overridden(&made), true);
                stand.judged.insert(made, true);
            }
            ArtifactKind::Merge => {
                stand.granted += 1;
                self.pinned = true;
            }
            ArtifactKind::Spec
            | ArtifactKind::Design
            | ArtifactKind::Tests
            | ArtifactKind::Recon
            | ArtifactKind::Plan
            | ArtifactKind::Tasks
            | ArtifactKind::Build
            | ArtifactKind::Lessons => panic!("{gate} has no verdict"),
        }
    }

    fn assert_may_decide(&self, open: &Gate, rule: &GateRule, decided: &GateDecided) {
        let by = &decided.by;
        if let Some(authority) = &rule.authority {
            let group = &self.started.pipeline.authorities[authority];
            let with_key = match &by.proof {
                Proof::Signed { fingerprint, .. } => group.keys.contains(fingerprint),
                Proof::Unauthenticated => false,
            };
            assert!(group.people.contains(&by.login) || with_key, "{} has no say", by.login);
        }
        if agrees(decided.decision) {
            let requester = &self.started.requested_by;
            assert!(!rule.not_requester || !could_be(by, requester), "whoever asked does not approve");
            let group = rule.authority.as_ref().map(|name| &self.started.pipeline.authorities[name]);
            let two_keys = |before: &Person| match (&before.proof, &by.proof, group) {
                (Proof::Signed { fingerprint: a, .. }, Proof::Signed { fingerprint: b, .. }, Some(group)) => {
                    a != b && group.keys.contains(a) && group.keys.contains(b)
                }
                (Proof::Signed { .. } | Proof::Unauthenticated, _, _) => false,
            };
            let twice =
                |before: &&Person| could_be(before, by) && !two_keys(before) && !signed_now(before, by);
            assert_eq!(open.approved.iter().find(twice), None, "nobody is two people");
        }
        if decided.via == Channel::InAdvance {
            let asks = rule.authority.is_some() || rule.approvals > 1 || rule.not_requester;
            let guarded = decided.gate.edge == Edge::Exit && self.guarded(&decided.gate.stage);
            assert!(
                !asks && !guarded && matches!(decided.gate.edge, Edge::Entry | Edge::Exit),
                "nobody has looked"
            );
        }
    }

    /// What the evaluator said of what is shown, if it said anything: the verification and whether that met the bar.
    fn verdict(&self, seen: &[Digest]) -> Option<(Digest, bool)> {
        self.stands.values().filter(|stand| stand.stage.makes == ArtifactKind::Verify).find_map(|stand| {
            let made = stand.made.as_ref().filter(|made| seen.contains(made))?;
            let overridden = stand.judged.contains_key(&judge::overridden(made));
            let judged = *stand.judged.get(made)?;
            Some((made.clone(), judged && !overridden))
        })
    }

    /// The tries at verifying whose verdicts are among what is seen.
    fn verified(&self, seen: &[Digest]) -> Vec<(StageId, u32)> {
        let shown = |stand: &&Stand| {
            stand.stage.makes == ArtifactKind::Verify
                && stand.made.as_ref().is_some_and(|made| seen.contains(made))
        };
        self.stands.values().filter(shown).map(|stand| (stand.stage.id.clone(), stand.last)).collect()
    }

    fn tell(&mut self, seen: &[Digest], to: &Person) {
        let tries = self.verified(seen);
        self.known.extend(tries.into_iter().map(|(stage, last)| (stage, last, to.login.clone())));
    }

    fn verdict_beside(&self, decided: &GateDecided) -> Option<VerdictSeen> {
        let (verify, passed) = self.verdict(&decided.seen)?;
        let told = |(stage, last)| self.known.contains(&(stage, last, decided.by.login.clone()));
        let shown = match decided.via {
            Channel::Terminal => true,
            Channel::InAdvance => false,
            Channel::Command => {
                decided.decision == Decision::Overridden || self.verified(&decided.seen).into_iter().any(told)
            }
        };
        Some(VerdictSeen { verify, passed, shown })
    }
}

/// Whether the first did not sign and the second does.
fn signed_now(before: &Person, by: &Person) -> bool {
    before.proof == Proof::Unauthenticated && by.proof != Proof::Unauthenticated
}

/// Whether two names may be the same person's.
fn could_be(a: &Person, b: &Person) -> bool {
    let mail = |person: &Person| person.email.as_ref().map(|mail| mail.trim().to_lowercase());
    let key = |person: &Person| match &person.proof {
        Proof::Signed { fingerprint, .. } => Some(fingerprint.clone()),
        Proof::Unauthenticated => None,
    };
    let common = |a: Option<String>, b: Option<String>| a.is_some() && a == b;
    a.login == b.login || common(mail(a), mail(b)) || common(key(a), key(b))
}
