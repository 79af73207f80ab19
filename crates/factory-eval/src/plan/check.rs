//! What has to be so, as data. How each is judged is in `crate::run`.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::query::{Query, Rows};
use super::template::Template;

/// One assertion.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The status of an answer is, or is not, one of these.
    Status {
        /// Of which answer.
        of: AnswerRef,
        /// The statuses.
        any_of: Vec<StatusPattern>,
        /// Whether it must be none of them.
        not: bool,
    },
    /// So many of the current answers have such a status. All others have one of `others`, if that is given.
    Tally {
        /// Counts and statuses.
        counts: Vec<Tally>,
        /// What the rest must have.
        others: Option<Vec<StatusPattern>>,
    },
    /// The current answers have these statuses, in this order.
    Sequence(Vec<u16>),
    /// A header of an answer.
    Header(AnswerRef, String, Predicate),
    /// The body of an answer as text, or as JSON where the predicate is about JSON.
    Body(AnswerRef, Predicate),
    /// A field of an answer's JSON body.
    Field(AnswerRef, String, Predicate),
    /// The JSON body has these fields.
    Fields {
        /// Of which answer.
        of: AnswerRef,
        /// The names.
        names: Vec<String>,
        /// Whether it has no others.
        only: bool,
    },
    /// The answer came in this time.
    Within(AnswerRef, Duration),
    /// Answers are alike in these parts, or not.
    SameAnswers {
        /// Two or more.
        answers: Vec<AnswerRef>,
        /// What is compared.
        parts: Parts,
        /// Header fields that do not count, in lower case.
        except: Vec<String>,
        /// Whether they must differ.
        differ: bool,
    },
    /// A remembered value.
    Value(Template, Predicate),
    /// Remembered values are all the same, or all different.
    SameValues {
        /// Two or more.
        values: Vec<Template>,
        /// Whether no two may be the same.
        differ: bool,
    },
    /// How many mails there are.
    Mails {
        /// To this address; to anybody, if there is none.
        to: Option<Template>,
        /// How many.
        count: Count,
        /// From when on they are counted.
        since: Since,
        /// How long to wait for those that have to come, or to stay away. Without it, the usual times.
        within: Option<Duration>,
    },
    /// A part of the current mail; of the newest one to that address, if one is named.
    Mail(MailPart, Option<Template>, Predicate),
    /// How many links the current mail has; the first of them becomes the current link.
    Links {
        /// The newest mail to this address instead of the current one.
        to: Option<Template>,
        /// How many.
        count: Count,
        /// Only those whose part satisfies this.
        which: Option<(LinkPart, Predicate)>,
    },
    /// A part of the current link.
    Link(LinkPart, Predicate),
    /// The current link is followed by white space or the end of the text.
    LinkStandsAlone,
    /// A file under the scratch folder contains the text in some encoding, or none does.
    Files {
        /// What is looked for.
        text: Template,
        /// Whether none may contain it.
        not: bool,
    },
    /// The text of a file of the scratch folder, by its path below it.
    File(Template, Predicate),
    /// A folder is there below the scratch folder, or is not.
    Folder {
        /// Its path below the scratch folder.
        path: Template,
        /// Whether it must not be there.
        not: bool,
    },
    /// The service's log contains the text in some encoding, or does not.
    Log {
        /// What is looked for.
        text: Template,
        /// Whether it must not.
        not: bool,
    },
    /// A query of a SQLite database in the scratch folder gives this.
    Query(Query, Rows),
    /// How the last command ended, as a number.
    Exit(Predicate),
    /// What the last command printed.
    Output(OutputPart, Predicate),
}

/// Which answer is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerRef {
    /// The only current one.
    Current,
    /// Every current one.
    Each,
    /// The current one at this place, from 0.
    At(usize),
    /// The last of the current ones.
    Last,
    /// The one that got this name.
    Named(String),
}

/// One status or a class of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusPattern {
    /// Exactly this.
    Exactly(u16),
    /// This first digit.
    Class(u16),
}

impl StatusPattern {
    /// Whether a status is meant by it.
    pub fn matches(self, status: u16) -> bool {
        match self {
            StatusPattern::Exactly(exact) => status == exact,
            StatusPattern::Class(digit) => status / 100 == digit,
        }
    }
}

