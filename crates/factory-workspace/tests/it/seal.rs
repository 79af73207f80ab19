//! What gets into a checkout, and what does not.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use factory_core::ids::Digest;
use factory_engine::port::workspace::{Checkout, WorkspaceError, Workspaces};
use factory_workspace::{GitWorkspaces, Project, WorkspaceConfig, check_base, clean_stale, inside};
use git2::{ObjectType, Oid, Repository, ResetType, Signature};

use crate::support::{self, Fixture, files, patch, refusal};

const MARKER: &str = "xyzzy-marker-of-the-holdout";

fn long(text: &str) -> String {
    format!("{text} {}", "and more of it ".repeat(8))
}

pub(crate) fn a_checkout_has_the_tree_and_nothing_else() {
    let fixture = Fixture::with(&[("README", "hi\n"), ("src/deep/a.py", "print(1)\n"), ("empty", "")]);
    fixture.write("run.sh", "#!/bin/sh\n");
    support::set_executable(&fixture.root.join("run.sh"), true);
    fixture.commit("second");
    fixture.write("untracked", "not in HEAD");
    let checkout = fixture.seal(&fixture.workspaces()).unwrap();

    assert_eq!(files(&checkout.root), ["README", "empty", "run.sh", "src/deep/a.py"]);
    assert_eq!(fs::read(checkout.root.join("src/deep/a.py")).unwrap(), b"print(1)\n");
    let mode = |path: &str| fs::metadata(checkout.root.join(path)).unwrap().permissions().mode() & 0o111;
    assert_ne!(mode("run.sh"), 0);
    assert_eq!(mode("README"), 0);
    assert_eq!(checkout.project, checkout.root);
    assert!(checkout.root.starts_with(&fixture.cache) && checkout.scratch.is_dir());
    assert!(!checkout.scratch.starts_with(&checkout.root));
    assert!(checkout.environment.is_empty());

    let repository = Repository::open(&checkout.root).unwrap();
    assert!(repository.statuses(None).unwrap().is_empty(), "git sees no change");
    assert!(repository.remotes().unwrap().is_empty());
    assert_eq!(repository.references().unwrap().count(), 1);
    for path in ["objects/info/alternates", "logs", "hooks/pre-commit", "packed-refs", "modules", "notes"] {
        assert!(!repository.path().join(path).exists(), "{path}");
    }
    assert_eq!(objects(&repository), reachable(&repository), "no object but those of the one commit");
}

pub(crate) fn the_root_commit_is_always_the_same() {
    let first = Fixture::with(&[("a", "1")]);
    let second = Fixture::with(&[("a", "0")]);
    second.write("a", "1");
    second.commit("something else");
    let head = |fixture: &Fixture| {
        let checkout = fixture.seal(&fixture.workspaces()).unwrap();
        let repository = Repository::open(&checkout.root).unwrap();
        let commit = repository.head().unwrap().peel_to_commit().unwrap();
        assert_eq!(commit.parent_count(), 0);
        assert_eq!(commit.time().seconds(), 0);
        commit.id()
    };
    assert_eq!(head(&first), head(&second));
}

pub(crate) fn no_trace_of_a_holdout_is_left() {
    let secret = long(MARKER);
    let fixture = Fixture::with(&[("a", "1"), ("old/secret.md", &secret)]);
    fs::remove_file(fixture.root.join("old/secret.md")).unwrap();
    fixture.commit(&format!("away with {MARKER}"));
    // In a holdout path in HEAD, under a name that gives it away too.
    fixture.write(&format!("holdouts/{MARKER}.md"), &secret);
    fixture.commit("holdouts");
    let repository = fixture.git();
    // In an object that nothing refers to, on another branch, in a tag, a note, the index and the work tree.
    repository.blob(long(&format!("{MARKER} unreachable")).as_bytes()).unwrap();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    let who = Signature::now("Ada", "ada@example.test").unwrap();
    let blob = repository.blob(long(&format!("{MARKER} on a branch")).as_bytes()).unwrap();
    let mut builder = repository.treebuilder(None).unwrap();
    builder.insert("secret", blob, 0o100_644).unwrap();
    let tree = repository.find_tree(builder.write().unwrap()).unwrap();
    repository.commit(Some("refs/heads/other"), &who, &who, MARKER, &tree, &[]).unwrap();
    repository.tag(MARKER, head.as_object(), &who, MARKER, false).unwrap();
    repository.note(&who, &who, None, head.id(), MARKER, false).unwrap();
    fixture.write("staged", &secret);
    repository.index().unwrap().add_path(Path::new("staged")).unwrap();
    fixture.write("untracked", &secret);

    let open = fixture.seal(&fixture.workspaces()).unwrap();
    assert!(finds_marker(&open), "the search itself finds what is there");
    let sealed = fixture.seal(&fixture.with_holdouts(&["holdouts"])).unwrap();
    assert!(!finds_marker(&sealed));
    assert_eq!(files(&sealed.root), ["a"]);
}

