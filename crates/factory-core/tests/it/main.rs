//! What the core promises to whoever drives it: event by event, refusal by refusal, and over random histories.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

mod corrections;
mod diagnostics;
mod fixture;
mod gates;
mod happy_path;
mod history;
mod oracle;
mod properties;
mod rejections;
mod walk;
