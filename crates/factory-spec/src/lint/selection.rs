//! Which rules are looked for, and how much they weigh.

use super::rule::Tier;

/// Which rules are looked for: a code, or the beginning of several (`A`, `A1`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these, and those of them that are previews; all that are none if empty.
    pub select: Vec<String>,
    /// Never these.
    pub ignore: Vec<String>,
    /// These block a run, whatever they are by default.
    pub error: Vec<String>,
    /// Previews, too.
    pub preview: bool,
    /// Words that everybody knows in this project.
    pub terms: Vec<String>,
    /// Patterns of the step definitions that scenarios use: what one of them defines is not looked for in a scenario, but
    /// in the definition.
    pub phrases: Vec<String>,
}

impl Selection {
    /// The tier of a finding with this code, if it is looked for.
    pub(crate) fn tier(&self, code: &str, default: Tier) -> Option<Tier> {
        let named = |list: &[String]| list.iter().any(|prefix| code.starts_with(prefix.as_str()));
        if named(&self.ignore) {
            return None;
        }
        if named(&self.error) {
            return Some(Tier::Error);
        }
        if !self.select.is_empty() {
            return named(&self.select).then_some(default);
        }
        (default != Tier::Preview || self.preview).then_some(default)
    }
}
