//! Sentences that demand something, wherever a document has them.

use std::ops::Range;

use super::ears::{self, Clauses};
use super::markdown::{Block, BlockKind, Markdown};
use super::token::{self, Kind, Token};
use super::words::{self, Strength};
use crate::diagnostic::Span;
use crate::requirement_id;

/// One sentence with its tokens.
#[derive(Debug, Clone)]
pub(crate) struct Sentence<'a> {
    /// The text that spans are offsets into.
    pub(crate) source: &'a str,
    /// The same in lower case.
    pub(crate) lower: &'a str,
    pub(crate) tokens: Vec<Token>,
    /// Where the demand begins: what stands in conditions before it describes the world, not the system.
    pub(crate) main: usize,
}

/// The most tokens of a sentence that are looked at. What is longer is no sentence, and no rule has to look through all
/// of it again and again.
const LONGEST: usize = 300;

impl<'a> Sentence<'a> {
    /// A sentence of these tokens, which must not be empty.
    pub(crate) fn new(source: &'a str, lower: &'a str, mut tokens: Vec<Token>) -> Self {
        tokens.truncate(LONGEST);
        let mut sentence = Sentence { source, lower, tokens, main: 0 };
        sentence.main = ears::clauses(&sentence).main;
        sentence
    }

    /// The token in lower case; empty if there is none.
    pub(crate) fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| &self.lower[token.span()])
    }

    /// The token as written; empty if there is none.
    pub(crate) fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| &self.source[token.span()])
    }

    pub(crate) fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// The place of some tokens.
    pub(crate) fn place(&self, tokens: Range<usize>) -> Span {
        let last = tokens.end.clamp(tokens.start + 1, self.tokens.len()) - 1;
        self.tokens[tokens.start].start..self.tokens[last].end
    }

    /// The place of all of it.
    pub(crate) fn span(&self) -> Span {
        self.place(0..self.tokens.len())
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        (0..self.tokens.len()).any(|at| self.word(at) == word)
    }
}

/// A sentence that demands something.
#[derive(Debug, Clone)]
pub(crate) struct Statement<'a> {
    pub(crate) sentence: Sentence<'a>,
    pub(crate) clauses: Clauses,
    /// The requirement that it belongs to, if that has an id or a name.
    pub(crate) id: Option<String>,
    /// Whether it is the first sentence of a requirement, or all of one.
    pub(crate) is_first: bool,
    /// Index of its block.
    pub(crate) block: usize,
    pub(crate) strength: Option<Strength>,
}

/// What the headings above a block say of what stands below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Requirements,
    /// What is not wanted, not decided, or long past.
    Elsewhere,
    Unknown,
}

/// All statements of a document.
pub(crate) fn statements<'a>(prose: &'a Markdown) -> Vec<Statement<'a>> {
    let mut found = Vec::new();
    let is_fragment = prose.headings.is_empty();
    let mut places: Vec<Option<Place>> = vec![None; prose.headings.len()];
    for (index, block) in prose.blocks.iter().enumerate() {
        if block.kind == BlockKind::Quote {
            continue;
        }
        let place = match block.heading {
            None => Place::Unknown,
            Some(heading) => *places[heading].get_or_insert_with(|| place(prose, heading)),
        };
        if place == Place::Elsewhere {
            continue;
        }
        of_block(prose, index, block, place == Place::Requirements, is_fragment, &mut found);
    }
    found
}

fn of_block<'a>(
    prose: &'a Markdown,
    index: usize,
    block: &Block,
    in_requirements: bool,
    is_fragment: bool,
    found: &mut Vec<Statement<'a>>,
) {
    let tokens = token::tokens(&prose.text, block.span.clone(), &prose.code);
    let text = &prose.text[block.span.clone()];
    let id = requirement_id::split(text.trim_start_matches(['*', '_', '[']), block.set_off)
        .map(|(id, _)| id.to_owned())
        .or_else(|| named(prose, block));
    let listed = matches!(block.kind, BlockKind::Item(_) | BlockKind::Cell);
    let mut is_first = true;
    let sentences = token::sentences(&prose.text, &tokens);
    let sentences = if is_fragment { by_line(prose, &tokens, sentences) } else { sentences };
    for range in sentences {
        let mut tokens = tokens[range].to_vec();
        if is_first {
            tokens.drain(..label(prose, &tokens));
        }
        if tokens.len() < 3 {
            continue;
        }
        let sentence = Sentence::new(&prose.text, &prose.lower, tokens);
        if sentence.text(sentence.tokens.len() - 1) == "?" {
            continue;
        }
        // `The key words MUST, SHOULD … are to be interpreted as in RFC 2119` demands nothing.
        if sentence.has("keywords") || sentence.has("key") && sentence.has("words") {
            continue;
        }
        let clauses = ears::clauses(&sentence);
        let modal = clauses.modal.map(|at| (sentence.word(at), sentence.text(at)));
        let is_shouted = modal.is_some_and(|(_, text)| text.chars().all(|c| !c.is_lowercase()));
        let known_place = in_requirements || is_fragment || (listed && id.is_some());
        let demands = match modal {
            // Where everything is in capitals, none are key words.
            Some(_) if is_shouted => {
                (0..sentence.tokens.len()).any(|at| sentence.text(at).contains(char::is_lowercase))
            }
            Some(("shall", _)) => true,
            Some(_) => known_place,
            None => {
                (is_story(&sentence) && (in_requirements || is_fragment))
                    || (in_requirements && listed && is_first && block.leads)
            }
        };
        if demands {
            found.push(Statement {
                strength: modal.and_then(|(word, _)| words::modal(word)),
                sentence,
                clauses,
                id: id.clone(),
                is_first,
                block: index,
            });
        }
        is_first = false;
    }
}

