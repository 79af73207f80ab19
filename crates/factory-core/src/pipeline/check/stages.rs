//! Each stage by itself, and beside those that it names.

use toml::Spanned;

use super::super::model::{EntryGate, ExitGate, Role};
use super::super::read::file::StageTable;
use super::{Checker, called};
use crate::artifact::ArtifactKind;

/// The artifacts that a stage cannot work without. A build makes do without a plan where a run begins after it.
pub(super) fn inputs(kind: ArtifactKind) -> &'static [ArtifactKind] {
    match kind {
        ArtifactKind::Spec => &[],
        ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Build => &[ArtifactKind::Spec],
        ArtifactKind::Tasks => &[ArtifactKind::Spec, ArtifactKind::Plan],
        ArtifactKind::Review | ArtifactKind::Verify => &[ArtifactKind::Spec, ArtifactKind::Build],
        ArtifactKind::Merge => &[ArtifactKind::Build, ArtifactKind::Verify],
        ArtifactKind::Lessons => &[ArtifactKind::Spec, ArtifactKind::Build, ArtifactKind::Merge],
    }
}

/// The only role that may make an artifact of this kind.
pub(super) fn maker(kind: ArtifactKind) -> Role {
    match kind {
        ArtifactKind::Spec | ArtifactKind::Merge => Role::None,
        ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Tasks => Role::Planner,
        ArtifactKind::Build => Role::Implementer,
        ArtifactKind::Review | ArtifactKind::Lessons => Role::Reviewer,
        ArtifactKind::Verify => Role::Evaluator,
    }
}

/// An artifact of this kind, with its article.
pub(super) fn an(kind: ArtifactKind) -> &'static str {
    match kind {
        ArtifactKind::Spec => "a spec",
        ArtifactKind::Design => "a design",
        ArtifactKind::Tests => "tests",
        ArtifactKind::Recon => "a recon",
        ArtifactKind::Plan => "a plan",
        ArtifactKind::Tasks => "tasks",
        ArtifactKind::Build => "a build",
        ArtifactKind::Review => "a review",
        ArtifactKind::Verify => "a verify",
        ArtifactKind::Merge => "a merge",
        ArtifactKind::Lessons => "lessons",
    }
}

/// Whether a second artifact of this kind would leave open which of the two is worked from.
fn is_single(kind: ArtifactKind) -> bool {
    match kind {
        ArtifactKind::Spec
        | ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Tasks
        | ArtifactKind::Build
        | ArtifactKind::Verify
        | ArtifactKind::Merge => true,
        // A merge may rest on several.
        ArtifactKind::Review | ArtifactKind::Lessons => false,
    }
}

impl<'f> Checker<'f> {
    pub(super) fn stage(&mut self, stage: &'f StageTable) {
        self.role(stage);
        self.inputs(stage);
        self.evaluator_inputs(stage);
        self.own_gates(stage);
        self.limits(stage);
        self.returns(stage);
        self.conditional(stage);
        self.zone(stage);
    }

    fn role(&mut self, stage: &StageTable) {
        let (Some(kind), Some(role)) = (stage.kind(), stage.role.this()) else { return };
        let right = maker(kind);
        if *role.get_ref() != right {
            let (right, wrong) = (right.as_str(), role.get_ref().as_str());
            let message = format!("{} is made by the role `{right}`, not by `{wrong}`", an(kind));
            self.say(role.span(), message);
        }
    }

