//! What `factory scenario run` says of each scenario and of all together.

use factory_eval::attribution::{Attribution, Cause};
use factory_eval::bound;
use factory_eval::catalogue::Entry;
use factory_eval::score::Verdict;
use factory_eval::scorecard::{Outcome, ScenarioScore};
use factory_spec::Tag;
use serde::Serialize;

use super::chosen;
use super::matrix::Matrix;
use crate::story;

/// Lines of a service's log that are shown.
const LOG_LINES: usize = 12;

/// What `--format json` prints.
#[derive(Serialize)]
pub(super) struct Report {
    /// Version of this form.
    pub(super) schema: u32,
    /// What the scenarios were run against.
    pub(super) subject: String,
    /// Whether all runs met the same service, so that one may have changed what another met.
    pub(super) shared_state: bool,
    pub(super) passed: u32,
    pub(super) failed: u32,
    pub(super) inconclusive: u32,
    /// Hundredths of a per cent.
    pub(super) pass_rate_bp: u32,
    /// The pass rate that the evidence supports at 95 % (one-sided Clopper–Pearson), in hundredths of a per cent.
    pub(super) lower_bound_bp: u32,
    /// Ids of critical scenarios that did not pass.
    pub(super) critical_not_passed: Vec<String>,
    /// What it was compared with, if it was.
    pub(super) against: Option<String>,
    /// Ids of scenarios that pass there and fail here.
    pub(super) regressions: Vec<String>,
    pub(super) scenarios: Vec<Row>,
    pub(super) coverage: Matrix,
}

/// One scenario.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) critical: bool,
    pub(super) vault: bool,
    pub(super) covers: Vec<String>,
    pub(super) verdict: Verdict,
    /// How it failed.
    pub(super) class: Option<&'static str>,
    pub(super) runs: Runs,
    /// Each different way in which a run did not pass, in order.
    pub(super) reasons: Vec<Reason>,
    /// Its verdict where it was compared.
    pub(super) before: Option<Verdict>,
    pub(super) milliseconds: u64,
}

/// How its runs ended.
#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct Runs {
    pub(super) passed: u32,
    pub(super) failed: u32,
    /// Runs that say nothing of the service.
    pub(super) unscored: u32,
}

/// Why a run did not pass.
#[derive(PartialEq, Eq, Serialize)]
pub(super) struct Reason {
    /// The sentence; nothing if the service could not be deployed or the run says nothing.
    pub(super) sentence: Option<String>,
    /// The line that it begins in.
    pub(super) line: Option<usize>,
    /// The sentences that stand for it, if no rule reads it.
    pub(super) words: Vec<String>,
    /// What was found, and what was expected.
    pub(super) found: String,
    /// The end of the service's log.
    pub(super) log: String,
    /// Who is at fault.
    pub(super) attribution: Attribution,
    /// What happened, by name, where it is known.
    pub(super) cause: Option<Cause>,
}

impl Row {
    pub(super) fn new(entry: &Entry, score: &ScenarioScore, before: Option<Verdict>) -> Self {
        let (scenario, mut runs, mut reasons) = (entry.scenario(), Runs::default(), Vec::new());
        for run in &score.runs {
            let line = run.place.and_then(|place| entry.line_of(place));
            let words = run.place.map_or(Vec::new(), |place| chosen::other_words(entry, place));
            let reason = match &run.outcome {
                Outcome::Passed => {
                    runs.passed += 1;
                    continue;
                }
                Outcome::Failed { sentence, message, log, cause, .. } => {
                    runs.failed += 1;
                    let (sentence, found) = (sentence.clone(), message.clone());
                    let attribution = cause.map_or(Attribution::Application, Cause::attribution);
                    Reason { sentence, line, words, found, log: end(log), attribution, cause: *cause }
                }
                Outcome::Lost { message, cause } => {
                    runs.unscored += 1;
                    let (found, log) = (message.clone(), String::new());
                    let attribution = cause.map_or(Attribution::Infrastructure, Cause::attribution);
                    Reason { sentence: None, line, words, found, log, attribution, cause: *cause }
                }
            };
            let is_known = |known: &Reason| {
                known.sentence == reason.sentence && known.line == reason.line && known.found == reason.found
            };
            if !reasons.iter().any(is_known) {
                reasons.push(reason);
            }
        }
        Row {
            id: scenario.id.clone(),
            name: scenario.name.clone(),
            file: entry.file.display().to_string(),
            line: entry.line(),
            critical: score.critical,
            vault: scenario.has_tag(&Tag::Vault),
            covers: scenario.covers.clone(),
            verdict: score.verdict,
            class: score.class.map(|class| class.as_str()),
            runs,
            reasons,
            before,
            milliseconds: score.runs.iter().map(|run| run.milliseconds).sum(),
        }
    }

