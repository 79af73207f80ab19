//! Looks into a candidate's SQLite database, and fills one before the candidate uses it. Both on a copy.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use factory_core::feedback::FailureClass;
use rustix::fs::{AtFlags, Mode, OFlags};
use serde_json::Value;

use super::judge::{self, Thing};
use super::state::{Failure, State, failed, lost};
use super::{files, values};
use crate::attribution::{Blame, Cause};
use crate::plan::{Query, Rows, Template};
use crate::sqlite::{self, Answer, Refusal};

/// The largest database that is looked into.
const MOST_BYTES: u64 = 256 << 20;
/// How often a database that is being written is copied again.
const ATTEMPTS: usize = 20;
const PAUSE: Duration = Duration::from_millis(25);
/// What a rollback journal begins with while it is needed.
const JOURNAL: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// Whether a query gives what it has to.
///
/// # Errors
/// What it gives instead, or why it gives nothing.
pub(crate) async fn check(state: &mut State, query: &Query, rows: &Rows) -> Result<(), Failure> {
    let file = file_name(state, &query.file)?;
    let parameters: Vec<String> =
        query.parameters.iter().map(|parameter| parameter.fill(&state.values)).collect();
    let (scratch, sql, name) = (state.scratch()?, query.sql.clone(), file.clone());
    let asked = tokio::task::spawn_blocking(move || -> Result<Answer, Failure> {
        let folder = tempfile::tempdir().map_err(|error| lost(Cause::Machine, error.to_string()))?;
        match copy(&scratch, &name, folder.path()).map_err(|error| unreadable(&name, &error.to_string()))? {
            Some(copy) => sqlite::ask(&copy, &sql, &parameters).map_err(|refusal| refused(&name, refusal)),
            None => Err(failed(FailureClass::MissingEffect, format!("there is no database {name}"))),
        }
    });
    let answer = asked.await.map_err(|error| lost(Cause::Machine, error.to_string()))??;
    let answer = state.seam.rows(answer);
    let wrong = |why: String| failed(FailureClass::WrongContent, format!("query of {file}: {why}"));
    match rows {
        Rows::Count(count) if count.holds(answer.len()) => Ok(()),
        Rows::Count(count) => Err(wrong(format!("{} rows where {count} were required", answer.len()))),
        Rows::Value(predicate) => {
            let [row] = answer.as_slice() else {
                return Err(wrong(format!("{} rows, not one", answer.len())));
            };
            let [value] = row.as_slice() else {
                return Err(wrong(format!("{} columns, not one", row.len())));
            };
            judge::judge(Thing::Json(value), predicate, &state.values).map_err(wrong)
        }
        Rows::Are(expected) => {
            let shown = |value: &Value| match value {
                Value::Null => "NULL".to_owned(),
                other => values::as_text(other),
            };
            let actual: Vec<Vec<String>> = answer.iter().map(|row| row.iter().map(shown).collect()).collect();
            let expected: Vec<Vec<String>> = expected
                .iter()
                .map(|row| row.iter().map(|cell| cell.fill(&state.values)).collect())
                .collect();
            if actual == expected {
                Ok(())
            } else {
                Err(wrong(format!("{actual:?} where {expected:?} was required")))
            }
        }
    }
}

/// Runs a script on a database of the scratch folder, or makes one of it. A service is stopped meanwhile.
///
/// # Errors
/// Why the script cannot be run.
pub(crate) async fn seed(state: &mut State, file: &Template, script: &Template) -> Result<(), Failure> {
    let name = file_name(state, file)?;
    // Within quotation marks of SQL, where values stand.
    let quoted = state.values.iter().map(|(name, value)| (name.clone(), value.replace('\'', "''"))).collect();
    let script = script.fill(&quoted);
    let scratch = state.scratch()?;
    state.target.pause().await?;
    let seeding = tokio::task::spawn_blocking(move || -> Result<(), Failure> {
        let folder = tempfile::tempdir().map_err(|error| lost(Cause::Machine, error.to_string()))?;
        let copied = copy(&scratch, &name, folder.path());
        let copied = copied.map_err(|error| unreadable(&name, &error.to_string()))?;
        let copied = copied.unwrap_or_else(|| folder.path().join("copy.db"));
        sqlite::run(&copied, &script).map_err(|refusal| refused(&name, refusal))?;
        put_back(&copied, &scratch, &name).map_err(|error| unreadable(&name, &error.to_string()))
    });
    seeding.await.map_err(|error| lost(Cause::Machine, error.to_string()))??;
    Ok(state.target.resume().await?)
}