pub(crate) fn twins_of_a_holdout_path_are_left_out() {
    let fixture = Fixture::with(&[
        ("HoldOuts/a", "1"),
        ("cafe\u{301}/b", "2"),
        ("sub/.factory/c", "3"),
        ("holdouts-kept/d", "4"),
    ]);
    let checkout = fixture.seal(&fixture.with_holdouts(&["holdouts/", "caf\u{e9}"])).unwrap();
    assert_eq!(files(&checkout.root), ["holdouts-kept/d"]);
}

pub(crate) fn a_copy_of_a_holdout_is_refused_by_name() {
    let secret = long("a scenario");
    // The holdout is in the tree, elsewhere on disk, or on disk with other line endings.
    let fixture = Fixture::with(&[("docs/copy.md", &secret), ("holdouts/a.md", &secret)]);
    assert_eq!(refusal(fixture.seal(&fixture.with_holdouts(&["holdouts"]))).0, "docs/copy.md");

    let fixture = Fixture::with(&[("docs/copy.md", &secret)]);
    assert!(fixture.seal(&fixture.with_holdouts(&[])).is_ok());
    support::write(&fixture.holdouts, "deep/a.md", &secret);
    assert_eq!(refusal(fixture.seal(&fixture.with_holdouts(&[]))).0, "docs/copy.md");

    let fixture = Fixture::with(&[("docs/copy.md", &format!("{secret}\n"))]);
    support::write(&fixture.holdouts, "a.md", format!("{secret}\r\n"));
    assert_eq!(refusal(fixture.seal(&fixture.with_holdouts(&[]))).0, "docs/copy.md");

    // A patch cannot bring one in either.
    let fixture = Fixture::with(&[("a", "1")]);
    support::write(&fixture.holdouts, "a.md", &secret);
    let brought = patch(&[("copy.md", Some(&secret))]);
    assert_eq!(refusal(fixture.seal_with(&fixture.with_holdouts(&[]), &brought)).0, "copy.md");
}

pub(crate) fn a_holdout_that_is_only_announced_is_known() {
    // Below a twin of the holdout path, so that it is known by the index alone; there its content is not.
    let secret = long("announced");
    let fixture = Fixture::with(&[("docs/copy.md", &secret)]);
    let sealed = || fixture.seal(&fixture.with_holdouts(&["holdouts"]));
    fixture.write("HoldOuts/a.md", &secret);
    assert!(sealed().is_ok(), "a file of another name that git does not know is none");
    let mut add = Command::new("git");
    add.args(["add", "--intent-to-add", "HoldOuts/a.md"]).current_dir(&fixture.root);
    assert!(add.status().unwrap().success());
    assert_eq!(refusal(sealed()).0, "docs/copy.md");
    fs::remove_file(fixture.root.join("HoldOuts/a.md")).unwrap();
    assert!(sealed().is_ok(), "what is not there any more is nobody's copy");
}

pub(crate) fn a_licence_beside_the_holdouts_is_no_holdout() {
    let text = long("Permission is hereby granted");
    let files = [("LICENSE", text.as_str()), ("holdouts/LICENSE", &text), ("a", "1")];
    let fixture = Fixture::with(&files);
    support::write(&fixture.holdouts, "licence.txt", &text);
    let checkout = fixture.seal(&fixture.with_holdouts(&["holdouts"])).unwrap();
    assert_eq!(support::files(&checkout.root), ["LICENSE", "a"]);
    // By its name alone: a scenario under any other is held back, wherever the copy stands.
    let fixture = Fixture::with(&[("LICENSE", text.as_str()), ("holdouts/LICENSE.md", &text)]);
    assert_eq!(refusal(fixture.seal(&fixture.with_holdouts(&["holdouts"]))).0, "LICENSE");
}

