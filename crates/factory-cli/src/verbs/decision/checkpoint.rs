//! `factory decision checkpoint`

use crate::checkpoint::{self, Made};
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::verbs::runs::choose;

pub(super) async fn checkpoint() -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let made = checkpoint::make(&place, store.log.as_ref()).await?;
    let made = made.ok_or_else(|| CliError::usage("nothing has been decided yet"))?;
    let (Made::New(checkpoint) | Made::Kept(checkpoint)) = &made;
    output::line(&format!("The ledger has {} entries; its head is {}.", checkpoint.count, checkpoint.head));
    match (&made, &checkpoint.key) {
        (Made::New(_), Some(key)) => output::line(&format!("Signed with {key}.")),
        (Made::Kept(_), Some(key)) => {
            output::line(&format!(
                "A checkpoint of exactly that, signed with {key}, is kept already; it stays."
            ));
        }
        (Made::New(_) | Made::Kept(_), None) => {
            output::line("It is not signed: whoever rewrites the ledger can rewrite it, too.");
            output::line(
                "git config gpg.format ssh, and user.signingkey with the path of your key, say which key signs.",
            );
        }
    }
    Ok(Exit::Clean)
}
