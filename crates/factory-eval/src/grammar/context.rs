//! What a sentence can refer to: what the sentences before it have remembered, sent and found.

use std::collections::{BTreeMap, BTreeSet};

use super::phrases::Phrases;
use super::subject::Subject;
use crate::plan::Request;

/// Names that are filled in without being remembered.
pub(crate) const BUILT_IN: &[&str] = &["url", "port", "scratch", "n"];

/// Who decided what a remembered value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The service.
    Observed,
    /// The scenario; asserting something about it proves nothing.
    Own,
}

/// The requests that made the current answers.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) requests: Vec<Request>,
    /// How many answers there are.
    pub(crate) answers: usize,
    /// Whether their order means anything.
    pub(crate) ordered: bool,
}

/// What came with a sentence: its doc string or table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attached {
    /// The text and the media type of a doc string.
    pub(crate) doc: Option<(String, Option<String>)>,
    /// The rows of a table.
    pub(crate) table: Option<Vec<Vec<String>>>,
}

impl Attached {
    pub(crate) fn is_empty(&self) -> bool {
        self.doc.is_none() && self.table.is_none()
    }
}

/// The state of a compilation between two sentences.
#[derive(Debug, Clone)]
pub(crate) struct Context<'a> {
    pub(crate) phrases: &'a Phrases,
    pub(crate) names: BTreeMap<String, Origin>,
    pub(crate) answers: BTreeSet<String>,
    pub(crate) sent: Option<Sent>,
    /// Whether anything has been done to the service yet.
    pub(crate) acted: bool,
    /// Whether a sentence has found a mail.
    pub(crate) mail: bool,
    /// Whether a sentence has found a link.
    pub(crate) link: bool,
    /// Whether a command has run.
    pub(crate) command: bool,
    /// What a part without a subject of its own speaks of.
    pub(crate) subject: Option<Subject>,
    /// What stands under the sentence, until a rule takes it.
    pub(crate) attached: Attached,
}

impl<'a> Context<'a> {
    pub(crate) fn new(phrases: &'a Phrases) -> Self {
        Context {
            phrases,
            names: BTreeMap::new(),
            answers: BTreeSet::new(),
            sent: None,
            acted: false,
            mail: false,
            link: false,
            command: false,
            subject: None,
            attached: Attached::default(),
        }
    }

    /// Whether `{name}` can be used.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.names.contains_key(name) || BUILT_IN.contains(&name)
    }

    /// Notes a new name.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub(crate) fn remember(&mut self, name: &str, origin: Origin) -> Result<(), String> {
        if !super::lex::is_name(name) {
            return Err(format!(
                "`{name}` cannot be a name: letters, digits, `_` and `-`, beginning with a letter"
            ));
        }
        if BUILT_IN.contains(&name) {
            return Err(format!("`{name}` has a meaning of its own and cannot be remembered"));
        }
        self.names.insert(name.to_owned(), origin);
        Ok(())
    }
}
