//! Python: `pyproject.toml`, requirement files, Pipfile, `setup.py`, or nothing but `*.py`.

mod dependencies;
mod service;

use std::collections::BTreeMap;

use self::dependencies::Dependencies;
use super::proposal::{Check, Kind, Program, Proposal, Setup};
use super::survey::{Survey, is_test};

const ENDINGS: [&str; 1] = ["py"];

const MAKE_VENV: &str = r#"python3 -m venv "${setup}/venv""#;
const PIP_INSTALL: &str = r#""${setup}/venv/bin/pip" install --quiet"#;

/// How tests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TestStyle {
    Pytest,
    Django,
    Unittest,
}

pub(super) fn propose(survey: &Survey) -> Option<Proposal> {
    let manifest = manifest(survey)?;
    let dependencies = Dependencies::of(survey);
    let mut notes = Vec::new();
    let style = test_style(survey, &dependencies);
    let mut extra = Vec::new();
    if style == Some(TestStyle::Pytest) && !dependencies.names("pytest") {
        extra.push("pytest".to_owned());
        notes.push(
            "the tests use pytest, which is not among the dependencies: [setup] installs it all the same"
                .to_owned(),
        );
    }
    let path = if has_src_layout(survey) { Some("src") } else { None };
    let setup = setup(survey, &dependencies, &extra);
    let mut deploy = service::propose(survey, &dependencies, &mut notes);
    if let (Some(deploy), Some(path)) = (&mut deploy, path) {
        deploy.env.insert("PYTHONPATH".to_owned(), path.to_owned());
    }
    let prefix = path.map_or(String::new(), |path| format!("PYTHONPATH={path} "));
    let checks = style.map(|style| Check {
        name: "tests".to_owned(),
        command: format!("{prefix}{}", test_command(survey, style)),
    });
    if checks.is_none() {
        notes.push("no tests were found, so there is no [[check]] for Python".to_owned());
    }
    let program = Program::script(format!("{prefix}python3 {}", what_to_run(survey)));
    Some(Proposal {
        kind: Kind::Python,
        manifest,
        checks: checks.into_iter().collect(),
        setup,
        deploy,
        program,
        notes,
    })
}

/// The file that says most about the project.
fn manifest(survey: &Survey) -> Option<String> {
    let described =
        ["pyproject.toml", "setup.py", "setup.cfg", "Pipfile"].into_iter().find(|file| survey.has(file));
    if let Some(file) = described {
        return Some(file.to_owned());
    }
    if let Some(file) = dependencies::requirement_files(survey).into_iter().next() {
        return Some(file);
    }
    // A lone script among files of another kind makes no Python project.
    let other = ["Cargo.toml", "package.json", "go.mod"].iter().any(|file| survey.has(file));
    let mut own = survey.files().filter(|path| path.ends_with(".py") && !is_test(path));
    if other { None } else { own.next().map(str::to_owned) }
}

fn has_src_layout(survey: &Survey) -> bool {
    survey.files().any(|path| path.strip_prefix("src/").is_some_and(|rest| rest.ends_with("/__init__.py")))
        && !survey.has("src/__init__.py")
}

/// The project's own package: the one with a program in it, else the only one.
fn package(survey: &Survey) -> Option<String> {
    let packages = |file: &str| -> Vec<String> {
        let suffix = format!("/{file}");
        survey
            .files()
            .filter(|path| !is_test(path))
            .filter_map(|path| path.strip_suffix(suffix.as_str()))
            .map(|path| path.strip_prefix("src/").unwrap_or(path))
            .filter(|path| !path.contains('/'))
            .map(str::to_owned)
            .collect()
    };
    packages("__main__.py").into_iter().next().or_else(|| packages("__init__.py").into_iter().next())
}

/// The package, or the script that looks like the program.
fn what_to_run(survey: &Survey) -> String {
    if let Some(package) = package(survey) {
        return format!("-m {package}");
    }
    let scripts: Vec<&str> =
        survey.top().filter(|file| file.ends_with(".py") && !is_test(file) && *file != "setup.py").collect();
    let usual = ["main.py", "app.py", "cli.py"].into_iter().find(|file| scripts.contains(file));
    usual.or(scripts.first().copied()).unwrap_or("main.py").to_owned()
}

