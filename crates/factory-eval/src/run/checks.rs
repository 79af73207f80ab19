//! Judges the checks of a plan.

use factory_core::feedback::FailureClass;
use serde_json::Value;

use super::http::Answer;
use super::judge::{self, Thing};
use super::state::{Failure, Output, State, failed, lost};
use super::{database, links, mails, scratch, values};
use crate::attribution::{Blame, Cause};
use crate::plan::words;
use crate::plan::{
    AnswerRef, Check, LinkPart, MailPart, OutputPart, Parts, Predicate, StatusPattern, Tally, Template,
};

/// Whether it is so.
///
/// # Errors
/// How it is instead.
pub(crate) async fn check(state: &mut State, check: &Check) -> Result<(), Failure> {
    match check {
        Check::Status { of, any_of, not } => status(state, of, any_of, *not),
        Check::Tally { counts, others } => tally(&state.answers, counts, others.as_deref()),
        Check::Sequence(expected) => {
            let actual: Vec<u16> = state.answers.iter().map(|answer| answer.status).collect();
            require(actual == *expected, FailureClass::WrongStatus, || {
                format!("{actual:?} instead of {expected:?}")
            })
        }
        Check::Header(of, name, predicate) => {
            for answer in state.answers(of)? {
                let header = answer.header(name);
                let thing = header.as_deref().map_or(Thing::Missing, Thing::Text);
                judge(state, thing, predicate, FailureClass::WrongHeader, &format!("header {name}"))?;
            }
            Ok(())
        }
        Check::Body(of, predicate) => {
            for answer in state.answers(of)? {
                let text = answer.text();
                judge(state, Thing::Body(&text), predicate, FailureClass::WrongContent, "body")?;
            }
            Ok(())
        }
        Check::Field(of, path, predicate) => {
            for answer in state.answers(of)? {
                let json = json(answer)?;
                let thing = values::field(&json, path).map_or(Thing::Missing, Thing::Json);
                judge(
                    state,
                    thing,
                    predicate,
                    FailureClass::WrongContent,
                    &format!("field {path} of {json}"),
                )?;
            }
            Ok(())
        }
        Check::Fields { of, names, only } => {
            for answer in state.answers(of)? {
                fields(&json(answer)?, names, *only)?;
            }
            Ok(())
        }
        Check::Within(of, limit) => {
            for answer in state.answers(of)? {
                let took = answer.took;
                require(took <= *limit, FailureClass::NoAnswer, || {
                    format!("it took {took:?}, not {limit:?}")
                })?;
            }
            Ok(())
        }
        Check::SameAnswers { answers, parts, except, differ } => {
            let mut compared = Vec::new();
            for answer in answers {
                compared.extend(state.answers(answer)?);
            }
            same_answers(&compared, *parts, except, *differ)
        }
        Check::Value(value, predicate) => {
            let text = value.fill(&state.values);
            judge(state, Thing::Text(&text), predicate, FailureClass::WrongContent, value.source())
        }
        Check::SameValues { values, differ } => {
            let filled: Vec<String> = values.iter().map(|value| value.fill(&state.values)).collect();
            alike(&filled, *differ, |_, _| "values".to_owned())
        }
        Check::Mails { to, count, since, within } => {
            mails::count(state, to.as_ref(), *count, *since, *within).await
        }
        Check::Mail(part, to, predicate) => {
            if let Some(to) = to {
                mails::select(state, to)?;
            }
            let mail = mails::current(state)?;
            let text = match part {
                MailPart::Subject => mail.subject.clone(),
                MailPart::Text => mail.text.clone(),
                MailPart::From => mail.from.clone().unwrap_or_default(),
                MailPart::Recipient => mail.recipients.join(", "),
                MailPart::Raw => String::from_utf8_lossy(&mail.raw).into_owned(),
            };
            judge(state, Thing::Text(&text), predicate, FailureClass::WrongContent, "mail")
        }
        Check::Links { to, count, which } => links_of_mail(state, to.as_ref(), *count, which.as_ref()),
        Check::Link(part, predicate) => {
            let link = links::current(state)?;
            let text = link.part(part);
            let thing = text.as_deref().map_or(Thing::Missing, Thing::Text);
            judge(state, thing, predicate, FailureClass::WrongContent, &link.text)
        }
        Check::LinkStandsAlone => {
            let link = links::current(state)?;
            require(link.alone, FailureClass::WrongContent, || format!("something follows {}", link.text))
        }
        Check::Files { text, not } => {
            let text = text.fill(&state.values);
            let folder = state.scratch()?;
            let found = state.seam.files(text, folder, !*not).await.map_err(|error| {
                let evidence = format!("what it has written cannot be searched: {error}");
                Failure::Failed(FailureClass::UnwantedEffect, Blame::new(Cause::Unreadable, evidence))
            })?;
            leak(found.is_some(), *not, || format!("in the file {}", found.clone().unwrap_or_default()))
        }
        Check::File(path, predicate) => {
            let path = path.fill(&state.values);
            let text = scratch::read(&state.scratch()?, &path)
                .map_err(|error| failed(FailureClass::UnwantedEffect, format!("file {path}: {error}")))?;
            let text = state.seam.content(text);
            let thing = text.as_deref().map_or(Thing::Missing, |text| Thing::Body(text.trim_end()));
            judge(state, thing, predicate, FailureClass::WrongContent, &format!("file {path}"))
        }
        Check::Folder { path, not } => {
            let path = path.fill(&state.values);
            let found = scratch::has_folder(&state.scratch()?, &path)
                .map_err(|error| failed(FailureClass::UnwantedEffect, format!("folder {path}: {error}")))?;
            let found = state.seam.folder(found);
            leak(found, *not, || format!("at {path}"))
        }
        Check::Log { text, not } => {
            let text = text.fill(&state.values);
            let found = state.seam.log(&text, state.target.log(), !*not);
            leak(found, *not, || "in the log".to_owned())
        }
        Check::Query(query, rows) => database::check(state, query, rows).await,
        Check::Exit(predicate) => {
            let exit = Value::from(command(state)?.exit);
            judge(state, Thing::Json(&exit), predicate, FailureClass::WrongStatus, "exit code")
        }
        Check::Output(part, predicate) => {
            let text = output(state, *part)?;
            judge(state, Thing::Text(text.trim_end()), predicate, FailureClass::WrongContent, "output")
        }
    }
}