fn file_name(state: &State, file: &Template) -> Result<String, Failure> {
    let name = file.fill(&state.values);
    let scratch = format!("{}/", state.scratch()?.display());
    let name = name.strip_prefix(&scratch).unwrap_or(&name).to_owned();
    if files::stays_below(&name) {
        Ok(name)
    } else {
        Err(lost(Cause::Impossible, format!("`{name}` is not in the scratch folder")))
    }
}

fn unreadable(name: &str, why: &str) -> Failure {
    Failure::Failed(
        FailureClass::WrongContent,
        Blame::new(Cause::Unreadable, format!("the database {name} cannot be used: {why}")),
    )
}

fn refused(name: &str, refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Missing(why) => {
            failed(FailureClass::MissingEffect, format!("in the database {name}: {why}"))
        }
        Refusal::Broken(why) => unreadable(name, &why),
        Refusal::Endless(why) => {
            let evidence = format!("the database {name}: {why}");
            Failure::Failed(FailureClass::WrongContent, Blame::new(Cause::TooSlow, evidence))
        }
        Refusal::Wrong(why) => lost(Cause::Impossible, format!("the SQL cannot be used: {why}")),
    }
}

/// A copy of the database with its write-ahead log, of one moment; nothing if there is none.
///
/// A rollback journal that is still needed is not copied: SQLite would do what it says, and it can name any file of the machine
/// to be removed.
fn copy(scratch: &Path, name: &str, to: &Path) -> io::Result<Option<PathBuf>> {
    let target = to.join("copy.db");
    for _ in 0..ATTEMPTS {
        let Some(file) = open(scratch, name)? else { return Ok(None) };
        let before = (stamp(&file)?, state_of(scratch, &format!("{name}-wal"))?);
        let busy = match open(scratch, &format!("{name}-journal"))? {
            Some(mut journal) => {
                let mut start = [0; JOURNAL.len()];
                journal.read_exact(&mut start).is_ok() && start == JOURNAL
            }
            None => false,
        };
        write(file, &target)?;
        let log = to.join("copy.db-wal");
        match open(scratch, &format!("{name}-wal"))? {
            Some(file) => write(file, &log)?,
            None => drop(fs::remove_file(&log)),
        }
        if !busy && Some(before) == after(scratch, name)? {
            return Ok(Some(target));
        }
        std::thread::sleep(PAUSE);
    }
    Err(io::Error::other("it is being written all the time"))
}

fn after(scratch: &Path, name: &str) -> io::Result<Option<(Stamp, Option<Stamp>)>> {
    let Some(file) = open(scratch, name)? else { return Ok(None) };
    Ok(Some((stamp(&file)?, state_of(scratch, &format!("{name}-wal"))?)))
}

/// What changes when a file does: which it is, how large, and when it was written.
type Stamp = (u64, u64, i64, i64);

