//! What a rule found, and what would mend it.

use serde::Serialize;

use super::rule::{Debt, Tier};
use crate::diagnostic::Span;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's code.
    pub code: &'static str,
    /// How much it weighs.
    pub tier: Tier,
    /// Where it is, in bytes of the source.
    pub span: Span,
    /// What is wrong: a lowercase fragment without a period.
    pub message: String,
    /// What to write instead, where that can be said.
    pub help: Option<String>,
    /// Changes that mend it and keep the meaning; empty if there are none.
    pub fix: Vec<Edit>,
    /// The debt that it is.
    pub debt: Option<Debt>,
}

/// A change of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// What is replaced, in bytes.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// What a rule has found so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) found: Vec<Found>,
}

/// A finding before its code is known.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) fix: Vec<Edit>,
}

impl Report {
    /// Adds a finding.
    pub(crate) fn add(&mut self, span: Span, message: impl Into<String>) -> &mut Found {
        self.found.push(Found { span, message: message.into(), help: None, fix: Vec::new() });
        self.found.last_mut().expect("it was pushed just now")
    }
}

impl Found {
    /// Says what to write instead.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a change that mends it.
    pub(crate) fn edit(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.fix.push(Edit { span, text: text.into() });
        self
    }
}
