//! One SELECT on the copy, by whoever: nothing is written, no other file is opened, and it ends.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};
use serde_json::Value;

use super::{projection, schema};
use crate::error::CliError;

/// How long a query may take.
const TIME: Duration = Duration::from_secs(10);

/// As many steps of SQLite's machine pass between two looks at the clock.
const STEPS: i32 = 10_000;

/// The longest value and the longest statement, in bytes.
const LONGEST: i32 = 16 * 1024 * 1024;

/// As many bytes of an answer are kept.
const MOST: usize = 64 * 1024 * 1024;

/// What was asked for.
pub(super) struct Answer {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
}

/// Asks the copy.
pub(super) fn answer(path: &Path, query: &str) -> Result<Answer, CliError> {
    let connection = open(path)
        .map_err(|error| CliError::failed(format!("{} cannot be opened", path.display())).because(&error))?;
    ask(&connection, query)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(projection::PATIENCE)?;
    connection.execute_batch(
        "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA hard_heap_limit = 536870912;",
    )?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, 1024 * 1024)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, 200)?;
    connection.authorizer(Some(|context: AuthContext<'_>| allow(context.action)))?;
    let end = Instant::now() + TIME;
    connection.progress_handler(STEPS, Some(move || Instant::now() > end))?;
    Ok(connection)
}

/// Reading, and functions that compute. All else is refused where the statement is prepared.
fn allow(action: AuthAction<'_>) -> Authorization {
    match action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } => match function_name.to_ascii_lowercase().as_str() {
            "load_extension" | "readfile" | "writefile" | "edit" | "fts3_tokenizer" => Authorization::Deny,
            _ => Authorization::Allow,
        },
        // The authorizer's actions are an open set.
        _ => Authorization::Deny,
    }
}

fn ask(connection: &Connection, query: &str) -> Result<Answer, CliError> {
    let mut statement = connection.prepare(query).map_err(|error| explain(&error))?;
    if !statement.readonly() || statement.column_count() == 0 {
        return Err(refused());
    }
    if statement.parameter_count() > 0 {
        return Err(CliError::usage("the query has parameters, which nothing gives a value"));
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = Vec::new();
    let mut bytes = 0_usize;
    let mut found = statement.raw_query();
    while let Some(row) = found.next().map_err(|error| explain(&error))? {
        let mut values = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            let value = row.get_ref(index).map_err(|error| explain(&error))?;
            bytes = bytes.saturating_add(size(value));
            let value = json(value).ok_or_else(|| infinite(column))?;
            values.push(value);
        }
        if bytes > MOST {
            return Err(CliError::usage("the answer is larger than 64 MiB")
                .hint("ask for fewer rows or columns, or use `factory decision export`"));
        }
        rows.push(values);
    }
    Ok(Answer { columns, rows })
}

/// About what a value takes, with what is around it.
fn size(value: ValueRef<'_>) -> usize {
    const AROUND: usize = 32;
    AROUND
        + match value {
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 0,
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        }
}

/// None of what is infinite, for which JSON has no number. What is not a number is NULL for SQLite.
fn json(value: ValueRef<'_>) -> Option<Value> {
    Some(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => Value::Number(serde_json::Number::from_f64(number)?),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            digits.into()
        }
    })
}

fn infinite(column: &str) -> CliError {
    CliError::usage(format!("a number in the column `{}` is infinite", crate::verbs::decision::plain(column)))
        .hint("leave it out with WHERE, or print it as text: printf('%g', …)")
}

fn refused() -> CliError {
    CliError::usage("only one SELECT can be asked")
        .hint("the copy is for reading; `factory decision sql --schema` prints its tables")
}

fn explain(error: &Error) -> CliError {
    if matches!(error, Error::MultipleStatement) {
        return refused();
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => refused(),
        Some(ErrorCode::OperationInterrupted) => {
            CliError::usage(format!("the query took longer than {} seconds", TIME.as_secs()))
                .hint("ask for less at once")
        }
        // The error repeats the query, which is the user's own; what it holds is still not for the terminal.
        Some(_) | None => CliError::usage("the query cannot be answered")
            .because(&Said(crate::verbs::decision::plain(&error.to_string())))
            .hint(format!("the tables are:\n{}", schema::SCHEMA.trim_end())),
    }
}

/// What SQLite said, made harmless.
#[derive(Debug)]
struct Said(String);

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Said {}
