//! The folders of one deployment: what the candidate may write, how much of it, and that nothing stays behind.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

/// How often it is looked how much has been written.
const LOOK: Duration = Duration::from_millis(250);
/// Files and folders that a candidate may make.
const MOST_ENTRIES: u64 = 100_000;
const POLL: Duration = Duration::from_millis(10);

/// A deployment's folders, below one that is made for it.
pub(crate) struct Folders {
    root: TempDir,
}

impl Folders {
    pub(crate) fn new(parent: &Path) -> io::Result<Self> {
        let folders = Folders { root: TempDir::with_prefix_in("run-", parent)? };
        for folder in [folders.scratch(), folders.clock(), folders.home()] {
            fs::create_dir(folder)?;
        }
        Ok(folders)
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn scratch(&self) -> PathBuf {
        self.root.path().join("scratch")
    }

    pub(crate) fn clock(&self) -> PathBuf {
        self.root.path().join("clock")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// Ends once the candidate has written more than `most` bytes, or too many files; says what it was. Otherwise never.
    pub(crate) fn overflow(&self, most: u64) -> impl Future<Output = String> + Send + use<> {
        let folders = [self.scratch(), self.home()];
        async move {
            loop {
                tokio::time::sleep(LOOK).await;
                let folders = folders.clone();
                let measured = tokio::task::spawn_blocking(move || {
                    let mut size = Size::default();
                    folders.iter().for_each(|folder| size.add(folder, most));
                    size
                });
                match measured.await {
                    Ok(size) if size.bytes > most => {
                        return format!("it has written more than {} MiB", most >> 20);
                    }
                    Ok(size) if size.entries > MOST_ENTRIES => {
                        return format!("it has made more than {MOST_ENTRIES} files and folders");
                    }
                    Ok(_) | Err(_) => {}
                }
            }
        }
    }

    /// Removes all of it. What it was for has been killed, and may take a moment to be gone.
    pub(crate) async fn remove(self) {
        let path = self.root.keep();
        for _ in 0..50 {
            let attempt = path.clone();
            let removed = tokio::task::spawn_blocking(move || {
                fs::remove_dir_all(&attempt).or_else(|error| match error.kind() {
                    // A candidate may forbid to look into what it made.
                    io::ErrorKind::PermissionDenied => open_all(&attempt).and(Err(error)),
                    _ => Err(error),
                })
            });
            if matches!(removed.await, Ok(Ok(()))) {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        tracing::warn!(folder = %path.display(), "a deployment's folder could not be removed");
    }
}

#[derive(Default)]
struct Size {
    bytes: u64,
    entries: u64,
}

impl Size {
    /// Adds what is below `folder`, until it is too much. What cannot be looked at counts for nothing.
    fn add(&mut self, folder: &Path, most: u64) {
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            let Ok(entries) = fs::read_dir(folder) else { continue };
            for entry in entries.flatten() {
                self.entries += 1;
                if self.bytes > most || self.entries > MOST_ENTRIES {
                    return;
                }
                // Of the entry itself: a link is not followed. Blocks, since a file may have holes.
                let Ok(metadata) = entry.metadata() else { continue };
                self.bytes += metadata.blocks() * 512;
                if metadata.is_dir() {
                    waiting.push(entry.path());
                }
            }
        }
    }
}

/// Gives the owner all rights to every folder below, links left alone.
fn open_all(folder: &Path) -> io::Result<()> {
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_too_much_is_noticed_and_holes_are_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let folders = Folders::new(parent.path()).unwrap();
        fs::File::create(folders.scratch().join("hole")).unwrap().set_len(1 << 40).unwrap();
        let quiet = tokio::time::timeout(LOOK * 3, folders.overflow(1 << 20)).await;
        assert!(quiet.is_err(), "a hole takes no room");
        fs::create_dir(folders.home().join("deep")).unwrap();
        fs::write(folders.home().join("deep/full"), vec![1; 2 << 20]).unwrap();
        assert_eq!(folders.overflow(1 << 20).await, "it has written more than 1 MiB");
    }

    #[tokio::test]
    async fn what_was_locked_is_removed_too() {
        let parent = tempfile::tempdir().unwrap();
        let folders = Folders::new(parent.path()).unwrap();
        let locked = folders.scratch().join("locked");
        fs::create_dir(&locked).unwrap();
        fs::write(locked.join("file"), "x").unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        folders.remove().await;
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
