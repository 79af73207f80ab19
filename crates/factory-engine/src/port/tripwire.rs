//! Tripwires: something that only the holdouts say, searched for in what goes to a role and in what comes from one. Not the
//! wall that keeps holdouts in, but what tells that it has a hole. No text of a holdout crosses this port.

use factory_core::ids::{RunId, ScenarioKey};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HitKind {
    /// A token that stands in a holdout, or that only the evaluator of this run has sent, and nowhere else: nobody can have
    /// thought of it.
    Canary,
    /// Several words of a holdout in a row, which the public specification does not have: hardly a coincidence.
    Shingle,
}

impl HitKind {
    /// The kind as findings have it.
    pub fn as_str(self) -> &'static str {
        match self {
            HitKind::Canary => "canary",
            HitKind::Shingle => "shingle",
        }
    }

    /// The kind in words.
    pub fn words(self) -> &'static str {
        match self {
            HitKind::Canary => "a canary of the holdouts",
            HitKind::Shingle => "words of the holdouts",
        }
    }
}

/// One thing that was found. It quotes nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    /// What.
    pub kind: HitKind,
    /// Whose; none for what the evaluator of this run has sent.
    pub scenario: Option<ScenarioKey>,
    /// Where: a file of a patch, or such as `summary` or `a prompt`.
    pub place: String,
}

/// Searches for what only the holdouts say.
pub trait Tripwire: Send + Sync {
    /// From now on it is this run that is watched, and `public` is the text of its specification, of which nothing is a
    /// hit.
    fn begin(&self, run: &RunId, public: &str);

    /// What is found in a text that is about to be sent to a role; `place` is where it stands.
    fn toward(&self, place: &str, text: &str) -> Vec<Hit>;

    /// What is found in something that came from a role.
    fn from(&self, place: &str, bytes: &[u8]) -> Vec<Hit>;
}

/// Finds nothing: for whoever has no holdouts to guard.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoTripwire;

impl Tripwire for NoTripwire {
    fn begin(&self, _run: &RunId, _public: &str) {}

    fn toward(&self, _place: &str, _text: &str) -> Vec<Hit> {
        Vec::new()
    }

    fn from(&self, _place: &str, _bytes: &[u8]) -> Vec<Hit> {
        Vec::new()
    }
}
