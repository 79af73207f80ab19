//! Where the evaluator receives what it observes. Everything passes here as it came, but for at most one tampering a run, by
//! which the evaluator itself is measured.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use factory_twin::Mail;
use serde_json::{Value, json};

use super::http::Answer;
use super::links;
use super::search;
use super::state::Output;

/// One change to one observation. Observations of a kind are counted from 0 in the order in which they are made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tampering {
    /// Of the answer to this request.
    Answer(usize, AnswerChange),
    /// Of the mail at this place.
    Mail(usize, MailChange),
    /// A mail to this address that nobody sent, where this sentence counts mails.
    InventMail(usize, String),
    /// Of what this command left.
    Command(usize, CommandChange),
    /// What this look into the files finds is turned around.
    Files(usize),
    /// This file, where one is looked into, has other contents, or none.
    Content(usize, Option<String>),
    /// What this look for a folder finds is turned around.
    Folder(usize),
    /// What this look into the log finds is turned around.
    Log(usize),
    /// Of the rows that this query gives.
    Rows(usize, RowsChange),
}

/// A change to the rows of a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RowsChange {
    Drop,
    Add,
    /// All that there is becomes one row of this.
    Set(Value),
}

/// A change to an answer. Members of a JSON body are named by JSON pointers (RFC 6901).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AnswerChange {
    Status(u16),
    RemoveHeader(String),
    SetHeader(String, String),
    DuplicateHeader(String),
    RemoveMember(String),
    SetMember(String, Value),
    ExtraMember,
    SetBody(String),
    AppendToBody(String),
    TruncateBody,
    Delay(Duration),
}

/// A change to a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MailChange {
    Drop,
    Double,
    Readdress,
    SetSubject(String),
    SetText(String),
    SetSender(String),
    SetRaw(String),
    Link,
}

/// A change to what a command left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CommandChange {
    Exit,
    SetStdout(String),
    SetStderr(String),
    AppendToStdout,
}

/// What is put where nothing of that name was, or in the place of what was.
pub(crate) const STRANGE: &str = "tampered-with";

/// The seam of one run, and what came through it.
#[derive(Default)]
pub(crate) struct Seam {
    tampering: Option<Tampering>,
    /// The answers, as the evaluator saw them.
    pub(crate) answers: Vec<Answer>,
    /// The mails, as the evaluator saw them last.
    pub(crate) mails: Vec<Arc<Mail>>,
    /// What each sentence that counts mails found, in the order of these sentences: places of mails.
    pub(crate) counted: Vec<Vec<usize>>,
    /// What commands left.
    pub(crate) commands: Vec<Output>,
    /// What queries gave.
    pub(crate) rows: Vec<Vec<Vec<Value>>>,
    /// What files that were looked into held; nothing where there was none.
    pub(crate) contents: Vec<Option<String>>,
    looks_at_files: usize,
    looks_for_folders: usize,
    looks_at_log: usize,
}

impl Seam {
    /// One that changes something on the way.
    pub(crate) fn tampering(tampering: Tampering) -> Self {
        Seam { tampering: Some(tampering), ..Seam::default() }
    }

    /// An answer on its way to the evaluator.
    pub(crate) fn answer(&mut self, mut answer: Answer) -> Answer {
        if let Some(Tampering::Answer(at, change)) = &self.tampering
            && *at == self.answers.len()
        {
            change.make(&mut answer);
        }
        self.answers.push(answer.clone());
        answer
    }

    /// The mails on their way to the evaluator, which looks at them to count them or for another reason.
    pub(crate) fn mails(&self, mails: Vec<Arc<Mail>>, counting: bool) -> Vec<Arc<Mail>> {
        match &self.tampering {
            Some(Tampering::Mail(at, change)) if *at < mails.len() => {
                renumbered(change.clone().make(mails, *at))
            }
            Some(Tampering::InventMail(at, to)) if counting && *at == self.counted.len() => {
                let mut mails = mails;
                // It is like the others, or like none where there are none.
                let invented = mails.last().map_or_else(|| blank(to), |mail| readdressed(mail, to));
                mails.push(Arc::new(invented));
                renumbered(mails)
            }
            _ => mails,
        }
    }

