//! Who may decide: groups by login and by key, and gates that ask for more than one person.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use libtest_mimic::Trial;

use crate::fixture::{APPROVE, FACTORY, PIPELINE, World, building, login, right};
use crate::gates::waits_at;
use crate::process::{self, Ran};
use crate::{case, needing};

pub(crate) fn trials() -> Vec<Trial> {
    let signed = case("a_key_of_the_group_may_decide_and_no_other", a_key_of_the_group);
    let second = case("two_different_people_have_to_approve", two_different_people);
    vec![
        case("a_login_of_the_group_may_decide_and_no_variable_makes_one", a_login_of_the_group),
        case("who_asked_for_a_run_may_not_approve_it", who_asked),
        needing("needs ssh-keygen", *KEYGEN, signed),
        needing("needs unshare --map-user", *SECOND_PERSON, second),
    ]
}

static KEYGEN: LazyLock<bool> = LazyLock::new(|| Command::new("ssh-keygen").arg("-?").output().is_ok());

/// Whether a command can be run as another user, who owns the same files: in a user namespace.
static SECOND_PERSON: LazyLock<bool> = LazyLock::new(|| {
    let tried = Command::new("unshare").args(["--user", "--map-user=4321", "id", "-u"]).output();
    tried.is_ok_and(|tried| tried.stdout == b"4321\n")
});

const REASON: &str = "it serves both requirements";

/// The pipeline with this rule for the gate after the plan.
fn ruled(rule: &str) -> String {
    format!("{PIPELINE}\n[[gate]]\nat = \"plan:exit\"\n{rule}\n")
}

/// A run that waits at `plan:exit`, for which there is this rule. A reason in advance does not answer it.
fn waiting(rule: &str) -> World {
    let world = World::with_pipeline(building(vec![right()]), &ruled(rule));
    world.run(&[APPROVE]).ends_with(4);
    waits_at(&world, "plan:exit");
    world
}

fn approve(world: &World, more: &[&str]) -> Ran {
    world.factory(&[&["gate", "approve", "plan", "--because", REASON], more].concat())
}

fn a_login_of_the_group() {
    let world = waiting("authority = \"leads\"\n\n[authority.leads]\npeople = [\"alice\"]");
    world.factory(&["gate", "show"]).ends_with(0).says("Only leads may decide.");
    approve(&world, &[]).ends_with(2).says(&format!("{} may not decide", login())).says("leads");
    world.factory(&["gate", "reject", "--because", REASON]).ends_with(2).says("may not decide");
    // What the environment says is anybody's to choose.
    let mut command = world.command(FACTORY, &["gate", "approve", "--because", REASON]);
    command.env("USER", "alice").env("LOGNAME", "alice").env("USERNAME", "alice").env("SUDO_USER", "alice");
    process::run(command).ends_with(2).says("may not decide");
    assert!(world.events("gate_decided").is_empty());

    let own = format!("authority = \"leads\"\n\n[authority.leads]\npeople = [\"alice\", {:?}]", login());
    approve(&waiting(&own), &[]).ends_with(0);
}

fn who_asked() {
    let world = waiting("not_requester = true");
    world.factory(&["gate", "show"]).ends_with(0).says("Whoever asked for the run may not approve.");
    approve(&world, &[]).ends_with(2).says("asked for this run");
    // To say no to one's own run is no privilege.
    world.factory(&["gate", "reject", "--because", "I have thought again"]).ends_with(0);
}

/// A new key, without a passphrase; its file and its fingerprint.
fn key(world: &World, name: &str) -> (PathBuf, String) {
    let path = world.root().join("home").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = path.to_str().unwrap();
    let made = world.command("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
    process::run(made).ends_with(0);
    let told = process::run(world.command("ssh-keygen", &["-l", "-f", file])).ends_with(0).out;
    (path, told.split(' ').nth(1).unwrap().to_owned())
}

fn a_key_of_the_group() {
    let world = World::new(building(vec![right()]));
    let (listed, fingerprint) = key(&world, "listed");
    let (other, _) = key(&world, "other");
    let rule = format!("authority = \"leads\"\n\n[authority.leads]\nkeys = [{fingerprint:?}]");
    world.write("pipelines/feature.toml", &ruled(&rule));
    world.commit("A pipeline that asks for a key");
    world.run(&[APPROVE]).ends_with(4);

    approve(&world, &["--sign"]).ends_with(2).says("cannot be signed").says("user.signingkey");
    world.git(&["config", "gpg.format", "ssh"]);
    let sign_with = |path: &PathBuf| world.git(&["config", "user.signingkey", path.to_str().unwrap()]);
    sign_with(&other);
    approve(&world, &["--sign"]).ends_with(2).says("may not decide");
    sign_with(&listed);
    approve(&world, &[]).ends_with(2).says("may not decide");
    assert!(world.events("gate_decided").is_empty());
    approve(&world, &["--sign"]).ends_with(0).says("is approved.");
    let decided = world.events("gate_decided");
    assert!(decided[0]["by"]["proof"].to_string().contains(&fingerprint), "{decided:?}");
}

fn two_different_people() {
    let world = waiting("approvals = 2");
    approve(&world, &[]).ends_with(0).says("Somebody else has to approve it, too.");
    waits_at(&world, "plan:exit");
    // Another name and address for the same login are the same person's, and so is the same address elsewhere.
    let as_bob = |program: &str, first: &[&str]| {
        let gate = ["gate", "approve", "plan", "--because", REASON];
        let mut command = world.command(program, &[first, &gate].concat());
        command.env("HOME", world.root().join("bob")).env_remove("GIT_CONFIG_GLOBAL");
        process::run(command)
    };
    let identity = |mail: &str| {
        let text = format!("[user]\n\tname = Bob\n\temail = {mail}\n[safe]\n\tdirectory = *\n");
        crate::fixture::write(&world.root().join("bob/.gitconfig"), &text);
    };
    identity("bob@example.test");
    as_bob(FACTORY, &[]).ends_with(2).says("has approved already");
    let elsewhere = ["--user", "--map-user=4321", FACTORY];
    identity("Tess@example.test");
    as_bob("unshare", &elsewhere).ends_with(2).says("has approved already");
    identity("bob@example.test");
    as_bob("unshare", &elsewhere).ends_with(0).never_says("Somebody else");
    let decided = world.events("gate_decided");
    assert_eq!(decided.len(), 2, "{decided:?}");
    assert_eq!(decided[1]["by"]["login"], "uid-4321");
    assert_eq!(world.json(&["gate", "list"]), serde_json::json!([]));
}
