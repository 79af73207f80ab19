//! The copy of the ledger as an SQLite file, kept up with it. It is thrown away and made anew whenever it is not exactly
//! of the beginning of this ledger.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use factory_core::ledger::entry::LedgerEntry;
use factory_engine::port::store::StoredRecord;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{fill, schema};
use crate::error::CliError;

/// The file, inside the store's folder.
pub(super) const FILE: &str = "decisions.sqlite";

/// How long another process may keep the copy locked.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the copy one of this whole ledger.
pub(super) fn update(path: &Path, stored: &[StoredRecord]) -> Result<(), CliError> {
    // Nothing depends on a copy: one that resists in whatever way is made anew, once.
    if path.is_file() && matches!(append(path, stored), Ok(true)) {
        return Ok(());
    }
    make(path, stored).map_err(|error| {
        CliError::failed(format!("{} cannot be written", path.display())).because(error.as_ref())
    })
}

type Problem = Box<dyn std::error::Error>;

/// Appends what the copy lacks; `false` if it is not of this ledger.
fn append(path: &Path, stored: &[StoredRecord]) -> Result<bool, Problem> {
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(PATIENCE)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (version, count, head): (i64, i64, String) =
        transaction.query_row("SELECT version, count, head FROM copied", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let entries: i64 = transaction.query_row("SELECT count(*) FROM entries", [], |row| row.get(0))?;
    let count = usize::try_from(count)?;
    let expected = count.checked_sub(1).map_or(Some(""), |last| Some(stored.get(last)?.hash.as_str()));
    if version != schema::VERSION || expected != Some(head.as_str()) || usize::try_from(entries)? != count {
        return Ok(false);
    }
    if count < stored.len() {
        insert(&transaction, &stored[count..])?;
        transaction.commit()?;
    }
    Ok(true)
}

/// Makes a new copy beside the old one, and puts it in its place.
fn make(path: &Path, stored: &[StoredRecord]) -> Result<(), Problem> {
    let folder = path.parent().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let file = tempfile::Builder::new().prefix("decisions-").suffix(".tmp").tempfile_in(folder)?;
    let mut connection = Connection::open_with_flags(file.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // It is not in use yet, and thrown away if this process dies.
    connection.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(schema::SCHEMA)?;
    transaction.execute_batch(schema::BOOKKEEPING)?;
    transaction.execute("INSERT INTO copied VALUES (?1, 0, '')", [schema::VERSION])?;
    insert(&transaction, stored)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    file.as_file().sync_all()?;
    // What SQLite has left beside an old copy must not be taken for that of the new one.
    for left in ["-journal", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(left);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    file.persist(path)?;
    Ok(())
}

fn insert(connection: &Connection, stored: &[StoredRecord]) -> Result<(), Problem> {
    for record in stored {
        let entry = LedgerEntry::from_bytes(&record.bytes)?;
        fill::entry(connection, record, &entry)?;
    }
    if let Some(last) = stored.last() {
        let count = i64::try_from(last.position + 1)?;
        connection.execute("UPDATE copied SET count = ?1, head = ?2", (count, last.hash.as_str()))?;
    }
    Ok(())
}