fn test_style(survey: &Survey, dependencies: &Dependencies) -> Option<TestStyle> {
    let configured = survey.has("pytest.ini")
        || survey.files().any(|path| path == "conftest.py" || path.ends_with("/conftest.py"))
        || survey.read("pyproject.toml").is_some_and(|text| text.contains("[tool.pytest"))
        || survey.read("setup.cfg").is_some_and(|text| text.contains("[tool:pytest]"));
    let tests: Vec<&str> = survey
        .sources(&ENDINGS)
        .filter(|(path, _)| {
            let name = path.rsplit('/').next().unwrap_or(path);
            name.starts_with("test") || name.ends_with("_test.py")
        })
        .map(|(_, text)| text)
        .collect();
    if tests.is_empty() {
        return None;
    }
    let bare = tests
        .iter()
        .any(|text| text.lines().any(|line| line.starts_with("def test_") || line.contains("import pytest")));
    if configured || bare || dependencies.names("pytest") || dependencies.names("pytest-django") {
        Some(TestStyle::Pytest)
    } else if survey.has("manage.py") {
        Some(TestStyle::Django)
    } else {
        tests.iter().any(|text| text.contains("unittest")).then_some(TestStyle::Unittest)
    }
}

fn test_command(survey: &Survey, style: TestStyle) -> String {
    match style {
        TestStyle::Pytest => "python3 -m pytest -q".to_owned(),
        TestStyle::Django => "python3 manage.py test".to_owned(),
        TestStyle::Unittest => {
            let folder = ["tests", "test"].into_iter().find(|folder| {
                survey
                    .files()
                    .any(|path| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with("/test")))
            });
            match folder {
                Some(folder) if survey.has(&format!("{folder}/__init__.py")) => {
                    format!("python3 -m unittest discover -s {folder} -t .")
                }
                Some(folder) => format!("python3 -m unittest discover -s {folder}"),
                None => "python3 -m unittest discover".to_owned(),
            }
        }
    }
}

