//! What a sentence that no person wrote may not assert: anything that holds for nearly every candidate, unless the
//! scenario itself says it. Whoever writes a scenario may mean such a thing; whoever puts it in other words may not add it.

use std::time::Duration;

use factory_spec::{Scenario, Step};
use serde_json::Value;

use super::named;
use super::phrases::Phrases;
use super::rewritten::checks;
use crate::plan::{Action, Check, Command, Count, Kind, Predicate, Range, Rows, StatusPattern, Template};

/// Headers that answers have anyway.
const ALWAYS: [&str; 7] =
    ["date", "server", "connection", "content-length", "content-type", "transfer-encoding", "keep-alive"];
/// Statuses that are still a choice.
const MOST_STATUSES: usize = 3;

/// What the scenario says, to hold other words against.
struct Said<'a> {
    /// All of it, in lower case.
    scenario: String,
    /// The sentence.
    sentence: &'a str,
    numbers: Vec<String>,
}

/// Judges what a sentence has become.
///
/// # Errors
/// What it may not say, in words for whoever wrote it.
pub(super) fn judge(
    scenario: &Scenario,
    step: &Step,
    actions: &[Action],
    phrases: &Phrases,
) -> Result<(), String> {
    let scenario = named::words_of(scenario);
    let said = Said { numbers: named::all_numbers(&scenario), scenario, sentence: &step.text };
    for action in actions {
        match action {
            Action::Run(command) => said.command(command, phrases)?,
            Action::Send { requests, .. } => {
                requests.iter().try_for_each(|request| said.path(&request.path, phrases))?;
            }
            _ => {}
        }
    }
    for check in checks(actions) {
        said.check(check)?;
        if let Some(line) = echoed(check, actions) {
            return Err(format!("what is looked for stands in the command `{line}` itself"));
        }
    }
    if checks(actions).next().is_some() && checks(actions).all(is_slight) {
        return Err(
            "this only says that there is some answer: say which status, and what is in it".to_owned()
        );
    }
    Ok(())
}

