//! Events and artifacts in words, for terminals and logs. What others wrote stands on a line that begins with words of
//! ours, or is quoted, as `quote` does it.

mod artifact;

use factory_core::event::{
    ArtifactRef, Channel, Decision, Escalation, Event, FailureKind, GateDecided, Outcome, Person, Proof,
    SentBack, Skip, Stuck,
};
use factory_core::feedback::{CountBucket, FailureClass, Feedback};
use factory_core::ids::{Timestamp, Usage};

pub(crate) use self::artifact::body;
pub(crate) use crate::quote::{flow, one_line, wrap};

/// An event as one line: the stage it is about, and what happened.
pub(crate) fn line(event: &Event) -> (String, String) {
    match event {
        Event::RunStarted(started) => (
            "run".to_owned(),
            format!(
                "{} started: {} ({})",
                started.run,
                one_line(&started.spec.title),
                one_line(&started.model)
            ),
        ),
        Event::StageSkipped { stage, why } => (stage.to_string(), format!("left out: {}", skipped(why))),
        Event::SoakBegan { stage, until } => (stage.to_string(), format!("waits until {}", moment(*until))),
        Event::SoakEnded { stage } => (stage.to_string(), "has waited long enough".to_owned()),
        Event::StageStarted { stage, attempt } if attempt.0 == 1 => (stage.to_string(), "started".to_owned()),
        Event::StageStarted { stage, attempt } => (stage.to_string(), format!("started, attempt {attempt}")),
        Event::StageProduced { stage, artifact, usage, .. } => {
            (stage.to_string(), format!("made {}{}", artifact_name(artifact), used(*usage)))
        }
        Event::StageFailed { stage, attempt, kind, detail, .. } => (
            stage.to_string(),
            format!("attempt {attempt} failed ({}): {}", failure(*kind), one_line(detail)),
        ),
        Event::StageBlocked { stage, detail, .. } => {
            (stage.to_string(), format!("blocked: {}", one_line(detail)))
        }
        Event::StageUnblocked { stage, .. } => (stage.to_string(), "goes on".to_owned()),
        Event::GateOpened { gate, escalation: Some(escalation), .. } => {
            (gate.stage.to_string(), format!("the gate {gate} waits for a person: {}", stuck(escalation)))
        }
        Event::GateOpened { gate, escalation: None, .. } => {
            (gate.stage.to_string(), format!("the gate {gate} waits for a person"))
        }
        Event::GateSeen { gate, by, verdict_shown, .. } => {
            let with = if *verdict_shown { ", with the evaluator's verdict" } else { "" };
            (gate.stage.to_string(), format!("{} looked at {gate}{with}", person(by)))
        }
        Event::GateExpired { gate, waited_ms } => {
            (gate.stage.to_string(), format!("nobody decided at {gate} within {}", duration(*waited_ms)))
        }
        Event::GateDecided(decided) => (decided.gate.stage.to_string(), decision(decided)),
        Event::PolicyJudged { gate, passed, reason, .. } => {
            let verdict = if *passed { "passed" } else { "did not pass" };
            (gate.stage.to_string(), format!("{verdict}: {}", one_line(reason)))
        }
        Event::SentBack { from, to, correction } => {
            (from.to_string(), format!("sent the work back to {to}: {}", sent_back(correction)))
        }
        Event::BaseMoved { from, to } => (
            "run".to_owned(),
            format!("the base branch moved from {} to {}", &from.as_str()[..12], &to.as_str()[..12]),
        ),
        Event::ScorecardRevealed { stage, by, because, .. } => {
            (stage.to_string(), format!("{} looked at the scorecard: {}", person(by), one_line(because)))
        }
        Event::RunEnded { outcome, .. } => ("run".to_owned(), ended(outcome)),
        Event::RolledBack { commit, by, because, .. } => {
            let how =
                commit.as_ref().map_or(String::new(), |commit| format!(" by {}", &commit.as_str()[..12]));
            ("run".to_owned(), format!("taken back{how}, says {}: {}", person(by), one_line(because)))
        }
    }
}

fn artifact_name(artifact: &ArtifactRef) -> String {
    format!("{} {}", artifact.kind.as_str(), artifact.digest.short())
}