pub(crate) fn a_base_is_looked_at_without_a_checkout() {
    let secret = long("a scenario");
    let fixture = Fixture::with(&[("docs/copy.md", &secret), ("a", "1")]);
    let project = Project::discover(&fixture.root).unwrap();
    let check = || check_base(&project, vec![fixture.holdouts.clone()], &fixture.head());
    check().unwrap();
    support::write(&fixture.holdouts, "deep/a.md", &secret);
    assert_eq!(refusal(check()), refusal(fixture.seal(&fixture.with_holdouts(&[]))));
    fs::remove_file(fixture.root.join("docs/copy.md")).unwrap();
    fixture.commit("away with it");
    check().unwrap();
    fixture.link("out", "../..");
    fixture.commit("a link out");
    assert_eq!(refusal(check()).0, "out");
    assert!(inside(&project, &fixture.holdouts).is_none());
    assert_eq!(inside(&project, &fixture.root.join("sub/holdouts")).unwrap(), "sub/holdouts");
}

pub(crate) fn a_checkout_comes_with_its_proof() {
    let secret = long("a scenario");
    let fixture = Fixture::with(&[("a", "1"), ("b/c", "1"), ("b/d", "2"), ("holdouts/x.md", &secret)]);
    support::write(&fixture.holdouts, "y.md", long("another"));
    let workspaces = fixture.with_holdouts(&["holdouts"]);
    let checkout = fixture.seal(&workspaces).unwrap();
    // Two blobs, of which one is there twice, two trees and a commit.
    assert_eq!((checkout.proof.objects, checkout.proof.holdouts), (5, 2));
    let mut listed: Vec<String> = Vec::new();
    let repository = Repository::open(&checkout.root).unwrap();
    let keep = |oid: &Oid| {
        listed.push(format!("{oid}\n"));
        true
    };
    repository.odb().unwrap().foreach(keep).unwrap();
    listed.sort();
    assert_eq!(checkout.proof.digest, Digest::of(listed.concat().as_bytes()));
    let text = checkout.proof.text();
    let wanted = format!(
        "factory seal 3\nobjects 5 {}\nholdouts 2\nconfined not at all\nhosts none\nsetup none\n",
        checkout.proof.digest
    );
    assert_eq!(text, wanted);
    // The same again, wherever and whenever; and another for another base.
    assert_eq!(fixture.seal(&workspaces).unwrap().proof, checkout.proof);
    fixture.write("a", "3");
    fixture.commit("other");
    assert_ne!(fixture.seal(&workspaces).unwrap().proof.digest, checkout.proof.digest);
    // A new file of a patch is announced in the index, by the empty blob; what the patch writes is not in the objects.
    let brought = patch(&[("new", Some("content"))]);
    assert_eq!(fixture.seal(&workspaces).unwrap().proof.objects, 6);
    assert_eq!(fixture.seal_with(&workspaces, &brought).unwrap().proof.objects, 7);
}

