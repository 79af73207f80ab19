//! Sentences about files and folders below the scratch folder: written, removed, and looked at.

use super::context::Context;
use super::lex::Literal;
use super::pattern::{Pattern, Text, literal};
use super::predicate::Said;
use super::subject::Subject;
use crate::plan::{Action, Check, Predicate, Template};
use crate::run::stays_below;

static GIVEN: Pattern = Pattern::new(
    r"(?:(?:there is|I (?:has|create|make|write)|we (?:has|create)|creating) )?~(?P<empty>empty )?(?:text )?file (?:named |called |at )?(?P<path>⟦q\d+⟧)(?:(?: with| containing| that contains| which contains| contains| has)(?: ~)?(?:following |text |body |contents |exactly )*(?P<text>⟦[qh]\d+⟧))?",
);
static WRITE: Pattern = Pattern::new(
    r"(?:I|we|someone|the user) (?:writes?|saves?|puts?) (?:~text )?(?P<text>⟦[qh]\d+⟧) (?:to|into|in) (?:~file )?(?:named |called )?(?P<path>⟦q\d+⟧)",
);
static WRITE_TO: Pattern = Pattern::new(
    r"(?:I|we|someone|the user) (?:writes? to|overwrites?|fills?|replaces?(?: ~contents of)?) (?:~file )?(?:named |called )?(?P<path>⟦q\d+⟧) with (?:~(?:text |body |contents |following )*)?(?P<text>⟦[qh]\d+⟧)",
);
static APPEND: Pattern = Pattern::new(
    r"(?:I|we|someone|the user) (?:appends?|adds?) (?:(?:~(?:text|line) )?(?P<text>⟦[qh]\d+⟧) to (?:~file )?(?:named |called )?(?P<path>⟦q\d+⟧)|to (?:~file )?(?:named |called )?(?P<path_too>⟦q\d+⟧) with (?:~text )?(?P<text_too>⟦[qh]\d+⟧))",
);
static REMOVE: Pattern = Pattern::new(
    r"(?:(?:I|we|someone|the user) (?:removes?|deletes?) ~file (?:named |called )?(?P<path>⟦q\d+⟧)(?: with full force)?|~file (?:named |called )?(?P<other>⟦q\d+⟧) is (?:removed|deleted))",
);
static FOLDER: Pattern = Pattern::new(
    r"(?:(?:there is|I (?:has|create|make)|we (?:has|create)) )?~(?:empty |new )?(?:directory|folder) (?:named |called )?(?P<path>⟦q\d+⟧)",
);
static FOLDER_IS: Pattern = Pattern::new(
    r"(?P<there>there is )?(?P<no>no )?~(?:directory|folder) (?:named |called )?(?P<path>⟦q\d+⟧)(?: is (?P<how>present|missing|created|gone|deleted|removed))?",
);
static THERE_IS: Pattern = Pattern::new(r"there is (?P<no>no )?~file (?:named |called )?(?P<path>⟦q\d+⟧)");
static NO_FILE: Pattern =
    Pattern::new(r"no file (?:named |called )?(?P<path>⟦q\d+⟧) is (?:present|created|written)");
static SUBJECT: Pattern = Pattern::new(
    r"(?:~(?:contents|body) (?:of|in) (?:~(?:text )?file )?(?:named |called )?(?P<path>⟦q\d+⟧)|~(?:text )?file (?:named |called )?{name:word}(?:'s (?:contents|body))?)(?: {rest:any})?",
);
static IS_THERE: Pattern = Pattern::new(r"is (?P<how>present|created|written|missing|gone|deleted|removed)");

static FILES_ARE: Pattern = Pattern::new(
    r"~(?:following )?(?P<kind>files|directories|folders) (?:is (?P<how>present|missing|created|gone)|exist|does not (?P<not>exist))",
);

/// The files or folders in the table under the sentence, one a row.
fn tabled(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let found = FILES_ARE.apply(text)?;
    let how = found.get("how").map(str::to_lowercase);
    let not = found.get("not").is_some() || matches!(how.as_deref(), Some("missing" | "gone"));
    let is_file = found.get("kind")?.eq_ignore_ascii_case("files");
    let Some(table) = context.attached.table.take() else {
        return Some(Err("a table with one path in each row has to follow".to_owned()));
    };
    let check = |row: Vec<String>| {
        let [path] = <[String; 1]>::try_from(row).map_err(|_| "the table needs one column".to_owned())?;
        let path = inside(&path)?;
        Ok(Action::Check(match (is_file, not) {
            (true, true) => Check::File(path, Predicate::Missing),
            (true, false) => Check::File(path, Predicate::Present),
            (false, not) => Check::Folder { path, not },
        }))
    };
    Some(table.into_iter().map(check).collect())
}

