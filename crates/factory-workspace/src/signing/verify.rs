//! Whether a signature holds, and whose it is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use git2::{Config, Repository};

use super::error::{self, SigningError};
use super::key::{KEYGEN, KeyPlaces, TIME_LIMIT};
use super::program::{Ended, Programs};
use super::signature::{Namespace, Signature};

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// `SHA256:` and the public key's hash in base64.
    pub fingerprint: String,
    /// The name to which the allowed signers give the key: the identity that was asked about, or, if none was, the first
    /// that they list for it. `None` without allowed signers, because then nobody has said whose key it is.
    pub principal: Option<String>,
}

/// Verifies that `signature` is one of `bytes` in `namespace`.
///
/// Without `allowed_signers` it proves that the owner of the key with this fingerprint signed, and nothing about who that
/// is: whoever can exchange the signature can exchange the key. With them (a file as `ssh-keygen` describes it under
/// "ALLOWED SIGNERS") the key must be allowed there today, for this namespace, to `identity`, or to anyone if `identity`
/// is `None`.
///
/// # Errors
/// [`SigningError::Invalid`] if it does not hold; [`SigningError::NotAllowed`] if it does, but with a key that is not
/// allowed. Of any other nothing can be said: [`SigningError::is_about_the_signature`] tells them apart.
pub fn verify(
    namespace: Namespace,
    bytes: &[u8],
    signature: &Signature,
    allowed_signers: Option<&Path>,
    identity: Option<&str>,
) -> Result<Signer, SigningError> {
    let programs = Programs::new(TIME_LIMIT)?;
    let message = programs.file("message", bytes)?;
    let file = programs.file("message.sig", signature.as_str().as_bytes())?;
    let check = Check { programs, namespace, message, file };
    let held = check.run("check-novalidate", &[], true)?;
    let Some(fingerprint) = check.fingerprint(&held) else {
        return Err(match held.says_no_account() {
            true => SigningError::NoAccount { reason: held.reason() },
            false => SigningError::Invalid { reason: held.reason() },
        });
    };
    // What a program answers is held against the text itself: the program is whichever comes first in PATH.
    let (named, space) = signature.names()?;
    if named != fingerprint || space != namespace.as_str() {
        let reason = format!("it names the key {named} for {space}, and ssh-keygen says {fingerprint}");
        return Err(SigningError::Invalid { reason });
    }
    let Some(allowed) = allowed_signers else { return Ok(Signer { fingerprint, principal: None }) };
    let allowed = std::path::absolute(allowed).map_err(error::io("reading the allowed signers"))?;
    // ssh-keygen tells a file that is not there from a key that is not in it by its words only.
    std::fs::File::open(&allowed).map_err(error::io("reading the allowed signers"))?;
    let asked: Vec<String> = match identity {
        Some(identity) => vec![identity.to_owned()],
        None => {
            let found = check.run("find-principals", &["-f".as_ref(), allowed.as_os_str()], false)?;
            found.stdout.lines().filter(|_| found.success).map(str::to_owned).collect()
        }
    };
    for principal in asked {
        let whose = ["-f".as_ref(), allowed.as_os_str(), "-I".as_ref(), principal.as_ref()];
        let verified = check.run("verify", &whose, true)?;
        if check.fingerprint(&verified).as_ref() == Some(&fingerprint) {
            return Ok(Signer { fingerprint, principal: Some(principal) });
        }
    }
    Err(SigningError::NotAllowed { fingerprint })
}

/// The file in git's `gpg.ssh.allowedSignersFile`, if that is set: for the repository that `directory` is in, or, where there
/// is none, for this user and this machine. A path that is relative is in the root of the work tree, or in `directory`.
pub fn allowed_signers(directory: &Path) -> Option<PathBuf> {
    let repository = Repository::discover(directory).ok();
    let config = match &repository {
        Some(repository) => repository.config(),
        None => Config::open_default(),
    };
    let path = config.ok()?.get_string("gpg.ssh.allowedSignersFile").ok()?;
    let root = repository.as_ref().and_then(Repository::workdir).unwrap_or(directory);
    let path = path.trim();
    (!path.is_empty()).then(|| KeyPlaces::of_user().resolve(path, root))
}

struct Check {
    programs: Programs,
    namespace: Namespace,
    message: PathBuf,
    /// The signature.
    file: PathBuf,
}

impl Check {
    fn run(&self, what: &str, more: &[&OsStr], in_namespace: bool) -> Result<Ended, SigningError> {
        let mut arguments = vec!["-Y".as_ref(), what.as_ref(), "-s".as_ref(), self.file.as_os_str()];
        if in_namespace {
            arguments.extend(["-n".as_ref(), OsStr::new(self.namespace.as_str())]);
        }
        arguments.extend(more);
        let input = in_namespace.then_some(self.message.as_path());
        self.programs.run(KEYGEN, &arguments, input)
    }

    /// Who signed, if it ended well: `Good "<namespace>" signature … key SHA256:…`.
    fn fingerprint(&self, ended: &Ended) -> Option<String> {
        let start = format!("Good \"{}\" signature ", self.namespace.as_str());
        let line = ended.stdout.trim_end();
        let word = line.starts_with(&start).then(|| line.rsplit(' ').next())??;
        (ended.success && word.starts_with("SHA256:")).then(|| word.to_owned())
    }
}
