//! Scenarios that want different things in the same situation. No candidate can satisfy both, so who has to change something
//! is whoever wrote them: it is a mistake of what was asked for.
//!
//! Two sentences contradict each other if all that their scenarios did before is the same, step by step, and what they demand
//! of the same thing cannot both be so. Only what is certain counts: demands with remembered values are left out, and so is
//! everything about mails and links, whose meaning depends on the checks before.

use std::collections::BTreeMap;
use std::sync::Arc;

use factory_core::ids::Digest;

use crate::attribution::{Blame, Cause};
use crate::plan::{Action, AnswerRef, Check, OutputPart, Plan, Predicate, Rows, StatusPattern, names_used};
use crate::scorecard::{Outcome, ScenarioScore};
use crate::suite::Compiled;

/// Two sentences that cannot both be so, each by the place of its scenario and its own place in that, from 0. The first
/// stands before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// The one that comes first.
    pub one: (usize, usize),
    /// The other.
    pub other: (usize, usize),
}

/// What a scenario demands at one place.
struct Demand<'a> {
    scenario: usize,
    sentence: usize,
    check: &'a Check,
}

/// All contradictions between scenarios, in the order of the second sentences. Of several in the same pair of scenarios only
/// the first is named.
pub fn find(scenarios: &[Arc<Compiled>]) -> Vec<Contradiction> {
    let plans: Vec<&Plan> = scenarios.iter().map(|compiled| compiled.plan.reveal()).collect();
    between(&plans)
}

fn between(plans: &[&Plan]) -> Vec<Contradiction> {
    let mut demands: BTreeMap<(Digest, String), Vec<Demand<'_>>> = BTreeMap::new();
    let mut found: BTreeMap<(usize, usize), Contradiction> = BTreeMap::new();
    for (scenario, plan) in plans.iter().enumerate() {
        let mut situation = Digest::of(b"");
        for step in &plan.steps {
            let Action::Check(check) = &step.action else {
                situation = after(&situation, &step.action);
                continue;
            };
            let Some(subject) = subject(check) else { continue };
            let others = demands.entry((situation.clone(), subject)).or_default();
            let demand = Demand { scenario, sentence: step.sentence, check };
            for earlier in others.iter().filter(|earlier| earlier.scenario != scenario) {
                if excludes(earlier.check, check) {
                    let one = (earlier.scenario, earlier.sentence);
                    let pair = Contradiction { one, other: (scenario, demand.sentence) };
                    found.entry((scenario, earlier.scenario)).or_insert(pair);
                }
            }
            // Of what is demanded often one is enough: who contradicts it contradicts all of them.
            if !others.iter().any(|earlier| earlier.check == check) {
                others.push(demand);
            }
        }
    }
    found.into_values().collect()
}

/// The situation after one more step. A step without a JSON form, which there is none of, would make every situation its own.
fn after(situation: &Digest, action: &Action) -> Digest {
    let step = serde_json::to_string(action).unwrap_or_default();
    Digest::of(format!("{situation}\n{step}").as_bytes())
}

/// What a check is about, if it is one of those that can be compared.
fn subject(check: &Check) -> Option<String> {
    let has_values = names_used(check).map_or(true, |names| !names.is_empty());
    if has_values {
        return None;
    }
    let answer = |of: &AnswerRef| serde_json::to_string(of).ok();
    match check {
        Check::Status { of, .. } => Some(format!("status of {}", answer(of)?)),
        Check::Header(of, name, _) => Some(format!("header {} of {}", name.to_lowercase(), answer(of)?)),
        Check::Body(of, _) => Some(format!("body of {}", answer(of)?)),
        Check::Field(of, path, _) => Some(format!("field {path} of {}", answer(of)?)),
        Check::Exit(_) => Some("exit code".to_owned()),
        Check::Output(part, _) => Some(format!("output {}", output(*part))),
        Check::File(path, _) => Some(format!("file {}", path.source())),
        Check::Folder { path, .. } => Some(format!("folder {}", path.source())),
        Check::Query(query, _) => Some(format!("query {} {}", query.file.source(), query.sql)),
        Check::Tally { .. }
        | Check::Sequence(_)
        | Check::Fields { .. }
        | Check::Within(..)
        | Check::SameAnswers { .. }
        | Check::Value(..)
        | Check::SameValues { .. }
        | Check::Mails { .. }
        | Check::Mail(..)
        | Check::Links { .. }
        | Check::Link(..)
        | Check::LinkStandsAlone
        | Check::Files { .. }
        | Check::Log { .. } => None,
    }
}