    /// The stages that it needs, as far as they are known; a slip of the pen counts as what was probably meant.
    fn needed(&self, stage: &StageTable) -> Vec<&'f StageTable> {
        let mut needed: Vec<&StageTable> = Vec::new();
        for need in stage.needs() {
            let meant = self.graph.meant(need.get_ref(), stage.id());
            if let Some(meant) = meant.filter(|meant| !needed.iter().any(|known| known.id() == meant.id())) {
                needed.push(meant);
            }
        }
        needed
    }

    fn inputs(&mut self, stage: &StageTable) {
        let Some(kind) = stage.kind() else { return };
        let needed = self.needed(stage);
        let all_known = !stage.needs.is_unreadable() && needed.iter().all(|need| need.kind().is_some());
        let kinds: Vec<ArtifactKind> = needed.iter().filter_map(|need| need.kind()).collect();
        for input in inputs(kind).iter().filter(|input| all_known && !kinds.contains(input)) {
            // That a merge is verified is asked more strictly elsewhere.
            if (kind, *input) != (ArtifactKind::Merge, ArtifactKind::Verify) {
                let id = called(stage);
                let message =
                    format!("{id} makes {} and so needs a stage that makes {}", an(kind), an(*input));
                self.say(stage.place(), message);
            }
        }
        let mut double: Vec<ArtifactKind> = Vec::new();
        for (at, kind) in kinds.iter().enumerate() {
            if is_single(*kind) && kinds[..at].contains(kind) && !double.contains(kind) {
                double.push(*kind);
            }
        }
        for kind in double {
            let message = format!("{} needs two stages that make {}", called(stage), an(kind));
            self.say(stage.place(), message);
        }
    }

    /// No implementer works from what the evaluator made, nor from what was made from it.
    fn evaluator_inputs(&mut self, stage: &StageTable) {
        let Some(role) = stage.role.this().filter(|role| *role.get_ref() == Role::Implementer) else {
            return;
        };
        let verifies = |other: &StageTable| other.kind() == Some(ArtifactKind::Verify);
        let needed = self.needed(stage);
        if needed.iter().any(|need| verifies(need)) {
            let message = format!(
                "the implementer's stage {} needs the evaluator's artifact; only feedback may go there, by `returns_to`",
                called(stage)
            );
            self.say(role.span(), message);
            return;
        }
        let through = needed.iter().find_map(|need| {
            let mut before = self.file.stages.iter().filter(|other| verifies(other));
            let verify = before.find(|other| {
                other.id().zip(need.id()).is_some_and(|(verify, need)| self.graph.leads_to(verify, need))
            })?;
            Some((called(verify), called(need)))
        });
        if let Some((verify, need)) = through {
            let message = format!(
                "the implementer's stage {} needs {need}, which was made from the evaluator's {verify}; only feedback \
                 may go there, by `returns_to`",
                called(stage)
            );
            self.say(role.span(), message);
        }
    }

    /// The gates before and after it, and its soak, have something to be about.
    fn own_gates(&mut self, stage: &StageTable) {
        let id = called(stage);
        if let (Some(kind), Some(gate)) = (stage.kind(), stage.exit_gate.this()) {
            let judged = matches!(kind, ArtifactKind::Review | ArtifactKind::Verify);
            match gate.get_ref() {
                ExitGate::Policy if !judged => self.say(
                    gate.span(),
                    format!("there is no policy for {}: use `exit_gate = \"human\"` or none", an(kind)),
                ),
                ExitGate::Human if kind == ArtifactKind::Merge => self.say(
                    gate.span(),
                    format!("a gate after {id} comes too late: use `entry_gate = \"human\"`"),
                ),
                ExitGate::None | ExitGate::Policy | ExitGate::Human => {}
            }
        }
        let alone = !stage.needs.is_unreadable() && stage.needs().is_empty();
        let asks = |gate: &&Spanned<EntryGate>| *gate.get_ref() == EntryGate::Human;
        if let Some(gate) = stage.entry_gate.this().filter(asks).filter(|_| alone) {
            let message = format!("a gate before {id} would show nothing, since it needs nothing");
            self.say(gate.span(), message);
        }
        if let Some(soak) = stage.soak.this().filter(|_| alone) {
            self.say(soak.span(), format!("a soak before {id} waits for nothing, since it needs nothing"));
        }
    }

    /// The merge that the stage comes after.
    pub(super) fn merge_before(&self, stage: &StageTable) -> Option<&'f StageTable> {
        self.file.stages.iter().find(|merge| {
            let after = merge.id().zip(stage.id()).is_some_and(|(merge, id)| self.graph.leads_to(merge, id));
            merge.kind() == Some(ArtifactKind::Merge) && after
        })
    }

    fn returns(&mut self, stage: &StageTable) {
        let Some(target) = stage.returns_to.this() else { return };
        let (id, name) = (called(stage), target.get_ref());
        let Some(to) = self.graph.find(name) else {
            self.unknown_stage("returns_to", target, stage.id());
            return;
        };
        let before = stage.id().is_some_and(|id| self.graph.leads_to(name, id));
        if !before && (self.graph.is_whole() || stage.id() == Some(name)) {
            let message = format!("{id} cannot return work to `{name}`, which does not come before it");
            self.say(target.span(), message);
        }
        if let Some(merge) = self.merge_before(stage) {
            self.say(
                target.span(),
                format!(
                    "{id} cannot return work: it comes after {}, and what is merged is merged",
                    called(merge)
                ),
            );
        }
        if to.role.value().is_some_and(|role| *role != Role::Implementer) {
            self.say(target.span(), "work can only be returned to an implementer's stage");
        }
        if to.attempts.is_nothing() {
            let message = format!(
                "{id} returns work to `{name}`, so `{name}` must say how many `attempts` it has: a cycle needs a limit"
            );
            self.say(to.id.this().map_or(0..0, Spanned::span), message);
        }
        let gate = stage.exit_gate.or(ExitGate::None);
        if gate.is_some_and(|gate| gate != ExitGate::Policy) {
            let message = format!("{id} returns work but has no `exit_gate = \"policy\"` that could fail");
            self.say(target.span(), message);
        }
    }
}
