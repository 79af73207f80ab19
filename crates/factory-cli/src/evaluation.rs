//! The evaluator, made from the project's `[deploy]` and the holdout folder. Holdouts that cannot be used are found before
//! a run starts, and shown to whoever starts it: holdouts are theirs to see.

use std::path::{Path, PathBuf};
use std::thread;

use factory_engine::port::evaluator::{Evaluator as _, EvaluatorError, Outlook};
use factory_eval::catalogue::{Catalogue, Problem};
use factory_eval::evaluator::ServiceEvaluator;
use factory_eval::suite::{HoldoutSuite, SuiteError};
use factory_eval::tripwire::{Canaries, HoldoutTripwire};
use factory_sandbox::Launcher;

use crate::args::RunSettings;
use crate::config::place::Place;
use crate::error::CliError;
use crate::translator::{self, Evaluator};
use crate::{confinement, output, story};

/// Where the evaluator keeps what nobody else may see, inside the store's folder.
pub(crate) const SCORECARDS: &str = "evaluator";

/// The evaluator for one specification.
pub(crate) struct Evaluation {
    pub(crate) evaluator: ServiceEvaluator,
    /// What is to be said of sentences that stand in a model's words.
    pub(crate) told: Option<String>,
    /// The folder of the holdouts.
    pub(crate) holdouts: PathBuf,
    /// Launches commands without these holdouts.
    pub(crate) launcher: Launcher,
}

impl Evaluation {
    /// What it would do.
    pub(crate) fn outlook(&self) -> Result<Outlook, CliError> {
        self.evaluator.outlook().map_err(|error| unusable(&self.holdouts, &error))
    }

    /// The tripwire over its holdouts, and over the canaries of all others that are known here.
    pub(crate) fn tripwire(&self, place: &Place) -> Result<HoldoutTripwire, CliError> {
        let all = place.local.holdouts.iter().map(|dir| place.project.directory().join(dir));
        let others: Vec<PathBuf> = all.filter(|dir| *dir != self.holdouts).collect();
        HoldoutTripwire::load(&self.holdouts, &others, &place.store().join(SCORECARDS))
            .map_err(|error| CliError::usage("no tripwire can be laid over the holdouts").because(&error))
    }
}

/// Finds the holdouts of a specification, compiles them, and makes their evaluator. Commands are confined, unless a person
/// has accepted that for the run they are not. Where no rule reads a sentence, and `may_ask`, the evaluator's model is asked;
/// while a run goes on nobody is.
pub(crate) async fn evaluation(
    place: &Place,
    settings: &RunSettings,
    slug: &str,
    unsealed: bool,
    may_ask: bool,
) -> Result<Evaluation, CliError> {
    let translator = Evaluator::named(Some(place), settings.evaluator_model.as_deref());
    let (holdouts, mut catalogue) = read(place, settings.holdouts.as_deref(), slug)?;
    match &translator {
        Some(translator) if may_ask => translator.translate(&mut catalogue).await,
        Some(translator) => translator.recall(&mut catalogue),
        None => {}
    }
    let told = translator.as_ref().and_then(|translator| translator.told(&catalogue));
    check(place, &holdouts, catalogue)?;
    if !unsealed {
        confinement::strongest().map_err(|error| {
            error.hint(
                "factory doctor tries it out and says what is missing; a person at a terminal can go on without: \
                 --accept-unsealed \"REASON\"",
            )
        })?;
    }
    let launcher = confinement::launcher(place, &holdout_dirs(place, &holdouts), unsealed)?;
    let evaluator = evaluator(place, &holdouts, &launcher, translator.as_ref())?;
    let evaluation = Evaluation { evaluator, told, holdouts, launcher };
    evaluation.outlook()?;
    Ok(evaluation)
}

/// Whether a run of that specification could use its holdouts; if so, their folder, and how many things in it a person should
/// look at. Nothing is started.
pub(crate) fn usable(place: &Place, flag: Option<&Path>, slug: &str) -> Result<(PathBuf, usize), CliError> {
    let translator = Evaluator::named(Some(place), None);
    let (holdouts, mut catalogue) = read(place, flag, slug)?;
    if let Some(translator) = &translator {
        translator.recall(&mut catalogue);
    }
    let warnings = catalogue.warnings.iter().map(|file| file.findings.len()).sum();
    check(place, &holdouts, catalogue)?;
    if place.config.deploy.is_some() {
        let outlook = evaluator(place, &holdouts, &Launcher::new(), translator.as_ref())?.outlook();
        outlook.map_err(|error| unusable(&holdouts, &error))?;
    }
    Ok((holdouts, warnings))
}

