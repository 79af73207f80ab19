//! The way out: what counts as work, and what is refused.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use factory_core::artifact::Change;
use factory_core::ids::Digest;
use factory_engine::port::workspace::Workspaces;
use factory_workspace::{GitWorkspaces, Project, WorkspaceConfig};
use nix::sys::stat::Mode;

use crate::support::{self, Fixture, patch, refusal, words, write};

const MIB: usize = 1024 * 1024;

pub(crate) fn nothing_changed_is_an_empty_patch() {
    let fixture = Fixture::with(&[("a", "1"), ("b/c", "2")]);
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    fs::write(checkout.root.join("a"), "1").unwrap();
    fs::create_dir(checkout.root.join("empty")).unwrap();
    let (patch, contents) = fixture.extract(&workspaces, &checkout).unwrap();
    assert!(patch.changes.is_empty() && contents.is_empty());
}

pub(crate) fn every_kind_of_change_comes_out_sorted() {
    let fixture = Fixture::with(&[
        ("a.txt", "1"),
        ("a/b", "1"),
        ("moved", "same"),
        ("gone", "1"),
        ("tool", "1"),
        ("same", "1"),
    ]);
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    let root = &checkout.root;
    write(root, "a.txt", "2");
    write(root, "a/b", "a\r\nb\r\n");
    fs::rename(root.join("moved"), root.join("a/moved")).unwrap();
    fs::remove_file(root.join("gone")).unwrap();
    support::set_executable(&root.join("tool"), true);
    write(root, "bin", b"\0\x01\xff");
    write(root, "new tool", "");
    support::set_executable(&root.join("new tool"), true);
    let (patch, contents) = fixture.extract(&workspaces, &checkout).unwrap();
    assert_eq!(
        words(&patch),
        ["~a.txt", "~a/b", "+a/moved", "+bin", "-gone", "-moved", "+new tool*", "~tool*",]
    );
    let content = |path: &str| match &patch.changes.iter().find(|change| change.path == path).unwrap().change
    {
        Change::Written { content, .. } => contents[content].clone(),
        Change::Deleted => panic!("{path} is deleted"),
    };
    assert_eq!(content("a/b"), b"a\r\nb\r\n");
    assert_eq!(content("bin"), b"\0\x01\xff");
    assert_eq!(content("a/moved"), b"same");
    assert!(contents.iter().all(|(digest, bytes)| *digest == Digest::of(bytes)));
}

pub(crate) fn what_was_sealed_with_a_patch_comes_out_as_that_patch() {
    let fixture = Fixture::with(&[("a", "1"), ("b", "1")]);
    let workspaces = fixture.workspaces();
    let work = patch(&[("!a", Some("2")), ("b", None), ("c/d", Some("3"))]);
    let checkout = fixture.seal_with(&workspaces, &work).unwrap();
    assert_eq!(fixture.extract(&workspaces, &checkout).unwrap(), work);
}

pub(crate) fn hidden_files_are_not_deleted_by_a_patch() {
    let fixture = Fixture::with(&[("a", "1"), ("holdouts/x", "1")]);
    let workspaces = fixture.with_holdouts(&["holdouts"]);
    let checkout = fixture.seal(&workspaces).unwrap();
    fs::remove_file(checkout.root.join("a")).unwrap();
    let (patch, _) = fixture.extract(&workspaces, &checkout).unwrap();
    assert_eq!(words(&patch), ["-a"]);
}

pub(crate) fn ignored_files_and_caches_stay_behind() {
    let rules = "*.log\n/build/\n!important.log\n";
    let fixture = Fixture::with(&[
        (".gitignore", rules),
        ("sub/.gitignore", "local\n"),
        ("src/a.py", "1"),
        ("Cargo.toml", ""),
        ("node_modules/vendored.js", "1"),
    ]);
    // Tracked although ignored, as `git add -f` does.
    let repository = fixture.git();
    let mut index = repository.index().unwrap();
    fixture.write("build/tracked", "1");
    index.add_path(Path::new("build/tracked")).unwrap();
    index.write().unwrap();
    fixture.commit_tree(index.write_tree().unwrap(), "tracked");

    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    for path in [
        "x.log",
        "deep/x.log",
        "build/made",
        "sub/local",
        "src/__pycache__/a.pyc",
        "src/b.pyc",
        ".venv/bin/python",
        ".pytest_cache/x",
        "target/debug/x",
        "pkg/node_modules/x/index.js",
    ] {
        write(&checkout.root, path, "1");
    }
    assert_eq!(words(&fixture.extract(&workspaces, &checkout).unwrap().0), Vec::<String>::new());

    for path in ["important.log", "local", "sub/build/x", "build/tracked", "node_modules/vendored.js"] {
        write(&checkout.root, path, "2");
    }
    let (patch, _) = fixture.extract(&workspaces, &checkout).unwrap();
    assert_eq!(
        words(&patch),
        ["~build/tracked", "+important.log", "+local", "~node_modules/vendored.js", "+sub/build/x",]
    );
}

