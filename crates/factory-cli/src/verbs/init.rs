//! `factory init`: prepare a repository. What can be seen in the project becomes a proposal for `factory.toml`; a first
//! specification, first scenarios and the local configuration come with it. Nothing that exists is changed.

mod first;
mod go;
mod node;
mod proposal;
mod python;
mod render;
mod rust;
mod survey;
mod target;
mod write;

use std::fs;
use std::path::{Path, PathBuf};

use self::proposal::Proposal;
use self::survey::Survey;
use self::target::Target;
use self::write::{Draft, Outcome};
use crate::args::InitArgs;
use crate::config::local::{self, LocalConfig};
use crate::config::place::STORE;
use crate::config::project;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;

pub(crate) fn init(args: &InitArgs) -> Result<Exit, CliError> {
    let target = Target::find(args)?;
    let survey = Survey::of(&target.directory).map_err(|error| {
        CliError::usage(format!("{} cannot be read", target.directory.display())).because(&error)
    })?;
    let proposals = proposals(&survey);
    let drafts = drafts(&target, &survey, &proposals)?;
    if !args.dry_run {
        write::private_folder(&target.holdouts)?;
    }
    let mut outcomes = Vec::new();
    for draft in &drafts {
        outcomes.push(if args.dry_run { write::foresee(draft) } else { write::write(draft)? });
    }
    output::text(&report(args, &target, &survey, &proposals, &drafts, &outcomes));
    Ok(Exit::Clean)
}

fn proposals(survey: &Survey) -> Vec<Proposal> {
    [rust::propose, go::propose, python::propose, node::propose]
        .into_iter()
        .filter_map(|propose| propose(survey))
        .collect()
}

/// All files that belong to a prepared project, in the order in which they are written.
fn drafts(target: &Target, survey: &Survey, proposals: &[Proposal]) -> Result<Vec<Draft>, CliError> {
    let inside = |path: &str, text: String| Draft { path: target.directory.join(path), text };
    let mut drafts = vec![inside(project::FILE, render::factory_toml(&target.name, proposals))];
    if !has_own_specs(survey) {
        let first = first::first(proposals)?;
        drafts.push(inside(first::SPEC, first.spec));
        let folder = target.holdouts.join(first::SLUG);
        // Scenarios that are there are somebody's own: more of ours would judge their feature by another one.
        if !holds_anything_but(&folder, &first.scenarios) {
            let scenarios = first.scenarios.into_iter();
            drafts.extend(scenarios.map(|(name, text)| Draft { path: folder.join(name), text }));
        }
    }
    drafts.push(Draft { path: target.holdouts.join("README.md"), text: first::readme(&target.name) });
    let store = PathBuf::from(STORE);
    drafts.push(inside(&store.join(".gitignore").to_string_lossy(), "*\n".to_owned()));
    let local = LocalConfig { schema: 1, holdouts: Some(target.holdouts.clone()), ..LocalConfig::default() };
    drafts.push(inside(&store.join(local::FILE).to_string_lossy(), local.to_toml()));
    Ok(drafts)
}

/// Whether the folder has files that are not exactly the first scenarios.
fn holds_anything_but(folder: &Path, first: &[(&str, String)]) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let name = entry.file_name();
        let ours = first.iter().find(|(ours, _)| name == *ours);
        let is_ours = |text: &str| {
            fs::read_to_string(entry.path())
                .is_ok_and(|found| first::without_canary(&found).eq(first::without_canary(text)))
        };
        !ours.is_some_and(|(_, text)| is_ours(text))
    })
}

/// Who has specifications needs no first one.
fn has_own_specs(survey: &Survey) -> bool {
    !survey.has(first::SPEC) && survey.files().any(|path| path.starts_with("specs/") && path.ends_with(".md"))
}

