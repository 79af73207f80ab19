//! The state of a run, and its steps one after another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use factory_core::feedback::FailureClass;
use factory_sandbox::End;
use factory_twin::{Mail, SmtpFault};
use tokio::task::JoinSet;

use super::http::{self, Answer, Prepared, Room};
use super::seam::Seam;
use super::target::Target;
use super::{checks, command, database, links, mails, scratch, values};
use crate::attribution::{Blame, Cause};
use crate::deploy::DeployFailure;
use crate::plan::{self, Action, AnswerRef, Capture, Command, Fault, Period, Plan, Request, Source};

/// Why a step did not succeed. The evidence quotes the scenario and the candidate: evaluator's side only.
pub(crate) enum Failure {
    /// The candidate did not do what was asked, in this way.
    Failed(FailureClass, Blame),
    /// The run says nothing about the candidate.
    Lost(Blame),
}

/// What was observed is not what is required.
pub(crate) fn failed(class: FailureClass, evidence: String) -> Failure {
    Failure::Failed(class, Blame::new(Cause::Observed, evidence))
}

/// Nothing can be said.
pub(crate) fn lost(cause: Cause, evidence: impl Into<String>) -> Failure {
    Failure::Lost(Blame::new(cause, evidence))
}

/// A file that the scenario needs cannot be made or removed: the candidate has put something in its way.
fn unusable(path: &str, error: &std::io::Error) -> Failure {
    failed(FailureClass::UnwantedEffect, format!("`{path}` in the scratch folder: {error}"))
}

impl From<DeployFailure> for Failure {
    fn from(failure: DeployFailure) -> Self {
        match failure {
            DeployFailure::Failed(blame) => {
                let class = match blame.cause {
                    Cause::Ended => FailureClass::NoAnswer,
                    Cause::TooMuchWritten => FailureClass::UnwantedEffect,
                    _ => FailureClass::NotDeployable,
                };
                Failure::Failed(class, blame)
            }
            DeployFailure::Lost(blame, None) => Failure::Lost(blame),
            DeployFailure::Lost(Blame { cause, evidence }, Some(source)) => {
                lost(cause, format!("{evidence}: {source}"))
            }
        }
    }
}

/// How a run of a plan ended.
pub(crate) enum Ending {
    /// Every step succeeded.
    Passed,
    /// This step, by its place in the plan, did not.
    Stopped(usize, Failure),
}

/// What a run has seen so far.
pub(crate) struct State {
    pub(crate) target: Target,
    pub(crate) seam: Seam,
    pub(crate) values: BTreeMap<String, String>,
    /// Answers to the last sentence that sent something.
    pub(crate) answers: Vec<Answer>,
    pub(crate) named: BTreeMap<String, Answer>,
    /// When the last thing was done that could make the service send mail.
    pub(crate) acted: Instant,
    /// The first mail that counts.
    pub(crate) window: usize,
    /// Mails that sentences have found in the window.
    pub(crate) found: BTreeSet<usize>,
    pub(crate) mail: Option<Arc<Mail>>,
    pub(crate) link: Option<links::Link>,
    pub(crate) output: Option<Output>,
}

/// What a command left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) exit: i64,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs all steps of `plan`, and ends what it was run against if that is ours. With a failure comes the end of the service's
/// log, and with every end what the run has seen.
pub(crate) async fn run(plan: &Plan, target: Target, seam: Seam) -> (Ending, String, Seam) {
    let mut values = BTreeMap::new();
    values.insert("url".to_owned(), target.url());
    values.insert("port".to_owned(), target.port().to_string());
    if let Some(scratch) = target.scratch() {
        values.insert("scratch".to_owned(), scratch.display().to_string());
    }
    let mut state = State {
        target,
        seam,
        values,
        answers: Vec::new(),
        named: BTreeMap::new(),
        acted: Instant::now(),
        window: 0,
        found: BTreeSet::new(),
        mail: None,
        link: None,
        output: None,
    };
    let mut ending = Ending::Passed;
    let mut full = std::pin::pin!(state.target.overflow());
    for (place, step) in plan.steps.iter().enumerate() {
        let performed = tokio::select! {
            performed = async {
                state.has_values(&step.action)?;
                state.perform(&step.action).await
            } => performed,
            full = &mut full => {
                Err(Failure::Failed(FailureClass::UnwantedEffect, Blame::new(Cause::TooMuchWritten, full)))
            }
        };
        if let Err(failure) = performed {
            ending = Ending::Stopped(place, failure);
            break;
        }
    }
    let log = match ending {
        Ending::Passed => String::new(),
        Ending::Stopped(..) => state.target.log_text(),
    };
    state.seam.mails = mails::all(&state);
    state.target.finish().await;
    (ending, log, state.seam)
}

