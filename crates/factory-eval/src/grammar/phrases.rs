//! Phrases that a project defines for itself in `steps.toml`: a pattern and the sentences that it stands for.

use regex::Regex;
use serde::Deserialize;

/// How deep phrases may use phrases.
pub(crate) const MAX_DEPTH: usize = 8;

/// The phrases of a suite.
#[derive(Debug, Clone, Default)]
pub struct Phrases {
    phrases: Vec<Phrase>,
}

#[derive(Debug, Clone)]
struct Phrase {
    regex: Regex,
    parameters: Vec<String>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    step: Vec<Entry>,
}

#[derive(Deserialize)]
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
                let (regex, parameters) =
                    compile(&entry.pattern).map_err(|why| PhraseError::Pattern { number: at + 1, why })?;
                Ok(Phrase { regex, parameters, steps: entry.steps })
            })
            .collect::<Result<_, PhraseError>>()?;
        Ok(Phrases { phrases })
    }

    /// The sentences that `sentence` stands for, if it is a phrase.
    pub(crate) fn expand(&self, sentence: &str) -> Option<Vec<String>> {
        let sentence = sentence.trim().trim_end_matches(['.', ':']).trim();
        self.phrases.iter().find_map(|phrase| {
            let found = phrase.regex.captures(sentence)?;
            let values: Vec<(&str, &str)> = phrase
                .parameters
                .iter()
                .enumerate()
                .map(|(at, name)| (name.as_str(), found.get(at + 1).map_or("", |group| group.as_str())))
                .collect();
            Some(phrase.steps.iter().map(|step| fill(step, &values)).collect())
        })
    }
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

fn compile(pattern: &str) -> Result<(Regex, Vec<String>), String> {
    let mut source = String::from("(?is)^(?:(?:and|but|then|that) )?");
    let mut parameters = Vec::new();
    let pattern = pattern.trim().trim_end_matches(['.', ':']);
    if pattern.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').ok_or("a brace is not closed")? + open;
        let name = &rest[open + 1..close];
        if !super::lex::is_name(name) {
            return Err(format!("`{{{name}}}` is not a parameter"));
        }
        if parameters.iter().any(|known| known == name) {
            return Err(format!("`{{{name}}}` is there twice"));
        }
        parameters.push(name.to_owned());
        literal(&rest[..open], &mut source);
        let is_quoted = rest[..open].ends_with('"') && rest[close + 1..].starts_with('"');
        source.push_str(if is_quoted { r#"((?:[^"\\]|\\.)*)"# } else { r"(\S+?)" });
        rest = &rest[close + 1..];
    }
    literal(rest, &mut source);
    source.push('$');
    let regex = Regex::new(&source).map_err(|error| error.to_string())?;
    Ok((regex, parameters))
}

/// Escapes `text`, any white space standing for any other.
fn literal(text: &str, source: &mut String) {
    let mut space = false;
    for character in text.chars() {
        if character.is_whitespace() {
            if !space {
                source.push_str(r"\s+");
            }
            space = true;
        } else {
            space = false;
            source.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
        }
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
    fn refuses_what_it_cannot_use() {
        assert!(Phrases::parse("[[step]]\npattern = 'x'\nstep = []").is_err());
        for pattern in ["", "a {b", "a {b} {b}", "a { b }"] {
            let text = format!("[[step]]\npattern = '{pattern}'\nsteps = []");
            assert!(
                matches!(Phrases::parse(&text), Err(PhraseError::Pattern { number: 1, .. })),
                "{pattern}"
            );
        }
    }
}
