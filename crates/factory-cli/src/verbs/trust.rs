//! `factory trust`: how far the project trusts its evaluator. Every change is an entry of the ledger.

use std::path::Path;

use factory_core::ids::Timestamp;
use factory_core::reason;
use factory_core::trust::{self, Criterion, Due, Phase, Readiness, Refusal, TrustChange};
use factory_engine::port::clock::{Clock as _, SystemClock};
use factory_engine::port::store::StoreError;
use factory_store::Opened;
use serde::Serialize;

use crate::args::ListFormat;
use crate::args::trust::{PhaseName, TrustVerb};
use crate::census::{self, Trust};
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, output, person, story};

pub(crate) async fn trust(verb: TrustVerb) -> Result<Exit, CliError> {
    match verb {
        TrustVerb::Status { format } => status(format).await,
        TrustVerb::Promote { because } => {
            let raise = |trust: &Trust, login: &str, because: &str, now| {
                let from = trust.state.phase();
                let to = from.next().ok_or(Refusal::NotNext { from, to: from })?;
                trust::promote(&trust.state, &trust.figures, to, login, because, now)
            };
            change(&because, raise).await
        }
        TrustVerb::Demote { to, because } => {
            let lower = |trust: &Trust, login: &str, because: &str, now| {
                let from = trust.state.phase();
                let below = Phase::ALL.into_iter().rfind(|phase| *phase < from).unwrap_or(from);
                trust::demote(&trust.state, to.map_or(below, phase), login, because, now)
            };
            change(&because, lower).await
        }
    }
}

fn phase(name: PhaseName) -> Phase {
    match name {
        PhaseName::Shadow => Phase::Shadow,
        PhaseName::Advised => Phase::Advised,
        PhaseName::LowRisk => Phase::LowRisk,
        PhaseName::Full => Phase::Full,
    }
}

/// What `factory trust status --format json` prints.
#[derive(Serialize)]
struct Status {
    /// Version of this form.
    schema: u32,
    recorded: Phase,
    effective: Phase,
    since_ms: Option<u64>,
    days_in_phase: u32,
    /// Why the recorded changes cannot be believed, if they cannot.
    broken: Option<String>,
    /// The lowering that this look has recorded.
    lowered: Option<TrustChange>,
    /// One that is due and could not be recorded yet.
    due: Option<Due>,
    next: Option<Next>,
    figures: Readiness,
}

#[derive(Serialize)]
struct Next {
    phase: Phase,
    criteria: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    criterion: Criterion,
    met: bool,
    asked: &'static str,
    found: String,
}

fn next(figures: &Readiness, phase: Phase) -> Next {
    let row = |&criterion: &Criterion| Row {
        criterion,
        met: criterion.is_met(figures),
        asked: criterion.asks(),
        found: criterion.found(figures),
    };
    Next { phase, criteria: Criterion::asked_for(phase).iter().map(row).collect() }
}

async fn status(format: ListFormat) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let now = SystemClock.now();
    let (trust, lowered) = match archive::open(&place).await? {
        Some(store) => census::settled(store.log.as_ref(), &place.store(), now).await?,
        None => (Trust::of(Default::default(), now), None),
    };
    let recorded = trust.state.phase();
    let status = Status {
        schema: 1,
        recorded,
        effective: trust::effective_phase(&trust.state, &trust.figures),
        since_ms: trust.state.since().map(|at| at.0),
        days_in_phase: trust.figures.days_in_phase,
        due: trust.due(),
        next: recorded.next().map(|phase| next(&trust.figures, phase)),
        broken: trust.broken,
        lowered,
        figures: trust.figures,
    };
    match format {
        ListFormat::Json => output::json(&status),
        ListFormat::Human => print(&status),
    }
    Ok(Exit::Clean)
}