fn decision(decided: &GateDecided) -> String {
    let verb = match decided.decision {
        Decision::Approved if decided.edited.is_some() => "approved with changes".to_owned(),
        Decision::Approved => "approved".to_owned(),
        Decision::Rejected => "rejected".to_owned(),
        Decision::Retried => "sent back".to_owned(),
        Decision::Overridden => {
            let findings: Vec<&str> = decided.overrides.iter().map(|finding| finding.as_str()).collect();
            format!("overridden ({})", one_line(&findings.join(", ")))
        }
    };
    let via = match decided.via {
        Channel::Terminal => "at the terminal",
        Channel::InAdvance => "in advance, unseen",
        Channel::Command => "by command",
    };
    let verdict = match &decided.verdict {
        None => "",
        Some(verdict) => match (verdict.passed, verdict.shown) {
            (true, true) => "; the evaluator had passed it, which they had seen",
            (true, false) => "; the evaluator had passed it, which they had not seen",
            (false, true) => "; the evaluator had not passed it, which they had seen",
            (false, false) => "; the evaluator had not passed it, which they had not seen",
        },
    };
    let note = decided.note.as_ref().map_or(String::new(), |note| format!("; note: {}", one_line(note)));
    let signed = match &decided.by.proof {
        Proof::Unauthenticated => String::new(),
        Proof::Signed { fingerprint, .. } => format!(", signed with {fingerprint}"),
    };
    format!("{verb} by {}{signed} {via}: {}{note}{verdict}", person(&decided.by), one_line(&decided.because))
}

fn skipped(why: &Skip) -> String {
    match why {
        Skip::Entry { entry } => format!("a {} begins after it", entry.as_str()),
        Skip::Condition { condition } => format!("only when {condition}"),
    }
}

/// What is stuck, in a few words.
fn stuck(escalation: &Escalation) -> String {
    let why = match escalation.why {
        Stuck::Exhausted => "no try is left",
        Stuck::Plateau => "the last tries changed nothing",
        Stuck::Conflict => "the patch does not fit the base that has moved",
        Stuck::BaseMoves => "the base branch keeps moving",
        Stuck::Vault => "scenarios of the vault failed",
        Stuck::Tripwire => "in quarantine: a tripwire went off",
    };
    format!("{why}; {}", one_line(&escalation.detail))
}

/// What is stuck, what was tried, what it cost, and what a person can do about it.
pub(crate) fn escalation(escalation: &Escalation) -> String {
    let mut text = format!("{}\n", stuck(escalation));
    for (index, tried) in escalation.tried.iter().enumerate() {
        let findings: Vec<&str> = tried.findings.iter().map(|finding| finding.as_str()).collect();
        text.push_str(&format!(
            "  verdict {}: {} of {}; {}\n",
            index + 1,
            tried.passed,
            tried.of,
            one_line(&findings.join(", "))
        ));
    }
    for finding in &escalation.findings {
        text.push_str(&format!("  finding {}\n", one_line(finding.as_str())));
    }
    text.push_str(&format!("  used so far: {}\n", cost(escalation.usage)));
    text
}

/// What a person has to know of a patch that touches these protected paths; nothing where there are none.
pub(crate) fn protected(touched: &[String]) -> Option<String> {
    if touched.is_empty() {
        return None;
    }
    let paths: String = touched.iter().map(|path| format!("\n  {}", one_line(path))).collect();
    Some(format!("The patch touches what belongs to people, since the specification names it:{paths}"))
}

/// A person in words.
pub(crate) fn person(person: &Person) -> String {
    match (&person.name, &person.email) {
        (Some(name), Some(email)) => one_line(&format!("{name} <{email}>")),
        (Some(name), None) => one_line(name),
        (None, Some(email)) => one_line(email),
        (None, None) => one_line(&person.login),
    }
}

/// A kind of failure in words.
pub(crate) fn failure(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Unusable => "unusable answer",
        FailureKind::ExitCriteria => "exit criteria",
        FailureKind::Limit => "limit",
        FailureKind::BadPatch => "bad patch",
        FailureKind::BaselineRed => "baseline red",
        FailureKind::ChecksRed => "checks red",
        FailureKind::Policy => "policy",
        FailureKind::BaseMoved => "base moved",
        FailureKind::Tripwire => "tripwire",
    }
}

fn sent_back(correction: &SentBack) -> String {
    match correction {
        SentBack::Checks { .. } => "the project's own checks fail".to_owned(),
        SentBack::Review { .. } => "the reviewer objects".to_owned(),
        SentBack::Holdouts { feedback, .. } => self::feedback(feedback),
        SentBack::Note { note } => format!("a person asks: {}", one_line(note)),
        SentBack::Rebase { from } => format!("the base branch has moved on from {}", &from.as_str()[..12]),
    }
}