impl State {
    /// Whether there is a value for every name that the action fills in. Which names are remembered is known when the plan is
    /// made; `{n}` has a value only while requests are made.
    fn has_values(&self, action: &Action) -> Result<(), Failure> {
        let counts = matches!(action, Action::Send { .. });
        let names = plan::names_used(action).map_err(|error| lost(Cause::Plan, error.to_string()))?;
        let has = |name: &String| self.values.contains_key(name) || (counts && name == "n");
        match names.iter().find(|name| !has(name)) {
            Some(name) => Err(lost(Cause::ValueMissing, format!("`{{{name}}}` has no value here"))),
            None => Ok(()),
        }
    }

    /// The folder that the candidate keeps its data in.
    pub(crate) fn scratch(&self) -> Result<PathBuf, Failure> {
        self.target.scratch().ok_or_else(|| lost(Cause::NotOurs, "the service's files are not ours to see"))
    }

    async fn perform(&mut self, action: &Action) -> Result<(), Failure> {
        match action {
            Action::Send { requests, times, together } => self.send(requests, *times, *together).await?,
            Action::Run(command) => self.command(command).await?,
            Action::Seed { file, script } => database::seed(self, file, script).await?,
            Action::WriteFile { path, text, append } => {
                let (path, text) = (path.fill(&self.values), text.fill(&self.values));
                scratch::write(&self.scratch()?, &path, &text, *append)
                    .map_err(|error| unusable(&path, &error))?;
            }
            Action::MakeFolder(path) => {
                let path = path.fill(&self.values);
                scratch::make_folder(&self.scratch()?, &path).map_err(|error| unusable(&path, &error))?;
            }
            Action::RemoveFile(path) => {
                let path = path.fill(&self.values);
                scratch::remove(&self.scratch()?, &path).map_err(|error| unusable(&path, &error))?;
            }
            Action::Advance(period) => {
                let by = self.period(period)?;
                self.target.advance(by)?;
                self.acted = Instant::now();
            }
            Action::Wait(time) => tokio::time::sleep(*time).await,
            Action::MailServer(fault) => {
                let fault = match fault {
                    Fault::None => SmtpFault::None,
                    Fault::Down => SmtpFault::Down,
                    Fault::Reject => SmtpFault::Reject,
                    Fault::Hang => SmtpFault::Hang,
                };
                self.target.set_mail_fault(fault).await?;
            }
            Action::Restart(how) => {
                self.target.restart(*how).await?;
                self.acted = Instant::now();
            }
            Action::MailWindow => mails::open_window(self).await,
            Action::NameAnswer(name) => {
                let answer = self.answer(&AnswerRef::Current)?.clone();
                self.named.insert(name.clone(), answer);
            }
            Action::Capture(capture) => self.capture(capture)?,
            Action::Fresh { name, kind } => {
                let value = values::fresh(*kind)
                    .map_err(|error| lost(Cause::Machine, format!("no random numbers: {error}")))?;
                self.values.insert(name.clone(), value);
            }
            Action::Check(check) => checks::check(self, check).await?,
        }
        Ok(())
    }

    async fn command(&mut self, command: &Command) -> Result<(), Failure> {
        let (line, input) = command::prepare(command, &self.scratch()?, &self.values)
            .map_err(|why| lost(Cause::Impossible, why))?;
        let finished = self.target.run(&line, input).await?;
        let exit = match finished.end {
            End::Exited(code) => i64::from(code),
            End::Signalled(signal) => 128 + i64::from(signal),
            End::TimedOut => {
                let blame = Blame::new(Cause::TooSlow, format!("`{line}` did not end in time"));
                return Err(Failure::Failed(FailureClass::NoAnswer, blame));
            }
        };
        let output = Output { exit, stdout: finished.stdout.text(), stderr: finished.stderr.text() };
        self.output = Some(self.seam.command(output));
        self.acted = Instant::now();
        Ok(())
    }

    async fn send(&mut self, requests: &[Request], times: u32, together: bool) -> Result<(), Failure> {
        let base = self.target.url();
        let mut prepared = Vec::new();
        for time in 1..=times {
            self.values.insert("n".to_owned(), time.to_string());
            for request in requests {
                prepared.push(http::prepare(&base, self.target.agent(), request, &self.values)?);
            }
        }
        self.values.remove("n");
        self.answers.clear();
        let room = Room::new();
        let sent = if together {
            self.send_together(prepared, &room).await
        } else {
            self.send_in_turn(prepared, &room).await
        };
        self.acted = Instant::now();
        match sent {
            Err(Failure::Failed(class, blame)) if blame.cause == Cause::NoAnswer => {
                let gone = self.gone().await.map(|gone| format!("{gone}; {}", blame.evidence));
                Err(Failure::Failed(class, gone.map_or(blame, |evidence| Blame::new(Cause::Ended, evidence))))
            }
            Err(failure) => Err(failure),
            Ok(answers) => {
                self.answers = answers.into_iter().map(|answer| self.seam.answer(answer)).collect();
                Ok(())
            }
        }
    }

