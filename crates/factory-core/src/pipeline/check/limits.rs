//! Figures: shares, tries, times, budgets, and when the correction loop is stuck.

use std::ops::RangeInclusive;

use super::super::model::Role;
use super::super::read::file::{BudgetTable, PlateauTable, StageTable};
use super::super::read::table::Said;
use super::super::read::{self, LONGEST_SECONDS};
use super::{Checker, called, lower};

const ATTEMPTS: RangeInclusive<i64> = 1..=10;
const PERCENT: RangeInclusive<i64> = 1..=100;
const PLATEAU_WINDOW: RangeInclusive<i64> = 2..=10;

impl<'f> Checker<'f> {
    pub(super) fn policy(&mut self) {
        let policy = &self.file.policy;
        self.range(&policy.min_pass_percent, PERCENT, "min_pass_percent is a share between 1 and 100");
        if let Some(plateau) = &policy.plateau {
            self.plateau(plateau);
        }
        self.budget(&policy.budget);
    }

    fn plateau(&mut self, plateau: &PlateauTable) {
        self.range(&plateau.window, PLATEAU_WINDOW, "the window of a plateau is between 2 and 10 verdicts");
        self.range(
            &plateau.min_gain_percent,
            PERCENT,
            "the least gain is between 1 and 100 points of per cent",
        );
        let Some(window) = plateau.window.this().filter(|window| PLATEAU_WINDOW.contains(window.get_ref()))
        else {
            return;
        };
        // How often work can come back to a stage, at most; nothing where that cannot be read.
        let mut most = 0;
        for stage in &self.file.stages {
            let Some(target) = (match &stage.returns_to {
                Said::Nothing => continue,
                Said::Unreadable => return,
                Said::This(name) => self.graph.meant(name.get_ref(), stage.id()),
            }) else {
                return;
            };
            let Some(attempts) = target.attempts.or(1) else { return };
            most = most.max(attempts);
        }
        let wanted = *window.get_ref();
        if most == 0 {
            let message = "no stage returns work, so there is no correction loop that could be stuck";
            self.say(window.span(), message);
        } else if wanted > most {
            let message = format!(
                "a window of {wanted} verdicts is never full: work that is returned has {most} attempts"
            );
            self.say(window.span(), message);
        }
    }

    pub(super) fn limits(&mut self, stage: &StageTable) {
        self.range(&stage.attempts, ATTEMPTS, "attempts is a number between 1 and 10");
        self.duration("a timeout", "30m", &stage.timeout);
        self.duration("a soak", "24h", &stage.soak);
        self.budget(&stage.budget);
        if stage.role.value() == Some(&Role::None) {
            let places = [
                stage.budget.usd.this().map(toml::Spanned::span),
                stage.budget.tokens.this().map(toml::Spanned::span),
            ];
            for span in places.into_iter().flatten() {
                self.say(span, format!("{} asks no model and so has no budget", called(stage)));
            }
        }
    }

    fn range(&mut self, number: &Said<i64>, range: RangeInclusive<i64>, message: &str) {
        if let Some(number) = number.this().filter(|number| !range.contains(number.get_ref())) {
            self.say(number.span(), message);
        }
    }

    /// `what` and an example are for the message.
    pub(super) fn duration(&mut self, what: &str, example: &str, text: &Said<String>) {
        let Some(text) = text.this() else { return };
        match read::seconds(text.get_ref()) {
            None => {
                let message = format!("{what} is a number with `s`, `m` or `h`, such as `{example}`");
                self.say(text.span(), message);
            }
            Some(seconds) if seconds > LONGEST_SECONDS => {
                self.say(text.span(), format!("{what} is at most a year, `{}h`", LONGEST_SECONDS / 3600));
            }
            Some(_) => {}
        }
    }

    fn budget(&mut self, budget: &BudgetTable) {
        if let Some(usd) = budget.usd.this().filter(|usd| lower::micro_usd(*usd.get_ref()).is_none()) {
            self.say(usd.span(), "a budget is an amount in US dollars above zero, such as 12.50");
        }
        if let Some(tokens) = budget.tokens.this().filter(|tokens| *tokens.get_ref() <= 0) {
            self.say(tokens.span(), "a budget of tokens is a number above zero");
        }
    }
}
