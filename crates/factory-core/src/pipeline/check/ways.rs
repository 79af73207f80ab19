//! The ways through a pipeline: where runs begin, what they come to, and that none comes to a merge unverified.

use std::collections::BTreeSet;

use toml::Spanned;

use super::super::model::{EntryType, ExitGate, Zone};
use super::super::read::file::StageTable;
use super::{Checker, called, stages};
use crate::artifact::ArtifactKind;

impl<'f> Checker<'f> {
    /// A run of each entry type has all that its stages cannot work without, and comes to a merge.
    pub(super) fn entries(&mut self) {
        let entry = &self.file.entry;
        if let Some(span) = entry.span.clone().filter(|_| entry.stages.is_empty() && entry.whole) {
            self.say(span, "the pipeline has no entry, so no run could begin");
            return;
        }
        let mut reached = BTreeSet::new();
        let mut all_known = entry.whole;
        for (kind, first) in &entry.stages {
            if self.graph.find(first.get_ref()).is_some() {
                reached.extend(self.graph.from(first.get_ref()));
                self.entry(*kind, first);
            } else {
                self.unknown_stage("entry", first, None);
                all_known = false;
            }
        }
        if all_known && self.graph.is_whole() {
            self.unreached(&reached);
        }
    }

    fn entry(&mut self, entry: EntryType, first: &Spanned<String>) {
        if !self.graph.is_whole() {
            return;
        }
        // See `Pipeline::included`: no run goes without reading the specification.
        let after = self.graph.from(first.get_ref());
        let included = |stage: &StageTable| {
            stage.kind() == Some(ArtifactKind::Spec) || stage.id().is_some_and(|id| after.contains(id))
        };
        let (entry, name) = (entry.as_str(), first.get_ref());
        let all = &self.file.stages;
        let merges = |stage: &StageTable| stage.kind() == Some(ArtifactKind::Merge);
        let kinds_known = all.iter().all(|stage| stage.kind().is_some());
        if kinds_known && all.iter().any(merges) && !all.iter().any(|s| merges(s) && included(s)) {
            self.say(first.span(), format!("a {entry} that begins at `{name}` never comes to a merge"));
        }
        for stage in all.iter().filter(|stage| included(stage)) {
            let needed: Vec<&StageTable> =
                stage.needs().iter().filter_map(|need| self.graph.find(need.get_ref())).collect();
            for input in stage.kind().map_or(&[][..], stages::inputs) {
                let of_kind = |need: &&&StageTable| need.kind() == Some(*input);
                // Where it is needed from nobody, that is said at the stage.
                if needed.iter().any(|need| of_kind(&need))
                    && !needed.iter().filter(of_kind).any(|need| included(need))
                {
                    let message = format!(
                        "a {entry} that begins at `{name}` comes to {} without the {} that it needs",
                        called(stage),
                        input.as_str()
                    );
                    self.say(first.span(), message);
                }
            }
        }
    }

    fn unreached(&mut self, reached: &BTreeSet<&str>) {
        for stage in &self.file.stages {
            let Some(id) = stage.id.this() else { continue };
            let is_spec = stage.kind().is_none_or(|kind| kind == ArtifactKind::Spec);
            if !is_spec && !reached.contains(id.get_ref().as_str()) {
                let message = format!("the stage {} is never reached from an entry", called(stage));
                self.say(id.span(), message);
            }
        }
    }

    /// A run carries one specification, and ends in one merge.
    pub(super) fn one_of_each(&mut self) {
        let all = &self.file.stages;
        let kinds_known = self.file.stages_whole && all.iter().all(|stage| stage.kind().is_some());
        for kind in [ArtifactKind::Spec, ArtifactKind::Merge] {
            let of_kind: Vec<&StageTable> = all.iter().filter(|stage| stage.kind() == Some(kind)).collect();
            if of_kind.len() > 1 || (of_kind.is_empty() && kinds_known) {
                let span = of_kind.get(1).copied().or(all.last()).map_or(0..0, StageTable::place);
                let (an, found) = (stages::an(kind), of_kind.len());
                let message =
                    format!("a pipeline has exactly one stage that makes {an}; this one has {found}");
                self.say(span, message);
            }
        }
    }

    /// A merge stands behind a policy gate on the verification of what is merged, and better waits for every other gate. A
    /// verification further up is not enough: it may have judged another build.
    pub(super) fn merges(&mut self) {
        let merges = self.file.stages.iter().filter(|stage| stage.kind() == Some(ArtifactKind::Merge));
        for merge in merges {
            self.verified(merge);
            self.waits_for_gates(merge);
        }
    }

    fn verified(&mut self, merge: &StageTable) {
        let needed: Vec<&StageTable> =
            merge.needs().iter().filter_map(|need| self.graph.meant(need.get_ref(), merge.id())).collect();
        let kinds_known = !merge.needs.is_unreadable() && needed.iter().all(|need| need.kind().is_some());
        let verify = needed.iter().find(|need| need.kind() == Some(ArtifactKind::Verify));
        let judged = verify.map(|verify| verify.exit_gate.or(ExitGate::None));
        let stands_open = match judged {
            None => kinds_known,
            // A gate that cannot be read has been said to be so.
            Some(gate) => gate.is_some_and(|gate| gate != ExitGate::Policy),
        };
        if stands_open {
            let id = called(merge);
            let message =
                format!("{id} can be reached without a verify stage that has `exit_gate = \"policy\"`");
            self.say(merge.place(), message);
        }
        for judge in needed
            .iter()
            .filter(|need| matches!(need.kind(), Some(ArtifactKind::Verify | ArtifactKind::Review)))
        {
            self.same_build(merge, judge);
        }
    }

    /// What is merged is the build that was judged.
    fn same_build(&mut self, merge: &StageTable, judge: &StageTable) {
        if let (Some(merged), Some(judged)) = (self.build_of(merge), self.build_of(judge))
            && merged.get_ref() != judged.get_ref()
        {
            let message = format!(
                "{} takes the build of `{}`, but {} judges that of `{}`",
                called(merge),
                merged.get_ref(),
                called(judge),
                judged.get_ref()
            );
            self.say(merged.span(), message);
        }
    }

    /// The build that a stage needs.
    fn build_of<'s>(&self, stage: &'s StageTable) -> Option<&'s Spanned<String>> {
        let is_build = |need: &&Spanned<String>| {
            self.graph.find(need.get_ref()).is_some_and(|s| s.kind() == Some(ArtifactKind::Build))
        };
        stage.needs().iter().find(is_build)
    }

    /// A gate that a merge does not wait for keeps nothing back, which is seldom meant.
    fn waits_for_gates(&mut self, merge: &'f StageTable) {
        let Some(to) = merge.id().filter(|_| self.graph.is_whole()) else { return };
        for stage in &self.file.stages {
            let Some(id) = stage.id() else { continue };
            let beside = id != to && !self.graph.leads_to(id, to) && !self.graph.leads_to(to, id);
            let gate = stage.exit_gate.this().filter(|gate| *gate.get_ref() != ExitGate::None);
            let advisory = stage.zone.value() == Some(&Zone::Advisory) || stage.zone.is_unreadable();
            if let Some(gate) = gate.filter(|_| beside && !advisory) {
                let message = format!("{} does not wait for the gate after `{id}`", called(merge));
                let help = Some(format!("add `{id}` to what {} needs", called(merge)));
                self.doubt(gate.span(), message, help);
            }
        }
    }
}
