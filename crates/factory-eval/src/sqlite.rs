//! SQLite on files that a candidate wrote, which may have been made to do harm: one SELECT, or one script on a copy; no other
//! file is opened, no code is loaded, and it ends.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, params_from_iter};
use serde_json::Value;

/// How long a statement may take.
const TIME: Duration = Duration::from_secs(5);
/// As many steps of SQLite's machine pass between two looks at the clock.
const STEPS: i32 = 10_000;
/// The longest value and the longest statement, in bytes.
const LONGEST: i32 = 16 * 1024 * 1024;
/// As many rows of an answer are read, and as many bytes of it.
const MOST_ROWS: usize = 10_000;
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Pragmas that a script may use: they are about the file that it makes.
const PRAGMAS: [&str; 7] = [
    "user_version",
    "application_id",
    "foreign_keys",
    "encoding",
    "page_size",
    "auto_vacuum",
    "journal_mode",
];

/// Why a database gave no answer.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// What is asked for is not there: no such table or column.
    Missing(String),
    /// The file is no database, or a broken one.
    Broken(String),
    /// It took too long, or is too large.
    Endless(String),
    /// The statement is wrong whatever is in the database.
    Wrong(String),
}

/// Whether a statement can be asked, and whether its answer depends on the database at all.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_query(sql: &str) -> Result<(), String> {
    // Without the candidate's tables SQLite says of any other statement only that they are missing.
    let first = sql.trim_start().split(|each: char| !each.is_ascii_alphabetic()).next().unwrap_or_default();
    if !["select", "with", "values"].contains(&first.to_ascii_lowercase().as_str()) {
        return Err("only one SELECT can be asked".to_owned());
    }
    let reads = Arc::new(AtomicBool::new(false));
    let mut connection = Connection::open_in_memory().map_err(|error| error.to_string())?;
    let seen = Arc::clone(&reads);
    let authorize = move |context: AuthContext<'_>| {
        if matches!(context.action, AuthAction::Read { .. }) {
            seen.store(true, Ordering::Relaxed);
        }
        may_read(context.action)
    };
    connection.authorizer(Some(authorize)).map_err(|error| error.to_string())?;
    let prepared = connection.prepare(sql);
    match prepared.map(|statement| statement.readonly() && statement.column_count() > 0) {
        Ok(true) if reads.load(Ordering::Relaxed) => Ok(()),
        Ok(true) => Err("this cannot fail: the query reads no table".to_owned()),
        Ok(false) => Err("only one SELECT can be asked".to_owned()),
        Err(error) => match refusal(&error) {
            // The tables are the candidate's, and it has not made them yet.
            Refusal::Missing(_) => Ok(()),
            Refusal::Wrong(why) | Refusal::Broken(why) | Refusal::Endless(why) => {
                Err(format!("this is no query: {why}"))
            }
        },
    }
}

/// Whether a script is SQL, as far as that can be said without the candidate's tables.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_script(sql: &str) -> Result<(), String> {
    let wrong = |error: &Error| match refusal(error) {
        Refusal::Missing(_) => Ok(()),
        Refusal::Wrong(why) | Refusal::Broken(why) | Refusal::Endless(why) => {
            Err(format!("this is no SQL: {why}"))
        }
    };
    let made = Connection::open_in_memory().and_then(|mut connection| {
        restrict(&mut connection, may_write)?;
        connection.execute_batch(sql)
    });
    made.or_else(|error| wrong(&error))
}

/// The columns' number and the rows of an answer.
pub(crate) type Answer = Vec<Vec<Value>>;

/// Asks a database, which is a copy that nobody else uses.
///
/// # Errors
/// [`Refusal`].
pub(crate) fn ask(copy: &Path, sql: &str, parameters: &[String]) -> Result<Answer, Refusal> {
    let asked = || -> rusqlite::Result<Result<Answer, Refusal>> {
        let mut connection = open(copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch("PRAGMA query_only = ON;")?;
        restrict(&mut connection, may_read)?;
        let mut statement = connection.prepare(sql)?;
        if !statement.readonly() || statement.column_count() == 0 {
            return Ok(Err(Refusal::Wrong("only one SELECT can be asked".to_owned())));
        }
        let columns = statement.column_count();
        let mut found = statement.query(params_from_iter(parameters))?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while let Some(row) = found.next()? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                let value = row.get_ref(column)?;
                if let ValueRef::Text(text) | ValueRef::Blob(text) = value {
                    bytes += text.len();
                }
                values.push(json(value));
            }
            rows.push(values);
            if rows.len() > MOST_ROWS || bytes > MOST_BYTES {
                return Ok(Err(Refusal::Endless("the answer is too large".to_owned())));
            }
        }
        Ok(Ok(rows))
    };
    asked().unwrap_or_else(|error| Err(refusal(&error)))
}

/// Runs a script on a database that nobody else uses, or makes one. Afterwards all of it is in the one file.
///
/// # Errors
/// [`Refusal`].
pub(crate) fn run(path: &Path, script: &str) -> Result<(), Refusal> {
    let ran = || -> rusqlite::Result<()> {
        let mut connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        restrict(&mut connection, may_write)?;
        connection.execute_batch(script)?;
        connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
        connection.close().map_err(|(_, error)| error)
    };
    ran().map_err(|error| refusal(&error))
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;",
    )?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(connection)
}

