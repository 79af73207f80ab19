//! Who is at the keyboard, as far as anybody can tell, and signing what they decide.

use factory_core::command::Deciding;
use factory_core::event::{Person, Proof};
use factory_core::ids::RunId;
use factory_core::ledger::statement;
use factory_store::Opened;
use factory_workspace::Project;
use factory_workspace::signing::{Namespace, SigningKey};
use nix::unistd::{Uid, User};

use crate::config::place::Place;
use crate::error::CliError;

/// The operating system's user with the git identity. Nothing proves either, but the login is the one that the system
/// runs this process for: what a variable says would be anybody's to choose.
pub(crate) fn current(project: &Project) -> Person {
    let (name, email) = project.identity();
    let uid = Uid::current();
    let login = match User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        Ok(None) | Err(_) => format!("uid-{uid}"),
    };
    Person { login, name, email, proof: Proof::Unauthenticated }
}

/// Signs the decision with the user's SSH key, if that is asked for. The signature is kept with the run.
pub(crate) async fn sign(
    place: &Place,
    store: &Opened,
    run: &RunId,
    mut wanted: Deciding,
    asked: bool,
) -> Result<Deciding, CliError> {
    if !asked {
        return Ok(wanted);
    }
    let cannot = || CliError::usage("the decision cannot be signed");
    let hint =
        "git config gpg.format ssh, and user.signingkey with the path of your key, say which key signs";
    let key = SigningKey::find(&place.project).map_err(|error| cannot().because(&error).hint(hint))?;
    let key = key.ok_or_else(|| cannot().hint(hint))?;
    let signature = key
        .sign(Namespace::Decision, &statement::of_wish(run, &wanted))
        .map_err(|error| cannot().because(&error))?;
    let signature = store.blobs.put(signature.as_str().as_bytes()).await?;
    wanted.by.proof = Proof::Signed { fingerprint: key.fingerprint().to_owned(), signature };
    Ok(wanted)
}
