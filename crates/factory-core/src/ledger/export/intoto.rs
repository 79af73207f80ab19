//! Attestations of merged runs: one in-toto Statement v1 each
//! (<https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>), unsigned.

use std::collections::BTreeMap;

use serde::Serialize;

use super::row::Row;
use crate::ids::{Digest, GitOid, RunId};

/// What the predicate is. It changes with the predicate's shape.
pub const PREDICATE_TYPE: &str = "urn:factory:decisions:v1";

/// The type of every statement of version 1.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// What a merged run left.
#[derive(Debug, Clone)]
pub struct Landed<'a> {
    /// The run.
    pub run: &'a RunId,
    /// The branch.
    pub branch: &'a str,
    /// The commit on it.
    pub commit: &'a GitOid,
    /// The specification's file.
    pub spec: &'a str,
    /// Digest of its text.
    pub source: &'a Digest,
}

/// The ledger that the decisions stand in.
#[derive(Debug, Clone, Serialize)]
pub struct Within<'a> {
    /// How many entries it has.
    pub count: u64,
    /// The hash of the last.
    pub head: &'a Digest,
    /// The hash of the first.
    pub first: &'a Digest,
}

#[derive(Serialize)]
struct Statement<'a> {
    #[serde(rename = "_type")]
    form: &'static str,
    subject: [Subject<'a>; 2],
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

#[derive(Serialize)]
struct Subject<'a> {
    name: &'a str,
    digest: BTreeMap<&'static str, &'a str>,
}

#[derive(Serialize)]
struct Predicate<'a> {
    run: &'a RunId,
    ledger: &'a Within<'a>,
    decisions: &'a [Row],
}

/// The statement about a merged run, on one line without its end. `decisions` are all that the ledger has of the run.
pub fn statement(landed: &Landed<'_>, within: &Within<'_>, decisions: &[Row]) -> String {
    let subject = |name, algorithm, digest| Subject { name, digest: BTreeMap::from([(algorithm, digest)]) };
    let statement = Statement {
        form: STATEMENT,
        subject: [
            subject(landed.branch, "gitCommit", landed.commit.as_str()),
            subject(landed.spec, "sha256", landed.source.as_str()),
        ],
        predicate_type: PREDICATE_TYPE,
        predicate: Predicate { run: landed.run, ledger: within, decisions },
    };
    serde_json::to_string(&statement).expect("statements hold only what JSON can say")
}
