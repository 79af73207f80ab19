//! Markdown specifications: `# Feature: …` and `# Bug: …` with their sections.
//!
//! The Markdown is read by pulldown-cmark into an `outline` of sections; `requirement` makes requirements of
//! their lists; `parse` fills the [`SpecDocument`] and checks what must block a run.

mod document;
mod level;
mod outline;
mod parse;
mod placeholder;
mod plain;
mod reference;
mod requirement;
mod section;

pub use document::{Level, Reference, Requirement, SpecDocument, SpecKind};
pub use parse::parse_spec;
pub use reference::check_references;
