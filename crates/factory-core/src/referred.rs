//! What is kept beside the log and named in it by digest. Whoever asks whether a store is whole has to know what should
//! be there: a record that can be read is worth little if the plan that it names is gone.

use std::collections::BTreeSet;

use crate::artifact::{Artifact, Body, Change};
use crate::event::{ArtifactRef, Event, Evidence, Outcome, Person, Proof, Record, SentBack};
use crate::ids::Digest;
use crate::ledger::entry::{Decided, LedgerEntry};

/// Where something that is named by its digest is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Referred {
    /// In the blobs; an artifact, which may name more.
    Artifact(Digest),
    /// In the blobs; anything else.
    Blob(Digest),
    /// With the evaluator's scorecards, which are no blobs.
    Scorecard(Digest),
}

/// All that the events of a record name.
pub fn by_record(record: &Record) -> BTreeSet<Referred> {
    let mut found = BTreeSet::new();
    for event in &record.events {
        event_names(event, &mut found);
    }
    found
}

/// All that a decision of the ledger names; the run's own record names the same.
pub fn by_entry(entry: &LedgerEntry) -> BTreeSet<Referred> {
    let mut found = BTreeSet::new();
    match &entry.decided {
        Decided::Request(request) => {
            found.insert(Referred::Blob(request.source.clone()));
            person_names(&request.requested_by, &mut found);
        }
        Decided::Run { run: _, position: _, event } => event_names(event, &mut found),
        // A change of trust rests on figures, and names nothing that is kept.
        Decided::Trust(_) => {}
    }
    found
}

/// All that an artifact names beside the artifacts that it was made from, which the log names, too.
pub fn by_artifact(artifact: &Artifact) -> BTreeSet<Referred> {
    match &artifact.body {
        Body::Build(build) => {
            let written = build.patch.changes.iter().filter_map(|file| match &file.change {
                Change::Written { content, executable: _, existed: _ } => {
                    Some(Referred::Blob(content.clone()))
                }
                Change::Deleted => None,
            });
            written.collect()
        }
        Body::Verify(verify) => BTreeSet::from([Referred::Scorecard(verify.scorecard.clone())]),
        Body::Spec(_)
        | Body::Design(_)
        | Body::Tests(_)
        | Body::Recon(_)
        | Body::Plan(_)
        | Body::Tasks(_)
        | Body::Review(_)
        // Its patch is that of the build.
        | Body::Merge(_)
        | Body::Lessons(_) => BTreeSet::new(),
    }
}

fn event_names(event: &Event, found: &mut BTreeSet<Referred>) {
    match event {
        Event::RunStarted(started) => {
            found.insert(Referred::Blob(started.spec.source.clone()));
            person_names(&started.requested_by, found);
        }
        Event::StageProduced { artifact, evidence, stage: _, attempt: _, usage: _ } => {
            reference_names(artifact, found);
            evidence_names(evidence, found);
        }
        Event::StageFailed { evidence, stage: _, attempt: _, kind: _, detail: _, usage: _ } => {
            evidence_names(evidence, found);
        }
        Event::GateOpened { sees, escalation, gate: _, expires: _ } => {
            artifacts(sees, found);
            if let Some(escalation) = escalation {
                found.extend(
                    escalation.tried.iter().map(|scored| Referred::Artifact(scored.artifact.clone())),
                );
                if let Some(correction) = &escalation.correction {
                    correction_names(correction, found);
                }
            }
        }
        Event::GateSeen { by, seen, gate: _, verdict_shown: _ } => {
            person_names(by, found);
            artifacts(seen, found);
        }
        Event::GateDecided(decided) => {
            person_names(&decided.by, found);
            artifacts(&decided.seen, found);
            found.extend(decided.verdict.iter().map(|seen| Referred::Artifact(seen.verify.clone())));
            if let Some(edited) = &decided.edited {
                reference_names(edited, found);
            }
        }
        Event::PolicyJudged { sees, scored, gate: _, passed: _, reason: _ } => {
            artifacts(sees, found);
            found.extend(scored.iter().map(|scored| Referred::Artifact(scored.artifact.clone())));
        }
        Event::SentBack { correction, from: _, to: _ } => correction_names(correction, found),
        Event::ScorecardRevealed { scorecard, by, stage: _, because: _ } => {
            found.insert(Referred::Scorecard(scorecard.clone()));
            person_names(by, found);
        }
        Event::RunEnded { outcome, usage: _ } => outcome_names(outcome, found),
        Event::RolledBack { merge, by, commit: _, because: _ } => {
            found.insert(Referred::Artifact(merge.clone()));
            person_names(by, found);
        }
        Event::StageSkipped { .. }
        | Event::SoakBegan { .. }
        | Event::SoakEnded { .. }
        | Event::StageStarted { .. }
        | Event::StageBlocked { .. }
        | Event::StageUnblocked { .. }
        | Event::GateExpired { .. }
        | Event::BaseMoved { .. } => {}
    }
}