fn require(holds: bool, class: FailureClass, message: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(failed(class, message())) }
}

fn judge(
    state: &State,
    thing: Thing<'_>,
    predicate: &Predicate,
    class: FailureClass,
    what: &str,
) -> Result<(), Failure> {
    judge::judge(thing, predicate, &state.values).map_err(|why| failed(class, format!("{what}: {why}")))
}

fn leak(found: bool, not: bool, place: impl FnOnce() -> String) -> Result<(), Failure> {
    match (found, not) {
        (true, true) => Err(failed(FailureClass::UnwantedEffect, format!("it is {}", place()))),
        (false, false) => Err(failed(FailureClass::MissingEffect, "it is nowhere".to_owned())),
        (true, false) | (false, true) => Ok(()),
    }
}

fn status(state: &State, of: &AnswerRef, any_of: &[StatusPattern], not: bool) -> Result<(), Failure> {
    for answer in state.answers(of)? {
        let matches = any_of.iter().any(|pattern| pattern.matches(answer.status));
        require(matches != not, FailureClass::WrongStatus, || {
            let word = match (not, any_of.len()) {
                (true, _) => "none of ",
                (false, 1) => "",
                (false, _) => "one of ",
            };
            let statuses: Vec<String> = any_of.iter().map(StatusPattern::to_string).collect();
            let location = answer.header("location").filter(|_| (300..400).contains(&answer.status));
            let location = location
                .map_or(String::new(), |to| format!("; it leads to {to}, and redirects are not followed"));
            format!(
                "{} where {word}{} was required{location}; body: {}",
                answer.status,
                statuses.join(", "),
                answer.text()
            )
        })?;
    }
    Ok(())
}

