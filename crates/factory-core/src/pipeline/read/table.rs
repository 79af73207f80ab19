//! Typed access to the tables of a TOML file. Whatever is wrong with a table is said, and reading goes on with what is
//! left of it, so that one slip hides no other.

use std::fmt;
use std::ops::Range;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, IntoDeserializer};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::Diagnostic;
use crate::pipeline::plain;
use crate::toml_problem;

/// What a file says under a key.
#[derive(Debug, Clone, Default)]
pub(in crate::pipeline) enum Said<T> {
    /// Nothing.
    #[default]
    Nothing,
    /// Something that cannot be read. That has been reported, and whatever would follow from it is not.
    Unreadable,
    /// This.
    This(Spanned<T>),
}

impl<T> Said<T> {
    /// What is said, if it can be read, with its place.
    pub(in crate::pipeline) fn this(&self) -> Option<&Spanned<T>> {
        match self {
            Said::This(value) => Some(value),
            Said::Nothing | Said::Unreadable => None,
        }
    }

    /// What is said, if it can be read.
    pub(in crate::pipeline) fn value(&self) -> Option<&T> {
        self.this().map(Spanned::get_ref)
    }

    /// What is said, or the default where nothing is. `None` where nobody can know.
    pub(in crate::pipeline) fn or(&self, default: T) -> Option<T>
    where
        T: Clone,
    {
        match self {
            Said::Nothing => Some(default),
            Said::Unreadable => None,
            Said::This(value) => Some(value.get_ref().clone()),
        }
    }

    pub(in crate::pipeline) fn is_nothing(&self) -> bool {
        matches!(self, Said::Nothing)
    }

    pub(in crate::pipeline) fn is_unreadable(&self) -> bool {
        matches!(self, Said::Unreadable)
    }
}

/// A value that has no table or list in it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pipeline) enum Plain {
    Number(i64),
    Flag(bool),
    Text(String),
    /// A fraction, a date, a number beyond all bounds.
    Other,
}

/// A table, by what it is about.
pub(super) struct Table<'t> {
    /// Such as `a stage`.
    what: &'static str,
    /// Its header, or all of it where it stands in braces.
    pub(super) span: Range<usize>,
    keys: &'t DeTable<'t>,
}

impl<'t> Table<'t> {
    /// All keys, in the order of the file.
    pub(super) fn entries(&self) -> Vec<(Spanned<String>, &'t Spanned<DeValue<'t>>)> {
        let own = |key: &Spanned<DeString<'_>>| Spanned::new(key.span(), key.get_ref().to_string());
        let mut entries: Vec<_> = self.keys.iter().map(|(key, value)| (own(key), value)).collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }
}

