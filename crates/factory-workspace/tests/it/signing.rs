//! Signatures by keys that the cases make themselves. Nobody's own home, key or agent is used.

use std::env;
use std::fs;
use std::io::Read;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use factory_workspace::Project;
use factory_workspace::signing::{
    self, KeyPlaces, Namespace, Signature, Signer, SigningError, SigningKey, allowed_signers,
};

use crate::support::{Fixture, set_executable};

/// Set for a process that only looks for a key, to the folder of a [`Home`].
const FINDING: &str = "FACTORY_TEST_FIND_KEY_IN";

/// Set for a process that only verifies, to the file of a signature.
const VERIFYING: &str = "FACTORY_TEST_VERIFY";

const BYTES: &[u8] = b"what is signed\n\0\xff";

/// Whether a program is there at all, however it takes the argument.
fn has(program: &str, argument: &str) -> bool {
    let null = || Stdio::null();
    Command::new(program).arg(argument).stdin(null()).stdout(null()).stderr(null()).status().is_ok()
}

pub(crate) fn has_keygen() -> bool {
    has("ssh-keygen", "-?")
}

pub(crate) fn has_agent() -> bool {
    has_keygen() && has("ssh-agent", "-?") && has("ssh-add", "-?")
}

/// A project and a home.
struct Home {
    fixture: Fixture,
    places: KeyPlaces,
}

impl Home {
    fn new() -> Self {
        let fixture = Fixture::with(&[("a", "1")]);
        let home = fixture.root.with_file_name("home");
        fs::create_dir_all(home.join(".ssh")).unwrap();
        let places = KeyPlaces { home: Some(home), agent: None, time_limit: Duration::from_secs(20) };
        // Whatever this machine's own configuration says.
        fixture.git().config().unwrap().set_str("gpg.format", "openpgp").unwrap();
        Self { fixture, places }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.places.home.as_ref().unwrap().join(name)
    }

    /// Makes a key, and answers its public half.
    fn make(&self, name: &str, kind: &str, passphrase: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-N", passphrase, "-C", "a comment", "-f"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let text = fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        text.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    fn configure(&self, key: &str) {
        let mut config = self.fixture.git().config().unwrap();
        config.set_str("gpg.format", "ssh").unwrap();
        config.set_str("user.signingkey", key).unwrap();
    }

    fn project(&self) -> Project {
        Project::discover(&self.fixture.root).unwrap()
    }

    fn find(&self) -> Result<Option<SigningKey>, SigningError> {
        SigningKey::find_in(&self.project(), &self.places)
    }

    #[track_caller]
    fn key(&self) -> SigningKey {
        self.find().unwrap().expect("there is a key")
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }
}

/// A home with a key.
fn signer() -> (Home, SigningKey) {
    let home = Home::new();
    home.make(".ssh/id_ed25519", "ed25519", "");
    let key = home.key();
    (home, key)
}

fn verify(signature: &Signature) -> Result<Signer, SigningError> {
    signing::verify(Namespace::Checkpoint, BYTES, signature, None, None)
}

/// A program in the place of ssh-keygen that signs with one key and says that it was another.
pub(crate) fn what_a_program_says_is_held_against_the_signature() {
    let (home, key) = signer();
    home.make("other", "ed25519", "");
    let signature = key.sign(Namespace::Checkpoint, BYTES).unwrap();
    let other = fs::read_to_string(home.path("other.pub")).unwrap();
    let blob = other.split(' ').nth(1).unwrap();
    // The text of the other's key in the place of the signer's: of the same length, as both are ed25519.
    let ours = key.public().split(' ').nth(1).unwrap();
    assert_eq!(ours.len(), blob.len());
    let bytes = |text: &str| {
        let inner: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
        base64::Engine::decode(&base64::prelude::BASE64_STANDARD, inner).unwrap()
    };
    let raw = bytes(signature.as_str());
    let (ours, blob) = (bytes(ours), bytes(blob));
    let at = raw.windows(ours.len()).position(|window| window == ours).unwrap();
    let mut forged = raw.clone();
    forged[at..at + blob.len()].copy_from_slice(&blob);
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, forged);
    let text = format!("-----BEGIN SSH SIGNATURE-----\n{encoded}\n-----END SSH SIGNATURE-----\n");
    assert!(verify(&text.parse().unwrap()).is_err());
    // A program that says yes to everything and names the other key.
    let lie = home.path("bin");
    fs::create_dir(&lie).unwrap();
    let said = format!("Good \"factory-checkpoint\" signature with ED25519 key SHA256:{}", "A".repeat(43));
    fs::write(lie.join("ssh-keygen"), format!("#!/bin/sh\ncat >/dev/null\necho '{said}'\n")).unwrap();
    set_executable(&lie.join("ssh-keygen"), true);
    let this = env::current_exe().unwrap();
    fs::write(home.path("signature"), signature.as_str()).unwrap();
    let output = Command::new(this)
        .env(VERIFYING, home.path("signature"))
        .env("PATH", format!("{}:{}", lie.display(), env::var("PATH").unwrap()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("Err(Invalid {") && said.contains("it names the key"), "{said}");
}

