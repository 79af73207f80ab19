//! How far a stage may go without a person: each zone promises something of its stages' gates.

use super::super::model::{EntryGate, ExitGate, OnExhausted, Zone};
use super::super::read::file::StageTable;
use super::{Checker, called, lower};
use crate::artifact::ArtifactKind;

impl Checker<'_> {
    pub(super) fn zone(&mut self, stage: &StageTable) {
        let Some(zone) = stage.zone.this() else { return };
        let problem = match zone.get_ref() {
            Zone::Supervised => supervised(stage),
            Zone::Autonomous => autonomous(stage),
            Zone::Guarded => guarded(stage),
            Zone::Advisory => self.advisory(stage),
        };
        if let Some(problem) = problem {
            self.say(zone.span(), problem);
        }
    }

    fn advisory(&self, stage: &StageTable) -> Option<String> {
        let id = called(stage);
        let uses = self.file.stages.iter().find(|other| {
            let advisory = other.zone.value() == Some(&Zone::Advisory) || other.zone.is_unreadable();
            !advisory && other.needs().iter().any(|need| Some(need.get_ref().as_str()) == stage.id())
        });
        if let Some(uses) = uses {
            Some(format!("an advisory stage only proposes: {} cannot need {id}", called(uses)))
        } else if !stage.returns_to.is_nothing() {
            Some(format!("an advisory stage only proposes: {id} cannot return work"))
        } else if stage.kind() == Some(ArtifactKind::Merge) {
            Some(format!("an advisory stage only proposes: {id} cannot merge"))
        } else {
            None
        }
    }
}

fn supervised(stage: &StageTable) -> Option<String> {
    let id = called(stage);
    if stage.kind() == Some(ArtifactKind::Merge) {
        // Nobody could approve what it makes before it is made for good.
        return Some(format!("a merge cannot be taken back: {id} can be `guarded`, and not `supervised`"));
    }
    let missing = stage.exit_gate.or(ExitGate::None).is_some_and(|gate| gate != ExitGate::Human);
    missing.then(|| {
        format!("a person approves what a supervised stage makes: {id} needs `exit_gate = \"human\"`")
    })
}

fn autonomous(stage: &StageTable) -> Option<String> {
    let id = called(stage);
    let people = stage.entry_gate.value() == Some(&EntryGate::Human)
        || stage.exit_gate.value() == Some(&ExitGate::Human);
    if people {
        Some(format!("an autonomous stage asks nobody unless it is stuck: {id} cannot have a human gate"))
    } else if lower::on_exhausted(stage) == Some(OnExhausted::Fail) {
        Some(format!(
            "an autonomous stage asks a person when it is stuck: {id} needs `on_exhausted = \"escalate\"`"
        ))
    } else {
        None
    }
}

fn guarded(stage: &StageTable) -> Option<String> {
    let missing = stage.entry_gate.or(EntryGate::None).is_some_and(|gate| gate != EntryGate::Human);
    missing.then(|| {
        let id = called(stage);
        format!("a person approves before a guarded stage starts: {id} needs `entry_gate = \"human\"`")
    })
}
