//! Reading a TOML file, with errors that name file, line, column and the key that was probably meant.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use factory_core::toml_problem;
use serde::de::DeserializeOwned;

use crate::error::CliError;

/// Reads a file that may be absent.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, CliError> {
    let source = match fs::read_to_string(path) {
        Ok(source) => source,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(CliError::usage(format!("{} cannot be read", path.display())).because(&error));
        }
    };
    parse(&source, &path.display().to_string()).map(Some)
}

/// Reads TOML text; `name` is what errors call it.
pub(crate) fn parse<T: DeserializeOwned>(source: &str, name: &str) -> Result<T, CliError> {
    toml::from_str(source).map_err(|error| {
        let problem = toml_problem::explain(&error);
        let place = factory_spec::position(source, problem.span.start);
        let line = source.lines().nth(place.line.saturating_sub(1)).unwrap_or_default();
        let message =
            format!("{name}:{}:{}: {}\n    | {line}", place.line, place.column, problem.message.trim_end());
        let error = CliError::usage(message);
        match problem.help {
            Some(help) => error.hint(help),
            None => error,
        }
    })
}

/// Refuses a file whose format is not known.
pub(crate) fn check_schema(found: u32, name: &str) -> Result<(), CliError> {
    if found == 1 {
        Ok(())
    } else {
        Err(CliError::usage(format!("{name} has format {found}; this factory reads format 1"))
            .hint("use the version of factory that the project asks for"))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Table {
        #[expect(dead_code, reason = "only its name matters")]
        command: Option<String>,
    }

    #[test]
    fn an_error_names_file_line_column_and_what_was_meant() {
        let error = parse::<Table>("\ncomand = 'x'\n", "factory.toml").unwrap_err().to_string();
        assert!(error.contains("factory.toml:2:1: unknown field `comand`"), "{error}");
        assert!(error.contains("did you mean `command`?"), "{error}");
    }
}
