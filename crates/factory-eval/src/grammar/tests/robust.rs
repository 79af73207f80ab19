//! Whatever is written, the grammar answers, and soon.

use super::{corpus, rich};
use crate::grammar::phrases::Phrases;
use crate::grammar::sentence;

/// Sentences that are changed at random, each in one way.
const MUTANTS: usize = 400;

/// A generator that gives the same numbers every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        // Xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

#[test]
fn no_change_of_a_sentence_makes_the_grammar_panic() {
    let phrases = Phrases::default();
    let lines = corpus::lines();
    let mut numbers = Numbers(0x5eed_5eed);
    let strange = [
        "\"", "'", "`", "{", "}", "[", "\\", "⟦", "⟦q0⟧", "\0", "é", "’", " and ", ", ", "/", "{a}", "not ",
        "9",
    ];
    for _ in 0..MUTANTS {
        let line = &lines[numbers.below(lines.len())];
        let mut characters: Vec<char> = line.sentence.chars().collect();
        let at = numbers.below(characters.len());
        match numbers.below(4) {
            0 => drop(characters.remove(at)),
            1 => characters.truncate(at),
            2 => {
                let other = numbers.below(characters.len());
                characters.swap(at, other);
            }
            _ => drop(characters.splice(at..at, strange[numbers.below(strange.len())].chars())),
        }
        let sentence: String = characters.into_iter().collect();
        let mut context = rich(&phrases);
        context.then = numbers.below(2) == 0;
        context.attached = line.attached.clone();
        // Whether it is understood does not matter here.
        drop(sentence::compile(&sentence, &mut context, 0));
    }
}

#[test]
fn endless_sentences_come_back() {
    let phrases = Phrases::default();
    for part in [
        "x",
        "\"",
        "{",
        "[",
        "the status is 200 and ",
        "a, ",
        "'a ",
        "{\"a\": ",
        "/x ",
        "200, ",
        "{} ",
        "'' ",
        "matches /x/ ",
    ] {
        for length in [590, 200 * 1024, 10 * 1024 * 1024] {
            let sentence = part.repeat(length / part.len());
            assert!(sentence::compile(&sentence, &mut rich(&phrases), 0).is_err(), "{part} {length}");
        }
    }
}
