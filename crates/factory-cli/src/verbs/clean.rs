//! `factory clean`: checkouts that a killed process left, and on demand the cached dependencies.

use std::fs;

use crate::args::CleanArgs;
use crate::config::place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;

pub(crate) fn clean(args: &CleanArgs) -> Result<Exit, CliError> {
    let cache = place::cache()?;
    let removed = factory_workspace::clean_stale(&cache)
        .map_err(|error| CliError::failed("stale checkouts could not all be removed").because(&error))?;
    output::line(&format!("removed {} stale checkouts in {}", removed, cache.display()));
    if args.all {
        let setup = cache.join("setup");
        match fs::remove_dir_all(&setup) {
            Ok(()) => output::line(&format!("removed cached dependencies in {}", setup.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                output::line("there were no cached dependencies");
            }
            Err(error) => {
                return Err(
                    CliError::failed(format!("{} could not be removed", setup.display())).because(&error)
                );
            }
        }
    }
    Ok(Exit::Clean)
}