/// A virtual environment with what the project needs. The project itself is imported from the checkout.
fn setup(survey: &Survey, dependencies: &Dependencies, extra: &[String]) -> Option<Setup> {
    let venv_path = ("PATH".to_owned(), "${setup}/venv/bin:${PATH}".to_owned());
    let active = ("VIRTUAL_ENV".to_owned(), "${setup}/venv".to_owned());
    let pip = |what: String| format!("{PIP_INSTALL} {what}");
    let with_extra = |mut commands: Vec<String>| {
        if !extra.is_empty() {
            commands.push(pip(extra.join(" ")));
        }
        commands
    };
    let made = |commands: Vec<String>, inputs: Vec<&str>, env: Vec<(String, String)>| {
        Some(Setup {
            commands,
            inputs: inputs.into_iter().filter(|file| survey.has_committed(file)).map(str::to_owned).collect(),
            keep: Vec::new(),
            env: env.into_iter().collect::<BTreeMap<_, _>>(),
        })
    };
    if survey.has_committed("uv.lock") {
        let environment = ("UV_PROJECT_ENVIRONMENT".to_owned(), "${setup}/venv".to_owned());
        let extras = dependencies.extras.iter().map(|name| format!(" --extra {name}"));
        let groups = dependencies.groups.iter().map(|name| format!(" --group {name}"));
        let chosen: String = extras.chain(groups).collect();
        let mut commands = vec![format!("uv sync --frozen --no-install-project{chosen}")];
        if !extra.is_empty() {
            commands.push(format!(r#"uv pip install --python "${{setup}}/venv" {}"#, extra.join(" ")));
        }
        return made(commands, vec!["pyproject.toml", "uv.lock"], vec![environment, venv_path]);
    }
    if survey.has_committed("poetry.lock") {
        let extras: String = dependencies.extras.iter().map(|name| format!(" --extras {name}")).collect();
        let commands =
            vec![MAKE_VENV.to_owned(), format!("poetry install --no-root --no-interaction{extras}")];
        return made(with_extra(commands), vec!["pyproject.toml", "poetry.lock"], vec![venv_path, active]);
    }
    if survey.has("Pipfile") {
        let locked = survey.has_committed("Pipfile.lock");
        let install = if locked { "pipenv sync --dev" } else { "pipenv install --dev --skip-lock" };
        let quiet = ("PIPENV_VERBOSITY".to_owned(), "-1".to_owned());
        let commands = vec![MAKE_VENV.to_owned(), install.to_owned()];
        return made(with_extra(commands), vec!["Pipfile", "Pipfile.lock"], vec![venv_path, active, quiet]);
    }
    let mut what: Vec<String> = dependencies.arguments.clone();
    what.extend_from_slice(extra);
    if what.is_empty() {
        return None;
    }
    let commands = vec![MAKE_VENV.to_owned(), pip(what.join(" "))];
    made(commands, dependencies.files.iter().map(String::as_str).collect(), vec![venv_path])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::survey::tests::survey;
    use super::*;

    const UNITTEST: &str = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n";

    #[test]
    fn a_project_without_dependencies_has_only_its_tests() {
        let survey = survey(&[
            ("accounts/__init__.py", ""),
            ("accounts/__main__.py", "serve(os.environ['PORT'])"),
            ("accounts/router.py", "from http.server import HTTPServer\n'/health'"),
            ("tests/__init__.py", ""),
            ("tests/test_a.py", UNITTEST),
        ]);
        let proposal = propose(&survey).unwrap();
        assert_eq!(proposal.setup, None);
        assert_eq!(proposal.checks[0].command, "python3 -m unittest discover -s tests -t .");
        let deploy = proposal.deploy.unwrap();
        assert_eq!((deploy.command.as_str(), deploy.ready.as_str()), ("python3 -m accounts", "/health"));
        assert_eq!(proposal.notes, Vec::<String>::new());
    }

    #[test]
    fn requirements_go_into_a_virtual_environment_and_pytest_too_if_tests_use_it() {
        let survey = survey(&[
            ("requirements.txt", "flask==3.1.0\n"),
            ("app.py", "from flask import Flask\napp = Flask(__name__)\n"),
            ("test_app.py", "def test_a(): pass\n"),
        ]);
        let proposal = propose(&survey).unwrap();
        let setup = proposal.setup.unwrap();
        assert_eq!(
            setup.commands,
            [MAKE_VENV, r#""${setup}/venv/bin/pip" install --quiet -r requirements.txt pytest"#]
        );
        assert_eq!(setup.inputs, ["requirements.txt"]);
        assert_eq!(setup.env["PATH"], "${setup}/venv/bin:${PATH}");
        assert_eq!(proposal.checks[0].command, "python3 -m pytest -q");
        assert_eq!(
            proposal.deploy.unwrap().command,
            "python3 -m flask --app app run --host 127.0.0.1 --port ${port}"
        );
        assert!(proposal.notes[0].contains("pytest"));
    }

    #[test]
    fn a_project_in_src_is_imported_from_the_checkout() {
        let survey = survey(&[
            (
                "pyproject.toml",
                "[project]\nname = \"mail\"\ndependencies = [\"httpx\"]\n[project.optional-dependencies]\ndev = [\"pytest\"]\n[build-system]\nrequires = [\"hatchling\"]",
            ),
            ("src/mail/__init__.py", ""),
            ("tests/test_a.py", "def test_a(): pass"),
        ]);
        let proposal = propose(&survey).unwrap();
        assert_eq!(proposal.checks[0].command, "PYTHONPATH=src python3 -m pytest -q");
        assert!(proposal.setup.unwrap().commands[1].ends_with(r#"install --quiet ".[dev]""#));
        assert_eq!(proposal.program.by_hand, "PYTHONPATH=src python3 -m mail");
        assert_eq!(proposal.notes, Vec::<String>::new());
    }

    #[test]
    fn lock_files_decide_who_installs() {
        for (files, install) in [
            (
                vec![("pyproject.toml", "[project]\nname='x'"), ("uv.lock", "")],
                "uv sync --frozen --no-install-project",
            ),
            (
                vec![
                    (
                        "pyproject.toml",
                        "[project.optional-dependencies]\ntest = []\n[dependency-groups]\ndev = []",
                    ),
                    ("uv.lock", ""),
                ],
                "uv sync --frozen --no-install-project --extra test --group dev",
            ),
            (
                vec![("pyproject.toml", "[tool.poetry]"), ("poetry.lock", "")],
                "poetry install --no-root --no-interaction",
            ),
            (vec![("Pipfile", ""), ("Pipfile.lock", "{}")], "pipenv sync --dev"),
        ] {
            let setup = propose(&survey(&files)).unwrap().setup.unwrap();
            assert_eq!(setup.commands.last().unwrap(), install);
            assert_eq!(setup.inputs.len(), 2, "{:?}", setup.inputs);
        }
    }

    #[test]
    fn a_script_beside_another_language_is_no_project() {
        assert_eq!(propose(&survey(&[("package.json", "{}"), ("tools/gen.py", "")])), None);
        assert_eq!(propose(&survey(&[("README.md", "")])), None);
        let script = propose(&survey(&[("tool.py", "print(1)"), ("test_tool.py", "")])).unwrap();
        assert_eq!(
            (script.manifest.as_str(), script.program.by_hand.as_str()),
            ("tool.py", "python3 tool.py")
        );
    }
}