fn print(status: &Status) {
    let since = status.since_ms.map_or("never changed".to_owned(), |ms| {
        format!("since {}, {} days", story::moment(Timestamp(ms)), status.days_in_phase)
    });
    output::line(&format!("phase  {} ({since})", status.effective));
    if let Some(broken) = &status.broken {
        output::line(&format!("       what was recorded cannot be believed: {broken}"));
    }
    if let Some(change) = &status.lowered {
        output::line(&format!("       lowered just now from {}: {}", change.from, because(change)));
    }
    if let Some(due) = &status.due {
        output::line(&format!("       recorded is {}, but {}", status.recorded, due.because()));
    }
    let Some(next) = &status.next else { return };
    output::line(&format!("\nnext   {} asks, of the last 90 days:", next.phase));
    let width = next.criteria.iter().map(|row| row.asked.chars().count()).max().unwrap_or(0);
    for row in &next.criteria {
        let met = if row.met { "met  " } else { "unmet" };
        output::line(&format!("       {met}  {:<width$}  {}", row.asked, row.found));
    }
}

fn because(change: &TrustChange) -> &str {
    match &change.by {
        trust::TrustActor::Human { because, .. } | trust::TrustActor::Automatic { because } => because,
    }
}

/// Makes a change that a person asks for, on trust as it is while nobody else can change it.
async fn change(
    text: &str,
    make: impl FnOnce(&Trust, &str, &str, Timestamp) -> Result<TrustChange, Refusal>,
) -> Result<Exit, CliError> {
    let because = reason::check(text).map_err(|error| {
        CliError::usage("a change of trust needs a reason")
            .because(&error)
            .hint("--because \"…\": it is kept in the ledger, for whoever asks later")
    })?;
    let place = Place::here()?;
    let store = archive::open(&place).await?.ok_or_else(|| {
        CliError::failed("nothing was ever run here, so trust is at its lowest and stays there")
            .hint("factory run specs/….md starts a run")
    })?;
    let login = person::current(&place.project).login;
    let change = decided(&store, &place.store(), |trust, now| make(trust, &login, &because, now)).await?;
    output::line(&format!("Trust is {} now; it was {}.", change.to, change.from));
    Ok(Exit::Clean)
}

async fn decided(
    store: &Opened,
    kept: &Path,
    make: impl FnOnce(&Trust, Timestamp) -> Result<TrustChange, Refusal>,
) -> Result<TrustChange, CliError> {
    let now = SystemClock.now();
    let log = store.log.as_ref();
    // First of all what is due by itself, as any look at trust records it.
    let (_, lowered) = census::settled(log, kept, now).await?;
    if let Some(change) = lowered {
        output::note_line(&format!("trust has been lowered to {}: {}", change.to, self::because(&change)));
    }
    let lease = census::claim(log).await.map_err(|error| match error {
        StoreError::Driven { holder, .. } => {
            CliError::usage(format!("trust is being changed by process {holder}")).hint("try again")
        }
        other => other.into(),
    })?;
    let trust = Trust::of(census::recount(log).await?, now);
    if let Some(broken) = &trust.broken {
        return Err(CliError::failed(format!("the recorded changes of trust cannot be believed: {broken}"))
            .hint("`factory decision verify` says whether the ledger is what was written"));
    }
    let change = make(&trust, now).map_err(|refusal| refused(&trust, &refusal))?;
    census::record(log, &lease, change.clone()).await?;
    Ok(change)
}

fn refused(trust: &Trust, refusal: &Refusal) -> CliError {
    let stays = format!("trust stays {}", trust.state.phase());
    match refusal {
        Refusal::Unmet { to, unmet } => {
            let each: Vec<String> = unmet.iter().map(|unmet| format!("\n  unmet: {unmet}")).collect();
            CliError::failed(format!("{stays}: {to} asks for more{}", each.concat()))
        }
        Refusal::NotNext { from, to } if from == to => {
            CliError::failed(format!("{stays}: there is no phase above it"))
        }
        Refusal::NotLower { from, to } if from == to => {
            CliError::failed(format!("{stays}: {to} is no lower"))
        }
        Refusal::NotNext { .. }
        | Refusal::NotLower { .. }
        | Refusal::DemotionDue(_)
        | Refusal::NoPerson
        | Refusal::NoReason
        | Refusal::LongReason { .. } => CliError::failed(stays).because(refusal),
    }
}
