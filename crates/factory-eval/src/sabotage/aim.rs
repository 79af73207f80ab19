//! Tamperings that are aimed at an assertion: after each of them it cannot hold. Which observation an assertion is about
//! follows from the plan, without the code that judges it.

use std::collections::BTreeMap;
use std::time::Duration;

use factory_twin::Mail;
use serde_json::Value;

use super::{Planned, changes, sweep};
use crate::plan::{
    Action, AnswerRef, Check, LinkPart, MailPart, OutputPart, Plan, Predicate, Rows, StatusPattern, Tally,
    Template,
};
use crate::run::{Answer, AnswerChange, CommandChange, MailChange, RowsChange, STRANGE, Seam, Tampering};

/// The tamperings for all assertions of a plan that has passed, and saw this.
pub(super) fn aimed(plan: &Plan, seen: &Seam) -> Vec<Planned> {
    let mut aim = Aim {
        seen,
        sent: 0,
        current: Vec::new(),
        named: BTreeMap::new(),
        counts: 0,
        commands: 0,
        files: 0,
        contents: 0,
        folders: 0,
        log: 0,
        queries: 0,
    };
    let mut planned: Vec<Planned> = Vec::new();
    for step in &plan.steps {
        for tampering in aim.follow(&step.action) {
            if planned.iter().all(|known| known.tampering != tampering) {
                planned.push(Planned { tampering, aimed_at: Some(step.sentence) });
            }
        }
    }
    planned
}

/// Where a plan is, and which observations its words mean there.
struct Aim<'a> {
    seen: &'a Seam,
    sent: usize,
    current: Vec<usize>,
    named: BTreeMap<&'a str, usize>,
    counts: usize,
    commands: usize,
    files: usize,
    contents: usize,
    folders: usize,
    log: usize,
    queries: usize,
}

impl<'a> Aim<'a> {
    fn follow(&mut self, action: &'a Action) -> Vec<Tampering> {
        match action {
            Action::Send { requests, times, .. } => {
                let count = requests.len() * usize::try_from(*times).unwrap_or(usize::MAX);
                self.current = (self.sent..self.sent + count).collect();
                self.sent += count;
            }
            Action::NameAnswer(name) => {
                self.named.extend(self.current.first().map(|at| (name.as_str(), *at)));
            }
            Action::Run(_) => self.commands += 1,
            Action::Check(check) => return self.at_check(check),
            Action::Advance(_)
            | Action::Wait(_)
            | Action::MailServer(_)
            | Action::Restart(_)
            | Action::Seed { .. }
            | Action::WriteFile { .. }
            | Action::MakeFolder(_)
            | Action::RemoveFile(_)
            | Action::MailWindow
            | Action::Capture(_)
            | Action::Fresh { .. } => {}
        }
        Vec::new()
    }

    /// The answers that are meant, with their places among all.
    fn answers(&self, of: &AnswerRef) -> Vec<(usize, &'a Answer)> {
        let places: Vec<usize> = match of {
            AnswerRef::Current => self.current.first().copied().into_iter().collect(),
            AnswerRef::Each => self.current.clone(),
            AnswerRef::At(place) => self.current.get(*place).copied().into_iter().collect(),
            AnswerRef::Last => self.current.last().copied().into_iter().collect(),
            AnswerRef::Named(name) => self.named.get(name.as_str()).copied().into_iter().collect(),
        };
        places.into_iter().filter_map(|at| Some((at, self.seen.answers.get(at)?))).collect()
    }

    fn each(&self, of: &AnswerRef, changes: impl Fn(&Answer) -> Vec<AnswerChange>) -> Vec<Tampering> {
        let answers = self.answers(of).into_iter();
        answers
            .flat_map(|(at, answer)| {
                changes(answer).into_iter().map(move |change| Tampering::Answer(at, change))
            })
            .collect()
    }

