//! Plans in a short form, so that a list of sentences can say what each means.

use std::fmt::Write as _;
use std::time::Duration;

use crate::grammar::context::{Context, Prepared};
use crate::plan::{
    Action, AnswerRef, Body, Check, Command, Count, Kind, LinkPart, MailPart, Measure, OutputPart, Parts,
    Period, Predicate, Query, Request, Rows, Since, Source, StatusPattern, Template,
};

/// All actions, joined by semicolons.
pub(super) fn actions(actions: &[Action]) -> String {
    actions.iter().map(action).collect::<Vec<_>>().join("; ")
}

/// What sentences have prepared for the requests and commands that follow.
pub(super) fn prepared(context: &Context<'_>) -> String {
    let Prepared { headers: fields, without, body: text, query, .. } = &context.prepared;
    let mut shown = format!("{}{}", body(text), headers(fields));
    if !query.is_empty() {
        write!(shown, " ?{}", query.join("&")).unwrap();
    }
    if !without.is_empty() {
        write!(shown, " -[{}]", without.join("; ").to_lowercase()).unwrap();
    }
    let mut all: Vec<String> = (!shown.is_empty()).then(|| format!("prepare{shown}")).into_iter().collect();
    all.extend(context.shell.folder.iter().map(|folder| format!("in {}", folder.source())));
    all.extend(context.shell.environment.iter().map(|(name, value)| match value {
        Some(value) => format!("env {name}={}", value.source()),
        None => format!("unset {name}"),
    }));
    all.extend(context.typed.iter().map(|typed| format!("type {typed:?}")));
    all.join("; ")
}

fn action(action: &Action) -> String {
    match action {
        Action::Send { requests, times, together } => {
            let all: Vec<_> = requests.iter().map(request).collect();
            let times = if *times > 1 { format!(" x{times}") } else { String::new() };
            format!("{}{times}{}", all.join(" & "), if *together { " together" } else { "" })
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
        Action::MailServer(fault) => format!("mail server {fault:?}"),
        Action::Restart(how) => format!("restart {how:?}"),
        Action::MailWindow => "mail window".to_owned(),
        Action::NameAnswer(name) => format!("answer as {name}"),
        Action::Capture(capture) => format!("{} = {}", capture.name, source(&capture.from)),
        Action::Fresh { name, kind } => format!("{name} = fresh {kind:?}"),
        Action::Check(it) => check(it),
    }
}

fn run(command: &Command) -> String {
    let mut text =
        command.folder.as_ref().map(|folder| format!("in {}; ", folder.source())).unwrap_or_default();
    for (name, value) in &command.environment {
        match value {
            Some(value) => write!(text, "env {name}={}; ", value.source()).unwrap(),
            None => write!(text, "unset {name}; ").unwrap(),
        }
    }
    if let Some(input) = &command.input {
        write!(text, "input {}; ", quoted(input)).unwrap();
    }
    format!("{text}run `{}`", command.line.source())
}

pub(super) fn request(request: &Request) -> String {
    format!(
        "{} {}{}{}",
        request.method,
        request.path.source(),
        body(&request.body),
        headers(&request.headers)
    )
}

pub(super) fn headers(headers: &[(String, Template)]) -> String {
    if headers.is_empty() {
        return String::new();
    }
    let all: Vec<_> =
        headers.iter().map(|(name, value)| format!("{}: {}", name.to_lowercase(), value.source())).collect();
    format!(" [{}]", all.join("; "))
}

pub(super) fn body(body: &Body) -> String {
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
        AnswerRef::At(place) => format!("#{place} "),
        AnswerRef::Last => "last ".to_owned(),
        AnswerRef::Named(name) => format!("\"{name}\" "),
    }
}

fn statuses(statuses: &[StatusPattern]) -> String {
    let all: Vec<_> = statuses
        .iter()
        .map(|status| match status {
            StatusPattern::Exactly(code) => code.to_string(),
            StatusPattern::Class(digit) => format!("{digit}xx"),
        })
        .collect();
    all.join("|")
}

fn count(count: Count) -> String {
    match count.max {
        Some(max) if max == count.min => max.to_string(),
        Some(max) => format!("{}..{max}", count.min),
        None => format!("{}..", count.min),
    }
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
                write!(text, " {}x{}", count(tally.count), statuses(&tally.any_of)).unwrap();
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
        Check::SameAnswers { parts: which, differ, .. } => {
            format!("{} {}", if *differ { "different" } else { "same" }, parts(*which))
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
                Since::Start => "total ",
                Since::Window => "",
                Since::LastCheck => "further ",
            };
            let within = within.map(|time| format!(" within {}", seconds(time))).unwrap_or_default();
            format!("{since}mails {}{}{within}", count(*number), whose(to.as_ref()))
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
            format!("links{} {}{which}", whose(to.as_ref()), count(*number))
        }
        Check::Link(part, it) => format!("{} {}", link(part), predicate(it)),
        Check::LinkStandsAlone => "link stands alone".to_owned(),
        Check::Files { text, not } => {
            format!("files {}contain {}", if *not { "do not " } else { "" }, quoted(text))
        }
        Check::Log { text, not } => format!("log {}contains {}", if *not { "!" } else { "" }, quoted(text)),
        Check::File(path, it) => format!("file {} {}", path.source(), predicate(it)),
        Check::Folder { path, not } => {
            format!("folder {} {}", path.source(), if *not { "missing" } else { "present" })
        }
        Check::Query(query, Rows::Value(it)) => format!("{} {}", asked(query), predicate(it)),
        Check::Query(query, Rows::Count(number)) => format!("{} rows {}", asked(query), count(*number)),
        Check::Query(query, Rows::Are(rows)) => format!("{} {} given rows", asked(query), rows.len()),
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
        Predicate::ContainsNot(text) => format!("!contains {}", quoted(text)),
        Predicate::StartsWith(text) => format!("starts {}", quoted(text)),
        Predicate::EndsWith(text) => format!("ends {}", quoted(text)),
        Predicate::Matches(pattern) => format!("matches {pattern:?}"),
        Predicate::MatchesNot(pattern) => format!("!matches {pattern:?}"),
        Predicate::Is(it) => format!("is {}", kind(*it)),
        Predicate::IsNot(it) => format!("!is {}", kind(*it)),
        Predicate::Number(range) => {
            let min = range.min.map(|(at, with)| format!(" >{}{at}", if with { "=" } else { "" }));
            let max = range.max.map(|(at, with)| format!(" <{}{at}", if with { "=" } else { "" }));
            format!("number{}{}", min.unwrap_or_default(), max.unwrap_or_default())
        }
        Predicate::Length(measure, number) => {
            let measure = match measure {
                Measure::Characters => "characters",
                Measure::Elements => "elements",
                Measure::DecodedBytes => "bytes",
            };
            format!("length {} {measure}", count(*number))
        }
    }
}

fn kind(kind: Kind) -> String {
    format!("{kind:?}").to_lowercase()
}
