//! The proof of a sealed checkout, taken from the repository as it stands on the disk, by whoever did not make it: its
//! objects are what its one commit and its index refer to, and no holdout is among them.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use factory_core::ids::Digest;
use factory_engine::port::workspace::{SealProof, WorkspaceError};
use git2::{ObjectType, Oid, Repository, Tree};

use crate::error;
use crate::holdouts::HoldoutBlobs;

const PROVING: &str = "proving that the checkout is sealed";

/// Looks at all objects, references and other ways in of the repository at `root`. `confined` is passed on.
///
/// # Errors
/// [`WorkspaceError::Refused`], with the object or file of git's that should not be there.
pub(crate) fn prove(
    root: &Path,
    holdouts: &HoldoutBlobs,
    confined: String,
) -> Result<SealProof, WorkspaceError> {
    let repository = Repository::open(root).map_err(error::git(PROVING))?;
    no_other_way_in(&repository)?;
    let objects = repository.odb().map_err(error::git(PROVING))?;
    let mut all = BTreeSet::new();
    let keep = |oid: &Oid| {
        all.insert(*oid);
        true
    };
    objects.foreach(keep).map_err(error::git(PROVING))?;
    let reachable = reachable(&repository)?;
    if let Some(stray) = all.iter().find(|oid| !reachable.contains(oid)) {
        return Err(not_sealed(&stray.to_string(), "nothing in the checkout refers to this object"));
    }
    if let Some(missing) = reachable.iter().find(|oid| !all.contains(oid)) {
        return Err(not_sealed(&missing.to_string(), "this object is missing"));
    }
    let mut listed = String::new();
    for oid in &all {
        let (length, kind) = objects.read_header(*oid).map_err(error::git(PROVING))?;
        if kind == ObjectType::Blob && holdouts.tells(*oid, length) {
            return Err(not_sealed(&oid.to_string(), "this object has the content of a holdout"));
        }
        listed.push_str(&format!("{oid}\n"));
    }
    Ok(SealProof {
        objects: all.len() as u64,
        digest: Digest::of(listed.as_bytes()),
        holdouts: holdouts.len() as u64,
        confined,
        hosts: Vec::new(),
        setup: None,
    })
}

/// One reference, to a commit without parents; no object store beside its own, nothing to fetch from, no record of what
/// references were before.
fn no_other_way_in(repository: &Repository) -> Result<(), WorkspaceError> {
    let names: Result<Vec<String>, git2::Error> = repository
        .references()
        .map_err(error::git(PROVING))?
        .map(|reference| Ok(String::from_utf8_lossy(reference?.name_bytes()).into_owned()))
        .collect();
    let names = names.map_err(error::git(PROVING))?;
    if let Some(other) = names.iter().find(|name| *name != crate::seal::BRANCH) {
        return Err(not_sealed(other, "this reference should not be there"));
    }
    for name in
        ["objects/info/alternates", "objects/info/http-alternates", "logs", "shallow", "modules", "hooks"]
    {
        if repository.path().join(name).symlink_metadata().is_ok() {
            return Err(not_sealed(name, "this should not be in the checkout's repository"));
        }
    }
    if !repository.remotes().map_err(error::git(PROVING))?.is_empty() {
        return Err(not_sealed("remote", "the checkout's repository has one"));
    }
    Ok(())
}

fn reachable(repository: &Repository) -> Result<HashSet<Oid>, WorkspaceError> {
    let head = repository.head().and_then(|head| head.peel_to_commit()).map_err(error::git(PROVING))?;
    if head.parent_count() != 0 {
        return Err(not_sealed(&head.id().to_string(), "the checkout's commit has a history"));
    }
    let mut found = HashSet::from([head.id()]);
    let tree = head.tree().map_err(error::git(PROVING))?;
    within(repository, &tree, &mut found).map_err(error::git(PROVING))?;
    let index = repository.index().map_err(error::git(PROVING))?;
    found.extend(index.iter().map(|entry| entry.id));
    Ok(found)
}

fn within(repository: &Repository, tree: &Tree<'_>, found: &mut HashSet<Oid>) -> Result<(), git2::Error> {
    if !found.insert(tree.id()) {
        return Ok(());
    }
    for entry in tree {
        if entry.kind() == Some(ObjectType::Tree) {
            within(repository, &repository.find_tree(entry.id())?, found)?;
        } else {
            found.insert(entry.id());
        }
    }
    Ok(())
}