    /// Whether it passed before and fails now.
    fn is_regression(&self) -> bool {
        self.before == Some(Verdict::Passed) && matches!(self.verdict, Verdict::Failed | Verdict::Flaky)
    }

    fn human(&self) -> String {
        let Runs { passed, failed, .. } = self.runs;
        let marks =
            [(self.critical, "critical"), (self.vault, "vault"), (self.is_regression(), "regression")];
        let marks: String = marks.iter().filter(|mark| mark.0).map(|mark| format!("  {}", mark.1)).collect();
        let mut text = format!(
            "{:<12}  {passed} of {}{marks}  {}  {}\n",
            self.verdict.as_str(),
            passed + failed,
            story::one_line(&self.id),
            story::one_line(&self.name)
        );
        for reason in &self.reasons {
            if let Some(sentence) = &reason.sentence {
                let line = reason.line.unwrap_or(self.line);
                text.push_str(&format!("    {}:{line}: {}\n", self.file, story::one_line(sentence)));
                text.extend(reason.words.iter().map(|words| format!("      {words}\n")));
            }
            text.push_str(&format!("      {} ({})\n", story::one_line(&reason.found), reason.attribution));
            text.extend(reason.log.lines().map(|line| format!("      | {line}\n")));
        }
        text
    }
}

fn end(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

/// Hundredths of a per cent in words, rounded down.
pub(super) fn percent(bp: u32) -> String {
    format!("{}.{} %", bp / 100, bp % 100 / 10)
}

impl Report {
    pub(super) fn new(subject: String, shared_state: bool, rows: Vec<Row>, coverage: Matrix) -> Self {
        let count = |verdicts: &[Verdict]| {
            let count = rows.iter().filter(|row| verdicts.contains(&row.verdict)).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        let (passed, failed) = (count(&[Verdict::Passed]), count(&[Verdict::Failed, Verdict::Flaky]));
        let inconclusive = count(&[Verdict::Inconclusive]);
        let total = passed.saturating_add(failed).saturating_add(inconclusive);
        let ids = |is: &dyn Fn(&Row) -> bool| {
            rows.iter().filter(|row| is(row)).map(|row| row.id.clone()).collect::<Vec<_>>()
        };
        Report {
            schema: 1,
            subject,
            shared_state,
            passed,
            failed,
            inconclusive,
            pass_rate_bp: passed.saturating_mul(10_000).checked_div(total).unwrap_or(0),
            lower_bound_bp: bound::lower_bound_bp(passed, total),
            critical_not_passed: ids(&|row| row.critical && row.verdict != Verdict::Passed),
            against: None,
            regressions: ids(&Row::is_regression),
            scenarios: rows,
            coverage,
        }
    }

    /// Whether nothing is left to be desired.
    pub(super) fn is_clean(&self) -> bool {
        self.failed + self.inconclusive == 0
    }

    pub(super) fn human(&self) -> String {
        let mut text: String = self.scenarios.iter().map(Row::human).collect();
        let total = self.scenarios.len();
        text.push_str(&format!(
            "\n{} of {total} scenarios passed ({}); the evidence supports at least {} at 95 % confidence\n",
            self.passed,
            percent(self.pass_rate_bp),
            percent(self.lower_bound_bp)
        ));
        if self.inconclusive > 0 {
            text.push_str(&format!("{} say nothing, and count as not passed\n", self.inconclusive));
        }
        if !self.critical_not_passed.is_empty() {
            text.push_str(&format!(
                "critical and not passed: {}\n",
                story::one_line(&self.critical_not_passed.join(", "))
            ));
        }
        if let Some(base) = &self.against {
            let regressions = match self.regressions.as_slice() {
                [] => "nothing that passes there fails here".to_owned(),
                some => format!("passes there and fails here: {}", story::one_line(&some.join(", "))),
            };
            text.push_str(&format!("against {base}: {regressions}\n"));
        }
        text.push_str(&self.coverage.human());
        text
    }
}