pub(crate) fn a_signature_names_its_key() {
    let (home, key) = signer();
    let listed =
        Command::new("ssh-keygen").arg("-lf").arg(home.path(".ssh/id_ed25519.pub")).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(key.fingerprint().starts_with("SHA256:") && listed.contains(key.fingerprint()), "{listed}");
    for (namespace, name) in
        [(Namespace::Checkpoint, "factory-checkpoint"), (Namespace::Decision, "factory-decision")]
    {
        assert_eq!(namespace.as_str(), name);
        for bytes in [BYTES, b"", &vec![b'x'; 1 << 20]] {
            let signature = key.sign(namespace, bytes).unwrap();
            let signer = signing::verify(namespace, bytes, &signature, None, Some("nobody")).unwrap();
            assert_eq!(signer, Signer { fingerprint: key.fingerprint().to_owned(), principal: None });
            // As text, too, and for ssh-keygen under the same name.
            assert_eq!(signature.as_str().parse::<Signature>().unwrap(), signature);
        }
    }
    let file = home.write("sig", key.sign(Namespace::Decision, BYTES).unwrap().as_str());
    let checked = Command::new("ssh-keygen")
        .args(["-Y", "check-novalidate", "-n", "factory-decision", "-s"])
        .arg(file)
        .stdin(fs::File::open(home.write("empty", "")).unwrap())
        .output()
        .unwrap();
    assert!(!checked.status.success(), "the message is another one");
}

pub(crate) fn without_a_key_there_is_none() {
    let mut home = Home::new();
    assert!(home.find().unwrap().is_none());
    // A public half alone is no key to sign with.
    home.make(".ssh/id_rsa", "rsa", "");
    fs::remove_file(home.path(".ssh/id_rsa")).unwrap();
    assert!(home.find().unwrap().is_none());
    // `user.signingkey` is for OpenPGP unless git is told otherwise.
    home.configure("0123456789ABCDEF");
    home.fixture.git().config().unwrap().set_str("gpg.format", "openpgp").unwrap();
    assert!(home.find().unwrap().is_none());
    home.places.home = None;
    assert!(home.find().unwrap().is_none());
}

pub(crate) fn the_usual_keys_are_tried_in_order() {
    let home = Home::new();
    let rsa = home.make(".ssh/id_rsa", "rsa", "");
    home.make(".ssh/id_other", "ed25519", "");
    assert_eq!(home.key().public(), rsa);
    let ecdsa = home.make(".ssh/id_ecdsa", "ecdsa", "");
    assert_eq!(home.key().public(), ecdsa);
    verify(&home.key().sign(Namespace::Checkpoint, BYTES).unwrap()).unwrap();
    let ed25519 = home.make(".ssh/id_ed25519", "ed25519", "");
    assert_eq!(home.key().public(), ed25519);
    // One that asks for a passphrase is passed by.
    for half in ["id_ed25519", "id_ed25519.pub"] {
        fs::remove_file(home.path(".ssh").join(half)).unwrap();
    }
    home.make(".ssh/id_ed25519", "ed25519", "secret");
    assert_eq!(home.key().public(), ecdsa);
}

