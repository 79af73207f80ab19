//! All that came out of an attack, and the search of it for canaries.

use std::fs;
use std::path::Path;

use crate::canary::Canary;

/// What every attack says before it does anything: without it, that nothing came of it would say nothing.
pub(crate) const BEGINS: &str = "the attack begins";
/// What an attack says if the machine has nothing of the kind.
const ABSENT: &str = "this machine has no ";
/// The largest part of one file that is looked through.
const LOOKED_AT: u64 = 4 << 20;

/// All that came out of an attack.
#[derive(Default)]
pub(crate) struct Carried {
    pieces: Vec<(String, Vec<u8>)>,
}

impl Carried {
    pub(crate) fn add(&mut self, name: &str, bytes: Vec<u8>) {
        self.pieces.push((name.to_owned(), bytes));
    }

    /// All below a folder: names, contents, and where links lead. No link is followed.
    pub(crate) fn files(&mut self, folder: &Path) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            self.add("a name", path.to_string_lossy().into_owned().into_bytes());
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                self.files(&path);
            } else if kind.is_symlink() {
                let target = fs::read_link(&path).unwrap_or_default();
                self.add("a link", target.to_string_lossy().into_owned().into_bytes());
            } else if kind.is_file() && entry.metadata().is_ok_and(|about| about.len() < LOOKED_AT) {
                self.add(&format!("the file {}", path.display()), fs::read(&path).unwrap_or_default());
            }
        }
    }

    pub(crate) fn find(&self, canaries: &[&Canary]) -> Option<String> {
        self.pieces.iter().find_map(|(name, bytes)| {
            let form = canaries.iter().find_map(|canary| canary.find(bytes))?;
            Some(format!("the canary, {form}, is in {name}"))
        })
    }

    /// Everything, as far as it is text.
    pub(crate) fn text(&self) -> String {
        self.pieces.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect()
    }

    /// How much it is, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.pieces.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// What the machine lacks that the attack would need.
    pub(crate) fn absent(&self) -> Option<String> {
        self.pieces.iter().find_map(|(_, bytes)| {
            let text = String::from_utf8_lossy(bytes);
            Some(text.split_once(ABSENT)?.1.lines().next().unwrap_or_default().to_owned())
        })
    }

    /// Whether the program of the attack was there and ran.
    pub(crate) fn has_begun(&self) -> bool {
        self.pieces.iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(BEGINS))
    }

    /// The last that it said, for people.
    pub(crate) fn said(&self) -> String {
        let spoken = ["its output", "its errors", "its log"];
        let texts = self.pieces.iter().filter(|(name, _)| spoken.contains(&name.as_str()));
        let texts: Vec<String> = texts
            .map(|(name, bytes)| {
                let text = String::from_utf8_lossy(bytes);
                format!(
                    "{name}: {}",
                    text.trim()
                        .chars()
                        .rev()
                        .take(300)
                        .collect::<Vec<_>>()
                        .into_iter()
                        .rev()
                        .collect::<String>()
                )
            })
            .collect();
        texts.join("; ")
    }
}
