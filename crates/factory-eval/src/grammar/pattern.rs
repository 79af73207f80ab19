//! The notation of the rules: regular expressions over skeletons with named, typed holes.
//!
//! `{name:kind}` is a hole, `~` an optional article or pronoun with the space after it. Everything else is the syntax of
//! the `regex` crate. Patterns match the whole text, without regard to case.

use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use regex::{Captures, Regex};
use serde_json::Value;

use super::context::Context;
use super::lex::Literal;
use crate::plan::{Count, Period, StatusPattern, Template};

/// A pattern that is compiled when first used.
pub(crate) struct Pattern {
    source: &'static str,
    /// What `@` in the source stands for.
    part: &'static str,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    pub(crate) const fn new(source: &'static str) -> Self {
        Pattern { source, part: "@", compiled: OnceLock::new() }
    }

    /// A pattern in which `@` stands for `part`, which several patterns share.
    pub(crate) const fn with_part(source: &'static str, part: &'static str) -> Self {
        Pattern { source, part, compiled: OnceLock::new() }
    }

    /// Matches all of `text`.
    pub(crate) fn apply<'a>(&self, text: Text<'a>) -> Option<Found<'a>> {
        let regex = self.compiled.get_or_init(|| {
            let source = format!("(?i)^(?:{})$", expand(&self.source.replace('@', self.part)));
            Regex::new(&source).expect("the patterns of the grammar are fixed")
        });
        regex.captures(text.skeleton).map(|captures| Found { captures, text })
    }

    pub(crate) fn matches(&self, text: Text<'_>) -> bool {
        self.apply(text).is_some()
    }
}

/// Part of a sentence: a piece of its skeleton, and its literals.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) skeleton: &'a str,
    pub(crate) literals: &'a [Literal],
}

impl<'a> Text<'a> {
    /// Another piece of the same sentence.
    pub(crate) fn piece(self, skeleton: &'a str) -> Text<'a> {
        Text { skeleton: skeleton.trim(), literals: self.literals }
    }
}

const NUMBER: &str = r"[+-]?\d+(?:,\d{3})*(?:\.\d+)?";
const COUNT: &str = r"\d+(?:,\d{3})*|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|no|zero|twenty|hundred";
const QUANTIFIER: &str = "exactly|only|at least|no fewer than|not fewer than|no less than|not less than|more than|at most|no more than|not more than|up to|fewer than|less than";
/// Ways to say which answer; read by `super::subject`.
const ANSWER: &str = concat!(
    r"(?:each|every|all|both)(?: of)?(?: the| these| those)?(?: [0-9]+| two| three| four| five| ten)? ?(?:answers?|requests?|them|ones)?",
    r"|(?:the )?(?:first|second|third|fourth|fifth|sixth|last|[0-9]+(?:st|nd|rd|th)) (?:answer|request|one)",
    r"|(?:the )?answers? (?:called |named )?⟦[qh]\d+⟧|⟦q\d+⟧",
    r"|(?:the |that |its |this )?(?:answer|request)|it",
);
const UNIT: &str = r"ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|weeks?";
/// Phrases that name a status by themselves. Others, such as “Accepted”, only do after a number or the word status.
const REASONS: &[&str] = &[
    "ok",
    "no content",
    "moved permanently",
    "see other",
    "not modified",
    "temporary redirect",
    "permanent redirect",
    "bad request",
    "unauthorized",
    "payment required",
    "forbidden",
    "not found",
    "method not allowed",
    "not acceptable",
    "request timeout",
    "conflict",
    "precondition failed",
    "payload too large",
    "unsupported media type",
    "unprocessable entity",
    "too many requests",
    "internal server error",
    "not implemented",
    "bad gateway",
    "service unavailable",
    "gateway timeout",
];
const CLASSES: &str = "successful|success|client error|server error|redirection|informational";

/// One status: a number with or without its phrase, a class, or a phrase that is clear by itself.
fn status_source() -> &'static str {
    static SOURCE: LazyLock<String> = LazyLock::new(|| {
        let reasons = REASONS.join("|").replace(' ', "[ _]");
        format!(
            r"(?:(?:status|http|code) )*(?:[1-5]\d\d(?: (?:{}|⟦q\d+⟧))?|[1-5]xx)(?: status)?|(?:status )?(?:{reasons}|{CLASSES})",
            all_reasons()
        )
    });
    &SOURCE
}