    fn at_check(&mut self, check: &'a Check) -> Vec<Tampering> {
        match check {
            Check::Status { of, any_of, not } => self.each(of, |answer| {
                let status =
                    if *not { any_of.first().map(|it| one(*it)) } else { none(any_of, answer.status) };
                status.map(AnswerChange::Status).into_iter().collect()
            }),
            Check::Tally { counts, others } => self.tally(counts, others.as_deref()),
            Check::Sequence(_) => self.each(&AnswerRef::Each, |answer| {
                vec![AnswerChange::Status(sweep::of_another_class(answer.status))]
            }),
            Check::Header(of, name, predicate) => self.each(of, |answer| header(answer, name, predicate)),
            Check::Body(of, predicate) => self.each(of, |answer| body(answer, predicate)),
            Check::Field(of, path, predicate) => self.each(of, |answer| field(answer, path, predicate)),
            Check::Fields { of, names, only } => self.each(of, |_| {
                let removed = names.iter().map(|name| AnswerChange::RemoveMember(changes::pointer(name)));
                removed.chain(only.then_some(AnswerChange::ExtraMember)).collect()
            }),
            Check::Within(of, limit) => {
                self.each(of, |_| vec![AnswerChange::Delay(*limit + Duration::from_secs(1))])
            }
            Check::SameAnswers { answers, parts, differ: false, .. } => {
                let last = answers.last().map(|of| self.answers(of)).unwrap_or_default();
                let Some((at, answer)) = last.last() else { return Vec::new() };
                let status = AnswerChange::Status(sweep::of_another_class(answer.status));
                let header = AnswerChange::SetHeader(format!("x-{STRANGE}"), STRANGE.to_owned());
                let body = AnswerChange::AppendToBody("~".to_owned());
                let all = [(parts.status, status), (parts.headers, header), (parts.body, body)];
                all.into_iter()
                    .filter(|(is, _)| *is)
                    .map(|(_, change)| Tampering::Answer(*at, change))
                    .collect()
            }
            // What was remembered comes from an observation that other tamperings change.
            Check::SameAnswers { .. } | Check::Value(..) | Check::SameValues { .. } => Vec::new(),
            Check::Mails { to, count, .. } => {
                let found = self.seen.counted.get(self.counts);
                self.counts += 1;
                let Some(found) = found else { return Vec::new() };
                match found.last() {
                    None => {
                        let to = to.as_ref().map_or("stranger@tampered.test", |to| to.source());
                        let is_known = !to.contains('{') && count.max == Some(0);
                        is_known
                            .then(|| Tampering::InventMail(self.counts - 1, to.to_owned()))
                            .into_iter()
                            .collect()
                    }
                    Some(mail) => {
                        let lost = (count.min == found.len()).then_some(MailChange::Drop);
                        let doubled = (count.max == Some(found.len())).then_some(MailChange::Double);
                        let elsewhere = (to.is_some() && lost.is_some()).then_some(MailChange::Readdress);
                        let changes = [lost, doubled, elsewhere].into_iter().flatten();
                        changes.map(|change| Tampering::Mail(*mail, change)).collect()
                    }
                }
            }
            Check::Mail(part, to, predicate) => self.mail_part(*part, to.as_ref(), predicate),
            Check::Link(LinkPart::Whole, predicate) if is_exact(predicate) => {
                let mail = self.mail(None).into_iter();
                mail.map(|(at, _)| Tampering::Mail(at, MailChange::Link)).collect()
            }
            Check::Links { to, count, which: None } if count.min > 0 => {
                let mail = self.mail(to.as_ref()).into_iter();
                mail.map(|(at, _)| Tampering::Mail(at, MailChange::SetText(STRANGE.to_owned()))).collect()
            }
            Check::Links { .. } | Check::Link(..) | Check::LinkStandsAlone => Vec::new(),
            Check::Files { .. } => {
                self.files += 1;
                vec![Tampering::Files(self.files - 1)]
            }
            Check::File(_, predicate) => {
                self.contents += 1;
                self.file(predicate)
            }
            Check::Folder { .. } => {
                self.folders += 1;
                vec![Tampering::Folder(self.folders - 1)]
            }
            Check::Log { .. } => {
                self.log += 1;
                vec![Tampering::Log(self.log - 1)]
            }
            Check::Query(_, rows) => {
                self.queries += 1;
                self.query(rows)
            }
            Check::Exit(predicate) => {
                let exact = is_exact(predicate).then_some(CommandChange::Exit);
                exact.and_then(|change| self.command(change)).into_iter().collect()
            }
            Check::Output(part, predicate) => self.output(*part, predicate),
        }
    }

