//! Plans in words, for people: each step on one line.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::{
    Action, AnswerRef, Body, Check, Command, Count, Fault, Fresh, Kind, LinkPart, MailPart, Measure,
    OutputPart, Parts, Period, Predicate, Query, Range, Request, Rows, Since, Source, StatusPattern, Stop,
    Template,
};

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&action(self))
    }
}

impl Display for Predicate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&predicate(self))
    }
}

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.max {
            Some(max) if max == self.min => write!(f, "{max}"),
            Some(max) if self.min == 0 => write!(f, "at most {max}"),
            Some(max) => write!(f, "{} to {max}", self.min),
            None => write!(f, "at least {}", self.min),
        }
    }
}

impl Display for StatusPattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            StatusPattern::Exactly(code) => write!(f, "{code}"),
            StatusPattern::Class(digit) => write!(f, "{digit}xx"),
        }
    }
}

fn action(action: &Action) -> String {
    match action {
        Action::Send { requests, times, together } => {
            let all: Vec<_> = requests.iter().map(request).collect();
            let times = if *times > 1 { format!(" {times} times") } else { String::new() };
            format!("{}{times}{}", all.join(" & "), if *together { " at the same time" } else { "" })
        }
        Action::Run(command) => run(command),
        Action::Seed { file, script } => format!("seed {} {}", file.source(), quoted(script)),
        Action::WriteFile { path, text, append } => {
            format!("{} {} {}", if *append { "append" } else { "write" }, path.source(), quoted(text))
        }
        Action::MakeFolder(path) => format!("mkdir {}", path.source()),
        Action::RemoveFile(path) => format!("remove {}", path.source()),
        Action::Advance(Period::Fixed(by)) => format!("advance {}", seconds(*by)),
        Action::Advance(Period::Remembered { number, unit }) => {
            format!("advance {} of {}", number.source(), seconds(*unit))
        }
        Action::Wait(time) => format!("wait {}", seconds(*time)),
        Action::MailServer(fault) => format!(
            "the mail server {}",
            match fault {
                Fault::None => "works again",
                Fault::Down => "is down",
                Fault::Reject => "rejects all mail",
                Fault::Hang => "hangs",
            }
        ),
        Action::Restart(how) => match how {
            Stop::Asked => "restart the service".to_owned(),
            Stop::Killed => "kill the service and start it again".to_owned(),
        },
        Action::MailWindow => "mails are counted from here on".to_owned(),
        Action::NameAnswer(name) => format!("the answer is called {name}"),
        Action::Capture(capture) => format!("{} = {}", capture.name, source(&capture.from)),
        Action::Fresh { name, kind } => {
            let kind = match kind {
                Fresh::Email => "email address",
                Fresh::Password => "password",
                Fresh::Token => "token",
                Fresh::Word => "word",
            };
            format!("{name} = a fresh {kind}")
        }
        Action::Check(it) => check(it),
    }
}

fn run(command: &Command) -> String {
    let mut text =
        command.folder.as_ref().map(|folder| format!("in {}; ", folder.source())).unwrap_or_default();
    for (name, value) in &command.environment {
        match value {
            Some(value) => text.push_str(&format!("env {name}={}; ", value.source())),
            None => text.push_str(&format!("unset {name}; ")),
        }
    }
    if let Some(input) = &command.input {
        text.push_str(&format!("input {}; ", quoted(input)));
    }
    format!("{text}run `{}`", command.line.source())
}

pub(crate) fn request(request: &Request) -> String {
    format!(
        "{} {}{}{}",
        request.method,
        request.path.source(),
        body(&request.body),
        headers(&request.headers)
    )
}

pub(crate) fn headers(headers: &[(String, Template)]) -> String {
    if headers.is_empty() {
        return String::new();
    }
    let all: Vec<_> =
        headers.iter().map(|(name, value)| format!("{}: {}", name.to_lowercase(), value.source())).collect();
    format!(" [{}]", all.join("; "))
}

pub(crate) fn body(body: &Body) -> String {
    match body {
        Body::None => String::new(),
        Body::Json(value) => format!(" json {value}"),
        Body::Bytes(count) => format!(" bytes {count}"),
        Body::Text { text, media } => match serde_json::from_str::<serde_json::Value>(text.source()) {
            Ok(value) if media == "application/json" => format!(" json {value}"),
            _ if media.ends_with("form-urlencoded") => format!(" form {}", text.source()),
            _ if media.starts_with("text/plain") => format!(" text {}", text.source()),
            _ => format!(" {media} {}", text.source()),
        },
    }
}

fn quoted(text: &Template) -> String {
    format!("{:?}", text.source())
}

fn seconds(time: Duration) -> String {
    format!("{}s", time.as_secs_f64())
}

fn source(source: &Source) -> String {
    match source {
        Source::Header(of, name) => format!("{}header {}", answer(of), name.to_lowercase()),
        Source::Body(of) => format!("{}body", answer(of)),
        Source::Field(of, path) => format!("{}field {}", answer(of), plain(path)),
        Source::Link(part, to) => format!("{}{}", link(part), whose(to.as_ref())),
        Source::MailMatch(pattern) => format!("mail match {pattern}"),
        Source::Output(part) => output(*part).to_owned(),
    }
}

