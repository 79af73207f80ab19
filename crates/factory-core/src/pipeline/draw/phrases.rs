//! What drawings say of a stage, in words.

use crate::artifact::ArtifactKind;
use crate::ids::Budget;
use crate::pipeline::condition::Condition;
use crate::pipeline::model::{Edge, EntryGate, ExitGate, OnExhausted, Pipeline, Role, Stage};

/// What a stage makes.
pub(super) fn makes(kind: ArtifactKind) -> &'static str {
    kind.as_str()
}

/// Who performs a stage.
pub(super) fn by(role: Role) -> &'static str {
    match role {
        Role::Planner => "the planner",
        Role::Implementer => "the implementer",
        Role::Reviewer => "the reviewer",
        Role::Evaluator => "the evaluator",
        Role::None => "factory itself",
    }
}

/// Seconds in the largest unit that leaves no rest.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        s if s > 0 && s % 3600 == 0 => format!("{}h", s / 3600),
        s if s > 0 && s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

/// What may be used, if that is limited.
pub fn budget(budget: Budget) -> Option<String> {
    let usd = budget.micro_usd.map(|micro| {
        let (whole, rest) = (micro / 1_000_000, micro % 1_000_000);
        // Cents, or as many digits as it takes.
        let digits = format!("{rest:06}");
        let digits = if rest % 10_000 == 0 { &digits[..2] } else { digits.trim_end_matches('0') };
        format!("{whole}.{digits} USD")
    });
    let tokens = budget.tokens.map(|tokens| format!("{tokens} tokens"));
    let both: Vec<String> = usd.into_iter().chain(tokens).collect();
    (!both.is_empty()).then(|| both.join(", "))
}

/// All of these conditions.
pub fn all(conditions: &[Condition]) -> Option<String> {
    let each: Vec<String> = conditions.iter().map(ToString::to_string).collect();
    (!each.is_empty()).then(|| each.join(" and "))
}

/// Who decides at a gate, and how, in one sentence.
pub(super) fn asked(stage: &Stage, edge: Edge) -> String {
    asked_lines(stage, edge).join(", ")
}

/// Who decides at a gate, and how, a line each.
fn asked_lines(stage: &Stage, edge: Edge) -> Vec<String> {
    let rule = stage.rule(edge);
    let who = match (rule.approvals, &rule.authority) {
        (0 | 1, None) => "a person decides".to_owned(),
        (0 | 1, Some(group)) => format!("one of {group} decides"),
        (n, None) => format!("{n} people decide"),
        (n, Some(group)) => format!("{n} of {group} decide"),
    };
    let mut parts = vec![who];
    if rule.not_requester {
        let not = if rule.approvals > 1 { "none of them the requester" } else { "not the requester" };
        parts.push(not.to_owned());
    }
    if let Some(seconds) = rule.timeout_seconds {
        parts.push(format!("within {}", duration(seconds)));
    }
    if let Some(conditions) = all(&rule.when) {
        parts.push(format!("if {conditions}"));
    }
    parts
}

/// The gate before a stage, in lines.
pub fn before(stage: &Stage) -> Option<Vec<String>> {
    match stage.entry_gate {
        EntryGate::None => None,
        EntryGate::Human => Some(asked_lines(stage, Edge::Entry)),
    }
}

/// The gate after a stage, in lines.
pub fn after(stage: &Stage) -> Option<Vec<String>> {
    match stage.exit_gate {
        ExitGate::None => None,
        ExitGate::Policy => Some(vec!["policy decides".to_owned()]),
        ExitGate::Human => Some(asked_lines(stage, Edge::Exit)),
    }
}

/// How often a stage may be tried, and what happens then.
pub fn tries(pipeline: &Pipeline, stage: &Stage) -> [String; 2] {
    let time = duration(stage.timeout_seconds);
    let tries = match stage.attempts {
        1 => format!("1 try of {time}"),
        n => format!("{n} tries of {time}"),
    };
    let is_merge = |stage: &&Stage| stage.makes == ArtifactKind::Merge;
    let mut merges = pipeline.stages.iter().filter(is_merge);
    let merged = merges.any(|merge| pipeline.downstream(&merge.id).contains(&stage.id));
    let then = match stage.on_exhausted {
        OnExhausted::Fail | OnExhausted::Escalate if merged => "the run ends as merged".to_owned(),
        OnExhausted::Fail => "the run fails".to_owned(),
        OnExhausted::Escalate => asked(stage, Edge::Escalation),
    };
    [tries, format!("then {then}")]
}

/// The names of the stages that it needs.
pub(super) fn needs(stage: &Stage) -> Option<String> {
    let needs: Vec<&str> = stage.needs.iter().map(|need| need.as_str()).collect();
    (!needs.is_empty()).then(|| needs.join(", "))
}

/// How long a stage waits, and before what.
pub fn waits(stage: &Stage) -> Option<String> {
    let before = match stage.entry_gate {
        EntryGate::None => "before it starts",
        EntryGate::Human => "before its gate opens",
    };
    (stage.soak_seconds > 0).then(|| format!("{} {before}", duration(stage.soak_seconds)))
}

/// The lines of a stage's box, its name first.
pub(super) fn lines(pipeline: &Pipeline, stage: &Stage) -> Vec<String> {
    let mut lines = vec![stage.id.to_string(), format!("{} by {}", makes(stage.makes), by(stage.role))];
    lines.extend(needs(stage).map(|needs| format!("from {needs}")));
    lines.extend(all(&stage.when).map(|when| format!("only if {when}")));
    lines.extend(waits(stage).map(|wait| format!("waits {wait}")));
    lines.extend(tries(pipeline, stage));
    if let Some([budget, then]) = spent(stage) {
        lines.extend([format!("budget {budget}"), then]);
    }
    lines
}

/// The stage's budget, and who is asked when it is spent.
pub fn spent(stage: &Stage) -> Option<[String; 2]> {
    let then = format!("then {}", asked(stage, Edge::Budget));
    match (budget(stage.budget), stage.rules.contains_key(&Edge::Budget)) {
        (Some(budget), _) => Some([budget, then]),
        (None, true) => Some(["that of the run".to_owned(), then]),
        (None, false) => None,
    }
}
