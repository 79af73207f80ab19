//! The file: a line that names the format, then a line for each item, in the order of their numbers.
//!
//! `NUMBER TAB STATE TAB ADDED TAB TEXT`, where STATE is `open` or `done` and ADDED is in seconds since 1970. A text has no
//! control characters, so that it cannot hold a tab or a line's end.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// The first line.
const FORMAT: &str = "todo 1";

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number, from 1. Numbers are not used again while a later one is there.
    pub id: u32,
    /// Whether it has been done.
    pub done: bool,
    /// When it was added, in seconds since 1970.
    pub added: i64,
    /// What is to be done.
    pub text: String,
}

/// All items, and the file that they are in.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// In the order of their numbers.
    pub items: Vec<Item>,
}

impl Store {
    /// Reads the file. One that is not there has no items.
    pub fn open(path: PathBuf) -> Result<Self, String> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => format!("{FORMAT}\n"),
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        };
        let mut lines = text.lines();
        if lines.next() != Some(FORMAT) {
            return Err(format!("{} is not a file of this program, or of a later one", path.display()));
        }
        let items: Option<Vec<Item>> = lines.map(parse).collect();
        let items = items.ok_or_else(|| format!("{} is damaged", path.display()))?;
        Ok(Store { path, items })
    }

    /// Writes the file, whole or not at all.
    pub fn save(&self) -> Result<(), String> {
        let lines: String = self.items.iter().map(line).collect();
        let unfinished = self.path.with_extension("new");
        fs::write(&unfinished, format!("{FORMAT}\n{lines}"))
            .and_then(|()| fs::rename(&unfinished, &self.path))
            .map_err(|error| format!("{} cannot be written: {error}", self.path.display()))
    }

    /// The number of the next item.
    pub fn next_id(&self) -> u32 {
        self.items.iter().map(|item| item.id).max().unwrap_or(0) + 1
    }

    /// The item of this number, if it is there and not done.
    pub fn open_item(&mut self, id: u32) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.id == id && !item.done)
    }
}

fn line(item: &Item) -> String {
    let state = if item.done { "done" } else { "open" };
    format!("{}\t{state}\t{}\t{}\n", item.id, item.added, item.text)
}

fn parse(line: &str) -> Option<Item> {
    let mut parts = line.splitn(4, '\t');
    let id = parts.next()?.parse().ok()?;
    let done = match parts.next()? {
        "open" => false,
        "done" => true,
        _ => return None,
    };
    Some(Item { id, done, added: parts.next()?.parse().ok()?, text: parts.next()?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_were_written() {
        let item = Item { id: 7, done: true, added: -3, text: "a\u{a0}b".to_owned() };
        assert_eq!(parse(line(&item).trim_end_matches('\n')), Some(item));
        for damaged in ["", "1", "1\topen\t0", "x\topen\t0\ta", "1\tmaybe\t0\ta", "1\topen\tx\ta"] {
            assert_eq!(parse(damaged), None, "{damaged}");
        }
    }
}
