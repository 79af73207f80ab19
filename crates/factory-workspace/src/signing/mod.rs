//! Signatures by the user's SSH key, made and checked by `ssh-keygen`: <https://man.openbsd.org/ssh-keygen>, under
//! "-Y sign"; the format is <https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig>.
//!
//! A signature is over bytes in a [`Namespace`], so that one that was given for a thing cannot be shown for another. All
//! that is known about keys is what `ssh-keygen` says: nothing here computes with them.
//!
//! Nobody is ever asked for a passphrase. A key is usable if its file opens without one, or if an agent holds it. Every
//! call of a program has an end: it is killed once its time is over.

mod error;
mod key;
mod program;
mod signature;
mod verify;

pub use error::SigningError;
pub use key::{KeyPlaces, SigningKey};
pub use signature::{Namespace, Signature};
pub use verify::{Signer, allowed_signers, verify};