fn not_sealed(what: &str, reason: &str) -> WorkspaceError {
    error::refused(what.as_bytes(), reason)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::fs;

    use git2::{RepositoryInitOptions, Signature, Time};

    use super::*;
    use crate::holdouts;

    const SECRET: &[u8] =
        b"Given a scenario that is long enough to say something about what is asked of the candidate";

    /// A repository as a checkout has it, with these files in its only commit.
    fn sealed(root: &Path, files: &[&[u8]]) -> Repository {
        let mut options = RepositoryInitOptions::new();
        options.external_template(false).initial_head("main");
        let repository = Repository::init_opts(root, &options).unwrap();
        fs::remove_dir_all(repository.path().join("hooks")).unwrap();
        let mut builder = repository.treebuilder(None).unwrap();
        for (number, content) in files.iter().enumerate() {
            let blob = repository.blob(content).unwrap();
            builder.insert(format!("file-{number}"), blob, 0o100_644).unwrap();
        }
        let tree = builder.write().unwrap();
        drop(builder);
        let who = Signature::new("factory", "factory@localhost", &Time::new(0, 0)).unwrap();
        let tree = repository.find_tree(tree).unwrap();
        let commit = repository.commit(None, &who, &who, "Sealed base\n", &tree, &[]).unwrap();
        repository.reference(crate::seal::BRANCH, commit, false, "").unwrap();
        drop(tree);
        let _ = fs::remove_dir_all(repository.path().join("logs"));
        repository
    }

    fn nothing() -> HoldoutBlobs {
        HoldoutBlobs::collect(HashSet::new(), &[]).unwrap()
    }

    fn reason(proved: Result<SealProof, WorkspaceError>) -> String {
        match proved {
            Err(WorkspaceError::Refused { path, reason }) => format!("{path}: {reason}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_as_it_should_be_is_proved() {
        let folder = tempfile::tempdir().unwrap();
        sealed(folder.path(), &[b"one", b"two", b"one"]);
        let proof = prove(folder.path(), &nothing(), String::new()).unwrap();
        assert_eq!((proof.objects, proof.holdouts), (4, 0));
    }

    /// Does something to the repository of a checkout.
    type Breach = fn(&Repository);

    #[test]
    fn whatever_else_is_there_is_found() {
        let breaches: [(Breach, &str); 8] = [
            (
                |it| {
                    it.blob(b"stray").unwrap();
                },
                "nothing in the checkout refers to this object",
            ),
            (
                |it| {
                    let head = it.head().unwrap().target().unwrap();
                    it.reference("refs/notes/secret", head, false, "").unwrap();
                },
                "refs/notes/secret: this reference should not be there",
            ),
            (
                |it| fs::write(it.path().join("objects/info/alternates"), "/elsewhere\n").unwrap(),
                "objects/info/alternates: ",
            ),
            (|it| fs::create_dir(it.path().join("logs")).unwrap(), "logs: "),
            (|it| fs::create_dir(it.path().join("hooks")).unwrap(), "hooks: "),
            (|it| drop(it.remote("origin", "https://example.test/x.git").unwrap()), "remote: "),
            (
                |it| {
                    let head = it.head().unwrap().peel_to_commit().unwrap();
                    let (who, tree) = (head.author(), head.tree().unwrap());
                    it.commit(Some("HEAD"), &who, &who, "more", &tree, &[&head]).unwrap();
                    let _ = fs::remove_dir_all(it.path().join("logs"));
                },
                "the checkout's commit has a history",
            ),
            (
                |it| {
                    let head = it.head().unwrap().peel_to_commit().unwrap();
                    let blob = head.tree().unwrap().get(0).unwrap().id().to_string();
                    fs::remove_file(it.path().join("objects").join(&blob[..2]).join(&blob[2..])).unwrap();
                },
                "this object is missing",
            ),
        ];
        for (breach, wanted) in breaches {
            let folder = tempfile::tempdir().unwrap();
            breach(&sealed(folder.path(), &[b"one"]));
            let found = reason(prove(folder.path(), &nothing(), String::new()));
            assert!(found.contains(wanted), "{found} instead of {wanted}");
        }
    }

    #[test]
    fn a_holdout_among_the_objects_is_found_and_a_short_one_is_an_accident() {
        let folder = tempfile::tempdir().unwrap();
        sealed(folder.path(), &[b"one", SECRET]);
        let known = [SECRET, b"one"].map(|content| holdouts::blob_of(content).unwrap());
        let bad = HoldoutBlobs::collect(HashSet::from(known), &[]).unwrap();
        let found = reason(prove(folder.path(), &bad, String::new()));
        assert_eq!(found, format!("{}: this object has the content of a holdout", known[0]));
        let short = HoldoutBlobs::collect(HashSet::from([known[1]]), &[]).unwrap();
        assert_eq!(prove(folder.path(), &short, String::new()).unwrap().holdouts, 1);
    }
}