/// Whether the commit that a run would start from can be sealed from its holdouts.
pub(crate) fn sealable(place: &Place, holdouts: &Path) -> Result<(), CliError> {
    let (project, dirs) = (&place.project, holdout_dirs(place, holdouts));
    let hint = "take the file out of the commit, or, if it is no secret, its copy out of the holdouts; a holdout that has \
                been readable is best written anew (docs/privacy.md)";
    factory_workspace::check_base(project, dirs.clone(), project.head()).map_err(|error| {
        CliError::usage("no sealed checkout can be made of HEAD").because(&error).hint(hint)
    })?;
    let here: Vec<PathBuf> = dirs.into_iter().filter(|dir| dir.is_dir()).collect();
    let canaries = Canaries::of(&here)
        .map_err(|error| CliError::usage(format!("{} cannot be read", holdouts.display())).because(&error))?;
    let inside: Vec<String> =
        here.iter().filter_map(|dir| factory_workspace::inside(project, dir)).map(|dir| dir + "/").collect();
    let copy = project.find_in_head(|path, content| {
        !inside.iter().any(|dir| path.starts_with(dir)) && canaries.are_in(content)
    });
    let copy = copy.map_err(|error| CliError::usage("HEAD cannot be read").because(&error))?;
    match copy {
        Some(path) => Err(CliError::usage(format!(
            "{} in HEAD has a canary of the holdouts in it, so it was copied from them",
            story::one_line(&path)
        ))
        .hint(hint)),
        None => Ok(()),
    }
}

/// What is to be said of holdouts that are kept in the repository.
pub(crate) fn inside(place: &Place, holdouts: &Path) -> Option<String> {
    let inside = factory_workspace::inside(&place.project, holdouts)?;
    Some(format!(
        "the holdouts are inside of the repository, in {}: whatever of them was committed is in its history, for everybody \
         with a clone",
        story::one_line(&inside)
    ))
}

/// The folder of a specification's holdouts, and what is in it.
fn read(place: &Place, flag: Option<&Path>, slug: &str) -> Result<(PathBuf, Catalogue), CliError> {
    let holdouts = place.holdouts(flag, slug)?;
    let catalogue = Catalogue::read(std::slice::from_ref(&holdouts));
    let catalogue = catalogue.map_err(|error| explain(&holdouts, &error.into()))?;
    Ok((holdouts, catalogue))
}

/// Refuses holdouts that cannot all be used.
fn check(place: &Place, holdouts: &Path, catalogue: Catalogue) -> Result<(), CliError> {
    let suite = HoldoutSuite::of(catalogue, holdouts).and_then(|suite| match &place.config.deploy {
        Some(deploy) => suite.deployed_by(deploy),
        None => Ok(suite),
    });
    suite.map(drop).map_err(|error| explain(holdouts, &error))
}

fn evaluator(
    place: &Place,
    holdouts: &Path,
    launcher: &Launcher,
    translator: Option<&Evaluator>,
) -> Result<ServiceEvaluator, CliError> {
    // Scenario runs mostly wait, so there can be more of them than processors.
    let parallel = thread::available_parallelism().map_or(2, |count| count.get() * 2);
    let evaluator = ServiceEvaluator::new(
        holdouts.to_owned(),
        place.config.deploy()?.clone(),
        place.store().join(SCORECARDS),
        launcher.clone(),
        parallel,
    )
    .map_err(|error| CliError::usage("the project cannot be evaluated").because(&error))?;
    let translations = translator.and_then(Evaluator::kept).cloned();
    Ok(evaluator.allowing(place.local.leak_allowance_bits()).translated_by(translations))
}

/// The holdouts of this specification, and of all others: none may be in a checkout, or be seen by a command.
pub(crate) fn holdout_dirs(place: &Place, holdouts: &Path) -> Vec<PathBuf> {
    let all = place.local.holdouts.iter().map(|dir| place.project.directory().join(dir));
    let mut dirs: Vec<PathBuf> = all.chain([holdouts.to_owned()]).collect();
    dirs.dedup();
    dirs
}

fn unusable(holdouts: &Path, error: &EvaluatorError) -> CliError {
    CliError::usage(format!("the holdouts in {} cannot be run", holdouts.display())).because(error)
}

/// Shows what is wrong with the holdouts, sentence by sentence.
fn explain(holdouts: &Path, error: &SuiteError) -> CliError {
    let mut hint = translator::HINT;
    match error {
        SuiteError::Unparsable { files } => {
            for file in files {
                let path = holdouts.join(&file.file).display().to_string();
                output::note(&factory_spec::render(&file.findings, &path, &file.source));
            }
        }
        SuiteError::Uncompiled { scenarios } => {
            for scenario in scenarios {
                let file = holdouts.join(&scenario.file);
                output::note_line(&format!("{} ({}):", file.display(), scenario.id));
                for Problem { place, error } in &scenario.problems {
                    let at = format!("{}:{}:{}", file.display(), place.line, place.column);
                    output::note_line(&format!("  {at}: {}\n    {}", error.sentence, error.why));
                }
            }
        }
        SuiteError::Duplicate { id, files } => {
            output::note_line(&format!("the id {id} is in {} and in {}", files[0], files[1]));
        }
        SuiteError::Contradicting { pairs } => {
            for [one, other] in pairs {
                output::note_line(&format!("{one} and {other} contradict each other"));
            }
            hint = "`factory scenario plan` shows the sentences; change or remove one of each two";
        }
        SuiteError::Io { .. } | SuiteError::Empty | SuiteError::Phrases(_) => {}
    }
    CliError::usage(format!("the holdouts in {} cannot be used", holdouts.display()))
        .because(error)
        .hint(hint)
}
