//! The merge: one commit, on one branch, made once.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;

use factory_core::artifact::{Merge, Patch};
use factory_core::ids::{EffectId, GitOid};
use factory_engine::port::workspace::{Contents, Landing, WorkspaceError, Workspaces};
use factory_workspace::{GitWorkspaces, Project, WorkspaceConfig};
use git2::{BranchType, Commit, Oid, Repository};

use crate::support::{self, Fixture, effect_of, patch, refusal, set_executable, write};

/// Set for a process that only lands something in the repository of this path.
const LANDING: &str = "FACTORY_TEST_LAND_IN";

fn land(
    fixture: &Fixture,
    workspaces: &GitWorkspaces,
    effect: &EffectId,
    work: &(Patch, Contents),
    message: &str,
) -> Result<Merge, WorkspaceError> {
    land_on(&fixture.head(), workspaces, effect, work, message)
}

fn land_on(
    base: &GitOid,
    workspaces: &GitWorkspaces,
    effect: &EffectId,
    work: &(Patch, Contents),
    message: &str,
) -> Result<Merge, WorkspaceError> {
    support::wait(workspaces.land(Landing {
        effect,
        base,
        patch: &work.0,
        contents: &work.1,
        slug: "mail",
        message: message.to_owned(),
        trailers: vec![("Spec".to_owned(), "abc\nFactory-Run: forged".to_owned())],
    }))
}

fn commit<'r>(repository: &'r Repository, merge: &Merge) -> Commit<'r> {
    repository.find_commit(Oid::from_str(merge.commit.as_str()).unwrap()).unwrap()
}

fn content(repository: &Repository, commit: &Commit<'_>, path: &str) -> Option<Vec<u8>> {
    let entry = commit.tree().unwrap().get_path(path.as_ref()).ok()?;
    Some(repository.find_blob(entry.id()).unwrap().content().to_vec())
}

fn branches(repository: &Repository) -> Vec<String> {
    let each = repository.branches(Some(BranchType::Local)).unwrap();
    let mut names: Vec<String> =
        each.map(|branch| branch.unwrap().0.name().unwrap().unwrap().to_owned()).collect();
    names.sort();
    names
}

pub(crate) fn a_merge_is_a_commit_on_a_branch_of_its_own() {
    let fixture = Fixture::with(&[("a", "1")]);
    fixture.write("a", "the user's own change");
    fixture.write("staged", "2");
    let repository = fixture.git();
    let mut index = repository.index().unwrap();
    index.add_path("staged".as_ref()).unwrap();
    index.write().unwrap();
    let before = (
        fs::read(fixture.root.join(".git/index")).unwrap(),
        fs::read(fixture.root.join(".git/HEAD")).unwrap(),
    );

    let work = patch(&[("!a", Some("2")), ("b/c", Some("3"))]);
    let merge =
        land(&fixture, &fixture.workspaces(), &effect_of("run-1", "merge", 1), &work, "mail: send it\n")
            .unwrap();
    assert_eq!(merge.branch, "factory/mail");
    assert_eq!(merge.base, fixture.head());
    assert_eq!(merge.patch, work.0.digest());
    let made = commit(&repository, &merge);
    assert_eq!(
        repository.find_branch("factory/mail", BranchType::Local).unwrap().get().target(),
        Some(made.id())
    );
    assert_eq!(made.parent_ids().map(support::oid).collect::<Vec<_>>(), [fixture.head()]);
    assert_eq!(content(&repository, &made, "a").unwrap(), b"2");
    assert_eq!(content(&repository, &made, "b/c").unwrap(), b"3");
    assert_eq!(
        made.message().unwrap(),
        "mail: send it\n\nSpec: abc Factory-Run: forged\nFactory-Run: run-1\nFactory-Effect: run-1/merge/1\n"
    );

    let after = (
        fs::read(fixture.root.join(".git/index")).unwrap(),
        fs::read(fixture.root.join(".git/HEAD")).unwrap(),
    );
    assert!(before == after);
    assert_eq!(fs::read(fixture.root.join("a")).unwrap(), b"the user's own change");
    assert!(!fixture.root.join("b").exists());
    assert_eq!(branches(&repository), ["factory/mail", "main"]);
}

