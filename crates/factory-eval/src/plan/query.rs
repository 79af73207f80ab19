//! A question to a SQLite database that the candidate keeps.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::Serialize;

use super::check::{Count, Predicate};
use super::template::Template;

/// A name alone, with or without quotation marks of SQL around it.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"'\{(?P<quoted>[A-Za-z_][A-Za-z0-9_-]*)\}'|\{(?P<bare>[A-Za-z_][A-Za-z0-9_-]*)\}|'(?:[^']|'')*'",
    )
    .expect("the pattern is fixed")
});

/// One SELECT. Remembered values are bound to it and never become part of its text: a candidate decides what they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Query {
    /// The database file, relative to the scratch folder.
    pub file: Template,
    /// The statement, with `?1`, `?2` … where values come in.
    pub sql: String,
    /// The values, each a text.
    pub parameters: Vec<Template>,
}

impl Query {
    /// Takes `{name}` and `'{name}'` out of the statement.
    ///
    /// # Errors
    /// When a name stands within a longer text in quotation marks, where nothing can be bound.
    pub(crate) fn new(file: Template, sql: &str) -> Result<Self, String> {
        let mut parameters = Vec::new();
        let mut inside = None;
        let sql = NAME.replace_all(sql, |found: &Captures<'_>| {
            match found.name("quoted").or_else(|| found.name("bare")) {
                Some(name) => {
                    parameters.push(Template::new(format!("{{{}}}", name.as_str())));
                    format!("?{}", parameters.len())
                }
                None => {
                    inside =
                        inside.take().or_else(|| Template::new(&found[0]).names().next().map(str::to_owned));
                    found[0].to_owned()
                }
            }
        });
        match inside {
            Some(name) => Err(format!(
                "`{{{name}}}` stands within a longer text of the query: write `'…' || {{{name}}} || '…'`"
            )),
            None => Ok(Query { file, sql: sql.into_owned(), parameters }),
        }
    }
}

/// What a query has to give.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// One row of one column, which satisfies this.
    Value(Predicate),
    /// So many rows.
    Count(Count),
    /// These rows in this order, each value as text; `NULL` is no value.
    Are(Vec<Vec<Template>>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_bound_and_never_text() {
        let query = |sql| Query::new(Template::new("a.db"), sql);
        let bound = query("select 1 from t where a = '{ann}' and b = {n} and c = 'it''s'").unwrap();
        assert_eq!(bound.sql, "select 1 from t where a = ?1 and b = ?2 and c = 'it''s'");
        assert_eq!(bound.parameters, [Template::new("{ann}"), Template::new("{n}")]);
        assert!(query("select 1 from t where a like '%{ann}%'").unwrap_err().contains("|| {ann} ||"));
        assert!(query("select 1 from t where a like '%' || {ann} || '%'").is_ok());
    }
}
