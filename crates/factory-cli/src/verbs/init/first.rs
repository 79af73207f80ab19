//! The first specification and its first scenarios: small and real, and different for services and for other programs.

use factory_eval::key;

use super::proposal::Proposal;
use crate::error::CliError;

/// The specification's path in a project.
pub(super) const SPEC: &str = "specs/feature-first.md";
/// The folder of its scenarios: what the specification is called for short.
pub(super) const SLUG: &str = "first";

const SERVICE_SPEC: &str = include_str!("../../../templates/spec-service.md");
const PROGRAM_SPEC: &str = include_str!("../../../templates/spec-program.md");
const README: &str = include_str!("../../../templates/holdouts-readme.md");

const SERVICE_SCENARIOS: [(&str, &str); 3] = [
    ("asked.md", include_str!("../../../templates/scenarios-service/asked.md")),
    ("read-only.md", include_str!("../../../templates/scenarios-service/read-only.md")),
    ("restart.md", include_str!("../../../templates/scenarios-service/restart.md")),
];

const PROGRAM_SCENARIOS: [(&str, &str); 3] = [
    ("asked.md", include_str!("../../../templates/scenarios-program/asked.md")),
    ("quiet.md", include_str!("../../../templates/scenarios-program/quiet.md")),
    ("unknown-option.md", include_str!("../../../templates/scenarios-program/unknown-option.md")),
];

/// Texts of the first specification.
pub(super) struct First {
    pub(super) spec: String,
    /// File names and texts.
    pub(super) scenarios: Vec<(&'static str, String)>,
}

/// A first specification that fits the project: of a service, unless the project is known to be something else. Each
/// scenario has a canary of its own, by which it is known wherever it turns up.
pub(super) fn first(proposals: &[Proposal]) -> Result<First, CliError> {
    let serves = proposals.iter().any(|proposal| proposal.deploy.is_some());
    let known = proposals.first();
    let manifest = known.map_or("factory.toml", |proposal| proposal.manifest.as_str());
    let (by_hand, built) = known
        .map_or(("", ""), |proposal| (proposal.program.by_hand.as_str(), proposal.program.built.as_str()));
    let fill = |text: &str| {
        text.replace("%manifest%", manifest).replace("%program%", by_hand).replace("%built%", built)
    };
    let (spec, scenarios) = if serves || proposals.is_empty() {
        (SERVICE_SPEC, SERVICE_SCENARIOS)
    } else {
        (PROGRAM_SPEC, PROGRAM_SCENARIOS)
    };
    let mut filled = Vec::new();
    for (name, text) in scenarios {
        let canary = key::fresh_canary()
            .map_err(|error| CliError::failed("no canary can be made for a scenario").because(&error))?;
        filled.push((name, fill(text).replace("%canary%", &canary)));
    }
    Ok(First { spec: fill(spec), scenarios: filled })
}

/// The lines of a scenario but for its canary, which differs each time that one is made.
pub(super) fn without_canary(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with("<!-- canary: "))
}

/// What the holdout folder says of itself.
pub(super) fn readme(project: &str) -> String {
    README.replace("%project%", project)
}
