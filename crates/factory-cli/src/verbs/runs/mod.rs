//! `factory runs`: looking at runs, and going on with one.

pub(crate) mod attach;
pub(crate) mod cancel;
pub(crate) mod choose;
pub(crate) mod diff;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod resume;
pub(crate) mod reveal;
pub(crate) mod show;

use crate::args::{ListFormat, RunsVerb};
use crate::error::CliError;
use crate::exit::Exit;

pub(crate) async fn runs(verb: RunsVerb) -> Result<Exit, CliError> {
    match verb {
        RunsVerb::List { format } => list::list(format).await,
        RunsVerb::Show { reveal: true, format: ListFormat::Json, .. } => Err(CliError::usage(
            "a scorecard is shown to people only, not as JSON",
        )
        .hint("leave out --format json: what a program reads must not hold what the holdouts are about")),
        RunsVerb::Show { run, reveal: true, because, format: ListFormat::Human } => {
            reveal::reveal(run.as_deref(), because.as_deref().unwrap_or_default()).await
        }
        RunsVerb::Show { run, reveal: false, because: _, format } => show::show(run.as_deref(), format).await,
        RunsVerb::Logs { run, stage, format } => logs::logs(run.as_deref(), stage.as_deref(), format).await,
        RunsVerb::Diff { run } => diff::diff(run.as_deref()).await,
        RunsVerb::Attach { run, output } => attach::attach(run.as_deref(), &output).await,
        RunsVerb::Cancel { run, because } => cancel::cancel(run.as_deref(), &because).await,
        RunsVerb::Resume { run, settings } => resume::resume(run.as_deref(), &settings).await,
    }
}
