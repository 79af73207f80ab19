//! The user's key: where it is looked for, whether it can sign without being asked for, and signing with it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{self, SigningError};
use super::program::{Ended, Programs};
use super::signature::{Namespace, Signature};
use super::verify;
use crate::project::Project;

pub(super) const KEYGEN: &str = "ssh-keygen";
const AGENT: &str = "ssh-add";

/// How long one call of a program may take. An agent may have to wait for a touch or a confirmation.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Keys that OpenSSH has by default, the best first.
const USUAL: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// The longest file that is taken for a public key, in bytes.
const PUBLIC_BYTES: u64 = 16 * 1024;

/// Where keys are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlaces {
    /// The user's home: `~` of a configured path, and what has `.ssh` in it.
    pub home: Option<PathBuf>,
    /// The socket of an agent.
    pub agent: Option<PathBuf>,
    /// How long one call of a program may take.
    pub time_limit: Duration,
}

impl KeyPlaces {
    /// Those of the user of this process: the home, and the agent in `SSH_AUTH_SOCK`. Twenty seconds for each call.
    pub fn of_user() -> Self {
        let agent = env::var_os("SSH_AUTH_SOCK").filter(|socket| !socket.is_empty()).map(PathBuf::from);
        Self { home: env::home_dir(), agent, time_limit: TIME_LIMIT }
    }

    /// A path as git's configuration has it: `~/` is the home, and what is relative is in `root`. Always absolute, so that
    /// no program takes it for an option.
    pub(super) fn resolve(&self, path: &str, root: &Path) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(inner), Some(home)) => root.join(home).join(inner),
            (Some(_), None) | (None, _) => root.join(path),
        }
    }
}

/// An SSH key that signs without asking for anything.
#[derive(Debug, Clone)]
pub struct SigningKey {
    private: Private,
    /// Type and key, as in a `.pub` file.
    public: String,
    fingerprint: String,
    time_limit: Duration,
}

/// Where the private half is.
#[derive(Debug, Clone)]
enum Private {
    /// In a file without a passphrase.
    File(PathBuf),
    /// With the agent behind this socket.
    Agent(PathBuf),
}

impl SigningKey {
    /// [`SigningKey::find_in`] the places of this process's user.
    ///
    /// # Errors
    /// See there.
    pub fn find(project: &Project) -> Result<Option<Self>, SigningError> {
        Self::find_in(project, &KeyPlaces::of_user())
    }

    /// The key that the user signs with here. If git's `gpg.format` is `ssh` and `user.signingkey` is set, it is that one
    /// and no other: a path of either half, or the public key itself, `key::ssh-ed25519 …`, whose private half an agent
    /// must hold. Otherwise it is the first usable one of `id_ed25519`, `id_ecdsa` and `id_rsa` in `~/.ssh`; `None` if
    /// none of these is there.
    ///
    /// # Errors
    /// Why the configured key cannot sign, or, if all that are there are unusable, why the first one cannot. For whom a
    /// signature is no condition, it is a reason to go on without.
    pub fn find_in(project: &Project, places: &KeyPlaces) -> Result<Option<Self>, SigningError> {
        let finder = Finder { places, programs: Programs::new(places.time_limit)? };
        if let Some(named) = configured(project)? {
            return match named.strip_prefix("key::").or(named.starts_with("ssh-").then_some(&*named)) {
                Some(literal) => finder.with_agent(literal, literal).map(Some),
                None => finder.in_file(&places.resolve(&named, project.root())).map(Some),
            };
        }
        let mut why = None;
        let folder = places.home.iter().map(|home| home.join(".ssh"));
        for key in folder.flat_map(|folder| USUAL.map(|name| folder.join(name))) {
            if !key.is_file() || !public_of(&key).is_file() {
                continue;
            }
            match finder.in_file(&key) {
                Ok(key) => return Ok(Some(key)),
                Err(error) => why = why.or(Some(error)),
            }
        }
        why.map_or(Ok(None), Err)
    }

    /// `SHA256:` and the public key's hash in base64, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The public half: type and key, as a line of a `.pub` file has them.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// Signs `bytes`. What comes out has been verified.
    ///
    /// # Errors
    /// [`SigningError::NotSigned`] if `ssh-keygen` refuses or signs with another key, because the file was exchanged since
    /// it was found; [`SigningError::TimedOut`], with an agent that does not answer.
    pub fn sign(&self, namespace: Namespace, bytes: &[u8]) -> Result<Signature, SigningError> {
        let mut programs = Programs::new(self.time_limit)?;
        let message = programs.file("message", bytes)?;
        let key = match &self.private {
            Private::File(path) => path.clone(),
            Private::Agent(socket) => {
                programs = programs.with_agent(socket);
                programs.file("key.pub", self.public.as_bytes())?
            }
        };
        let head = ["-Y", "sign", "-P", "", "-n", namespace.as_str(), "-f"].map(OsStr::new);
        let arguments = [&head[..], &[key.as_os_str(), message.as_os_str()]].concat();
        let ended = programs.run(KEYGEN, &arguments, None)?;
        if !ended.success {
            return Err(SigningError::NotSigned { reason: ended.reason() });
        }
        let text = fs::read_to_string(message.with_extension("sig"));
        let signature: Signature = text.map_err(error::io("reading the signature"))?.parse()?;
        let signer = verify::verify(namespace, bytes, &signature, None, None)?;
        if signer.fingerprint != self.fingerprint {
            let reason = format!("the key is now {} and was {}", signer.fingerprint, self.fingerprint);
            return Err(SigningError::NotSigned { reason });
        }
        Ok(signature)
    }
}

