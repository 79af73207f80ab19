//! From drafts to scenarios: ids, backgrounds, `And`, and the checks on each scenario.

use std::collections::HashMap;

use super::draft::{Draft, DraftStep};
use super::keyword::StepKeyword;
use super::model::{Keyword, Scenario, Step};
use crate::diagnostic::{self, Code, Diagnostic};
use crate::slug;

/// Makes the scenarios of the file called `file`. Drafts already have their background in front.
pub(super) fn scenarios(drafts: Vec<Draft>, file: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Scenario> {
    if drafts.is_empty() && !diagnostic::has_errors(diagnostics) {
        diagnostics.push(
            Diagnostic::new(Code::NoScenario, 0..0, "there is no scenario in this file")
                .with_help("start one with `# Scenario: …`, then Given, When and Then"),
        );
    }
    let mut names: HashMap<(Option<usize>, String), usize> = HashMap::new();
    let mut ids: HashMap<String, usize> = HashMap::new();
    let stem = slug::slug(stem(file));
    drafts
        .into_iter()
        .map(|draft| {
            if !draft.copy {
                check(&draft, diagnostics);
            }
            let known = names.entry((draft.rule, draft.name.clone())).or_default();
            *known += usize::from(!draft.copy);
            if *known == 2 && !draft.copy && !draft.name.is_empty() {
                let message = format!("a scenario called `{}` is given twice", draft.name);
                diagnostics.push(
                    Diagnostic::new(Code::DuplicateScenario, draft.heading.clone(), message).with_help(
                        "give every scenario of a rule, or of a file without rules, a name of its own",
                    ),
                );
            }
            let id = format!("{stem}/{}", slug::words(&draft.name, "scenario"));
            let id = unique(id, &mut ids);
            scenario(draft, id, file)
        })
        .collect()
}

/// Refuses a step without a sentence and an `And` without a step before it.
pub(super) fn check_steps(draft: &Draft, diagnostics: &mut Vec<Diagnostic>) {
    for step in &draft.steps {
        if step.text.is_empty() {
            diagnostics.push(
                Diagnostic::new(Code::EmptyStep, step.line.clone(), "this step says nothing")
                    .with_help("write a sentence behind the keyword"),
            );
        }
    }
    let first = draft.steps.first().filter(|_| draft.background.is_empty());
    if let Some(step) = first
        && matches!(step.keyword, StepKeyword::And | StepKeyword::But)
    {
        diagnostics.push(
            Diagnostic::new(Code::NothingToContinue, step.line.clone(), "there is no step before this one")
                .with_help("start with `Given`, `When` or `Then`"),
        );
    }
}

fn check(draft: &Draft, diagnostics: &mut Vec<Diagnostic>) {
    check_steps(draft, diagnostics);
    let mut report = |code, message: String, help: &str| {
        let place = draft.heading.clone();
        diagnostics.push(Diagnostic::new(code, place, message).with_help(help));
    };
    if draft.name.is_empty() {
        report(
            Code::UnnamedScenario,
            "this scenario has no name".to_owned(),
            "write what it shows behind `Scenario:`",
        );
    }
    if draft.broken {
        return;
    }
    let has = |keyword| steps(draft).any(|step| step.keyword == keyword);
    let each = "every step starts on a line of its own with Given, When, Then, And or But";
    if !has(StepKeyword::When) {
        report(Code::MissingWhen, format!("scenario `{}` has no When", draft.name), each);
    }
    if !has(StepKeyword::Then) {
        report(Code::MissingThen, format!("scenario `{}` has no Then", draft.name), each);
    }
}

fn steps(draft: &Draft) -> impl Iterator<Item = &DraftStep> {
    draft.background.iter().chain(&draft.steps)
}

fn scenario(mut draft: Draft, id: String, file: &str) -> Scenario {
    draft.labels.unique();
    let mut keyword = Keyword::Given;
    let steps = draft
        .background
        .into_iter()
        .chain(draft.steps)
        .map(|step| {
            keyword = match step.keyword {
                StepKeyword::Given => Keyword::Given,
                StepKeyword::When => Keyword::When,
                StepKeyword::Then => Keyword::Then,
                StepKeyword::And | StepKeyword::But | StepKeyword::Star => keyword,
            };
            Step { keyword, text: step.text, doc_string: step.doc_string, table: step.table, span: step.span }
        })
        .collect();
    Scenario {
        id,
        name: draft.name,
        file: file.to_owned(),
        covers: draft.labels.covers,
        tags: draft.labels.tags,
        description: draft.description.join("\n").trim().to_owned(),
        steps,
        span: draft.heading.start..draft.end.max(draft.heading.end),
    }
}

/// The first id as it is, later ones with a number that no other id has.
fn unique(id: String, ids: &mut HashMap<String, usize>) -> String {
    let mut candidate = id.clone();
    while ids.contains_key(&candidate) {
        let count = ids.entry(id.clone()).or_insert(1);
        *count += 1;
        candidate = format!("{id}-{count}");
    }
    ids.insert(candidate.clone(), 1);
    candidate
}

/// The name of a file without its folders and endings.
fn stem(file: &str) -> &str {
    let mut stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
    while let Some(shorter) =
        [".md", ".markdown", ".feature", ".txt"].iter().find_map(|ending| stem.strip_suffix(ending))
    {
        stem = shorter;
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stem_has_no_folders_and_no_endings() {
        assert_eq!(stem("holdout/password-reset.feature.md"), "password-reset");
        assert_eq!(stem("a\\b.feature"), "b");
        assert_eq!(stem("v1.2"), "v1.2");
    }

    #[test]
    fn ids_are_numbered_past_those_that_are_taken() {
        let mut ids = HashMap::new();
        let made: Vec<String> =
            ["a", "a-2", "a", "a"].into_iter().map(|id| unique(id.to_owned(), &mut ids)).collect();
        assert_eq!(made, ["a", "a-2", "a-3", "a-4"]);
    }
}
