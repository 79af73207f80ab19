//! Who has to change something when a run of a scenario did not succeed, and what showed it.
//!
//! A run that fails counts against the candidate or is not scored; that is decided by the step that failed
//! ([`crate::scorecard::Outcome`]). Who is to look at it first is another question, and this one answers it: each [`Cause`]
//! belongs to one [`Attribution`], so that nothing has to be guessed from a message later.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where the mistake is, as far as one run can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribution {
    /// In what was asked for.
    Specification,
    /// In the candidate: what was observed of it is not what is required.
    Application,
    /// In what people wrote to judge it by: a scenario, a phrase of `steps.toml`, or `[deploy]`.
    Test,
    /// In the machine, or in this program. Nothing was learned of the candidate.
    Infrastructure,
}

impl Attribution {
    /// All, in the order in which they are shown.
    pub const ALL: [Attribution; 4] = [
        Attribution::Specification,
        Attribution::Application,
        Attribution::Test,
        Attribution::Infrastructure,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Attribution::Specification => "specification",
            Attribution::Application => "application",
            Attribution::Test => "test",
            Attribution::Infrastructure => "infrastructure",
        }
    }
}

impl fmt::Display for Attribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happened, by name. Known where it happens, never read out of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Two scenarios want different things in the same situation. No single run can tell; whoever compares them says so.
    Contradiction,
    /// Something that was observed is not as required.
    Observed,
    /// The build ended with another status than 0.
    BuildFailed,
    /// The build did not end in time.
    BuildTooSlow,
    /// The service lived and was not ready in time.
    NeverReady,
    /// The service ended before it was ready.
    EndedEarly,
    /// The service ended, or was ended by the candidate, while the scenario ran.
    Ended,
    /// The candidate says that its port is taken, and nobody else can have taken it.
    OwnPortTaken,
    /// Nobody listens where the service should, or the connection broke before the answer was whole.
    NoAnswer,
    /// An answer, or a command, did not end in time.
    TooSlow,
    /// An answer has more bytes than are read.
    TooLarge,
    /// What came is not HTTP.
    NotHttp,
    /// The candidate has written more than it may.
    TooMuchWritten,
    /// What the candidate wrote cannot be read: files without permission, folders without end, no database.
    Unreadable,
    /// The shell does not find the program of `[deploy] command`.
    ProgramNotFound,
    /// A sentence uses a remembered value that there is none of.
    ValueMissing,
    /// A request, or a query, cannot be made of what the sentence says.
    Impossible,
    /// No port could be had.
    NoPort,
    /// It needs what a service that somebody else runs does not offer.
    NotOurs,
    /// Where somebody else's service should be, not even the first connection could be made.
    Unreachable,
    /// A command could not be confined or started.
    Sandbox,
    /// The machine failed in another way: no folder, no random numbers, a clock that cannot be moved.
    Machine,
    /// The plan speaks of what no step has made: a defect of this program.
    Plan,
}

impl Cause {
    /// Who has to change something. Everything that was observed of the candidate is the candidate's.
    pub fn attribution(self) -> Attribution {
        match self {
            Cause::Contradiction => Attribution::Specification,
            Cause::Observed
            | Cause::BuildFailed
            | Cause::BuildTooSlow
            | Cause::NeverReady
            | Cause::EndedEarly
            | Cause::Ended
            | Cause::OwnPortTaken
            | Cause::NoAnswer
            | Cause::TooSlow
            | Cause::TooLarge
            | Cause::NotHttp
            | Cause::TooMuchWritten
            | Cause::Unreadable => Attribution::Application,
            Cause::ProgramNotFound | Cause::ValueMissing | Cause::Impossible => Attribution::Test,
            Cause::NoPort
            | Cause::NotOurs
            | Cause::Unreachable
            | Cause::Sandbox
            | Cause::Machine
            | Cause::Plan => Attribution::Infrastructure,
        }
    }
}

