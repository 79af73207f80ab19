//! What to say of a sentence that no rule understands: the phrase that is most like it and would be understood.

use std::sync::LazyLock;

use super::words;

/// The reference, whose indented lines are sentences that are understood.
const REFERENCE: &str = include_str!("../../../../docs/scenarios.md");
/// Less alike than this, a phrase is no help.
const ALIKE: f64 = 0.55;
/// Words that are compared at most; the measure takes time that grows with the square of the length.
const LONGEST: usize = 200;

static PHRASES: LazyLock<Vec<(String, &'static str)>> =
    LazyLock::new(|| shown().map(|shown| (shape(shown), shown)).collect());

/// The sentences of the reference: columns of the indented lines that begin with a keyword.
pub(crate) fn shown() -> impl Iterator<Item = &'static str> {
    REFERENCE.lines().flat_map(|line| {
        let line = line.strip_prefix("    ").unwrap_or_default();
        let keywords = ["Given ", "When ", "Then ", "And "];
        let sentences = keywords.iter().find_map(|keyword| line.strip_prefix(keyword)).unwrap_or_default();
        let columns = sentences.split("   ").map(str::trim);
        columns.filter(|column| !column.is_empty() && !column.starts_with('#'))
    })
}

/// Its words with every literal alike.
fn shape(sentence: &str) -> String {
    let skeleton = super::lex::lex(sentence).map_or_else(|_| sentence.to_owned(), |lexed| lexed.skeleton);
    plain(&words::normalise(&skeleton))
}

fn plain(skeleton: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for character in skeleton.chars().take(LONGEST) {
        match character {
            super::lex::OPEN => inside = true,
            super::lex::CLOSE => {
                inside = false;
                text.push('…');
            }
            _ if inside => {}
            _ => text.extend(character.to_lowercase()),
        }
    }
    text
}

/// That no rule understands it, and what would be understood.
pub(crate) fn unknown(skeleton: &str) -> String {
    let given = plain(skeleton);
    let nearest = PHRASES
        .iter()
        .map(|(shape, shown)| (strsim::normalized_damerau_levenshtein(&given, shape), shown))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|first, second| first.0.total_cmp(&second.0));
    match nearest {
        Some((_, shown)) => format!("no rule understands it; the nearest that one does is `{shown}`"),
        None => "no rule understands it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn the_nearest_phrase_is_named() {
        assert!(unknown("the answer status wil be ⟦q0⟧").contains("`the response status should be 410`"));
        assert_eq!(unknown("the moon is full of cheese and rats"), "no rule understands it");
    }
}
