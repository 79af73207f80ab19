//! What a step does.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::check::{AnswerRef, Check, LinkPart, OutputPart};
use super::template::Template;

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Requests, which become the current answers. More than one request together goes out at the same time; one request
    /// with `times` above 1 goes out one after another.
    Send {
        /// What is sent. All of it at the same time if `together`.
        requests: Vec<Request>,
        /// How often each.
        times: u32,
        /// Whether all go out at the same time.
        together: bool,
    },
    /// A shell command in the candidate's project.
    Run(Command),
    /// SQL is run on a database of the scratch folder, which is made if it is not there.
    Seed {
        /// The file, relative to the scratch folder.
        file: Template,
        /// The statements. Values are filled in as within quotation marks of SQL.
        script: Template,
    },
    /// A file of the scratch folder is written, with the folders that it needs.
    WriteFile {
        /// Its path below the scratch folder.
        path: Template,
        /// What is written.
        text: Template,
        /// Whether it is added to what is there.
        append: bool,
    },
    /// A folder below the scratch folder is made, with those that it needs. It may be there.
    MakeFolder(Template),
    /// A file of the scratch folder is removed. It has to be there.
    RemoveFile(Template),
    /// The service's clock goes forward.
    Advance(Period),
    /// Real time goes by.
    Wait(Duration),
    /// The mail server misbehaves or behaves again.
    MailServer(Fault),
    /// The service is stopped and started again on the same data.
    Restart(Stop),
    /// From here on mails are counted anew.
    MailWindow,
    /// The current answer gets a name.
    NameAnswer(String),
    /// A value is remembered.
    Capture(Capture),
    /// A value is made anew.
    Fresh {
        /// Its name.
        name: String,
        /// What it looks like.
        kind: Fresh,
    },
    /// Something has to be so.
    Check(Check),
}

/// A shell command with placeholders, and what it is started with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Command {
    /// What the shell is given.
    pub line: Template,
    /// The folder below the scratch folder that it runs in, instead of the usual one.
    pub folder: Option<Template>,
    /// Variables that are set, or taken away where there is no value.
    pub environment: Vec<(String, Option<Template>)>,
    /// Its standard input. Without it, that is empty.
    pub input: Option<Template>,
}

impl Command {
    /// The command in the usual folder and environment, without input.
    pub fn new(line: Template) -> Self {
        Command { line, folder: None, environment: Vec::new(), input: None }
    }
}

/// A request with placeholders.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path with its query; or a whole address that begins with `{url}` or `http://`.
    pub path: Template,
    /// Header fields beside those that the body brings.
    pub headers: Vec<(String, Template)>,
    /// What is sent in it.
    pub body: Body,
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Nothing.
    None,
    /// A JSON value, sent as `application/json`.
    Json(Value),
    /// Text as it stands, with this content type unless a header says another.
    Text {
        /// The text.
        text: Template,
        /// Its content type.
        media: String,
    },
    /// So many bytes of `x`.
    Bytes(u64),
}

/// How far a clock moves.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// By this much.
    Fixed(Duration),
    /// By a remembered number of units.
    Remembered {
        /// Must be a number when it is filled in.
        number: Template,
        /// How long one is.
        unit: Duration,
    },
}

/// What the mail server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Nothing.
    None,
    /// Refuses connections.
    Down,
    /// Refuses every recipient.
    Reject,
    /// Never answers.
    Hang,
}

/// How the service is stopped before it is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Asked to end.
    Asked,
    /// Killed.
    Killed,
}

/// A value that is remembered from what the service did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Capture {
    /// The name it gets.
    pub name: String,
    /// Where it is taken from.
    pub from: Source,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A header of an answer.
    Header(AnswerRef, String),
    /// The whole body of an answer.
    Body(AnswerRef),
    /// A field of a JSON body.
    Field(AnswerRef, String),
    /// A part of the current link; of the first link of the newest mail to that address, if one is named.
    Link(LinkPart, Option<Template>),
    /// The first group of a regular expression over the current mail's text, or all of its match.
    MailMatch(String),
    /// Output of the last command, without the white space at its ends.
    Output(OutputPart),
}

/// What a value that is made anew looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fresh {
    /// An address at `example.test`.
    Email,
    /// 16 characters with upper and lower case letters and digits.
    Password,
    /// 43 characters of base64url, as of 32 bytes.
    Token,
    /// 12 lower case letters.
    Word,
}
