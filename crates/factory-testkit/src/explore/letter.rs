//! One thing that can be asked of a run, without the numbers and digests that it takes in a given state.

use factory_core::event::{Channel, Decision};
use factory_core::pipeline::model::Edge;

use super::truth::{Color, Finding, Patch};

/// What a try has used, against the least budget that is on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Nothing.
    Nothing,
    /// Half of the budget.
    Half,
    /// Half as much again as the whole budget.
    Over,
}

/// What a try has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Piece {
    /// What was asked for.
    Sound,
    /// A plan with one step more.
    Longer,
    /// What does not meet its exit criteria.
    Unsound,
    /// A patch.
    Build(Patch, Color),
    /// A patch on another base than the run's.
    BuildElsewhere,
    /// A review that objects, or does not.
    Review(bool),
    /// A verification of the patch that was built.
    Verify(Finding),
    /// A verification of the other patch.
    VerifyOther,
    /// The merge of the patch that was built, onto the run's base.
    Merge,
    /// The merge of the other patch.
    MergeOther,
    /// The merge onto another base.
    MergeElsewhere,
    /// Something that another stage makes.
    WrongKind,
}

/// Whether what is said is about what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fresh {
    /// It is.
    Current,
    /// It is about something earlier.
    Stale,
}

/// What comes with a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extra {
    /// Nothing.
    None,
    /// A note that says something.
    Note,
    /// A note that says nothing.
    EmptyNote,
    /// The artifact, changed.
    Edited,
    /// The artifact, changed so that it does not meet its exit criteria.
    EditedBadly,
    /// All that is wrong.
    AllFindings,
    /// Something else than what is wrong.
    OtherFindings,
}

/// What can be asked. Stages and people are named by their place in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Letter {
    /// Begin, once more.
    Start,
    /// A stage has made something.
    Produce {
        /// The stage.
        stage: u8,
        /// What it has made.
        piece: Piece,
        /// What it has used.
        level: Level,
        /// Whether it is the try that is being made.
        attempt: Fresh,
    },
    /// A stage has made nothing.
    Fail {
        /// The stage.
        stage: u8,
        /// What it has used.
        level: Level,
        /// Whether it is the try that is being made.
        attempt: Fresh,
    },
    /// A tripwire went off in what a stage said, and it has made nothing.
    Trip {
        /// The stage.
        stage: u8,
    },
    /// A stage could not try.
    Block {
        /// The stage.
        stage: u8,
        /// What it has used.
        level: Level,
    },
    /// The base branch has moved; or is said to have, to where it is.
    Move {
        /// The stage that says so.
        stage: u8,
        /// Whether it has.
        elsewhere: bool,
    },
    /// The patch does not fit the moved base.
    Conflict {
        /// The stage that says so.
        stage: u8,
    },
    /// Blocked stages are tried again.
    Resume,
    /// Time has passed.
    Tick,
    /// A person stops the run.
    Cancel {
        /// Who.
        by: u8,
    },
    /// A person looks at a gate.
    Look {
        /// The gate's stage.
        stage: u8,
        /// Its side.
        edge: Edge,
        /// Who.
        by: u8,
        /// Whether they are shown the verdict.
        verdict: bool,
        /// Whether it is what the gate shows.
        seen: Fresh,
    },
    /// A person decides.
    Decide(Deciding),
    /// A person looks at a scorecard.
    Reveal {
        /// The stage that judged.
        stage: u8,
    },
    /// What was merged has been taken back.
    RollBack,
}

/// A decision at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deciding {
    /// The gate's stage.
    pub stage: u8,
    /// Its side.
    pub edge: Edge,
    /// Who.
    pub by: u8,
    /// What.
    pub decision: Decision,
    /// How it came in.
    pub via: Channel,
    /// Whether it is about what the gate shows.
    pub seen: Fresh,
    /// What comes with it.
    pub extra: Extra,
    /// Whether there is a reason.
    pub reason: bool,
}

/// When it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// At once.
    Now,
    /// When the timer of that place in order of time has just run out.
    Timer(u8),
}

/// A letter at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Offer {
    /// What.
    pub letter: Letter,
    /// When.
    pub when: When,
}

/// Who has to act for a letter to come: tells what goes on by itself from what does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The stages and the clock.
    Itself,
    /// A person at a gate, or the world outside.
    Others,
    /// A person who stops the run: possible always, and so no proof of anything.
    Stop,
}

impl Letter {
    /// Whether the machine may never obey it, whatever the state.
    pub fn is_impossible(&self) -> bool {
        match self {
            Letter::Start => true,
            Letter::Produce { piece, attempt, .. } => {
                *attempt == Fresh::Stale
                    || matches!(
                        piece,
                        Piece::BuildElsewhere
                            | Piece::VerifyOther
                            | Piece::MergeOther
                            | Piece::MergeElsewhere
                            | Piece::WrongKind
                    )
            }
            Letter::Fail { attempt, .. } => *attempt == Fresh::Stale,
            Letter::Move { elsewhere, .. } => !elsewhere,
            Letter::Look { seen, .. } => *seen == Fresh::Stale,
            Letter::Decide(deciding) => deciding.is_impossible(),
            Letter::Trip { .. }
            | Letter::Block { .. }
            | Letter::Conflict { .. }
            | Letter::Resume
            | Letter::Tick
            | Letter::Cancel { .. }
            | Letter::Reveal { .. }
            | Letter::RollBack => false,
        }
    }

    /// Who has to act.
    pub fn source(&self) -> Source {
        match self {
            Letter::Produce { .. } | Letter::Trip { .. } | Letter::Fail { .. } | Letter::Tick => {
                Source::Itself
            }
            Letter::Cancel { .. } => Source::Stop,
            Letter::Start
            | Letter::Block { .. }
            | Letter::Move { .. }
            | Letter::Conflict { .. }
            | Letter::Resume
            | Letter::Look { .. }
            | Letter::Decide(_)
            | Letter::Reveal { .. }
            | Letter::RollBack => Source::Others,
        }
    }
}

impl Deciding {
    fn is_impossible(&self) -> bool {
        let known = match (self.edge, self.decision) {
            (Edge::Entry | Edge::Exit, Decision::Approved | Decision::Rejected | Decision::Retried)
            | (Edge::Escalation, Decision::Rejected | Decision::Retried | Decision::Overridden)
            | (Edge::Budget, Decision::Approved | Decision::Rejected) => true,
            (Edge::Entry | Edge::Exit | Edge::Budget, Decision::Overridden)
            | (Edge::Escalation, Decision::Approved)
            | (Edge::Budget, Decision::Retried) => false,
        };
        let complete = match self.decision {
            Decision::Approved => matches!(self.extra, Extra::None | Extra::Edited),
            Decision::Rejected => self.extra == Extra::None,
            Decision::Retried => self.extra == Extra::Note,
            Decision::Overridden => self.extra == Extra::AllFindings,
        };
        !known || !complete || !self.reason || self.seen == Fresh::Stale
    }
}