/// The phrases of all statuses that have one.
fn all_reasons() -> &'static str {
    static SOURCE: LazyLock<String> = LazyLock::new(|| {
        let mut all: Vec<String> = (100..600)
            .filter_map(|code| hyper::StatusCode::from_u16(code).ok()?.canonical_reason())
            // “not Found” would be another status than “Not Found”.
            .filter(|reason| *reason != "Found")
            .map(|reason| regex::escape(&reason.to_lowercase()).replace(' ', "[ _]"))
            .collect();
        // The longest first, so that none is taken for a part of another.
        all.sort_by_key(|reason| std::cmp::Reverse(reason.len()));
        all.dedup();
        all.join("|")
    });
    &SOURCE
}

/// Several of them, as the source of a regular expression.
pub(crate) fn statuses_source() -> &'static str {
    static SOURCE: LazyLock<String> = LazyLock::new(|| {
        let one = format!("(?:{})", status_source());
        format!(r"{one}(?:(?:, or |, | or ){one})*")
    });
    &SOURCE
}

/// The status that a reason phrase stands for.
fn code_of(reason: &str) -> Option<u16> {
    let reason = reason.to_lowercase().replace('_', " ");
    let reason = match reason.as_str() {
        "unauthorised" => "unauthorized",
        other => other,
    };
    (100..600).find(|code| {
        let known = hyper::StatusCode::from_u16(*code).ok().and_then(|status| status.canonical_reason());
        known.is_some_and(|known| known.eq_ignore_ascii_case(reason))
    })
}

fn expand(source: &str) -> String {
    static HOLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\{(?P<name>[a-z_]+):(?P<kind>[a-z]+)\}").expect("the pattern is fixed")
    });
    let source = HOLE.replace_all(source, |hole: &Captures<'_>| {
        let kind = match &hole["kind"] {
            "text" => r"⟦[qhep]\d+⟧".to_owned(),
            "quoted" => r"⟦q\d+⟧".to_owned(),
            "json" => r"⟦j\d+⟧".to_owned(),
            "path" => r"⟦[pqh]\d+⟧".to_owned(),
            "word" => r"⟦[qhe]\d+⟧|[\pL_$][\w$.\[\]-]*".to_owned(),
            "value" => format!(r"⟦[qhejp]\d+⟧|{NUMBER}|true|false|null|(?:the|that) [A-Za-z_][\w-]*"),
            "number" => NUMBER.to_owned(),
            "count" => COUNT.to_owned(),
            "quantifier" => QUANTIFIER.to_owned(),
            "duration" => {
                let one = format!(r"(?:(?:(?:⟦h\d+⟧|{NUMBER}) ?|\b(?:half an?|{COUNT}) )(?:{UNIT})\b)");
                format!(r"{one}(?:(?:,? and |, | ){one})*")
            }
            "answer" => ANSWER.to_owned(),
            "statuses" => statuses_source().to_owned(),
            // What follows the word status, where everything names one.
            "codes" => format!(r"{}|(?:{})|⟦q\d+⟧", statuses_source(), all_reasons()),
            "any" => ".+".to_owned(),
            "maybe" => ".*".to_owned(),
            other => unreachable!("there is no kind {other} in the grammar"),
        };
        format!("(?P<{}>{kind})", &hole["name"])
    });
    source.replace('~', "(?:(?:the|a|an|its|that|this|their|his|her|any) )?")
}

/// What the holes of a pattern hold.
pub(crate) struct Found<'a> {
    captures: Captures<'a>,
    text: Text<'a>,
}

