//! Finding the project and reading what it is.

use std::fs;

use factory_workspace::{Project, ProjectError};
use git2::Repository;

use crate::support::Fixture;

pub(crate) fn finds_the_repository_and_the_nearest_factory_toml() {
    let fixture = Fixture::with(&[
        ("services/mail/factory.toml", ""),
        ("services/mail/src/a.py", ""),
        ("docs/a.md", ""),
    ]);
    let project = Project::discover(&fixture.root.join("services/mail/src")).unwrap();
    assert_eq!(project.root(), fixture.root);
    assert_eq!(project.subdirectory(), "services/mail");
    assert_eq!(project.directory(), fixture.root.join("services/mail"));
    assert_eq!(project.head(), &fixture.head());

    // Not one beside the way up.
    let project = Project::discover(&fixture.root.join("docs")).unwrap();
    assert_eq!(project.subdirectory(), "");
    assert_eq!(project.directory(), fixture.root);

    // Not one above the repository.
    fs::write(fixture.root.parent().unwrap().join("factory.toml"), "").unwrap();
    assert_eq!(Project::discover(&fixture.root).unwrap().subdirectory(), "");
}

pub(crate) fn says_why_a_folder_is_no_project() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let error = Project::discover(&path).unwrap_err();
    assert!(matches!(&error, ProjectError::NotARepository { path: found } if *found == path), "{error:?}");
    assert!(error.to_string().contains(path.to_str().unwrap()));

    let bare = path.join("bare.git");
    Repository::init_bare(&bare).unwrap();
    let error = Project::discover(&bare).unwrap_err();
    assert!(
        matches!(&error, ProjectError::Bare { .. }) && error.to_string().contains("bare.git"),
        "{error:?}"
    );

    let fixture = Fixture::empty();
    let error = Project::discover(&fixture.root).unwrap_err();
    assert!(matches!(&error, ProjectError::NoCommit { path } if *path == fixture.root), "{error:?}");

    let error = Project::discover(&path.join("missing")).unwrap_err();
    assert!(matches!(&error, ProjectError::Io { .. }) && error.to_string().contains("missing"), "{error:?}");
}

pub(crate) fn knows_a_branch_from_a_detached_head() {
    let fixture = Fixture::with(&[("a", "1")]);
    assert_eq!(Project::discover(&fixture.root).unwrap().branch(), Some("main"));
    let repository = fixture.git();
    repository.set_head_detached(repository.head().unwrap().target().unwrap()).unwrap();
    assert_eq!(Project::discover(&fixture.root).unwrap().branch(), None);
}

pub(crate) fn works_in_a_linked_worktree() {
    let fixture = Fixture::with(&[("a", "1")]);
    let other = fixture.root.with_file_name("linked");
    fixture.git().worktree("linked", &other, None).unwrap();
    let project = Project::discover(&other).unwrap();
    assert_eq!((project.root(), project.branch()), (other.as_path(), Some("linked")));
}

pub(crate) fn lists_what_differs_from_head() {
    let fixture = Fixture::with(&[("a", "1"), ("b", "1"), ("c", "1"), (".gitignore", "*.log\n")]);
    let project = Project::discover(&fixture.root).unwrap();
    assert_eq!(project.dirty_files().unwrap(), Vec::<String>::new());

    fixture.write("a", "2");
    fs::remove_file(fixture.root.join("b")).unwrap();
    fixture.write("new/deep/file", "");
    fixture.write("x.log", "ignored");
    // As the factory makes its own folder: it ignores itself.
    fixture.write(".factory/.gitignore", "*\n");
    fixture.write(".factory/store/db", "records");
    let repository = fixture.git();
    let mut index = repository.index().unwrap();
    fixture.write("c", "2");
    index.add_path("c".as_ref()).unwrap();
    index.write().unwrap();
    assert_eq!(project.dirty_files().unwrap(), ["a", "b", "c", "new/deep/file"]);
}

pub(crate) fn looks_only_at_the_project_for_changes() {
    let fixture =
        Fixture::with(&[("mail/factory.toml", ""), ("mail/a[1]", "1"), ("mailer/a", "1"), ("a", "1")]);
    let project = Project::discover(&fixture.root.join("mail")).unwrap();
    fixture.write("a", "2");
    fixture.write("mailer/a", "2");
    fixture.write("other", "2");
    assert_eq!(project.dirty_files().unwrap(), Vec::<String>::new());
    fixture.write("mail/a[1]", "2");
    fixture.write("mail/b", "2");
    assert_eq!(project.dirty_files().unwrap(), ["mail/a[1]", "mail/b"]);
}

pub(crate) fn reads_files_of_a_commit() {
    let fixture = Fixture::with(&[("sub/a", "old")]);
    let old = fixture.head();
    fixture.write("sub/a", "new");
    fixture.commit("second");
    fixture.write("sub/a", "newest");
    let project = Project::discover(&fixture.root).unwrap();
    assert_eq!(project.read_at(&old, "sub/a").unwrap().unwrap(), b"old");
    assert_eq!(project.read_at(project.head(), "sub/a").unwrap().unwrap(), b"new");
    assert_eq!(project.read_at(project.head(), "sub").unwrap(), None);
    assert_eq!(project.read_at(project.head(), "sub/b").unwrap(), None);
    let unknown = "1".repeat(40).parse().unwrap();
    assert!(project.read_at(&unknown, "sub/a").is_err());
}
