//! Given/When/Then scenarios: Gherkin, loose Markdown, and numbered steps.
//!
//! `markdown`, `numbered` and `gherkin` read lines into drafts, `outline` makes a draft of each example, `finish`
//! resolves what depends on the whole file (names, background, `And`) and checks it. Nothing that looks like a step
//! or a scenario is passed over in silence: what is not understood is a diagnostic.

pub(crate) mod draft;
mod fence;
mod finish;
mod gherkin;
pub(crate) mod keyword;
pub(crate) mod label;
mod loose;
mod markdown;
mod model;
mod numbered;
mod outline;
mod parse;
mod table;

pub use model::{DocString, Keyword, Scenario, Step, Tag};
pub use parse::parse_scenarios;