impl<'a> Found<'a> {
    /// The piece of skeleton in a hole.
    pub(crate) fn get(&self, hole: &str) -> Option<&'a str> {
        self.captures.name(hole).map(|found| found.as_str())
    }

    /// The piece as text to match further.
    pub(crate) fn piece(&self, hole: &str) -> Option<Text<'a>> {
        self.get(hole).map(|skeleton| self.text.piece(skeleton))
    }

    /// A name or other bare text: a word, or what is quoted.
    pub(crate) fn word(&self, hole: &str) -> Option<String> {
        let piece = self.get(hole)?;
        Some(match literal(self.text, piece) {
            Some(
                Literal::Quoted(text) | Literal::Path(text) | Literal::Address(text) | Literal::Name(text),
            ) => text.clone(),
            Some(Literal::Json(value)) => value.to_string(),
            None => piece.to_owned(),
        })
    }

    /// A value; nothing if the hole is empty or speaks of a name that is not remembered.
    pub(crate) fn value(&self, hole: &str, context: &Context<'_>) -> Option<Value> {
        let piece = self.get(hole)?;
        if let Some(literal) = literal(self.text, piece) {
            return Some(match literal {
                Literal::Quoted(text) | Literal::Path(text) | Literal::Address(text) => {
                    Value::String(text.clone())
                }
                Literal::Name(name) => Value::String(format!("{{{name}}}")),
                Literal::Json(value) => value.clone(),
            });
        }
        match piece.to_lowercase().as_str() {
            "true" => return Some(Value::Bool(true)),
            "false" => return Some(Value::Bool(false)),
            "null" => return Some(Value::Null),
            _ => {}
        }
        if let Some(name) = strip_article(piece) {
            return context.knows(name).then(|| Value::String(format!("{{{name}}}")));
        }
        let number = piece.replace(',', "");
        let number = number.strip_prefix('+').unwrap_or(&number);
        serde_json::from_str(number).ok()
    }

    /// A value as text to be filled in.
    pub(crate) fn template(&self, hole: &str, context: &Context<'_>) -> Option<Template> {
        Some(match self.value(hole, context)? {
            Value::String(text) => Template::new(text),
            other => Template::new(other.to_string()),
        })
    }

    pub(crate) fn json(&self, hole: &str) -> Option<&'a Value> {
        match literal(self.text, self.get(hole)?)? {
            Literal::Json(value) => Some(value),
            Literal::Quoted(_) | Literal::Name(_) | Literal::Path(_) | Literal::Address(_) => None,
        }
    }

    pub(crate) fn number(&self, hole: &str) -> Option<f64> {
        self.get(hole)?.replace(',', "").parse().ok()
    }

    pub(crate) fn count(&self, hole: &str) -> Option<usize> {
        count(self.get(hole)?)
    }

    pub(crate) fn statuses(&self, hole: &str) -> Option<Vec<StatusPattern>> {
        statuses(self.text, self.get(hole)?)
    }

    /// A duration that is known now.
    pub(crate) fn fixed_duration(&self, hole: &str) -> Option<Duration> {
        match self.period(hole)?.ok()? {
            Period::Fixed(duration) => Some(duration),
            Period::Remembered { .. } => None,
        }
    }

    /// A duration that may depend on a remembered number.
    pub(crate) fn period(&self, hole: &str) -> Option<Result<Period, String>> {
        static PART: LazyLock<Regex> = LazyLock::new(|| {
            let source = format!(
                r"(?i)(?:(?P<number>⟦h\d+⟧|{NUMBER}) ?|\b(?P<word>half an?|{COUNT}) )(?P<unit>{UNIT})\b"
            );
            Regex::new(&source).expect("the pattern is fixed")
        });
        let piece = self.get(hole)?;
        let mut total = Duration::ZERO;
        let mut parts = 0;
        let mut remembered = None;
        for part in PART.captures_iter(piece) {
            parts += 1;
            let unit = unit(&part["unit"]);
            let number =
                part.name("number").or_else(|| part.name("word")).map_or("", |number| number.as_str());
            match literal(self.text, number) {
                Some(Literal::Name(name)) => {
                    remembered =
                        Some(Period::Remembered { number: Template::new(format!("{{{name}}}")), unit });
                }
                _ => {
                    let number = match number.to_lowercase().as_str() {
                        "half a" | "half an" => 0.5,
                        word => match count(word) {
                            Some(count) => count as f64,
                            None => {
                                word.replace(',', "").parse().ok().filter(|number: &f64| *number >= 0.0)?
                            }
                        },
                    };
                    match Duration::try_from_secs_f64(number * unit.as_secs_f64()) {
                        Ok(part) => total += part,
                        Err(_) => return Some(Err("this time is too long".to_owned())),
                    }
                }
            }
        }
        Some(match remembered {
            Some(period) if parts == 1 => Ok(period),
            Some(_) => {
                Err("a remembered number of seconds cannot be added to another time; use two sentences"
                    .to_owned())
            }
            None => Ok(Period::Fixed(total)),
        })
    }
}

/// The literal that a piece of skeleton is the marker of.
pub(crate) fn literal<'a>(text: Text<'a>, piece: &str) -> Option<&'a Literal> {
    let number: String = piece.strip_prefix('⟦')?.strip_suffix('⟧')?.chars().skip(1).collect();
    text.literals.get(number.parse::<usize>().ok()?)
}

