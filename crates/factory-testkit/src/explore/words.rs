//! Offers in words, for the paths of reports.

use factory_core::artifact::ArtifactKind;
use factory_core::event::Channel;

use super::letter::{Deciding, Extra, Fresh, Letter, Level, Offer, Piece, When};
use super::truth::Color;
use super::world::World;

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
        Letter::Trip { stage } => format!("a tripwire goes off in what {} says", name(*stage)),
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