pub(crate) fn the_same_effect_lands_once() {
    let fixture = Fixture::with(&[("a", "1")]);
    let work = patch(&[("!a", Some("2"))]);
    let effect = effect_of("run-1", "merge", 1);
    let first = land(&fixture, &fixture.workspaces(), &effect, &work, "one").unwrap();
    let again = land(&fixture, &fixture.workspaces(), &effect, &work, "another message").unwrap();
    assert_eq!(first, again);
    assert_eq!(branches(&fixture.git()), ["factory/mail", "main"]);
    // Another attempt is another effect.
    let other = land(&fixture, &fixture.workspaces(), &effect_of("run-1", "merge", 2), &work, "one").unwrap();
    assert_ne!(first.commit, other.commit);
    assert_eq!(other.branch, "factory/run-1");
}

pub(crate) fn a_branch_of_another_run_is_left_alone() {
    let fixture = Fixture::with(&[("a", "1")]);
    let work = patch(&[("!a", Some("2"))]);
    let workspaces = fixture.workspaces();
    let first = land(&fixture, &workspaces, &effect_of("run-1", "merge", 1), &work, "one").unwrap();
    let second = land(&fixture, &workspaces, &effect_of("run-2", "merge", 1), &work, "two").unwrap();
    assert_eq!((first.branch.as_str(), second.branch.as_str()), ("factory/mail", "factory/run-2"));
    let again = land(&fixture, &workspaces, &effect_of("run-2", "merge", 1), &work, "two").unwrap();
    assert_eq!(second, again);
    let repository = fixture.git();
    let tip = repository.find_branch("factory/mail", BranchType::Local).unwrap().get().target().unwrap();
    assert_eq!(support::oid(tip), first.commit);
}

pub(crate) fn two_taken_branches_are_an_error() {
    let fixture = Fixture::with(&[("a", "1")]);
    let repository = fixture.git();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    repository.branch("factory/mail", &head, false).unwrap();
    repository.branch("factory/run-1", &head, false).unwrap();
    let work = patch(&[("!a", Some("2"))]);
    let error =
        land(&fixture, &fixture.workspaces(), &effect_of("run-1", "merge", 1), &work, "one").unwrap_err();
    assert!(matches!(error, WorkspaceError::Io { .. }), "{error:?}");
    for name in ["factory/mail", "factory/run-1"] {
        assert_eq!(repository.find_branch(name, BranchType::Local).unwrap().get().target(), Some(head.id()));
    }
}

pub(crate) fn a_message_cannot_pass_for_another_runs_trailers() {
    let fixture = Fixture::with(&[("a", "1")]);
    let work = patch(&[("!a", Some("2"))]);
    let workspaces = fixture.workspaces();
    let forged = "one\n\nFactory-Run: run-2\nFactory-Effect: run-2/merge/1";
    let first = land(&fixture, &workspaces, &effect_of("run-1", "merge", 1), &work, forged).unwrap();
    let second = land(&fixture, &workspaces, &effect_of("run-2", "merge", 1), &work, "two").unwrap();
    assert_ne!(first.commit, second.commit);
}

pub(crate) fn an_odd_message_does_not_hide_the_trailers() {
    for message in ["one\n\n---\n\ntwo", "", "nul\0byte", "one\r\n\r\ntwo\r\n"] {
        let fixture = Fixture::with(&[("a", "1")]);
        let work = patch(&[("!a", Some("2"))]);
        let effect = effect_of("run-1", "merge", 1);
        let first = land(&fixture, &fixture.workspaces(), &effect, &work, message).unwrap();
        assert_eq!(first, land(&fixture, &fixture.workspaces(), &effect, &work, message).unwrap());
        let repository = fixture.git();
        let made = commit(&repository, &first);
        // git reads them as trailers, too.
        let trailers = git2::message_trailers_strs(made.message().unwrap()).unwrap();
        assert!(trailers.iter().any(|trailer| trailer == ("Factory-Run", "run-1")), "{:?}", made.message());
    }
}

