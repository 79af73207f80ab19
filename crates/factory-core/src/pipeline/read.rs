//! Reading a pipeline from TOML. See `docs/pipelines.md` for the format.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::check;
use super::model::{EntryGate, EntryType, ExitGate, Pipeline, Policy, Role};
use crate::artifact::ArtifactKind;
use crate::toml_problem;

/// The version of the pipeline format that this crate reads.
pub const PIPELINE_SCHEMA: u32 = 1;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Bytes of the file that it is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub help: Option<String>,
}

/// The file as it is written, before anything is checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PipelineFile {
    pub(super) schema: Spanned<u32>,
    pub(super) name: Spanned<String>,
    pub(super) entry: Spanned<BTreeMap<EntryType, Spanned<String>>>,
    #[serde(default)]
    pub(super) policy: PolicyTable,
    #[serde(default)]
    pub(super) stage: Vec<Spanned<StageTable>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyTable {
    pub(super) min_pass_percent: Option<Spanned<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StageTable {
    pub(super) id: Spanned<String>,
    pub(super) makes: Spanned<ArtifactKind>,
    pub(super) role: Spanned<Role>,
    #[serde(default)]
    pub(super) needs: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) entry_gate: EntryGate,
    #[serde(default)]
    pub(super) exit_gate: ExitGate,
    pub(super) attempts: Option<Spanned<u32>>,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) returns_to: Option<Spanned<String>>,
}

/// Reads and checks a pipeline.
///
/// # Errors
/// Everything that is wrong with it, at once and in the order of the file; a file that is not TOML of the right form
/// gives one diagnostic.
pub fn read(source: &str) -> Result<Pipeline, Vec<Diagnostic>> {
    let file: PipelineFile = toml::from_str(source).map_err(|error| {
        let problem = toml_problem::explain(&error);
        vec![Diagnostic { span: problem.span, message: problem.message, help: problem.help }]
    })?;
    check::check(file)
}

/// Policy with its defaults filled in.
pub(super) fn policy(table: &PolicyTable) -> Policy {
    let default = Policy::default();
    Policy {
        min_pass_percent: table.min_pass_percent.as_ref().map_or(default.min_pass_percent, |p| *p.get_ref()),
    }
}

/// A duration such as `90s`, `30m` or `24h`, in seconds.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    number.checked_mul(factor).filter(|&n| n > 0)
}
