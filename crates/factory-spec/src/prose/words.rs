//! The closed classes of English words, and what the endings of others say. All words are in lower case.

/// How a modal verb binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// can, may
    May,
    /// should
    Should,
    /// must, shall, will
    Must,
}

/// The modal verbs that demand or allow something.
pub(crate) fn modal(word: &str) -> Option<Strength> {
    Some(match word {
        "must" | "shall" | "will" | "mustn't" | "shan't" | "won't" => Strength::Must,
        "should" | "shouldn't" => Strength::Should,
        "may" | "can" | "cannot" | "can't" => Strength::May,
        _ => return None,
    })
}

/// Forms of `be` and verbs that stand in its place.
pub(crate) fn is_copula(word: &str) -> bool {
    is_be(word)
        || matches!(
            word,
            "remain"
                | "remains"
                | "stay"
                | "stays"
                | "become"
                | "becomes"
                | "look"
                | "looks"
                | "feel"
                | "feels"
                | "seem"
                | "seems"
                | "appear"
                | "appears"
        )
}

/// Forms of `be`.
pub(crate) fn is_be(word: &str) -> bool {
    matches!(word, "be" | "is" | "are" | "was" | "were" | "been" | "being" | "isn't" | "aren't")
}

/// Articles and what stands in their place.
pub(crate) fn is_determiner(word: &str) -> bool {
    matches!(
        word,
        "a" | "an"
            | "the"
            | "this"
            | "that"
            | "these"
            | "those"
            | "its"
            | "their"
            | "his"
            | "her"
            | "our"
            | "my"
            | "your"
            | "each"
            | "every"
            | "any"
            | "all"
            | "no"
            | "some"
            | "another"
            | "both"
            | "either"
            | "neither"
    )
}

/// Words that stand for something said before.
pub(crate) fn is_pronoun(word: &str) -> bool {
    matches!(word, "it" | "they" | "this" | "these" | "that" | "those" | "he" | "she")
}

/// Prepositions.
pub(crate) fn is_preposition(word: &str) -> bool {
    matches!(
        word,
        "of" | "in"
            | "on"
            | "at"
            | "by"
            | "for"
            | "with"
            | "without"
            | "from"
            | "to"
            | "into"
            | "onto"
            | "over"
            | "under"
            | "between"
            | "within"
            | "through"
            | "via"
            | "per"
            | "after"
            | "before"
            | "during"
            | "until"
            | "since"
            | "against"
            | "across"
            | "among"
            | "about"
            | "as"
            | "than"
            | "like"
            | "upon"
            | "using"
    )
}

/// Words that join clauses or begin one that depends on another.
pub(crate) fn is_conjunction(word: &str) -> bool {
    matches!(
        word,
        "and"
            | "or"
            | "but"
            | "nor"
            | "so"
            | "if"
            | "when"
            | "while"
            | "where"
            | "because"
            | "unless"
            | "once"
            | "whenever"
            | "that"
            | "which"
            | "who"
            | "then"
            | "whereas"
            | "although"
            | "though"
    )
}

/// Any word that names nothing.
pub(crate) fn is_function_word(word: &str) -> bool {
    is_determiner(word)
        || is_pronoun(word)
        || is_preposition(word)
        || is_conjunction(word)
        || is_be(word)
        || modal(word).is_some()
        || matches!(
            word,
            "not"
                | "never"
                | "only"
                | "also"
                | "do"
                | "does"
                | "has"
                | "have"
                | "had"
                | "there"
                | "i"
                | "you"
                | "we"
                | "more"
                | "less"
                | "most"
                | "least"
                | "very"
                | "too"
                | "again"
                | "always"
                | "still"
                | "yet"
        )
}

/// Adverbs by their ending.
pub(crate) fn is_adverb(word: &str) -> bool {
    (word.len() > 4
        && word.ends_with("ly")
        && !matches!(word, "reply" | "apply" | "supply" | "family" | "assembly"))
        || matches!(
            word,
            "very" | "too" | "so" | "quite" | "rather" | "fairly" | "more" | "most" | "always" | "also"
        )
}

/// Past participles by their ending, and the irregular ones that specifications use.
pub(crate) fn is_participle(word: &str) -> bool {
    (word.len() > 4
        && word.ends_with("ed")
        && !matches!(word, "need" | "speed" | "feed" | "exceed" | "proceed"))
        || matches!(
            word,
            "sent"
                | "made"
                | "kept"
                | "given"
                | "shown"
                | "written"
                | "read"
                | "set"
                | "built"
                | "found"
                | "seen"
                | "left"
                | "lost"
                | "held"
                | "put"
                | "taken"
                | "chosen"
                | "run"
                | "begun"
                | "done"
                | "known"
                | "met"
        )
}

/// Whether the word may be a noun or part of its name: nothing says that it is something else.
pub(crate) fn may_name(word: &str) -> bool {
    word.starts_with(char::is_alphabetic) && !is_function_word(word) && !is_adverb(word)
}

/// Numbers in words.
pub(crate) fn is_number_word(word: &str) -> bool {
    matches!(
        word,
        "one"
            | "two"
            | "three"
            | "four"
            | "five"
            | "six"
            | "seven"
            | "eight"
            | "nine"
            | "ten"
            | "eleven"
            | "twelve"
            | "fifteen"
            | "twenty"
            | "thirty"
            | "forty"
            | "fifty"
            | "sixty"
            | "ninety"
            | "hundred"
            | "thousand"
            | "million"
            | "zero"
            | "half"
            | "once"
            | "twice"
    )
}

/// The stem of a word, crude: enough to see that two forms are one word.
pub(crate) fn stem(word: &str) -> &str {
    if word.len() < 4 {
        return word;
    }
    for ending in ["ingly", "edly", "ing", "ies", "ied", "ed", "es", "s", "ly", "e", "y"] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.len() > 2
            && !(ending == "s" && stem.ends_with('s'))
        {
            return stem;
        }
    }
    word
}
