//! What a sentence can refer to: what the sentences before it have remembered, sent and found.

use std::collections::{BTreeMap, BTreeSet};

use super::phrases::Phrases;
use super::subject::Subject;
use crate::plan::{Body, Request, Template};

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

/// What was done last, which `it` and `I see` speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Request,
    Command,
}

/// What sentences have prepared for requests to come. Headers stay for all of them; body and query are for the next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prepared {
    pub(crate) headers: Vec<(String, Template)>,
    /// Headers that were taken away.
    pub(crate) without: Vec<String>,
    pub(crate) body: Body,
    /// `name=value`, percent-encoded.
    pub(crate) query: Vec<String>,
    /// Whether no request has carried it yet.
    pub(crate) unused: bool,
}

/// Where and in which environment commands to come run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shell {
    pub(crate) folder: Option<Template>,
    pub(crate) environment: Vec<(String, Option<Template>)>,
    /// Whether no command has run since it was said.
    pub(crate) unused: bool,
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

    /// Takes the rows of a table of two columns, but for a first row that only names them.
    ///
    /// # Errors
    /// There is no such table.
    pub(crate) fn pairs(&mut self) -> Result<Vec<(String, String)>, String> {
        let rows = self.table.take().ok_or("a table of two columns has to follow")?;
        let mut pairs = Vec::new();
        for row in rows {
            let [name, value] = <[String; 2]>::try_from(row).map_err(|_| "the table needs two columns")?;
            pairs.push((name, value));
        }
        let is_heading = |(name, value): &(String, String)| {
            let name = name.to_lowercase();
            let names = ["key", "name", "header", "field", "param", "parameter", "variable", "path", "node"];
            value.eq_ignore_ascii_case("value") && names.contains(&name.as_str())
        };
        if pairs.len() > 1 && pairs.first().is_some_and(is_heading) {
            pairs.remove(0);
        }
        Ok(pairs)
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
    /// Whether a mail was opened, so that what is seen may be in it.
    pub(crate) opened: bool,
    /// Whether a sentence has found a link.
    pub(crate) link: bool,
    /// Whether a command has run.
    pub(crate) command: bool,
    /// What was done last.
    pub(crate) last: Option<Act>,
    /// Whether the sentence stands under `Then`: what could be done or asserted is asserted there.
    pub(crate) then: bool,
    pub(crate) prepared: Prepared,
    pub(crate) shell: Shell,
    /// What the sentence types into the command that was run just before.
    pub(crate) typed: Vec<String>,
    /// What a part without a subject of its own speaks of.
    pub(crate) subject: Option<Subject>,
    /// What stands under the sentence, until a rule takes it.
    pub(crate) attached: Attached,
    /// The number of the literal that is the doc string, where that is read as the end of the sentence.
    pub(crate) doc: Option<usize>,
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
            opened: false,
            link: false,
            command: false,
            last: None,
            then: false,
            prepared: Prepared {
                headers: Vec::new(),
                without: Vec::new(),
                body: Body::None,
                query: Vec::new(),
                unused: false,
            },
            shell: Shell::default(),
            typed: Vec::new(),
            subject: None,
            attached: Attached::default(),
            doc: None,
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
