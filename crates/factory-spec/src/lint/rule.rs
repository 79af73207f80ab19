//! What a rule is.

use serde::{Deserialize, Serialize};

use super::finding::Report;
use super::subject::Subject;

/// A rule: one kind of finding with its explanation and what finds it.
pub(crate) struct Rule {
    /// Never changes its meaning between releases.
    pub(crate) code: &'static str,
    /// Two or three words, joined by `-`.
    pub(crate) name: &'static str,
    pub(crate) tier: Tier,
    pub(crate) family: Family,
    /// The debt that a finding is, for the audit.
    pub(crate) debt: Option<Debt>,
    /// Why it matters, in a few sentences.
    pub(crate) why: &'static str,
    /// What is flagged, with `⟦` and `⟧` around each place.
    pub(crate) bad: &'static str,
    /// What is left alone.
    pub(crate) good: &'static str,
    /// None for what is found while parsing, or between several texts.
    pub(crate) check: Option<fn(&Subject<'_>, &mut Report)>,
}

impl Rule {
    /// The debt that a finding is: each has a class, but for what is about the linter's own comments.
    pub(crate) fn class(&self) -> Option<Debt> {
        self.debt.or(match self.family {
            Family::Structure | Family::Ears | Family::Ambiguity | Family::Scenario => {
                Some(Debt::Underspecified)
            }
            Family::Terms => Some(Debt::UndefinedTerm),
            Family::Implementation => Some(Debt::LeakyAbstraction),
            Family::Traceability | Family::Aggregate => Some(Debt::ImplicitFlow),
            Family::Suppression => None,
        })
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// A run must not start.
    Error,
    /// A person should look.
    Warning,
    /// Not looked for unless asked: it may be wrong more often.
    Preview,
}

impl Tier {
    /// The tier as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::Error => "error",
            Tier::Warning => "warning",
            Tier::Preview => "preview",
        }
    }
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// The parts of a document.
    Structure,
    /// The form of a demand.
    Ears,
    /// What two people would read in two ways.
    Ambiguity,
    /// Words that are not defined.
    Terms,
    /// How instead of what.
    Implementation,
    /// How scenarios are written.
    Scenario,
    /// What belongs together.
    Traceability,
    /// States, owners, transitions.
    Aggregate,
    /// The linter's own comments.
    Suppression,
}

impl Family {
    /// The family as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Family::Structure => "structure",
            Family::Ears => "EARS form",
            Family::Ambiguity => "ambiguity",
            Family::Terms => "terms",
            Family::Implementation => "implementation",
            Family::Scenario => "scenarios",
            Family::Traceability => "traceability",
            Family::Aggregate => "aggregates",
            Family::Suppression => "suppression",
        }
    }
}

/// The classes of debt that a specification can owe its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Debt {
    /// Somebody has to guess a value, a limit or a moment.
    Underspecified,
    /// Several things in one.
    MixedConcern,
    /// A word that is nowhere explained.
    UndefinedTerm,
    /// A number that can be counted in two ways.
    AmbiguousCount,
    /// A state or a step that comes from nowhere.
    ImplicitFlow,
    /// How it is built, where it should say what is seen.
    LeakyAbstraction,
}

impl Debt {
    /// All classes.
    pub const ALL: [Debt; 6] = [
        Debt::Underspecified,
        Debt::MixedConcern,
        Debt::UndefinedTerm,
        Debt::AmbiguousCount,
        Debt::ImplicitFlow,
        Debt::LeakyAbstraction,
    ];

    /// The class as it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Debt::Underspecified => "underspecified",
            Debt::MixedConcern => "mixed concern",
            Debt::UndefinedTerm => "undefined term",
            Debt::AmbiguousCount => "ambiguous count",
            Debt::ImplicitFlow => "implicit flow",
            Debt::LeakyAbstraction => "leaky abstraction",
        }
    }
}

/// `bad.md` and `good.md` of a rule.
macro_rules! examples {
    ($code:literal) => {
        (
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $code, "/bad.md")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $code, "/good.md")),
        )
    };
}
pub(crate) use examples;
