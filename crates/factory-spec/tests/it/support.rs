//! What the tests share: sample texts and short views of diagnostics.

use factory_spec::{Diagnostic, Scenario, Severity};

/// A specification as someone would write it.
pub(crate) const SPEC: &str = include_str!("password-reset.md");

/// Its scenarios in loose Markdown, with a block of Gherkin.
pub(crate) const SCENARIOS: &str = include_str!("password-reset-scenarios.md");

/// Scenarios as a Gherkin file.
pub(crate) const FEATURE: &str = include_str!("sessions.feature");

/// `code text` of each diagnostic, where the text is what its span covers.
pub(crate) fn found<'a>(source: &'a str, diagnostics: &[Diagnostic]) -> Vec<(&'static str, &'a str)> {
    diagnostics.iter().map(|one| (one.code.as_str(), &source[one.span.clone()])).collect()
}

/// As `found`, errors only.
pub(crate) fn errors<'a>(source: &'a str, diagnostics: &[Diagnostic]) -> Vec<(&'static str, &'a str)> {
    let errors: Vec<Diagnostic> =
        diagnostics.iter().filter(|one| one.severity == Severity::Error).cloned().collect();
    found(source, &errors)
}

/// Each step of a scenario as `Keyword text`.
pub(crate) fn steps(scenario: &Scenario) -> Vec<String> {
    scenario.steps.iter().map(|step| format!("{} {}", step.keyword, step.text)).collect()
}
