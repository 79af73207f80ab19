//! The merge: one commit, on one branch, made once.

use std::fs;
use std::thread;

use factory_core::artifact::{Merge, Patch};
use factory_core::ids::EffectId;
use factory_engine::port::workspace::{Contents, Landing, WorkspaceError, Workspaces};
use factory_workspace::GitWorkspaces;
use git2::{BranchType, Commit, Oid, Repository};

use crate::support::{self, Fixture, effect_of, patch, refusal, set_executable, write};

fn land(
    fixture: &Fixture,
    workspaces: &GitWorkspaces,
    effect: &EffectId,
    work: &(Patch, Contents),
    message: &str,
) -> Result<Merge, WorkspaceError> {
    support::wait(workspaces.land(Landing {
        effect,
        base: &fixture.head(),
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