/// Reads tables and keeps what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Reader {
    pub(super) fn say(&mut self, span: Range<usize>, message: String, help: Option<String>) {
        self.diagnostics.push(Diagnostic::new(span, message, help));
    }

    /// A table that may have only these keys.
    pub(super) fn closed<'t>(
        &mut self,
        what: &'static str,
        span: Range<usize>,
        keys: &'t DeTable<'t>,
        known: &[&str],
    ) -> Table<'t> {
        let table = self.open(what, span, keys);
        for (key, _) in table.entries().iter().filter(|(key, _)| !known.contains(&key.get_ref().as_str())) {
            let help = match toml_problem::nearest(key.get_ref(), known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", list(known, "and")),
            };
            self.say(key.span(), format!("{what} has no key `{}`", shown(key.get_ref())), Some(help));
        }
        table
    }

    /// A table that may have any keys.
    pub(super) fn open<'t>(
        &mut self,
        what: &'static str,
        span: Range<usize>,
        keys: &'t DeTable<'t>,
    ) -> Table<'t> {
        Table { what, span, keys }
    }

    /// What cannot be done without.
    pub(super) fn must<T>(&mut self, table: &Table<'_>, key: &str, said: Said<T>) -> Said<T> {
        if said.is_nothing() {
            self.say(table.span.clone(), format!("{} needs `{key}`", table.what), None);
        }
        said
    }

    pub(super) fn text(&mut self, table: &Table<'_>, key: &str) -> Said<String> {
        self.scalar(table, key, "a text", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn flag(&mut self, table: &Table<'_>, key: &str) -> Said<bool> {
        self.scalar(table, key, "`true` or `false`", |value| value.as_bool())
    }

    pub(super) fn number(&mut self, table: &Table<'_>, key: &str) -> Said<i64> {
        self.scalar(table, key, "a whole number", whole)
    }

    pub(super) fn amount(&mut self, table: &Table<'_>, key: &str) -> Said<f64> {
        #[expect(clippy::cast_precision_loss, reason = "more dollars than 2^53 are refused later")]
        self.scalar(table, key, "a number", |value| match value {
            DeValue::Float(float) => float.as_str().parse().ok(),
            other => whole(other).map(|n| n as f64),
        })
    }

    /// A value of any plain type.
    pub(super) fn plain(&mut self, table: &Table<'_>, key: &str) -> Said<Plain> {
        self.scalar(table, key, "a plain value", |value| match value {
            DeValue::String(text) => Some(Plain::Text(text.to_string())),
            DeValue::Integer(_) => Some(whole(value).map_or(Plain::Other, Plain::Number)),
            DeValue::Boolean(flag) => Some(Plain::Flag(*flag)),
            DeValue::Float(_) | DeValue::Datetime(_) => Some(Plain::Other),
            DeValue::Array(_) | DeValue::Table(_) => None,
        })
    }

    /// One of a closed set of words, which serde alone knows.
    pub(super) fn word<T: DeserializeOwned>(&mut self, table: &Table<'_>, key: &str) -> Said<T> {
        match self.text(table, key) {
            Said::Nothing => Said::Nothing,
            Said::Unreadable => Said::Unreadable,
            Said::This(text) => match word(text.get_ref()) {
                Ok(word) => Said::This(Spanned::new(text.span(), word)),
                Err(known) => {
                    self.not_a_word(&format!("`{key}`"), &text, known);
                    Said::Unreadable
                }
            },
        }
    }

    pub(super) fn not_a_word(&mut self, what: &str, found: &Spanned<String>, known: &[&str]) {
        let help = toml_problem::nearest(found.get_ref(), known.iter().copied())
            .map(|near| format!("did you mean `{near}`?"));
        let message = format!("{what} is {}, not `{}`", list(known, "or"), shown(found.get_ref()));
        self.say(found.span(), message, help);
    }

    /// A list of texts. It is unreadable if any of them is.
    pub(super) fn texts(&mut self, table: &Table<'_>, key: &str) -> Said<Vec<Spanned<String>>> {
        let Some(value) = table.keys.get(key) else { return Said::Nothing };
        let Some(items) = value.get_ref().as_array() else {
            let help = value.get_ref().as_str().map(|text| format!("write `[\"{}\"]`", shown(text)));
            let message = format!("`{key}` is a list of texts, not {}", kind(value.get_ref()));
            self.say(value.span(), message, help);
            return Said::Unreadable;
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(text) => texts.push(Spanned::new(item.span(), text.to_owned())),
                None => {
                    let found = kind(item.get_ref());
                    self.say(item.span(), format!("`{key}` is a list of texts, and this is {found}"), None);
                }
            }
        }
        if texts.len() == items.len() {
            Said::This(Spanned::new(value.span(), texts))
        } else {
            Said::Unreadable
        }
    }

    /// A list of tables that may have only these keys; `form` is how one writes them. Those that are no tables are left
    /// out, and then it is unreadable.
    pub(super) fn tables<'t>(
        &mut self,
        table: &Table<'t>,
        key: &str,
        form: &str,
        what: &'static str,
        known: &[&str],
    ) -> (Vec<Table<'t>>, bool) {
        let Some(value) = table.keys.get(key) else { return (Vec::new(), true) };
        let help = Some(format!("write `{form}`"));
        let Some(items) = value.get_ref().as_array() else {
            let found = kind(value.get_ref());
            self.say(value.span(), format!("`{key}` is a list of tables, not {found}"), help);
            return (Vec::new(), false);
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(keys) => tables.push(self.closed(what, item.span(), keys, known)),
                None => {
                    let found = kind(item.get_ref());
                    let message = format!("`{key}` is a list of tables, and this is {found}");
                    self.say(item.span(), message, help.clone());
                }
            }
        }
        let whole = tables.len() == items.len();
        (tables, whole)
    }

    /// A table in the table, and whether it could be read.
    pub(super) fn inner<'t>(
        &mut self,
        table: &Table<'t>,
        key: &str,
    ) -> (Option<&'t Spanned<DeValue<'t>>>, bool) {
        match table.keys.get(key) {
            None => (None, true),
            Some(value) if value.get_ref().is_table() => (Some(value), true),
            Some(value) => {
                let found = kind(value.get_ref());
                self.say(value.span(), format!("`{key}` is a table, not {found}"), None);
                (None, false)
            }
        }
    }

    fn scalar<T>(
        &mut self,
        table: &Table<'_>,
        key: &str,
        expected: &str,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Said<T> {
        let Some(value) = table.keys.get(key) else { return Said::Nothing };
        if let Some(found) = read(value.get_ref()) {
            return Said::This(Spanned::new(value.span(), found));
        }
        let found = kind(value.get_ref());
        // Only a whole number can be of the right kind and unreadable: one beyond 64 bits.
        let message = if found == expected {
            format!("`{key}` is a number beyond all bounds")
        } else {
            format!("`{key}` is {expected}, not {found}")
        };
        self.say(value.span(), message, None);
        Said::Unreadable
    }
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Names in backticks, with commas and this word before the last.
pub(in crate::pipeline) fn list(names: &[&str], last: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

/// A text as a message quotes it: on one line, and not endless.
pub(in crate::pipeline) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = plain::one_line(&text.chars().take(LONGEST).collect::<String>());
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// The value that serde calls by this word, or the words that there are.
pub(in crate::pipeline) fn word<T: DeserializeOwned>(text: &str) -> Result<T, &'static [&'static str]> {
    let deserializer: StrDeserializer<'_, NotAWord> = text.into_deserializer();
    T::deserialize(deserializer).map_err(|NotAWord(known)| known)
}

/// serde's error about a word, with the words that it knows.
#[derive(Debug)]
struct NotAWord(&'static [&'static str]);

impl fmt::Display for NotAWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not one of the known words")
    }
}

impl std::error::Error for NotAWord {}

impl de::Error for NotAWord {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(expected)
    }
}
