//! A fold as bytes, so that whoever looks at a ledger again need read only what is new in it.
//!
//! The bytes are a cache and nothing else: where they are not of exactly this [`VERSION`], they are no fold, and the
//! ledger is read from its beginning. The form is postcard's, which is small and names no fields.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::fold::Fold;
use super::row::{DecisionRow, Hashing, Numbers, RunRow};
use crate::ids::{Digest, RunId, StageId};
use crate::pipeline::model::GateId;
use crate::trust::TrustChange;

/// Raised whenever the fold counts anything otherwise, or a row has another form.
const VERSION: u32 = 1;

/// Why bytes are not a fold of this version.
#[derive(Debug, thiserror::Error)]
#[error("not a fold that this factory can go on with")]
pub struct NoFold;

#[derive(Serialize, Deserialize)]
struct Snapshot {
    entries: u64,
    runs: Vec<RunRow>,
    decisions: Vec<DecisionRow>,
    /// As JSON, because postcard cannot read what says of itself what it is.
    changes: Vec<String>,
    run_numbers: Vec<RunId>,
    names: Vec<String>,
    gates: Vec<GateId>,
    stages: Vec<StageId>,
    paths: Vec<String>,
    texts: Vec<Option<Vec<Digest>>>,
}

impl Fold {
    /// All of it. The same fold always gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let sorted = |texts: &HashSet<Digest, Hashing>| {
            let mut texts: Vec<Digest> = texts.iter().cloned().collect();
            texts.sort_unstable();
            texts
        };
        let json = |change| serde_json::to_string(change).expect("changes hold only what JSON can say");
        let snapshot = Snapshot {
            entries: self.entries,
            runs: self.runs.clone(),
            decisions: self.decisions.clone(),
            changes: self.changes.iter().map(json).collect(),
            run_numbers: self.run_numbers.in_order(),
            names: self.names.clone(),
            gates: self.gate_numbers.in_order(),
            stages: self.stage_numbers.in_order(),
            paths: self.path_numbers.in_order(),
            texts: self.texts.iter().map(|texts| texts.as_ref().map(sorted)).collect(),
        };
        postcard::to_allocvec(&(VERSION, snapshot)).expect("a fold holds only what postcard can say")
    }

    /// What [`Self::to_bytes`] made. The bytes are believed as far as they can be a fold at all, so whoever keeps them
    /// must know that they are whole.
    ///
    /// # Errors
    /// [`NoFold`], for bytes of another version as for any other.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NoFold> {
        let (version, rest): (u32, &[u8]) = postcard::take_from_bytes(bytes).map_err(|_| NoFold)?;
        if version != VERSION {
            return Err(NoFold);
        }
        let (snapshot, rest): (Snapshot, &[u8]) = postcard::take_from_bytes(rest).map_err(|_| NoFold)?;
        if !rest.is_empty() {
            return Err(NoFold);
        }
        snapshot.fold()
    }
}

impl Snapshot {
    fn fold(self) -> Result<Fold, NoFold> {
        let change = |json: &String| serde_json::from_str::<TrustChange>(json).map_err(|_| NoFold);
        let texts = |texts: Vec<Digest>| texts.into_iter().collect::<HashSet<Digest, Hashing>>();
        let fold = Fold {
            entries: self.entries,
            changes: self.changes.iter().map(change).collect::<Result<_, _>>()?,
            run_numbers: Numbers::of(self.run_numbers),
            name_numbers: Numbers::of(self.names.iter().cloned()),
            names: self.names,
            gates: self.gates.iter().map(GateId::to_string).collect(),
            gate_numbers: Numbers::of(self.gates),
            stage_numbers: Numbers::of(self.stages),
            path_numbers: Numbers::of(self.paths),
            texts: self.texts.into_iter().map(|some| some.map(texts)).collect(),
            last_run: None,
            runs: self.runs,
            decisions: self.decisions,
        };
        if fold.hangs_together() { Ok(fold) } else { Err(NoFold) }
    }
}

impl Fold {
    /// Whether every number has its row: what comes after relies on that.
    fn hangs_together(&self) -> bool {
        let named = |name: &u32| (*name as usize) < self.names.len();
        let asked = |run: &RunRow| {
            run.asked.as_ref().is_none_or(|asked| {
                (asked.spec as usize) < self.texts.len()
                    && [asked.pipeline, asked.model, asked.by].iter().chain(&asked.lint).all(named)
            })
        };
        let decided = |row: &DecisionRow| {
            (row.run as usize) < self.runs.len()
                && (row.gate as usize) < self.gates.len()
                && row.by.iter().all(named)
        };
        self.run_numbers.len() == self.runs.len()
            && self.name_numbers.len() == self.names.len()
            && self.gate_numbers.len() == self.gates.len()
            && self.path_numbers.len() == self.texts.len()
            && self.runs.iter().all(|run| asked(run) && run.findings.iter().all(named))
            && self.decisions.iter().all(decided)
    }
}