    /// How the service has ended, if it has. The connection is gone a moment before that is known.
    async fn gone(&mut self) -> Option<String> {
        for _ in 0..20 {
            if let Some(gone) = self.target.ended() {
                return Some(gone);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }

    async fn send_in_turn(&mut self, requests: Vec<Prepared>, room: &Room) -> Result<Vec<Answer>, Failure> {
        let mut answers = Vec::new();
        for request in requests {
            let connection = http::connected(self.target.dial(), Instant::now()).await;
            answers.push(http::send(connection, request, room.clone()).await?);
        }
        Ok(answers)
    }

    /// All connections are there before the first request is sent, so that the requests meet.
    async fn send_together(&mut self, requests: Vec<Prepared>, room: &Room) -> Result<Vec<Answer>, Failure> {
        let begun = Instant::now();
        let mut ready = Vec::new();
        for request in requests {
            ready.push((http::connected(self.target.dial(), begun).await, request));
        }
        let mut sending = JoinSet::new();
        for (place, (connection, request)) in ready.into_iter().enumerate() {
            let room = room.clone();
            sending.spawn(async move { (place, http::send(connection, request, room).await) });
        }
        let mut answers = BTreeMap::new();
        while let Some(sent) = sending.join_next().await {
            let (place, answer) = sent.map_err(|error| lost(Cause::Machine, error.to_string()))?;
            answers.insert(place, answer?);
        }
        Ok(answers.into_values().collect())
    }

    /// The one answer that is meant; for `each`, the first.
    pub(crate) fn answer(&self, of: &AnswerRef) -> Result<&Answer, Failure> {
        let answer = match of {
            AnswerRef::Current | AnswerRef::Each => self.answers.first(),
            AnswerRef::At(place) => self.answers.get(*place),
            AnswerRef::Last => self.answers.last(),
            AnswerRef::Named(name) => self.named.get(name),
        };
        // Plans are checked when they are made, so this is a defect of ours and not of the candidate.
        answer.ok_or_else(|| lost(Cause::Plan, "the plan speaks of an answer that is not there"))
    }

    /// All answers that are meant.
    pub(crate) fn answers(&self, of: &AnswerRef) -> Result<Vec<&Answer>, Failure> {
        match of {
            AnswerRef::Each => Ok(self.answers.iter().collect()),
            AnswerRef::Current | AnswerRef::At(_) | AnswerRef::Last | AnswerRef::Named(_) => {
                Ok(vec![self.answer(of)?])
            }
        }
    }

    fn period(&self, period: &Period) -> Result<Duration, Failure> {
        match period {
            Period::Fixed(duration) => Ok(*duration),
            Period::Remembered { number, unit } => {
                let text = number.fill(&self.values);
                let seconds = text.trim().parse::<f64>().ok().map(|number| number * unit.as_secs_f64());
                seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(|| {
                    failed(FailureClass::WrongContent, format!("`{text}` is no length of time"))
                })
            }
        }
    }

    fn capture(&mut self, capture: &Capture) -> Result<(), Failure> {
        let wrong = |message: String| failed(FailureClass::WrongContent, message);
        let value = match &capture.from {
            Source::Header(of, name) => self.answer(of)?.header(name).ok_or_else(|| {
                failed(FailureClass::WrongHeader, format!("there is no header {name} to remember"))
            })?,
            Source::Body(of) => self.answer(of)?.text(),
            Source::Field(of, path) => {
                let answer = self.answer(of)?;
                let json =
                    answer.json().ok_or_else(|| wrong(format!("the body is not JSON: {}", answer.text())))?;
                let value = values::field(&json, path)
                    .ok_or_else(|| wrong(format!("there is no field {path} to remember in {json}")))?;
                values::as_text(value)
            }
            Source::Link(part, to) => {
                if let Some(to) = to {
                    mails::select(self, to)?;
                }
                let link = links::current(self)?;
                link.part(part).ok_or_else(|| wrong(format!("the link `{}` has no such part", link.text)))?
            }
            Source::MailMatch(pattern) => {
                let mail = mails::current(self)?;
                values::find(pattern, &mail.text)
                    .ok_or_else(|| wrong(format!("nothing in the mail matches {pattern}")))?
            }
            Source::Output(part) => checks::output(self, *part)?.trim().to_owned(),
        };
        self.values.insert(capture.name.clone(), value);
        Ok(())
    }
}
