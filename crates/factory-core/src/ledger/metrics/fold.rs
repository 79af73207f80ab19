//! The fold: entry by entry, in the ledger's order.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::row::{self, Asked, DecisionRow, End, Hashing, Numbers, RunRow, Verdict, What};
use crate::event::{
    Channel, Counted, Decision, Escalation, Event, GateDecided, Outcome, Scored, SentBack, Stuck, VerdictSeen,
};
use crate::ids::{Digest, RunId, StageId, Timestamp};
use crate::ledger::entry::{Decided, LedgerEntry, Request};
use crate::pipeline::model::{Edge, GateId};
use crate::trust::{BrokenTrust, TrustChange, TrustState};

/// All that the figures need, of all entries so far. Total: entries in any order, of any content, are taken; what cannot
/// have happened counts for what it says.
#[derive(Debug, Clone, Default)]
pub struct Fold {
    pub(super) entries: u64,
    pub(super) runs: Vec<RunRow>,
    pub(super) decisions: Vec<DecisionRow>,
    /// Names, gates as they are written, by number.
    pub(super) names: Vec<String>,
    pub(super) gates: Vec<String>,
    pub(super) changes: Vec<TrustChange>,
    pub(super) run_numbers: Numbers<RunId>,
    pub(super) name_numbers: Numbers<String>,
    pub(super) gate_numbers: Numbers<GateId>,
    pub(super) stage_numbers: Numbers<StageId>,
    /// The texts of each specification until it merges, by the number of its path.
    pub(super) texts: Vec<Option<HashSet<Digest, Hashing>>>,
    pub(super) path_numbers: Numbers<String>,
    pub(super) last_run: Option<(RunId, u32)>,
}

impl Fold {
    /// Takes the next entry.
    pub fn add(&mut self, entry: &LedgerEntry) {
        self.entries += 1;
        match &entry.decided {
            Decided::Request(request) => self.requested(entry.at, request),
            Decided::Run { run, position, event } => {
                let run = self.run(run);
                self.happened(run, entry.at, *position, event);
            }
            Decided::Trust(change) => self.changes.push(change.clone()),
        }
    }

    /// How many entries there were.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The phase of trust that was recorded last.
    ///
    /// # Errors
    /// [`BrokenTrust`] when the recorded changes cannot have followed one another.
    pub fn trust(&self) -> Result<TrustState, BrokenTrust> {
        TrustState::of(&self.changes)
    }

    /// The changes of trust, in order.
    pub fn trust_changes(&self) -> &[TrustChange] {
        &self.changes
    }

    fn run(&mut self, run: &RunId) -> u32 {
        // Entries of one run mostly come together.
        if let Some((last, number)) = &self.last_run
            && last == run
        {
            return *number;
        }
        let (number, new) = self.run_numbers.number(run);
        if new {
            self.runs.push(RunRow::default());
        }
        self.last_run = Some((run.clone(), number));
        number
    }

    fn name(&mut self, name: &str) -> u32 {
        let (number, new) = self.name_numbers.number(name);
        if new {
            self.names.push(name.to_owned());
        }
        number
    }

    fn gate(&mut self, gate: &GateId) -> u32 {
        let (number, new) = self.gate_numbers.number(gate);
        if new {
            self.gates.push(gate.to_string());
        }
        number
    }

    fn row(&mut self, run: u32) -> &mut RunRow {
        &mut self.runs[run as usize]
    }

    fn tried(&mut self, run: u32, stage: &StageId) -> u32 {
        let stage = self.stage_numbers.number(stage).0;
        row::once(&mut self.row(run).stages, stage);
        stage
    }

    fn requested(&mut self, at: Timestamp, request: &Request) {
        let run = self.run(&request.run);
        // A run is asked for once; what says otherwise was not written by us.
        if self.row(run).asked.is_some() {
            return;
        }
        let mut lint = Vec::new();
        for code in &request.lint {
            let code = self.name(code);
            row::once(&mut lint, code);
        }
        let (spec, new) = self.path_numbers.number(&request.spec);
        if new {
            self.texts.push(Some(HashSet::default()));
        }
        if let Some(texts) = &mut self.texts[spec as usize] {
            texts.insert(request.source.clone());
        }
        let pipeline = self.name(&request.pipeline);
        let model = self.name(&request.model);
        let by = self.name(&request.requested_by.login);
        self.row(run).asked = Some(Asked { at, spec, pipeline, model, by, entry: request.entry, lint });
    }

