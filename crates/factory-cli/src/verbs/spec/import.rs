//! `factory spec import`: users of Spec Kit and OpenSpec start with what they have.

use std::fs;
use std::path::{Path, PathBuf};

use factory_spec::import::{self, Imported};

use super::new::write;
use super::rules::Rules;
use crate::args::spec::ImportArgs;
use crate::config::place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;

pub(super) fn import(args: &ImportArgs) -> Result<Exit, CliError> {
    let imported = read(&args.from)?;
    let here = place::current_dir()?;
    let rules = Rules::find(&here)?;
    let folder = args.dir.clone().unwrap_or_else(|| {
        rules.project.clone().filter(|project| *project != here).unwrap_or_default().join("specs")
    });
    let slug = factory_spec::slug(&imported.title);
    let file = folder.join(format!("feature-{slug}.md"));
    let scenarios = args.scenarios.as_ref().map(|folder| folder.join(&slug).join("imported.md"));
    if let Some(target) = scenarios.as_ref().filter(|target| target.exists()) {
        return Err(CliError::usage(format!("{} is there already", target.display()))
            .hint("nothing that is there is overwritten; move it away, or name another folder"));
    }
    write(&file, &imported.specification())?;
    output::line(&format!("{}: {} requirements", file.display(), imported.requirements()));
    match scenarios {
        Some(target) if imported.scenarios() > 0 => {
            write(&target, &imported.scenario_file())?;
            output::line(&format!("{}: {} scenarios", target.display(), imported.scenarios()));
        }
        _ if imported.scenarios() > 0 => output::note_line(&format!(
            "{} scenarios were left where they are; --scenarios DIR, outside of the repository, takes them over",
            imported.scenarios()
        )),
        _ => {}
    }
    output::note_line(&format!("next: factory spec lint {}", file.display()));
    Ok(Exit::Clean)
}

fn read(from: &Path) -> Result<Imported, CliError> {
    let none = || {
        CliError::usage(format!("{} is neither a spec.md of Spec Kit nor of OpenSpec", from.display()))
            .hint("name a spec.md that starts with `# Feature Specification:`, or a folder of openspec/changes or openspec/specs")
    };
    if from.is_dir() {
        let own = from.join("spec.md");
        let proposal = fs::read_to_string(from.join("proposal.md")).unwrap_or_default();
        let mut specifications = Vec::new();
        if own.is_file() {
            let source = text(&own)?;
            if let Some(imported) = import::spec_kit(&source) {
                return Ok(imported);
            }
            specifications.push((name(from), source));
        }
        let mut capabilities: Vec<PathBuf> = fs::read_dir(from.join("specs"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        capabilities.sort();
        for capability in capabilities {
            let file = capability.join("spec.md");
            if file.is_file() {
                specifications.push((name(&capability), text(&file)?));
            }
        }
        return import::open_spec(&name(from), &proposal, &specifications).ok_or_else(none);
    }
    let source = text(from)?;
    let folder =
        from.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| name(from), name);
    import::spec_kit(&source)
        .or_else(|| import::open_spec(&folder, "", &[(folder.clone(), source.clone())]))
        .ok_or_else(none)
}

fn text(file: &Path) -> Result<String, CliError> {
    fs::read_to_string(file)
        .map_err(|error| CliError::usage(format!("{} cannot be read", file.display())).because(&error))
}

fn name(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.file_stem().map_or_else(|| "imported".to_owned(), |name| name.to_string_lossy().into_owned())
}
