//! The linter of specifications, requirements and scenarios: stable codes, each explained, with places and fixes.
//!
//! [`lint`] looks at one text, [`across`] at what several say together. `rules/` has a file for each rule, and the folder
//! `rules/CODE` of this crate what the rule flags (`bad.md`) and what it leaves alone (`good.md`). `report/` has the formats.

mod across;
mod audit;
mod catalogue;
mod check;
mod definitions;
mod finding;
mod fix;
mod parsed;
mod report;
mod rule;
mod rules;
mod second;
mod selection;
mod subject;
mod suppress;

pub use across::across;
pub use audit::{Audit, Owing, QUESTIONS, Question, audit};
pub use catalogue::{Explanation, all, explain, nearest};
pub use check::{Linted, form_of, lint, undecodable};
pub use definitions::phrases;
pub use finding::{Edit, Finding};
pub use fix::fixed;
pub use report::{Format, Lines, Reported, render};
pub use rule::{Debt, Family, Tier};
pub use second::{INSTRUCTIONS, SecondReading, second_reading};
pub use selection::Selection;
pub use subject::Form;