pub(crate) fn only_the_rules_of_the_base_decide_what_is_ignored() {
    let fixture = Fixture::with(&[("a", "1")]);
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    // Neither the user's work tree, nor the user's own excludes, nor the candidate's.
    fixture.write(".gitignore", "*.work\n");
    fixture.write(".git/info/exclude", "*.work\n");
    write(&checkout.root, ".git/info/exclude", "*.work\n");
    write(&checkout.root, "x.work", "1");
    assert_eq!(words(&fixture.extract(&workspaces, &checkout).unwrap().0), ["+x.work"]);
    write(&checkout.root, "sub/.gitignore", "*\n");
    assert_eq!(refusal(fixture.extract(&workspaces, &checkout)).0, "sub/.gitignore");
}

pub(crate) fn a_source_folder_named_target_is_work() {
    let fixture = Fixture::with(&[("a", "1")]);
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    write(&checkout.root, "src/target/mod.py", "1");
    assert_eq!(words(&fixture.extract(&workspaces, &checkout).unwrap().0), ["+src/target/mod.py"]);
}

pub(crate) fn hostile_files_are_refused_by_name() {
    type Attack = fn(&Path);
    let attacks: [(&str, &str, Attack); 14] = [
        ("passwd", "leaves the tree", |root| symlink("/etc/passwd", root.join("passwd")).unwrap()),
        ("dir/up", "leaves the tree", |root| {
            fs::create_dir(root.join("dir")).unwrap();
            symlink("../../..", root.join("dir/up")).unwrap();
        }),
        ("inside", "symbolic link", |root| symlink("a", root.join("inside")).unwrap()),
        ("a", "leaves the tree", |root| {
            fs::remove_file(root.join("a")).unwrap();
            symlink("/etc/passwd", root.join("a")).unwrap();
        }),
        ("b", "leaves the tree", |root| {
            fs::remove_dir_all(root.join("b")).unwrap();
            symlink("/etc", root.join("b")).unwrap();
        }),
        ("pipe", "neither a file", |root| nix::unistd::mkfifo(&root.join("pipe"), Mode::S_IRWXU).unwrap()),
        ("a", "neither a file", |root| {
            fs::remove_file(root.join("a")).unwrap();
            nix::unistd::mkfifo(&root.join("a"), Mode::S_IRWXU).unwrap();
        }),
        ("socket", "neither a file", |root| drop(UnixListener::bind(root.join("socket")).unwrap())),
        ("new\\nline", "control character", |root| write(root, "new\nline", "1")),
        ("latin\u{fffd}", "UTF-8", |root| {
            fs::write(root.join(std::ffi::OsStr::from_bytes(b"latin\xe9")), "1").unwrap();
        }),
        ("b/.git", "protected", |root| write(root, "b/.git/config", "1")),
        ("b/.git", "protected", |root| write(root, "b/.git", "gitdir: /")),
        (".GIT", "protected", |root| write(root, ".GIT/config", "1")),
        ("deep", "nested", |root| fs::create_dir_all(root.join("deep/".repeat(150))).unwrap()),
    ];
    let fixture = Fixture::with(&[("a", "1"), ("b/c", "1")]);
    let workspaces = fixture.workspaces();
    for (path, reason, attack) in attacks {
        let checkout = fixture.seal(&workspaces).unwrap();
        attack(&checkout.root);
        let refused = refusal(fixture.extract(&workspaces, &checkout));
        let named = refused.0 == path || refused.0.starts_with("deep/");
        assert!(named && refused.1.contains(reason), "{path}: {refused:?}");
    }
}

