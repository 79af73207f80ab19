//! Asking a person at a gate: at the terminal, by a reason given in advance, or not at all.

use std::io::{self, BufRead, IsTerminal, Write};

use factory_core::command::Command;
use factory_core::decide;
use factory_core::event::{Channel, Decision, Person};
use factory_core::state::OpenGate;
use factory_engine::port::store::BlobStore;
use tokio_util::sync::CancellationToken;

use crate::error::CliError;
use crate::{archive, story};

/// How gates are answered in this process.
#[derive(Debug, Clone)]
pub(crate) enum Gatekeeper {
    /// With a reason that was given in advance.
    InAdvance(String),
    /// By asking at the terminal.
    Terminal,
    /// Not here: the run waits.
    Nobody,
}

impl Gatekeeper {
    /// As the flag and the terminal allow. A blank reason is refused before anything runs.
    pub(crate) fn choose(approve_because: Option<&str>) -> Result<Self, CliError> {
        match approve_because {
            Some(reason) if !decide::says_something(reason) => {
                Err(CliError::usage("--approve-because needs a reason that is not blank")
                    .hint("say why every gate may be passed unseen; it is kept with the run"))
            }
            Some(reason) => Ok(Gatekeeper::InAdvance(reason.to_owned())),
            None if io::stdin().is_terminal() && io::stderr().is_terminal() => Ok(Gatekeeper::Terminal),
            None => Ok(Gatekeeper::Nobody),
        }
    }

    /// The decision, or `None` when the gate stays open.
    pub(crate) async fn answer(
        &self,
        open: &OpenGate,
        by: Person,
        blobs: &dyn BlobStore,
        cancel: &CancellationToken,
    ) -> Result<Option<Command>, CliError> {
        let (decision, via, because) = match self {
            Gatekeeper::Nobody => return Ok(None),
            Gatekeeper::InAdvance(because) => (Decision::Approved, Channel::InAdvance, because.clone()),
            Gatekeeper::Terminal => {
                let shown = shown(open, blobs).await?;
                let gate = open.gate.to_string();
                let asking = tokio::task::spawn_blocking(move || ask(&gate, &shown));
                let answer = tokio::select! {
                    answer = asking => answer.map_err(|error| CliError::failed("the prompt failed").because(&error))?,
                    () = cancel.cancelled() => return Ok(None),
                };
                match answer
                    .map_err(|error| CliError::failed("the terminal cannot be read").because(&error))?
                {
                    Some((decision, because)) => (decision, Channel::Terminal, because),
                    None => return Ok(None),
                }
            }
        };
        Ok(Some(Command::Decide {
            gate: open.gate.clone(),
            decision,
            by,
            via,
            because,
            seen: open.sees.clone(),
        }))
    }
}

/// Everything that whoever decides has to see, in words.
pub(crate) async fn shown(open: &OpenGate, blobs: &dyn BlobStore) -> Result<String, CliError> {
    let mut text = String::new();
    for digest in &open.sees {
        let body = archive::artifact(blobs, digest).await?;
        text.push_str(&format!("── {} {} ──\n", body.kind().as_str(), digest.short()));
        text.push_str(&story::wrap(&story::body(&body)));
        text.push('\n');
    }
    Ok(text)
}

/// Asks until there is a decision with a reason; `None` leaves the gate open.
fn ask(gate: &str, shown: &str) -> io::Result<Option<(Decision, String)>> {
    let mut err = io::stderr().lock();
    let mut lines = io::stdin().lock().lines();
    write!(err, "\n{shown}The gate {gate} asks for your decision.\n")?;
    let decision = loop {
        write!(err, "Approve, reject, or leave it open? [a/r/l] ")?;
        err.flush()?;
        let Some(line) = lines.next().transpose()? else {
            return Ok(None);
        };
        match line.trim().to_lowercase().as_str() {
            "a" | "approve" => break Decision::Approved,
            "r" | "reject" => break Decision::Rejected,
            "l" | "leave" => return Ok(None),
            _ => {}
        }
    };
    loop {
        write!(err, "Because: ")?;
        err.flush()?;
        let Some(line) = lines.next().transpose()? else {
            return Ok(None);
        };
        if decide::says_something(&line) {
            return Ok(Some((decision, line.trim().to_owned())));
        }
        writeln!(err, "A decision needs a reason; it is kept with the run.")?;
    }
}
