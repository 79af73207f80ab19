//! `factory scenario`: the evaluator by itself. These verbs quote scenarios, and so are for whoever may read them. A checkout
//! has no store and nothing that says where holdouts are, so that nothing in one can ask.

mod chosen;
mod health;
mod junit;
mod list;
mod matrix;
mod plan;
mod report;
mod run;
mod sabotage;
mod subject;

use crate::args::scenario::ScenarioVerb;
use crate::error::CliError;
use crate::exit::Exit;

pub(crate) async fn scenario(verb: ScenarioVerb) -> Result<Exit, CliError> {
    match verb {
        ScenarioVerb::List { which, words, format } => list::list(&which, &words, format),
        ScenarioVerb::Plan { which, words, phrases: true, .. } => plan::phrases(&which, &words).await,
        ScenarioVerb::Plan { which, words, format, .. } => plan::plan(&which, &words, format).await,
        ScenarioVerb::Run(args) => run::run(&args).await,
        ScenarioVerb::Sabotage(args) => sabotage::sabotage(&args).await,
        ScenarioVerb::Health { holdouts, format } => health::health(holdouts.as_deref(), format).await,
    }
}