pub(crate) fn unchanged_links_and_large_files_are_no_change() {
    let fixture = Fixture::with(&[("a", "1")]);
    fixture.link("link", "a");
    fixture.link("gone", "a");
    fixture.write("large", vec![b'x'; 11 * MIB]);
    fixture.commit("more");
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    fs::remove_file(checkout.root.join("gone")).unwrap();
    assert_eq!(words(&fixture.extract(&workspaces, &checkout).unwrap().0), ["-gone"]);
    write(&checkout.root, "gone", "now a file");
    assert_eq!(words(&fixture.extract(&workspaces, &checkout).unwrap().0), ["~gone"]);
}

pub(crate) fn a_large_file_is_refused_once_it_changes() {
    let fixture = Fixture::with(&[("a", "1")]);
    fixture.write("large", vec![b'x'; 11 * MIB]);
    fixture.commit("large");
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    write(&checkout.root, "fits", vec![b'x'; 10 * MIB]);
    assert_eq!(words(&fixture.extract(&workspaces, &checkout).unwrap().0), ["+fits"]);
    for (path, size) in [("large", 11 * MIB - 1), ("large", 12 * MIB), ("fits", 10 * MIB + 1)] {
        let checkout = fixture.seal(&workspaces).unwrap();
        write(&checkout.root, path, vec![b'y'; size]);
        let refused = refusal(fixture.extract(&workspaces, &checkout));
        assert!(refused.0 == path && refused.1.contains("10 MiB"), "{refused:?}");
    }
}

pub(crate) fn too_many_files_are_refused() {
    let fixture = Fixture::with(&[("a", "1")]);
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    for number in 0..5_000 {
        write(&checkout.root, &format!("many/{number}"), "1");
    }
    assert_eq!(fixture.extract(&workspaces, &checkout).unwrap().0.changes.len(), 5_000);
    write(&checkout.root, "many/more", "1");
    assert!(refusal(fixture.extract(&workspaces, &checkout)).1.contains("5000"));
}

pub(crate) fn the_candidates_git_folder_is_never_opened() {
    let fixture = Fixture::with(&[("a", "1")]);
    let workspaces = fixture.workspaces();
    let outside = fixture.root.with_file_name("outside");
    write(&outside, "stolen", "1");
    let tricks: [fn(&Path, &Path); 4] = [
        |root, outside| {
            let config = format!("[core]\n\tworktree = {}\n\tfsmonitor = /bin/false\n", outside.display());
            write(root, ".git/config", config);
        },
        |root, outside| {
            fs::remove_dir_all(root.join(".git")).unwrap();
            write(root, ".git", format!("gitdir: {}", outside.display()));
        },
        |root, outside| {
            fs::remove_dir_all(root.join(".git")).unwrap();
            symlink(outside, root.join(".git")).unwrap();
        },
        |root, _| fs::remove_dir_all(root.join(".git")).unwrap(),
    ];
    for trick in tricks {
        let checkout = fixture.seal(&workspaces).unwrap();
        trick(&checkout.root, &outside);
        write(&checkout.root, "a", "2");
        assert_eq!(words(&fixture.extract(&workspaces, &checkout).unwrap().0), ["~a"]);
    }
}

pub(crate) fn a_hard_link_is_only_content() {
    let fixture = Fixture::with(&[("a", "1")]);
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    let outside = checkout.scratch.join("outside");
    fs::write(&outside, "from elsewhere").unwrap();
    fs::hard_link(&outside, checkout.root.join("linked")).unwrap();
    let (patch, contents) = fixture.extract(&workspaces, &checkout).unwrap();
    assert_eq!(words(&patch), ["+linked"]);
    assert_eq!(contents[&Digest::of(b"from elsewhere")], b"from elsewhere");
}

