//! What was imported, written in this project's form.

use serde::Serialize;

/// A specification that was imported, with its scenarios.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Imported {
    /// The title, without a kind.
    pub title: String,
    pub(super) goal: Vec<String>,
    pub(super) context: Vec<String>,
    pub(super) requirements: Vec<String>,
    pub(super) constraints: Vec<String>,
    pub(super) edge_cases: Vec<String>,
    pub(super) non_goals: Vec<String>,
    pub(super) scenarios: Vec<Scene>,
}

/// A scenario that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Scene {
    pub(super) name: String,
    pub(super) covers: Vec<String>,
    pub(super) steps: Vec<String>,
}

impl Imported {
    /// The specification as Markdown. Sections that the source has nothing for are left out.
    pub fn specification(&self) -> String {
        let mut text = format!("# Feature: {}\n", self.title);
        let mut section = |name: &str, body: String| {
            if !body.is_empty() {
                text.push_str(&format!("\n## {name}\n\n{body}"));
            }
        };
        let paragraphs =
            |all: &[String]| all.iter().map(|one| format!("{one}\n")).collect::<Vec<_>>().join("\n");
        let list = |all: &[String]| all.iter().map(|one| format!("- {one}\n")).collect::<String>();
        section("Goal", paragraphs(&self.goal));
        section("Context", list(&self.context));
        let numbered = self.requirements.iter().enumerate().map(|(at, one)| format!("{}. {one}\n", at + 1));
        section("Requirements", numbered.collect());
        section("Constraints", list(&self.constraints));
        section("Edge Cases", list(&self.edge_cases));
        section("Non-Goals", list(&self.non_goals));
        text
    }

    /// How many requirements there are.
    pub fn requirements(&self) -> usize {
        self.requirements.len()
    }

    /// How many scenarios there are.
    pub fn scenarios(&self) -> usize {
        self.scenarios.len()
    }

    /// All scenarios as one file of Markdown; empty if there are none. Names that occur twice are numbered.
    pub fn scenario_file(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        let mut text = String::new();
        for scene in &self.scenarios {
            let before = names.iter().filter(|name| **name == scene.name).count();
            names.push(&scene.name);
            let number = if before > 0 { format!(" ({})", before + 1) } else { String::new() };
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&format!("# Scenario: {}{number}\n", scene.name));
            if !scene.covers.is_empty() {
                text.push_str(&format!("Covers: {}\n", scene.covers.join(", ")));
            }
            text.push('\n');
            for step in &scene.steps {
                text.push_str(&format!("{step}\n"));
            }
        }
        text
    }
}
