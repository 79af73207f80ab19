//! Whether signatures hold, and whose they are.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use factory_core::event::{Event, Proof};
use factory_core::ids::Digest;
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_core::ledger::statement;
use factory_workspace::signing::{self, Namespace, Signature, SigningError};

use super::report::Report;

/// Against what keys are held.
pub(super) struct Signatures {
    allowed: Option<PathBuf>,
}

/// Bytes that are said to be signed.
pub(super) struct Claim<'a> {
    pub(super) namespace: Namespace,
    pub(super) bytes: &'a [u8],
    pub(super) signature: &'a Signature,
    /// The key's fingerprint, as it is said to be.
    pub(super) fingerprint: &'a str,
    /// The name that the allowed signers have to give the key to.
    pub(super) identity: Option<&'a str>,
}

/// What is not known to hold.
pub(super) enum Doubt {
    /// It does not.
    Wrong(String),
    /// It could not be looked at.
    Unseen(String),
}

impl Doubt {
    fn of(error: &SigningError) -> Self {
        let why = reasons(error);
        let way_out = match error {
            SigningError::NoProgram { .. } => "; install OpenSSH, and put it on the PATH",
            SigningError::NoAccount { .. } => "; look as a user with an account, or give this one an account",
            SigningError::TimedOut { .. } | SigningError::Io { .. } => "; mend that, and look again",
            // Errors of signatures are an open set; of the others nothing more is known.
            _ => "",
        };
        match error.is_about_the_signature() {
            true => Doubt::Wrong(why),
            false => Doubt::Unseen(format!("{why}{way_out}")),
        }
    }
}

impl Signatures {
    pub(super) fn new(allowed: Option<PathBuf>) -> Self {
        Self { allowed }
    }

    /// git's list of allowed signers, if one is set.
    pub(super) fn allowed(&self) -> Option<&Path> {
        self.allowed.as_deref()
    }

    /// Why a claim does not hold, or cannot be looked at.
    pub(super) fn check(&self, claim: &Claim<'_>) -> Result<(), Doubt> {
        let Claim { namespace, bytes, signature, fingerprint, identity } = *claim;
        let verify = |identity| signing::verify(namespace, bytes, signature, self.allowed(), identity);
        let signer = match verify(identity) {
            // Allowed to somebody else is another thing than allowed to nobody.
            Err(SigningError::NotAllowed { fingerprint }) if identity.is_some() => match verify(None) {
                Ok(other) => {
                    let whose = other.principal.unwrap_or_default();
                    let expected = identity.unwrap_or_default();
                    let detail = format!("the key {fingerprint} is allowed to {whose}, not to {expected}");
                    return Err(Doubt::Wrong(detail));
                }
                Err(error) => return Err(Doubt::of(&error)),
            },
            Err(error) => return Err(Doubt::of(&error)),
            Ok(signer) => signer,
        };
        if signer.fingerprint == fingerprint {
            Ok(())
        } else {
            let detail =
                format!("it was signed with the key {}, and names {fingerprint}", signer.fingerprint);
            Err(Doubt::Wrong(detail))
        }
    }

    /// Looks at the signature of a decision, if it says that it was signed. `text` is the signature as it is kept.
    pub(super) fn decision(
        &self,
        position: u64,
        entry: &LedgerEntry,
        text: Result<String, String>,
        report: &mut Report,
    ) {
        let Decided::Run { run, event, .. } = &entry.decided else { return };
        let Event::GateDecided(decided) = event.as_ref() else { return };
        let Proof::Signed { fingerprint, signature: digest } = &decided.by.proof else { return };
        let bytes = statement::of_decision(run, decided);
        let held = signature(text, digest).map_err(Doubt::Wrong).and_then(|signature| {
            self.check(&Claim {
                namespace: Namespace::Decision,
                bytes: &bytes,
                signature: &signature,
                fingerprint,
                identity: decided.by.email.as_deref().filter(|_| self.allowed.is_some()),
            })
        });
        report.checked.signed_decisions += usize::from(!matches!(held, Err(Doubt::Unseen(_))));
        if let Err(why) = held {
            let whose = format!("the signature of entry {position}, by {}: ", decided.by.login);
            report.doubt(Some(position), "signature", &whose, why);
        }
    }
}

fn signature(text: Result<String, String>, digest: &Digest) -> Result<Signature, String> {
    let text = text.map_err(|why| format!("it is lost: {why}"))?;
    if Digest::of(text.as_bytes()) != *digest {
        return Err("it is not the one that the entry names".to_owned());
    }
    Signature::from_str(&text).map_err(|error| error.to_string())
}

/// An error with its sources, on one line.
fn reasons(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| format!(": {}", reasons(source)));
    format!("{error}{}", source.unwrap_or_default())
}