fn tally(answers: &[Answer], counts: &[Tally], others: Option<&[StatusPattern]>) -> Result<(), Failure> {
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    let is = |status: u16, patterns: &[StatusPattern]| patterns.iter().any(|pattern| pattern.matches(status));
    for tally in counts {
        let count = statuses.iter().filter(|status| is(**status, &tally.any_of)).count();
        require(tally.count.holds(count), FailureClass::WrongStatus, || {
            let (any_of, required) = (words::statuses(&tally.any_of), tally.count);
            format!("{count} of {statuses:?} are {any_of} where {required} were required")
        })?;
    }
    if let Some(others) = others {
        let stranger = statuses
            .iter()
            .find(|status| !counts.iter().any(|tally| is(**status, &tally.any_of)) && !is(**status, others));
        if let Some(stranger) = stranger {
            let (found, others) = (format!("{stranger} among {statuses:?}"), words::statuses(others));
            let why = format!("{found} where the others had to be {others}");
            return Err(failed(FailureClass::WrongStatus, why));
        }
    }
    Ok(())
}

fn json(answer: &Answer) -> Result<Value, Failure> {
    answer
        .json()
        .ok_or_else(|| failed(FailureClass::WrongContent, format!("the body is not JSON: {}", answer.text())))
}

fn fields(json: &Value, names: &[String], only: bool) -> Result<(), Failure> {
    for name in names {
        require(values::field(json, name).is_some(), FailureClass::WrongContent, || {
            format!("no field {name} in {json}")
        })?;
    }
    let stranger = json.as_object().and_then(|members| members.keys().find(|member| !names.contains(member)));
    require(!only || (json.is_object() && stranger.is_none()), FailureClass::WrongContent, || {
        format!("more than the fields {names:?} in {json}")
    })
}

fn same_answers(answers: &[&Answer], parts: Parts, except: &[String], differ: bool) -> Result<(), Failure> {
    let seen: Vec<_> = answers
        .iter()
        .map(|answer| {
            let headers = parts.headers.then(|| {
                let mut headers: Vec<_> = answer
                    .headers
                    .iter()
                    .filter(|(name, _)| !except.contains(&name.to_lowercase()))
                    .cloned()
                    .collect();
                headers.sort();
                headers
            });
            (parts.status.then_some(answer.status), headers, parts.body.then_some(answer.body.as_slice()))
        })
        .collect();
    alike(&seen, differ, |first, second| {
        format!(
            "{first:?} and {second:?}; bodies {} and {}",
            answers[0].text(),
            answers[answers.len() - 1].text()
        )
    })
}

fn alike<T: PartialEq + std::fmt::Debug>(
    things: &[T],
    differ: bool,
    show: impl Fn(&T, &T) -> String,
) -> Result<(), Failure> {
    for (place, second) in things.iter().enumerate() {
        for first in &things[..place] {
            require((first != second) == differ, FailureClass::WrongComparison, || {
                let word = if differ { "alike" } else { "different" };
                format!("{word}: {first:?} and {second:?} ({})", show(first, second))
            })?;
        }
    }
    Ok(())
}

fn links_of_mail(
    state: &mut State,
    to: Option<&Template>,
    count: crate::plan::Count,
    which: Option<&(LinkPart, Predicate)>,
) -> Result<(), Failure> {
    if let Some(to) = to {
        mails::select(state, to)?;
    }
    let mail = mails::current(state)?;
    let all = links::find(&mail.text);
    let matching: Vec<_> = all
        .iter()
        .filter(|link| {
            which.is_none_or(|(part, predicate)| {
                let text = link.part(part);
                let thing = text.as_deref().map_or(Thing::Missing, Thing::Text);
                judge::judge(thing, predicate, &state.values).is_ok()
            })
        })
        .collect();
    require(count.holds(matching.len()), FailureClass::WrongContent, || {
        format!("{} such links among {all:?} in the mail “{}”", matching.len(), mail.text)
    })?;
    if let Some(first) = matching.first() {
        state.link = Some((*first).clone());
    }
    Ok(())
}

fn command(state: &State) -> Result<&Output, Failure> {
    state.output.as_ref().ok_or_else(|| lost(Cause::Plan, "the plan speaks of a command that was not run"))
}

/// What the last command printed.
pub(crate) fn output(state: &State, part: OutputPart) -> Result<String, Failure> {
    let output = command(state)?;
    Ok(match part {
        OutputPart::Stdout => output.stdout.clone(),
        OutputPart::Stderr => output.stderr.clone(),
        OutputPart::Both => format!("{}{}", output.stdout, output.stderr),
    })
}
