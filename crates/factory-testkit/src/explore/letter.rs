//! One thing that can be asked of a run, without the numbers and digests that it takes in a given state.

use factory_core::artifact::ArtifactKind;
use factory_core::event::{Channel, Decision};
use factory_core::pipeline::model::Edge;

use super::piece::{Color, Finding, Patch};
use super::world::World;

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

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Letter {
    /// Begin, once more.
    Start,
    /// A stage has made something.
    Produce { stage: u8, piece: Piece, level: Level, attempt: Fresh },
    /// A stage has made nothing.
    Fail { stage: u8, level: Level, attempt: Fresh },
    /// A stage could not try.
    Block { stage: u8, level: Level },
    /// The base branch has moved; or is said to have, to where it is.
    Move { stage: u8, elsewhere: bool },
    /// The patch does not fit the moved base.
    Conflict { stage: u8 },
    /// Blocked stages are tried again.
    Resume,
    /// Time has passed.
    Tick,
    /// A person stops the run.
    Cancel { by: u8 },
    /// A person looks at a gate.
    Look { stage: u8, edge: Edge, by: u8, verdict: bool, seen: Fresh },
    /// A person decides.
    Decide(Deciding),
    /// A person looks at a scorecard.
    Reveal { stage: u8 },
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
            Letter::Block { .. }
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
            Letter::Produce { .. } | Letter::Fail { .. } | Letter::Tick => Source::Itself,
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

impl Offer {
    /// In words.
    pub fn words(&self, world: &World) -> String {
        let what = letter(&self.letter, world);
        match self.when {
            When::Now => what,
            When::Timer(0) => format!("when the first timer has run out, {what}"),
            When::Timer(nth) => format!("when {} timers have run out, {what}", nth + 1),
        }
    }
}

fn letter(letter: &Letter, world: &World) -> String {
    let name = |stage: u8| world.stage(stage).id.as_str();
    let who = |by: u8| world.cast[usize::from(by)].person.login.as_str();
    let stale = |fresh: Fresh, what: &str| match fresh {
        Fresh::Current => String::new(),
        Fresh::Stale => format!(", {what}"),
    };
    match letter {
        Letter::Start => "the run is started again".to_owned(),
        Letter::Produce { stage, piece, level, attempt } => {
            let late = stale(*attempt, "as another try");
            let what = made(*piece, world.stage(*stage).makes);
            format!("{} makes {what}{late}{}", name(*stage), used(*level))
        }
        Letter::Fail { stage, level, attempt } => {
            format!("{} fails{}{}", name(*stage), stale(*attempt, "as another try"), used(*level))
        }
        Letter::Block { stage, level } => format!("{} is blocked{}", name(*stage), used(*level)),
        Letter::Move { stage, elsewhere: true } => {
            format!("{} finds that the base branch has moved", name(*stage))
        }
        Letter::Move { stage, elsewhere: false } => {
            format!("{} says that the base branch has moved to where it is", name(*stage))
        }
        Letter::Conflict { stage } => format!("{} cannot carry the patch over", name(*stage)),
        Letter::Resume => "the run is resumed".to_owned(),
        Letter::Tick => "the clock is looked at".to_owned(),
        Letter::Cancel { by } => format!("{} stops the run", who(*by)),
        Letter::Look { stage, edge, by, verdict, seen } => {
            let verdict = if *verdict { " with the verdict" } else { "" };
            let stale = stale(*seen, "at what is not there any more");
            format!("{} looks at {}:{}{verdict}{stale}", who(*by), name(*stage), edge.as_str())
        }
        Letter::Decide(deciding) => decided(deciding, who(deciding.by), name(deciding.stage)),
        Letter::Reveal { stage } => format!("the scorecard of {} is shown", name(*stage)),
        Letter::RollBack => "the merge is taken back".to_owned(),
    }
}

fn decided(deciding: &Deciding, who: &str, stage: &str) -> String {
    let via = match deciding.via {
        Channel::Terminal => "at the terminal",
        Channel::InAdvance => "in advance",
        Channel::Command => "by command",
    };
    let extra = match deciding.extra {
        Extra::None => "",
        Extra::Note => ", with a note",
        Extra::EmptyNote => ", with a note that says nothing",
        Extra::Edited => ", with changes",
        Extra::EditedBadly => ", with changes that cannot be used",
        Extra::AllFindings => ", naming what is wrong",
        Extra::OtherFindings => ", naming something else",
    };
    let seen = if deciding.seen == Fresh::Stale { ", having seen something else" } else { "" };
    let reason = if deciding.reason { "" } else { ", without a reason" };
    let (decision, edge) = (deciding.decision.as_str(), deciding.edge.as_str());
    format!("{who}: {decision} at {stage}:{edge} {via}{extra}{seen}{reason}")
}

fn used(level: Level) -> &'static str {
    match level {
        Level::Nothing => "",
        Level::Half => ", for half the budget",
        Level::Over => ", for more than the budget",
    }
}

fn made(piece: Piece, kind: ArtifactKind) -> String {
    match piece {
        Piece::Sound => format!("a good {}", kind.as_str()),
        Piece::Longer => format!("a longer {}", kind.as_str()),
        Piece::Unsound => format!("a {} that does not meet its exit criteria", kind.as_str()),
        Piece::Build(patch, Color::Green) => format!("patch {patch:?}"),
        Piece::Build(patch, Color::Red) => format!("patch {patch:?} with a red check"),
        Piece::BuildElsewhere => "patch A on another base".to_owned(),
        Piece::Review(true) => "an objection".to_owned(),
        Piece::Review(false) => "no objection".to_owned(),
        Piece::Verify(found) => format!("the verdict `{found:?}`").to_lowercase(),
        Piece::VerifyOther => "a verdict on the other patch".to_owned(),
        Piece::Merge => "the merge".to_owned(),
        Piece::MergeOther => "the merge of the other patch".to_owned(),
        Piece::MergeElsewhere => "the merge onto another base".to_owned(),
        Piece::WrongKind => "something that another stage makes".to_owned(),
    }
}