/// A sentence that writes, removes or asks for a file or folder.
pub(crate) fn files(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if let Some(said) = tabled(text, context) {
        return Some(said);
    }
    let value = |found: &super::pattern::Found<'_>, hole: &str| found.template(hole, context);
    if context.then {
        return existence(text);
    }
    if let Some(found) = GIVEN.apply(text) {
        let is_empty = found.get("empty").is_some();
        let text = match (value(&found, "text"), is_empty) {
            (Some(text), false) => text,
            (None, true) => Template::new(""),
            (Some(_), true) => return Some(Err("an empty file has no text".to_owned())),
            (None, false) => {
                return Some(Err("say what is in the file: `with \"…\"`, or `an empty file …`".to_owned()));
            }
        };
        return Some(write(&found.word("path")?, text, false));
    }
    if let Some(found) = WRITE.apply(text).or_else(|| WRITE_TO.apply(text)) {
        return Some(write(&found.word("path")?, value(&found, "text")?, false));
    }
    if let Some(found) = APPEND.apply(text) {
        let text = value(&found, "text").or_else(|| value(&found, "text_too"))?;
        let path = found.word("path").or_else(|| found.word("path_too"))?;
        return Some(write(&path, text, true));
    }
    if let Some(found) = REMOVE.apply(text) {
        let path = found.word("path").or_else(|| found.word("other"))?;
        return Some(inside(&path).map(|path| vec![Action::RemoveFile(path)]));
    }
    if let Some(found) = FOLDER.apply(text) {
        return Some(inside(&found.word("path")?).map(|path| vec![Action::MakeFolder(path)]));
    }
    existence(text)
}

fn write(path: &str, text: Template, append: bool) -> Result<Vec<Action>, String> {
    Ok(vec![Action::WriteFile { path: inside(path)?, text, append }])
}

fn existence(text: Text<'_>) -> Said<Vec<Action>> {
    if let Some(found) = THERE_IS.apply(text).or_else(|| NO_FILE.apply(text)) {
        let is_missing = found.get("no").is_some() || text.skeleton.to_lowercase().starts_with("no ");
        let predicate = if is_missing { Predicate::Missing } else { Predicate::Present };
        return Some(
            inside(&found.word("path")?).map(|path| vec![Action::Check(Check::File(path, predicate))]),
        );
    }
    let found = FOLDER_IS.apply(text)?;
    let how = found.get("how").map(str::to_lowercase);
    let gone = matches!(how.as_deref(), Some("missing" | "gone" | "deleted" | "removed"));
    let not = match (found.get("no").is_some(), how.is_some() || found.get("there").is_some()) {
        (true, true) if gone => return None,
        (no, true) => no || gone,
        (_, false) => return None,
    };
    Some(inside(&found.word("path")?).map(|path| vec![Action::Check(Check::Folder { path, not })]))
}

/// A file at the start of `text`, and what is said of it.
pub(crate) fn split<'a>(text: Text<'a>, context: &Context<'_>) -> Said<(Subject, Text<'a>)> {
    let found = SUBJECT.apply(text)?;
    let piece = found.get("path").or_else(|| found.get("name"))?;
    // `the body of "known"` is an answer's.
    if found.get("path").is_some()
        && let Some(Literal::Quoted(name)) = literal(text, piece)
        && context.answers.contains(name)
    {
        return None;
    }
    let path = found.word("path").or_else(|| found.word("name"))?;
    if found.get("path").is_none() && !piece.starts_with('⟦') && !path.contains('.') {
        return None;
    }
    let rest = found.piece("rest").unwrap_or(text.piece(""));
    Some(inside(&path).map(|path| (Subject::File(path), rest)))
}

/// Whether a file is there, in the words for files.
pub(crate) fn is_there(rest: Text<'_>) -> Option<Predicate> {
    let found = IS_THERE.apply(rest)?;
    Some(match found.get("how")?.to_lowercase().as_str() {
        "present" | "created" | "written" => Predicate::Present,
        _ => Predicate::Missing,
    })
}

/// A path that stays below the scratch folder, relative to that.
///
/// # Errors
/// It is absolute, climbs, or names nothing.
pub(crate) fn inside(path: &str) -> Result<Template, String> {
    let relative = path.strip_prefix("{scratch}/").unwrap_or(path);
    if !stays_below(relative) {
        return Err(format!(
            "`{path}` leads out of the scratch folder: a path is relative to that and never goes up"
        ));
    }
    Ok(Template::new(relative))
}
