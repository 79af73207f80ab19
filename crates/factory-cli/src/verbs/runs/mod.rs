//! `factory runs`: looking at runs, and going on with one.

pub(crate) mod choose;
pub(crate) mod diff;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod resume;
pub(crate) mod show;

use crate::args::RunsVerb;
use crate::error::CliError;
use crate::exit::Exit;

pub(crate) async fn runs(verb: RunsVerb) -> Result<Exit, CliError> {
    match verb {
        RunsVerb::List { format } => list::list(format).await,
        RunsVerb::Show { run, format } => show::show(run.as_deref(), format).await,
        RunsVerb::Logs { run, stage, format } => logs::logs(run.as_deref(), stage.as_deref(), format).await,
        RunsVerb::Diff { run } => diff::diff(run.as_deref()).await,
        RunsVerb::Resume { run, settings } => resume::resume(run.as_deref(), &settings).await,
    }
}