/// So many answers with such a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many.
    pub count: Count,
    /// With one of these.
    pub any_of: Vec<StatusPattern>,
}

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Count {
    /// At least.
    pub min: usize,
    /// At most.
    pub max: Option<usize>,
}

impl Count {
    /// Neither more nor fewer.
    pub fn exactly(count: usize) -> Self {
        Count { min: count, max: Some(count) }
    }

    /// Whether that many are right.
    pub fn holds(self, count: usize) -> bool {
        count >= self.min && self.max.is_none_or(|max| count <= max)
    }
}

/// Bounds of a number, each inclusive or not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    /// Lower bound, and whether the bound itself is allowed.
    pub min: Option<(f64, bool)>,
    /// Upper bound, and whether the bound itself is allowed.
    pub max: Option<(f64, bool)>,
}

impl Range {
    /// Whether a number is within.
    pub fn holds(self, number: f64) -> bool {
        self.min.is_none_or(|(bound, allowed)| number > bound || (allowed && number == bound))
            && self.max.is_none_or(|(bound, allowed)| number < bound || (allowed && number == bound))
    }
}

/// What a thing can be asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Predicate {
    /// It is there.
    Present,
    /// It is not.
    Missing,
    /// It is this text; or this JSON value, if the thing is JSON.
    Equals(Value),
    /// It is another.
    NotEquals(Value),
    /// It is this text, byte by byte.
    Exactly(Template),
    /// As JSON it has at least these members, and arrays have exactly these elements.
    Includes(Value),
    /// It has this text in it; an array has this element.
    Contains(Template),
    /// It has not.
    ContainsNot(Template),
    /// It begins so.
    StartsWith(Template),
    /// It ends so.
    EndsWith(Template),
    /// A regular expression finds something in it.
    Matches(String),
    /// It finds nothing.
    MatchesNot(String),
    /// It is of this kind.
    Is(Kind),
    /// It is not of this kind.
    IsNot(Kind),
    /// It is a number in this range.
    Number(Range),
    /// So many characters, elements or bytes.
    Length(Measure, Count),
}

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text, as opposed to other JSON.
    String,
    /// A number, or text that reads as one where all is text.
    Number,
    /// A number without a fraction.
    Integer,
    /// An integer above 0.
    PositiveInteger,
    /// An integer from 0.
    NonNegativeInteger,
    /// `true` or `false`.
    Boolean,
    /// `null`.
    Null,
    /// A JSON array.
    Array,
    /// A JSON object.
    Object,
    /// Any JSON.
    Json,
    /// Nothing in it.
    Empty,
    /// RFC 9562 text form.
    Uuid,
    /// ISO 8601 date and time with zone.
    Timestamp,
    /// `local@domain.tld`.
    Email,
    /// `http://` or `https://`.
    Url,
    /// RFC 4648 section 5 alphabet, no padding.
    Base64Url,
    /// Hexadecimal digits.
    Hexadecimal,
}

/// What is counted as a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Unicode code points.
    Characters,
    /// Elements of an array or members of an object.
    Elements,
    /// Bytes after decoding base64url.
    DecodedBytes,
}

/// What is compared of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Parts {
    /// The status.
    pub status: bool,
    /// The header fields.
    pub headers: bool,
    /// The body, byte by byte.
    pub body: bool,
}

/// From when on mails are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// The start of the scenario.
    Start,
    /// The first `When` after a `Given` or a `Then`.
    Window,
    /// The mails that a sentence about mail has found already.
    LastCheck,
}

/// A part of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailPart {
    /// The decoded subject.
    Subject,
    /// The decoded plain text.
    Text,
    /// The sender's address.
    From,
    /// The address that it goes to.
    Recipient,
    /// Everything as it was sent.
    Raw,
}

/// A part of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPart {
    /// All of it.
    Whole,
    /// The path, without query and fragment.
    Path,
    /// The host, without the port.
    Host,
    /// All of the query, without the question mark.
    Query,
    /// One parameter of the query, percent-decoded.
    Parameter(String),
}

/// Which output of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputPart {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Both, one after the other.
    Both,
}