/// Sentences without a period, a line each: cut where a line with a modal verb begins with a capital, behind another one.
fn by_line(prose: &Markdown, tokens: &[Token], sentences: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let demands = |range: Range<usize>| {
        tokens[range].iter().any(|token| words::modal(&prose.lower[token.span()]).is_some())
    };
    let mut found = Vec::with_capacity(sentences.len());
    for sentence in sentences {
        let mut lines = vec![sentence.start];
        lines.extend(
            (sentence.start + 1..sentence.end)
                .filter(|at| prose.text[tokens[at - 1].end..tokens[*at].start].contains('\n')),
        );
        lines.push(sentence.end);
        let mut start = sentence.start;
        for line in lines.windows(2).skip(1) {
            let is_new = prose.text[tokens[line[0]].start..].starts_with(char::is_uppercase);
            if is_new && demands(line[0]..line[1]) && demands(start..line[0]) {
                found.push(start..line[0]);
                start = line[0];
            }
        }
        found.push(start..sentence.end);
    }
    found
}

/// How many tokens at the start of an item are its label: `R7:`, `FR-001:`, `Speed:`, `[R7]`.
fn label(prose: &Markdown, tokens: &[Token]) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token: &Token| &prose.text[token.span()]);
    let colon = (0..tokens.len().min(6)).find(|at| text(*at) == ":");
    if let Some(at) = colon
        && (0..at).all(|one| words::modal(&prose.lower[tokens[one].span()]).is_none())
        && at + 1 < tokens.len()
    {
        return at + 1;
    }
    let first = text(usize::from(text(0) == "["));
    if first.contains(|c: char| c.is_ascii_digit()) && requirement_id::is_any(first) {
        return (1..tokens.len().min(4)).find(|at| tokens[*at].kind != Kind::Mark).unwrap_or(1);
    }
    0
}

/// The name of the requirement that a block stands under, as OpenSpec writes it.
fn named(prose: &Markdown, block: &Block) -> Option<String> {
    let heading = prose.headings.get(block.heading?)?;
    heading.text.strip_prefix("Requirement:").map(|name| name.trim().to_owned())
}

/// `As a user, I want …`
fn is_story(sentence: &Sentence<'_>) -> bool {
    sentence.word(0) == "as"
        && matches!(sentence.word(1), "a" | "an" | "the")
        && (0..sentence.tokens.len()).any(|at| {
            sentence.word(at) == "i"
                && matches!(sentence.word(at + 1), "want" | "need" | "can" | "would" | "must" | "should")
        })
}

fn place(prose: &Markdown, heading: usize) -> Place {
    for heading in prose.path(Some(heading)) {
        let name = heading.text.to_ascii_lowercase();
        let name = name.trim_start_matches(|c: char| c.is_ascii_digit() || ".) ".contains(c));
        const NOT: [&str; 22] = [
            "non-goal",
            "non goal",
            "nongoal",
            "out of scope",
            "alternative",
            "motivation",
            "background",
            "history",
            "changelog",
            "implementation history",
            "open question",
            "reference",
            "drawback",
            "prior art",
            "removed requirements",
            "question",
            "release signoff",
            "why",
            "test plan",
            "risks",
            "table of contents",
            "graduation criteria",
        ];
        if NOT.iter().any(|not| name.starts_with(not)) {
            return Place::Elsewhere;
        }
        const IS: [&str; 8] = [
            "requirement",
            "acceptance criteria",
            "success criteria",
            "functional",
            "non-functional",
            "nonfunctional",
            "constraints",
            "quality",
        ];
        let words = name.split(|c: char| !(c.is_alphanumeric() || c == '-'));
        if IS.iter().any(|is| name.starts_with(is)) || words.into_iter().any(|word| word == "requirements") {
            return Place::Requirements;
        }
    }
    Place::Unknown
}