/// Bytes of evidence that are kept. A candidate decides how long what it prints is.
const EVIDENCE: usize = 8 * 1024;

/// A cause, and what showed it. The evidence quotes scenarios and candidates, so it stays on the evaluator's side: none of
/// this can be printed or serialized by the way.
pub struct Blame {
    /// What happened.
    pub cause: Cause,
    /// What was there and what should have been.
    pub evidence: String,
}

impl Blame {
    /// Takes the first 8 KiB of the evidence, with a note where more was left out.
    pub fn new(cause: Cause, evidence: impl Into<String>) -> Self {
        let mut evidence = evidence.into();
        if evidence.len() > EVIDENCE {
            let all = evidence.len();
            let end = (0..=EVIDENCE).rev().find(|at| evidence.is_char_boundary(*at)).unwrap_or(0);
            evidence.truncate(end);
            evidence.push_str(&format!("\n[{} bytes left out]", all - end));
        }
        Blame { cause, evidence }
    }

    /// Who has to change something.
    pub fn attribution(&self) -> Attribution {
        self.cause.attribution()
    }
}

/// Why a service that ended before it was ready did so, by its exit status, the command that starts it and the end of its
/// log. A shell that does not find a program ends with 127. A program that is named by a path is the candidate's own; one that
/// is looked up is something that whoever wrote `[deploy]` expected to be there.
pub(crate) fn of_early_end(status: Option<i32>, command: &str, log: &str) -> Cause {
    const NOT_FOUND: i32 = 127;
    if status != Some(NOT_FOUND) || !log.contains("not found") {
        return Cause::EndedEarly;
    }
    let mut words = command.split_whitespace().skip_while(|word| *word == "exec" || word.contains('='));
    match words.next() {
        Some(program) if !program.contains('/') && log.contains(&format!("{program}: ")) => {
            Cause::ProgramNotFound
        }
        Some(_) | None => Cause::EndedEarly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_bounded_and_never_cut_inside_a_character() {
        let blame = Blame::new(Cause::Observed, "é".repeat(EVIDENCE));
        assert!(blame.evidence.len() < EVIDENCE + 50, "{}", blame.evidence.len());
        assert!(blame.evidence.ends_with(&format!("\n[{EVIDENCE} bytes left out]")));
        assert_eq!(Blame::new(Cause::Observed, "short").evidence, "short");
    }

    #[test]
    fn a_program_that_is_not_there_is_whose_it_is() {
        let shell = "/bin/sh: 1: pyhton3: not found\n";
        assert_eq!(of_early_end(Some(127), "exec PORT=1 pyhton3 -m x", shell), Cause::ProgramNotFound);
        // The candidate's own file, or a program that the started one did not find itself.
        assert_eq!(of_early_end(Some(127), "./serve", "/bin/sh: 1: ./serve: not found"), Cause::EndedEarly);
        assert_eq!(of_early_end(Some(127), "python3 -m x", shell), Cause::EndedEarly);
        assert_eq!(of_early_end(Some(1), "pyhton3 -m x", shell), Cause::EndedEarly);
        assert_eq!(of_early_end(None, "pyhton3 -m x", shell), Cause::EndedEarly);
    }

    #[test]
    fn what_was_observed_is_the_applications_and_what_was_not_is_not() {
        for cause in
            [Cause::Observed, Cause::TooLarge, Cause::Ended, Cause::TooMuchWritten, Cause::OwnPortTaken]
        {
            assert_eq!(cause.attribution(), Attribution::Application, "{cause:?}");
        }
        assert_eq!(Cause::ValueMissing.attribution(), Attribution::Test);
        assert_eq!(Cause::NoPort.attribution(), Attribution::Infrastructure);
        assert_eq!(Cause::Contradiction.attribution(), Attribution::Specification);
        assert_eq!(
            Attribution::ALL.map(Attribution::as_str),
            ["specification", "application", "test", "infrastructure"]
        );
    }
}
