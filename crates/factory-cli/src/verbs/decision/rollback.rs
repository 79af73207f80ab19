//! `factory decision rollback`: that what a run merged has been taken back, said by a person or found in git.

use std::collections::{BTreeMap, BTreeSet};

use factory_core::command::Command;
use factory_core::ids::{GitOid, RunId};
use factory_core::reason;
use factory_workspace::Reverted;

use crate::args::decision::RollbackArgs;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::verbs::runs::choose;
use crate::{archive, output, person, wiring};

pub(super) async fn rollback(args: &RollbackArgs) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let (Some(run), Some(because)) = (&args.run, &args.because) else {
        return detect(&place).await;
    };
    let because = reason::check(because).map_err(|error| {
        CliError::usage("a rollback needs a reason")
            .because(&error)
            .hint("--because \"…\": it is kept with the run, for whoever asks later")
    })?;
    let commit = match args.commit.as_deref().map(str::parse::<GitOid>) {
        None => None,
        Some(Ok(commit)) => Some(commit),
        Some(Err(error)) => {
            return Err(CliError::usage("--commit names no commit")
                .because(&error)
                .hint("give all of its id: git rev-parse COMMIT"));
        }
    };
    let store = choose::store(&place).await?;
    let run = choose::any(&store, Some(run)).await?.state.started.run;
    let by = person::current(&place.project);
    wiring::recorder(&store).command(&run, Command::RollBack { commit, by, because }).await?;
    output::line(&format!("It is recorded that what {run} merged has been taken back."));
    Ok(Exit::Clean)
}

/// Looks for commits that take back what runs merged. What is known already is left alone.
async fn detect(place: &Place) -> Result<Exit, CliError> {
    let store = choose::store(place).await?;
    let mut merged: BTreeMap<GitOid, RunId> = BTreeMap::new();
    let mut known = 0;
    for (run, history) in archive::all(&store).await? {
        let Ok(history) = history else {
            output::note_line(&format!("{run} cannot be read, so nothing is known of its merge"));
            continue;
        };
        if history.state.rolled_back {
            known += 1;
        } else if let Some(merge) = archive::merge(store.blobs.as_ref(), &history.state).await? {
            merged.insert(merge.commit, run);
        }
    }
    let commits: Vec<GitOid> = merged.keys().cloned().collect();
    let found = standing(place, &commits)?;
    for (commit, revert) in &found {
        let run = &merged[commit];
        let by = person::current(&place.project);
        let because = format!("the commit {} reverts what was merged, {commit}", revert.by);
        let command = Command::RollBack { commit: Some(revert.by.clone()), by, because };
        wiring::recorder(&store).command(run, command).await?;
        output::line(&format!("{run} has been taken back by {}.", revert.by));
    }
    output::line(&outcome(found.len(), merged.len(), known));
    Ok(Exit::Clean)
}

/// What was found among `merged` commits, besides those that are `known` to have been taken back.
fn outcome(found: usize, merged: usize, known: usize) -> String {
    let already = match known {
        0 => String::new(),
        n => format!(" That {n} merged before were taken back is recorded already."),
    };
    match (found, merged) {
        (_, 0) if known > 0 => {
            format!("Nothing new: all {known} merged commits are recorded as taken back already.")
        }
        (_, 0) => "No run has merged anything.".to_owned(),
        (0, _) => format!("None of {merged} merged commits is reverted on a local branch.{already}"),
        (n, _) => format!("{n} of {merged} merged commits are reverted; that is recorded.{already}"),
    }
}

/// For each commit the newest revert of it that was not itself reverted.
fn standing(place: &Place, commits: &[GitOid]) -> Result<BTreeMap<GitOid, Reverted>, CliError> {
    let mut found: Vec<Reverted> = Vec::new();
    let mut asked: BTreeSet<GitOid> = BTreeSet::new();
    let mut next: Vec<GitOid> = commits.to_vec();
    // Reverts of reverts, until there are none: each commit is asked about once.
    while !next.is_empty() {
        asked.extend(next.iter().cloned());
        let more = factory_workspace::reverts(place.project.root(), &next)
            .map_err(|error| CliError::failed("the project's commits cannot be read").because(&error))?;
        let by: BTreeSet<GitOid> = more.iter().map(|revert| revert.by.clone()).collect();
        next = by.into_iter().filter(|commit| !asked.contains(commit)).collect();
        found.extend(more);
    }
    let mut known = BTreeMap::new();
    let mut standing: BTreeMap<GitOid, Reverted> = BTreeMap::new();
    // Newest first, within each answer.
    for revert in &found {
        if commits.contains(&revert.commit) && stands(&revert.by, &found, &mut known) {
            standing.entry(revert.commit.clone()).or_insert_with(|| revert.clone());
        }
    }
    Ok(standing)
}

/// Whether no commit that stands itself takes this one back.
fn stands(commit: &GitOid, found: &[Reverted], known: &mut BTreeMap<GitOid, bool>) -> bool {
    if let Some(known) = known.get(commit) {
        return *known;
    }
    // Messages could name each other in a circle; that must end.
    known.insert(commit.clone(), true);
    let mut reverts = found.iter().filter(|revert| revert.commit == *commit);
    let stands = !reverts.any(|revert| stands(&revert.by, found, known));
    known.insert(commit.clone(), stands);
    stands
}
