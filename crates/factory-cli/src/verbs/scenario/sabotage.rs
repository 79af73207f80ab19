//! `factory scenario sabotage`: the evaluator measured. What it observes is changed on the way, and scenarios have to notice.

use factory_eval::bound;
use factory_eval::catalogue::Entry;
use factory_eval::history;
use factory_eval::sabotage::{self, Attempt, End, Reach, Sabotaged};
use serde::Serialize;

use super::chosen;
use super::report::percent;
use super::subject::{self, Tried};
use crate::args::ListFormat;
use crate::args::scenario::SabotageArgs;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{output, story};

/// What `--format json` prints.
#[derive(Serialize)]
struct Report {
    /// Version of this form.
    schema: u32,
    subject: String,
    /// Tamperings after which an assertion cannot hold, and how many of them passed: the evaluator's fidelity.
    asserted: Figures,
    /// All others.
    unasserted: Figures,
    scenarios: Vec<Row>,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Figures {
    /// Tamperings that could be scored.
    tampered: u32,
    /// How many of them no scenario noticed.
    passed: u32,
    /// Tamperings whose runs said nothing.
    unscored: u32,
    /// The rate of unnoticed tamperings that the evidence allows at 95 % (one-sided Clopper–Pearson), in hundredths of a per
    /// cent, rounded up; 10,000 where there is no evidence.
    upper_bound_bp: u32,
}

#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    /// Why nothing can be said of it.
    unusable: Option<String>,
    asserted: Figures,
    unasserted: Figures,
    /// What was asserted and not noticed: a defect.
    missed: Vec<Missed>,
    /// What nothing is asserted of that would have been noticed.
    missing_assertions: Vec<String>,
}

#[derive(Serialize)]
struct Missed {
    sentence: String,
    tampering: String,
}

pub(super) async fn sabotage(args: &SabotageArgs) -> Result<Exit, CliError> {
    let chosen = chosen::choose(&args.which, &args.words)?.translated().await;
    let tried = Tried::new(&args.against)?;
    let chosen = chosen.for_subject(&tried)?;
    let scenarios = chosen.compiled()?;
    let ready = tried.prepare(&scenarios, &chosen.named).await?;
    let reach = Reach { responses: args.responses, state: args.state, asserted_only: args.asserted_only };
    let jobs = tried.jobs(args.against.jobs);
    let found = sabotage::sabotage(&ready.prepared, &scenarios, reach, jobs).await;
    let found = found.map_err(|error| CliError::failed("the scenarios could not be run").because(&error))?;
    if let Some(folder) = Place::here().ok().and_then(|place| subject::kept_in(&place)) {
        history::keep_fidelity(&folder, &scenarios, &found).map_err(|error| {
            CliError::failed(format!("what was found cannot be kept in {}", folder.display())).because(&error)
        })?;
    }
    let rows: Vec<Row> = found
        .iter()
        .filter_map(|found| Some(row(chosen.catalogue.entries.get(found.place)?, found)))
        .collect();
    let attempts = || found.iter().flat_map(|found| &found.attempts);
    let report = Report {
        schema: 1,
        subject: tried.shown(),
        asserted: Figures::of(attempts().filter(|attempt| attempt.asserted.is_some())),
        unasserted: Figures::of(attempts().filter(|attempt| attempt.asserted.is_none())),
        scenarios: rows,
    };
    match args.format {
        ListFormat::Human => output::text(&report.human()),
        ListFormat::Json => output::json(&report),
    }
    let usable = report.scenarios.iter().all(|row| row.unusable.is_none());
    let clean = usable && report.asserted.passed == 0 && report.asserted.unscored == 0;
    Ok(if clean { Exit::Clean } else { Exit::Failed })
}

impl Figures {
    fn of<'a>(attempts: impl Iterator<Item = &'a Attempt>) -> Self {
        let mut figures = Figures::default();
        for attempt in attempts {
            match attempt.end {
                End::Noticed => figures.tampered += 1,
                End::Missed => {
                    figures.tampered += 1;
                    figures.passed += 1;
                }
                End::Unscored => figures.unscored += 1,
            }
        }
        let noticed = figures.tampered - figures.passed;
        figures.upper_bound_bp = 10_000 - bound::lower_bound_bp(noticed, figures.tampered);
        figures
    }

    fn human(self) -> String {
        let Figures { tampered, passed, unscored, upper_bound_bp } = self;
        if tampered == 0 {
            return "nothing tampered with, so nothing is known".to_owned();
        }
        let lost = if unscored > 0 { format!("; {unscored} say nothing") } else { String::new() };
        // Rounded up, as an upper bound has to be.
        let bound = percent(upper_bound_bp.div_ceil(10) * 10);
        format!("{tampered} tampered with, {passed} passed: at most {bound} pass, at 95 % confidence{lost}")
    }
}

fn row(entry: &Entry, found: &Sabotaged) -> Row {
    let scenario = entry.scenario();
    let missed = || found.attempts.iter().filter(|attempt| attempt.end == End::Missed);
    Row {
        id: scenario.id.clone(),
        name: scenario.name.clone(),
        unusable: found.unusable.clone(),
        asserted: Figures::of(found.attempts.iter().filter(|attempt| attempt.asserted.is_some())),
        unasserted: Figures::of(found.attempts.iter().filter(|attempt| attempt.asserted.is_none())),
        missed: missed()
            .filter_map(|attempt| {
                let sentence = attempt.asserted.clone()?;
                Some(Missed { sentence, tampering: attempt.what.clone() })
            })
            .collect(),
        missing_assertions: missed()
            .filter(|attempt| attempt.asserted.is_none())
            .map(|attempt| attempt.what.clone())
            .collect(),
    }
}

impl Report {
    fn human(&self) -> String {
        let mut text = String::new();
        for row in &self.scenarios {
            text.push_str(&format!("{}  {}\n", story::one_line(&row.id), story::one_line(&row.name)));
            if let Some(why) = &row.unusable {
                text.push_str(&format!("    not tampered with: {}\n", story::one_line(why)));
                continue;
            }
            text.push_str(&format!("    asserted: {}\n", row.asserted.human()));
            for Missed { sentence, tampering } in &row.missed {
                text.push_str(&format!(
                    "      NOT NOTICED  {}  although: {}\n",
                    story::one_line(tampering),
                    story::one_line(sentence)
                ));
            }
            for tampering in &row.missing_assertions {
                text.push_str(&format!("      nothing asserts otherwise  {}\n", story::one_line(tampering)));
            }
        }
        text.push_str(&format!("\nasserted:     {}\n", self.asserted.human()));
        if self.unasserted.tampered > 0 {
            text.push_str(&format!("not asserted: {}\n", self.unasserted.human()));
        }
        text
    }
}
