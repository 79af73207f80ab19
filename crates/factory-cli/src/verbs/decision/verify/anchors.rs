//! What was said of the ledger outside of it: by checkpoints, and by the commits of merged runs.

use std::collections::{BTreeMap, BTreeSet};

use factory_core::ids::{Digest, GitOid, RunId};
use factory_engine::perform::LEDGER_HEAD;
use factory_workspace::Project;
use factory_workspace::signing::Namespace;

use super::report::Report;
use super::signatures::{Claim, Doubt, Signatures};
use crate::checkpoint::Checkpoint;
use crate::error::CliError;

/// The hashes that are there to be held against.
pub(super) struct Held {
    /// By position.
    pub(super) hashes: BTreeMap<u64, Digest>,
    /// The hash of the first entry, which tells one ledger from another.
    pub(super) first: Option<Digest>,
    /// How many entries there are.
    pub(super) count: u64,
    /// Whether an entry that is not in `hashes` is missing, and not only left out.
    pub(super) is_whole: bool,
}

impl Held {
    /// What does not fit a ledger that had `count` entries and this head.
    fn against(&self, count: u64, head: &Digest) -> Result<(), String> {
        let Some(last) = count.checked_sub(1) else {
            return Err("it speaks of a ledger without entries".to_owned());
        };
        match self.hashes.get(&last) {
            Some(hash) if hash == head => Ok(()),
            Some(hash) => {
                Err(format!("after {count} entries the head was {head}, and entry {last} now has {hash}"))
            }
            None if last >= self.count => {
                Err(format!("there were {count} entries, and now there are {}", self.count))
            }
            None if self.is_whole => {
                Err(format!("after {count} entries the head was {head}, and entry {last} cannot be read"))
            }
            None => Ok(()),
        }
    }
}

/// Which runs belong to the ledger that is held against the commits.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Those that the entries name.
    pub(super) named: BTreeSet<RunId>,
    /// Those of a store, by the commits that they have merged.
    pub(super) merged: BTreeMap<GitOid, RunId>,
}

/// The trailer in which a merge names its run.
const RUN: &str = "Factory-Run";

impl Runs {
    /// The run of this ledger that made each commit, with what says so.
    fn commits(&self, project: &Project) -> Result<BTreeMap<GitOid, String>, CliError> {
        let mut all = BTreeMap::new();
        for (commit, run) in trailers(project, RUN)? {
            if run.parse().is_ok_and(|run| self.named.contains(&run)) {
                all.insert(commit, format!("it says that the run {run} of this ledger made it"));
            }
        }
        for (commit, run) in &self.merged {
            all.insert(commit.clone(), format!("the run {run} has merged it"));
        }
        Ok(all)
    }
}

fn trailers(project: &Project, key: &str) -> Result<Vec<(GitOid, String)>, CliError> {
    factory_workspace::trailers(project.root(), key)
        .map_err(|error| CliError::usage("the project's commits cannot be read").because(&error))
}

/// Holds the ledger against a checkpoint.
pub(super) fn checkpoint(
    name: &str,
    checkpoint: Result<Checkpoint, String>,
    held: &Held,
    signatures: &Signatures,
    report: &mut Report,
) {
    report.checked.checkpoints += 1;
    let found_in = format!("checkpoint {name}");
    let checkpoint = match checkpoint {
        Ok(checkpoint) => checkpoint,
        Err(why) => return report.finding(None, &found_in, format!("it cannot be read: {why}")),
    };
    let Checkpoint { count, head, .. } = &checkpoint;
    let position = count.checked_sub(1);
    if let Err(why) = held.against(*count, head) {
        report.finding(position, &found_in, why);
    }
    match (&checkpoint.key, &checkpoint.signature) {
        (None, None) => report.note(format!("the {found_in} is not signed")),
        (Some(fingerprint), Some(_)) => {
            let bytes = Checkpoint::statement(*count, head);
            let held = match checkpoint.signature() {
                None => Err(Doubt::Wrong("it has no SSH signature".to_owned())),
                Some(signature) => signatures.check(&Claim {
                    namespace: Namespace::Checkpoint,
                    bytes: &bytes,
                    signature: &signature,
                    fingerprint,
                    identity: None,
                }),
            };
            report.checked.signed_checkpoints += usize::from(!matches!(held, Err(Doubt::Unseen(_))));
            if let Err(why) = held {
                report.doubt(position, &found_in, "", why);
            }
        }
        (Some(_), None) | (None, Some(_)) => {
            report.finding(position, &found_in, "it has a key or a signature, and not both".to_owned());
        }
    }
}

/// Holds the ledger against what commits on local branches say of it.
pub(super) fn commits(
    project: &Project,
    held: &Held,
    runs: &Runs,
    report: &mut Report,
) -> Result<(), CliError> {
    let own = runs.commits(project)?;
    let first = held.first.as_ref();
    let mut others: BTreeMap<Digest, Vec<GitOid>> = BTreeMap::new();
    for (commit, value) in trailers(project, LEDGER_HEAD)? {
        report.checked.commits += 1;
        let found_in = format!("commit {commit}");
        let own = own.get(&commit);
        let Some(named) = Named::read(&value) else {
            let detail = format!("{LEDGER_HEAD} cannot be read: {value}");
            match own {
                Some(why) => report.finding(None, &found_in, format!("{why}, and its {detail}")),
                None => report.note(format!("the {found_in} has a {detail}")),
            }
            continue;
        };
        if held.count == 0 {
            let detail = format!("it names a ledger of {} entries, and here is none", named.count);
            report.finding(named.count.checked_sub(1), &found_in, detail);
        } else if first == Some(&named.first) {
            if let Err(why) = held.against(named.count, &named.head) {
                report.finding(named.count.checked_sub(1), &found_in, why);
            }
        } else if let Some(why) = own {
            // What a ledger's runs have merged names that ledger, or the ledger has been exchanged.
            let detail = format!("{why}, and it names a ledger that began with {}", named.first);
            report.finding(Some(0), &found_in, detail);
        } else if first.is_none() && held.is_whole {
            let detail = "it names a ledger, and the first entry of the one here cannot be read".to_owned();
            report.finding(Some(0), &found_in, detail);
        } else {
            others.entry(named.first).or_default().push(commit);
        }
    }
    for (first, commits) in others {
        let ids: Vec<&str> = commits.iter().map(|commit| &commit.as_str()[..12]).collect();
        report.note(format!("{} names another ledger, which began with {}", ids.join(", "), first.short()));
    }
    Ok(())
}

/// What a commit says of a ledger.
struct Named {
    count: u64,
    head: Digest,
    first: Digest,
}

impl Named {
    fn read(value: &str) -> Option<Self> {
        let mut words = value.split(' ');
        let named = Self {
            count: words.next()?.parse().ok()?,
            head: words.next()?.parse().ok()?,
            first: words.next()?.parse().ok()?,
        };
        (words.next().is_none() && named.count > 0).then_some(named)
    }
}
