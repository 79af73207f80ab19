//! `factory run`: look before anything starts, then begin a run and take it as far as it goes.

use std::fs;
use std::path::{Path, PathBuf};

use factory_core::event::{RunStarted, SpecRef};
use factory_core::ids::{Budget, Digest, RequirementId, RunId};
use factory_core::pipeline::model::{EntryType, Pipeline};
use factory_core::protected;
use factory_core::state::RunState;
use factory_spec::lint::{self, Reported, Tier};
use factory_spec::{Colour, Diagnostic, SpecDocument, SpecKind};

use crate::args::{Entry, RunArgs};
use crate::config::pipeline;
use crate::config::place::{self, Place};
use crate::error::CliError;
use crate::exit::Exit;
use crate::gatekeeper::Gatekeeper;
use crate::travel::Travel;
use crate::verbs::spec::rules::Rules;
use crate::{archive, confinement, evaluation, output, person, wiring};

mod dry;

/// A specification that can be worked from.
pub(crate) struct CheckedSpec {
    pub(crate) text: String,
    pub(crate) reference: SpecRef,
    pub(crate) kind: SpecKind,
    /// Codes of what the linter said of it.
    pub(crate) lint: Vec<String>,
}

pub(crate) async fn run(args: &RunArgs) -> Result<Exit, CliError> {
    let spec_path = place::current_dir()?.join(&args.spec);
    let text = read_spec(&spec_path, &args.spec)?;
    let folder = spec_path.parent().map_or(spec_path.clone(), Path::to_path_buf);
    let place = Place::find(&folder)?;
    let spec = check_spec(&place, &spec_path, &args.spec, text)?;
    let pipeline = pipeline::load(&place.project.directory(), &args.pipeline)?;
    let entry = entry(args.entry, &spec, &pipeline, &args.pipeline)?;
    let budget = budget(args)?;
    if !args.allow_dirty {
        refuse_dirty(&place, &spec.reference.path)?;
    }
    place.config.deploy()?;
    check_stages(&place, &pipeline)?;
    let gatekeeper = Gatekeeper::choose(args.settings.approve_because.as_deref())?;
    let model = wiring::model_choice(&place, &args.settings)?;
    let unsealed = confinement::accepted(args.accept_unsealed.as_deref())?;
    let slug = &spec.reference.slug;
    // A dry run sends nothing, and whoever replays a recording asks nobody.
    let may_ask = !args.dry_run && !model.is_recorded();
    let evaluation =
        evaluation::evaluation(&place, &args.settings, slug, unsealed.is_some(), may_ask).await?;
    evaluation::sealable(&place, &evaluation.holdouts)?;
    if args.dry_run {
        let settings = &args.settings;
        let planned = dry::Planned { spec: &spec, pipeline: &pipeline, entry, budget, settings };
        return dry::show(&place, &planned, &model, &evaluation);
    }

    if let Some(told) = &evaluation.told {
        output::note_line(told);
    }
    let person = person::current(&place.project);
    let store = archive::open_at(&place.store()).await?;
    store.blobs.put(spec.text.as_bytes()).await?;
    let started = RunStarted {
        run: new_run_id(&spec.reference.slug),
        spec: spec.reference,
        base: place.project.head().clone(),
        branch: place.project.branch().map(str::to_owned),
        entry,
        pipeline,
        budget,
        lint: spec.lint,
        model: model.describe(),
        requested_by: person.clone(),
        factory: env!("CARGO_PKG_VERSION").to_owned(),
        unsealed,
    };
    let engine = wiring::engine_with(&place, &store, &args.settings, model, evaluation)?;
    let state: RunState = engine.start(started).await?;
    let travel = Travel { engine: &engine, place: &place, gatekeeper, person, settings: &args.settings };
    travel.go(&state.started.run).await
}

/// Refuses what `[sandbox]` says of a stage that does not exist, and tells of what says nothing for this run.
fn check_stages(place: &Place, pipeline: &Pipeline) -> Result<(), CliError> {
    place.config.sandbox.check_stages(&pipeline::all_stages(&place.project.directory()))?;
    for idle in place.config.sandbox.idle_stages(pipeline) {
        output::note_line(&format!(
            "[sandbox.stage.{idle}] says nothing for this run: the pipeline `{}` has no such stage",
            pipeline.name
        ));
    }
    Ok(())
}

fn read_spec(path: &Path, shown: &Path) -> Result<String, CliError> {
    let unreadable = |message: String| CliError::usage(message);
    let bytes = fs::read(path).map_err(|error| {
        unreadable(format!("the specification {} cannot be read", shown.display()))
            .because(&error)
            .hint("name a Markdown file, such as specs/feature-….md; `factory init` writes a first one")
    })?;
    String::from_utf8(bytes).map_err(|error| {
        unreadable(format!("the specification {} is not UTF-8 text", shown.display())).because(&error)
    })
}

/// Parses the specification; anything that blocks a run is shown with its place.
fn check_spec(place: &Place, path: &Path, shown: &Path, text: String) -> Result<CheckedSpec, CliError> {
    let project = place.project.directory();
    let (document, mut diagnostics) = factory_spec::parse_spec(&text);
    diagnostics.extend(factory_spec::check_references(&document, &|file| project.join(file).exists()));
    show_diagnostics(&diagnostics, shown, &text);
    let blocking = blocking(place, shown, &text, &diagnostics)?;
    if blocking || factory_spec::has_errors(&diagnostics) {
        return Err(CliError::new(Exit::SpecRejected, format!("no run can start from {}", shown.display()))
            .hint("mend what is marked as an error above; docs/specs.md shows a whole specification"));
    }
    let requirements = requirement_ids(&document);
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let relative = path.strip_prefix(&project).map_or(path.clone(), Path::to_path_buf);
    let stem = path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
    let reference = SpecRef {
        path: relative.to_string_lossy().into_owned(),
        slug: factory_spec::slug(&stem),
        title: document.title.clone(),
        source: Digest::of(text.as_bytes()),
        requirements,
        protected: protected::named(document.code.iter().map(String::as_str), place.project.subdirectory()),
    };
    let lint = diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect();
    Ok(CheckedSpec { text, reference, kind: document.kind, lint })
}