pub(crate) fn the_configured_key_comes_first_and_alone() {
    let (home, usual) = signer();
    let own = home.make("keys/own", "ed25519", "");
    for path in ["~/keys/own", "~/keys/own.pub", home.path("keys/own").to_str().unwrap()] {
        home.configure(path);
        assert_eq!(home.key().public(), own, "{path}");
        assert_ne!(home.key().fingerprint(), usual.fingerprint());
        verify(&home.key().sign(Namespace::Checkpoint, BYTES).unwrap()).unwrap();
    }
    // Nobody signs with another key than the one that was asked for.
    home.configure("~/keys/missing");
    let error = home.find().unwrap_err();
    assert!(matches!(&error, SigningError::BadKey { key, .. } if key.ends_with("keys/missing")), "{error}");
    home.configure("~/keys/own.pub");
    fs::remove_file(home.path("keys/own")).unwrap();
    assert!(home.find().unwrap_err().to_string().contains("private half"));
    home.configure(" ");
    assert_eq!(home.key().fingerprint(), usual.fingerprint(), "nothing was asked for");
}

pub(crate) fn a_configured_key_may_have_any_path() {
    let home = Home::new();
    for name in ["-evil", "--help", "-Y", "a b", "it's", "$(touch x)", "ü"] {
        let public = home.make(&format!("../project/{name}"), "ed25519", "");
        home.configure(name);
        let key = home.key();
        assert_eq!(key.public(), public, "{name}");
        verify(&key.sign(Namespace::Checkpoint, BYTES).unwrap()).unwrap();
    }
    assert!(!home.path("../project/x").exists());
}

pub(crate) fn a_key_with_a_passphrase_is_refused_at_once() {
    let mut home = Home::new();
    home.make(".ssh/id_ed25519", "ed25519", "secret");
    home.places.time_limit = Duration::from_secs(60);
    let error = home.find().unwrap_err();
    assert!(matches!(&error, SigningError::Locked { key } if key.ends_with(".ssh/id_ed25519")), "{error}");
    home.configure("~/.ssh/id_ed25519.pub");
    assert!(matches!(home.find().unwrap_err(), SigningError::Locked { .. }));
}