    fn file(&self, predicate: &Predicate) -> Vec<Tampering> {
        let at = self.contents - 1;
        let texts = match self.seen.contents.get(at) {
            Some(Some(text)) => {
                let changed = changes::of_text(predicate, text.trim_end()).into_iter().map(Some);
                changed.chain(changes::asks_for_some(predicate).then_some(None)).collect()
            }
            Some(None) if *predicate == Predicate::Missing => vec![Some(STRANGE.to_owned())],
            Some(None) | None => Vec::new(),
        };
        texts.into_iter().map(|text| Tampering::Content(at, text)).collect()
    }

    fn query(&self, rows: &Rows) -> Vec<Tampering> {
        let at = self.queries - 1;
        let Some(seen) = self.seen.rows.get(at) else { return Vec::new() };
        let changes = match rows {
            Rows::Are(_) => {
                let dropped = (!seen.is_empty()).then_some(RowsChange::Drop);
                dropped.into_iter().chain([RowsChange::Add]).collect()
            }
            Rows::Count(count) => {
                let dropped = (count.min == seen.len() && count.min > 0).then_some(RowsChange::Drop);
                let added = (count.max == Some(seen.len())).then_some(RowsChange::Add);
                dropped.into_iter().chain(added).collect::<Vec<_>>()
            }
            Rows::Value(predicate) => {
                let value = seen.first().and_then(|row| row.first());
                let changed = value.map(|value| changes::of_json(predicate, value)).unwrap_or_default();
                changed.into_iter().map(RowsChange::Set).chain([RowsChange::Drop]).collect()
            }
        };
        changes.into_iter().map(|change| Tampering::Rows(at, change)).collect()
    }

    /// Sure only where every answer is spoken of.
    fn tally(&self, counts: &[Tally], others: Option<&[StatusPattern]>) -> Vec<Tampering> {
        let total: usize = counts.iter().map(|tally| tally.count.min).sum();
        let exact = counts.iter().all(|tally| tally.count.max == Some(tally.count.min));
        if others.is_none() && !(exact && total == self.current.len()) {
            return Vec::new();
        }
        let known: Vec<StatusPattern> = counts
            .iter()
            .flat_map(|tally| &tally.any_of)
            .chain(others.into_iter().flatten())
            .copied()
            .collect();
        self.each(&AnswerRef::Each, |answer| {
            none(&known, answer.status).map(AnswerChange::Status).into_iter().collect()
        })
    }

    /// The mail that a sentence speaks of, with its place: the newest to an address, or the newest that was counted last.
    fn mail(&self, to: Option<&Template>) -> Option<(usize, &'a Mail)> {
        let mails = &self.seen.mails;
        let at = match to {
            // Which address a remembered value was is not known here.
            Some(to) if !to.is_literal() => return None,
            Some(to) => mails.iter().rposition(|mail| mail.goes_to(to.source()))?,
            None => *self.seen.counted.get(self.counts.checked_sub(1)?)?.last()?,
        };
        Some((at, mails.get(at)?))
    }

    fn mail_part(&self, part: MailPart, to: Option<&Template>, predicate: &Predicate) -> Vec<Tampering> {
        let Some((at, mail)) = self.mail(to) else { return Vec::new() };
        let (seen, change): (_, fn(String) -> MailChange) = match part {
            MailPart::Subject => (mail.subject.clone(), MailChange::SetSubject),
            MailPart::Text => (mail.text.clone(), MailChange::SetText),
            MailPart::From => (mail.from.clone().unwrap_or_default(), MailChange::SetSender),
            MailPart::Raw => (String::from_utf8_lossy(&mail.raw).into_owned(), MailChange::SetRaw),
            // To somebody else is another change, and a mail that goes to nobody there is not.
            MailPart::Recipient => return Vec::new(),
        };
        let texts = changes::of_text(predicate, seen.trim_end()).into_iter();
        texts.map(|text| Tampering::Mail(at, change(text))).collect()
    }

    fn command(&self, change: CommandChange) -> Option<Tampering> {
        Some(Tampering::Command(self.commands.checked_sub(1)?, change))
    }

