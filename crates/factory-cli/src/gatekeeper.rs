//! Asking a person at a gate: at the terminal, by a reason given in advance, or not at all.

use std::io::{self, BufRead, IsTerminal, Write};

use factory_core::artifact::Artifact;
use factory_core::command::Deciding;
use factory_core::decide;
use factory_core::event::{Channel, Decision, Escalation, Person, Stuck};
use factory_core::ids::FindingId;
use factory_core::pipeline::model::Edge;
use factory_core::reason::{self, NoReason};
use factory_core::state::{OpenGate, RunState};
use factory_engine::port::store::BlobStore;
use tokio_util::sync::CancellationToken;

use crate::error::CliError;
use crate::{archive, edit, output, spent, story};

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

/// A gate that asks.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) state: &'a RunState,
    pub(crate) open: &'a OpenGate,
    pub(crate) by: &'a Person,
    pub(crate) blobs: &'a dyn BlobStore,
}

/// What was answered at the terminal.
struct Answer {
    decision: Decision,
    because: String,
    note: Option<String>,
    overrides: Vec<FindingId>,
    edited: Option<Artifact>,
}

impl Gatekeeper {
    /// As the flag and the terminal allow. A reason that is none is refused before anything runs.
    pub(crate) fn choose(approve_because: Option<&str>) -> Result<Self, CliError> {
        match approve_because {
            Some(text) => match reason::check(text) {
                Ok(reason) => Ok(Gatekeeper::InAdvance(reason)),
                Err(error) => Err(CliError::usage("--approve-because needs a reason")
                    .because(&error)
                    .hint("say why every gate may be passed unseen; it is kept with the run")),
            },
            None if io::stdin().is_terminal() && io::stderr().is_terminal() => Ok(Gatekeeper::Terminal),
            None => Ok(Gatekeeper::Nobody),
        }
    }

    /// The decision, or `None` when the gate stays open.
    pub(crate) async fn answer(
        &self,
        asked: Asked<'_>,
        cancel: &CancellationToken,
    ) -> Result<Option<Deciding>, CliError> {
        let open = asked.open;
        let plain = |decision, via, because: String| {
            Deciding::plain(open.gate.clone(), decision, asked.by.clone(), via, because, open.sees.clone())
        };
        match self {
            Gatekeeper::Nobody => Ok(None),
            Gatekeeper::InAdvance(because) => {
                Ok(in_advance(asked).then(|| plain(Decision::Approved, Channel::InAdvance, because.clone())))
            }
            Gatekeeper::Terminal => {
                let Some(answer) = at_terminal(asked, cancel).await? else { return Ok(None) };
                if let Some(edited) = &answer.edited {
                    asked.blobs.put(&edited.to_bytes()).await?;
                }
                let Answer { decision, because, note, overrides, edited } = answer;
                let edited = edited.map(Box::new);
                Ok(Some(Deciding { note, overrides, edited, ..plain(decision, Channel::Terminal, because) }))
            }
        }
    }
}

/// Whether a reason given in advance may answer: not where the gate asks for somebody in particular, nor where a stage
/// is stuck, nor where a patch touches protected paths, nor where a merge is asked for that nothing has sealed.
fn in_advance(asked: Asked<'_>) -> bool {
    let gate = &asked.open.gate;
    let stage = asked.state.started.pipeline.stage(&gate.stage);
    let named = stage.is_none_or(|stage| stage.rule(gate.edge).asks_for_somebody());
    match gate.edge {
        Edge::Entry | Edge::Exit => {
            let unsealed = stage.is_some_and(|stage| decide::merges_unsealed(asked.state, stage));
            !named && !unsealed && decide::protected_at(asked.state, gate).is_empty()
        }
        Edge::Escalation | Edge::Budget => false,
    }
}

async fn at_terminal(asked: Asked<'_>, cancel: &CancellationToken) -> Result<Option<Answer>, CliError> {
    let mut text = shown(asked.state, asked.open, asked.blobs, true).await?;
    loop {
        let open = asked.open.clone();
        let editable = edit::is_editable(asked.state, &open.gate);
        let overridable = decide::can_override(asked.state, &open);
        let asking = tokio::task::spawn_blocking(move || ask(&open, &text, editable, overridable));
        let answer = tokio::select! {
            answer = asking => answer.map_err(|error| CliError::failed("the prompt failed").because(&error))?,
            () = cancel.cancelled() => return Ok(None),
        };
        let answer =
            answer.map_err(|error| CliError::failed("the terminal cannot be read").because(&error))?;
        match answer {
            Asking::Leave => return Ok(None),
            Asking::Answered(answer) => return Ok(Some(*answer)),
            Asking::Edit => match edit::in_editor(asked.open, asked.blobs).await {
                Ok(edited) => {
                    let changed = story::wrap(&story::body(&edited.body));
                    let because = tokio::task::spawn_blocking(move || approve_changed(&changed)).await;
                    let because =
                        because.map_err(|error| CliError::failed("the prompt failed").because(&error))?;
                    if let Ok(Some(because)) = because {
                        let decision = Decision::Approved;
                        let (note, overrides, edited) = (None, Vec::new(), Some(edited));
                        return Ok(Some(Answer { decision, because, note, overrides, edited }));
                    }
                    text = String::new();
                }
                Err(error) => text = format!("{error}\n"),
            },
        }
    }
}

