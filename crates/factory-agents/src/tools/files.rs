//! `list` and `read`: look at the project without changing it.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use factory_engine::port::model::ToolSpec;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use walkdir::WalkDir;

use super::{Tool, ToolError, confine};
use crate::text;

/// How many files are listed at once.
const LISTED: usize = 500;
/// How many lines are read unless asked otherwise.
const LINES: usize = 400;

/// Lists files beneath a folder.
pub(crate) struct List<'a> {
    pub(crate) project: &'a Path,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListArguments {
    /// A folder; the whole project if left out.
    #[serde(default)]
    path: Option<String>,
}

#[async_trait]
impl Tool for List<'_> {
    fn spec(&self) -> ToolSpec {
        super::spec::<ListArguments>("list", "Lists the files of a folder and of those in it.")
    }

    async fn call(&self, arguments: Value, _time: Duration) -> Result<String, ToolError> {
        let arguments: ListArguments = super::arguments(arguments)?;
        let named = arguments.path.as_deref().filter(|path| !path.is_empty()).unwrap_or(".");
        let root = confine::beneath(self.project, ".")?;
        let folder = confine::beneath(self.project, named)?;
        let entries = WalkDir::new(&folder)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git");
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| ToolError::Refused(format!("`{named}`: {error}")))?;
            if !entry.file_type().is_dir() {
                let path = entry.path().strip_prefix(&root).expect("the walk stays beneath its start");
                files.push(path.display().to_string());
            }
        }
        let more = files.len().saturating_sub(LISTED);
        files.truncate(LISTED);
        if more > 0 {
            files.push(format!("[{more} more files; list a folder to see its own]"));
        }
        if files.is_empty() {
            files.push("[no files]".to_owned());
        }
        Ok(files.join("\n"))
    }
}

/// Reads files beneath a folder.
pub(crate) struct Read<'a> {
    pub(crate) project: &'a Path,
    /// How much is shown at once, in bytes.
    pub(crate) output_bytes: usize,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReadArguments {
    /// The file.
    path: String,
    /// The first line to show, counted from 1; 1 if left out.
    #[serde(default)]
    from_line: Option<usize>,
    /// How many lines to show; 400 if left out.
    #[serde(default)]
    lines: Option<usize>,
}

#[async_trait]
impl Tool for Read<'_> {
    fn spec(&self) -> ToolSpec {
        super::spec::<ReadArguments>("read", "Shows lines of a text file, each with its number.")
    }

    async fn call(&self, arguments: Value, _time: Duration) -> Result<String, ToolError> {
        let arguments: ReadArguments = super::arguments(arguments)?;
        let path = confine::beneath(self.project, &arguments.path)?;
        let content = content(&path, &arguments.path)?;
        let all = content.lines().count();
        let first = arguments.from_line.unwrap_or(1).max(1);
        if first > all {
            return Ok(format!("[the file has {all} lines]"));
        }
        let wanted = arguments.lines.unwrap_or(LINES).max(1);
        let mut shown = String::new();
        let mut last = first - 1;
        for (index, line) in content.lines().enumerate().skip(first - 1).take(wanted) {
            if !shown.is_empty() && shown.len() + line.len() > self.output_bytes {
                break;
            }
            last = index + 1;
            // A single line may be longer than all that is shown.
            writeln!(shown, "{last:>5}  {}", text::head(line, self.output_bytes))
                .expect("writing to a String cannot fail");
        }
        if last < all {
            write!(shown, "[the file has {all} lines; go on from line {}]", last + 1)
                .expect("writing to a String cannot fail");
        }
        Ok(shown)
    }
}

/// The content of a text file.
pub(super) fn content(path: &Path, named: &str) -> Result<String, ToolError> {
    let metadata = fs::metadata(path).map_err(|error| confine::refuse(named, &error))?;
    if !metadata.is_file() {
        return Err(ToolError::Refused(format!("`{named}` is not a file")));
    }
    let bytes = fs::read(path).map_err(|error| confine::refuse(named, &error))?;
    String::from_utf8(bytes).map_err(|_| ToolError::Refused(format!("`{named}` is not a text file")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use serde_json::json;

    use super::*;
    use crate::tools::tests::{checkout, said};

    #[tokio::test]
    async fn files_are_listed_in_order_without_git() {
        let (_folder, checkout) = checkout();
        let project = &checkout.project;
        for file in [".git/config", "b/x.py", "a.py", "b/a/y.py"] {
            fs::create_dir_all(project.join(file).parent().unwrap()).unwrap();
            fs::write(project.join(file), "").unwrap();
        }
        let list = List { project };
        assert_eq!(said(list.call(json!({}), Duration::MAX).await), "a.py\nb/a/y.py\nb/x.py");
        assert_eq!(said(list.call(json!({ "path": "b/a" }), Duration::MAX).await), "b/a/y.py");
        assert!(said(list.call(json!({ "path": ".git" }), Duration::MAX).await).contains("belongs to git"));
        assert!(said(list.call(json!({ "path": "../" }), Duration::MAX).await).contains("not beneath"));
        assert!(said(list.call(json!({ "where": "b" }), Duration::MAX).await).contains("do not fit"));
    }

    #[tokio::test]
    async fn a_long_list_says_how_much_is_missing() {
        let (_folder, checkout) = checkout();
        for number in 0..LISTED + 3 {
            fs::write(checkout.project.join(format!("{number:04}")), "").unwrap();
        }
        let listed = said(List { project: &checkout.project }.call(json!({}), Duration::MAX).await);
        assert!(listed.ends_with("[3 more files; list a folder to see its own]"));
    }

    #[tokio::test]
    async fn lines_are_numbered_and_the_rest_is_named() {
        let (_folder, checkout) = checkout();
        let project = &checkout.project;
        fs::write(project.join("a"), "one\ntwo\nthree\nfour\n").unwrap();
        let read = Read { project, output_bytes: 1000 };
        let shown = said(read.call(json!({ "path": "a", "from_line": 2, "lines": 2 }), Duration::MAX).await);
        assert_eq!(shown, "    2  two\n    3  three\n[the file has 4 lines; go on from line 4]");
        assert_eq!(
            said(read.call(json!({ "path": "a", "from_line": 9 }), Duration::MAX).await),
            "[the file has 4 lines]"
        );
        let tight = Read { project, output_bytes: 12 };
        let shown = said(tight.call(json!({ "path": "a" }), Duration::MAX).await);
        assert_eq!(shown, "    1  one\n[the file has 4 lines; go on from line 2]");
    }

    #[tokio::test]
    async fn what_is_outside_or_no_text_is_not_read() {
        let (folder, checkout) = checkout();
        let project = &checkout.project;
        fs::write(folder.path().join("secret"), "s3cret").unwrap();
        fs::write(project.join("binary"), [0xff, 0xfe]).unwrap();
        symlink(folder.path().join("secret"), project.join("link")).unwrap();
        let absolute = folder.path().join("secret").display().to_string();
        let read = Read { project, output_bytes: 1000 };
        for path in ["../secret", "link", &absolute, "binary", ".", "none"] {
            let shown = said(read.call(json!({ "path": path }), Duration::MAX).await);
            assert!(shown.starts_with("refused") && !shown.contains("s3cret"), "{path}: {shown}");
        }
    }
}
