//! Tamperings that follow from what was observed alone.

use super::changes;
use crate::run::{AnswerChange, CommandChange, MailChange, STRANGE, Seam, Tampering};

/// Header fields that the server's library writes and nobody means.
const TRANSPORT: &[&str] =
    &["connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"];

/// Everything that was observed, changed in each of the usual ways.
pub(super) fn all(seen: &Seam) -> Vec<Tampering> {
    let mut all = Vec::new();
    for (at, answer) in seen.answers.iter().enumerate() {
        let mut add = |change| all.push(Tampering::Answer(at, change));
        add(AnswerChange::Status(of_another_class(answer.status)));
        let mut names: Vec<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names.into_iter().filter(|name| !TRANSPORT.contains(name)) {
            add(AnswerChange::RemoveHeader(name.to_owned()));
            add(AnswerChange::SetHeader(name.to_owned(), STRANGE.to_owned()));
            add(AnswerChange::DuplicateHeader(name.to_owned()));
        }
        let json = answer.json();
        for (pointer, member) in json.iter().flat_map(|json| changes::members(json)) {
            add(AnswerChange::RemoveMember(pointer.clone()));
            add(AnswerChange::SetMember(pointer.clone(), changes::other(member)));
            add(AnswerChange::SetMember(pointer, changes::of_another_type(member)));
        }
        if json.is_some_and(|json| json.is_object()) {
            add(AnswerChange::ExtraMember);
        }
        if !answer.body.is_empty() {
            add(AnswerChange::SetBody(String::new()));
            add(AnswerChange::TruncateBody);
        }
    }
    for (at, mail) in seen.mails.iter().enumerate() {
        let changes = [MailChange::Drop, MailChange::Double, MailChange::Readdress];
        let changes = changes.into_iter().chain([MailChange::SetSubject(STRANGE.to_owned())]);
        all.extend(changes.map(|change| Tampering::Mail(at, change)));
        if mail.text.contains("://") {
            all.push(Tampering::Mail(at, MailChange::Link));
        }
    }
    for (at, output) in seen.commands.iter().enumerate() {
        all.push(Tampering::Command(at, CommandChange::Exit));
        all.push(Tampering::Command(at, CommandChange::AppendToStdout));
        if !output.stdout.is_empty() {
            all.push(Tampering::Command(at, CommandChange::SetStdout(String::new())));
        }
    }
    all
}

/// A status of another class: what succeeded fails, and what failed succeeds.
pub(super) fn of_another_class(status: u16) -> u16 {
    if status < 400 { 500 } else { 200 }
}
