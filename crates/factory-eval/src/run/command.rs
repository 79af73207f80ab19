//! The shell text of a command: where it runs and what its environment is, and then the line itself.

use std::collections::BTreeMap;
use std::path::Path;

use crate::plan::Command;

/// What the shell is given, and the standard input.
///
/// # Errors
/// A remembered value would be read by the shell as more than a word: whoever made it could have any command run, and
/// decide how this one ends.
pub(crate) fn prepare(
    command: &Command,
    scratch: &Path,
    values: &BTreeMap<String, String>,
) -> Result<(String, Vec<u8>), String> {
    let mut text = String::new();
    if let Some(folder) = &command.folder {
        let folder = scratch.join(folder.fill(values));
        text.push_str(&format!("cd -- {} || exit 126\n", quoted(&folder.display().to_string())));
    }
    for (name, value) in &command.environment {
        match value {
            Some(value) => text.push_str(&format!("export {name}={}\n", quoted(&value.fill(values)))),
            None => text.push_str(&format!("unset {name}\n")),
        }
    }
    for name in command.line.names() {
        if values.get(name).is_some_and(|value| value.contains(is_read_by_the_shell)) {
            return Err(format!(
                "`{{{name}}}` has characters that the shell would read; hand it over in an environment variable or as \
                 standard input"
            ));
        }
    }
    text.push_str(&command.line.fill(values));
    let input = command.input.as_ref().map(|input| input.fill(values).into_bytes()).unwrap_or_default();
    Ok((text, input))
}

/// Whether a character means something to the shell, within quotation marks or outside of them. A space only parts words.
fn is_read_by_the_shell(character: char) -> bool {
    character.is_control() || "\"'`$\\;&|<>(){}[]*?~#!".contains(character)
}

/// One word of a shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Template;

    #[test]
    fn a_value_cannot_end_the_command_that_it_is_used_in() {
        let scratch = tempfile::tempdir().unwrap();
        let command = Command::new(Template::new("grep '{word}' notes"));
        let with = |value: &str| {
            let values = BTreeMap::from([("word".to_owned(), value.to_owned())]);
            prepare(&command, scratch.path(), &values)
        };
        assert_eq!(with("two words_1.5-x@y/z").unwrap().0, "grep 'two words_1.5-x@y/z' notes");
        for value in
            ["'; exit 0; '", "$(exit 0)", "`id`", "a\nexit 0", "a|b", "a&&b", "a>b", "\"", "*", "a\\"]
        {
            assert!(with(value).unwrap_err().starts_with("`{word}` has characters"), "{value}");
        }
    }

    #[test]
    fn no_value_is_read_by_the_shell() {
        let values = BTreeMap::from([("name".to_owned(), "a'; echo 'stolen".to_owned())]);
        let mut command = Command::new(Template::new("printf '%s|' \"$A\" \"${B-none}\"; cat"));
        command.environment =
            vec![("A".to_owned(), Some(Template::new("{name}$(id)"))), ("B".to_owned(), None)];
        command.input = Some(Template::new("{name}"));
        let scratch = tempfile::tempdir().unwrap();
        std::fs::create_dir(scratch.path().join("it's")).unwrap();
        command.folder = Some(Template::new("it's"));
        let (line, input) = prepare(&command, scratch.path(), &values).unwrap();
        assert_eq!(input, b"a'; echo 'stolen");
        let output =
            std::process::Command::new("/bin/sh").args(["-c", &line]).env("B", "x").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "a'; echo 'stolen$(id)|none|");
        command.folder = Some(Template::new("missing"));
        let (line, _) = prepare(&command, scratch.path(), &values).unwrap();
        let output = std::process::Command::new("/bin/sh").args(["-c", &line]).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(126), &b""[..]));
    }
}
