//! What is wrong with a TOML file, in words that help: the message without its picture, the place, and for an unknown
//! key or value the known one that is nearest.

use std::ops::Range;

/// A TOML error, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TomlProblem {
    /// Bytes of the file that it is about; empty at 0 where the parser does not say.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub help: Option<String>,
}

/// Takes an error of the `toml` crate apart.
pub fn explain(error: &toml::de::Error) -> TomlProblem {
    let message = error.message().to_owned();
    TomlProblem { span: error.span().unwrap_or(0..0), help: suggestion(&message), message }
}

/// serde's messages read ``unknown field `stge`, expected one of `stage`, `name` ``: the first quoted word was found,
/// the others were possible.
fn suggestion(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let found = quoted.next()?;
    let known: Vec<&str> = quoted.collect();
    nearest(found, known.iter().copied()).map(|near| format!("did you mean `{near}`?"))
}

/// The known word nearest to `found`, if one is near enough to be a slip.
pub fn nearest<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|word| (strsim::damerau_levenshtein(&found.to_lowercase(), &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= 1 + word.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Table {
        #[expect(dead_code, reason = "only its name matters")]
        command: Option<String>,
        #[expect(dead_code, reason = "only its name matters")]
        ready: Option<String>,
    }

    #[test]
    fn an_unknown_key_suggests_the_nearest_known_one() {
        let source = "ready = '/'\ncomand = 'x'\n";
        let problem = explain(&toml::from_str::<Table>(source).unwrap_err());
        assert_eq!(problem.help.as_deref(), Some("did you mean `command`?"));
        assert_eq!(&source[problem.span], "comand");
    }

    #[test]
    fn a_word_unlike_any_other_suggests_nothing() {
        let problem = explain(&toml::from_str::<Table>("zzz = 1").unwrap_err());
        assert_eq!(problem.help, None);
    }
}
