//! What later commits say of earlier ones, and what their trailers name.

use std::fs;
use std::path::Path;
use std::process::Command;

use factory_core::ids::GitOid;
use factory_engine::port::workspace::{Landing, Workspaces};
use factory_workspace::{ProjectError, Reverted, reverts, touched, trailers};
use git2::{Oid, Repository, Signature, Time};

use crate::support::{self, Fixture, effect_of, oid, patch};

/// A day, in seconds.
const DAY: i64 = 24 * 60 * 60;

/// Some moment, in seconds since 1970.
const NOON: i64 = 1_700_000_000;

/// Adds a commit without files to a branch, which is made if it is missing; `time` in seconds.
fn commit(repository: &Repository, branch: &str, parents: &[&GitOid], time: i64, message: &[u8]) -> GitOid {
    commit_of(repository, branch, parents, time, message, "")
}

/// The same with files: one for each letter, which has the letter in it.
fn commit_of(
    repository: &Repository,
    branch: &str,
    parents: &[&GitOid],
    time: i64,
    message: &[u8],
    files: &str,
) -> GitOid {
    let who = Signature::new("Ada", "ada@example.test", &Time::new(time, 0)).unwrap();
    let mut tree = repository.treebuilder(None).unwrap();
    for name in files.chars().map(String::from) {
        let blob = repository.blob(name.as_bytes()).unwrap();
        tree.insert(name, blob, 0o100_644).unwrap();
    }
    let tree = tree.write().unwrap();
    // By hand, because messages may be anything.
    let mut object = format!("tree {tree}\n").into_bytes();
    for parent in parents {
        object.extend_from_slice(format!("parent {parent}\n").as_bytes());
    }
    for role in ["author", "committer"] {
        object.extend_from_slice(
            format!("{role} {} <ada@example.test> {time} +0000\n", who.name().unwrap()).as_bytes(),
        );
    }
    object.push(b'\n');
    object.extend_from_slice(message);
    let id = repository.odb().unwrap().write(git2::ObjectType::Commit, &object).unwrap();
    repository.reference(&format!("refs/heads/{branch}"), id, true, "test").unwrap();
    oid(id)
}

fn found(commit: &GitOid, by: &GitOid, time: i64) -> Reverted {
    Reverted { commit: commit.clone(), by: by.clone(), at_ms: u64::try_from(time).unwrap() * 1000 }
}

fn reverting(commit: &GitOid) -> Vec<u8> {
    format!("Revert \"it\"\n\nThis reverts commit {commit}.\n").into_bytes()
}

pub(crate) fn reverts_are_found_on_every_branch() {
    let fixture = Fixture::empty();
    let repository = fixture.git();
    let first = commit_of(&repository, "main", &[], NOON, b"first", "1");
    let second = commit_of(&repository, "main", &[&first], NOON + 10, b"second", "12");
    let kept = commit_of(&repository, "main", &[&second], NOON + 20, b"kept", "123");
    let one = commit_of(&repository, "main", &[&kept], NOON + 30, &reverting(&second), "13");
    let two = commit_of(&repository, "release/1.0", &[&kept], NOON + 40, &reverting(&second), "13");
    let both = format!(
        "Revert both\n\nThis reverts commit {first}.\nThis reverts commit {second}.\n\nThis reverts commit {second}.\n"
    );
    let both = commit_of(&repository, "other", &[&kept, &one, &two], NOON + 50, both.as_bytes(), "3");
    let asked = [first.clone(), second.clone(), kept, second.clone()];
    let mut expected = vec![found(&first, &both, NOON + 50), found(&second, &both, NOON + 50)];
    expected.sort_by(|a, b| a.commit.cmp(&b.commit));
    expected.extend([found(&second, &two, NOON + 40), found(&second, &one, NOON + 30)]);
    assert_eq!(reverts(&fixture.root, &asked).unwrap(), expected);
    assert_eq!(reverts(&fixture.root, &asked[..1]).unwrap(), [found(&first, &both, NOON + 50)]);
    // Of a remote's branch, nothing is known yet.
    repository
        .reference("refs/remotes/origin/x", Oid::from_str(both.as_str()).unwrap(), true, "test")
        .unwrap();
    repository.find_reference("refs/heads/other").unwrap().delete().unwrap();
    assert_eq!(reverts(&fixture.root, &asked).unwrap().len(), 2);
    assert_eq!(reverts(&fixture.root, &[]).unwrap(), []);
}

