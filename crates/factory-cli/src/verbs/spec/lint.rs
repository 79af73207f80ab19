//! `factory spec lint`: what is wrong with specifications, and what can be mended at once.

use std::fs;
use std::io::{self, IsTerminal};

use factory_spec::Colour;
use factory_spec::lint::{self, Format, Reported, Tier};

use super::rules::Rules;
use super::texts::{self, Text};
use crate::args::spec::{LintArgs, LintFormat};
use crate::config::place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;

pub(super) fn lint(args: &LintArgs) -> Result<Exit, CliError> {
    let rules = Rules::find(&place::current_dir()?)?.with(args)?;
    let mut texts = texts::read(&args.paths, &rules)?;
    if texts.is_empty() {
        output::note_line("there is nothing to look at: no .md, no .feature, no steps.toml");
    }
    let mended = if args.fix { mend(&mut texts, &rules)? } else { 0 };
    show(&texts, args.format);
    if args.format == LintFormat::Full {
        output::note_line(&summary(&texts, mended));
    }
    let clean = texts.iter().all(|text| text.findings.is_empty());
    Ok(if clean { Exit::Clean } else { Exit::Failed })
}

/// Writes what can be mended, and looks again. What touches another fix is mended in a later round.
fn mend(texts: &mut [Text], rules: &Rules) -> Result<usize, CliError> {
    const MOST_ROUNDS: usize = 10;
    let mut mended = 0;
    for text in texts {
        let mut source = text.source.clone();
        for _ in 0..MOST_ROUNDS {
            let (changed, count) = lint::fixed(&source, &text.findings);
            if count == 0 || text.linted.is_none() {
                break;
            }
            mended += count;
            source = changed;
            *text = texts::look(text.shown.clone(), text.path.clone(), source.clone(), rules);
            fs::write(&text.path, &source).map_err(|error| {
                CliError::failed(format!("{} cannot be written", text.shown)).because(&error)
            })?;
        }
    }
    Ok(mended)
}

fn show(texts: &[Text], format: LintFormat) {
    let format = match format {
        LintFormat::Full => Format::Full,
        LintFormat::Concise => Format::Concise,
        LintFormat::Json => Format::Json,
        LintFormat::Github => Format::Github,
        LintFormat::Sarif => Format::Sarif,
    };
    let reported: Vec<Reported<'_>> = texts.iter().map(Text::reported).collect();
    let shown = lint::render(&reported, format, Colour::Plain);
    let coloured =
        format == Format::Full && io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match format {
        // Colours are codes that `output::text` would show; what is hidden in the text itself must not get through.
        Format::Full if coloured && !shown.chars().any(factory_core::plain::is_hidden) => {
            output::raw(&lint::render(&reported, format, Colour::Ansi));
        }
        Format::Full | Format::Concise | Format::Github => output::text(&shown),
        Format::Json | Format::Sarif => output::raw(&factory_core::plain::json(&shown)),
    }
}

fn summary(texts: &[Text], mended: usize) -> String {
    let all = || texts.iter().flat_map(|text| &text.findings);
    let count = |tier: Tier| all().filter(|finding| finding.tier == tier).count();
    let fixable = all().filter(|finding| !finding.fix.is_empty()).count();
    let plural = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let mut line = format!(
        "{}: {}, {}",
        plural(texts.len(), "file"),
        plural(count(Tier::Error), "error"),
        plural(count(Tier::Warning), "warning")
    );
    let previews = count(Tier::Preview);
    if previews > 0 {
        line.push_str(&format!(", {}", plural(previews, "preview")));
    }
    if mended > 0 {
        line.push_str(&format!("; {mended} mended"));
    }
    if fixable > 0 {
        line.push_str(&format!("; {fixable} can be mended by --fix"));
    }
    line
}
