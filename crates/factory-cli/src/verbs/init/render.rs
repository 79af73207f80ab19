//! `factory.toml` as text. What is not known stands there as a comment with the reason.

use std::collections::BTreeMap;

use toml::Value;

use super::proposal::{Check, Deploy, Proposal, Setup};

const HEAD: &str = "\
# What factory has to know of this project. Whoever makes a change can read it, so nothing here is secret.
# docs/configuration.md of factory explains every key.
schema = 1
";

const CHECKS: &str = "
# Commands that must end with status 0: on the untouched project before a run starts, and on every change.
";

const NO_CHECKS: &str = "
# Commands that must end with status 0, on the untouched project and on every change. None was found.
# [[check]]
# name = \"tests\"
# command = \"make test\"
";

const SETUP: &str = "
# Fetches what the repository does not hold, once for each state of the files in `inputs`.
";

const DEPLOY: &str = "
# How the service is started, freshly for every scenario.
";

const NO_DEPLOY: &str = "
# How the service is started, freshly for every scenario. A run needs it, and it could not be found out: take off the
# comment marks and say it. The service has to listen on 127.0.0.1:${port}, keep what it keeps in ${scratch}, and answer at
# `ready` when it is up. `build` runs once before; leave it out if there is nothing to build.
# [deploy]
# build = \"make\"
# command = \"./service --port ${port}\"
# ready = \"/health\"
#
# [deploy.env]
# PORT = \"${port}\"
# DATABASE = \"${scratch}/service.db\"
";

const PROGRAM: &str = "
# This project seems to be a program that is run from a shell: scenarios can run it with “When the command `…` is run”. Take
# off the comment marks: beside a service that does nothing, commands run in the project's folder. Without `command` there is
# no service, and commands run in ${scratch}; then put the program on `path` (docs/configuration.md). Or say how the real
# service is started: `command` has to listen on 127.0.0.1:${port} and answer at `ready`.
";

/// The file for these proposals.
pub(super) fn factory_toml(project: &str, proposals: &[Proposal]) -> String {
    let mut text = format!("{HEAD}\n[project]\nname = {}\n", string(project));
    let checks = checks(proposals);
    text.push_str(if checks.is_empty() { NO_CHECKS } else { CHECKS });
    let tables = checks.iter().map(|check| {
        format!("[[check]]\nname = {}\ncommand = {}\n", string(&check.name), string(&check.command))
    });
    text.push_str(&tables.collect::<Vec<_>>().join("\n"));
    if let Some(setup) = proposals.iter().filter_map(|proposal| proposal.setup.clone()).reduce(Setup::join) {
        text.push_str(SETUP);
        text.push_str(&self::setup(&setup));
    }
    let deploys: Vec<&Deploy> = proposals.iter().filter_map(|proposal| proposal.deploy.as_ref()).collect();
    match deploys.split_first() {
        None => match proposals.first() {
            None => text.push_str(NO_DEPLOY),
            Some(proposal) => {
                text.push_str(PROGRAM);
                text.push_str(&commented(&deploy(&idle_service(proposal))));
            }
        },
        Some((first, others)) => {
            text.push_str(DEPLOY);
            text.push_str(&deploy(first));
            for other in others {
                text.push_str("\n# Or, instead:\n");
                text.push_str(&commented(&deploy(other)));
            }
        }
    }
    text
}

/// What is deployed when only commands are to be run.
fn idle_service(proposal: &Proposal) -> Deploy {
    Deploy {
        build: proposal.program.build.clone(),
        command: "python3 -m http.server --bind 127.0.0.1 --directory ${scratch} ${port}".to_owned(),
        ready: "/".to_owned(),
        env: BTreeMap::new(),
        guesses: Vec::new(),
    }
}

/// The checks of all; where two would have one name, each says whose it is.
fn checks(proposals: &[Proposal]) -> Vec<Check> {
    let all = || {
        proposals.iter().flat_map(|proposal| proposal.checks.iter().map(move |check| (proposal.kind, check)))
    };
    all()
        .map(|(kind, check)| {
            let shared = all().filter(|(_, other)| other.name == check.name).count() > 1;
            let name = if shared {
                format!("{}-{}", kind.name().to_lowercase(), check.name)
            } else {
                check.name.clone()
            };
            Check { name, command: check.command.clone() }
        })
        .collect()
}