fn output(part: OutputPart) -> &'static str {
    match part {
        OutputPart::Stdout => "standard output",
        OutputPart::Stderr => "standard error",
        OutputPart::Both => "both",
    }
}

/// Whether two checks of the same subject cannot both hold.
fn excludes(one: &Check, other: &Check) -> bool {
    match (one, other) {
        (Check::Status { any_of: a, not: not_a, .. }, Check::Status { any_of: b, not: not_b, .. }) => {
            let allowed = |patterns: &[StatusPattern], not: bool, status: u16| {
                patterns.iter().any(|pattern| pattern.matches(status)) != not
            };
            !(100..600).any(|status| allowed(a, *not_a, status) && allowed(b, *not_b, status))
        }
        (Check::Folder { not: a, .. }, Check::Folder { not: b, .. }) => a != b,
        (Check::Query(_, Rows::Count(a)), Check::Query(_, Rows::Count(b))) => {
            a.max.is_some_and(|max| max < b.min) || b.max.is_some_and(|max| max < a.min)
        }
        (Check::Query(_, Rows::Value(a)), Check::Query(_, Rows::Value(b)))
        | (Check::Header(.., a), Check::Header(.., b))
        | (Check::Body(_, a), Check::Body(_, b))
        | (Check::Field(.., a), Check::Field(.., b))
        | (Check::Exit(a), Check::Exit(b))
        | (Check::Output(_, a), Check::Output(_, b))
        | (Check::File(_, a), Check::File(_, b)) => cannot_both(a, b) || cannot_both(b, a),
        _ => false,
    }
}

/// Whether nothing satisfies both. Not symmetric: it is asked both ways.
fn cannot_both(a: &Predicate, b: &Predicate) -> bool {
    use Predicate::{
        Contains, ContainsNot, EndsWith, Equals, Exactly, Is, IsNot, Matches, MatchesNot, Missing, NotEquals,
        Number, Present, StartsWith,
    };
    match (a, b) {
        (Equals(a), Equals(b)) => are_apart(a, b),
        (Equals(a), NotEquals(b)) => a == b,
        (Equals(value), Number(range)) => value.as_f64().is_some_and(|number| !range.holds(number)),
        (Exactly(a), Exactly(b)) => a.source() != b.source(),
        (Contains(a), ContainsNot(b)) => a.source() == b.source(),
        (Matches(a), MatchesNot(b)) => a == b,
        (Is(a), IsNot(b)) => a == b,
        (Number(a), Number(b)) => match (a.max, b.min) {
            (Some((max, with_max)), Some((min, with_min))) => {
                max < min || (max == min && !(with_max && with_min))
            }
            _ => false,
        },
        // What is not there has no text and no value; `null` is left out, since some take the one for the other.
        (Missing, Present | Exactly(_) | Contains(_) | StartsWith(_) | EndsWith(_) | Matches(_)) => true,
        (Missing, Equals(value)) => !value.is_null(),
        _ => false,
    }
}

/// Whether no observation equals both: they are of one kind, and differ in more than white space at the ends, or the case
/// of letters, which some comparisons do not see.
fn are_apart(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value::{Bool, Number, String};
    match (a, b) {
        (Bool(a), Bool(b)) => a != b,
        (Number(a), Number(b)) => a.as_f64() != b.as_f64(),
        (String(a), String(b)) => a.trim().to_lowercase() != b.trim().to_lowercase(),
        _ => false,
    }
}

/// Says of runs that stopped at a sentence which another scenario contradicts that the mistake is in what was asked for.
pub(crate) fn attribute(scores: &mut [ScenarioScore], scenarios: &[Arc<Compiled>]) {
    for Contradiction { one, other } in find(scenarios) {
        for (own, against) in [(one, other), (other, one)] {
            let Some(evidence) = evidence(scenarios, against) else { continue };
            let runs = scores.get_mut(own.0).map(|score| score.runs.as_mut_slice()).unwrap_or_default();
            for run in runs.iter_mut().filter(|run| run.place == Some(own.1)) {
                if let Outcome::Failed { cause, message, .. } = &mut run.outcome {
                    *cause = Some(Cause::Contradiction);
                    *message = Blame::new(Cause::Contradiction, format!("{message}; {evidence}")).evidence;
                }
            }
        }
    }
}