/// Feedback in words: all of it, since it may all be known.
pub(crate) fn feedback(feedback: &Feedback) -> String {
    let items: Vec<String> = feedback
        .items()
        .iter()
        .map(|item| {
            let requirement = item.requirement.as_ref().map_or("no requirement", |id| id.as_str());
            let count = match item.count {
                CountBucket::One => "one",
                CountBucket::Few => "a few",
                CountBucket::Many => "many",
            };
            format!("{requirement} {} ({count})", failure_class(item.class))
        })
        .collect();
    if items.is_empty() { "nothing that may be said".to_owned() } else { items.join("; ") }
}

fn failure_class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::NotDeployable => "not deployable",
        FailureClass::NoAnswer => "no answer",
        FailureClass::WrongStatus => "wrong status",
        FailureClass::WrongHeader => "wrong header",
        FailureClass::WrongContent => "wrong content",
        FailureClass::MissingEffect => "missing effect",
        FailureClass::UnwantedEffect => "unwanted effect",
        FailureClass::WrongComparison => "wrong comparison",
    }
}

/// How a run ended, in words.
pub(crate) fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Merged { .. } => "merged".to_owned(),
        Outcome::Rejected { gate } => format!("rejected at the gate {gate}"),
        Outcome::Expired { gate } => format!("rejected: nobody decided at the gate {gate} in time"),
        Outcome::Cancelled { by, because } => format!("cancelled by {}: {}", person(by), one_line(because)),
        Outcome::Failed { stage, kind, detail } => {
            format!("failed at {stage} ({}): {}", failure(*kind), one_line(detail))
        }
    }
}

fn used(usage: Usage) -> String {
    if usage.calls == 0 { String::new() } else { format!(" ({})", cost(usage)) }
}

/// Tokens and money in words.
pub(crate) fn cost(usage: Usage) -> String {
    let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
    format!("{} calls, {} tokens, {}", usage.calls, thousands(tokens), money(usage))
}

/// Money in words; unknown prices say so.
pub(crate) fn money(usage: Usage) -> String {
    match usage.micro_usd {
        _ if usage.calls == 0 => "$0".to_owned(),
        Some(micro) => dollars(micro),
        None => "unpriced".to_owned(),
    }
}

/// Millionths of a dollar in dollars, rounded down: whole cents from a dollar on, hundredths of cents below, and what is
/// less than that to the last digit.
fn dollars(micro: u64) -> String {
    match micro {
        1_000_000.. => exact_dollars(micro - micro % 10_000),
        100.. => exact_dollars(micro - micro % 100),
        _ => exact_dollars(micro),
    }
}

/// Millionths of a dollar in dollars, to the last digit.
pub(crate) fn exact_dollars(micro: u64) -> String {
    let (cents, rest) = (micro % 1_000_000 / 10_000, format!("{:04}", micro % 10_000));
    format!("${}.{cents:02}{}", micro / 1_000_000, rest.trim_end_matches('0'))
}

/// `12345` as `12.3k`.
pub(crate) fn thousands(number: u64) -> String {
    if number < 10_000 { number.to_string() } else { format!("{}.{}k", number / 1000, number % 1000 / 100) }
}

/// Milliseconds in words.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m {s:02}s"),
        (h, m, _) => format!("{h}h {m:02}m"),
    }
}

/// A moment in the system's time zone.
pub(crate) fn moment(at: Timestamp) -> String {
    format_moment(at, "%Y-%m-%d %H:%M:%S")
}

/// The time of day in the system's time zone.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    format_moment(at, "%H:%M:%S")
}

fn format_moment(at: Timestamp, format: &str) -> String {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(moment) => moment.to_zoned(jiff::tz::TimeZone::system()).strftime(format).to_string(),
        Err(_) => format!("{} ms", at.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_numbers_read_well() {
        assert_eq!(duration(900), "0s");
        assert_eq!(duration(61_000), "1m 01s");
        assert_eq!(duration(3_720_000), "1h 02m");
        assert_eq!(thousands(9_999), "9999");
        assert_eq!(thousands(12_345), "12.3k");
    }

    #[test]
    fn money_is_exact_or_unpriced() {
        let usage = |micro| Usage { calls: 1, micro_usd: micro, ..Usage::default() };
        for (micro, shown) in [
            (1_239_999, "$1.23"),
            (12_000_000, "$12.00"),
            (129_950, "$0.1299"),
            (120_000, "$0.12"),
            (4_200, "$0.0042"),
            (42, "$0.000042"),
            (0, "$0.00"),
        ] {
            assert_eq!(money(usage(Some(micro))), shown);
        }
        assert_eq!(money(usage(None)), "unpriced");
        assert_eq!(money(Usage::default()), "$0");
        assert_eq!(exact_dollars(1_000_001), "$1.000001");
    }
}