fn stamp(file: &File) -> io::Result<Stamp> {
    let metadata = file.metadata()?;
    Ok((metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

fn state_of(scratch: &Path, name: &str) -> io::Result<Option<Stamp>> {
    open(scratch, name)?.map(|file| stamp(&file)).transpose()
}

fn open(scratch: &Path, name: &str) -> io::Result<Option<File>> {
    match files::open_below(scratch, name) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

fn write(file: File, to: &Path) -> io::Result<()> {
    let copied = io::copy(&mut file.take(MOST_BYTES + 1), &mut File::create(to)?)?;
    if copied > MOST_BYTES {
        return Err(io::Error::other(format!("it is larger than {} MiB", MOST_BYTES >> 20)));
    }
    Ok(())
}

/// Puts the database in its place, whole, and takes away what belonged to the former one.
fn put_back(copy: &Path, scratch: &Path, name: &str) -> io::Result<()> {
    let place = Path::new(name);
    let file = place.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy().into_owned();
    let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let folder = files::below(&files::folder(scratch)?, parent, flags, Mode::empty())?;
    let unfinished = format!(".{file}.new");
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let new = rustix::fs::openat(&folder, &unfinished, flags, Mode::from_raw_mode(0o644))?;
    io::copy(&mut File::open(copy)?, &mut File::from(new))?;
    for suffix in ["-wal", "-shm", "-journal"] {
        match rustix::fs::unlinkat(&folder, format!("{file}{suffix}"), AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(rustix::fs::renameat(&folder, &unfinished, &folder, &file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database whose last rows are in its write-ahead log only.
    fn with_log(folder: &Path) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(folder.join("a.db")).unwrap();
        let script = "pragma journal_mode = wal; pragma wal_autocheckpoint = 0; create table t (a); insert into t values (7)";
        connection.execute_batch(script).unwrap();
        connection
    }

    #[test]
    fn a_copy_has_what_is_in_the_log_only_and_the_original_is_left_alone() {
        let (scratch, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let writer = with_log(scratch.path());
        let before = fs::read(scratch.path().join("a.db-wal")).unwrap();
        let copy = copy(scratch.path(), "a.db", to.path()).unwrap().unwrap();
        assert_eq!(sqlite::ask(&copy, "select a from t", &[]).unwrap(), [[Value::from(7)]]);
        assert_eq!(fs::read(scratch.path().join("a.db-wal")).unwrap(), before);
        drop(writer);
    }

    #[test]
    fn neither_links_nor_journals_lead_out() {
        let parent = tempfile::tempdir().unwrap();
        let (scratch, to) = (parent.path().join("scratch"), parent.path().join("to"));
        fs::create_dir(&scratch).unwrap();
        fs::create_dir(&to).unwrap();
        drop(with_log(parent.path()));
        std::os::unix::fs::symlink("../a.db", scratch.join("link.db")).unwrap();
        assert!(copy(&scratch, "link.db", &to).is_err());
        assert!(copy(&scratch, "missing.db", &to).unwrap().is_none());
        fs::copy(parent.path().join("a.db"), scratch.join("b.db")).unwrap();
        fs::write(scratch.join("b.db-journal"), JOURNAL).unwrap();
        assert!(copy(&scratch, "b.db", &to).is_err(), "a journal is not followed");
        // One that is no longer needed.
        fs::write(scratch.join("b.db-journal"), [0; 512]).unwrap();
        assert!(copy(&scratch, "b.db", &to).unwrap().is_some());
    }

    #[test]
    fn what_is_put_back_replaces_a_link_and_does_not_follow_it() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = parent.path().join("scratch");
        fs::create_dir(&scratch).unwrap();
        fs::write(parent.path().join("precious"), "precious").unwrap();
        fs::write(parent.path().join("copy"), "new").unwrap();
        std::os::unix::fs::symlink("../precious", scratch.join("a.db")).unwrap();
        std::os::unix::fs::symlink("..", scratch.join("up")).unwrap();
        put_back(&parent.path().join("copy"), &scratch, "a.db").unwrap();
        assert_eq!(fs::read_to_string(scratch.join("a.db")).unwrap(), "new");
        assert_eq!(fs::read_to_string(parent.path().join("precious")).unwrap(), "precious");
        assert!(put_back(&parent.path().join("copy"), &scratch, "up/precious").is_err());
    }
}
