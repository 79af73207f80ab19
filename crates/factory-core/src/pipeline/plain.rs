//! Text of others on one line of ours.

use crate::plain;

/// The text on one line, with a replacement for what nobody would see for what it is. A code in its place would be read as
/// syntax by what draws diagrams.
pub(in crate::pipeline) fn one_line(text: &str) -> String {
    text.chars().map(|c| if plain::is_hidden(c) { '\u{fffd}' } else { c }).collect()
}