    fn happened(&mut self, run: u32, at: Timestamp, position: u64, event: &Event) {
        if let Some(failed) = self.row(run).failing.take() {
            let over = match event {
                Event::RunEnded { outcome: Outcome::Failed { stage, .. }, .. } => Some(stage),
                Event::GateOpened { gate, escalation: Some(_), .. } => Some(&gate.stage),
                Event::RunStarted(_)
                | Event::StageSkipped { .. }
                | Event::SoakBegan { .. }
                | Event::SoakEnded { .. }
                | Event::StageStarted { .. }
                | Event::StageProduced { .. }
                | Event::StageFailed { .. }
                | Event::StageBlocked { .. }
                | Event::StageUnblocked { .. }
                | Event::GateOpened { .. }
                | Event::GateSeen { .. }
                | Event::GateDecided(_)
                | Event::GateExpired { .. }
                | Event::PolicyJudged { .. }
                | Event::SentBack { .. }
                | Event::BaseMoved { .. }
                | Event::ScorecardRevealed { .. }
                | Event::RunEnded { .. }
                | Event::RolledBack { .. } => None,
            };
            let for_good = over.is_some_and(|stage| self.stage_numbers.number(stage).0 == failed);
            self.row(run).failures += u64::from(!for_good);
        }
        match event {
            Event::StageFailed { stage, .. } => {
                let stage = self.tried(run, stage);
                self.row(run).failing = Some(stage);
            }
            Event::GateOpened { gate, escalation: Some(escalation), .. } => {
                self.escalated(run, gate, escalation);
            }
            Event::GateDecided(decided) => self.decided(run, at, decided),
            Event::GateExpired { gate, waited_ms } => {
                let edge = gate.edge;
                let gate = self.gate(gate);
                self.decisions.push(DecisionRow {
                    at,
                    run,
                    gate,
                    by: None,
                    edge,
                    waited_ms: *waited_ms,
                    risk: None,
                    what: What::Expired,
                });
            }
            Event::PolicyJudged { gate, passed, scored, .. } => {
                self.judged(run, gate, *passed, scored.as_ref());
            }
            Event::SentBack { from, to, correction } => self.sent_back(run, position, from, to, correction),
            Event::ScorecardRevealed { .. } => self.row(run).revealed += 1,
            Event::RunEnded { outcome, .. } => self.ended(run, at, outcome),
            Event::RolledBack { .. } => {
                self.row(run).rolled_back.get_or_insert(at);
            }
            Event::RunStarted(_)
            | Event::StageSkipped { .. }
            | Event::SoakBegan { .. }
            | Event::SoakEnded { .. }
            | Event::StageStarted { .. }
            | Event::StageProduced { .. }
            | Event::StageBlocked { .. }
            | Event::StageUnblocked { .. }
            | Event::GateOpened { escalation: None, .. }
            | Event::GateSeen { .. }
            | Event::BaseMoved { .. } => {}
        }
    }

    fn escalated(&mut self, run: u32, gate: &GateId, escalation: &Escalation) {
        self.tried(run, &gate.stage);
        let gate = self.gate(gate);
        let row = self.row(run);
        row.stuck.retain(|(at, _)| *at != gate);
        row.stuck.push((gate, escalation.why));
        match escalation.why {
            Stuck::Plateau => row.plateau = true,
            Stuck::Exhausted => row.exhausted = true,
            Stuck::Conflict | Stuck::BaseMoves => row.conflict = true,
            // Neither tries nor a base are behind it.
            Stuck::Tripwire | Stuck::Vault => {}
        }
    }

    fn decided(&mut self, run: u32, at: Timestamp, decided: &GateDecided) {
        let GateDecided { decision, via, risk, waited_ms, .. } = *decided;
        let edge = decided.gate.edge;
        if edge == Edge::Exit {
            self.tried(run, &decided.gate.stage);
        }
        let by = Some(self.name(&decided.by.login));
        let gate = self.gate(&decided.gate);
        let row = self.row(run);
        let stuck = row.stuck.iter().find(|(at, _)| *at == gate).map(|(_, why)| *why);
        let verdict = decided.verdict.as_ref().map(|&VerdictSeen { ref verify, passed, shown }| {
            // Whoever accepts what was overridden already says nothing new of the verdict.
            let anew = !row::accepts(decision) || row.overridden.as_ref() != Some(verify);
            Verdict {
                passed,
                shown,
                judged: via != Channel::InAdvance && judges(edge, decision, stuck) && anew,
            }
        });
        let failing = decided.verdict.as_ref().filter(|verdict| !verdict.passed);
        if let (Decision::Overridden, Some(failing)) = (decision, failing) {
            row.overridden = Some(failing.verify.clone());
        }
        row.accepted |= verdict.is_some() && edge != Edge::Budget && row::accepts(decision);
        row.risk = risk.or(row.risk);
        let because = repeated(&decided.because);
        let what = What::Decided { decision, via, because, verdict };
        self.decisions.push(DecisionRow { at, run, gate, by, edge, waited_ms, risk, what });
    }