impl Said<'_> {
    /// A command is one that is spoken of, and alone: another one could print whatever is asserted.
    fn command(&self, command: &Command, phrases: &Phrases) -> Result<(), String> {
        let line = command.line.source();
        if named::names(&self.scenario, &line.to_lowercase()) {
            return Ok(());
        }
        if line.contains([';', '|', '&', '`', '<', '>', '\n']) || line.contains("$(") {
            return Err(format!("`{line}` is more than one command, and the scenario does not have it so"));
        }
        let program = line.split_whitespace().next().unwrap_or_default();
        let known = named::names(&self.scenario, &program.to_lowercase()) || phrases.mention(program);
        if known {
            Ok(())
        } else {
            Err(format!("neither the scenario nor `steps.toml` speaks of a command `{program}`"))
        }
    }

    /// A path is one that is spoken of, segment by segment: somewhere there may be one that answers whatever happens.
    fn path(&self, path: &Template, phrases: &Phrases) -> Result<(), String> {
        let path = path.source().split(['?', '#']).next().unwrap_or_default();
        let is_known = |segment: &str| {
            segment.is_empty()
                || segment.contains('{')
                || named::names(&self.scenario, &segment.to_lowercase())
                || phrases.mention(segment)
        };
        match path.split('/').find(|segment| !is_known(segment)) {
            Some(segment) => Err(format!(
                "neither the scenario nor the notes nor `steps.toml` speaks of `{segment}` in the path `{path}`"
            )),
            None => Ok(()),
        }
    }

    fn check(&self, check: &Check) -> Result<(), String> {
        match check {
            Check::Status { any_of, not, .. } => self.statuses(any_of, *not),
            Check::Tally { counts, others } => {
                let mut all = counts.iter().map(|tally| &tally.any_of).chain(others);
                all.try_for_each(|any_of| self.statuses(any_of, false))?;
                counts.iter().try_for_each(|tally| self.count(tally.count))
            }
            Check::Header(_, name, predicate) => {
                let name = name.to_lowercase();
                if ALWAYS.contains(&name.as_str()) && is_mere_presence(predicate) {
                    return Err(format!("nearly every answer has the header {name}: say what is in it"));
                }
                self.predicate(&name, predicate)
            }
            Check::Field(_, name, predicate) => self.predicate(name, predicate),
            Check::File(path, predicate) => self.predicate(path.source(), predicate),
            Check::Folder { path, not: true } => self.has(path.source()),
            Check::Body(_, predicate)
            | Check::Value(_, predicate)
            | Check::Mail(_, _, predicate)
            | Check::Link(_, predicate)
            | Check::Exit(predicate)
            | Check::Output(_, predicate)
            | Check::Query(_, Rows::Value(predicate)) => self.predicate("", predicate),
            Check::Within(_, limit) => self.limit(*limit),
            Check::Mails { to, count, within, .. } => {
                if let (Some(to), Some(0)) = (to, count.max) {
                    self.template(to)?;
                }
                if let Some(within) = within {
                    self.limit(*within)?;
                }
                self.count(*count)
            }
            Check::Links { count, which, .. } => {
                if let Some((_, predicate)) = which {
                    self.predicate("", predicate)?;
                }
                self.count(*count)
            }
            Check::Files { text, not: true } | Check::Log { text, not: true } => self.template(text),
            Check::Query(_, Rows::Count(count)) => self.count(*count),
            Check::Sequence(_)
            | Check::Query(_, Rows::Are(_))
            | Check::SameAnswers { .. }
            | Check::SameValues { .. }
            | Check::Fields { .. }
            | Check::Folder { not: false, .. }
            | Check::Files { not: false, .. }
            | Check::Log { not: false, .. }
            | Check::LinkStandsAlone => Ok(()),
        }
    }

    fn statuses(&self, any_of: &[StatusPattern], not: bool) -> Result<(), String> {
        if any_of.iter().all(|status| named::names(self.sentence, &status.to_string())) {
            return Ok(());
        }
        if not {
            return Err("say which status it is instead of which it is not".to_owned());
        }
        let classes = any_of.iter().filter(|status| matches!(status, StatusPattern::Class(_))).count();
        if classes > 1 || any_of.len() > MOST_STATUSES {
            return Err(format!("name one class of statuses or up to {MOST_STATUSES} statuses"));
        }
        Ok(())
    }

    fn predicate(&self, of: &str, predicate: &Predicate) -> Result<(), String> {
        match predicate {
            Predicate::Missing => self.has(of.rsplit(['.', '/']).next().unwrap_or(of)),
            Predicate::NotEquals(value) => match value {
                Value::String(text) => self.has(text),
                other => self.has(&other.to_string()),
            },
            Predicate::ContainsNot(text) => self.template(text),
            Predicate::Matches(pattern) | Predicate::MatchesNot(pattern) => {
                if self.sentence.contains(pattern.as_str()) {
                    return Ok(());
                }
                Err(format!(
                    "the sentence has no pattern `{pattern}`: say what is contained, or how it begins"
                ))
            }
            Predicate::IsNot(Kind::Empty) => Ok(()),
            Predicate::IsNot(_) => Err("say what it is instead of what it is not".to_owned()),
            Predicate::Number(Range { min, max }) => {
                min.iter().chain(max).try_for_each(|(bound, _)| self.number(&bound.to_string()))
            }
            Predicate::Length(_, count) => self.count(*count),
            Predicate::Present
            | Predicate::Equals(_)
            | Predicate::Exactly(_)
            | Predicate::Includes(_)
            | Predicate::Contains(_)
            | Predicate::StartsWith(_)
            | Predicate::EndsWith(_)
            | Predicate::Is(_) => Ok(()),
        }
    }

    /// An exact count is a choice, and so is none or one; a bound is said by the scenario.
    fn count(&self, count: Count) -> Result<(), String> {
        if count.max == Some(count.min) {
            return Ok(());
        }
        let bounds = [Some(count.min).filter(|min| *min > 1), count.max.filter(|max| *max > 0)];
        bounds.into_iter().flatten().try_for_each(|bound| self.number(&bound.to_string()))
    }

    fn limit(&self, limit: Duration) -> Result<(), String> {
        let seconds = limit.as_secs_f64();
        let ways = [seconds, seconds * 1000.0, seconds / 60.0, seconds / 3600.0].map(|way| way.to_string());
        if ways.iter().any(|way| self.numbers.contains(way)) {
            return Ok(());
        }
        Err("the scenario names no such time: leave out how long it takes".to_owned())
    }

    fn number(&self, number: &str) -> Result<(), String> {
        if self.numbers.iter().any(|known| known == number) {
            return Ok(());
        }
        Err(format!("the scenario has no number {number}: a bound is not made up"))
    }

    /// What must not be there is something that the scenario speaks of: what it never heard of is nowhere.
    fn template(&self, text: &Template) -> Result<(), String> {
        let mut bare = text.source().to_owned();
        text.names().for_each(|name| bare = bare.replace(&format!("{{{name}}}"), ""));
        if bare.trim().is_empty() { Ok(()) } else { self.has(text.source()) }
    }

    fn has(&self, text: &str) -> Result<(), String> {
        if named::names(&self.scenario, &text.to_lowercase()) {
            return Ok(());
        }
        Err(format!(
            "the scenario does not speak of `{text}`, so that it proves nothing if that is not there"
        ))
    }
}

/// Whether it says no more than that something is there.
fn is_mere_presence(predicate: &Predicate) -> bool {
    matches!(predicate, Predicate::Present | Predicate::IsNot(Kind::Empty) | Predicate::Is(Kind::String))
}

/// Whether every usual answer satisfies it, and most errors do.
fn is_slight(check: &Check) -> bool {
    match check {
        Check::Body(_, predicate) | Check::Output(_, predicate) => {
            is_mere_presence(predicate)
                || matches!(predicate, Predicate::Is(Kind::Json | Kind::Object) | Predicate::Length(..))
        }
        Check::Within(..) => true,
        _ => false,
    }
}

/// The command of the same sentence that has in it what is looked for in its output.
fn echoed<'a>(check: &Check, actions: &'a [Action]) -> Option<&'a str> {
    let Check::Output(_, predicate) = check else { return None };
    let text = match predicate {
        Predicate::Equals(Value::String(text)) => text.as_str(),
        Predicate::Exactly(text)
        | Predicate::Contains(text)
        | Predicate::StartsWith(text)
        | Predicate::EndsWith(text) => text.source(),
        _ => return None,
    };
    actions.iter().find_map(|action| match action {
        Action::Run(command) if command.line.source().contains(text) => Some(command.line.source()),
        _ => None,
    })
}
