//! A patch as a unified diff, for people and reviewers. The same patch gives the same text everywhere: no object ids,
//! times or settings get into it.

use std::fmt::Write;

use factory_core::artifact::{Change, FileChange, Patch};
use factory_engine::port::workspace::{Contents, WorkspaceError};
use git2::{DiffOptions, Repository};

use crate::error;
use crate::tree::{Kind, Listing};

/// How many bytes git looks at for a NUL before it takes a file for text.
const LOOKED_AT: usize = 8_000;

const COMPARING: &str = "comparing the patch with the base";

/// The diff of all changes, in the patch's order.
pub(crate) fn diff(
    repository: &Repository,
    base: &Listing,
    patch: &Patch,
    contents: &Contents,
) -> Result<String, WorkspaceError> {
    let mut text = String::new();
    for change in &patch.changes {
        file(repository, base, change, contents, &mut text)?;
    }
    Ok(text)
}

fn file(
    repository: &Repository,
    base: &Listing,
    change: &FileChange,
    contents: &Contents,
    text: &mut String,
) -> Result<(), WorkspaceError> {
    let path = &change.path;
    let known = base.visible.get(path.as_bytes());
    let old = match known {
        Some(entry) => repository.find_blob(entry.blob).map_err(error::git(COMPARING))?.content().to_vec(),
        None => Vec::new(),
    };
    let old_mode = known.map(|entry| match entry.kind {
        Kind::Link => "120000",
        Kind::File { executable } => file_mode(executable),
    });
    let (new, new_mode): (&[u8], _) = match &change.change {
        Change::Deleted => (&[], None),
        Change::Written { content, executable, .. } => {
            let new =
                contents.get(content).ok_or_else(|| error::bad_patch(path.as_bytes(), "has no content"))?;
            (new, Some(file_mode(*executable)))
        }
    };
    let mut head = format!("diff --git a/{path} b/{path}\n");
    match (old_mode, new_mode) {
        (None, Some(new)) => head.push_str(&format!("new file mode {new}\n")),
        (Some(old), None) => head.push_str(&format!("deleted file mode {old}\n")),
        (Some(old), Some(new)) if old != new => head.push_str(&format!("old mode {old}\nnew mode {new}\n")),
        (Some(_), Some(_)) | (None, None) => {}
    }
    text.push_str(&head);
    if old == new {
        return Ok(());
    }
    let old_name = if known.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
    let new_name = if new_mode.is_some() { format!("b/{path}") } else { "/dev/null".to_owned() };
    if is_binary(&old) || is_binary(new) {
        writeln!(
            text,
            "Binary files {old_name} ({} bytes) and {new_name} ({} bytes) differ",
            old.len(),
            new.len()
        )
        .expect("writing to a String cannot fail");
        return Ok(());
    }
    text.push_str(&format!("--- {old_name}\n+++ {new_name}\n"));
    text.push_str(&hunks(&old, new).map_err(error::git(COMPARING))?);
    Ok(())
}

fn hunks(old: &[u8], new: &[u8]) -> Result<String, git2::Error> {
    let mut options = DiffOptions::new();
    options.force_text(true).context_lines(3);
    let patch = git2::Patch::from_buffers(old, None, new, None, Some(&mut options))?;
    let mut bytes = Vec::new();
    for number in 0..patch.num_hunks() {
        let (hunk, lines) = patch.hunk(number)?;
        bytes.extend_from_slice(hunk.header());
        for line in 0..lines {
            let line = patch.line_in_hunk(number, line)?;
            // Other origins mark a missing newline at the end; their content says so.
            if matches!(line.origin(), ' ' | '+' | '-') {
                bytes.push(line.origin() as u8);
            }
            bytes.extend_from_slice(line.content());
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_binary(content: &[u8]) -> bool {
    content.iter().take(LOOKED_AT).any(|byte| *byte == 0)
}

fn file_mode(executable: bool) -> &'static str {
    if executable { "100755" } else { "100644" }
}