pub(crate) fn what_is_no_key_is_refused() {
    let mut home = Home::new();
    home.places.time_limit = Duration::from_secs(60);
    home.write("text", "no key\n");
    home.write("text.pub", "no key\n");
    home.write("empty", "");
    home.write("half.pub", &"x".repeat(100_000));
    fs::create_dir(home.path("folder")).unwrap();
    home.make("open", "ed25519", "");
    set_executable(&home.path("open"), true);
    // It would wait for a writer.
    nix::unistd::mkfifo(&home.path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for name in ["text", "empty", "half", "folder", "open", "pipe", "missing"] {
        home.configure(&format!("~/{name}"));
        let error = home.find().unwrap_err();
        assert!(matches!(&error, SigningError::BadKey { .. }), "{name}: {error:?}");
        assert!(error.to_string().contains(name) && !error.to_string().contains('\n'), "{name}: {error}");
    }
    home.configure("key::nonsense");
    assert!(matches!(home.find().unwrap_err(), SigningError::BadKey { .. }));
}

pub(crate) fn whatever_was_altered_does_not_hold() {
    let (home, key) = signer();
    home.make("other", "ed25519", "");
    home.configure("~/other");
    let other = home.key();
    let signature = key.sign(Namespace::Checkpoint, BYTES).unwrap();
    assert_eq!(verify(&signature).unwrap().fingerprint, key.fingerprint());

    let invalid = |result: Result<Signer, SigningError>| match result {
        Err(SigningError::Invalid { reason }) => reason,
        other => panic!("{other:?}"),
    };
    invalid(signing::verify(Namespace::Checkpoint, b"something else", &signature, None, None));
    invalid(signing::verify(Namespace::Checkpoint, &BYTES[1..], &signature, None, None));
    let elsewhere = invalid(signing::verify(Namespace::Decision, BYTES, &signature, None, None));
    assert!(elsewhere.contains("namespace"), "{elsewhere}");
    // Another key's signature is another's, and says so.
    let others = other.sign(Namespace::Checkpoint, BYTES).unwrap();
    assert_eq!(verify(&others).unwrap().fingerprint, other.fingerprint());
    // Each character of its body, one at a time, as long as that changes what it says: the last ones may be padding.
    let text = signature.as_str();
    let body = text.find('\n').unwrap() + 1..text.rfind("\n-----END").unwrap();
    let mut tried = 0;
    for at in body.step_by(7) {
        let old = text.as_bytes()[at];
        if !old.is_ascii_alphanumeric() {
            continue;
        }
        let new = if old == b'A' { 'B' } else { 'A' };
        let altered = format!("{}{new}{}", &text[..at], &text[at + 1..]).parse().unwrap();
        if let Ok(signer) = verify(&altered) {
            panic!("altered at {at}, and still {signer:?}");
        }
        tried += 1;
    }
    assert!(tried > 30, "{tried}");
}

pub(crate) fn what_is_no_signature_is_not_looked_at() {
    let (_home, key) = signer();
    let text = key.sign(Namespace::Checkpoint, BYTES).unwrap().to_string();
    for end in (0..text.trim_end().len()).step_by(3) {
        assert!(matches!(text[..end].parse::<Signature>(), Err(SigningError::NotASignature { .. })), "{end}");
    }
    // Cut inside, with its last line: it has the form, and does not hold.
    let lines: Vec<&str> = text.lines().collect();
    for cut in 1..lines.len() - 1 {
        let mut fewer = lines.clone();
        fewer.remove(cut);
        let cut = fewer.join("\n").parse::<Signature>();
        assert!(cut.is_err() || verify(&cut.unwrap()).is_err());
    }
    // Ten megabytes of what looks like one.
    let (first, last) = (lines[0], lines[lines.len() - 1]);
    let large = format!("{first}\n{}{last}\n", format!("{}\n", "A".repeat(70)).repeat(10 * 1024 * 1024 / 71));
    let error = large.parse::<Signature>().unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
    let pgp = text.replace("SSH SIGNATURE", "PGP SIGNATURE");
    assert!(matches!(pgp.parse::<Signature>(), Err(SigningError::NotASignature { .. })));
}

pub(crate) fn allowed_signers_say_who_it_is() {
    let (home, key) = signer();
    let public = key.public();
    let signature = key.sign(Namespace::Checkpoint, BYTES).unwrap();
    let check = |text: &str, identity: Option<&str>| {
        let file = home.write("allowed", text);
        signing::verify(Namespace::Checkpoint, BYTES, &signature, Some(&file), identity)
    };
    let who = |result: Result<Signer, SigningError>| {
        let signer = result.unwrap();
        assert_eq!(signer.fingerprint, key.fingerprint());
        signer.principal.unwrap()
    };
    let is_unknown = |result: Result<Signer, SigningError>| match result {
        Err(SigningError::NotAllowed { fingerprint }) => assert_eq!(fingerprint, key.fingerprint()),
        other => panic!("{other:?}"),
    };
    let ada = format!("# people\nada@example.test {public}\n");
    assert_eq!(who(check(&ada, Some("ada@example.test"))), "ada@example.test");
    assert_eq!(who(check(&ada, None)), "ada@example.test");
    let several = format!("x@y,ada@example.test {public}\n");
    assert_eq!(who(check(&several, None)), "x@y");
    assert_eq!(who(check(&several, Some("ada@example.test"))), "ada@example.test");
    let pattern = format!("*@example.test namespaces=\"factory-*\" {public}\n");
    assert_eq!(who(check(&pattern, Some("ada@example.test"))), "ada@example.test");

    home.make("other", "ed25519", "");
    let other = fs::read_to_string(home.path("other.pub")).unwrap();
    let others = format!("ada@example.test {other}");
    for identity in [None, Some("ada@example.test")] {
        is_unknown(check(&others, identity));
        is_unknown(check("", identity));
        is_unknown(check("nonsense\n", identity));
        is_unknown(check(&format!("ada@example.test namespaces=\"git\" {public}\n"), identity));
        is_unknown(check(&format!("ada@example.test valid-before=\"20200101\" {public}\n"), identity));
    }
    for identity in ["eve@example.test", "", "*", "ada@example.test\n", "-f", "ada@example.test,eve"] {
        is_unknown(check(&ada, Some(identity)));
    }
    // Whoever is allowed: what was altered does not hold, and says that first.
    let file = home.write("allowed", &ada);
    let altered = signing::verify(Namespace::Checkpoint, b"else", &signature, Some(&file), None);
    assert!(matches!(altered, Err(SigningError::Invalid { .. })), "{altered:?}");
    let missing =
        signing::verify(Namespace::Checkpoint, BYTES, &signature, Some(Path::new("/missing")), None);
    assert!(matches!(missing, Err(SigningError::Io { .. })), "{missing:?}");
}

pub(crate) fn the_configured_allowed_signers_are_found() {
    let home = Home::new();
    let mut config = home.fixture.git().config().unwrap();
    for (value, path) in
        [("keys/allowed", home.fixture.root.join("keys/allowed")), ("/etc/allowed", "/etc/allowed".into())]
    {
        config.set_str("gpg.ssh.allowedSignersFile", value).unwrap();
        assert_eq!(allowed_signers(&home.fixture.root), Some(path));
    }
    fs::create_dir(home.fixture.root.join("below")).unwrap();
    assert_eq!(allowed_signers(&home.fixture.root.join("below")), Some("/etc/allowed".into()));
    config.set_str("gpg.ssh.allowedSignersFile", "").unwrap();
    assert_eq!(allowed_signers(&home.fixture.root), None);
}

pub(crate) fn an_exchanged_key_does_not_sign() {
    let (home, key) = signer();
    home.make("other", "ed25519", "");
    fs::rename(home.path("other"), home.path(".ssh/id_ed25519")).unwrap();
    let error = key.sign(Namespace::Checkpoint, BYTES).unwrap_err();
    assert!(matches!(error, SigningError::NotSigned { .. } | SigningError::Invalid { .. }), "{error:?}");
    // Both halves: what comes out would hold, but be another's.
    fs::rename(home.path("other.pub"), home.path(".ssh/id_ed25519.pub")).unwrap();
    let error = key.sign(Namespace::Checkpoint, BYTES).unwrap_err();
    assert!(error.to_string().contains(key.fingerprint()), "{error}");
    assert!(matches!(error, SigningError::NotSigned { .. }), "{error:?}");
    fs::remove_file(home.path(".ssh/id_ed25519")).unwrap();
    let error = key.sign(Namespace::Checkpoint, BYTES).unwrap_err();
    assert!(matches!(error, SigningError::NotSigned { .. }), "{error:?}");
}

pub(crate) fn an_agent_that_does_not_answer_is_not_waited_for() {
    let mut home = Home::new();
    home.make(".ssh/id_ed25519", "ed25519", "secret");
    let socket = home.path("agent");
    let _deaf = UnixListener::bind(&socket).unwrap();
    home.places.agent = Some(socket);
    home.places.time_limit = Duration::from_millis(300);
    let error = home.find().unwrap_err();
    assert!(matches!(&error, SigningError::TimedOut { program: "ssh-add", .. }), "{error:?}");
    // A key that needs no agent does not ask it.
    home.make(".ssh/id_rsa", "rsa", "");
    home.configure("~/.ssh/id_rsa");
    home.places.time_limit = Duration::from_secs(20);
    verify(&home.key().sign(Namespace::Checkpoint, BYTES).unwrap()).unwrap();
}

/// An agent of the case's own; ended when dropped.
struct Agent {
    process: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(home: &Home) -> Self {
        let socket = home.path("agent");
        let process = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let agent = Self { process, socket };
        for _ in 0..500 {
            if agent.socket.exists() {
                return agent;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the agent does not start");
    }

    /// Adds a key without a passphrase.
    fn add(&self, key: &Path) {
        let added = Command::new("ssh-add").arg(key).env("SSH_AUTH_SOCK", &self.socket).output().unwrap();
        assert!(added.status.success(), "{added:?}");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Gives a key a passphrase.
fn lock(key: &Path) {
    let locked =
        Command::new("ssh-keygen").args(["-q", "-p", "-P", "", "-N", "secret", "-f"]).arg(key).output();
    assert!(locked.unwrap().status.success());
}

pub(crate) fn an_agent_signs_for_a_locked_key() {
    let mut home = Home::new();
    let agent = Agent::start(&home);
    let public = home.make(".ssh/id_ed25519", "ed25519", "");
    let key = home.path(".ssh/id_ed25519");
    agent.add(&key);
    lock(&key);
    assert!(matches!(home.find().unwrap_err(), SigningError::Locked { .. }), "its agent is not named");
    home.places.agent = Some(agent.socket.clone());
    let found = home.key();
    assert_eq!(found.public(), public);
    let signature = found.sign(Namespace::Decision, BYTES).unwrap();
    let signer = signing::verify(Namespace::Decision, BYTES, &signature, None, None).unwrap();
    assert_eq!(signer.fingerprint, found.fingerprint());
    // Without its file, too, if its public half is named.
    fs::remove_file(&key).unwrap();
    home.configure("~/.ssh/id_ed25519.pub");
    verify(&home.key().sign(Namespace::Checkpoint, BYTES).unwrap()).unwrap();
    drop(agent);
    let error = found.sign(Namespace::Decision, BYTES).unwrap_err();
    assert!(matches!(error, SigningError::NotSigned { .. }), "{error:?}");
    assert!(matches!(home.find().unwrap_err(), SigningError::BadKey { .. }));
}

pub(crate) fn a_literal_key_is_looked_for_with_the_agent() {
    let mut home = Home::new();
    let agent = Agent::start(&home);
    let (held, other) = (home.make("held", "ed25519", ""), home.make("other", "ed25519", ""));
    agent.add(&home.path("held"));
    fs::remove_file(home.path("held")).unwrap();
    home.places.agent = Some(agent.socket.clone());
    for named in [format!("key::{held}"), format!("key::{held} a comment"), held.clone()] {
        home.configure(&named);
        let key = home.key();
        assert_eq!(key.public(), held);
        verify(&key.sign(Namespace::Checkpoint, BYTES).unwrap()).unwrap();
    }
    home.configure(&format!("key::{other}"));
    let error = home.find().unwrap_err().to_string();
    assert!(error.contains("agent does not hold it"), "{error}");
    home.places.agent = None;
    assert!(home.find().unwrap_err().to_string().contains("no agent is running"));
}

/// Whether there is a program that gives another one a terminal.
pub(crate) fn has_terminal() -> bool {
    has_keygen() && has("script", "--version")
}

pub(crate) fn is_asked_to() -> bool {
    env::var_os(FINDING).is_some()
}

/// Verifies a signature with whatever ssh-keygen is found, and says what came of it.
pub(crate) fn verify_as_asked() -> Option<ExitCode> {
    let signature = fs::read_to_string(env::var_os(VERIFYING)?).unwrap();
    println!("{:?}", verify(&signature.parse().unwrap()));
    Some(ExitCode::SUCCESS)
}

/// Looks for a key, at whatever terminal this process has, and says what came of it.
pub(crate) fn obey() -> ExitCode {
    let folder = PathBuf::from(env::var_os(FINDING).unwrap());
    let places =
        KeyPlaces { home: Some(folder.join("home")), agent: None, time_limit: Duration::from_secs(10) };
    let found = SigningKey::find_in(&Project::discover(&folder.join("project")).unwrap(), &places);
    println!("found: {found:?}");
    ExitCode::SUCCESS
}

pub(crate) fn nothing_is_asked_at_a_terminal() {
    let home = Home::new();
    home.make(".ssh/id_ed25519", "ed25519", "secret");
    let this = env::current_exe().unwrap();
    let at_terminal = |line: &str| {
        let mut script = Command::new("script");
        script.args(["-qec", line, "/dev/null"]).env(FINDING, home.fixture.root.parent().unwrap());
        script.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        script
    };
    // It is one: ssh-keygen asks there if it may. It is waited for as long as a busy machine takes, and hung up on.
    let asking =
        format!("timeout --foreground 60 ssh-keygen -y -f '{}'", home.path(".ssh/id_ed25519").display());
    let mut asked = at_terminal(&asking).spawn().unwrap();
    let (mut said, mut output) = (Vec::new(), asked.stdout.take().unwrap());
    let mut some = [0; 256];
    while !String::from_utf8_lossy(&said).contains("passphrase") {
        let count = output.read(&mut some).unwrap();
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&some[..count]);
    }
    asked.kill().unwrap();
    asked.wait().unwrap();
    let found = at_terminal(&format!("'{}'", this.display())).output().unwrap();
    let said = String::from_utf8_lossy(&found.stdout);
    // Locked, and not out of time: nobody was waited for.
    assert!(said.starts_with("found: Err(Locked {"), "{said}");
}
