//! The audit: what specifications, scenarios and step definitions leave to guesses, as debt.

use std::collections::BTreeMap;

use serde::Serialize;

use super::check::Linted;
use super::finding::Finding;
use super::report::Reported;
use super::rule::Debt;

/// The questions of an audit, each with the classes of debt that answer it with no.
pub const QUESTIONS: [(&str, &[Debt]); 5] = [
    ("Does it say every value, limit and moment that a check needs?", &[Debt::Underspecified]),
    ("Is every word explained that two readers could take in two ways?", &[Debt::UndefinedTerm]),
    ("Can everything that is counted be counted in one way only?", &[Debt::AmbiguousCount]),
    ("Does every state and every step come from something that is written?", &[Debt::ImplicitFlow]),
    (
        "Is each part about one thing, as it is seen from outside?",
        &[Debt::MixedConcern, Debt::LeakyAbstraction],
    ),
];

/// What was found, by class and by scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// How many findings of each class, in the order of [`Debt::ALL`].
    pub classes: BTreeMap<&'static str, usize>,
    /// The questions, and how many findings answer each with no.
    pub questions: Vec<Question>,
    /// Every scenario, in order.
    pub scenarios: Vec<Owing>,
    /// Findings in scenarios and in step definitions.
    pub scenario_debt: usize,
    /// The same in hundredths for each scenario; none without a scenario.
    pub debt_per_scenario_hundredths: Option<usize>,
    /// Findings in step definitions: debt that has left the scenarios.
    pub in_definitions: usize,
    /// Findings in specifications and other texts.
    pub in_specifications: usize,
}

/// A question of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The question.
    pub asks: &'static str,
    /// How many findings answer it with no.
    pub no: usize,
}

/// What a scenario owes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owing {
    /// Its id.
    pub id: String,
    /// The codes of what was found in it, each as often as it was.
    pub codes: Vec<&'static str>,
}

/// Counts what was found in some texts.
pub fn audit(texts: &[(Reported<'_>, &Linted)]) -> Audit {
    let owed = |findings: &[Finding]| findings.iter().filter(|finding| finding.debt.is_some()).count();
    let all = || texts.iter().flat_map(|(text, _)| text.findings);
    let of = |debt: Debt| all().filter(|finding| finding.debt == Some(debt)).count();
    let mut scenarios = Vec::new();
    let (mut scenario_debt, mut in_definitions, mut in_specifications) = (0, 0, 0);
    for (text, linted) in texts {
        let mut inside = 0;
        for scenario in &linted.scenarios {
            let has =
                |finding: &&Finding| finding.debt.is_some() && scenario.span.contains(&finding.span.start);
            let codes: Vec<&'static str> =
                text.findings.iter().filter(has).map(|finding| finding.code).collect();
            inside += codes.len();
            scenarios.push(Owing { id: scenario.id.clone(), codes });
        }
        let count = owed(text.findings);
        if linted.form == super::subject::Form::Steps {
            in_definitions += count;
        } else {
            in_specifications += count.saturating_sub(inside);
        }
        scenario_debt += inside;
    }
    scenario_debt += in_definitions;
    let per = |count: usize| (count * 100 + scenarios.len() / 2) / scenarios.len();
    Audit {
        classes: Debt::ALL.iter().map(|debt| (debt.as_str(), of(*debt))).collect(),
        questions: QUESTIONS
            .iter()
            .map(|(asks, classes)| Question { asks, no: classes.iter().map(|debt| of(*debt)).sum() })
            .collect(),
        debt_per_scenario_hundredths: (!scenarios.is_empty()).then(|| per(scenario_debt)),
        scenarios,
        scenario_debt,
        in_definitions,
        in_specifications,
    }
}
