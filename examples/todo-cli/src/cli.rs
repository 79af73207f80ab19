//! The commands: what they take, what they do, what they print.

use std::path::PathBuf;

use crate::clock;
use crate::json;
use crate::store::{Item, Store};

/// Printed for `todo help`, and for `todo` alone.
const USAGE: &str = "\
usage: todo add TEXT
       todo list [--all] [--json]
       todo done ID
       todo rm ID
       todo help
";

/// Why a command failed.
pub struct Error {
    /// 1: it cannot be done; 2: the command line is wrong.
    pub status: u8,
    /// One line.
    pub message: String,
}

/// The command line is wrong.
pub fn usage(message: impl Into<String>) -> Error {
    Error { status: 2, message: message.into() }
}

/// It cannot be done.
pub fn failure(message: impl Into<String>) -> Error {
    Error { status: 1, message: message.into() }
}

/// Does what the arguments say; what is to be printed.
pub fn run(arguments: &[String]) -> Result<String, Error> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.split_first() {
        None | Some((&"help", [])) => Ok(USAGE.to_owned()),
        Some((&"add", rest)) => add(rest),
        Some((&"list", rest)) => list(rest),
        Some((&"done", rest)) => done(rest),
        Some((&"rm", rest)) => remove(rest),
        Some((other, _)) => Err(usage(format!("there is no command `{other}`; `todo help` lists them"))),
    }
}

fn store() -> Result<Store, Error> {
    let path = std::env::var_os("TODO_FILE").map_or_else(|| PathBuf::from("todo.txt"), PathBuf::from);
    Store::open(path).map_err(failure)
}

fn add(words: &[&str]) -> Result<String, Error> {
    let [text] = words else { return Err(usage("`add` takes one text; put it in quotation marks")) };
    let text = text.trim();
    if text.is_empty() {
        return Err(usage("the text is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(usage("the text has to be one line without control characters"));
    }
    let mut store = store()?;
    let id = store.next_id();
    store.items.push(Item { id, done: false, added: clock::now(), text: text.to_owned() });
    store.save().map_err(failure)?;
    Ok(format!("added {id}\n"))
}

fn list(words: &[&str]) -> Result<String, Error> {
    let (mut all, mut as_json) = (false, false);
    for word in words {
        match *word {
            "--all" => all = true,
            "--json" => as_json = true,
            other => return Err(usage(format!("`list` does not know `{other}`"))),
        }
    }
    let store = store()?;
    let items: Vec<&Item> = store.items.iter().filter(|item| all || !item.done).collect();
    Ok(if as_json { json::items(&items) } else { items.into_iter().map(line).collect() })
}

/// An item as `list` shows it.
fn line(item: &Item) -> String {
    let mark = if item.done { "[done] " } else { "" };
    format!("{}. {mark}{}\n", item.id, item.text)
}

fn done(words: &[&str]) -> Result<String, Error> {
    let id = id("done", words)?;
    let mut store = store()?;
    let item = store.open_item(id).ok_or_else(|| failure(format!("there is no open item {id}")))?;
    item.done = true;
    store.save().map_err(failure)?;
    Ok(format!("done {id}\n"))
}

fn remove(words: &[&str]) -> Result<String, Error> {
    let id = id("rm", words)?;
    let mut store = store()?;
    let before = store.items.len();
    store.items.retain(|item| item.id != id);
    if store.items.len() == before {
        return Err(failure(format!("there is no item {id}")));
    }
    store.save().map_err(failure)?;
    Ok(format!("removed {id}\n"))
}

fn id(command: &str, words: &[&str]) -> Result<u32, Error> {
    let [word] = words else { return Err(usage(format!("`{command}` takes one number"))) };
    word.parse().map_err(|_| usage(format!("`{word}` is not the number of an item")))
}
