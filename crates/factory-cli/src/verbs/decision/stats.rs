//! `factory decision stats`: the ledger in figures.

mod human;
mod measures;

use factory_core::ledger::export::csv;
use factory_core::ledger::metrics::{By, Query, Stats};
use factory_core::trust::TrustChange;
use factory_engine::port::clock::{Clock as _, SystemClock};

use self::measures::Measured;
use crate::args::decision::TableFormat;
use crate::args::trust::{Grouping, StatsArgs};
use crate::census::{self, Trust};
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, output};

pub(super) async fn stats(args: &StatsArgs) -> Result<Exit, CliError> {
    let moment = |given: &Option<String>| given.as_deref().map(super::list::moment).transpose();
    let query = Query { since: moment(&args.since)?, until: moment(&args.until)?, by: by(args.by) };
    if query.since.zip(query.until).is_some_and(|(since, until)| since >= until) {
        return Err(CliError::usage("--until is not after --since, so there is nothing between them"));
    }
    let place = Place::here()?;
    let now = SystemClock.now();
    let (trust, lowered) = match archive::open(&place).await? {
        Some(store) => census::settled(store.log.as_ref(), &place.store(), now).await?,
        None => (Trust::of(Default::default(), now), None),
    };
    if let Some(TrustChange { to, by, .. }) = &lowered {
        let (factory_core::trust::TrustActor::Human { because, .. }
        | factory_core::trust::TrustActor::Automatic { because }) = by;
        output::note_line(&format!("trust has been lowered to {to}: {because}"));
    }
    let stats = trust.fold.finish(now, &query);
    match args.format {
        TableFormat::Human => output::text(&human::report(&stats)),
        TableFormat::Json => output::text(&super::json(&stats)),
        TableFormat::Csv => super::print_data(&table(&stats)),
    }
    Ok(Exit::Clean)
}

fn by(grouping: Grouping) -> By {
    match grouping {
        Grouping::None => By::None,
        Grouping::Person => By::Person,
        Grouping::Gate => By::Gate,
        Grouping::Pipeline => By::Pipeline,
        Grouping::Entry => By::Entry,
        Grouping::Model => By::Model,
        Grouping::Risk => By::Risk,
        Grouping::Week => By::Week,
        Grouping::Month => By::Month,
    }
}

/// One row for each figure of each group: the whole first, as the group `all`; a group whose name is not known is empty.
fn table(stats: &Stats) -> String {
    let mut text = String::new();
    csv::line(&mut text, ["group", "measure", "hits", "of", "value", "low", "high"].map(str::to_owned));
    let whole = std::iter::once(("all".to_owned(), &stats.total));
    let named = stats.groups.iter().map(|group| (group.name.clone().unwrap_or_default(), &group.figures));
    for (group, figures) in whole.chain(named) {
        for Measured { name, hits, of, value, low, high } in measures::all(figures) {
            let number = |number: Option<f64>| number.map_or(String::new(), |number| number.to_string());
            let count = |count: Option<u64>| count.map_or(String::new(), |count| count.to_string());
            let row = [group.clone(), name, count(hits), count(of), number(value), number(low), number(high)];
            csv::line(&mut text, row);
        }
    }
    text
}
