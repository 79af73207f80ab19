//! `factory decision checkpoint`

use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::verbs::runs::choose;
use crate::{checkpoint, output};

pub(super) async fn checkpoint() -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let made = checkpoint::make(&place, store.log.as_ref()).await?;
    let made = made.ok_or_else(|| CliError::usage("nothing has been decided yet"))?;
    output::line(&format!("The ledger has {} entries; its head is {}.", made.count, made.head));
    match &made.key {
        Some(key) => output::line(&format!("Signed with {key}.")),
        None => {
            output::line("It is not signed: whoever rewrites the ledger can rewrite it, too.");
            output::line(
                "git config gpg.format ssh, and user.signingkey with the path of your key, say which key signs.",
            );
        }
    }
    Ok(Exit::Clean)
}
