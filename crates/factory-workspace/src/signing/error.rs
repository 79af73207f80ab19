//! Why nothing was signed, or why a signature does not hold.

use std::error::Error;
use std::time::Duration;

/// What could not be signed or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// A program of OpenSSH is not on the `PATH`.
    #[error("the program `{program}` was not found")]
    NoProgram {
        /// Its name.
        program: &'static str,
    },
    /// OpenSSH does nothing for a user whom the system does not know.
    #[error("ssh-keygen does nothing for a user without an account: {reason}")]
    NoAccount {
        /// What it said.
        reason: String,
    },
    /// The key is missing, or is not one that can sign.
    #[error("the key `{key}` cannot sign: {reason}")]
    BadKey {
        /// Its file, or what the configuration says.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The key has a passphrase, which nobody is asked for.
    #[error("the key `{key}` needs a passphrase, and no agent holds it")]
    Locked {
        /// Its file.
        key: String,
    },
    /// A program did not come to an end and was killed.
    #[error("`{program}` did not end within {} seconds", limit.as_secs_f32())]
    TimedOut {
        /// Its name.
        program: &'static str,
        /// How long it had.
        limit: Duration,
    },
    /// `ssh-keygen` would not sign.
    #[error("nothing was signed: {reason}")]
    NotSigned {
        /// What it said.
        reason: String,
    },
    /// The text is not an SSH signature.
    #[error("this is no SSH signature: {reason}")]
    NotASignature {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The signature is not one of these bytes in this namespace, or is damaged.
    #[error("the signature does not hold: {reason}")]
    Invalid {
        /// What `ssh-keygen` said.
        reason: String,
    },
    /// The signature holds, but its key is not one that is allowed to the signer in question, or to any.
    #[error("the signature holds, but the key {fingerprint} is not among the allowed signers")]
    NotAllowed {
        /// The key that signed.
        fingerprint: String,
    },
    /// The system or git said no.
    #[error("{action} failed")]
    Io {
        /// What was tried, such as `reading the signature`.
        action: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl SigningError {
    /// Whether this says something about a signature that was to be verified; otherwise it could not be looked at.
    pub fn is_about_the_signature(&self) -> bool {
        match self {
            SigningError::NotASignature { .. }
            | SigningError::Invalid { .. }
            | SigningError::NotAllowed { .. } => true,
            SigningError::NoProgram { .. }
            | SigningError::NoAccount { .. }
            | SigningError::BadKey { .. }
            | SigningError::Locked { .. }
            | SigningError::TimedOut { .. }
            | SigningError::NotSigned { .. }
            | SigningError::Io { .. } => false,
        }
    }
}

/// For `map_err` on what the system says.
pub(super) fn io<E: Into<Box<dyn Error + Send + Sync>>>(
    action: &'static str,
) -> impl FnOnce(E) -> SigningError {
    move |source| SigningError::Io { action, source: source.into() }
}
