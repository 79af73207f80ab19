//! Key words of RFC 2119 / RFC 8174 in a statement.

use super::document::Level;

/// The level that the first upper-case key word outside backticks gives.
pub(super) fn level(text: &str) -> Level {
    // Code is no key word: every second piece between backticks is code.
    let prose: Vec<&str> = text.split('`').step_by(2).collect();
    let prose = prose.join(" ` ");
    let words: Vec<&str> = prose
        .split(|character: char| !(character.is_alphanumeric() || character == '_' || character == '`'))
        .filter(|word| !word.is_empty())
        .collect();
    for (index, word) in words.iter().enumerate() {
        let negated = words.get(index + 1) == Some(&"NOT");
        match *word {
            "MUST" | "SHALL" if negated => return Level::MustNot,
            "MUST" | "SHALL" | "REQUIRED" => return Level::Must,
            "SHOULD" if negated => return Level::ShouldNot,
            "NOT" if words.get(index + 1) == Some(&"RECOMMENDED") => return Level::ShouldNot,
            "SHOULD" | "RECOMMENDED" => return Level::Should,
            "MAY" | "OPTIONAL" => return Level::May,
            _ => {}
        }
    }
    Level::Unstated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_word_decides() {
        for (text, expected) in [
            ("The API MUST answer", Level::Must),
            ("The API SHALL answer", Level::Must),
            ("The API MUST NOT answer", Level::MustNot),
            ("The API SHALL NOT answer", Level::MustNot),
            ("The API SHOULD answer and MUST log", Level::Should),
            ("The API SHOULD NOT answer", Level::ShouldNot),
            ("It is NOT RECOMMENDED", Level::ShouldNot),
            ("It is REQUIRED", Level::Must),
            ("It is OPTIONAL", Level::May),
            ("The API MAY answer; it MUST log", Level::May),
            ("MUST", Level::Must),
        ] {
            assert_eq!(level(text), expected, "{text}");
        }
    }

    #[test]
    fn other_words_do_not() {
        for text in [
            "The API must answer",
            "MUSTARD is yellow",
            "it says `MUST`",
            "the MUST_NOT constant",
            "",
            "ÆMUST",
        ] {
            assert_eq!(level(text), Level::Unstated, "{text}");
        }
    }

    #[test]
    fn code_between_the_words_of_a_key_word_parts_them() {
        assert_eq!(level("MUST `x` NOT"), Level::Must);
    }
}
