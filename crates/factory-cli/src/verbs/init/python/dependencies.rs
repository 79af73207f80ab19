//! What a Python project depends on, and how pip is told so.

use toml::{Table, Value};

use crate::verbs::init::survey::Survey;

/// Extras and groups with what tests need.
const FOR_TESTS: [&str; 4] = ["dev", "test", "testing", "tests"];

/// Dependencies, where lock files of other tools do not say more.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// Names in lower case with `-`.
    names: Vec<String>,
    /// For `pip install`.
    pub(super) arguments: Vec<String>,
    /// The files that say so.
    pub(super) files: Vec<String>,
    /// Those of the project's extras that tests need.
    pub(super) extras: Vec<&'static str>,
    /// Those of its dependency groups that tests need.
    pub(super) groups: Vec<&'static str>,
}

impl Dependencies {
    pub(super) fn of(survey: &Survey) -> Self {
        let mut found = Self::default();
        for file in requirement_files(survey) {
            let text = survey.read(&file).unwrap_or_default();
            found.names.extend(text.lines().filter_map(name));
            if text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
                found.arguments.push(format!("-r {file}"));
                found.files.push(file);
            }
        }
        if let Some(text) = survey.read("pyproject.toml") {
            found.pyproject(&text);
        }
        if let Some(text) = survey.read("Pipfile") {
            let table: Table = toml::from_str(&text).unwrap_or_default();
            for section in ["packages", "dev-packages"] {
                found.names.extend(
                    table
                        .get(section)
                        .and_then(Value::as_table)
                        .into_iter()
                        .flatten()
                        .map(|(name, _)| normal(name)),
                );
            }
        }
        for file in ["setup.cfg", "setup.py"] {
            let Some(text) = survey.read(file) else { continue };
            // Neither is read as what it is: one is a program. A name in it is taken as a dependency.
            found.names.extend(text.split(|c: char| !is_name(c)).filter(|word| !word.is_empty()).map(normal));
            if text.contains("install_requires") && found.arguments.is_empty() {
                found.arguments.push(".".to_owned());
                found.files.push(file.to_owned());
            }
        }
        found
    }

    /// Whether this package is one of them.
    pub(super) fn names(&self, package: &str) -> bool {
        self.names.iter().any(|name| name == package)
    }

    fn pyproject(&mut self, text: &str) {
        let table: Table = toml::from_str(text).unwrap_or_default();
        let project = table.get("project").and_then(Value::as_table);
        let own = strings(project.and_then(|project| project.get("dependencies")));
        let extras = project.and_then(|project| project.get("optional-dependencies")?.as_table());
        let chosen: Vec<&'static str> = FOR_TESTS
            .into_iter()
            .filter(|name| extras.is_some_and(|extras| extras.contains_key(*name)))
            .collect();
        let groups = table.get("dependency-groups").and_then(Value::as_table);
        self.groups = FOR_TESTS
            .into_iter()
            .filter(|name| groups.is_some_and(|groups| groups.contains_key(*name)))
            .collect();
        let grouped: Vec<String> = FOR_TESTS
            .into_iter()
            .flat_map(|name| strings(groups.and_then(|groups| groups.get(name))))
            .collect();
        self.names.extend(own.iter().filter_map(|line| name(line)));
        for extra in &chosen {
            self.names.extend(
                strings(extras.and_then(|extras| extras.get(*extra))).iter().filter_map(|line| name(line)),
            );
        }
        self.names.extend(grouped.iter().filter_map(|line| name(line)));
        let poetry = table.get("tool").and_then(|tool| tool.get("poetry"));
        self.names.extend(poetry_names(poetry));

        let dynamic = strings(project.and_then(|project| project.get("dynamic")))
            .iter()
            .any(|field| field == "dependencies");
        let from_poetry = poetry.and_then(|poetry| poetry.get("dependencies")).is_some() && project.is_none();
        let mut said = false;
        // Requirement files, where there are any, say it already.
        if self.arguments.is_empty() && (!own.is_empty() || !chosen.is_empty() || dynamic || from_poetry) {
            self.arguments.push(match chosen.as_slice() {
                [] => ".".to_owned(),
                chosen => format!("\".[{}]\"", chosen.join(",")),
            });
            said = true;
        }
        if !grouped.is_empty() {
            self.arguments.extend(grouped.iter().map(|line| format!("'{}'", line.replace('\'', "\""))));
            said = true;
        }
        if said {
            self.files.push("pyproject.toml".to_owned());
        }
        self.extras = chosen;
    }
}

/// Requirement files in the project's folder, the main one first; those for documentation are left out.
pub(super) fn requirement_files(survey: &Survey) -> Vec<String> {
    let mut files: Vec<String> = survey
        .top()
        .filter(|file| file.ends_with(".txt") && file.contains("requirements") && !file.contains("doc"))
        .map(str::to_owned)
        .collect();
    files.sort_by_key(|file| (file != "requirements.txt", file.clone()));
    files
}

fn poetry_names(poetry: Option<&Value>) -> Vec<String> {
    let Some(poetry) = poetry else { return Vec::new() };
    let groups = poetry.get("group").and_then(Value::as_table);
    let tables = [poetry.get("dependencies"), poetry.get("dev-dependencies")].into_iter().flatten();
    let grouped = groups.into_iter().flatten().filter_map(|(_, group)| group.get("dependencies"));
    tables.chain(grouped).filter_map(Value::as_table).flatten().map(|(name, _)| normal(name)).collect()
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let array = value.and_then(Value::as_array);
    array.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// The package that a requirement names: <https://peps.python.org/pep-0508/>.
fn name(requirement: &str) -> Option<String> {
    let requirement = requirement.trim();
    let end = requirement.find(|c: char| !is_name(c)).unwrap_or(requirement.len());
    let name = &requirement[..end];
    name.starts_with(|c: char| c.is_ascii_alphanumeric()).then(|| normal(name))
}

fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::super::super::survey::tests::survey;
    use super::*;

    #[test]
    fn names_are_read_from_requirements() {
        assert_eq!(name("Flask_Login>=1 ; python_version > '3'"), Some("flask-login".to_owned()));
        assert_eq!(name("uvicorn[standard]==0.30"), Some("uvicorn".to_owned()));
        assert_eq!(name("-r other.txt"), None);
        assert_eq!(name("# flask"), None);
    }

    #[test]
    fn all_requirement_files_but_those_of_documentation_are_used() {
        let found = Dependencies::of(&survey(&[
            ("requirements-dev.txt", "pytest"),
            ("requirements.txt", "flask"),
            ("requirements-docs.txt", "sphinx"),
            ("requirements-empty.txt", "# nothing\n"),
        ]));
        assert_eq!(found.arguments, ["-r requirements.txt", "-r requirements-dev.txt"]);
        assert!(found.names("pytest") && !found.names("sphinx"));
    }

    #[test]
    fn groups_are_given_to_pip_one_by_one() {
        let found = Dependencies::of(&survey(&[(
            "pyproject.toml",
            "[project]\nname = 'x'\ndependencies = []\n[dependency-groups]\ndev = ['pytest>=8', {include-group = 'x'}]\n",
        )]));
        assert_eq!(found.arguments, ["'pytest>=8'"]);
        assert_eq!(found.files, ["pyproject.toml"]);
    }

    #[test]
    fn a_file_of_tool_settings_asks_for_nothing() {
        let found = Dependencies::of(&survey(&[("pyproject.toml", "[tool.ruff]\nline-length = 100")]));
        assert_eq!(found.arguments, Vec::<String>::new());
    }
}