fn plain(path: &str) -> &str {
    path.strip_prefix("$.").unwrap_or(path)
}

fn answer(of: &AnswerRef) -> String {
    match of {
        AnswerRef::Current => String::new(),
        AnswerRef::Each => "each ".to_owned(),
        AnswerRef::At(place) => format!("answer {} ", place + 1),
        AnswerRef::Last => "last ".to_owned(),
        AnswerRef::Named(name) => format!("\"{name}\" "),
    }
}

pub(crate) fn statuses(statuses: &[StatusPattern]) -> String {
    statuses.iter().map(StatusPattern::to_string).collect::<Vec<_>>().join("|")
}

fn whose(to: Option<&Template>) -> String {
    to.map(|to| format!(" to {}", to.source())).unwrap_or_default()
}

fn link(part: &LinkPart) -> String {
    match part {
        LinkPart::Whole => "link".to_owned(),
        LinkPart::Path => "link path".to_owned(),
        LinkPart::Host => "link host".to_owned(),
        LinkPart::Query => "link query".to_owned(),
        LinkPart::Parameter(name) => format!("link param {name}"),
    }
}

fn output(part: OutputPart) -> &'static str {
    match part {
        OutputPart::Stdout => "stdout",
        OutputPart::Stderr => "stderr",
        OutputPart::Both => "output",
    }
}

fn parts(parts: Parts) -> String {
    let all = [(parts.status, "status"), (parts.headers, "headers"), (parts.body, "body")];
    all.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect::<Vec<_>>().join("+")
}

fn asked(query: &Query) -> String {
    format!("query {} `{}`", query.file.source(), query.sql)
}

fn check(check: &Check) -> String {
    match check {
        Check::Status { of, any_of, not } => {
            format!("{}status {}{}", answer(of), if *not { "not " } else { "" }, statuses(any_of))
        }
        Check::Tally { counts, others } => {
            let mut text = "tally".to_owned();
            for tally in counts {
                text.push_str(&format!(" {} of {}", tally.count, statuses(&tally.any_of)));
            }
            others.as_ref().map_or(text.clone(), |others| format!("{text} others {}", statuses(others)))
        }
        Check::Sequence(codes) => {
            format!("sequence {}", codes.iter().map(u16::to_string).collect::<Vec<_>>().join(","))
        }
        Check::Header(of, name, it) => {
            format!("{}header {} {}", answer(of), name.to_lowercase(), predicate(it))
        }
        Check::Body(of, it) => format!("{}body {}", answer(of), predicate(it)),
        Check::Field(of, path, it) => format!("{}field {} {}", answer(of), plain(path), predicate(it)),
        Check::Fields { of, names, only } => {
            format!("{}{}fields {}", answer(of), if *only { "only " } else { "" }, names.join(","))
        }
        Check::Within(of, limit) => format!("{}within {}", answer(of), seconds(*limit)),
        Check::SameAnswers { answers, parts: which, except, differ } => {
            let of = |of: &AnswerRef| match of {
                AnswerRef::Current => "the answer".to_owned(),
                AnswerRef::Each => "each answer".to_owned(),
                AnswerRef::Last => "the last answer".to_owned(),
                AnswerRef::At(_) | AnswerRef::Named(_) => answer(of).trim_end().to_owned(),
            };
            let of: Vec<String> = answers.iter().map(of).collect();
            let except =
                if except.is_empty() { String::new() } else { format!(" but for {}", except.join(", ")) };
            format!(
                "{} {} of {}{except}",
                if *differ { "different" } else { "same" },
                parts(*which),
                of.join(", ")
            )
        }
        Check::Value(value, it) => {
            format!("value {} {}", value.source().trim_matches(['{', '}']), predicate(it))
        }
        Check::SameValues { values, differ } => {
            let names: Vec<_> = values.iter().map(|value| value.source().trim_matches(['{', '}'])).collect();
            format!("{} {}", if *differ { "different" } else { "same" }, names.join(","))
        }
        Check::Mails { to, count: number, since, within } => {
            let since = match since {
                Since::Start => "in total ",
                Since::Window => "",
                Since::LastCheck => "further ",
            };
            let within = within.map(|time| format!(" within {}", seconds(time))).unwrap_or_default();
            format!("{since}mails {}{}{within}", number, whose(to.as_ref()))
        }
        Check::Mail(part, to, it) => {
            let part = match part {
                MailPart::Subject => "subject",
                MailPart::Text => "text",
                MailPart::From => "from",
                MailPart::Recipient => "recipient",
                MailPart::Raw => "raw",
            };
            format!("mail{} {part} {}", whose(to.as_ref()), predicate(it))
        }
        Check::Links { to, count: number, which } => {
            let which = which.as_ref().map(|(part, it)| format!(" {} {}", link(part), predicate(it)));
            let which = which.unwrap_or_default().replace(" link", "");
            format!("links{} {}{which}", whose(to.as_ref()), number)
        }
        Check::Link(part, it) => format!("{} {}", link(part), predicate(it)),
        Check::LinkStandsAlone => "link stands alone".to_owned(),
        Check::Files { text, not } => {
            format!("files {}contain {}", if *not { "do not " } else { "" }, quoted(text))
        }
        Check::Log { text, not } => {
            format!("log {} {}", if *not { "does not contain" } else { "contains" }, quoted(text))
        }
        Check::File(path, it) => format!("file {} {}", path.source(), predicate(it)),
        Check::Folder { path, not } => {
            format!("folder {} {}", path.source(), if *not { "missing" } else { "present" })
        }
        Check::Query(query, Rows::Value(it)) => format!("{} {}", asked(query), predicate(it)),
        Check::Query(query, Rows::Count(number)) => format!("{} rows {}", asked(query), number),
        Check::Query(query, Rows::Are(rows)) => {
            let row = |row: &Vec<Template>| row.iter().map(Template::source).collect::<Vec<_>>().join(" | ");
            format!("{} rows {}", asked(query), rows.iter().map(row).collect::<Vec<_>>().join("; "))
        }
        Check::Exit(it) => format!("exit {}", predicate(it)),
        Check::Output(part, it) => format!("{} {}", output(*part), predicate(it)),
    }
}

