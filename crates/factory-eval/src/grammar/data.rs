//! Sentences about a SQLite database of the candidate.

use super::context::Context;
use super::files;
use super::pattern::{Found, Pattern, Text, bounded};
use super::predicate::Said;
use crate::plan::{Action, Check, Predicate, Query, Rows, Template};
use crate::sqlite;

static SEED: Pattern = Pattern::new(
    r"~database {file:quoted} is (?:seeded|filled|prepared|created|made|set up) (?:by|with|from)(?: ~(?:following )?(?:sql|script|statements))?(?: {sql:quoted})?",
);
static QUERY: Pattern = Pattern::new(
    r"(?:(?:in )?~database {file:quoted},? (?:the )?query {sql:quoted}|(?:the )?query {sql_too:quoted} (?:on|in|of|against|to) ~database {file_too:quoted}) (?:returns|return|gives|give|yields|yield|finds|has) (?:(?P<rows>(?:the |these |the following )?rows)|(?:{quantifier:quantifier} )?{count:count} rows?|{value:value})",
);

/// A sentence about a database.
pub(crate) fn data(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = SEED.apply(text) {
        return Some(seed(&found, context));
    }
    QUERY.apply(text).map(|found| query(&found, context))
}

fn seed(found: &Found<'_>, context: &mut Context<'_>) -> Result<Vec<Action>, String> {
    if context.acted {
        return Err("a database is filled before anything is done: say so under `Given`".to_owned());
    }
    let file = file(found, "file", context)?;
    let script = match (found.template("sql", context), context.attached.doc.take()) {
        (Some(script), None) => script,
        (None, Some((text, _))) => Template::new(text),
        (Some(_), Some(_)) => return Err("there are two scripts".to_owned()),
        (None, None) => return Err("the SQL has to follow, in quotation marks or as a doc string".to_owned()),
    };
    sqlite::check_script(script.source())?;
    Ok(vec![Action::Seed { file, script }])
}

fn query(found: &Found<'_>, context: &mut Context<'_>) -> Result<Vec<Action>, String> {
    let file = match found.get("file") {
        Some(_) => file(found, "file", context)?,
        None => file(found, "file_too", context)?,
    };
    let sql = found.word("sql").or_else(|| found.word("sql_too")).ok_or("there is no query")?;
    let query = Query::new(file, &sql)?;
    sqlite::check_query(&query.sql)?;
    let rows = if found.get("rows").is_some() {
        let table = context.attached.table.take().ok_or("a table with the rows has to follow")?;
        Rows::Are(table.into_iter().map(|row| row.into_iter().map(Template::new).collect()).collect())
    } else if let Some(count) = found.count("count") {
        Rows::Count(bounded(found.get("quantifier"), count))
    } else {
        let value = found.value("value", context).ok_or("nothing of this name has been remembered")?;
        Rows::Value(Predicate::Equals(value))
    };
    Ok(vec![Action::Check(Check::Query(query, rows))])
}

/// A file of the scratch folder.
fn file(found: &Found<'_>, hole: &str, context: &Context<'_>) -> Result<Template, String> {
    let file = found.template(hole, context).ok_or("there is no file")?;
    files::inside(file.source())
}

#[cfg(test)]
mod tests {
    use factory_spec::parse_scenarios;
    use serde_json::json;

    use super::*;
    use crate::grammar::{Phrases, compile};
    use crate::plan::Count;

    /// The actions of a scenario of these sentences, or the reasons why it is none.
    fn plan(steps: &str) -> Result<Vec<Action>, String> {
        let (scenarios, findings) = parse_scenarios(&format!("# Scenario: It\n\n{steps}\n"), "it.md");
        assert!(!factory_spec::has_errors(&findings), "{findings:?}");
        compile(&scenarios[0], &Phrases::default())
            .map(|plan| plan.steps.into_iter().map(|step| step.action).collect())
            .map_err(|errors| errors.into_iter().map(|error| error.why).collect::<Vec<_>>().join("; "))
    }

    fn queried(sentence: &str) -> Result<(Query, Rows), String> {
        let actions = plan(&format!("When I run `x`\nThen {sentence}"))?;
        match actions.into_iter().last() {
            Some(Action::Check(Check::Query(query, rows))) => Ok((query, rows)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn databases_are_asked() {
        let (query, rows) =
            queried("the database \"x.db\" query \"select count(*) from users\" returns 1").unwrap();
        assert_eq!((query.file, query.sql.as_str()), (Template::new("x.db"), "select count(*) from users"));
        assert_eq!(rows, Rows::Value(Predicate::Equals(json!(1))));
        let (query, rows) = queried(
            "the query \"select a from t\" on the database \"{scratch}/deep/x.db\" returns at least 2 rows",
        )
        .unwrap();
        assert_eq!(
            (query.file, rows),
            (Template::new("deep/x.db"), Rows::Count(Count { min: 2, max: None }))
        );
        let (_, rows) = queried("the database \"x.db\" query \"select a from t\" returns no rows").unwrap();
        assert_eq!(rows, Rows::Count(Count::exactly(0)));
        let (_, rows) = queried(
            "the database \"x.db\" query \"select a, b from t\" returns these rows:\n| 1 | ann |\n| 2 | NULL |",
        )
        .unwrap();
        assert!(matches!(rows, Rows::Are(rows) if rows.len() == 2 && rows[1][1].source() == "NULL"));
    }

    #[test]
    fn what_cannot_be_asked_or_cannot_fail_is_refused() {
        for (sentence, why) in [
            ("the database \"x.db\" query \"select 1\" returns 1", "cannot fail"),
            ("the database \"x.db\" query \"drop table t\" returns 1", "only one SELECT"),
            ("the database \"x.db\" query \"select a from t\" returns at least 0 rows", "cannot fail"),
            ("the database \"../x.db\" query \"select a from t\" returns 1", "scratch folder"),
            ("the database \"/x.db\" query \"select a from t\" returns 1", "scratch folder"),
            ("the database \"x.db\" query \"select a from t where b = {who}\" returns 1", "remembered"),
            ("the database \"x.db\" query \"select a from t where b = 'x{port}'\" returns 1", "|| {port} ||"),
        ] {
            let error = queried(sentence).unwrap_err();
            assert!(error.contains(why), "{sentence}: {error}");
        }
        let seed = |sql: &str| {
            plan(&format!(
                "Given the database \"x.db\" is seeded by:\n\"\"\"\n{sql}\n\"\"\"\nWhen I run `x`\nThen the exit code is 0"
            ))
        };
        assert_eq!(
            seed("create table t (a);").unwrap()[0],
            Action::Seed { file: Template::new("x.db"), script: Template::new("create table t (a);") }
        );
        assert!(seed("attach 'y.db' as y").is_err() && seed("create tabel t").is_err());
        let late = "When I run `x`\nAnd the database \"x.db\" is seeded by \"create table t (a)\"\nThen the exit code is 0";
        assert!(plan(late).is_err(), "only before anything is done");
    }
}
