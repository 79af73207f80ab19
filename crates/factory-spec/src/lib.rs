//! The language people write: Markdown specifications and Given/When/Then scenarios, with spans.
//!
//! [`parse_spec`] reads what a change shall do, [`parse_scenarios`] reads how anyone can see that it does.
//! Both always answer with what they understood and a list of [`Diagnostic`]s; a run must not start while
//! one of these is an error ([`has_errors`]). Every span is a byte range into the source that was parsed and
//! lies on character boundaries. [`render`] shows diagnostics as a compiler would.
//!
//! This crate never knows models, git, stores or other crates of this project. It opens no file, and it logs
//! nothing: scenarios may be holdouts, whose text must not reach a log.

pub mod aggregate;
mod decode;
mod diagnostic;
pub mod gherkin;
pub mod import;
mod line;
pub mod lint;
mod position;
mod prose;
mod render;
mod requirement_id;
mod scenario;
mod slug;
mod spec;
mod text;

pub use decode::{Undecodable, decode};
pub use diagnostic::{Code, Diagnostic, Severity, Span, has_errors};
pub use position::{LineColumn, position};
pub use render::{Colour, render, render_with};
pub use scenario::{DocString, Keyword, Scenario, Step, Tag, parse_scenarios};
pub use slug::slug;
pub use spec::{Level, Reference, Requirement, SpecDocument, SpecKind, check_references, parse_spec};