pub(crate) fn only_gits_own_words_count() {
    let fixture = Fixture::empty();
    let repository = fixture.git();
    let first = commit_of(&repository, "main", &[], NOON, b"first", "1");
    let other = "f".repeat(40);
    let short = &first.as_str()[..10];
    let is_revert = |message: String| {
        let by = commit(&repository, "main", &[&first], NOON + 10, message.as_bytes());
        let found = reverts(&fixture.root, std::slice::from_ref(&first)).unwrap();
        assert!(found.iter().all(|reverted| reverted.by == by));
        found.len() == 1
    };
    for message in [
        format!("Revert\n\nThis reverts commit {first}."),
        format!("Revert\r\n\r\nThis reverts commit {first}.\r\n"),
        format!("Revert\n\nThis reverts commit {first}, reversing\nchanges made to {other}.\n"),
        format!("Revert\n\nThis reverts commit {short} (first, 2023-11-14).\n"),
        format!("Revert\n\nBecause.\n\nThis reverts commit {first}.\n\nFactory-Run: x\n"),
        format!("This reverts commit {first}"),
    ] {
        assert!(is_revert(message.clone()), "{message:?}");
    }
    for message in [
        format!("Revert\n\n> This reverts commit {first}.\n"),
        format!("Revert\n\nthis reverts commit {first}.\n"),
        format!("Revert\n\nThis reverts commit {other}.\n"),
        format!("Revert\n\nThis reverts commit {other}, reversing\nchanges made to {first}.\n"),
        format!("Revert\n\nThis reverts commit {short}.\n"),
        format!("Revert\n\nThis reverts commit {} (first).\n", &first.as_str()[..6]),
        format!("Revert\n\nThis reverts commit {first}0.\n"),
        format!("Revert\n\nThis reverts commit  {first}.\n"),
        "Revert\n\nThis reverts commit .\n".to_owned(),
        "Revert \"first\"\n".to_owned(),
    ] {
        assert!(!is_revert(message.clone()), "{message:?}");
    }
}

pub(crate) fn a_revert_by_git_itself_is_found() {
    let fixture = Fixture::with(&[("a", "1")]);
    fixture.write("a", "2");
    let second = fixture.commit("second");
    for (options, title) in [(&["--no-edit"][..], "plain"), (&["--no-edit", "--reference"], "by reference")] {
        let output = Command::new("git")
            .args(["-c", "core.hooksPath=/dev/null", "revert"])
            .args(options)
            .arg(second.as_str())
            .current_dir(&fixture.root)
            .output()
            .unwrap();
        if !output.status.success() && title == "by reference" {
            // This git is too old to know that option.
            continue;
        }
        assert!(output.status.success(), "{title}: {output:?}");
        let found = reverts(&fixture.root, std::slice::from_ref(&second)).unwrap();
        assert_eq!(
            (found[0].commit.clone(), found[0].by.clone()),
            (second.clone(), fixture.head()),
            "{title}"
        );
        fixture.write("a", "2");
        fixture.commit("again");
    }
}

/// What `git` says in the fixture's folder; it has to succeed if `succeeds`.
fn git(fixture: &Fixture, args: &[&str], succeeds: bool) {
    let output = Command::new("git")
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.editor=true"])
        .args(args)
        .current_dir(&fixture.root)
        .output()
        .unwrap();
    assert_eq!(output.status.success(), succeeds, "{args:?}: {output:?}");
}

