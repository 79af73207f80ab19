//! Phrases that a project defines for itself in `steps.toml`: a pattern and the sentences that it stands for.

use regex::Regex;
use serde::{Deserialize, Serialize};

/// How deep phrases may use phrases.
pub(crate) const MAX_DEPTH: usize = 8;

/// The phrases of a suite.
#[derive(Debug, Clone, Default)]
pub struct Phrases {
    phrases: Vec<Phrase>,
    /// The text that they were read from.
    source: String,
    about: Vec<String>,
    background: String,
}

#[derive(Debug, Clone)]
struct Phrase {
    regex: Regex,
    /// For each group of the expression the names of its parameter.
    groups: Vec<Vec<String>>,
    steps: Vec<String>,
}

/// Why `steps.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PhraseError {
    /// It is not what it should be.
    #[error("`steps.toml` is not a list of `[[step]]` with `pattern` and `steps`")]
    Format(#[from] toml::de::Error),
    /// A pattern has a parameter twice or none of its braces close.
    #[error("step {number} of `steps.toml` has a pattern that cannot be used: {why}")]
    Pattern {
        /// Which one, from 1.
        number: usize,
        /// What is wrong.
        why: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Files that say what the candidate is, for a model that puts sentences in other words; from the folder of this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    about: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    step: Vec<Entry>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    pattern: String,
    steps: Vec<String>,
}

impl Phrases {
    /// Reads the text of a `steps.toml`.
    ///
    /// # Errors
    /// [`PhraseError`].
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let file: File = toml::from_str(text)?;
        let phrases = file
            .step
            .into_iter()
            .enumerate()
            .map(|(at, entry)| {
                let (regex, groups) =
                    compile(&entry.pattern).map_err(|why| PhraseError::Pattern { number: at + 1, why })?;
                Ok(Phrase { regex, groups, steps: entry.steps })
            })
            .collect::<Result<_, PhraseError>>()?;
        Ok(Phrases { phrases, source: text.to_owned(), about: file.about, background: String::new() })
    }

    /// The text of the `steps.toml`; nothing where there is none.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The files that say what the candidate is, as they are written.
    pub fn about(&self) -> &[String] {
        &self.about
    }

    /// What stands in those files.
    pub fn background(&self) -> &str {
        &self.background
    }

    /// The same, where that stands in the files.
    #[must_use]
    pub fn with_background(self, background: String) -> Self {
        Self { background, ..self }
    }

    /// The text of a `steps.toml` in which sentences stand for others, each once and as it is. Nothing where a sentence cannot be
    /// the pattern of a phrase.
    pub fn text_of<'a>(sentences: impl Iterator<Item = (&'a str, &'a [String])>) -> Option<String> {
        let mut step: Vec<Entry> = Vec::new();
        for (sentence, steps) in sentences {
            let entry = Entry { pattern: escaped(sentence), steps: steps.to_vec() };
            if !step.iter().any(|known| known.pattern == entry.pattern) {
                let text = toml::to_string(&File { about: Vec::new(), step: vec![entry.clone()] }).ok()?;
                let phrases = Phrases::parse(&text).ok()?;
                if phrases.expand(sentence).as_ref() != Some(&entry.steps) {
                    return None;
                }
                step.push(entry);
            }
        }
        toml::to_string(&File { about: Vec::new(), step }).ok()
    }

    /// Whether a word is spoken of in the file, or in what it says of the candidate.
    pub(crate) fn mention(&self, word: &str) -> bool {
        !word.is_empty()
            && [&self.source, &self.background].iter().any(|text| super::named::names(text, word))
    }

    /// The sentences that `sentence` stands for, if it is a phrase.
    pub(crate) fn expand(&self, sentence: &str) -> Option<Vec<String>> {
        let sentence = sentence.trim().trim_end_matches(['.', ':']).trim();
        self.phrases.iter().find_map(|phrase| {
            let found = phrase.regex.captures(sentence)?;
            let groups = phrase.groups.iter().enumerate().filter_map(|(at, names)| {
                let value = found.get(at + 1)?.as_str();
                Some(names.iter().map(move |name| (name.as_str(), value)))
            });
            let values: Vec<(&str, &str)> = groups.flatten().collect();
            Some(phrase.steps.iter().map(|step| fill(step, &values)).collect())
        })
    }
}