fn artifacts(digests: &[Digest], found: &mut BTreeSet<Referred>) {
    found.extend(digests.iter().cloned().map(Referred::Artifact));
}

/// The patch is part of the artifact: its digest names no blob.
fn reference_names(artifact: &ArtifactRef, found: &mut BTreeSet<Referred>) {
    found.insert(Referred::Artifact(artifact.digest.clone()));
}

fn evidence_names(evidence: &[Evidence], found: &mut BTreeSet<Referred>) {
    found.extend(evidence.iter().map(|one| Referred::Blob(one.digest.clone())));
}

fn correction_names(correction: &SentBack, found: &mut BTreeSet<Referred>) {
    match correction {
        SentBack::Checks { logs } => evidence_names(logs, found),
        SentBack::Review { review } => {
            found.insert(Referred::Artifact(review.clone()));
        }
        SentBack::Holdouts { .. } | SentBack::Note { .. } | SentBack::Rebase { .. } => {}
    }
}

fn outcome_names(outcome: &Outcome, found: &mut BTreeSet<Referred>) {
    match outcome {
        Outcome::Merged { merge } => {
            found.insert(Referred::Artifact(merge.clone()));
        }
        Outcome::Cancelled { by, because: _ } => person_names(by, found),
        Outcome::Rejected { .. } | Outcome::Expired { .. } | Outcome::Failed { .. } => {}
    }
}

fn person_names(person: &Person, found: &mut BTreeSet<Referred>) {
    match &person.proof {
        Proof::Unauthenticated => {}
        Proof::Signed { signature, fingerprint: _ } => {
            found.insert(Referred::Blob(signature.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{Build, FileChange, Patch};

    /// What the frozen records name, told from their text: every digest in them but those that name a part of something
    /// else, by the key that it stands at.
    #[test]
    fn every_digest_of_the_frozen_records_is_found_or_is_known_to_name_no_file() {
        let texts = [
            include_str!("../tests/fixtures/record-v1.jsonl"),
            include_str!("../tests/fixtures/record-v2.jsonl"),
        ];
        let mut seen = 0;
        for line in texts.iter().flat_map(|text| text.lines()) {
            let record = Record::from_bytes(line.as_bytes()).unwrap();
            let named: BTreeSet<Digest> = by_record(&record).into_iter().map(digest_of).collect();
            let mut wanted = BTreeSet::new();
            collect("", &serde_json::from_str(line).unwrap(), &mut wanted);
            assert_eq!(named, wanted, "{line}");
            seen += named.len();
        }
        assert!(seen > 20, "{seen} digests are too few to say anything");
    }

    fn digest_of(referred: Referred) -> Digest {
        match referred {
            Referred::Artifact(digest) | Referred::Blob(digest) | Referred::Scorecard(digest) => digest,
        }
    }

    fn collect(key: &str, value: &serde_json::Value, into: &mut BTreeSet<Digest>) {
        match value {
            serde_json::Value::String(text) => {
                // A patch is part of an artifact, and a scenario is no file of the store.
                if !matches!(key, "patch" | "revealed")
                    && text.len() == 64
                    && let Ok(digest) = text.parse()
                {
                    into.insert(digest);
                }
            }
            serde_json::Value::Array(all) => all.iter().for_each(|one| collect(key, one, into)),
            serde_json::Value::Object(all) => all.iter().for_each(|(key, one)| collect(key, one, into)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }

    #[test]
    fn a_build_names_the_files_that_it_writes() {
        let change = |path: &str, change| FileChange { path: path.to_owned(), change };
        let content = Digest::of(b"text");
        let written = Change::Written { content: content.clone(), executable: false, existed: true };
        let patch = Patch { changes: vec![change("a", written), change("b", Change::Deleted)] };
        let build = Build {
            base: "b".repeat(40).parse().unwrap(),
            patch,
            summary: String::new(),
            checks: Vec::new(),
        };
        let artifact = Artifact::new(Body::Build(build), vec![Digest::of(b"plan")]);
        assert_eq!(by_artifact(&artifact), BTreeSet::from([Referred::Blob(content)]));
    }
}