/// What a revert is, and what only says that it is one.
pub(crate) fn only_what_is_undone_is_reverted() {
    let lines = |middle: &str| format!("one\ntwo\n{middle}\nfour\nfive\n}}\n");
    let fixture = Fixture::with(&[("a", &lines("three")), ("other", "1\n"), ("binary", "\0\u{1}")]);
    let base = fixture.head();
    fixture.write("a", lines("drei\n}"));
    fixture.write("added", "wholly new\nand more\n");
    fixture.write("binary", "\0\u{2}");
    let work = fixture.commit("work");
    let title = String::from_utf8(reverting(&work)).unwrap();
    let is_reverted = || {
        let found = reverts(&fixture.root, std::slice::from_ref(&work)).unwrap();
        assert!(found.iter().all(|reverted| reverted.by == fixture.head()), "{found:?}");
        let is_reverted = !found.is_empty();
        git(&fixture, &["checkout", "--quiet", "-B", "main", work.as_str()], true);
        is_reverted
    };
    // Nothing, another file, and another place of the same file, though it closes brackets, too.
    fixture.commit(&title);
    assert!(!is_reverted(), "an empty commit");
    fixture.write("other", "2\n");
    fixture.commit(&title);
    assert!(!is_reverted(), "another file");
    fixture.write("a", "one\ntwo\ndrei\n}\nfour\nfive and more\n");
    fixture.commit(&title);
    assert!(!is_reverted(), "another line");
    // All of it, on a branch that never had it.
    git(&fixture, &["checkout", "--quiet", "-B", "main", base.as_str()], true);
    fixture.write("added", "wholly new\nand more\n");
    fixture.commit("the same, by somebody else");
    git(&fixture, &["rm", "--quiet", "added"], true);
    fixture.commit(&title);
    assert!(!is_reverted(), "nobody had it there");

    // One file of several, in each way in which it can go back.
    fixture.write("binary", "\0\u{1}");
    fixture.commit(&title);
    assert!(is_reverted(), "exactly what it was");
    fs::remove_file(fixture.root.join("added")).unwrap();
    fixture.commit(&title);
    assert!(is_reverted(), "what was added is gone");
    fixture.write("a", lines("III\n}"));
    fixture.commit(&title);
    assert!(is_reverted(), "a line that was added is gone");
    // Its own conflict, resolved as neither side had it.
    fixture.write("a", lines("drei und mehr\n}"));
    fixture.write("added", "wholly new\nand still more\n");
    fixture.write("binary", "\0\u{3}");
    fixture.commit("more work");
    git(&fixture, &["revert", "--no-edit", work.as_str()], false);
    fixture.write("a", lines("three, and more"));
    fixture.write("added", "and still more\n");
    fixture.write("binary", "\0\u{3}");
    git(&fixture, &["add", "--all"], true);
    git(&fixture, &["revert", "--continue"], true);
    assert!(is_reverted(), "a conflict was resolved");
    // Under another name by then, and with what came later.
    git(&fixture, &["rm", "--quiet", "added", "binary"], true);
    git(&fixture, &["mv", "a", "renamed"], true);
    fixture.commit("another name");
    fixture.write("renamed", lines("three").replace("five", "fuenf"));
    fixture.commit(&title);
    assert!(is_reverted(), "the file has another name");
}

/// Of a merge, either side may be taken back.
pub(crate) fn a_merge_is_reverted_by_its_sides() {
    for mainline in ["1", "2"] {
        let fixture = Fixture::with(&[("a", "1\n")]);
        git(&fixture, &["checkout", "--quiet", "-b", "side"], true);
        fixture.write("b", "side\n");
        fixture.commit("side");
        git(&fixture, &["checkout", "--quiet", "main"], true);
        fixture.write("c", "main\n");
        fixture.commit("main");
        git(&fixture, &["merge", "--quiet", "--no-edit", "side"], true);
        let merge = fixture.head();
        git(&fixture, &["revert", "--no-edit", "-m", mainline, merge.as_str()], true);
        let found = reverts(&fixture.root, std::slice::from_ref(&merge)).unwrap();
        assert_eq!(found.len(), 1, "{mainline}");
        assert_eq!(found[0].by, fixture.head());
    }
}

