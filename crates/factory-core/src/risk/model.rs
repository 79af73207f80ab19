//! What is said of a patch, and what a project may add to the rules.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pattern::Pattern;

/// How risky a patch is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RiskClass {
    /// Fewer than five files, and nothing speaks against any of them.
    #[default]
    Low,
    /// Worth a look, such as a changed dependency or many files.
    Medium,
    /// Where a mistake costs people, money or the means to notice it.
    High,
}

impl RiskClass {
    /// The class as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            RiskClass::Low => "low",
            RiskClass::Medium => "medium",
            RiskClass::High => "high",
        }
    }
}

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Who gets in, what they may do, and the cryptography behind it.
    Auth,
    /// Money.
    Payment,
    /// Where and how the software runs.
    Infrastructure,
    /// What runs by itself when something changes: pipelines of a CI service, git hooks, build scripts.
    Ci,
    /// Which code of others is used: lock files, manifests, vendored code.
    LockFile,
    /// What steers this factory, and git's own files that decide what a checkout holds and what a diff shows.
    FactoryConfig,
    /// Instructions that coding agents obey.
    AgentInstructions,
    /// Keys, passwords and the files that usually hold them.
    Secrets,
    /// The shape of stored data. Taking back the commit does not take back what it did.
    Migration,
    /// Something that can be run and could not before, or that nobody can read.
    Executable,
    /// The number of files.
    Size,
    /// What goes away: many files, or a test.
    Deletion,
    /// A path that cannot be trusted to be what it looks like.
    Unusual,
}

impl Area {
    /// The class that a project's own rule in this area gives.
    pub fn class(self) -> RiskClass {
        match self {
            Area::Auth
            | Area::Payment
            | Area::Infrastructure
            | Area::Ci
            | Area::FactoryConfig
            | Area::AgentInstructions
            | Area::Secrets
            | Area::Migration
            | Area::Unusual => RiskClass::High,
            Area::LockFile | Area::Executable | Area::Size | Area::Deletion => RiskClass::Medium,
        }
    }

    /// The area as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Area::Auth => "auth",
            Area::Payment => "payment",
            Area::Infrastructure => "infrastructure",
            Area::Ci => "ci",
            Area::LockFile => "lock_file",
            Area::FactoryConfig => "factory_config",
            Area::AgentInstructions => "agent_instructions",
            Area::Secrets => "secrets",
            Area::Migration => "migration",
            Area::Executable => "executable",
            Area::Size => "size",
            Area::Deletion => "deletion",
            Area::Unusual => "unusual",
        }
    }
}

/// Why a patch has its class. Ordered by path, with the reasons about the patch as a whole first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The file, exactly as the patch names it, so whoever prints it has to mind control characters. `None` when the
    /// patch as a whole is the reason.
    pub path: Option<String>,
    /// What it is about.
    pub area: Area,
    /// The class that follows from this reason alone. `low` is a remark: something was seen, and does not count.
    pub class: RiskClass,
    /// One line for people. It holds no control characters.
    pub why: String,
}

/// The class of a patch with every reason for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// The highest class that any reason gives; low without one.
    pub class: RiskClass,
    /// Sorted; for each path at most one reason in each area.
    pub reasons: Vec<Reason>,
}

impl Risk {
    /// Puts reasons together.
    pub(super) fn of(mut reasons: Vec<Reason>) -> Self {
        reasons.sort_unstable();
        reasons.dedup();
        let class = reasons.iter().map(|reason| reason.class).max().unwrap_or_default();
        Self { class, reasons }
    }

    /// The highest class that is named anywhere. The same as [`Risk::class`] for what [`super::classify()`] makes; for
    /// what was stored and read again it is the safe one.
    pub fn worst(&self) -> RiskClass {
        self.reasons.iter().map(|reason| reason.class).fold(self.class, RiskClass::max)
    }
}

/// What a project adds to the built-in rules. There is no way to take one of those away.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskRules {
    /// The additional rules.
    #[serde(default)]
    pub extra: Vec<ExtraRule>,
}

/// One rule of a project. It gives the class of its area (see [`Area::class`]), in documentation too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtraRule {
    /// What the files are about.
    pub area: Area,
    /// Which files.
    pub pattern: Pattern,
}