/// A sentence as a pattern that is matched by it alone.
fn escaped(sentence: &str) -> String {
    let mut pattern = String::with_capacity(sentence.len());
    for character in sentence.chars() {
        if "(){}/\\".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

/// All parameters are filled in one pass, so that a value that looks like a parameter stays as it is.
fn fill(step: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(step.len());
    let mut rest = step;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        rest = &rest[open..];
        let value = rest.find('}').and_then(|close| {
            let (_, value) = values.iter().find(|(name, _)| *name == &rest[1..close])?;
            Some((close, *value))
        });
        match value {
            Some((close, value)) => {
                text.push_str(value);
                rest = &rest[close + 1..];
            }
            None => {
                text.push('{');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

/// What a parameter without a name of its own matches, as in Cucumber expressions.
fn of_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "string" => r#"(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')"#,
        "int" => r"([+-]?\d+)",
        "float" => r"([+-]?\d*\.?\d+)",
        "word" => r"(\S+?)",
        "" => r"(.+?)",
        _ => return None,
    })
}

/// The regular expression of a pattern, and for each of its groups the names of the parameter that it is for.
fn compile(pattern: &str) -> Result<(Regex, Vec<Vec<String>>), String> {
    let mut source = String::from("(?is)^(?:(?:and|but|then|that) )?");
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut count = 0;
    let pattern = pattern.trim().trim_end_matches(['.', ':']);
    if pattern.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut rest = pattern;
    while let Some(open) = parameter(rest) {
        let close = rest[open..].find('}').ok_or("a brace is not closed")? + open;
        let inside = &rest[open + 1..close];
        let (name, kind) = inside.split_once(':').map_or((inside, None), |(name, kind)| (name, Some(kind)));
        let is_quoted = rest[..open].ends_with('"') && rest[close + 1..].starts_with('"');
        let typed = of_type(kind.unwrap_or(name));
        if typed.is_none() && kind.is_some() || typed.is_none() && !super::lex::is_name(name) {
            return Err(format!(
                "`{{{inside}}}` is not a parameter: a name, `string`, `int`, `float`, `word` or nothing, or `name:int`"
            ));
        }
        let is_known = groups.iter().any(|names| names.iter().any(|known| known == name));
        let is_type_only = kind.is_none() && typed.is_some();
        if is_known && !is_type_only {
            return Err(format!("`{{{name}}}` is there twice"));
        }
        count += 1;
        let mut names = vec![count.to_string()];
        if !is_known && !name.is_empty() {
            names.push(name.to_owned());
        }
        literal(&rest[..open], &mut source)?;
        let matches = match typed {
            _ if is_quoted => r#"((?:[^"\\]|\\.)*)"#,
            Some(typed) => typed,
            None => r"(\S+?)",
        };
        source.push_str(matches);
        // Text in either kind of quotes has a group for each.
        let is_either = !is_quoted && kind.unwrap_or(name) == "string";
        groups.extend(std::iter::repeat_n(names, if is_either { 2 } else { 1 }));
        rest = &rest[close + 1..];
    }
    literal(rest, &mut source)?;
    source.push('$');
    let regex = Regex::new(&source).map_err(|error| error.to_string())?;
    Ok((regex, groups))
}

/// Where the next parameter begins: at a brace without a backslash before it.
fn parameter(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '{' => return Some(at),
            '\\' => drop(characters.next()),
            _ => {}
        }
    }
    None
}

/// Adds plain text: `(s)` may be missing, `a/b` is one of the words, a backslash takes the next character as it is, and
/// white space stands for any other.
fn literal(text: &str, source: &mut String) -> Result<(), String> {
    let mut characters = text.chars().peekable();
    let mut space = false;
    let mut optional = false;
    // Where the word began that is being read, and whether it has alternatives.
    let (mut word, mut alternatives) = (source.len(), false);
    while let Some(character) = characters.next() {
        if character.is_whitespace() {
            if !std::mem::replace(&mut space, true) {
                close_word(source, word, &mut alternatives);
                source.push_str(r"\s+");
            }
            word = source.len();
            continue;
        }
        space = false;
        match character {
            '\\' if characters.peek().is_some_and(|next| "(){}/\\".contains(*next)) => {
                source.push_str(&regex::escape(&characters.next().unwrap_or_default().to_string()));
            }
            '(' if !optional => {
                optional = true;
                source.push_str("(?:");
            }
            ')' if optional => {
                optional = false;
                source.push_str(")?");
            }
            '(' | ')' => {
                return Err("its parentheses do not match; write `\\(` for one that is meant".to_owned());
            }
            // Between letters only, so that paths stay paths.
            '/' if !optional
                && source.len() > word
                && characters.peek().is_some_and(|next| next.is_alphabetic())
                && source[word..].chars().all(|each| each.is_alphabetic() || each == '|') =>
            {
                alternatives = true;
                source.push('|');
            }
            _ => source.push_str(&regex::escape(character.encode_utf8(&mut [0; 4]))),
        }
    }
    if optional {
        return Err("its parentheses do not match; write `\\(` for one that is meant".to_owned());
    }
    close_word(source, word, &mut alternatives);
    Ok(())
}

