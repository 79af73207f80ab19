//! How to call this program from the shell that called it, so that a printed command can be copied as it is.

use std::env;
use std::path::Path;

use crate::args::{Answerer, RunSettings};
use crate::config::place::Place;

/// The program with, where need be, the change of directory before it.
pub(crate) fn here(place: &Place) -> String {
    let project = place.project.directory();
    let program = program();
    let inside = env::current_dir().is_ok_and(|cwd| cwd.starts_with(&project));
    if inside { program } else { format!("cd {} && {program}", quoted(&project)) }
}

/// The flags with which a command meets the same model and the same holdouts, each with a space before it. Paths are
/// whole, so that they mean the same elsewhere.
pub(crate) fn flags(settings: &RunSettings) -> String {
    let mut flags = String::new();
    let mut add = |flag: &str, value: &str| flags.push_str(&format!(" {flag} {value}"));
    let whole = |path: &Path| quoted(&std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()));
    if let Some(model) = &settings.model {
        add("--model", &quoted(Path::new(model)));
    }
    if let Some(path) = &settings.replay {
        add("--replay", &whole(path));
    }
    if let Some(path) = &settings.record {
        add("--record", &whole(path));
        match settings.answered_by {
            Answerer::Model => {}
            Answerer::Hand => add("--answered-by", "hand"),
        }
    }
    if let Some(model) = &settings.evaluator_model {
        add("--evaluator-model", &quoted(Path::new(model)));
    }
    if let Some(path) = &settings.holdouts {
        add("--holdouts", &whole(path));
    }
    flags
}

/// `factory` if the shell would find this program under that name, else its path.
fn program() -> String {
    let Ok(exe) = env::current_exe() else {
        return "factory".to_owned();
    };
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|dir| dir.join("factory")).find(|candidate| candidate.is_file());
    let same = found.is_some_and(|found| {
        found.canonicalize().is_ok_and(|found| exe.canonicalize().is_ok_and(|exe| exe == found))
    });
    if same { "factory".to_owned() } else { quoted(&exe) }
}

/// A path as a word for a POSIX shell.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_a_shell_would_split_is_quoted() {
        assert_eq!(quoted(Path::new("/tmp/a-b/c")), "/tmp/a-b/c");
        assert_eq!(quoted(Path::new("/tmp/it's here")), r"'/tmp/it'\''s here'");
    }

    #[test]
    fn a_command_that_goes_on_names_the_same_model_and_holdouts() {
        assert_eq!(flags(&RunSettings::default()), "");
        let settings = RunSettings {
            model: Some("a model".to_owned()),
            record: Some("/tmp/x.jsonl".into()),
            holdouts: Some("/tmp/set aside".into()),
            evaluator_model: Some("another".to_owned()),
            ..RunSettings::default()
        };
        let said =
            " --model 'a model' --record /tmp/x.jsonl --evaluator-model another --holdouts '/tmp/set aside'";
        assert_eq!(flags(&settings), said);
    }
}