fn report(
    args: &InitArgs,
    target: &Target,
    survey: &Survey,
    proposals: &[Proposal],
    drafts: &[Draft],
    outcomes: &[Outcome],
) -> String {
    let kinds: Vec<&str> = proposals.iter().map(|proposal| proposal.kind.name()).collect();
    let kinds = if kinds.is_empty() { "a project of no known kind".to_owned() } else { kinds.join(" and ") };
    let mut text = format!("{}: {kinds}\n\n", target.directory.display());
    for (draft, outcome) in drafts.iter().zip(outcomes) {
        let word = match (outcome, args.dry_run) {
            (Outcome::Written, false) => "wrote",
            (Outcome::Written, true) => "would write",
            (Outcome::Kept, _) => "kept",
        };
        text.push_str(&format!("{word:<5}  {}\n", shown(&draft.path, target)));
    }
    if outcomes.iter().all(|outcome| *outcome == Outcome::Kept) {
        text.push_str("\nEverything is there already, so nothing was changed.\n");
        return text;
    }
    let config = drafts.iter().zip(outcomes).find(|(draft, _)| draft.path.ends_with(project::FILE));
    if let Some((draft, Outcome::Written)) = config {
        text.push_str(&format!("\n{}:\n\n", project::FILE));
        text.extend(draft.text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n"));
    }
    let notes = notes(target, survey, proposals);
    if !notes.is_empty() {
        text.push_str("\nTo know:\n");
        text.extend(notes.iter().map(|note| format!("  - {note}\n")));
    }
    if !args.dry_run {
        text.push_str(&next(target, survey, drafts));
    }
    text
}

fn shown(path: &Path, target: &Target) -> String {
    path.strip_prefix(&target.directory).unwrap_or(path).display().to_string()
}

fn notes(target: &Target, survey: &Survey, proposals: &[Proposal]) -> Vec<String> {
    let mut notes: Vec<String> = proposals.iter().flat_map(|proposal| proposal.notes.clone()).collect();
    let deployable = proposals.iter().filter(|proposal| proposal.deploy.is_some()).count();
    if deployable == 0 {
        notes.push(
            "how the service is started could not be found out: say it under [deploy] in factory.toml"
                .to_owned(),
        );
    }
    if deployable > 1 {
        notes.push("there are several services; [deploy] has the first, the others are comments".to_owned());
    }
    if proposals.is_empty() {
        let folders = manifests_below(survey);
        if !folders.is_empty() {
            notes.push(format!(
                "there are projects below: factory init {}",
                folders.join(", or factory init ")
            ));
        }
    }
    if has_own_specs(survey) {
        notes.push(format!(
            "your specifications need scenarios: specs/feature-x.md is judged by {}",
            target.holdouts.join("x").display()
        ));
    }
    if let Some(around) = &target.around {
        notes.push(format!("{} is another project, around this one", around.display()));
    }
    notes
}

/// Folders below that look like projects.
fn manifests_below(survey: &Survey) -> Vec<String> {
    let manifests = ["Cargo.toml", "package.json", "go.mod", "pyproject.toml", "requirements.txt"];
    let mut folders: Vec<String> = survey
        .files()
        .filter_map(|path| path.rsplit_once('/'))
        .filter(|(folder, name)| manifests.contains(name) && folder.matches('/').count() < 2)
        .map(|(folder, _)| folder.to_owned())
        .collect();
    folders.dedup();
    folders.truncate(5);
    folders
}

fn next(target: &Target, survey: &Survey, drafts: &[Draft]) -> String {
    let spec = if drafts.iter().any(|draft| draft.path.ends_with(first::SPEC)) {
        first::SPEC
    } else {
        "specs/….md"
    };
    let commit = if target.has_commit {
        format!("git add {} specs && git commit -m \"Set up factory\"", project::FILE)
    } else {
        "git add . && git commit -m \"Begin\" (the repository has no commit yet, and a run starts from one)"
            .to_owned()
    };
    let here = std::env::current_dir().is_ok_and(|cwd| cwd == survey.directory());
    let cd = if here { String::new() } else { format!("\n  cd {}", survey.directory().display()) };
    format!(
        "\nNext: read {}, the specification and the scenarios, change them as you like, then{cd}
  {commit}
  factory doctor
  factory run {spec} --dry-run
  factory run {spec}\n",
        project::FILE,
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests;