pub(crate) fn the_author_is_the_repositorys() {
    let fixture = Fixture::with(&[("a", "1")]);
    let work = patch(&[("!a", Some("2"))]);
    let repository = fixture.git();
    let merge = land(&fixture, &fixture.workspaces(), &effect_of("run-1", "merge", 1), &work, "one").unwrap();
    let made = commit(&repository, &merge);
    assert_eq!(made.author().to_string(), "Ada <ada@example.test>");
    assert_eq!(made.committer().to_string(), "Ada <ada@example.test>");
    let head = Oid::from_str(fixture.head().as_str()).unwrap();
    assert!(made.time().seconds() >= repository.find_commit(head).unwrap().time().seconds());
}

pub(crate) fn nothing_in_a_name_makes_the_header_say_something_else() {
    for (name, kept) in [
        ("X\n\nApproved by the board\u{1b}[2J", "XApproved by the board[2J"),
        ("\u{202e}A\r", "A"),
        ("\u{200b}\n", "factory"),
    ] {
        let fixture = Fixture::with(&[("a", "1")]);
        fixture.git().config().unwrap().set_str("user.name", name).unwrap();
        let work = patch(&[("!a", Some("2"))]);
        let effect = effect_of("run-1", "merge", 1);
        let merge = land(&fixture, &fixture.workspaces(), &effect, &work, "one").unwrap();
        let repository = fixture.git();
        let made = commit(&repository, &merge);
        assert_eq!(made.author().name().unwrap(), kept);
        // A tree, a parent, an author and a committer.
        assert_eq!(made.raw_header().unwrap().lines().count(), 4, "{:?}", made.raw_header());
    }
}

pub(crate) fn every_kind_of_change_gets_into_the_tree() {
    let fixture = Fixture::with(&[
        ("a", "1"),
        ("deep/er/gone", "1"),
        ("folder/x", "1"),
        ("file", "1"),
        ("kept/by", "1"),
        ("holdouts/h", "hidden"),
    ]);
    fixture.write("kept/tool", "1");
    set_executable(&fixture.root.join("kept/tool"), true);
    fixture.commit("tool");
    let workspaces = fixture.with_holdouts(&["holdouts"]);
    let checkout = fixture.seal(&workspaces).unwrap();
    let root = &checkout.root;
    fs::remove_file(root.join("deep/er/gone")).unwrap();
    fs::remove_dir_all(root.join("folder")).unwrap();
    write(root, "folder", "now a file");
    fs::remove_file(root.join("file")).unwrap();
    write(root, "file/y", "now a folder");
    write(root, "kept/new", "1");
    set_executable(&root.join("kept/new"), true);
    set_executable(&root.join("kept/tool"), false);
    let work = fixture.extract(&workspaces, &checkout).unwrap();
    let merge = land(&fixture, &workspaces, &effect_of("run-1", "merge", 1), &work, "one").unwrap();

    let repository = fixture.git();
    let made = commit(&repository, &merge);
    let mut found = Vec::new();
    made.tree()
        .unwrap()
        .walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            found.push(format!("{:o} {folder}{}", entry.filemode(), entry.name().unwrap()));
            git2::TreeWalkResult::Ok
        })
        .unwrap();
    assert_eq!(
        found,
        [
            "100644 a",
            "40000 file",
            "100644 file/y",
            "100644 folder",
            "40000 holdouts",
            "100644 holdouts/h",
            "40000 kept",
            "100644 kept/by",
            "100755 kept/new",
            "100644 kept/tool",
        ]
    );
}