    fn output(&self, part: OutputPart, predicate: &Predicate) -> Vec<Tampering> {
        let last = self.commands.checked_sub(1).and_then(|at| self.seen.commands.get(at));
        let Some(output) = last else { return Vec::new() };
        let change = |text| match part {
            OutputPart::Stdout => Some(CommandChange::SetStdout(text)),
            OutputPart::Stderr => Some(CommandChange::SetStderr(text)),
            OutputPart::Both => output.stderr.is_empty().then_some(CommandChange::SetStdout(text)),
        };
        let seen = if part == OutputPart::Stderr { &output.stderr } else { &output.stdout };
        let texts = changes::of_text(predicate, seen.trim_end()).into_iter();
        texts.filter_map(change).filter_map(|change| self.command(change)).collect()
    }
}

/// Whether nothing but one value satisfies it.
fn is_exact(predicate: &Predicate) -> bool {
    matches!(predicate, Predicate::Equals(_) | Predicate::Exactly(_))
}

/// A status that is meant by a pattern.
fn one(pattern: StatusPattern) -> u16 {
    match pattern {
        StatusPattern::Exactly(status) => status,
        StatusPattern::Class(digit) => digit * 100,
    }
}

/// A status that none of the patterns means, of another class than `seen` if there is one.
fn none(patterns: &[StatusPattern], seen: u16) -> Option<u16> {
    let mut candidates = [sweep::of_another_class(seen), 500, 200, 404, 302, 418, 599].into_iter();
    candidates.find(|status| !patterns.iter().any(|pattern| pattern.matches(*status)))
}

fn header(answer: &Answer, name: &str, predicate: &Predicate) -> Vec<AnswerChange> {
    let Some(seen) = answer.header(name) else {
        return vec![AnswerChange::SetHeader(name.to_owned(), STRANGE.to_owned())];
    };
    let changed = changes::of_text(predicate, &seen).into_iter();
    let changed = changed.map(|value| AnswerChange::SetHeader(name.to_owned(), value));
    changed.chain([AnswerChange::RemoveHeader(name.to_owned())]).collect()
}

fn field(answer: &Answer, path: &str, predicate: &Predicate) -> Vec<AnswerChange> {
    let Some(json) = answer.json() else { return Vec::new() };
    let pointer = changes::pointer(path);
    let Some(seen) = json.pointer(&pointer) else {
        // It is missing, as it should: sure only where there is an object to put it in.
        let simple = json.is_object() && pointer.matches('/').count() == 1;
        let added = simple.then(|| AnswerChange::SetMember(pointer, Value::from(STRANGE)));
        return added.into_iter().collect();
    };
    let changed = changes::of_json(predicate, seen).into_iter();
    let changed = changed.map(|value| AnswerChange::SetMember(pointer.clone(), value));
    changed.chain([AnswerChange::RemoveMember(pointer.clone())]).collect()
}

fn body(answer: &Answer, predicate: &Predicate) -> Vec<AnswerChange> {
    let (seen, json) = (answer.text(), answer.json());
    let emptied = AnswerChange::SetBody(String::new());
    let each = |pointer: String, value: &Value| {
        [
            AnswerChange::RemoveMember(pointer.clone()),
            AnswerChange::SetMember(pointer.clone(), changes::other(value)),
            AnswerChange::SetMember(pointer, changes::of_another_type(value)),
        ]
    };
    match (predicate, json) {
        (Predicate::Equals(_), Some(json)) if json.is_object() => {
            let members = changes::members(&json).into_iter();
            let members = members.flat_map(|(pointer, value)| each(pointer, value));
            members.chain([AnswerChange::ExtraMember, emptied, AnswerChange::TruncateBody]).collect()
        }
        (Predicate::Includes(expected), Some(json)) => {
            let members = changes::members(expected).into_iter();
            let members = members.filter_map(|(pointer, _)| Some((json.pointer(&pointer)?, pointer)));
            members.flat_map(|(value, pointer)| each(pointer, value)).chain([emptied]).collect()
        }
        (Predicate::Equals(_) | Predicate::Exactly(_), _) if !seen.is_empty() => {
            vec![AnswerChange::AppendToBody("~".to_owned()), emptied, AnswerChange::TruncateBody]
        }
        (predicate, _) => changes::of_text(predicate, &seen).into_iter().map(AnswerChange::SetBody).collect(),
    }
}