pub(crate) fn a_copy_of_what_was_a_holdout_is_refused_by_name() {
    let secret = long("a scenario of yesterday");
    let refused = |fixture: &Fixture, paths: &[&str]| refusal(fixture.seal(&fixture.with_holdouts(paths))).0;
    let holdouts = ["tests/holdouts"];
    // Rewritten since, and never anywhere else than in history.
    let fixture = Fixture::with(&[("tests/holdouts/a.md", &secret)]);
    fixture.write("tests/holdouts/a.md", long("a scenario of today"));
    fixture.write("docs/copy.md", &secret);
    fixture.commit("another scenario, and a copy of the first");
    assert_eq!(refused(&fixture, &holdouts), "docs/copy.md");
    // Without rules for it there is nothing to be hidden.
    assert!(fixture.seal(&fixture.with_holdouts(&["elsewhere"])).is_ok());

    // Moved out of the tree, from a folder whose name differs in case.
    let fixture = Fixture::with(&[("Tests/HOLDOUTS/deep/a.md", &secret)]);
    fs::remove_dir_all(fixture.root.join("Tests")).unwrap();
    fixture.write("copy.md", &secret);
    fixture.commit("moved");
    assert_eq!(refused(&fixture, &holdouts), "copy.md");

    // In a commit to which nothing refers any more.
    let fixture = Fixture::with(&[("a", "1")]);
    let first = fixture.head();
    fixture.write("tests/holdouts/a.md", &secret);
    fixture.commit("a holdout");
    let repository = fixture.git();
    let first = repository.find_object(Oid::from_str(first.as_str()).unwrap(), None).unwrap();
    repository.reset(&first, ResetType::Hard, None).unwrap();
    fs::remove_dir_all(fixture.root.join(".git/logs")).unwrap();
    fixture.write("copy.md", &secret);
    fixture.commit("a copy");
    assert_eq!(refused(&fixture, &holdouts), "copy.md");

    // In the index only.
    let fixture = Fixture::with(&[("copy.md", &secret)]);
    fixture.write("tests/holdouts/a.md", &secret);
    fixture
        .git()
        .index()
        .map(|mut index| {
            index.add_path(Path::new("tests/holdouts/a.md")).unwrap();
            index.write().unwrap();
        })
        .unwrap();
    fs::remove_dir_all(fixture.root.join("tests")).unwrap();
    assert_eq!(refused(&fixture, &holdouts), "copy.md");

    // A patch cannot bring one back either.
    let fixture = Fixture::with(&[("tests/holdouts/a.md", &secret)]);
    fs::remove_dir_all(fixture.root.join("tests")).unwrap();
    fixture.commit("moved");
    let brought = patch(&[("copy.md", Some(&secret))]);
    assert_eq!(refusal(fixture.seal_with(&fixture.with_holdouts(&holdouts), &brought)).0, "copy.md");
}

pub(crate) fn a_short_file_may_equal_a_holdout() {
    let fixture =
        Fixture::with(&[("a/__init__.py", ""), ("a/b", &"x".repeat(63)), ("holdouts/b", &"x".repeat(63))]);
    support::write(&fixture.holdouts, "__init__.py", "");
    assert!(fixture.seal(&fixture.with_holdouts(&["holdouts"])).is_ok());
    fixture.write("a/b", "x".repeat(64));
    fixture.write("holdouts/b", "x".repeat(64));
    fixture.commit("one byte more");
    assert_eq!(refusal(fixture.seal(&fixture.with_holdouts(&["holdouts"]))).0, "a/b");
}

pub(crate) fn a_holdout_folder_in_the_repository_is_hidden_too() {
    let fixture = Fixture::with(&[("a", "1"), ("tests/hidden/x.md", "2")]);
    let holdout_dirs = vec![fixture.root.join("tests/hidden")];
    let workspaces = GitWorkspaces::new(WorkspaceConfig { holdout_dirs, ..fixture.config() }).unwrap();
    assert_eq!(files(&fixture.seal(&workspaces).unwrap().root), ["a"]);
}

pub(crate) fn links_in_the_tree_stay_and_others_are_refused() {
    let fixture = Fixture::with(&[("a/b", "1")]);
    fixture.link("a/up", "../c");
    fixture.link("down", "a/b");
    fixture.commit("links");
    let checkout = fixture.seal(&fixture.workspaces()).unwrap();
    assert_eq!(fs::read_link(checkout.root.join("a/up")).unwrap(), Path::new("../c"));
    assert_eq!(fs::read(checkout.root.join("down")).unwrap(), b"1");
    assert!(Repository::open(&checkout.root).unwrap().statuses(None).unwrap().is_empty());

    for target in ["/etc/passwd", "../../outside", "b/../../..", "../.git/config", "../holdouts/x"] {
        let fixture = Fixture::with(&[("a/b", "1")]);
        fixture.link("a/link", target);
        fixture.commit("link");
        let refused = refusal(fixture.seal(&fixture.with_holdouts(&["holdouts"])));
        assert_eq!(refused.0, "a/link", "{target}");
    }
}

pub(crate) fn submodules_are_refused() {
    let fixture = Fixture::with(&[("a", "1")]);
    let repository = fixture.git();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    let mut builder = repository.treebuilder(Some(&head.tree().unwrap())).unwrap();
    builder.insert("vendored", head.id(), 0o160_000).unwrap();
    fixture.commit_tree(builder.write().unwrap(), "submodule");
    let (path, reason) = refusal(fixture.seal(&fixture.workspaces()));
    assert_eq!(path, "vendored");
    assert!(reason.contains("submodule"));
}