fn predicate(predicate: &Predicate) -> String {
    match predicate {
        Predicate::Present => "present".to_owned(),
        Predicate::Missing => "missing".to_owned(),
        Predicate::Equals(value) => format!("= {value}"),
        Predicate::NotEquals(value) => format!("!= {value}"),
        Predicate::Exactly(text) => format!("= {}", quoted(text)),
        Predicate::Includes(value) => format!("includes {value}"),
        Predicate::Contains(text) => format!("contains {}", quoted(text)),
        Predicate::ContainsNot(text) => format!("does not contain {}", quoted(text)),
        Predicate::StartsWith(text) => format!("starts with {}", quoted(text)),
        Predicate::EndsWith(text) => format!("ends with {}", quoted(text)),
        Predicate::Matches(pattern) => format!("matches `{pattern}`"),
        Predicate::MatchesNot(pattern) => format!("does not match `{pattern}`"),
        Predicate::Is(it) => format!("is {}", kind(*it)),
        Predicate::IsNot(it) => format!("is not {}", kind(*it)),
        Predicate::Number(Range { min, max }) => {
            let min = min.map(|(at, with)| format!("{} {at}", if with { "at least" } else { "more than" }));
            let max = max.map(|(at, with)| format!("{} {at}", if with { "at most" } else { "less than" }));
            let bounds: Vec<String> = min.into_iter().chain(max).collect();
            format!("is {}", bounds.join(" and "))
        }
        Predicate::Length(measure, number) => {
            let measure = match measure {
                Measure::Characters => "characters",
                Measure::Elements => "elements",
                Measure::DecodedBytes => "bytes",
            };
            format!("has {number} {measure}")
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "a string",
        Kind::Number => "a number",
        Kind::Integer => "an integer",
        Kind::PositiveInteger => "a positive integer",
        Kind::NonNegativeInteger => "a non-negative integer",
        Kind::Boolean => "a boolean",
        Kind::Null => "null",
        Kind::Array => "an array",
        Kind::Object => "an object",
        Kind::Json => "JSON",
        Kind::Empty => "empty",
        Kind::Uuid => "a UUID",
        Kind::Timestamp => "a timestamp",
        Kind::Email => "an email address",
        Kind::Url => "a URL",
        Kind::Base64Url => "base64url",
        Kind::Hexadecimal => "hexadecimal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_bounds_are_words() {
        let count = |min, max| Count { min, max }.to_string();
        let counts = [count(2, Some(2)), count(0, Some(2)), count(1, Some(2)), count(1, None)];
        assert_eq!(counts, ["2", "at most 2", "1 to 2", "at least 1"]);
        let number = |min, max| Predicate::Number(Range { min, max }).to_string();
        assert_eq!(number(Some((1.0, true)), Some((2.5, false))), "is at least 1 and less than 2.5");
        assert_eq!(Predicate::Length(Measure::Characters, Count::exactly(3)).to_string(), "has 3 characters");
        assert_eq!(Predicate::Is(Kind::PositiveInteger).to_string(), "is a positive integer");
        assert_eq!(statuses(&[StatusPattern::Exactly(404), StatusPattern::Class(5)]), "404|5xx");
    }

    #[test]
    fn everything_that_is_compared_is_named() {
        let named = |name: &str| AnswerRef::Named(name.to_owned());
        let parts = Parts { status: true, headers: true, body: false };
        let (answers, except) = (vec![named("known"), AnswerRef::At(1)], vec!["date".to_owned()]);
        let check = Check::SameAnswers { answers, parts, except, differ: false };
        let shown = Action::Check(check).to_string();
        assert_eq!(shown, "same status+headers of \"known\", answer 2 but for date");
        let restarts = [Stop::Asked, Stop::Killed].map(|how| Action::Restart(how).to_string());
        assert_eq!(restarts, ["restart the service", "kill the service and start it again"]);
    }
}