pub(crate) fn the_walk_ends_before_the_oldest_commit() {
    let fixture = Fixture::empty();
    let repository = fixture.git();
    let first = commit(&repository, "main", &[], NOON, b"first");
    let later = commit_of(&repository, "main", &[&first], NOON + 10 * DAY, b"later", "12");
    let at = |time: i64| {
        let by = commit_of(&repository, "other", &[&later], NOON, &reverting(&later), "1");
        let by_clock = commit(&repository, "other", &[&by], time, &reverting(&later));
        reverts(&fixture.root, std::slice::from_ref(&later)).unwrap().iter().any(|found| found.by == by_clock)
    };
    assert!(at(NOON + 11 * DAY), "in order");
    assert!(at(NOON + 10 * DAY - DAY / 2), "a clock that goes a little wrong");
    assert!(!at(NOON + 8 * DAY), "before there was anything to revert");
    // With an older one in question, the search goes further back.
    let asked = [first.clone(), later.clone()];
    assert_eq!(reverts(&fixture.root, &asked).unwrap().len(), 2);
    // Ids that the repository does not have do not make it longer, nor an error.
    let unknown: GitOid = "1".repeat(40).parse().unwrap();
    assert_eq!(reverts(&fixture.root, &[unknown.clone(), later]).unwrap(), []);
    assert_eq!(reverts(&fixture.root, &[unknown]).unwrap(), []);
}

pub(crate) fn what_cannot_be_read_is_passed_over() {
    let fixture = Fixture::empty();
    let repository = fixture.git();
    let lost = commit(&repository, "lost", &[], NOON, b"lost\n\nKey: lost\n");
    let first = commit_of(&repository, "main", &[], NOON, b"first\n\nKey: 1\n", "1");
    let odd = commit_of(&repository, "main", &[&lost, &first], NOON + 10, b"odd \xff\n\nKey: \xff\n", "1");
    let mut message = b"title \xff\n\n".to_vec();
    message.extend_from_slice(format!("This reverts commit {first}.\n").as_bytes());
    let by = commit(&repository, "main", &[&odd], NOON + 20, &message);
    let (folder, file) = lost.as_str().split_at(2);
    fs::remove_file(fixture.root.join(".git/objects").join(folder).join(file)).unwrap();
    fs::write(fixture.root.join(".git/refs/heads/junk"), "junk").unwrap();
    let repository = fixture.git();
    assert!(repository.find_commit(Oid::from_str(lost.as_str()).unwrap()).is_err());
    assert_eq!(
        reverts(&fixture.root, std::slice::from_ref(&first)).unwrap(),
        [found(&first, &by, NOON + 20)]
    );
    assert_eq!(trailers(&fixture.root, "Key").unwrap(), [(first, "1".to_owned())]);

    let nowhere = fixture.root.join("nowhere");
    for error in [reverts(&nowhere, &[by]).unwrap_err(), trailers(&nowhere, "Key").unwrap_err()] {
        assert!(matches!(&error, ProjectError::Git { path, .. } if *path == nowhere), "{error:?}");
    }
    assert_eq!(trailers(&Fixture::empty().root, "Key").unwrap(), []);
}

pub(crate) fn trailers_are_read_newest_first() {
    let fixture = Fixture::empty();
    let repository = fixture.git();
    let first = commit(&repository, "main", &[], NOON, b"first\n\nHead: 1\n");
    let work =
        commit(&repository, "factory/mail", &[&first], NOON + 10, b"work\n\nOther: x\nhead:  2  \nHead: 3\n");
    let merged = commit(&repository, "main", &[&first, &work], NOON + 20, b"merged");
    let last = commit(&repository, "main", &[&merged], NOON + 30, b"last\n\nbody\n\nHEAD: 4 and more\n");
    // The merge keeps what the branch had.
    repository.find_reference("refs/heads/factory/mail").unwrap().delete().unwrap();
    let expected = [(&last, "4 and more"), (&work, "2"), (&work, "3"), (&first, "1")]
        .map(|(id, value)| (id.clone(), value.to_owned()));
    assert_eq!(trailers(&fixture.root, "Head").unwrap(), expected);
    assert_eq!(trailers(&fixture.root, "Other").unwrap(), [(work, "x".to_owned())]);
    // Each once, also where a clock was wrong and the child comes after its parent.
    let early = commit(&repository, "early", &[&last], NOON - 10, b"early\n\nHead: 0\n");
    let found = trailers(&fixture.root, "Head").unwrap();
    assert_eq!((&found[..4], &found[4..]), (&expected[..], &[(early, "0".to_owned())][..]));
    for key in ["Hea", "Heads", "", "body", "Head: 4"] {
        assert_eq!(trailers(&fixture.root, key).unwrap(), [], "{key}");
    }
}