pub(crate) fn protected_paths_and_holdouts_are_refused() {
    let fixture =
        Fixture::with(&[("AGENTS.md", "be good"), ("specs/a.md", "1"), ("a", "1"), ("holdouts/x", "1")]);
    let workspaces = fixture.with_holdouts(&["holdouts"]);
    for path in [
        "AGENTS.md",
        "specs/a.md",
        "sub/CLAUDE.md",
        ".github/workflows/x.yml",
        "factory.toml",
        "holdouts/x",
        ".factory/x",
    ] {
        let checkout = fixture.seal(&workspaces).unwrap();
        write(&checkout.root, path, "changed");
        assert_eq!(refusal(fixture.extract(&workspaces, &checkout)).0, path);
    }
    let checkout = fixture.seal(&workspaces).unwrap();
    fs::remove_file(checkout.root.join("AGENTS.md")).unwrap();
    assert_eq!(refusal(fixture.extract(&workspaces, &checkout)).0, "AGENTS.md");
    let checkout = fixture.seal(&workspaces).unwrap();
    fs::set_permissions(checkout.root.join("AGENTS.md"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(refusal(fixture.extract(&workspaces, &checkout)).0, "AGENTS.md");
}

pub(crate) fn changes_outside_the_project_are_refused() {
    let fixture =
        Fixture::with(&[("mail/factory.toml", ""), ("mail/a", "1"), ("other/b", "1"), ("specs/x.md", "1")]);
    let project = Project::discover(&fixture.root.join("mail")).unwrap();
    let workspaces = GitWorkspaces::new(WorkspaceConfig { project, ..fixture.config() }).unwrap();
    let checkout = fixture.seal(&workspaces).unwrap();
    assert_eq!(support::files(&checkout.root), ["mail/a", "mail/factory.toml", "other/b", "specs/x.md"]);
    assert_eq!(checkout.project, checkout.root.join("mail"));
    write(&checkout.project, "a", "2");
    write(&checkout.project, "new", "2");
    assert_eq!(words(&fixture.extract(&workspaces, &checkout).unwrap().0), ["~mail/a", "+mail/new"]);
    fs::remove_file(checkout.root.join("other/b")).unwrap();
    assert_eq!(refusal(fixture.extract(&workspaces, &checkout)).0, "other/b");
    write(&checkout.root, "other/b", "1");
    write(&checkout.root, "top", "1");
    assert_eq!(refusal(fixture.extract(&workspaces, &checkout)).0, "top");
}

pub(crate) fn the_diff_reads_like_gits() {
    let numbers: String = (1..=20).map(|number| format!("{number}\n")).collect();
    let fixture = Fixture::with(&[("a", &numbers), ("gone", "1\n2\n"), ("tool", "1\n"), ("same", "1\n")]);
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    write(&checkout.root, "a", numbers.replace("10\n", "ten\n"));
    fs::remove_file(checkout.root.join("gone")).unwrap();
    support::set_executable(&checkout.root.join("tool"), true);
    write(&checkout.root, "new/ünï", "x\r\ny");
    let (patch, contents) = fixture.extract(&workspaces, &checkout).unwrap();
    let diff = support::wait(workspaces.diff(&fixture.head(), &patch, &contents)).unwrap();
    let expected = "\
diff --git a/a b/a
--- a/a
+++ b/a
@@ -7,7 +7,7 @@
 7
 8
 9
-10
+ten
 11
 12
 13
diff --git a/gone b/gone
deleted file mode 100644
--- a/gone
+++ /dev/null
@@ -1,2 +0,0 @@
-1
-2
diff --git a/new/ünï b/new/ünï
new file mode 100644
--- /dev/null
+++ b/new/ünï
@@ -0,0 +1,2 @@
+x\r
+y
\\ No newline at end of file
diff --git a/tool b/tool
old mode 100644
new mode 100755
";
    assert_eq!(diff, expected);
}

pub(crate) fn the_diff_summarises_binary_files() {
    let fixture = Fixture::with(&[("bin", "a\0b")]);
    let workspaces = fixture.workspaces();
    let checkout = fixture.seal(&workspaces).unwrap();
    write(&checkout.root, "bin", "\0");
    write(&checkout.root, "latin", b"caf\xe9\n");
    let (patch, contents) = fixture.extract(&workspaces, &checkout).unwrap();
    let diff = support::wait(workspaces.diff(&fixture.head(), &patch, &contents)).unwrap();
    assert!(diff.contains("Binary files a/bin (3 bytes) and b/bin (1 bytes) differ\n"), "{diff}");
    assert!(diff.contains("+caf\u{fffd}\n"), "{diff}");
}