pub(crate) fn deleting_everything_leaves_an_empty_tree() {
    let fixture = Fixture::with(&[("a/b", "1")]);
    let work = patch(&[("a/b", None)]);
    let merge = land(&fixture, &fixture.workspaces(), &effect_of("run-1", "merge", 1), &work, "one").unwrap();
    let repository = fixture.git();
    assert!(commit(&repository, &merge).tree().unwrap().is_empty());
    // And a patch of nothing is a commit of the same tree.
    let merge =
        land(&fixture, &fixture.workspaces(), &effect_of("run-2", "merge", 1), &patch(&[]), "two").unwrap();
    let base = repository.head().unwrap().peel_to_tree().unwrap();
    assert_eq!(commit(&repository, &merge).tree_id(), base.id());
}

pub(crate) fn a_path_that_no_patch_may_have_is_refused() {
    let fixture = Fixture::with(&[("a", "1"), ("holdouts/x", "1")]);
    let workspaces = fixture.with_holdouts(&["holdouts"]);
    for path in ["holdouts/x", ".github/workflows/ci.yml", "../a", "/a", ".git/config"] {
        let work = patch(&[(path, Some("2"))]);
        let refused = refusal(land(&fixture, &workspaces, &effect_of("run-1", "merge", 1), &work, "one"));
        assert_eq!(refused.0, path);
    }
    let missing = (patch(&[("b", Some("2"))]).0, Contents::new());
    assert_eq!(refusal(land(&fixture, &workspaces, &effect_of("run-1", "merge", 1), &missing, "one")).0, "b");
    assert_eq!(branches(&fixture.git()), ["main"]);
}

pub(crate) fn content_is_committed_unfiltered() {
    let fixture = Fixture::with(&[("a", "1")]);
    let repository = fixture.git();
    repository.config().unwrap().set_str("core.autocrlf", "true").unwrap();
    let work = patch(&[("dos", Some("a\r\nb\r\n")), ("nul", Some("\0"))]);
    let merge = land(&fixture, &fixture.workspaces(), &effect_of("run-1", "merge", 1), &work, "one").unwrap();
    let made = commit(&repository, &merge);
    assert_eq!(content(&repository, &made, "dos").unwrap(), b"a\r\nb\r\n");
    assert_eq!(content(&repository, &made, "nul").unwrap(), b"\0");
}