/// Puts a word with alternatives into a group.
fn close_word(source: &mut String, word: usize, alternatives: &mut bool) {
    if std::mem::take(alternatives) {
        source.insert_str(word, "(?:");
        source.push(')');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(text: &str) -> Phrases {
        Phrases::parse(text).unwrap()
    }

    #[test]
    fn fills_parameters_and_leaves_remembered_names() {
        let phrases = phrases(
            r#"
            [[step]]
            pattern = 'a registered user "{email}" with password "{password}"'
            steps = ['POST /register with {"email": "{email}", "password": "{password}", "t": "{token}"}', 'the status is 201']
            "#,
        );
        assert_eq!(
            phrases.expand(r#"A registered  user "{ann}" with password "x \" {email}"."#).unwrap(),
            [
                r#"POST /register with {"email": "{ann}", "password": "x \" {email}", "t": "{token}"}"#,
                "the status is 201"
            ]
        );
        assert!(phrases.expand("a registered user ann").is_none());
    }

    #[test]
    fn cucumber_expressions_are_understood() {
        let phrases = phrases(
            r#"
            [[step]]
            pattern = 'the user/client adds {int} item(s) called {string} to {list:word}'
            steps = ['POST /{list}/items with {"name": "{string}", "count": {1}}']
            [[step]]
            pattern = '{string} equals/is {string} at /a/b \(always\)'
            steps = ['{1} {2}']
            "#,
        );
        let step = [r#"POST /todo/items with {"name": "milk", "count": 3}"#];
        for sentence in [
            r#"the user adds 3 items called "milk" to todo"#,
            r#"the client adds 3 item called 'milk' to todo"#,
        ] {
            assert_eq!(phrases.expand(sentence).unwrap(), step, "{sentence}");
        }
        for sentence in [
            r#"the user/client adds 3 items called "milk" to todo"#,
            r#"the user adds three items called "milk" to todo"#,
            r#"the user adds 3 items called milk to todo"#,
            r#"the user client adds 3 items called "milk" to todo"#,
        ] {
            assert!(phrases.expand(sentence).is_none(), "{sentence}");
        }
        assert_eq!(phrases.expand(r#""a" is 'b c' at /a/b (always)"#).unwrap(), ["a b c"]);
        assert!(phrases.expand(r#""a" is 'b' at /a (always)"#).is_none());
    }

    #[test]
    fn a_sentence_can_be_a_phrase_as_it_stands() {
        let steps = ["GET /a/{id} is sent".to_owned(), r#"the body is {"a": "(b)"}"#.to_owned()];
        let odd = [
            r#"Ann (the first) opens a/b and /c with {"x": "{id}"} or 'y' \ "\"z\"", 100 %."#,
            "she {waits} [a] bit* + ^more$ | or?",
        ];
        for sentence in odd {
            let said = [(sentence, &steps[..]), (sentence, &steps[..])];
            let text = Phrases::text_of(said.into_iter()).unwrap();
            assert_eq!(text.matches("[[step]]").count(), 1, "{text}");
            assert_eq!(phrases(&text).expand(sentence).unwrap(), steps, "{text}");
            assert!(phrases(&text).expand(&sentence.replace('a', "b")).is_none(), "{text}");
        }
        assert_eq!(Phrases::text_of(std::iter::empty()).unwrap(), "");
        assert!(Phrases::text_of([("", &steps[..])].into_iter()).is_none());
    }

    #[test]
    fn refuses_what_it_cannot_use() {
        assert!(Phrases::parse("[[step]]\npattern = 'x'\nstep = []").is_err());
        for pattern in ["", "a {b", "a {b} {b}", "a { b }", "a {b:date}", "a (b", "a b)", "a ((b))"] {
            let text = format!("[[step]]\npattern = '{pattern}'\nsteps = []");
            assert!(
                matches!(Phrases::parse(&text), Err(PhraseError::Pattern { number: 1, .. })),
                "{pattern}"
            );
        }
    }
}