fn restrict(
    connection: &mut Connection,
    allow: impl Fn(AuthAction<'_>) -> Authorization + Send + 'static,
) -> rusqlite::Result<()> {
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, 1024 * 1024)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, 200)?;
    connection.authorizer(Some(move |context: AuthContext<'_>| allow(context.action)))?;
    let end = Instant::now() + TIME;
    connection.progress_handler(STEPS, Some(move || Instant::now() > end))?;
    Ok(())
}

/// Reading, and functions that compute.
fn may_read(action: AuthAction<'_>) -> Authorization {
    match action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } => computes(function_name),
        // The authorizer's actions are an open set.
        _ => Authorization::Deny,
    }
}

/// All that concerns this one file.
fn may_write(action: AuthAction<'_>) -> Authorization {
    match action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Authorization::Deny,
        AuthAction::CreateVtable { .. } | AuthAction::DropVtable { .. } => Authorization::Deny,
        AuthAction::Pragma { pragma_name, .. }
            if !PRAGMAS.contains(&pragma_name.to_ascii_lowercase().as_str()) =>
        {
            Authorization::Deny
        }
        AuthAction::Function { function_name } => computes(function_name),
        _ => Authorization::Allow,
    }
}

fn computes(function: &str) -> Authorization {
    match function.to_ascii_lowercase().as_str() {
        "load_extension" | "readfile" | "writefile" | "edit" | "fts3_tokenizer" => Authorization::Deny,
        _ => Authorization::Allow,
    }
}

fn refusal(error: &Error) -> Refusal {
    let text = error.to_string();
    match error.sqlite_error_code() {
        _ if matches!(error, Error::MultipleStatement) => {
            Refusal::Wrong("it is more than one statement".to_owned())
        }
        Some(
            ErrorCode::NotADatabase
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen,
        ) => Refusal::Broken(text),
        Some(ErrorCode::OperationInterrupted) => Refusal::Endless(format!("it took longer than {TIME:?}")),
        Some(ErrorCode::TooBig | ErrorCode::OutOfMemory) => Refusal::Endless(text),
        Some(ErrorCode::ConstraintViolation | ErrorCode::SchemaChanged) => Refusal::Missing(text),
        _ if ["no such table", "no such column", "has no column", "already exists"]
            .iter()
            .any(|known| text.contains(known)) =>
        {
            Refusal::Missing(text)
        }
        Some(_) | None => Refusal::Wrong(text),
    }
}

/// A number that JSON has none for is text; bytes are hexadecimal.
fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => {
            serde_json::Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
        }
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(script: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Connection::open(&path).unwrap().execute_batch(script).unwrap();
        (folder, path)
    }

    #[test]
    fn only_a_select_that_reads_is_a_query() {
        for sql in [
            "select count(*) from users",
            "select type from sqlite_master",
            "with t as (select a from b) select * from t",
        ] {
            assert_eq!(check_query(sql), Ok(()), "{sql}");
        }
        for (sql, why) in [
            ("select 1", "cannot fail"),
            ("select from where", "no query"),
            ("delete from t", "only one SELECT"),
            ("drop table t", "only one SELECT"),
            ("with x as (select 1) delete from sqlite_master", "no query"),
            ("attach 'x.db' as x", "only one SELECT"),
            ("pragma user_version", "only one SELECT"),
            ("select load_extension('x') from sqlite_master", "no query"),
            ("select 1 from sqlite_master; select 2", "no query"),
            ("", "only one SELECT"),
        ] {
            assert!(check_query(sql).unwrap_err().contains(why), "{sql}: {:?}", check_query(sql));
        }
        assert_eq!(check_script("insert into users values (1)"), Ok(()));
        assert!(check_script("insrt into users").is_err() && check_script("attach 'x' as y").is_err());
    }

    #[test]
    fn answers_are_json_and_values_are_bound() {
        let (_folder, path) = database(
            "create table t (a, b); insert into t values (1, 'x'' or 1'), (2.5, null), (x'00ff', 'y')",
        );
        let all = ask(&path, "select a, b from t order by rowid", &[]).unwrap();
        let expected = serde_json::json!([[1, "x' or 1"], [2.5, null], ["00ff", "y"]]);
        assert_eq!(serde_json::json!(all), expected);
        let bound = ask(&path, "select count(*) from t where b = ?1", &["x' or 1".to_owned()]).unwrap();
        assert_eq!(bound, [[serde_json::json!(1)]]);
        let none = ask(&path, "select count(*) from t where b = ?1", &["' or 1 = 1 --".to_owned()]).unwrap();
        assert_eq!(none, [[serde_json::json!(0)]]);
    }

    #[test]
    fn a_database_that_was_made_to_do_harm_ends() {
        let endless = "create table t (a); create view v as with recursive c(n) as (select 1 union all select n + 1 from c) select n from c;";
        let (folder, path) = database(endless);
        assert!(matches!(ask(&path, "select count(*) from v", &[]), Err(Refusal::Endless(_))));
        // Rows without end.
        assert!(matches!(ask(&path, "select n from v", &[]), Err(Refusal::Endless(_))));
        assert!(matches!(ask(&path, "select a from nowhere", &[]), Err(Refusal::Missing(_))));
        assert!(matches!(ask(&path, "delete from t", &[]), Err(Refusal::Wrong(_))));
        let large = "select length(zeroblob(100000000)) from sqlite_master";
        assert!(matches!(ask(&path, large, &[]), Err(Refusal::Endless(_))));
        let (steals, harm) = database("create view v as select load_extension('evil') as a;");
        assert!(matches!(ask(&harm, "select a from v", &[]), Err(Refusal::Wrong(_))));
        drop(steals);
        std::fs::write(folder.path().join("none"), "no database at all, but long enough to be looked at")
            .unwrap();
        assert!(matches!(ask(&folder.path().join("none"), "select a from t", &[]), Err(Refusal::Broken(_))));
    }
}
