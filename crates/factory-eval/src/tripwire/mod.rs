//! Finds in any text what only the holdouts say: their canaries, however they are written, and words in a row.
//!
//! A canary is a token in a comment of a scenario file: `# canary: TOKEN` in Gherkin, `<!-- canary: TOKEN -->` in Markdown,
//! at least 16 letters, digits and hyphens. A paraphrase is not found: this is a tripwire and not the wall.

mod canary;
mod holdouts;
mod shingle;
mod spelling;

pub use holdouts::{Canaries, HoldoutTripwire};
