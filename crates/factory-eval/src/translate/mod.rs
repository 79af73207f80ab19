//! Sentences that no rule of the grammar is about, put into sentences that rules read.
//!
//! A [`Translator`] is asked: somebody who knows languages, such as a model. It sees the scenario and nothing of any candidate.
//! Its answer is sentences and not a plan, so that all that is said of a person's sentences is said of these, and a person can
//! read them; beside that they are held to more ([`Rewritten`](crate::grammar::Rewritten)). What was accepted is kept
//! ([`Translations`]), closed to others, and used from then on: nobody is asked twice for the same scenario.

mod ask;
mod keep;
mod prompt;
#[cfg(test)]
mod tests;

use async_trait::async_trait;

pub use ask::{Asked, Unreachable};
pub use keep::Translations;
pub use prompt::digest;

use crate::grammar::Rewritten;

/// How often an answer that cannot be used may be mended.
pub const REPAIRS: u32 = 2;

/// What is asked. It quotes a scenario, so it cannot be printed.
pub struct Question {
    /// What stands, whatever is asked.
    pub instructions: String,
    /// The scenario, and which of its sentences are meant.
    pub asked: String,
}

/// What a translator says of one sentence. It quotes a scenario, so it cannot be printed.
pub struct Answer {
    /// The sentence's number in the question, from 1.
    pub sentence: usize,
    /// The sentences that stand for it.
    pub steps: Vec<String>,
    /// What one would have to know to say it, if nothing can stand for it.
    pub unclear: Option<String>,
}

/// Says what is wrong with answers, in words for the translator.
pub type Judge<'a> = dyn Fn(&[Answer]) -> Result<(), String> + Send + Sync + 'a;

/// Why there is no answer.
pub enum NoAnswer {
    /// Nobody can be asked.
    Unreachable(Box<dyn std::error::Error + Send + Sync>),
    /// What was answered could not be used, and neither could what was mended. It may quote the scenario.
    Unusable(String),
}

/// Somebody who puts sentences in other words.
#[async_trait]
pub trait Translator: Send + Sync {
    /// Asks, and has answers mended that `judge` refuses, [`REPAIRS`] times at most.
    ///
    /// # Errors
    /// [`NoAnswer`].
    async fn translate(&self, question: &Question, judge: &Judge<'_>) -> Result<Vec<Answer>, NoAnswer>;
}

/// What stands for sentences of a scenario, and who said so.
pub struct Translation {
    /// The model that made it.
    pub model: String,
    /// The sentences.
    pub sentences: Rewritten,
}
