//! What the evaluator measured: counts, and what an implementer may be told.

use serde::{Deserialize, Serialize};

use crate::feedback::Feedback;
use crate::ids::{Digest, ScenarioKey};

/// What the evaluator measured, without anything that would tell what a scenario says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The patch that was deployed.
    pub patch: Digest,
    /// Scenarios that passed.
    pub passed: u32,
    /// Scenarios that failed, flaky ones among them.
    pub failed: u32,
    /// Scenarios that could not be scored.
    pub inconclusive: u32,
    /// Whether every critical scenario passed.
    pub critical_passed: bool,
    /// One-sided 95 % Clopper–Pearson lower bound of the pass rate, in hundredths of a per cent (0 to 10,000).
    pub lower_bound_bp: u32,
    /// What an implementer may be told.
    pub feedback: Feedback,
    /// Digest of the scorecard, which stays on the evaluator's side.
    pub scorecard: Digest,
    /// How much of the specification the scenarios are about; unknown where an older factory measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<ScenarioCoverage>,
    /// The scenarios that the feedback is about, those that passed among them: sent back, it tells something of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revealed: Vec<ScenarioKey>,
    /// Scenarios that have revealed more than they may. They were run, and are in none of the numbers.
    #[serde(default, skip_serializing_if = "is_none")]
    pub burnt: u32,
    /// What the vault's scenarios showed, which are in none of the numbers. None where they were not run: there are
    /// none, or the others do not meet the bar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vault: Option<VaultScore>,
    /// Scenarios that did not pass, though the commit that the patch was made on passes them. None where nobody looked:
    /// each passed, or too few of them for the bar whatever the base does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regressed: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

/// What the scenarios of the vault showed. No feedback says anything of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultScore {
    /// Scenarios that passed.
    pub passed: u32,
    /// Scenarios that failed, flaky ones among them.
    pub failed: u32,
    /// Scenarios that could not be scored.
    pub inconclusive: u32,
}

/// How many of a specification's requirements have a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioCoverage {
    /// Requirements that at least one scenario is about.
    pub requirements: u32,
    /// Of how many.
    pub of: u32,
}

impl Verify {
    /// Scenarios in all, but for those that do not count.
    pub fn total(&self) -> u32 {
        self.passed.saturating_add(self.failed).saturating_add(self.inconclusive)
    }

    /// Whether a scenario fails that the base passes.
    pub fn has_regressed(&self) -> bool {
        self.regressed.is_some_and(|regressed| regressed > 0)
    }

    /// Whether a scenario of the vault failed.
    pub fn vault_failed(&self) -> bool {
        self.vault.is_some_and(|vault| vault.failed > 0)
    }
}
