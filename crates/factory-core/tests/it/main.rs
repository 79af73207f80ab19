//! What the core promises to whoever drives it: event by event, refusal by refusal, and over random histories.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

mod authorities;
mod base;
mod budgets;
mod conditions;
mod corrections;
mod decisions;
mod declassify;
mod diagnostics;
mod edit;
mod ends;
mod export;
mod fixture;
mod gates;
mod happy_path;
mod history;
mod looks;
mod metrics;
mod model;
mod offer;
mod oracle;
mod overrides;
mod parallel;
mod plateau;
mod properties;
mod protected;
mod rejections;
mod retry;
mod soak;
mod timeouts;
mod tripwire;
mod unsealed;
mod vault;
mod walk;