    /// What a command left, on its way to the evaluator.
    pub(crate) fn command(&mut self, mut output: Output) -> Output {
        if let Some(Tampering::Command(at, change)) = &self.tampering
            && *at == self.commands.len()
        {
            match change {
                CommandChange::Exit => output.exit = if output.exit == 0 { 1 } else { 0 },
                CommandChange::SetStdout(text) => output.stdout = text.clone(),
                CommandChange::SetStderr(text) => output.stderr = text.clone(),
                CommandChange::AppendToStdout => output.stdout = format!("{}{STRANGE}\n", output.stdout),
            }
        }
        self.commands.push(output.clone());
        output
    }

    /// What a query gave, on its way to the evaluator.
    pub(crate) fn rows(&mut self, mut rows: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
        if let Some(Tampering::Rows(at, change)) = &self.tampering
            && *at == self.rows.len()
        {
            match change {
                RowsChange::Drop => drop(rows.pop()),
                RowsChange::Add => rows.push(vec![json!(STRANGE)]),
                RowsChange::Set(value) => rows = vec![vec![value.clone()]],
            }
        }
        self.rows.push(rows.clone());
        rows
    }

    /// The file in which one of the forms of a text is. Tampered with, the look is at other files: at one with the text, or
    /// at none.
    pub(crate) async fn files(
        &mut self,
        text: String,
        folder: PathBuf,
        wanted: bool,
    ) -> io::Result<Option<String>> {
        let look = self.looks_at_files;
        self.looks_at_files += 1;
        let tampered = self.tampering == Some(Tampering::Files(look));
        let searched = tokio::task::spawn_blocking(move || {
            let forms = search::forms(&text);
            if !tampered {
                return search::in_files(&forms, &folder);
            }
            let elsewhere = tempfile::tempdir()?;
            if !wanted {
                std::fs::write(elsewhere.path().join(STRANGE), format!("x{text}x"))?;
            }
            search::in_files(&forms, elsewhere.path())
        });
        searched.await.map_err(io::Error::other)?
    }

    /// What a file holds, on its way to the evaluator.
    pub(crate) fn content(&mut self, mut content: Option<String>) -> Option<String> {
        if let Some(Tampering::Content(at, text)) = &self.tampering
            && *at == self.contents.len()
        {
            content.clone_from(text);
        }
        self.contents.push(content.clone());
        content
    }

    /// Whether there is a folder, on its way to the evaluator.
    pub(crate) fn folder(&mut self, is_there: bool) -> bool {
        let look = self.looks_for_folders;
        self.looks_for_folders += 1;
        is_there != (self.tampering == Some(Tampering::Folder(look)))
    }

    /// Whether one of the forms of a text is in the log. Tampered with, the log is another.
    pub(crate) fn log(&mut self, text: &str, mut log: Vec<u8>, wanted: bool) -> bool {
        let look = self.looks_at_log;
        self.looks_at_log += 1;
        if self.tampering == Some(Tampering::Log(look)) {
            log = if wanted { Vec::new() } else { [log, format!("x{text}x").into_bytes()].concat() };
        }
        search::occurs(&search::forms(text), &log)
    }
}

