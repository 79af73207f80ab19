//! An error as a user meets it: what happened, why, and what to do next. Made where the meaning is known, rendered
//! once, in `main`.

use std::error::Error;
use std::fmt;

use factory_engine::error::EngineError;
use factory_engine::port::store::StoreError;

use crate::exit::Exit;

/// What went wrong, for a person.
#[derive(Debug)]
pub(crate) struct CliError {
    exit: Exit,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    holder_gone: bool,
}

impl CliError {
    /// The command line, a file or the surroundings are not as they must be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Something failed that was asked for rightly.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// Anything else.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), hint: None, holder_gone: false }
    }

    /// Adds an error and all its sources as the reason.
    pub(crate) fn because(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(cause) = next {
            let text = cause.to_string();
            if self.causes.last() != Some(&text) {
                self.causes.push(text);
            }
            next = cause.source();
        }
        self
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether all that is wrong is that the process has ended through which the store was reached.
    pub(crate) fn is_holder_gone(&self) -> bool {
        self.holder_gone
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        for cause in &self.causes {
            // What goes on over several lines may be text of others, and is marked as such.
            write!(f, "\n  because: {}", cause.replace('\n', "\n  │ "))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  next: {}", hint.replace('\n', "\n        "))?;
        }
        Ok(())
    }
}

impl Error for CliError {}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Held { holder } => {
                CliError::usage("another factory is at work in this project").because(&error).hint(format!(
                    "it does not answer; wait until process {holder} ends, or end it with Ctrl-C: its run can be resumed; \
                     if it was stopped with Ctrl-Z, `fg` in its terminal (or kill -CONT {holder}) lets it go on"
                ))
            }
            StoreError::Driven { run, holder } => {
                CliError::usage(format!("the run {run} is already going on, in process {holder}"))
                    .hint(format!("follow it: factory runs attach {run}"))
            }
            StoreError::HolderGone => CliError {
                holder_gone: true,
                ..CliError::failed("the store was reached through another factory, which has ended")
                    .because(&error)
                    .hint("nothing that was recorded is lost; give the same command again")
            },
            StoreError::Newer { .. } => {
                CliError::usage("this project's store was written by a newer factory")
                    .because(&error)
                    .hint("use that version, or move .factory/ away to begin afresh")
            }
            StoreError::Full(_) => CliError::failed("the disk is full; nothing that was recorded is lost")
                .because(&error)
                .hint("make room and give the same command again; `factory runs resume` goes on with a run that had begun"),
            StoreError::Damaged { .. } => CliError::failed(
                "the store holds a record that is not what was written",
            )
            .because(&error)
            .hint(
                "`factory doctor --repair` names all that is damaged, and saves what is whole in a new store; merged \
                 branches are in git",
            ),
            StoreError::Conflict { .. } | StoreError::NoBlob(_) | StoreError::Io { .. } => {
                CliError::failed("the store cannot go on")
                    .because(&error)
                    .hint("`factory doctor` looks for the cause")
            }
        }
    }
}

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(store) => store.into(),
            EngineError::NoRun(ref run) => CliError::usage(format!("there is no run {run}"))
                .hint("`factory runs list` shows the runs of this project"),
            EngineError::Rejected(ref rejection) => CliError::usage(rejection.to_string()),
            EngineError::Entry { .. } => CliError::failed("the decision ledger cannot be used")
                .because(&error)
                .hint("`factory decision verify` says what is wrong with it"),
            EngineError::Record { .. } | EngineError::Broken { .. } => {
                CliError::failed("the run's log cannot be used").because(&error)
            }
        }
    }
}
