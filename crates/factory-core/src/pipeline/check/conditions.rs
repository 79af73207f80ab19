//! Conditions: about which artifact, which field, and compared with what.

use toml::Spanned;

use super::super::condition::{Field, FieldType};
use super::super::read::file::{ConditionTable, StageTable};
use super::super::read::table::{self, Plain, Said};
use super::{Checker, called, did_you_mean, lower, stages};
use crate::artifact::ArtifactKind;

/// The fields of an artifact.
fn fields(kind: ArtifactKind) -> Vec<&'static str> {
    Field::ALL.iter().filter(|field| field.of() == kind).map(|field| field.as_str()).collect()
}

impl<'f> Checker<'f> {
    /// A stage that may be left out makes nothing that others cannot work without, and nothing that a merge rests on.
    pub(super) fn conditional(&mut self, stage: &'f StageTable) {
        let Some(first) = stage.when.first() else { return };
        let id = called(stage);
        if let (Some(kind), Some(name)) = (stage.kind(), stage.id()) {
            let needing = self.file.stages.iter().find(|other| {
                other.needs().iter().any(|need| need.get_ref() == name)
                    && other.kind().is_some_and(|other| stages::inputs(other).contains(&kind))
            });
            if let Some(needing) = needing {
                let message = format!("{id} cannot be left out: {} cannot work without it", called(needing));
                self.say(first.span.clone(), message);
            } else if kind == ArtifactKind::Merge {
                self.say(first.span.clone(), format!("{id} cannot be left out: a run ends in a merge"));
            }
        }
        for condition in &stage.when {
            self.condition(condition, stage, false);
        }
    }

    /// A condition that is asked at this stage; `own` says whether what the stage itself makes is known by then.
    pub(super) fn condition(&mut self, condition: &ConditionTable, at: &StageTable, own: bool) {
        let about = condition.stage.this().and_then(|name| self.about(name, at, own));
        let field = condition.field.this().and_then(|name| self.field(name, about));
        let tests: Vec<&Spanned<Plain>> = [&condition.at_least, &condition.at_most, &condition.is]
            .into_iter()
            .filter_map(Said::this)
            .collect();
        let unreadable = [&condition.at_least, &condition.at_most, &condition.is];
        match tests.as_slice() {
            [value] => {
                if let Some(field) = field {
                    self.value(field, value);
                    if field.value_type() == FieldType::Flag && condition.is.is_nothing() {
                        self.say(value.span(), format!("`{}` is compared by `is`", field.as_str()));
                    }
                }
            }
            [] if unreadable.iter().any(|said| said.is_unreadable()) => {}
            [] | [_, _, ..] => {
                let message = "a condition has exactly one of `at_least`, `at_most` and `is`";
                self.say(condition.span.clone(), message);
            }
        }
    }

    /// The stage that it is about, where there is one of that name.
    fn about(&mut self, name: &Spanned<String>, at: &StageTable, own: bool) -> Option<&'f StageTable> {
        let about = name.get_ref();
        let Some(stage) = self.graph.find(about) else {
            self.unknown_stage("the condition", name, None);
            return None;
        };
        let own = own && at.id() == Some(about);
        let before = at.id().is_some_and(|id| self.graph.leads_to(about, id));
        if !own && !before && (self.graph.is_whole() || at.id() == Some(about)) {
            let message =
                format!("`{about}` does not come before {}, so nothing is known of it there", called(at));
            self.say(name.span(), message);
        }
        Some(stage)
    }

    fn field(&mut self, name: &Spanned<String>, about: Option<&StageTable>) -> Option<Field> {
        let field = table::word::<Field>(name.get_ref()).ok();
        let kind = about.and_then(StageTable::kind);
        let Some(kind) = kind else {
            if field.is_none() {
                let help = did_you_mean(name.get_ref(), Field::ALL.iter().map(|field| field.as_str()));
                let shown = table::shown(name.get_ref());
                self.advise(name.span(), format!("no artifact has a field `{shown}`"), help);
            }
            return field;
        };
        if field.is_some_and(|field| field.of() == kind) {
            return field;
        }
        let known = fields(kind);
        let (shown, whose) = (table::shown(name.get_ref()), stages::an(kind));
        let message = if known.is_empty() {
            format!("nothing of {whose} can be asked for, and so no `{shown}`")
        } else {
            format!("{whose} has no field `{shown}`; there is {}", table::list(&known, "and"))
        };
        self.advise(name.span(), message, did_you_mean(name.get_ref(), known.into_iter()));
        None
    }

    fn value(&mut self, field: Field, value: &Spanned<Plain>) {
        if lower::value(field.value_type(), value.get_ref()).is_some() {
            return;
        }
        let expected = match field.value_type() {
            FieldType::Count => "a whole number from 0 up",
            FieldType::Risk => "`\"low\"`, `\"medium\"` or `\"high\"`",
            FieldType::Flag => "`true` or `false`",
        };
        let help = match (field.value_type(), value.get_ref()) {
            (FieldType::Risk, Plain::Text(text)) => did_you_mean(text, ["low", "medium", "high"].into_iter()),
            (FieldType::Count | FieldType::Risk | FieldType::Flag, _) => None,
        };
        self.advise(value.span(), format!("`{}` is compared with {expected}", field.as_str()), help);
    }
}
