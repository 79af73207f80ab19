//! OpenSpec: a change folder's `proposal.md` with the specifications below it, or one specification.

use super::write::{Imported, Scene};
use super::{items, marked, paragraphs, sections, steps};

/// Reads a change: its name, its proposal (empty if there is none) and its specifications, each with the name of its
/// capability. None if no requirement is in them.
pub fn open_spec(name: &str, proposal: &str, specifications: &[(String, String)]) -> Option<Imported> {
    let mut imported = Imported { title: sentence(name), ..Imported::default() };
    for section in sections(proposal) {
        match section.title.to_ascii_lowercase().as_str() {
            "why" => {
                imported.goal.extend(paragraphs(&section.lines).into_iter().chain(items(&section.lines)))
            }
            "what changes" | "impact" => {
                imported.context.extend(paragraphs(&section.lines).into_iter().chain(items(&section.lines)));
            }
            "non-goals" | "out of scope" => imported.non_goals.extend(items(&section.lines)),
            _ => {}
        }
    }
    for (capability, source) in specifications {
        take(&mut imported, capability, source);
    }
    (!imported.requirements.is_empty()).then_some(imported)
}

fn take(imported: &mut Imported, capability: &str, source: &str) {
    let mut removed = false;
    let mut current = None;
    for section in sections(source) {
        let title = section.title;
        if title.eq_ignore_ascii_case("purpose") {
            imported.goal.extend(paragraphs(&section.lines));
        } else if let Some(name) = title.strip_prefix("Requirement:").map(str::trim) {
            let text = paragraphs(&section.lines)
                .into_iter()
                .chain(items(&section.lines))
                .collect::<Vec<_>>()
                .join(" ");
            if removed {
                imported
                    .context
                    .push(format!("{capability}: “{name}” holds no longer. {text}").trim().to_owned());
                current = None;
            } else {
                imported.requirements.push(if text.is_empty() { name.to_owned() } else { text });
                current = Some(format!("R{}", imported.requirements.len()));
            }
        } else if let Some(name) = title.strip_prefix("Scenario:").map(str::trim) {
            let found: Vec<String> = section
                .lines
                .iter()
                .map(|line| line.trim())
                .filter(|line| !line.is_empty())
                .flat_map(|line| steps(marked(line).unwrap_or(line)))
                .collect();
            if let (Some(id), false) = (&current, found.is_empty()) {
                imported.scenarios.push(Scene {
                    name: name.to_owned(),
                    covers: vec![id.clone()],
                    steps: found,
                });
            }
        } else if section.level <= 2 {
            let upper = title.to_ascii_uppercase();
            removed = upper.starts_with("REMOVED") || upper.starts_with("RENAMED");
            current = None;
        }
    }
}

/// `add-two-factor` as a title.
fn sentence(name: &str) -> String {
    let words = name.replace(['-', '_'], " ");
    let words = words.trim();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_specification() {
        let spec = "# Delta\n\n## ADDED Requirements\n\n### Requirement: Two factors\n\nThe system SHALL ask for a code.\n\n\
            #### Scenario: Code asked\n\n- **GIVEN** a user\n- **WHEN** the user logs in\n- **THEN** a code is asked for\n\n\
            ## REMOVED Requirements\n\n### Requirement: Remember me\n\nNobody used it.\n";
        let proposal = "# Change\n\n## Why\n\nPasswords leak.\n\n## What Changes\n\n- Ask for a code\n";
        let imported = open_spec("add-two-factor", proposal, &[("auth".to_owned(), spec.to_owned())])
            .expect("requirements");
        assert_eq!(imported.title, "Add two factor");
        let text = imported.specification();
        assert!(text.contains("## Goal\n\nPasswords leak.\n"), "{text}");
        assert!(text.contains("1. The system SHALL ask for a code.\n"), "{text}");
        assert!(text.contains("“Remember me” holds no longer. Nobody used it."), "{text}");
        assert_eq!(
            imported.scenario_file(),
            "# Scenario: Code asked\nCovers: R1\n\nGiven a user\nWhen the user logs in\nThen a code is asked for\n"
        );
    }
}
