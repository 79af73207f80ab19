//! Numbers with units, and what says from when a time counts.

use super::statement::Sentence;
use super::token::Kind;
use super::words;

/// Units of time.
pub(crate) fn is_time_unit(word: &str) -> bool {
    matches!(
        word,
        "ms" | "millisecond"
            | "milliseconds"
            | "s"
            | "sec"
            | "secs"
            | "second"
            | "seconds"
            | "min"
            | "mins"
            | "minute"
            | "minutes"
            | "h"
            | "hr"
            | "hrs"
            | "hour"
            | "hours"
            | "d"
            | "day"
            | "days"
            | "week"
            | "weeks"
            | "month"
            | "months"
            | "year"
            | "years"
            | "business-days"
            | "us"
            | "µs"
            | "microseconds"
            | "ns"
            | "nanoseconds"
    )
}

/// Units of anything.
pub(crate) fn is_unit(word: &str) -> bool {
    is_time_unit(word)
        || matches!(
            word,
            "%" | "percent"
                | "percentage"
                | "°"
                | "b"
                | "kb"
                | "mb"
                | "gb"
                | "tb"
                | "kib"
                | "mib"
                | "gib"
                | "tib"
                | "byte"
                | "bytes"
                | "kilobytes"
                | "megabytes"
                | "gigabytes"
                | "bit"
                | "bits"
                | "kbps"
                | "mbps"
                | "gbps"
                | "hz"
                | "khz"
                | "mhz"
                | "ghz"
                | "px"
                | "pixels"
                | "pt"
                | "dpi"
                | "rpm"
                | "rps"
                | "qps"
                | "tps"
                | "m"
                | "km"
                | "cm"
                | "mm"
                | "meters"
                | "metres"
                | "miles"
                | "feet"
                | "ft"
                | "inches"
                | "kg"
                | "g"
                | "mg"
                | "pounds"
                | "lbs"
                | "v"
                | "mv"
                | "volts"
                | "a"
                | "ma"
                | "w"
                | "kw"
                | "watts"
                | "k"
                | "c"
                | "f"
                | "degrees"
                | "usd"
                | "eur"
                | "dollars"
                | "euros"
                | "cents"
                | "db"
                | "times"
                | "x"
        )
}

/// Whether the token is a number, in digits or in words.
pub(crate) fn is_number(sentence: &Sentence<'_>, at: usize) -> bool {
    match sentence.tokens.get(at).map(|token| token.kind) {
        Some(Kind::Number) => true,
        Some(Kind::Word) => words::is_number_word(sentence.word(at)),
        _ => false,
    }
}

/// Whether the sentence says a number of something: how fast, how large, how sure.
pub(crate) fn is_measured(sentence: &Sentence<'_>) -> bool {
    (0..sentence.tokens.len()).any(|at| {
        sentence.tokens[at].kind == Kind::Number
            && (is_unit(sentence.word(at + 1)) || words::may_name(sentence.word(at + 1)))
            || words::is_number_word(sentence.word(at)) && is_unit(sentence.word(at + 1))
    })
}

/// Whether the sentence says elsewhere what a word of it means.
pub(crate) fn is_explained(sentence: &Sentence<'_>) -> bool {
    (0..sentence.tokens.len()).any(|at| match sentence.word(at) {
        "defined" | "specified" | "described" | "listed" | "documented" | "stated" => {
            matches!(sentence.word(at + 1), "in" | "by" | "below" | "above" | "under" | "as" | "here")
        }
        "according" => sentence.word(at + 1) == "to",
        "accordance" => sentence.word(at + 1) == "with",
        "namely" => true,
        "i" => sentence.text(at + 1) == "." && sentence.word(at + 2) == "e",
        _ => false,
    })
}

/// A time in a sentence: from its number to its unit.
pub(crate) struct Duration {
    pub(crate) number: usize,
    pub(crate) unit: usize,
}

/// The durations of a sentence.
pub(crate) fn durations(sentence: &Sentence<'_>) -> Vec<Duration> {
    (0..sentence.tokens.len())
        .filter_map(|at| {
            let is_number = is_number(sentence, at) || matches!(sentence.word(at), "a" | "an");
            let unit = if matches!(sentence.word(at + 1), "business" | "working" | "calendar") {
                at + 2
            } else {
                at + 1
            };
            let word = sentence.word(unit);
            // `a second` may be another one, and `a d` is none.
            let is_article = matches!(sentence.word(at), "a" | "an") && !(word.len() > 3 && word != "second");
            (is_number && is_time_unit(word) && !is_article).then_some(Duration { number: at, unit })
        })
        .collect()
}

/// Whether what follows the duration, or stands before it, says from when it counts.
pub(crate) fn is_anchored(sentence: &Sentence<'_>, duration: &Duration) -> bool {
    let anchors = |word: &str| {
        matches!(
            word,
            "after" | "since" | "from" | "following" | "once" | "when" | "before" | "until" | "later"
        )
    };
    let behind = sentence.word(duration.unit + 1);
    if anchors(behind) || matches!(behind, "of" | "ago" | "prior" | "old" | "without" | "past" | "to") {
        return true;
    }
    // A condition or moment elsewhere in the sentence: `after the last request, …`.
    (0..sentence.tokens.len()).any(|at| {
        let word = sentence.word(at);
        let far = at + 1 < duration.number.saturating_sub(1) || at > duration.unit;
        far && (anchors(word)
            || matches!(word, "upon" | "whenever" | "if" | "while" | "every" | "during" | "starting"))
            && !is_number(sentence, at + 1)
    })
}