/// The piece with its literals put back, for raw text such as the value of a header.
pub(crate) fn restore(text: Text<'_>, piece: &str) -> String {
    static MARKER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"⟦[a-z]\d+⟧").expect("the pattern is fixed"));
    MARKER
        .replace_all(piece, |found: &Captures<'_>| match literal(text, &found[0]) {
            Some(Literal::Quoted(text) | Literal::Path(text) | Literal::Address(text)) => text.clone(),
            Some(Literal::Name(name)) => format!("{{{name}}}"),
            Some(Literal::Json(value)) => value.to_string(),
            None => String::new(),
        })
        .into_owned()
}

fn strip_article(piece: &str) -> Option<&str> {
    let (article, name) = piece.split_once(' ')?;
    matches!(article.to_lowercase().as_str(), "the" | "that").then_some(name)
}

pub(crate) fn count(text: &str) -> Option<usize> {
    Some(match text.to_lowercase().as_str() {
        "no" | "zero" => 0,
        "a" | "an" | "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "eleven" => 11,
        "twelve" => 12,
        "twenty" => 20,
        "hundred" => 100,
        other => other.replace(',', "").parse().ok()?,
    })
}

/// The statuses in a piece of skeleton, such as `200 OK, 201 or 4xx`. Nothing if a phrase is not that of its number.
pub(crate) fn statuses(text: Text<'_>, piece: &str) -> Option<Vec<StatusPattern>> {
    static ONE: LazyLock<Regex> = LazyLock::new(|| {
        let source = format!(
            r"(?i)(?P<code>\b[1-5]\d\d\b)(?: (?P<reason>{reasons}|⟦q\d+⟧))?|\b(?P<class>[1-5])xx\b|(?P<word>{CLASSES})|(?P<alone>{reasons}|⟦q\d+⟧)",
            reasons = all_reasons()
        );
        Regex::new(&source).expect("the pattern is fixed")
    });
    let plain = |found: &str| match literal(text, found) {
        Some(Literal::Quoted(text)) => Some(text.clone()),
        Some(_) => None,
        None => Some(found.to_owned()),
    };
    let mut statuses = Vec::new();
    for found in ONE.captures_iter(piece) {
        let get = |name| found.name(name).map(|part: regex::Match<'_>| part.as_str());
        statuses.push(if let Some(code) = get("code") {
            let code = code.parse().ok()?;
            if let Some(reason) = get("reason")
                && code_of(&plain(reason)?) != Some(code)
            {
                return None;
            }
            StatusPattern::Exactly(code)
        } else if let Some(class) = get("class") {
            StatusPattern::Class(class.parse().ok()?)
        } else if let Some(word) = get("word") {
            StatusPattern::Class(match word.to_lowercase().as_str() {
                "informational" => 1,
                "successful" | "success" => 2,
                "redirection" => 3,
                "client error" => 4,
                _ => 5,
            })
        } else {
            let alone = plain(get("alone")?)?;
            status_of(&alone)?
        });
    }
    (!statuses.is_empty()).then_some(statuses)
}

/// The status that a text is, by its number, its phrase or both.
pub(crate) fn status_of(text: &str) -> Option<StatusPattern> {
    let (code, reason) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    match code.parse::<u16>() {
        Ok(code) if (100..600).contains(&code) && (reason.is_empty() || code_of(reason) == Some(code)) => {
            Some(StatusPattern::Exactly(code))
        }
        Ok(_) => None,
        Err(_) => code_of(text.trim()).map(StatusPattern::Exactly),
    }
}

fn unit(text: &str) -> Duration {
    let text = text.to_lowercase();
    match text.as_str() {
        _ if text.starts_with("ms") || text.starts_with("milli") => Duration::from_millis(1),
        _ if text.starts_with('s') => Duration::from_secs(1),
        _ if text.starts_with('m') => Duration::from_secs(60),
        _ if text.starts_with('h') => Duration::from_secs(3600),
        _ if text.starts_with('d') => Duration::from_secs(86_400),
        _ => Duration::from_secs(7 * 86_400),
    }
}

/// Parses the words of a number of things: `exactly 3`, `at least one`, `no`, `a`.
pub(crate) fn bounded(quantifier: Option<&str>, number: usize) -> Count {
    match quantifier.map(str::to_lowercase).as_deref().map(str::trim) {
        Some("at least" | "no fewer than" | "not fewer than" | "no less than" | "not less than") => {
            Count { min: number, max: None }
        }
        Some("more than") => Count { min: number.saturating_add(1), max: None },
        Some("at most" | "no more than" | "not more than" | "up to") => Count { min: 0, max: Some(number) },
        Some("fewer than" | "less than") => Count { min: 0, max: Some(number.saturating_sub(1)) },
        _ => Count::exactly(number),
    }
}
