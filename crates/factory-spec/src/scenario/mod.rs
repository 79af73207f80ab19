//! Given/When/Then scenarios: loose Markdown, and Gherkin in its simple form.
//!
//! `markdown` and `gherkin` read lines into drafts, `finish` resolves what depends on the whole file (names,
//! background, `And`) and checks it. Nothing that looks like a step or a scenario is passed over in
//! silence: what is not understood is a diagnostic.

mod draft;
mod fence;
mod finish;
mod gherkin;
mod keyword;
mod label;
mod line;
mod loose;
mod markdown;
mod model;
mod parse;
mod table;

pub use model::{DocString, Keyword, Scenario, Step, Tag};
pub use parse::parse_scenarios;
