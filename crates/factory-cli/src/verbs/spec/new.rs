//! `factory spec new`: a short specification that passes, to be changed into what is wanted.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use super::rules::Rules;
use crate::args::spec::NewArgs;
use crate::config::place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;

const FEATURE: &str = include_str!("../../../templates/spec-feature.md");
const BUG: &str = include_str!("../../../templates/spec-bug.md");

pub(super) fn new(args: &NewArgs) -> Result<Exit, CliError> {
    let title = args.title.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.is_empty() || title.chars().any(|c| matches!(c, '<' | '>' | '`') || c.is_control()) {
        return Err(CliError::usage("the title of a specification is some plain words")
            .hint("factory spec new \"Orders can be cancelled\""));
    }
    let (kind, template) = if args.bug { ("bug", BUG) } else { ("feature", FEATURE) };
    let file = folder(args)?.join(format!("{kind}-{}.md", factory_spec::slug(&title)));
    let text = template.replace("%title%", &title);
    write(&file, &text)?;
    output::line(&file.display().to_string());
    output::note_line("it passes as it is: change each part, then `factory spec lint` it");
    Ok(Exit::Clean)
}

fn folder(args: &NewArgs) -> Result<PathBuf, CliError> {
    if let Some(dir) = &args.dir {
        return Ok(dir.clone());
    }
    let here = place::current_dir()?;
    let project = Rules::find(&here)?.project.filter(|project| *project != here);
    Ok(project.map_or_else(|| PathBuf::from("specs"), |project| project.join("specs")))
}

/// Writes a file that is not there yet, with its folder.
pub(super) fn write(file: &std::path::Path, text: &str) -> Result<(), CliError> {
    let failed = |error: &std::io::Error| {
        CliError::usage(format!("{} cannot be written", file.display())).because(error)
    };
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    let mut opened = OpenOptions::new().write(true).create_new(true).open(file).map_err(|error| {
        let refused = failed(&error);
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            refused
                .hint("nothing that is there is overwritten; choose another title or folder, or move it away")
        } else {
            refused
        }
    })?;
    opened.write_all(text.as_bytes()).map_err(|error| failed(&error))
}
