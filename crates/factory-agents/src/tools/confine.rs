//! Keeps paths that a model names beneath the project.
//!
//! Tools run one after the other and `bash` leaves no process behind, so nothing changes links between the check and
//! the use.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::ToolError;

/// The file or folder that `named` means, all links resolved. What does not exist (yet) is answered as it would be.
///
/// # Errors
/// [`ToolError::Refused`] for whatever is not beneath `project`, and for git's own folder.
pub(super) fn beneath(project: &Path, named: &str) -> Result<PathBuf, ToolError> {
    let outside = || ToolError::Refused(format!("`{named}` is not beneath the project's folder"));
    let root = project.canonicalize().map_err(|error| ToolError::Broken(Box::new(error)))?;
    let relative = match Path::new(named) {
        path if path.is_absolute() => {
            path.strip_prefix(project).or_else(|_| path.strip_prefix(&root)).map_err(|_| outside())?
        }
        path => path,
    };
    let mut resolved = root.clone();
    for component in relative.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => {
                resolved = follow(resolved.join(name)).map_err(|error| refuse(named, &error))?
            }
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(outside()),
        }
        let Ok(inside) = resolved.strip_prefix(&root) else {
            return Err(outside());
        };
        if inside.components().any(|component| component.as_os_str() == ".git") {
            return Err(ToolError::Refused(format!("`{named}` belongs to git")));
        }
    }
    Ok(resolved)
}

/// The path with its last component resolved if it is a link. A link to nowhere is an error: a file made through it
/// could be anywhere.
fn follow(path: PathBuf) -> io::Result<PathBuf> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => path.canonicalize(),
        Ok(_) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path),
        Err(error) => Err(error),
    }
}

/// A refusal for what the file system said.
pub(super) fn refuse(named: &str, error: &io::Error) -> ToolError {
    ToolError::Refused(match error.kind() {
        io::ErrorKind::NotFound => format!("`{named}` does not exist"),
        _ => format!("`{named}`: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::tools::tests::checkout;

    fn refusal(project: &Path, named: &str) -> String {
        match beneath(project, named) {
            Err(ToolError::Refused(reason)) => reason,
            other => panic!("{named}: {other:?}"),
        }
    }

    #[test]
    fn nothing_outside_is_reached() {
        let (folder, checkout) = checkout();
        let project = &checkout.project;
        fs::write(folder.path().join("secret"), "s").unwrap();
        fs::create_dir_all(project.join("src")).unwrap();
        fs::create_dir_all(project.join(".git")).unwrap();
        symlink(folder.path().join("secret"), project.join("file-link")).unwrap();
        symlink(folder.path(), project.join("folder-link")).unwrap();
        symlink("../..", project.join("src/up")).unwrap();
        symlink(folder.path().join("nowhere"), project.join("dangling")).unwrap();
        symlink(".git", project.join("git-link")).unwrap();
        for named in [
            "../secret",
            "src/../../secret",
            "/etc/passwd",
            "file-link",
            "folder-link/secret",
            "folder-link/new",
            "src/up/secret",
            "dangling",
            ".git/config",
            "git-link/config",
            "src/.git/x",
        ] {
            assert!(!refusal(project, named).is_empty());
        }
    }

    #[test]
    fn what_is_inside_is_found_however_it_is_named() {
        let (_folder, checkout) = checkout();
        let project = &checkout.project;
        fs::create_dir_all(project.join("src")).unwrap();
        fs::write(project.join("src/a.py"), "").unwrap();
        symlink("src", project.join("link")).unwrap();
        let real = project.canonicalize().unwrap().join("src/a.py");
        let absolute = project.join("src/a.py").display().to_string();
        for named in ["src/a.py", "./src/./a.py", "link/a.py", &absolute] {
            assert_eq!(beneath(project, named).unwrap(), real);
        }
        assert!(beneath(project, "src/new/b.py").is_ok());
        assert!(beneath(project, ".gitignore").is_ok());
    }
}
