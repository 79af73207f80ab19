//! Patterns of words. One is written as words with blanks between: `when|if possible <end>`. A word may have alternatives
//! (`a|b`) and be optional (`as?`); `<number>`, `<end>`, `<word>`, `<noun>`, `<adverb>`, `<participle>`, `<determiner>`
//! and `<unit>` stand for all of a kind. What a pattern begins with is written out, so that it is looked up and not tried.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use super::statement::Sentence;
use super::token::Kind;
use super::{measure, words};

/// Some patterns, made ready when they are first used.
pub(crate) struct Phrases {
    sources: &'static [&'static str],
    ready: OnceLock<Ready>,
}

struct Ready {
    /// For each first letter the lengths of the words that patterns begin with, a bit each: most words of a text are
    /// none of these, and need not be looked up.
    lengths: [u32; 128],
    patterns: HashMap<&'static str, Vec<Vec<Element>>>,
}

impl Ready {
    fn of(sources: &[&'static str]) -> Self {
        let patterns = index(sources);
        let mut lengths = [0; 128];
        for word in patterns.keys() {
            if let Some(bits) = word.bytes().next().and_then(|first| lengths.get_mut(usize::from(first))) {
                *bits |= 1 << word.len().min(31);
            }
        }
        Self { lengths, patterns }
    }

    fn get(&self, word: &str) -> Option<&Vec<Vec<Element>>> {
        let first = usize::from(word.bytes().next()?);
        let lengths = self.lengths.get(first)?;
        (lengths & 1 << word.len().min(31) != 0).then(|| self.patterns.get(word))?
    }
}

struct Element {
    alternatives: Vec<One>,
    optional: bool,
}

enum One {
    Word(&'static str),
    Number,
    End,
    AnyWord,
    Noun,
    Adverb,
    Participle,
    Determiner,
    Unit,
}

impl Phrases {
    pub(crate) const fn new(sources: &'static [&'static str]) -> Self {
        Self { sources, ready: OnceLock::new() }
    }

    /// The tokens from `at` that one of the patterns matches, the longest match of all.
    pub(crate) fn at(&self, sentence: &Sentence<'_>, at: usize) -> Option<Range<usize>> {
        let ready = self.ready.get_or_init(|| Ready::of(self.sources));
        let patterns = ready.get(sentence.word(at))?;
        patterns.iter().filter_map(|pattern| matches(pattern, sentence, at)).max().map(|end| at..end)
    }

    /// All matches in a sentence, none within another.
    pub(crate) fn all(&self, sentence: &Sentence<'_>) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < sentence.tokens.len() {
            match self.at(sentence, at) {
                Some(range) => {
                    at = range.end.max(at + 1);
                    found.push(range);
                }
                None => at += 1,
            }
        }
        found
    }
}

fn index(sources: &[&'static str]) -> HashMap<&'static str, Vec<Vec<Element>>> {
    let mut index: HashMap<&'static str, Vec<Vec<Element>>> = HashMap::new();
    for source in sources {
        let first = source.split(' ').next().unwrap_or_default();
        for word in first.split('|') {
            index.entry(word).or_default().push(source.split(' ').map(element).collect());
        }
    }
    index
}

fn element(source: &'static str) -> Element {
    let (source, optional) = source.strip_suffix('?').map_or((source, false), |shorter| (shorter, true));
    let alternatives = source.split('|').map(|one| match one {
        "<number>" => One::Number,
        "<end>" => One::End,
        "<word>" => One::AnyWord,
        "<noun>" => One::Noun,
        "<adverb>" => One::Adverb,
        "<participle>" => One::Participle,
        "<determiner>" => One::Determiner,
        "<unit>" => One::Unit,
        word => One::Word(word),
    });
    Element { alternatives: alternatives.collect(), optional }
}

/// The end of the longest match of all elements from `at`.
fn matches(pattern: &[Element], sentence: &Sentence<'_>, at: usize) -> Option<usize> {
    let Some((first, rest)) = pattern.split_first() else { return Some(at) };
    let taken = first.alternatives.iter().find_map(|one| one.matches(sentence, at));
    let through = taken.and_then(|count| matches(rest, sentence, at + count));
    if first.optional { through.or_else(|| matches(rest, sentence, at)) } else { through }
}

impl One {
    /// How many tokens it takes.
    fn matches(&self, sentence: &Sentence<'_>, at: usize) -> Option<usize> {
        if let One::End = self {
            return is_end(sentence, at).then_some(0);
        }
        let token = sentence.tokens.get(at)?;
        let word = sentence.word(at);
        let is_word = token.kind == Kind::Word;
        let fits = match self {
            One::Word(expected) => {
                token.kind != Kind::Code && token.kind != Kind::Quoted && word == *expected
            }
            One::Number => token.kind == Kind::Number || is_word && words::is_number_word(word),
            One::AnyWord => is_word,
            One::Noun => is_word && words::may_name(word),
            One::Adverb => is_word && words::is_adverb(word),
            One::Participle => is_word && words::is_participle(word),
            One::Determiner => is_word && words::is_determiner(word),
            One::Unit => measure::is_unit(word),
            One::End => false,
        };
        fits.then_some(1)
    }
}

/// Whether a clause ends before the token.
pub(crate) fn is_end(sentence: &Sentence<'_>, at: usize) -> bool {
    match sentence.tokens.get(at) {
        None => true,
        Some(token) if token.kind == Kind::Mark => {
            matches!(sentence.text(at), "." | "," | ";" | ":" | ")" | "!" | "?" | "—" | "–")
        }
        Some(_) => matches!(sentence.word(at), "and" | "or" | "but" | "then" | "while" | "when" | "if"),
    }
}
