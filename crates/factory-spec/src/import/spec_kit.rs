//! Spec Kit's `spec.md`: user stories with acceptance scenarios, edge cases, `FR-…` and `SC-…`.

use super::write::{Imported, Scene};
use super::{items, paragraphs, sections, steps};

/// Reads a `spec.md`; none if it is none.
pub fn spec_kit(source: &str) -> Option<Imported> {
    let sections = sections(source);
    let first = sections.iter().find(|section| section.level == 1)?;
    let (head, title) = first.title.split_once(':')?;
    if !head.trim().eq_ignore_ascii_case("feature specification") {
        return None;
    }
    let mut imported = Imported { title: title.trim().to_owned(), ..Imported::default() };
    let mut stories = Vec::new();
    for section in &sections {
        let name = section.title.to_ascii_lowercase();
        if name.starts_with("user story") || name.starts_with("story") {
            let story = story_title(section.title);
            let told = paragraphs(&section.lines);
            let told = told.into_iter().find(|paragraph| !paragraph.starts_with("**"));
            stories.push(match told {
                Some(told) => format!("{story}: {told}"),
                None => story.to_owned(),
            });
            for (at, item) in items(&section.lines).iter().enumerate() {
                let steps = steps(item);
                if steps.len() > 1 {
                    imported.scenarios.push(Scene {
                        name: format!("{story}, {}", at + 1),
                        covers: Vec::new(),
                        steps,
                    });
                }
            }
        } else if name.starts_with("edge cases") {
            imported.edge_cases.extend(items(&section.lines));
        } else if name.starts_with("functional requirements")
            || name.starts_with("non-functional requirements")
        {
            imported.requirements.extend(items(&section.lines).iter().map(|item| plain_id(item)));
        } else if name.starts_with("requirements") && imported.requirements.is_empty() {
            imported.requirements.extend(items(&section.lines).iter().map(|item| plain_id(item)));
        } else if name.starts_with("key entities")
            || name.starts_with("assumptions")
            || name.starts_with("dependencies")
        {
            imported.context.extend(items(&section.lines));
        } else if name.starts_with("measurable outcomes") || name.starts_with("success criteria") {
            imported.constraints.extend(items(&section.lines).iter().map(|item| plain_id(item)));
        } else if name.starts_with("constraints") {
            imported.constraints.extend(items(&section.lines));
        } else if name.starts_with("out of scope")
            || name.starts_with("non-goals")
            || name.starts_with("non goals")
        {
            imported.non_goals.extend(items(&section.lines));
        }
    }
    let asked = source.lines().find_map(|line| line.trim().strip_prefix("**Input**:")).map(|line| {
        let line = line.trim();
        line.strip_prefix("User description:").unwrap_or(line).trim().trim_matches('"').trim().to_owned()
    });
    // The template's own placeholder is no goal.
    imported.goal.extend(asked.filter(|text| !text.is_empty() && !text.contains("$ARGUMENTS")));
    imported.goal.extend(stories);
    Some(imported)
}

/// `User Story 1 - Log in (Priority: P1)` without number and priority.
fn story_title(heading: &str) -> &str {
    let heading = heading.split(" (Priority").next().unwrap_or(heading);
    heading.split_once(" - ").or_else(|| heading.split_once(": ")).map_or(heading, |(_, title)| title).trim()
}

/// `**FR-001**: text` as `FR-001: text`.
fn plain_id(item: &str) -> String {
    match item.strip_prefix("**").and_then(|rest| rest.split_once("**")) {
        Some((id, rest)) => format!("{}: {}", id.trim_end_matches(':'), rest.trim_start_matches([':', ' '])),
        None => item.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_with_its_scenarios_is_taken_over() {
        let source = "# Feature Specification: Log in\n\n**Input**: User description: \"Let people log in\"\n\n\
            ### User Story 1 - Log in (Priority: P1)\n\nA person logs in.\n\n**Why this priority**: it is first.\n\n\
            1. **Given** a user, **When** the **right** password is sent, **Then** the status is 200\n\n\
            ### Edge Cases\n\n- No password\n\n### Functional Requirements\n\n- **FR-001**: System MUST answer 200\n  in time\n";
        let imported = spec_kit(source).expect("a spec.md");
        let text = imported.specification();
        assert!(text.contains("1. FR-001: System MUST answer 200 in time\n"), "{text}");
        assert!(text.contains("## Goal\n\nLet people log in\n\nLog in: A person logs in.\n"), "{text}");
        assert_eq!(
            imported.scenario_file(),
            "# Scenario: Log in, 1\n\nGiven a user\nWhen the right password is sent\nThen the status is 200\n"
        );
        assert_eq!(spec_kit("# Feature: Log in\n"), None);
    }
}
