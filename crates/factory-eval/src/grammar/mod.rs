//! The step grammar: fixed rules that turn sentences into steps of a plan.
//!
//! A sentence is taken apart into literals and a skeleton of words (`lex`), the words are reduced to a small vocabulary
//! (`words`), and the rules, grouped by topic, are patterns over the skeleton (`pattern`). A rule answers in one of three
//! ways: this is not about me, this is what it means, or this is why it cannot be meant. A sentence that no rule
//! takes as a whole falls into parts at its conjunctions. What is left is an error that names the sentence.

mod answers;
mod clauses;
mod command;
mod compare;
mod context;
mod data;
mod files;
mod lex;
mod mail;
mod memory;
mod named;
mod nearest;
mod pattern;
mod phrases;
mod predicate;
mod prepare;
mod request;
mod rewritten;
mod scenario;
mod sentence;
mod strict;
mod subject;
mod vacuity;
mod voice;
mod words;
mod world;

#[cfg(test)]
mod tests;

pub use phrases::{PhraseError, Phrases};
pub use rewritten::Rewritten;
pub use scenario::{CompileError, compile, compile_rewritten};

/// What sentences mean: raised whenever one comes to mean something else. What was made for another version is not used.
pub const VERSION: u32 = 1;