fn setup(setup: &Setup) -> String {
    let mut text = format!("[setup]\ncommand = {}\n", string(&setup.commands.join(" && ")));
    for (key, list) in [("inputs", &setup.inputs), ("keep", &setup.keep)] {
        if !list.is_empty() {
            text.push_str(&format!(
                "{key} = [{}]\n",
                list.iter().map(|item| string(item)).collect::<Vec<_>>().join(", ")
            ));
        }
    }
    text.push_str(&environment("setup", &setup.env));
    text
}

fn deploy(deploy: &Deploy) -> String {
    let mut text: String = deploy.guesses.iter().map(|guess| format!("# To check: {guess}.\n")).collect();
    text.push_str("[deploy]\n");
    if let Some(build) = &deploy.build {
        text.push_str(&format!("build = {}\n", string(build)));
    }
    text.push_str(&format!("command = {}\nready = {}\n", string(&deploy.command), string(&deploy.ready)));
    text.push_str(&environment("deploy", &deploy.env));
    text
}

fn environment(table: &str, env: &BTreeMap<String, String>) -> String {
    if env.is_empty() {
        return String::new();
    }
    let lines = env.iter().map(|(name, value)| format!("{name} = {}\n", string(value)));
    format!("\n[{table}.env]\n{}", lines.collect::<String>())
}

fn commented(text: &str) -> String {
    text.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect()
}

/// A text as TOML writes it.
fn string(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::proposal::Kind;
    use super::super::survey::tests::survey;
    use super::super::{node, python, rust};
    use super::*;
    use crate::config::project::ProjectConfig;
    use crate::config::toml_file;

    fn parsed(text: &str) -> ProjectConfig {
        toml_file::parse(text, "factory.toml").unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn without_anything_known_the_file_explains_itself() {
        let text = factory_toml("it's \"x\"", &[]);
        let config = parsed(&text);
        assert_eq!(config.project.name.as_deref(), Some("it's \"x\""));
        assert!(config.check.is_empty() && config.deploy.is_none() && config.setup.is_none());
        let uncommented: String = text
            .lines()
            .skip_while(|line| !line.starts_with("# [[check]]"))
            .map(|line| line.strip_prefix("# ").unwrap_or(line.trim_start_matches('#')).to_owned() + "\n")
            .filter(|line| line.starts_with('[') || line.contains(" = "))
            .collect();
        let config = parsed(&format!("schema = 1\n{uncommented}"));
        config.deploy.expect("the example has one").check().unwrap();
    }

    #[test]
    fn a_program_gets_a_deployment_that_only_needs_its_comment_marks_taken_off() {
        let survey = survey(&[("Cargo.toml", "[package]\nname = 'tool'"), ("src/main.rs", "")]);
        let text = factory_toml("tool", &[rust::propose(&survey).unwrap()]);
        assert!(parsed(&text).deploy.is_none());
        let (head, tail) = text.split_once("# [deploy]").unwrap();
        let tail: String = tail.lines().map(|line| line.trim_start_matches("# ").to_owned() + "\n").collect();
        let deploy = parsed(&format!("{head}[deploy]{tail}")).deploy.unwrap();
        deploy.check().unwrap();
        assert!(deploy.build.unwrap().starts_with("cargo install"));
    }

    #[test]
    fn two_kinds_of_project_share_the_file() {
        let survey = survey(&[
            ("requirements.txt", "flask"),
            ("app.py", "app = Flask(__name__)\n'/health'"),
            ("test_app.py", "def test_a(): pass"),
            (
                "package.json",
                r#"{"scripts": {"test": "jest", "start": "next start"}, "dependencies": {"next": "1"}}"#,
            ),
            ("package-lock.json", "{}"),
        ]);
        let proposals = [python::propose(&survey).unwrap(), node::propose(&survey).unwrap()];
        assert_eq!(proposals.each_ref().map(|proposal| proposal.kind), [Kind::Python, Kind::Node]);
        let text = factory_toml("shop", &proposals);
        let config = parsed(&text);
        let names: Vec<&str> = config.check.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(names, ["python-tests", "node-tests"]);
        config.deploy.unwrap().check().unwrap();
        let setup = config.setup.unwrap();
        assert!(setup.command.contains("venv") && setup.command.ends_with("&& npm ci"), "{}", setup.command);
        assert_eq!(setup.inputs, ["requirements.txt", "package.json", "package-lock.json"]);
        assert!(text.contains("# Or, instead:\n"), "{text}");
        assert!(text.contains("# command = \"npm start\""), "{text}");
    }
}
