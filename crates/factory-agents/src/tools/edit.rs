//! `edit`: replaces one passage of a file, or makes a file.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use factory_engine::port::model::ToolSpec;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Tool, ToolError, confine};

/// Edits files beneath a folder.
pub(crate) struct Edit<'a> {
    pub(crate) project: &'a Path,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// The file.
    path: String,
    /// The passage as it is, with its white space; empty to make a new file.
    old: String,
    /// What takes its place.
    new: String,
}

#[async_trait]
impl Tool for Edit<'_> {
    fn spec(&self) -> ToolSpec {
        super::spec::<Arguments>(
            "edit",
            "Replaces a passage that occurs exactly once in a file. With an empty `old`, makes a new file, and its folders.",
        )
    }

    async fn call(&self, arguments: Value, _time: Duration) -> Result<String, ToolError> {
        let Arguments { path: named, old, new } = super::arguments(arguments)?;
        let path = confine::beneath(self.project, &named)?;
        if old.is_empty() { create(&path, &named, &new) } else { replace(&path, &named, &old, &new) }
    }
}

fn create(path: &Path, named: &str, content: &str) -> Result<String, ToolError> {
    if path.exists() {
        return Err(ToolError::Refused(format!(
            "`{named}` exists already; name the passage to be replaced in `old`"
        )));
    }
    let make = || {
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        OpenOptions::new().write(true).create_new(true).open(path)?.write_all(content.as_bytes())
    };
    make().map_err(|error| confine::refuse(named, &error))?;
    Ok(format!("Made {named}."))
}

fn replace(path: &Path, named: &str, old: &str, new: &str) -> Result<String, ToolError> {
    let content = super::files::content(path, named)?;
    let refused = |reason: String| Err(ToolError::Refused(reason));
    match content.matches(old).count() {
        1 => {}
        0 => return refused(format!("`old` does not occur in `{named}`; it must match to the letter")),
        count => {
            return refused(format!(
                "`old` occurs {count} times in `{named}`; give more of what is around it"
            ));
        }
    }
    fs::write(path, content.replacen(old, new, 1)).map_err(|error| confine::refuse(named, &error))?;
    Ok(format!("Edited {named}."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use serde_json::json;

    use super::*;
    use crate::tools::tests::{checkout, said};

    async fn edit(project: &Path, path: &str, old: &str, new: &str) -> String {
        said(Edit { project }.call(json!({ "path": path, "old": old, "new": new }), Duration::MAX).await)
    }

    #[tokio::test]
    async fn one_passage_is_replaced() {
        let (_folder, checkout) = checkout();
        let project = &checkout.project;
        assert_eq!(edit(project, "a/b.txt", "", "one two two").await, "Made a/b.txt.");
        assert_eq!(edit(project, "a/b.txt", "one", "1").await, "Edited a/b.txt.");
        assert!(edit(project, "a/b.txt", "two", "2").await.contains("2 times"));
        assert!(edit(project, "a/b.txt", "three", "3").await.contains("does not occur"));
        assert!(edit(project, "a/b.txt", "", "x").await.contains("exists already"));
        assert!(edit(project, "none.txt", "x", "y").await.contains("does not exist"));
        assert!(edit(project, "a", "x", "y").await.contains("not a file"));
        assert_eq!(fs::read_to_string(project.join("a/b.txt")).unwrap(), "1 two two");
    }

    #[tokio::test]
    async fn nothing_outside_is_written() {
        let (folder, checkout) = checkout();
        let project = &checkout.project;
        fs::write(folder.path().join("secret"), "s").unwrap();
        symlink(folder.path().join("secret"), project.join("link")).unwrap();
        symlink(folder.path().join("made"), project.join("dangling")).unwrap();
        let absolute = folder.path().join("made").display().to_string();
        for (path, old) in
            [("link", "s"), ("dangling", ""), ("../made", ""), (&absolute, ""), (".git/hooks/x", "")]
        {
            edit(project, path, old, "changed").await;
        }
        assert_eq!(fs::read_to_string(folder.path().join("secret")).unwrap(), "s");
        assert!(!folder.path().join("made").exists());
        assert!(!project.join(".git/hooks").exists());
    }
}