pub(crate) fn lfs_pointers_are_refused() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n";
    let fixture = Fixture::with(&[("assets/logo.png", pointer)]);
    let (path, reason) = refusal(fixture.seal(&fixture.workspaces()));
    assert_eq!(path, "assets/logo.png");
    assert!(reason.contains("LFS"));
}

pub(crate) fn line_endings_pass_unchanged() {
    let fixture = Fixture::with(&[
        ("dos", "a\r\nb\r\n"),
        ("unix", "a\nb\n"),
        (".gitattributes", "* text=auto eol=crlf\n"),
    ]);
    let repository = fixture.git();
    // As committed, whatever the attributes and the user's settings say.
    let mut builder = repository.treebuilder(None).unwrap();
    let blob = repository.blob(b"a\r\nb\r\n").unwrap();
    builder.insert("dos", blob, 0o100_644).unwrap();
    builder.insert("unix", repository.blob(b"a\nb\n").unwrap(), 0o100_644).unwrap();
    builder.insert(".gitattributes", repository.blob(b"* text=auto eol=crlf\n").unwrap(), 0o100_644).unwrap();
    fixture.commit_tree(builder.write().unwrap(), "as is");
    for setting in ["true", "input", "false"] {
        repository.config().unwrap().set_str("core.autocrlf", setting).unwrap();
        let workspaces = fixture.workspaces();
        let checkout = fixture.seal(&workspaces).unwrap();
        assert_eq!(fs::read(checkout.root.join("dos")).unwrap(), b"a\r\nb\r\n");
        assert_eq!(fs::read(checkout.root.join("unix")).unwrap(), b"a\nb\n");
        assert!(fixture.extract(&workspaces, &checkout).unwrap().0.changes.is_empty(), "{setting}");
    }
}

pub(crate) fn strange_names_in_the_base_pass() {
    let fixture = Fixture::with(&[("a", "1"), ("with\nnewline", "2"), ("wïth ümlaut", "3")]);
    let repository = fixture.git();
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    let mut builder = repository.treebuilder(Some(&head.tree().unwrap())).unwrap();
    builder.insert(&b"latin\xe9"[..], repository.blob(b"4").unwrap(), 0o100_644).unwrap();
    fixture.commit_tree(builder.write().unwrap(), "latin-1");
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    let latin = checkout.root.join(std::ffi::OsStr::from_bytes(b"latin\xe9"));
    assert_eq!(fs::read(&latin).unwrap(), b"4");
    assert!(fixture.extract(&workspaces, &checkout).unwrap().0.changes.is_empty());
    fs::write(latin, "changed").unwrap();
    assert!(refusal(fixture.extract(&workspaces, &checkout)).1.contains("UTF-8"));
}

pub(crate) fn names_that_lead_elsewhere_are_refused() {
    let fixture = Fixture::with(&[("a", "1")]);
    let repository = fixture.git();
    let blob = repository.blob(b"2").unwrap();
    for (name, mode) in
        [("..", "40000"), (".git", "40000"), (".GIT", "100644"), ("../../x", "100644"), ("a/b", "100644")]
    {
        // A tree that no tool makes, byte by byte.
        let inner =
            if mode == "40000" { repository.treebuilder(None).unwrap().write().unwrap() } else { blob };
        let raw = [format!("{mode} {name}\0").as_bytes(), inner.as_bytes()].concat();
        let tree = repository.odb().unwrap().write(ObjectType::Tree, &raw).unwrap();
        let raw =
            [b"tree ", tree.to_string().as_bytes(), b"\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\nx"]
                .concat();
        let base = support::oid(repository.odb().unwrap().write(ObjectType::Commit, &raw).unwrap());
        let sealed = support::wait(fixture.workspaces().seal(&support::effect("build", 1), &base, None));
        assert!(refusal(sealed).1.contains("not safe"), "{name}");
    }
}