impl AnswerChange {
    fn make(&self, answer: &mut Answer) {
        match self {
            AnswerChange::Status(status) => answer.status = *status,
            AnswerChange::RemoveHeader(name) => {
                answer.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            }
            AnswerChange::SetHeader(name, value) => {
                answer.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
                answer.headers.push((name.to_lowercase(), value.clone()));
            }
            AnswerChange::DuplicateHeader(name) => {
                let again = answer.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                answer.headers.extend(again.cloned());
            }
            AnswerChange::RemoveMember(pointer) => edit(answer, |json| {
                if let Some((parent, name)) = pointer.rsplit_once('/') {
                    match json.pointer_mut(parent) {
                        Some(Value::Object(members)) => {
                            members.remove(&name.replace("~1", "/").replace("~0", "~"));
                        }
                        Some(Value::Array(items)) => {
                            if let Some(at) = name.parse().ok().filter(|at| *at < items.len()) {
                                items.remove(at);
                            }
                        }
                        _ => {}
                    }
                }
            }),
            AnswerChange::SetMember(pointer, value) => edit(answer, |json| {
                if let Some(member) = json.pointer_mut(pointer) {
                    *member = value.clone();
                } else if let (Some(members), Some(name)) = (json.as_object_mut(), pointer.strip_prefix('/'))
                {
                    members.insert(name.to_owned(), value.clone());
                }
            }),
            AnswerChange::ExtraMember => edit(answer, |json| {
                if let Some(members) = json.as_object_mut() {
                    members.insert(STRANGE.to_owned(), json!(STRANGE));
                }
            }),
            AnswerChange::SetBody(text) => answer.body = text.clone().into_bytes(),
            AnswerChange::AppendToBody(text) => answer.body.extend_from_slice(text.as_bytes()),
            AnswerChange::TruncateBody => answer.body.truncate(answer.body.len() / 2),
            AnswerChange::Delay(by) => answer.took += *by,
        }
    }
}

fn edit(answer: &mut Answer, change: impl FnOnce(&mut Value)) {
    if let Some(mut json) = answer.json() {
        change(&mut json);
        answer.body = json.to_string().into_bytes();
    }
}

impl MailChange {
    fn make(self, mut mails: Vec<Arc<Mail>>, at: usize) -> Vec<Arc<Mail>> {
        let mail = Arc::clone(&mails[at]);
        let as_it_is = || (*mail).clone();
        match self {
            MailChange::Drop => drop(mails.remove(at)),
            MailChange::Double => mails.insert(at, mail),
            MailChange::Readdress => mails[at] = Arc::new(readdressed(&mail, "stranger@tampered.test")),
            MailChange::SetSubject(subject) => mails[at] = Arc::new(Mail { subject, ..as_it_is() }),
            MailChange::SetText(text) => mails[at] = Arc::new(Mail { text, ..as_it_is() }),
            MailChange::SetSender(from) => mails[at] = Arc::new(Mail { from: Some(from), ..as_it_is() }),
            MailChange::SetRaw(raw) => mails[at] = Arc::new(Mail { raw: raw.into_bytes(), ..as_it_is() }),
            MailChange::Link => {
                let text = match links::find(&mail.text).first() {
                    // The last character is another, so that it is still a link.
                    Some(link) => {
                        let kept = link.text.as_str();
                        let cut = kept.char_indices().last().map_or(0, |(at, _)| at);
                        let last = if kept.ends_with('x') { 'y' } else { 'x' };
                        mail.text.replace(kept, &format!("{}{last}", &kept[..cut]))
                    }
                    None => mail.text.clone(),
                };
                mails[at] = Arc::new(Mail { text, ..as_it_is() });
            }
        }
        mails
    }
}

fn readdressed(mail: &Mail, to: &str) -> Mail {
    Mail { recipients: vec![to.to_owned()], to: vec![to.to_owned()], ..mail.clone() }
}

fn blank(to: &str) -> Mail {
    Mail {
        order: 0,
        received: std::time::Instant::now(),
        sender: String::new(),
        recipients: vec![to.to_owned()],
        from: None,
        to: vec![to.to_owned()],
        subject: STRANGE.to_owned(),
        text: String::new(),
        raw: Vec::new(),
    }
}

/// A mail's order is its place.
fn renumbered(mails: Vec<Arc<Mail>>) -> Vec<Arc<Mail>> {
    let mails = mails.into_iter().enumerate();
    mails
        .map(
            |(order, mail)| {
                if mail.order == order { mail } else { Arc::new(Mail { order, ..(*mail).clone() }) }
            },
        )
        .collect()
}