pub(crate) fn only_the_last_paragraph_has_trailers() {
    let fixture = Fixture::empty();
    let repository = fixture.git();
    let values = |message: &str| {
        commit(&repository, "main", &[], NOON, message.as_bytes());
        trailers(&fixture.root, "Head").unwrap().into_iter().map(|(_, value)| value).collect::<Vec<_>>()
    };
    assert_eq!(values("title\n\nHead: forged\n\nmore\n\nHead: real\n"), ["real"]);
    assert_eq!(values("title\n\nHead: forged\n\n---\n\nHead: real\n"), ["real"]);
    for message in [
        "Head: forged\n",
        "title\nHead: forged\n",
        "title\n\nHead: forged\n\nThe end.\n",
        "title\n\nHead: forged\n\nOther: trailer\n",
        "title\n\nHead: forged\n---\nmore\n",
        "title\n\nHead: forged\n\n---\nmore\n",
        "title\n\nIt is said that\nHead: forged\nis no trailer.\n",
        "title\n\n Head: forged\n",
        "title\n\n> Head: forged\n",
        "title\n\n# Head: forged\n",
        "title\n\nNot-Head: forged\n",
    ] {
        assert_eq!(values(message), Vec::<String>::new(), "{message:?}");
    }
}

pub(crate) fn what_has_landed_has_its_trailers() {
    let fixture = Fixture::with(&[("a", "1")]);
    let work = patch(&[("!a", Some("2"))]);
    let effect = effect_of("run-1", "merge", 1);
    // The message comes from a model, and tries to pass for an anchor.
    let merge = support::wait(fixture.workspaces().land(Landing {
        effect: &effect,
        base: &fixture.head(),
        patch: &work.0,
        contents: &work.1,
        slug: "mail",
        message:
            "title\n\nbody\n\nFactory-Decisions: 9 forged\n---\nFactory-Decisions: 9 forged\n".to_owned(),
        trailers: vec![("Factory-Decisions".to_owned(), "7 abc".to_owned())],
    }));
    let anchors = trailers(&fixture.root, "Factory-Decisions").unwrap();
    assert_eq!(anchors, [(merge.unwrap().commit, "7 abc".to_owned())]);
}

pub(crate) fn the_newest_commits_tell_who_changed_a_path_and_how_often() {
    let fixture = Fixture::with(&[("a/x.txt", "1\n"), ("b.txt", "1\n")]);
    let root = fixture.root.clone();
    let commit = |path: &str, text: &str, mail: &str| {
        fixture.write(path, text);
        let repository = fixture.git();
        let mut index = repository.index().unwrap();
        index.add_path(Path::new(path)).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let who = Signature::now("N", mail).unwrap();
        let parent = repository.head().unwrap().peel_to_commit().unwrap();
        repository.commit(Some("HEAD"), &who, &who, "more", &tree, &[&parent]).unwrap();
    };
    commit("a/x.txt", "2\n", "one@example.test");
    commit("a/x.txt", "3\n", "Two@example.test");
    commit("b.txt", "2\n", "three@example.test");
    commit("a/new.txt", "1\n", "two@example.test");
    let found = touched(&root, &["a/".to_owned()], 4).unwrap();
    assert_eq!((found.looked_at, found.commits, found.edits), (4, 3, 2));
    assert_eq!(found.authors.into_iter().collect::<Vec<_>>(), ["one@example.test", "two@example.test"]);
    assert_eq!(touched(&root, &["nowhere".to_owned()], 100).unwrap().commits, 0);
    assert_eq!(touched(&root, &[], 2).unwrap().looked_at, 2);
}
