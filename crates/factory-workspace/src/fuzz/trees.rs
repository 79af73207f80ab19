//! The way out of a checkout in which anything may have been left.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use factory_core::artifact::Change;
use factory_core::ids::Digest;

use super::bytes::Bytes;
use super::ground::{self, Ground, assert_allowed};
use crate::extract::{self, Base};
use crate::patched;

/// A patch that is taken from a checkout is what its files say, holds nothing from elsewhere, and fits the base.
///
/// Answers whether a patch was taken.
///
/// # Panics
/// Where that does not hold.
pub fn fuzz_extract(data: &[u8]) -> bool {
    ground::on_it(|ground| {
        let mut bytes = Bytes::new(data);
        let named = bytes.named();
        let place = ground.place();
        let root = place.path().join("tree");
        fs::create_dir(&root).unwrap();
        for (path, content) in ground.visible() {
            ground::write(&root, path, content);
        }
        symlink("src/app.py", root.join("link")).unwrap();
        let mut left = 1 + bytes.below(12);
        while !bytes.is_empty() && left > 0 {
            mess_up(&mut bytes, ground, &root);
            left -= 1;
        }
        let rules = ground.rules(&named);
        let links = BTreeSet::new();
        let base = Base {
            repository: &ground.repository,
            listing: &ground.listing,
            ignore: &ground.ignore,
            rules: &rules,
            links: &links,
        };
        let before = ground::files(&root);
        let taken = extract::extract(&base, &root);
        assert_eq!(ground::files(&root), before, "the checkout has changed");
        let Ok((patch, contents)) = taken else { return false };
        let mut last: Option<&str> = None;
        for file in &patch.changes {
            assert!(last.is_none_or(|last| last < file.path.as_str()), "sorted, and each once");
            last = Some(&file.path);
            assert_allowed(&file.path, &named);
            let is = before.get(file.path.as_bytes());
            match &file.change {
                Change::Written { content, .. } => {
                    let is = is.expect("what is written is a file of the checkout, reached without a link");
                    assert_eq!((content, &contents[content]), (&Digest::of(is), is));
                }
                Change::Deleted => assert!(is.is_none(), "{} is there", file.path),
            }
        }
        let tree = ground.tree(&ground.base);
        patched::fits(&ground.repository, &tree, &patch, &rules).expect("what was taken fits the base");
        true
    })
}

/// Where a name leads, if that is below `root` and no link is on the way: what makes the mess must not do what it is to
/// provoke.
fn inside(root: &Path, path: &[u8]) -> Option<PathBuf> {
    let mut place = root.to_owned();
    let mut names = path.split(|b| *b == b'/').peekable();
    while let Some(name) = names.next() {
        if matches!(name, b"" | b"." | b"..") || name.contains(&0) {
            return None;
        }
        place.push(OsStr::from_bytes(name));
        if names.peek().is_some() && fs::symlink_metadata(&place).is_ok_and(|found| !found.is_dir()) {
            return None;
        }
    }
    Some(place)
}

/// One thing that somebody may have done in the checkout. What cannot be done is not.
fn mess_up(bytes: &mut Bytes<'_>, ground: &Ground, root: &Path) {
    let what = bytes.byte() % 10;
    let path = if bytes.one_in(3) {
        bytes
            .pick(&["README.md", "src/app.py", "src/kept", "deep/a", "link", "src", "AGENTS.md"])
            .as_bytes()
            .to_vec()
    } else {
        bytes.path()
    };
    let Some(place) = inside(root, &path) else { return };
    if let Some(folder) = place.parent()
        && fs::create_dir_all(folder).is_err()
    {
        return;
    }
    let is_link = fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink());
    match what {
        0..=3 if !is_link => drop(fs::write(&place, bytes.content())),
        4 => {
            let targets: [&[u8]; 6] =
                [b"../../outside/secret", b"/etc/passwd", b"src", b"../outside", b"holdouts/secret.md", b"."];
            let target = if bytes.one_in(4) { bytes.path() } else { bytes.pick(&targets).to_vec() };
            let _ = fs::remove_file(&place);
            if !target.contains(&0) {
                drop(symlink(OsStr::from_bytes(&target), &place));
            }
        }
        5 => {
            let _ = fs::remove_file(&place);
            drop(symlink(ground.outside().join("secret"), &place));
        }
        6 if is_link => drop(fs::remove_file(&place)),
        6 => drop(fs::remove_file(&place).or_else(|_| fs::remove_dir_all(&place))),
        7 => drop(nix::unistd::mkfifo(&place, nix::sys::stat::Mode::S_IRWXU)),
        8 if !is_link && place.is_file() => {
            drop(fs::set_permissions(
                &place,
                Permissions::from_mode(bytes.pick(&[0o755, 0o644, 0o4755, 0o600])),
            ));
        }
        // A whole repository, as `git init` would leave one.
        9 => {
            drop(fs::create_dir_all(place.join(".git/hooks")));
            drop(fs::write(place.join(".git/config"), "[core]\n\tworktree = /\n\tfsmonitor = touch x\n"));
        }
        _ => {}
    }
}
