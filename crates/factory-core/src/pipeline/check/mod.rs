//! Everything that can be wrong with a pipeline, found before anything runs.
//!
//! `graph`: which stage comes before which. `stages`: each stage by itself and beside those that it names. `ways`: where
//! runs begin, and how they come to a merge. `gates`: who is asked, and when. `zones`: how far a stage may go without
//! anybody. `limits`: figures. `lower`: the checked pipeline out of the file.
//!
//! What the reader could not read has been said by it. Nothing is said here that would only follow from that.

mod conditions;
mod gates;
mod graph;
mod limits;
mod lower;
mod stages;
mod ways;
mod zones;

use std::ops::Range;

use toml::Spanned;

use self::graph::Graph;
use super::read::file::{PipelineFile, StageTable};
use super::read::{Diagnostic, Findings, table};
use crate::ids::StageId;
use crate::toml_problem;

/// More stages than anybody can follow; also what keeps a check from taking long.
const MOST_STAGES: usize = 50;

/// Checks a pipeline file and puts its stages in order. `wrong` is what was wrong with reading it.
pub(super) fn check(file: &PipelineFile, wrong: Vec<Diagnostic>) -> Findings {
    // What is drawn of too many stages is never looked at.
    let stages = if file.stages.len() > MOST_STAGES { &[] } else { file.stages.as_slice() };
    let graph = Graph::of(stages, file.stages_whole);
    let mut checker = Checker { file, graph, wrong, doubtful: Vec::new() };
    if checker.is_of_a_size() {
        checker.pipeline();
    }
    let Checker { graph, mut wrong, doubtful, .. } = checker;
    wrong.sort_by_key(|d| d.span.start);
    let order = if wrong.is_empty() { graph.order() } else { None };
    let pipeline = order.and_then(|order| lower::pipeline(file, &order));
    if pipeline.is_none() && wrong.is_empty() {
        // Whatever cannot be lowered has been refused above. Should a hole remain, the pipeline is refused all the same.
        wrong.push(Diagnostic::new(0..0, "the pipeline cannot be used", None));
    }
    Findings { pipeline, wrong, doubtful }
}

struct Checker<'f> {
    file: &'f PipelineFile,
    graph: Graph<'f>,
    wrong: Vec<Diagnostic>,
    doubtful: Vec<Diagnostic>,
}

impl<'f> Checker<'f> {
    fn say(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.advise(span, message, None);
    }

    fn advise(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.wrong.push(Diagnostic::new(span, message, help));
    }

    fn doubt(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.doubtful.push(Diagnostic::new(span, message, help));
    }

    /// A name that is none of a stage; `but` is a stage that cannot be meant.
    fn unknown_stage(&mut self, what: &str, name: &Spanned<String>, but: Option<&str>) {
        let help = self.graph.nearest(name.get_ref(), but).map(|near| format!("did you mean `{near}`?"));
        let name_shown = table::shown(name.get_ref());
        self.advise(
            name.span(),
            format!("{what} names the stage `{name_shown}`, which does not exist"),
            help,
        );
    }

    fn is_of_a_size(&mut self) -> bool {
        let stages = &self.file.stages;
        if let Some(first) = stages.get(MOST_STAGES) {
            let found = stages.len();
            let place = first.place();
            self.say(place, format!("a pipeline has at most {MOST_STAGES} stages; this one has {found}"));
            return false;
        }
        if stages.is_empty() && self.file.stages_whole {
            let place = self.file.name.this().map_or(0..0, Spanned::span);
            self.say(place, "the pipeline has no stages");
            return false;
        }
        true
    }

    fn pipeline(&mut self) {
        self.name();
        self.ids();
        self.needs();
        self.cycles();
        self.policy();
        for stage in &self.file.stages {
            self.stage(stage);
        }
        self.entries();
        self.one_of_each();
        self.merges();
        self.authorities();
        self.gates();
    }

    fn name(&mut self) {
        let Some(name) = self.file.name.this() else { return };
        if !is_name(name.get_ref()) {
            let shown = table::shown(name.get_ref());
            self.say(
                name.span(),
                format!("`{shown}` is not a pipeline's name (lower-case letters, digits and hyphens)"),
            );
        }
    }

    fn ids(&mut self) {
        for (index, stage) in self.file.stages.iter().enumerate() {
            let Some(id) = stage.id.this() else { continue };
            let shown = table::shown(id.get_ref());
            if !is_name(id.get_ref()) {
                self.say(
                    id.span(),
                    format!("`{shown}` is not a stage id (lower-case letters, digits and hyphens)"),
                );
            }
            if self.file.stages[..index].iter().any(|before| before.id() == stage.id()) {
                self.say(id.span(), format!("there are two stages named `{shown}`"));
            }
        }
    }
}

/// The suggestion, as help.
fn did_you_mean<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    toml_problem::nearest(found, known).map(|near| format!("did you mean `{near}`?"))
}

/// Stages, groups and pipelines are named alike.
fn is_name(text: &str) -> bool {
    text.parse::<StageId>().is_ok()
}

/// A stage as messages call it.
fn called(stage: &StageTable) -> String {
    stage.id().map_or("the stage".to_owned(), |id| format!("`{}`", table::shown(id)))
}