/// Everything that whoever decides has to see, in words; what the evaluator said only `with_verdict`.
pub(crate) async fn shown(
    state: &RunState,
    open: &OpenGate,
    blobs: &dyn BlobStore,
    with_verdict: bool,
) -> Result<String, CliError> {
    use factory_core::artifact::Body;
    let mut text = String::new();
    for digest in &open.sees {
        let body = archive::artifact(blobs, digest).await?;
        text.push_str(&format!("── {} {} ──\n", body.kind().as_str(), digest.short()));
        if !with_verdict && matches!(body, Body::Verify(_)) {
            text.push_str("(what the evaluator said is not shown)\n\n");
            continue;
        }
        text.push_str(&story::wrap(&story::body(&body)));
        text.push('\n');
    }
    if let Some(touched) = story::protected(decide::protected_at(state, &open.gate)) {
        text.push_str(&format!("── what belongs to people ──\n{}\n", story::wrap(&touched)));
    }
    if let Some(spent) = spent::told(state, open) {
        text.push_str(&format!("── what is spent ──\n{}\n", story::wrap(&spent)));
    }
    // A quarantine is no verdict: it has to be seen in any case.
    let seen = |escalation: &&Escalation| with_verdict || escalation.why == Stuck::Tripwire;
    if let Some(escalation) = open.escalation.as_deref().filter(seen) {
        text.push_str("── what is stuck ──\n");
        text.push_str(&story::wrap(&story::escalation(escalation)));
        text.push('\n');
    }
    Ok(text)
}

enum Asking {
    Answered(Box<Answer>),
    Edit,
    Leave,
}

/// Asks until there is a decision with a reason.
fn ask(open: &OpenGate, shown: &str, editable: bool, overridable: bool) -> io::Result<Asking> {
    let mut err = output::Notes;
    let mut lines = io::stdin().lock().lines();
    write!(err, "\n{shown}The gate {} asks for your decision.\n", open.gate)?;
    let choices: &[(&str, Option<Decision>)] = match (open.gate.edge, editable, overridable) {
        (Edge::Entry | Edge::Exit, true, _) => &[
            ("approve", Some(Decision::Approved)),
            ("edit", None),
            ("try again", Some(Decision::Retried)),
            ("reject", Some(Decision::Rejected)),
        ],
        (Edge::Entry | Edge::Exit, false, _) => &[
            ("approve", Some(Decision::Approved)),
            ("try again", Some(Decision::Retried)),
            ("reject", Some(Decision::Rejected)),
        ],
        (Edge::Escalation, _, false) => {
            &[("try again", Some(Decision::Retried)), ("reject", Some(Decision::Rejected))]
        }
        (Edge::Escalation, _, true) => &[
            ("try again", Some(Decision::Retried)),
            ("override", Some(Decision::Overridden)),
            ("reject", Some(Decision::Rejected)),
        ],
        (Edge::Budget, _, _) => {
            &[("approve", Some(Decision::Approved)), ("reject", Some(Decision::Rejected))]
        }
    };
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).chain(["leave"]).collect();
    let letters: Vec<&str> = words.iter().map(|word| &word[..1]).collect();
    let decision = loop {
        write!(err, "{}? [{}] ", words.join(", "), letters.join("/"))?;
        err.flush()?;
        let Some(line) = lines.next().transpose()? else { return Ok(Asking::Leave) };
        let line = line.trim().to_lowercase();
        if matches!(line.as_str(), "l" | "leave") {
            return Ok(Asking::Leave);
        }
        match choices.iter().find(|(word, _)| !line.is_empty() && (line == word[..1] || line == *word)) {
            Some((_, None)) => return Ok(Asking::Edit),
            Some((_, Some(decision))) => break *decision,
            None => {}
        }
    };
    let note = match decision {
        Decision::Retried => {
            match reason_line(&mut err, &mut lines, "What should be different: ", NoReason::of_note)? {
                Some(note) => Some(note),
                None => return Ok(Asking::Leave),
            }
        }
        Decision::Approved | Decision::Rejected | Decision::Overridden => None,
    };
    let overrides = match (decision, &open.escalation) {
        (Decision::Overridden, Some(escalation)) => escalation.findings.clone(),
        (Decision::Overridden | Decision::Approved | Decision::Rejected | Decision::Retried, _) => Vec::new(),
    };
    for finding in &overrides {
        writeln!(err, "You override: {}", story::one_line(finding.as_str()))?;
    }
    Ok(match reason_line(&mut err, &mut lines, "Because: ", NoReason::to_string)? {
        Some(because) => {
            Asking::Answered(Box::new(Answer { decision, because, note, overrides, edited: None }))
        }
        None => Asking::Leave,
    })
}

/// Asks whether the changed artifact is approved; `None` when not.
fn approve_changed(changed: &str) -> io::Result<Option<String>> {
    let mut err = output::Notes;
    let mut lines = io::stdin().lock().lines();
    write!(err, "\n{changed}\nThis takes its place. Nothing more to go back to the question. ")?;
    reason_line(&mut err, &mut lines, "Because: ", NoReason::to_string)
}

/// Asks for a reason until there is one; an empty line leaves.
fn reason_line(
    err: &mut impl Write,
    lines: &mut impl Iterator<Item = io::Result<String>>,
    prompt: &str,
    told: fn(&NoReason) -> String,
) -> io::Result<Option<String>> {
    loop {
        write!(err, "{prompt}")?;
        err.flush()?;
        let Some(line) = lines.next().transpose()? else { return Ok(None) };
        match reason::check(&line) {
            Ok(reason) => return Ok(Some(reason)),
            Err(error) => {
                writeln!(err, "{}; it is kept with the run. (Ctrl-C leaves the gate open.)", told(&error))?
            }
        }
    }
}