/// Whether rules of the linter keep a run from starting, beside what the parser says; each finding is shown.
fn blocking(place: &Place, shown: &Path, text: &str, said: &[Diagnostic]) -> Result<bool, CliError> {
    let project = place.project.directory();
    let rules = Rules::of(&project, place.config.lint.clone())?;
    let path = shown.display().to_string();
    let mut found = lint::lint(&path, text, &rules.selection, &|file| project.join(file).exists()).findings;
    found.retain(|one| {
        one.tier == Tier::Error
            && !said.iter().any(|other| other.code.as_str() == one.code && other.span == one.span)
    });
    let reported = Reported { path: &path, source: text, findings: &found };
    output::note(&lint::render(&[reported], lint::Format::Full, Colour::Plain));
    Ok(!found.is_empty())
}

/// Ids of a document's requirements, as the core names them.
fn requirement_ids(document: &SpecDocument) -> Vec<RequirementId> {
    document.requirements.iter().filter_map(|requirement| requirement.id.parse().ok()).collect()
}

fn show_diagnostics(diagnostics: &[Diagnostic], path: &Path, text: &str) {
    if !diagnostics.is_empty() {
        output::note(&factory_spec::render(diagnostics, &path.display().to_string(), text));
    }
}

/// What the model calls of the run may use.
fn budget(args: &RunArgs) -> Result<Budget, CliError> {
    const MOST_USD: f64 = 1e9;
    let micro_usd = match args.budget {
        None => None,
        Some(usd) if usd.is_finite() && usd > 0.0 && usd <= MOST_USD => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked by the guard"
            )]
            let micro = (usd * 1e6).ceil() as u64;
            Some(micro)
        }
        Some(usd) => {
            return Err(CliError::usage(format!("--budget {usd} is not an amount above zero")));
        }
    };
    if args.budget_tokens == Some(0) {
        return Err(CliError::usage("--budget-tokens 0 leaves nothing to work with"));
    }
    Ok(Budget { micro_usd, tokens: args.budget_tokens })
}

fn entry(
    asked: Option<Entry>,
    spec: &CheckedSpec,
    pipeline: &Pipeline,
    name: &str,
) -> Result<EntryType, CliError> {
    let entry = match (asked, spec.kind) {
        (Some(Entry::Feature), _) | (None, SpecKind::Feature) => EntryType::Feature,
        (Some(Entry::Bug), _) | (None, SpecKind::Bug) => EntryType::Bug,
        (Some(Entry::Remediation), _) => EntryType::Remediation,
        (Some(Entry::Hotfix), _) => EntryType::Hotfix,
    };
    if pipeline.entry.contains_key(&entry) {
        Ok(entry)
    } else {
        let known: Vec<&str> = pipeline.entry.keys().map(|entry| entry.as_str()).collect();
        Err(CliError::usage(format!("the pipeline `{name}` has no entry for a {}", entry.as_str()))
            .hint(format!("it has entries for: {}; --entry and --pipeline choose others", known.join(", "))))
    }
}

/// Work starts from HEAD, so anything that is not committed would be left out. The specification itself need not be
/// committed: the run keeps its text.
fn refuse_dirty(place: &Place, spec: &str) -> Result<(), CliError> {
    let subdirectory = PathBuf::from(place.project.subdirectory());
    let spec = subdirectory.join(spec);
    let dirty: Vec<String> = place
        .project
        .dirty_files()
        .map_err(|error| place::explain(&error))?
        .into_iter()
        .filter(|file| Path::new(file) != spec)
        .collect();
    if dirty.is_empty() {
        return Ok(());
    }
    const SHOWN: usize = 20;
    let mut list = dirty.iter().take(SHOWN).map(|file| format!("\n    {file}")).collect::<String>();
    if dirty.len() > SHOWN {
        list.push_str(&format!("\n    … and {} more", dirty.len() - SHOWN));
    }
    Err(CliError::usage(format!("these files have changes that are not committed:{list}"))
        .hint("commit or stash them; or work from HEAD without them: --allow-dirty"))
}

/// A new id: the specification's short name and six random letters and digits.
fn new_run_id(slug: &str) -> RunId {
    use std::hash::{BuildHasher, RandomState};
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    // The hasher's keys come from the operating system's random numbers.
    let mut random = RandomState::new().hash_one(std::time::SystemTime::now());
    let mut tail = String::new();
    for _ in 0..6 {
        tail.push(char::from(ALPHABET[usize::try_from(random % 32).expect("below 32")]));
        random /= 32;
    }
    let head: String = slug.chars().take(60).collect();
    let head = head.trim_matches('-');
    let id = if head.is_empty() { tail } else { format!("{head}-{tail}") };
    id.parse().expect("slugs, hyphens and the alphabet are what run ids are made of")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_begin_with_the_slug_and_differ() {
        let first = new_run_id("password-reset");
        assert!(first.as_str().starts_with("password-reset-"), "{first}");
        assert_ne!(first, new_run_id("password-reset"));
        assert_eq!(new_run_id(&"x".repeat(200)).as_str().len(), 67);
    }
}