    fn judged(&mut self, run: u32, gate: &GateId, passed: bool, scored: Option<&Scored>) {
        if gate.edge == Edge::Exit {
            self.tried(run, &gate.stage);
        }
        let Some(scored) = scored else { return };
        match scored.counted {
            Counted::Scenarios => {
                let row = self.row(run);
                row.scenarios_passed = row.scenarios_passed.saturating_add(u64::from(scored.passed));
                row.scenarios = row.scenarios.saturating_add(u64::from(scored.of));
                row.covered = scored.covered.or(row.covered);
            }
            Counted::Requirements => {}
        }
        if !passed {
            self.row(run).troubled = true;
            for finding in &scored.findings {
                let kind = self.name(kind(finding.as_str()));
                row::once(&mut self.row(run).findings, kind);
            }
        }
    }

    fn sent_back(&mut self, run: u32, position: u64, from: &StageId, to: &StageId, correction: &SentBack) {
        self.tried(run, from);
        self.tried(run, to);
        match correction {
            SentBack::Rebase { .. } => return,
            SentBack::Checks { .. } => {
                let check = self.name("check");
                let row = self.row(run);
                row.troubled = true;
                row::once(&mut row.findings, check);
            }
            SentBack::Review { .. } | SentBack::Holdouts { .. } | SentBack::Note { .. } => {}
        }
        let row = self.row(run);
        if row.corrected_in != Some(position) {
            row.corrected_in = Some(position);
            row.corrections += 1;
        }
    }

    fn ended(&mut self, run: u32, at: Timestamp, outcome: &Outcome) {
        let end = match outcome {
            Outcome::Merged { .. } => End::Merged,
            Outcome::Rejected { .. } => End::Rejected,
            Outcome::Expired { .. } => End::Expired,
            Outcome::Cancelled { .. } => End::Cancelled,
            Outcome::Failed { stage, .. } => {
                self.tried(run, stage);
                End::Failed
            }
        };
        let row = self.row(run);
        if row.end.is_some() {
            return;
        }
        row.end = Some((at, end));
        if end != End::Merged {
            return;
        }
        let Some(spec) = row.asked.as_ref().map(|asked| asked.spec as usize) else { return };
        // After the first merge the texts are no longer needed.
        if let Some(texts) = self.texts[spec].take() {
            self.row(run).iterations = Some(texts.len() as u64);
        }
    }
}

/// Whether a decision about a patch with a verdict judges it.
fn judges(edge: Edge, decision: Decision, stuck: Option<Stuck>) -> bool {
    match edge {
        Edge::Entry | Edge::Exit => true,
        Edge::Escalation => {
            let other = matches!(stuck, Some(Stuck::Conflict | Stuck::BaseMoves | Stuck::Tripwire));
            decision != Decision::Retried && !other
        }
        Edge::Budget => false,
    }
}

/// The kind of a finding by its name: `wrong_content` of `R2:wrong_content`, `remark` of `src/app.py:12`, `check` of
/// `check:tests`, `conflict` of `conflict:src/app.py`, `canary` of `canary:src/app.py`, else the name.
fn kind(finding: &str) -> &str {
    for caught in ["canary", "shingle"] {
        if finding.strip_prefix(caught).is_some_and(|place| place.starts_with(':')) {
            return caught;
        }
    }
    match finding.rsplit_once(':') {
        None => finding,
        Some(("check", _)) => "check",
        Some(("conflict", _)) => "conflict",
        Some((_, last)) if !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) => "remark",
        Some((_, last)) if !last.is_empty() && last.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => {
            last
        }
        Some(_) => finding,
    }
}

/// A hash that is the same for reasons which differ in case or spaces only.
fn repeated(because: &str) -> u64 {
    let mut hasher = DefaultHasher::default();
    for word in because.split_whitespace() {
        word.to_lowercase().hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_apart_by_kind_only() {
        for (finding, want) in [
            ("R2:wrong_content", "wrong_content"),
            ("-:not_deployable", "not_deployable"),
            ("R3:partial", "partial"),
            ("src/app.py:12", "remark"),
            ("check:tests", "check"),
            ("check:12", "check"),
            ("conflict:src/app.py", "conflict"),
            ("inconclusive", "inconclusive"),
            ("pass-rate", "pass-rate"),
            ("a:", "a:"),
            ("a:B", "a:B"),
        ] {
            assert_eq!(kind(finding), want, "{finding}");
        }
    }

    #[test]
    fn reasons_repeat_whatever_their_case_and_spaces() {
        assert_eq!(repeated("Read it all"), repeated("  read\tit  ALL\n"));
        assert_ne!(repeated("read it all"), repeated("read it al l"));
    }
}