pub(crate) fn processes_that_race_make_one_branch() {
    let fixture = Fixture::with(&[("a", "1")]);
    let work = patch(&[("!a", Some("2"))]);
    for round in 0..20 {
        let run = format!("run-{round}");
        let merges: Vec<Merge> = thread::scope(|scope| {
            let each = |number: usize| {
                let (fixture, work, run) = (&fixture, &work, &run);
                scope.spawn(move || {
                    let effect = effect_of(run, "merge", 1);
                    let message = format!("by {number}");
                    let workspaces = fixture.workspaces();
                    support::wait(workspaces.land(Landing {
                        effect: &effect,
                        base: &fixture.head(),
                        patch: &work.0,
                        contents: &work.1,
                        slug: run,
                        message,
                        trailers: Vec::new(),
                    }))
                    .unwrap()
                })
            };
            let threads: Vec<_> = (0..4).map(each).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(merges.iter().all(|merge| *merge == merges[0]), "{merges:?}");
    }
}

pub(crate) fn the_base_need_not_be_checked_out() {
    let fixture = Fixture::with(&[("a", "1"), ("b", "1")]);
    let old = fixture.head();
    fixture.write("b", "2");
    let new = fixture.commit("second");
    // What the user has checked out is neither.
    fixture.write("b", "3");
    fixture.commit("third");
    fixture.write("b", "and work");
    let before = fs::read(fixture.root.join(".git/index")).unwrap();
    let workspaces = fixture.workspaces();
    let work = patch(&[("!a", Some("2"))]);
    for (run, base, b) in [("run-1", &old, "1"), ("run-2", &new, "2")] {
        let effect = effect_of(run, "merge", 1);
        let merge = land_on(base, &workspaces, &effect, &work, "one").unwrap();
        assert_eq!((&merge.base, &merge.patch), (base, &work.0.digest()));
        let repository = fixture.git();
        let made = commit(&repository, &merge);
        assert_eq!(support::oid(made.parent_id(0).unwrap()), *base);
        assert_eq!(made.parent_count(), 1);
        assert_eq!(content(&repository, &made, "a").unwrap(), b"2");
        assert_eq!(content(&repository, &made, "b").unwrap(), b.as_bytes());
        assert_eq!(land_on(base, &workspaces, &effect, &work, "again").unwrap(), merge);
    }
    assert_eq!(branches(&fixture.git()), ["factory/mail", "factory/run-2", "main"]);
    assert_eq!(fs::read(fixture.root.join(".git/index")).unwrap(), before);
    assert_eq!(fs::read(fixture.root.join("b")).unwrap(), b"and work");
}

pub(crate) fn what_has_landed_is_told_as_it_was_made() {
    let fixture = Fixture::with(&[("a", "1"), ("b", "1"), ("tool", "1"), ("gone", "1")]);
    let old = fixture.head();
    fixture.write("b", "2");
    let new = fixture.commit("second");
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    write(&checkout.root, "a", "2");
    write(&checkout.root, "new/file", "1");
    set_executable(&checkout.root.join("tool"), true);
    fs::remove_file(checkout.root.join("gone")).unwrap();
    let work = fixture.extract(&workspaces, &checkout).unwrap();
    let effect = effect_of("run-1", "merge", 1);
    let merge = land_on(&old, &workspaces, &effect, &work, "one").unwrap();
    // After a crash, the branch has moved and the patch has been carried there: it is the same performance all the same.
    let other = patch(&[("!a", Some("3"))]);
    for (base, work) in [(&new, &work), (&old, &other), (&new, &other)] {
        assert_eq!(land_on(base, &workspaces, &effect, work, "one").unwrap(), merge);
    }
    // A patch that writes what is there already is the same tree, and keeps its own name.
    let idle = patch(&[("!a", Some("1")), ("c", Some("1"))]);
    let effect = effect_of("run-2", "merge", 1);
    let merge = land_on(&old, &workspaces, &effect, &idle, "two").unwrap();
    assert_eq!(merge.patch, idle.0.digest());
    assert_eq!(land_on(&old, &workspaces, &effect, &idle, "two").unwrap(), merge);
}

pub(crate) fn a_patch_for_another_base_is_refused() {
    let fixture = Fixture::with(&[("a", "1"), ("d/x", "1"), ("holdouts/sub/h", "1")]);
    let workspaces = fixture.with_holdouts(&["holdouts/sub"]);
    let effect = effect_of("run-1", "merge", 1);
    for (path, content, reason) in [
        ("a", Some("2"), "is said to be new, but is in the base"),
        ("!b", Some("2"), "is not a file of the base"),
        ("b", None, "is not a file of the base"),
        ("d", None, "is not a file of the base"),
        ("d", Some("2"), "has no room in the base"),
        ("a/x", Some("2"), "has no room in the base"),
        // What no checkout shows is not lost by it.
        ("holdouts", Some("2"), "has no room in the base"),
    ] {
        let refused = refusal(land(&fixture, &workspaces, &effect, &patch(&[(path, content)]), "one"));
        assert_eq!((refused.0.as_str(), refused.1.as_str()), (path.trim_start_matches('!'), reason));
    }
    let mut twice = patch(&[("b", Some("2"))]);
    twice.0.changes.push(twice.0.changes[0].clone());
    assert_eq!(refusal(land(&fixture, &workspaces, &effect, &twice, "one")).1, "is in it twice");
    assert_eq!(branches(&fixture.git()), ["main"]);
}

pub(crate) fn is_asked_to() -> bool {
    env::var_os(LANDING).is_some()
}

/// Lands something and nothing else, for whoever watches.
pub(crate) fn obey() -> ExitCode {
    let root = PathBuf::from(env::var_os(LANDING).unwrap());
    let config = WorkspaceConfig {
        project: Project::discover(&root).unwrap(),
        cache: root.with_file_name("cache"),
        holdout_paths: Vec::new(),
        holdout_dirs: Vec::new(),
        setup: None,
        hosts: factory_workspace::Hosts::default(),
        launcher: factory_sandbox::Launcher::new(),
    };
    let base = config.project.head().clone();
    let work = patch(&[("!a", Some("2")), ("new/deep/file", Some("3"))]);
    let effect = effect_of("run-1", "merge", 1);
    land_on(&base, &GitWorkspaces::new(config).unwrap(), &effect, &work, "one").unwrap();
    ExitCode::SUCCESS
}

/// Whether system calls can be watched here: there may be no `strace`, or no permission.
pub(crate) fn can_be_watched() -> bool {
    let watched =
        Command::new("strace").args(["-f", "-o", "/dev/null", "-e", "trace=fsync", "true"]).output();
    watched.is_ok_and(|output| output.status.success())
}

/// Looks at the system calls: what gets its final name was synced before, its folder after, and the branch comes last.
pub(crate) fn what_has_landed_is_on_the_disk() {
    let fixture = Fixture::with(&[("a", "1")]);
    // Their settings do not matter, nor do they change.
    fixture.git().config().unwrap().set_bool("core.fsyncObjectFiles", false).unwrap();
    let settings = fs::read(fixture.root.join(".git/config")).unwrap();
    let log = fixture.root.with_file_name("log");
    let watched = Command::new("strace")
        .args(["-f", "-y", "-s", "4096", "-e", "trace=fsync,link,linkat,rename,renameat,renameat2", "-o"])
        .arg(&log)
        .arg(env::current_exe().unwrap())
        .env(LANDING, &fixture.root)
        .output()
        .unwrap();
    assert!(watched.status.success(), "{watched:?}");
    let log = fs::read_to_string(log).unwrap();
    let git = fixture.root.join(".git");
    let mut synced: Vec<PathBuf> = Vec::new();
    let mut waiting: Option<PathBuf> = None;
    let mut named: Vec<String> = Vec::new();
    for line in log.lines().filter(|line| line.ends_with("= 0")) {
        if let Some((_, call)) = line.split_once("fsync(") {
            let path = Path::new(call.split(['<', '>']).nth(1).unwrap());
            waiting = waiting.filter(|folder| folder != path);
            synced.push(path.to_owned());
            continue;
        }
        let quoted: Vec<&str> = line.split('"').collect();
        let [_, from, _, to, _] = quoted[..] else { panic!("{line}") };
        let Ok(name) = Path::new(to).strip_prefix(&git) else { continue };
        assert_eq!(waiting, None, "its folder is not synced: {log}");
        assert!(synced.contains(&PathBuf::from(from)), "{from} is not synced: {log}");
        waiting = Path::new(to).parent().map(Path::to_owned);
        if name.starts_with("refs") {
            assert!(synced.contains(&git.join("objects")), "{log}");
        }
        named.push(name.display().to_string());
    }
    assert_eq!(waiting, None, "{log}");
    assert_eq!(synced.last(), Some(&git.join("refs/heads")), "{log}");
    // Two blobs, three trees and the commit, each once.
    assert_eq!(named.pop().unwrap(), "refs/heads/factory/mail", "{log}");
    assert_eq!(named.len(), 6, "{log}");
    assert!(named.iter().all(|name| name.starts_with("objects/")), "{log}");
    assert!(fs::read(fixture.root.join(".git/config")).unwrap() == settings);
    assert_eq!(fs::read_dir(&fixture.cache).unwrap().count(), 0);
}