fn evidence(scenarios: &[Arc<Compiled>], (scenario, sentence): (usize, usize)) -> Option<String> {
    let scenario = scenarios.get(scenario)?.scenario.reveal();
    let sentence = scenario.steps.get(sentence)?;
    Some(format!("after the same steps `{}` wants: {}", scenario.id, sentence.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::{self, Phrases};

    /// How many pairs contradict each other among scenarios with these endings after the same request.
    fn pairs(first: &str, second: &str) -> usize {
        of(&format!("When GET /a is sent\nThen {first}"), &format!("When GET /a is sent\nThen {second}"))
    }

    fn of(first: &str, second: &str) -> usize {
        let text = format!("# Scenario: One\n\n{first}\n\n# Scenario: Two\n\n{second}\n");
        let (scenarios, _) = factory_spec::parse_scenarios(&text, "a.md");
        assert_eq!(scenarios.len(), 2, "{text}");
        let plan = |scenario| {
            grammar::compile(scenario, &Phrases::default())
                .unwrap_or_else(|errors| panic!("{:?}", errors[0].why))
        };
        let plans: Vec<Plan> = scenarios.iter().map(plan).collect();
        between(&plans.iter().collect::<Vec<_>>()).len()
    }

    #[test]
    fn what_cannot_both_be_is_found() {
        for (one, other) in [
            ("the status is 200", "the status is 201"),
            ("the status is 2xx", "the status is 404"),
            ("the status is 200", "the status is not 200"),
            ("the status is 200\nAnd the field \"total\" is 1", "the field \"total\" is 2"),
            ("the field \"total\" is 1", "the field \"total\" is at least 2"),
            ("the field \"name\" is \"Ann\"", "the field \"name\" is \"Ben\""),
            ("the field \"done\" is true", "the field \"done\" is false"),
            ("the body contains \"x\"", "the body does not contain \"x\""),
            ("the header \"location\" is \"/a\"", "the response has no \"Location\" header"),
        ] {
            assert_eq!((pairs(one, other), pairs(other, one)), (1, 1), "{one} against {other}");
        }
    }

    #[test]
    fn what_may_both_be_is_not() {
        for (one, other) in [
            ("the status is 200", "the status is 200"),
            ("the status is 200", "the status is 2xx"),
            ("the status is 200", "the field \"total\" is 1"),
            ("the field \"total\" is 1", "the field \"count\" is 2"),
            ("the field \"total\" is 1", "the field \"total\" is at least 1"),
            ("the field \"name\" is \"Ann\"", "the field \"name\" is \"ann\""),
            ("the body contains \"x\"", "the body contains \"y\""),
            ("the body contains \"x\"", "the body does not contain \"y\""),
        ] {
            assert_eq!((pairs(one, other), pairs(other, one)), (0, 0), "{one} against {other}");
        }
    }

    #[test]
    fn another_situation_is_no_contradiction() {
        let get = "When GET /a is sent\nThen the status is 200";
        for other in [
            "When GET /b is sent\nThen the status is 404",
            "When POST /a is sent\nThen the status is 404",
            "Given POST /a is sent\nWhen GET /a is sent\nThen the status is 404",
            "When GET /a is sent with header \"Accept: text/html\"\nThen the status is 404",
            "Given 61 minutes have passed\nWhen GET /a is sent\nThen the status is 404",
        ] {
            assert_eq!(of(get, other), 0, "{other}");
        }
        // Checks in between change nothing of it.
        let longer = "When GET /a is sent\nThen the body contains \"a\"\nAnd the status is 404";
        assert_eq!(of(get, longer), 1);
    }

    #[test]
    fn commands_and_their_files_are_compared_too() {
        let run = |then: &str| format!("When I run `a`\nThen {then}");
        assert_eq!(of(&run("the exit code is 0"), &run("the exit code is 1")), 1);
        assert_eq!(of(&run("the output is \"a\""), &run("the output is \"b\"")), 1);
        assert_eq!(of(&run("the exit code is 0"), &run("the output is \"b\"")), 0);
    }
}