pub(crate) fn a_patch_is_applied_but_not_committed() {
    let fixture = Fixture::with(&[("a", "1"), ("b", "1"), ("gone/only", "1")]);
    let work = patch(&[("!a", Some("2")), ("new/c", Some("3")), ("gone/only", None)]);
    let checkout = fixture.seal_with(&fixture.workspaces(), &work).unwrap();
    assert_eq!(files(&checkout.root), ["a", "b", "new/c"]);
    assert!(!checkout.root.join("gone").exists(), "git has no empty folders");
    assert_eq!(fs::read(checkout.root.join("a")).unwrap(), b"2");
    let repository = Repository::open(&checkout.root).unwrap();
    let tree = repository.head().unwrap().peel_to_tree().unwrap();
    let blob = tree.get_name("a").unwrap().to_object(&repository).unwrap();
    assert_eq!(blob.as_blob().unwrap().content(), b"1");
    let empty = repository.blob(b"").unwrap();
    let more: Vec<Oid> = objects(&repository).into_iter().filter(|oid| *oid != empty).collect();
    assert_eq!(more, reachable(&repository), "the patch is in no object");
}

pub(crate) fn git_diff_in_the_checkout_shows_the_patch() {
    let fixture = Fixture::with(&[("a", "1\n"), ("b", "1\n")]);
    let work = patch(&[("!a", Some("2\n")), ("new/c", Some("3\n")), ("b", None)]);
    let checkout = fixture.seal_with(&fixture.workspaces(), &work).unwrap();
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&checkout.root)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = git(&["diff"]);
    for line in ["-1", "+2", "+++ b/new/c", "+3", "deleted file mode 100644"] {
        assert!(shown.lines().any(|found| found == line), "{line} in {shown}");
    }
    assert_eq!(git(&["log", "--all", "--format=%s"]), "Sealed base\n");
    git(&["fsck", "--strict", "--no-dangling"]);
}

pub(crate) fn a_patch_can_swap_a_folder_for_a_file() {
    let fixture = Fixture::with(&[("folder/x", "1"), ("file", "1")]);
    let work =
        patch(&[("folder/x", None), ("folder", Some("now a file")), ("file", None), ("file/y", Some("2"))]);
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal_with(&workspaces, &work).unwrap();
    assert_eq!(files(&checkout.root), ["file/y", "folder"]);
    let again = fixture.extract(&workspaces, &checkout).unwrap();
    assert_eq!(again, work);
}

pub(crate) fn a_patch_that_does_not_fit_is_not_taken() {
    let fixture = Fixture::with(&[("a", "1"), ("b/c", "1")]);
    let workspaces = fixture.workspaces();
    for (change, path) in [
        (("a", Some("2")), "a"),
        (("!missing", Some("2")), "missing"),
        (("missing", None), "missing"),
        (("b", None), "b"),
        (("a/below", Some("2")), "a/below"),
        (("../outside", Some("2")), "../outside"),
        ((".git/config", Some("2")), ".git/config"),
    ] {
        assert_eq!(refusal(fixture.seal_with(&workspaces, &patch(&[change]))).0, path);
    }
    let (work, _) = patch(&[("new", Some("2"))]);
    assert_eq!(refusal(fixture.seal_with(&workspaces, &(work, Default::default()))).0, "new");
}

pub(crate) fn a_patch_does_not_write_through_a_link() {
    let fixture = Fixture::with(&[("real/a", "1")]);
    fixture.link("link", "real");
    fixture.commit("link");
    let work = patch(&[("link/b", Some("2"))]);
    assert_eq!(refusal(fixture.seal_with(&fixture.workspaces(), &work)).0, "link/b");
}

pub(crate) fn dropping_the_checkout_removes_it() {
    let fixture = Fixture::with(&[("a", "1")]);
    let checkout = fixture.seal(&fixture.workspaces()).unwrap();
    let outside = fixture.root.with_file_name("outside");
    support::write(&outside, "kept", "1");
    std::os::unix::fs::symlink(&outside, checkout.root.join("link")).unwrap();
    support::write(&checkout.root, "locked/a", "1");
    fs::set_permissions(checkout.root.join("locked"), fs::Permissions::from_mode(0o500)).unwrap();
    let (root, scratch) = (checkout.root.clone(), checkout.scratch.clone());
    drop(checkout);
    assert!(!root.exists() && !scratch.exists());
    assert!(!root.parent().unwrap().exists());
    assert!(outside.join("kept").exists(), "a link is removed, not what it leads to");
}

