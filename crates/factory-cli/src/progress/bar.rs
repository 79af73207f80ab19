//! A live line for each active stage, and a footer with elapsed time, tokens, cost and gate.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use factory_core::event::Event;
use factory_core::ids::{Attempt, EffectId, StageId, Usage};
use factory_core::state::RunState;
use factory_engine::port::observer::Progress;
use factory_engine::port::watcher::Watcher;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::plain;
use crate::{output, story};

/// Live lines on a terminal.
pub(super) struct Bar {
    began: Instant,
    lines: Mutex<Lines>,
}

#[derive(Default)]
struct Lines {
    /// There while something is performed; gone while a person is asked, so that the prompt has the terminal to itself.
    screen: Option<Screen>,
    /// What the log has counted.
    recorded: Usage,
    /// What is not in the log yet, because its stage still works.
    under_way: BTreeMap<StageId, Usage>,
    gate: Option<String>,
}

/// The lines at the bottom of the terminal.
struct Screen {
    all: MultiProgress,
    footer: ProgressBar,
    stages: BTreeMap<StageId, ProgressBar>,
}

impl Bar {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), lines: Mutex::default() }
    }
}

impl Screen {
    fn new(elapsed: Duration) -> Self {
        let all = MultiProgress::new();
        let footer = all.add(ProgressBar::new_spinner().with_elapsed(elapsed));
        footer.set_style(style("{elapsed} · {wide_msg}"));
        footer.enable_steady_tick(Duration::from_millis(200));
        Self { all, footer, stages: BTreeMap::new() }
    }

    fn start(&mut self, stage: &StageId, attempt: Attempt) {
        let line = self.all.insert_before(&self.footer, ProgressBar::new_spinner());
        line.set_style(style("{spinner} {prefix:<8} {elapsed:>4} {wide_msg}"));
        line.set_prefix(stage.to_string());
        line.set_message(if attempt > Attempt::FIRST { format!("attempt {attempt}") } else { String::new() });
        line.enable_steady_tick(Duration::from_millis(120));
        if let Some(old) = self.stages.insert(stage.clone(), line) {
            old.finish_and_clear();
        }
    }

    fn stop(&mut self, stage: &StageId) {
        if let Some(line) = self.stages.remove(stage) {
            line.finish_and_clear();
        }
    }

    /// Leaves nothing on the terminal but what was printed.
    fn close(self) {
        self.footer.finish_and_clear();
        // A terminal that cannot be written to has nobody to tell.
        let _ = self.all.clear();
    }
}

impl Lines {
    fn print(&self, line: &str) {
        match &self.screen {
            // A terminal that cannot be written to has nobody to tell.
            Some(screen) => drop(screen.all.println(line)),
            None => output::note_line(line),
        }
    }

    fn draw_footer(&self) {
        let usage = self.under_way.values().fold(self.recorded, |sum, part| sum.plus(*part));
        let tokens = story::thousands(usage.input_tokens.saturating_add(usage.output_tokens));
        let gate = self.gate.as_ref().map_or(String::new(), |gate| format!(" · gate {gate} waits"));
        if let Some(screen) = &self.screen {
            screen.footer.set_message(format!("{tokens} tokens · {}{gate}", story::money(usage)));
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant that parses")
}

impl Watcher for Bar {
    fn recorded(&self, events: &[Event], state: &RunState) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            lines.print(&plain::line(event, state));
            match event {
                Event::StageStarted { stage, attempt } | Event::StageUnblocked { stage, attempt } => {
                    let elapsed = self.began.elapsed();
                    lines.screen.get_or_insert_with(|| Screen::new(elapsed)).start(stage, *attempt);
                }
                Event::StageProduced { stage, .. }
                | Event::StageFailed { stage, .. }
                | Event::StageBlocked { stage, .. } => {
                    lines.under_way.remove(stage);
                    if let Some(screen) = &mut lines.screen {
                        screen.stop(stage);
                    }
                }
                Event::RunStarted(_)
                | Event::StageSkipped { .. }
                | Event::SoakBegan { .. }
                | Event::SoakEnded { .. }
                | Event::GateOpened { .. }
                | Event::GateSeen { .. }
                | Event::GateDecided(_)
                | Event::GateExpired { .. }
                | Event::PolicyJudged { .. }
                | Event::SentBack { .. }
                | Event::BaseMoved { .. }
                | Event::ScorecardRevealed { .. }
                | Event::RunEnded { .. }
                | Event::RolledBack { .. } => {}
            }
        }
        lines.recorded = state.usage;
        lines.gate = state.open_gates().first().map(|open| open.gate.to_string());
        lines.draw_footer();
        if lines.screen.as_ref().is_some_and(|screen| screen.stages.is_empty())
            && let Some(screen) = lines.screen.take()
        {
            screen.close();
        }
    }

    fn progress(&self, effect: &EffectId, progress: Progress) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let message = match progress {
            Progress::ModelCall { usage } => {
                let sum = lines.under_way.entry(effect.stage.clone()).or_default();
                *sum = sum.plus(usage);
                lines.draw_footer();
                return;
            }
            Progress::Tool { summary } => story::one_line(&summary),
            Progress::Check { name } => format!("check {}", story::one_line(&name)),
            Progress::Scenarios { done, of } => format!("{done} of {of} scenario runs"),
            Progress::Drift { detail } => format!("differs from the recording: {}", story::one_line(&detail)),
        };
        let screen = lines.screen.get_or_insert_with(|| Screen::new(self.began.elapsed()));
        // A run that goes on has started its stage in another process.
        if !screen.stages.contains_key(&effect.stage) {
            screen.start(&effect.stage, effect.attempt);
        }
        if let Some(line) = screen.stages.get(&effect.stage) {
            line.set_message(message);
        }
    }

    fn stopped(&self) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.under_way.clear();
        if let Some(screen) = lines.screen.take() {
            screen.close();
        }
    }
}
