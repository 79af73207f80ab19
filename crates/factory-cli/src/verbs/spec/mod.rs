//! `factory spec`: specifications as people write them. Needs no repository, but where the history of one is asked.

mod audit;
mod explain;
mod import;
mod lint;
mod new;
pub(crate) mod rules;
mod second;
mod show;
mod texts;
mod triage;

use crate::args::spec::SpecVerb;
use crate::error::CliError;
use crate::exit::Exit;

pub(crate) async fn spec(verb: &SpecVerb) -> Result<Exit, CliError> {
    match verb {
        SpecVerb::Lint(args) => lint::lint(args),
        SpecVerb::Explain { rule, format } => explain::explain(rule.as_deref(), *format),
        SpecVerb::Audit(args) => audit::audit(args).await,
        SpecVerb::New(args) => new::new(args),
        SpecVerb::Triage(args) => triage::triage(args),
        SpecVerb::Show(args) => show::show(args).await,
        SpecVerb::Import(args) => import::import(args),
    }
}