/// `user.signingkey`, if that is an SSH key.
fn configured(project: &Project) -> Result<Option<String>, SigningError> {
    let reading = "reading git's configuration";
    let repository = project.open().map_err(error::io(reading))?;
    let config = repository.config().map_err(error::io(reading))?;
    let get = |key: &str| config.get_string(key).ok();
    let is_ssh = get("gpg.format").is_some_and(|format| format.eq_ignore_ascii_case("ssh"));
    let key = get("user.signingkey").map(|key| key.trim().to_owned());
    Ok(key.filter(|key| is_ssh && !key.is_empty()))
}

struct Finder<'a> {
    places: &'a KeyPlaces,
    programs: Programs,
}

impl Finder<'_> {
    /// The key in a file, of which either half may be named.
    fn in_file(&self, path: &Path) -> Result<SigningKey, SigningError> {
        let shown = path.display().to_string();
        let private = match path.extension() {
            Some(end) if end == "pub" => path.with_extension(""),
            Some(_) | None => path.to_owned(),
        };
        let public = public_of(&private);
        let mut why =
            SigningError::BadKey { key: shown.clone(), reason: "its private half is not there".to_owned() };
        // A pipe or a device could be waited for without an end.
        if private.is_file() {
            let ended = self.keygen(["-y", "-P", "", "-f"], &private)?;
            if ended.success {
                return self.key(Private::File(private), &ended.stdout, &shown);
            }
            let reason = ended.reason();
            why = match reason.contains("passphrase") {
                true => SigningError::Locked { key: shown.clone() },
                false => SigningError::BadKey { key: shown.clone(), reason },
            };
        }
        if !public.is_file() {
            return Err(why);
        }
        let mut text = String::new();
        let file = File::open(public).map_err(error::io("reading the public key"))?;
        file.take(PUBLIC_BYTES).read_to_string(&mut text).map_err(error::io("reading the public key"))?;
        match self.with_agent(&text, &shown) {
            // That there is no agent is no news about a key that is in a file.
            Err(SigningError::BadKey { .. }) => Err(why),
            other => other,
        }
    }

    /// The key of this public half, if the agent holds the other.
    fn with_agent(&self, text: &str, shown: &str) -> Result<SigningKey, SigningError> {
        let bad = |reason: &str| SigningError::BadKey { key: shown.to_owned(), reason: reason.to_owned() };
        let public = type_and_key(text).ok_or_else(|| bad("it is not a public key"))?;
        let socket =
            self.places.agent.as_ref().ok_or_else(|| bad("no agent is running that could hold it"))?;
        let programs = Programs::new(self.places.time_limit)?.with_agent(socket);
        let held = programs.run(AGENT, &["-L"], None)?;
        if !held.stdout.lines().any(|line| type_and_key(line).as_ref() == Some(&public)) {
            return Err(bad("the agent does not hold it"));
        }
        self.key(Private::Agent(socket.clone()), &public, shown)
    }

    fn key(&self, private: Private, public: &str, shown: &str) -> Result<SigningKey, SigningError> {
        let bad = |reason: String| SigningError::BadKey { key: shown.to_owned(), reason };
        let public = type_and_key(public).ok_or_else(|| bad("it has no public half".to_owned()))?;
        let file = self.programs.file("found.pub", format!("{public}\n").as_bytes())?;
        let listed = self.keygen(["-l", "-E", "sha256", "-f"], &file)?;
        // Such as `256 SHA256:… no comment (ED25519)`.
        let fingerprint = listed.stdout.split_whitespace().nth(1).filter(|word| word.starts_with("SHA256:"));
        let fingerprint = fingerprint.ok_or_else(|| bad(listed.reason()))?.to_owned();
        Ok(SigningKey { private, public, fingerprint, time_limit: self.places.time_limit })
    }

    fn keygen(&self, head: [&str; 4], file: &Path) -> Result<Ended, SigningError> {
        let head = head.map(OsStr::new);
        self.programs.run(KEYGEN, &[&head[..], &[file.as_os_str()]].concat(), None)
    }
}

fn public_of(private: &Path) -> PathBuf {
    let mut name = OsString::from(private);
    name.push(".pub");
    PathBuf::from(name)
}

/// The first two words of a public key's first line, without its comment.
fn type_and_key(text: &str) -> Option<String> {
    let mut words = text.lines().next()?.split_whitespace();
    let (kind, key) = (words.next()?, words.next()?);
    Some(format!("{kind} {key}"))
}