pub(crate) fn checkouts_of_killed_processes_are_swept_up_and_others_stay() {
    let fixture = Fixture::with(&[("a", "1")]);
    assert_eq!(clean_stale(&fixture.cache).unwrap(), 0, "there may be no cache yet");
    let used = fixture.seal(&fixture.workspaces()).unwrap();
    let stale = fixture.cache.join("checkouts/mail-abc123-build-1-deadbeef");
    support::write(&stale, "repo/a", "1");
    support::write(&stale, "lock", "");
    let barely_made = fixture.cache.join("checkouts/mail-abc123-build-1-cafe");
    fs::create_dir(&barely_made).unwrap();
    assert_eq!(clean_stale(&fixture.cache).unwrap(), 2);
    assert!(used.root.exists() && !stale.exists() && !barely_made.exists());
    assert_eq!(clean_stale(&fixture.cache).unwrap(), 0);
}

pub(crate) fn the_cache_must_be_outside_the_repository() {
    let fixture = Fixture::with(&[("a", "1")]);
    let linked = fixture.root.with_file_name("linked");
    fixture.git().worktree("linked", &linked, None).unwrap();
    for cache in [fixture.root.join("cache"), fixture.root.join(".git/cache"), linked.join("cache")] {
        let refused = GitWorkspaces::new(WorkspaceConfig { cache, ..fixture.config() });
        assert!(matches!(refused, Err(WorkspaceError::Io { .. })));
    }
    let project = Project::discover(&linked).unwrap();
    assert!(GitWorkspaces::new(WorkspaceConfig { project, ..fixture.config() }).is_ok());
}

pub(crate) fn an_unknown_base_is_an_error() {
    let fixture = Fixture::with(&[("a", "1")]);
    let base = "1".repeat(40).parse().unwrap();
    let sealed = support::wait(fixture.workspaces().seal(&support::effect("build", 1), &base, None));
    assert!(matches!(sealed, Err(WorkspaceError::Io { .. })));
    assert_eq!(clean_stale(&fixture.cache).unwrap(), 0, "nothing is left of the attempt");
}

pub(crate) fn no_template_or_hook_of_the_machine_gets_in() {
    let fixture = Fixture::with(&[("a", "1")]);
    let template = fixture.root.with_file_name("template");
    support::write(&template, "hooks/post-checkout", "#!/bin/sh\n");
    let mut config = fixture.git().config().unwrap();
    config.set_str("init.templateDir", template.to_str().unwrap()).unwrap();
    config.set_str("core.hooksPath", template.join("hooks").to_str().unwrap()).unwrap();
    let checkout = fixture.seal(&fixture.workspaces()).unwrap();
    let text = fs::read_to_string(checkout.root.join(".git/config")).unwrap();
    assert!(!text.contains("template"), "{text}");
    assert!(!checkout.root.join(".git/hooks/post-checkout").exists());
}

/// Whether the marker is in any file of the checkout's folder, in its name, or in any object.
fn finds_marker(checkout: &Checkout) -> bool {
    let has = |bytes: &[u8]| bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes());
    let on_disk = walkdir::WalkDir::new(checkout.root.parent().unwrap()).into_iter().any(|entry| {
        let entry = entry.unwrap();
        has(entry.path().as_os_str().as_bytes())
            || (entry.file_type().is_file() && has(&fs::read(entry.path()).unwrap()))
    });
    let repository = Repository::open(&checkout.root).unwrap();
    let database = repository.odb().unwrap();
    on_disk || objects(&repository).into_iter().any(|oid| has(database.read(oid).unwrap().data()))
}

fn objects(repository: &Repository) -> Vec<Oid> {
    let mut found = Vec::new();
    let all = |oid: &Oid| {
        found.push(*oid);
        true
    };
    repository.odb().unwrap().foreach(all).unwrap();
    found.sort();
    found
}

fn reachable(repository: &Repository) -> Vec<Oid> {
    let commit = repository.head().unwrap().peel_to_commit().unwrap();
    let mut found = vec![commit.id(), commit.tree_id()];
    let each = |_: &str, entry: &git2::TreeEntry<'_>| {
        assert_ne!(entry.kind(), Some(ObjectType::Commit));
        found.push(entry.id());
        git2::TreeWalkResult::Ok
    };
    commit.tree().unwrap().walk(git2::TreeWalkMode::PreOrder, each).unwrap();
    found.sort();
    found.dedup();
    found
}
