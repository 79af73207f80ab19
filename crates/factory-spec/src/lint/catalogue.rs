//! All rules, and what is said of each.

use std::sync::LazyLock;

use serde::Serialize;

use super::parsed;
use super::rule::{Debt, Family, Rule, Tier};
use super::rules;

static RULES: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let mut all: Vec<&'static Rule> = rules::ALL.iter().copied().chain(parsed::ALL.iter()).collect();
    all.sort_by_key(|rule| rule.code);
    all
});

/// The rules, in the order of their codes.
pub(crate) fn rules() -> &'static [&'static Rule] {
    &RULES
}

/// The rule with this code.
pub(crate) fn find(code: &str) -> Option<&'static Rule> {
    rules().binary_search_by_key(&code, |rule| rule.code).ok().map(|at| rules()[at])
}

/// What is said of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The code, such as `A101`.
    pub code: &'static str,
    /// A short name.
    pub name: &'static str,
    /// What a finding does to a run.
    pub tier: Tier,
    /// What the rule is about.
    pub family: Family,
    /// The debt that a finding is.
    pub debt: Option<Debt>,
    /// Why it matters.
    pub why: &'static str,
    /// What is flagged.
    pub bad: String,
    /// What is left alone.
    pub good: String,
    /// The same as `bad`, with `⟦` and `⟧` around what is flagged.
    #[serde(skip)]
    pub marked: &'static str,
    /// Whether a parser finds it, or a comparison of several texts.
    #[serde(skip)]
    pub is_alone: bool,
}

impl From<&'static Rule> for Explanation {
    fn from(rule: &'static Rule) -> Self {
        Explanation {
            code: rule.code,
            name: rule.name,
            tier: rule.tier,
            family: rule.family,
            debt: rule.class(),
            why: rule.why,
            bad: rule.bad.replace(['⟦', '⟧'], ""),
            good: rule.good.to_owned(),
            marked: rule.bad,
            is_alone: rule.check.is_some(),
        }
    }
}

/// What is said of every rule, in the order of their codes.
pub fn all() -> Vec<Explanation> {
    rules().iter().map(|rule| Explanation::from(*rule)).collect()
}

/// What is said of one rule, by its code in either case or by its name.
pub fn explain(asked: &str) -> Option<Explanation> {
    let code = asked.to_ascii_uppercase();
    find(&code).or_else(|| rules().iter().find(|rule| rule.name == asked).copied()).map(Explanation::from)
}

/// The code that was probably meant.
pub fn nearest(asked: &str) -> Option<&'static str> {
    let upper = asked.to_ascii_uppercase();
    let lower = asked.to_ascii_lowercase();
    let distance =
        |rule: &Rule| strsim::osa_distance(rule.code, &upper).min(strsim::osa_distance(rule.name, &lower));
    rules()
        .iter()
        .map(|rule| (distance(rule), rule.code))
        .min()
        .filter(|(far, _)| *far <= 2)
        .map(|(_, code)| code)
}
