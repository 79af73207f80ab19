//! A fresh repository around files that are already there: for demonstrations.

use std::path::Path;

use git2::{IndexAddOption, Repository, RepositoryInitOptions};

use crate::land;

/// Makes `folder` a git repository with one commit of everything in it, on the branch `main`. No template is used, so
/// nobody's hooks come in.
///
/// # Errors
/// What git said.
pub fn create_repository(folder: &Path, message: &str) -> Result<(), git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.external_template(false).initial_head("main");
    let repository = Repository::init_opts(folder, &options)?;
    let mut index = repository.index()?;
    index.add_all(["*"], IndexAddOption::DEFAULT, None)?;
    index.write()?;
    let tree = repository.find_tree(index.write_tree()?)?;
    let author = land::author(&repository)?;
    repository.commit(Some("HEAD"), &author, &author, message, &tree, &[])?;
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_not_ignored_is_in_the_one_commit() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".gitignore"), "out\n").unwrap();
        std::fs::write(folder.path().join("a"), "a").unwrap();
        std::fs::write(folder.path().join("out"), "x").unwrap();
        create_repository(folder.path(), "first").unwrap();
        let repository = Repository::open(folder.path()).unwrap();
        let commit = repository.head().unwrap().peel_to_commit().unwrap();
        let names: Vec<_> = commit.tree().unwrap().iter().map(|e| e.name().unwrap().to_owned()).collect();
        assert_eq!(names, [".gitignore", "a"]);
        assert_eq!(commit.parent_count(), 0);
    }
}
