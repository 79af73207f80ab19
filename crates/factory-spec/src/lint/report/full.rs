//! As a compiler shows them.

use annotate_snippets::Level;

use super::Reported;
use crate::lint::rule::Tier;
use crate::render::{Colour, Shown};

pub(super) fn render(texts: &[Reported<'_>], colour: Colour) -> String {
    let mut blocks = Vec::new();
    for text in texts.iter().filter(|text| !text.findings.is_empty()) {
        let shown: Vec<Shown<'_>> = text
            .findings
            .iter()
            .map(|finding| Shown {
                level: match finding.tier {
                    Tier::Error => Level::ERROR,
                    Tier::Warning => Level::WARNING,
                    Tier::Preview => Level::NOTE,
                },
                code: finding.code,
                message: &finding.message,
                help: finding.help.as_deref(),
                span: finding.span.clone(),
            })
            .collect();
        blocks.push(crate::render::shown(&shown, text.path, text.source, colour));
    }
    blocks.join("\n")
}
