//! English prose as far as a linter has to understand it: blocks of Markdown, sentences, words, and what words do.
//!
//! `markdown` blanks everything that is not prose, so that all offsets stay; `token` cuts it into words; `statement`
//! finds the sentences that demand something; `ears` finds their clauses. `words` knows the closed classes of words,
//! `phrase` matches patterns of them, `measure` knows numbers, units and points in time.

pub(crate) mod ears;
pub(crate) mod markdown;
pub(crate) mod measure;
pub(crate) mod phrase;
pub(crate) mod statement;
pub(crate) mod token;
pub(crate) mod words;
