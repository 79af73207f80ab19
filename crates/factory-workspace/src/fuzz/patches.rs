//! Hostile patches: put into a checkout, into a tree, and over to another base.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;

use factory_core::artifact::{Change, FileChange, Patch};
use factory_core::ids::Digest;
use factory_engine::port::workspace::{Contents, Rebased};

use super::bytes::Bytes;
use super::ground::{self, Ground, assert_allowed};
use crate::apply;
use crate::patched::{self, Found};
use crate::rebase;
use crate::seal::Sealed;

/// A patch that says anything: of paths twice, of contents that are not there, of files that are not what it says.
fn patch(bytes: &mut Bytes<'_>) -> (Patch, Contents) {
    let mut patch = Patch::default();
    let mut contents = Contents::new();
    for _ in 0..=bytes.below(6) {
        let path = match bytes.byte() % 3 {
            0 => bytes.pick(&["README.md", "src/app.py", "src/kept", "deep/a/b/c", "link", "src"]).to_owned(),
            _ => String::from_utf8_lossy(&bytes.path()).into_owned(),
        };
        let change = match bytes.byte() % 4 {
            0 => Change::Deleted,
            how => {
                let content = bytes.content();
                let digest = Digest::of(&content);
                if how != 1 || !bytes.one_in(8) {
                    contents.insert(digest.clone(), content);
                }
                let (executable, existed) = (bytes.one_in(4), bytes.one_in(2));
                Change::Written { content: digest, executable, existed }
            }
        };
        patch.changes.push(FileChange { path, change });
    }
    if !bytes.one_in(4) {
        patch.changes.sort_by(|a, b| a.path.cmp(&b.path));
        patch.changes.dedup_by(|a, b| a.path == b.path);
    }
    (patch, contents)
}

fn assert_all_allowed(patch: &Patch, named: &[String]) {
    patch.changes.iter().for_each(|file| assert_allowed(&file.path, named));
}

/// A patch that is put into a checkout changes nothing but its own files, and none that no patch may touch.
///
/// Answers whether the patch was taken.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_apply(data: &[u8]) -> bool {
    ground::on_it(|ground| {
        let mut bytes = Bytes::new(data);
        let named = bytes.named();
        let (patch, contents) = patch(&mut bytes);
        let rules = ground.rules(&named);
        let place = ground.place();
        let root = place.path().join("tree");
        let mut sealed =
            Sealed::create(&ground.repository, &ground.listing, &rules, &ground.holdouts, &root).unwrap();
        // What a base could hold: a way out, under a name that patches like.
        symlink(ground.outside(), root.join("tool")).unwrap();
        let applied = apply::apply(&mut sealed, &root, &patch, &contents, &rules, &ground.holdouts);
        let mut found = ground::files(&root);
        found.retain(|path, _| !path.starts_with(b".git/"));
        assert!(!found.values().any(|content| content == ground::SECRET), "a holdout is in the checkout");
        for (path, content) in ground.visible() {
            let touched = patch.changes.iter().any(|file| file.path == path);
            assert!(
                touched || found.get(path.as_bytes()).is_some_and(|is| is == content),
                "{path} has changed"
            );
        }
        let known: BTreeSet<&str> = ground.visible().map(|(path, _)| path).collect();
        for path in found.keys() {
            let path = std::str::from_utf8(path).unwrap();
            if !known.contains(path) {
                assert!(patch.changes.iter().any(|file| file.path == path), "{path:?} is in no patch");
                assert_allowed(path, &named);
            }
        }
        if applied.is_ok() {
            assert_all_allowed(&patch, &named);
        }
        applied.is_ok()
    })
}

/// A patch that is put into a tree changes its own files there, and no other.
///
/// Answers whether the patch was taken.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_land(data: &[u8]) -> bool {
    ground::on_it(|ground| {
        let mut bytes = Bytes::new(data);
        let named = bytes.named();
        let (patch, contents) = patch(&mut bytes);
        let base = ground.tree(&ground.base);
        let written = patched::write(&ground.repository, &base, &patch, &contents, &ground.rules(&named));
        let Ok(tree) = written else { return false };
        assert_all_allowed(&patch, &named);
        let tree = ground.repository.find_tree(tree).unwrap();
        let between = patched::between(&ground.repository, &base, &tree).unwrap();
        for file in &between.changes {
            assert!(patch.changes.iter().any(|of| of.path == file.path), "{:?} has changed", file.path);
        }
        is_untouched(ground, &base, &tree, &named);
        true
    })
}

/// What is hidden is as it was, and what is protected as well, unless it is named.
fn is_untouched(ground: &Ground, base: &git2::Tree<'_>, tree: &git2::Tree<'_>, named: &[String]) {
    let at = |tree: &git2::Tree<'_>, path: &str| patched::at(tree, path).unwrap();
    assert_eq!(at(base, "holdouts/secret.md"), at(tree, "holdouts/secret.md"));
    assert_eq!(at(tree, ".git"), Found::Nothing);
    assert_eq!(at(tree, ".factory"), Found::Nothing);
    if named.is_empty() {
        for (path, _) in ground.visible().filter(|(path, _)| factory_core::protected::is_protected(path, ""))
        {
            assert_eq!(at(base, path), at(tree, path), "{path}");
        }
    }
}

/// A patch that is carried over touches no path that it did not touch before.
///
/// Answers whether the patch was taken.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_rebase(data: &[u8]) -> bool {
    ground::on_it(|ground| {
        let mut bytes = Bytes::new(data);
        let named = bytes.named();
        let (patch, contents) = patch(&mut bytes);
        let rules = ground.rules(&named);
        let (from, onto) =
            if bytes.one_in(2) { (&ground.base, &ground.later) } else { (&ground.later, &ground.base) };
        let Ok(rebased) = rebase::rebase(&ground.repository, &patch, &contents, from, onto, &rules) else {
            return false;
        };
        assert_all_allowed(&patch, &named);
        let of: BTreeSet<&str> = patch.changes.iter().map(|file| file.path.as_str()).collect();
        match rebased {
            Rebased::Clean { patch, contents } => {
                assert!(patch.changes.iter().all(|file| of.contains(file.path.as_str())));
                let onto = ground.tree(onto);
                patched::write(&ground.repository, &onto, &patch, &contents, &rules)
                    .expect("what was carried over fits");
            }
            Rebased::Conflict { paths } => {
                assert!(!paths.is_empty() && paths.iter().all(|path| of.contains(path.as_str())));
            }
        }
        true
    })
}
