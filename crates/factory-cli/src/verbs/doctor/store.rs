//! Whether the store can be used, and whether all of it is there.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use factory_engine::port::store::StoreError;

use super::damage::{self, Look};
use super::{Finding, State, failed, note, ok};
use crate::error::CliError;
use crate::invocation;

/// Looks at all of the store in `dir`.
pub(super) async fn store(dir: &Path) -> Result<Finding, CliError> {
    let id = "store";
    if ["format", "store", "blobs"].iter().all(|name| dir.join(name).symlink_metadata().is_err()) {
        return Ok(ok(id, "no runs yet"));
    }
    if let Err(error) = can_be_written(dir) {
        return Ok(failed(id, error.to_string(), advice(dir, &error)));
    }
    let look = match Look::at(dir).await? {
        Ok(look) => look,
        Err(error) => return Ok(unreadable(dir, &error)),
    };
    if look.damaged.is_empty() {
        return Ok(ok(id, format!("{}: {}", dir.display(), look.counts())));
    }
    let mend = if look.found.only_lacks_blobs() { damage::LACKS } else { "factory doctor --repair" };
    let things = match look.damaged.len() {
        1 => "1 thing is damaged".to_owned(),
        n => format!("{n} things are damaged"),
    };
    let detail = format!("{}: {things}", dir.display());
    Ok(Finding { damaged: look.damaged, state: State::Failed, ..failed(id, detail, mend) })
}

fn unreadable(dir: &Path, error: &StoreError) -> Finding {
    let id = "store";
    match error {
        StoreError::Held { holder } => note(
            id,
            format!("{}, in use by process {holder}, so that its records were not read", dir.display()),
            "ask again when that process has ended",
        ),
        StoreError::Newer { .. } => failed(id, error.to_string(), "use the version of factory that wrote it"),
        StoreError::Full(_) => failed(id, explained(error), "make room on the disk, and ask again"),
        StoreError::Conflict { .. }
        | StoreError::Driven { .. }
        | StoreError::HolderGone
        | StoreError::NoBlob(_)
        | StoreError::Damaged { .. }
        | StoreError::Io { .. } => failed(id, explained(error), advice(dir, error)),
    }
}

/// What helps where the store cannot even be looked at, so that nothing can be saved of it either.
fn advice(dir: &Path, error: &(dyn Error + 'static)) -> String {
    let shown = invocation::quoted(dir);
    match kind(error) {
        Some(ErrorKind::PermissionDenied) => {
            format!("make it writable, as the account that it belongs to: chmod -R u+rwX {shown}")
        }
        Some(ErrorKind::ReadOnlyFilesystem) => {
            format!("make the file system writable that {shown} is on, or copy the project elsewhere")
        }
        Some(_) | None => {
            format!(
                "bring {shown} back from a copy, or move it away to begin afresh; merged branches are in git"
            )
        }
    }
}

/// What kind of failure of the system is behind an error.
fn kind(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        next = cause.source();
    }
    None
}

/// Whatever the store is opened with has to be writable; the database would not say what is wrong.
fn can_be_written(dir: &Path) -> io::Result<()> {
    let named = |path: &Path, error: io::Error| {
        io::Error::new(error.kind(), format!("{} cannot be written: {error}", path.display()))
    };
    for folder in [dir.to_owned(), dir.join("store"), dir.join("blobs")] {
        if folder.is_dir() {
            fs::read_dir(&folder).map_err(|error| named(&folder, error))?;
            tempfile::tempfile_in(&folder).map_err(|error| named(&folder, error))?;
        }
    }
    for file in ["lock", "store/db", "store/conf"].map(|name| dir.join(name)) {
        if file.is_file() {
            OpenOptions::new().read(true).write(true).open(&file).map_err(|error| named(&file, error))?;
        }
    }
    Ok(())
}

/// An error with its causes.
fn explained(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at once")]

    use super::*;

    #[test]
    fn what_cannot_be_opened_is_never_sent_to_be_repaired() {
        let wrapped = |kind: ErrorKind| StoreError::Io {
            action: "opened",
            source: Box::new(io::Error::new(kind, "the system said so")),
        };
        let advised = |error: &StoreError| unreadable(Path::new("/p/.factory"), error).mend.unwrap();
        assert!(advised(&wrapped(ErrorKind::PermissionDenied)).contains("chmod -R u+rwX /p/.factory"));
        assert!(advised(&wrapped(ErrorKind::ReadOnlyFilesystem)).contains("file system writable"));
        assert!(advised(&wrapped(ErrorKind::NotADirectory)).contains("from a copy"));
    }
}
