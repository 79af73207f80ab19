//! Node: `package.json`, with npm, pnpm or yarn.

use std::collections::BTreeMap;

use serde_json::Value;

use super::proposal::{Check, Deploy, Kind, Program, Proposal, Setup};
use super::survey::Survey;

const ENDINGS: [&str; 6] = ["js", "mjs", "cjs", "ts", "mts", "tsx"];

/// Packages that serve HTTP.
const SERVERS: [&str; 9] =
    ["@hapi/hapi", "@nestjs/core", "express", "fastify", "hono", "koa", "next", "polka", "restify"];

/// Scripts that say whether the project is good, and what the check is called.
const CHECKS: [(&str, &str); 4] =
    [("lint", "lint"), ("typecheck", "types"), ("type-check", "types"), ("test", "tests")];

/// What `npm init` writes where a test should be.
const NO_TEST: &str = "no test specified";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manager {
    Npm,
    Pnpm,
    YarnClassic,
    YarnBerry,
}

pub(super) fn propose(survey: &Survey) -> Option<Proposal> {
    let text = survey.read("package.json")?;
    let package: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let manager = manager(survey);
    let mut notes = Vec::new();
    if !package.is_object() {
        notes.push("package.json is not a JSON object, so nothing is proposed for Node".to_owned());
        return Some(Proposal {
            kind: Kind::Node,
            manifest: "package.json".to_owned(),
            checks: Vec::new(),
            setup: None,
            deploy: None,
            program: Program::script("node ."),
            notes,
        });
    }
    let checks = checks(&package, manager, &mut notes);
    let setup = has_dependencies(&package).then(|| setup(survey, manager, &mut notes));
    let deploy = deploy(survey, &package, manager);
    Some(Proposal {
        kind: Kind::Node,
        manifest: "package.json".to_owned(),
        checks,
        setup,
        deploy,
        program: Program::script(program(survey, &package)),
        notes,
    })
}

fn manager(survey: &Survey) -> Manager {
    if survey.has("pnpm-lock.yaml") {
        Manager::Pnpm
    } else if survey.has("yarn.lock") {
        let berry = survey.has(".yarnrc.yml")
            || survey.read("yarn.lock").is_some_and(|lock| lock.contains("__metadata:"));
        if berry { Manager::YarnBerry } else { Manager::YarnClassic }
    } else {
        Manager::Npm
    }
}

fn script<'p>(package: &'p Value, name: &str) -> Option<&'p str> {
    package.get("scripts")?.get(name)?.as_str().filter(|line| !line.trim().is_empty())
}

/// How a script is run.
fn run(manager: Manager, name: &str) -> String {
    match (manager, name) {
        (Manager::Npm, "test" | "start") => format!("npm {name}"),
        (Manager::Npm, _) => format!("npm run {name}"),
        (Manager::Pnpm, "test" | "start") => format!("pnpm {name}"),
        (Manager::Pnpm, _) => format!("pnpm run {name}"),
        (Manager::YarnClassic | Manager::YarnBerry, _) => format!("yarn run {name}"),
    }
}

fn checks(package: &Value, manager: Manager, notes: &mut Vec<String>) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for (name, check) in CHECKS {
        let Some(line) = script(package, name).filter(|line| !line.contains(NO_TEST)) else { continue };
        if line.contains("--watch") && !line.contains("--watch=false") && !line.contains("--watchAll=false") {
            notes.push(format!(
                "the script `{name}` watches and never ends, so it is no check: add one that ends"
            ));
            continue;
        }
        if checks.iter().any(|known| known.name == check) {
            continue;
        }
        // These watch unless they are told that nobody looks.
        let watches = line.contains("react-scripts test") || line.contains("vitest");
        let prefix = if watches { "CI=true " } else { "" };
        checks.push(Check { name: check.to_owned(), command: format!("{prefix}{}", run(manager, name)) });
    }
    checks
}

fn has_dependencies(package: &Value) -> bool {
    let some =
        |name: &str| package.get(name).and_then(Value::as_object).is_some_and(|table| !table.is_empty());
    some("dependencies") || some("devDependencies") || some("optionalDependencies")
}

fn depends_on(package: &Value, name: &str) -> bool {
    ["dependencies", "devDependencies"]
        .iter()
        .any(|table| package.get(table).is_some_and(|t| t.get(name).is_some()))
}

fn setup(survey: &Survey, manager: Manager, notes: &mut Vec<String>) -> Setup {
    let (lock, command) = match manager {
        Manager::Npm if survey.has("npm-shrinkwrap.json") => ("npm-shrinkwrap.json", "npm ci"),
        Manager::Npm => ("package-lock.json", "npm ci"),
        Manager::Pnpm => ("pnpm-lock.yaml", "pnpm install --frozen-lockfile"),
        Manager::YarnClassic => ("yarn.lock", "yarn install --frozen-lockfile"),
        Manager::YarnBerry => ("yarn.lock", "yarn install --immutable"),
    };
    let locked = survey.has_committed(lock);
    let mut inputs = vec!["package.json".to_owned()];
    if locked {
        inputs.push(lock.to_owned());
    } else {
        notes.push(format!(
            "there is no committed {lock}: commit one, so that every checkout has the same dependencies"
        ));
    }
    for file in [".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml"] {
        if survey.has_committed(file) {
            inputs.push(file.to_owned());
        }
    }
    let mut env = BTreeMap::new();
    let mut keep = vec!["node_modules".to_owned()];
    if manager == Manager::YarnBerry {
        // Plug'n'Play writes paths that hold only where it was installed.
        env.insert("YARN_NODE_LINKER".to_owned(), "node-modules".to_owned());
        env.insert("YARN_ENABLE_TELEMETRY".to_owned(), "0".to_owned());
        keep.push(".yarn/install-state.gz".to_owned());
    }
    let command = if locked { command } else { "npm install --no-package-lock" };
    Setup { commands: vec![command.to_owned()], inputs, keep, env }
}

fn deploy(survey: &Survey, package: &Value, manager: Manager) -> Option<Deploy> {
    let serves = SERVERS.iter().any(|name| depends_on(package, name))
        || survey.mentions(&ENDINGS, "createServer")
        || survey.mentions(&ENDINGS, "listen");
    if !serves {
        return None;
    }
    let command = match script(package, "start") {
        // Without npm in between it starts faster, and signals reach it.
        Some(line) if is_plain(line) && script(package, "prestart").is_none() => line.trim().to_owned(),
        Some(_) => run(manager, "start"),
        None => format!("node {}", entry(survey, package)?),
    };
    let mut deploy = Deploy::new(survey, &ENDINGS, command);
    let build = script(package, "build").filter(|line| !line.contains("--watch"));
    deploy.build = build.map(|_| run(manager, "build"));
    Some(deploy)
}

/// Whether a script is node and its arguments, with nothing for the shell to do.
fn is_plain(line: &str) -> bool {
    line.trim_start().starts_with("node ") && !line.contains(['&', '|', ';', '$', '>', '<', '`', '*'])
}

/// The file that starts the program.
fn entry(survey: &Survey, package: &Value) -> Option<String> {
    let main =
        package.get("main").and_then(Value::as_str).map(|path| path.trim_start_matches("./").to_owned());
    let usual = [
        "server.js",
        "app.js",
        "index.js",
        "src/server.js",
        "src/app.js",
        "src/index.js",
        "server.mjs",
        "index.mjs",
    ];
    main.into_iter().chain(usual.map(str::to_owned)).find(|path| survey.has(path))
}

/// How the program is run by hand.
fn program(survey: &Survey, package: &Value) -> String {
    let bin = match package.get("bin") {
        Some(Value::String(path)) => Some(path.as_str()),
        Some(Value::Object(table)) => table.values().find_map(Value::as_str),
        _ => None,
    };
    let file = bin.map(|path| path.trim_start_matches("./").to_owned()).or_else(|| entry(survey, package));
    format!("node {}", file.as_deref().unwrap_or("index.js"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::survey::tests::survey;
    use super::*;

    const EXPRESS: &str = r#"{
        "name": "mail", "main": "server.js",
        "scripts": {"test": "node --test", "lint": "eslint .", "start": "node server.js"},
        "dependencies": {"express": "^5"}
    }"#;

    #[test]
    fn a_service_is_set_up_checked_and_started() {
        let survey = survey(&[
            ("package.json", EXPRESS),
            ("package-lock.json", "{}"),
            ("server.js", "app.get('/health', up); app.listen(process.env.PORT)"),
        ]);
        let proposal = propose(&survey).unwrap();
        let commands: Vec<&str> = proposal.checks.iter().map(|check| check.command.as_str()).collect();
        assert_eq!(commands, ["npm run lint", "npm test"]);
        let setup = proposal.setup.unwrap();
        assert_eq!(setup.commands, ["npm ci"]);
        assert_eq!(setup.inputs, ["package.json", "package-lock.json"]);
        assert_eq!(setup.keep, ["node_modules"]);
        let deploy = proposal.deploy.unwrap();
        assert_eq!((deploy.command.as_str(), deploy.ready.as_str()), ("node server.js", "/health"));
        assert_eq!(deploy.build, None);
        assert_eq!(proposal.notes, Vec::<String>::new());
    }

    #[test]
    fn what_npm_init_writes_is_no_test_and_a_watcher_neither() {
        let survey = survey(&[(
            "package.json",
            r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1", "lint": "eslint --watch ."}}"#,
        )]);
        let proposal = propose(&survey).unwrap();
        assert_eq!(proposal.checks, []);
        assert_eq!(proposal.setup, None, "there are no dependencies");
        assert_eq!(proposal.deploy, None);
        assert!(proposal.notes[0].contains("`lint` watches"), "{:?}", proposal.notes);
    }

    #[test]
    fn other_managers_use_their_own_commands() {
        for (lock, content, install, test) in [
            ("pnpm-lock.yaml", "", "pnpm install --frozen-lockfile", "pnpm test"),
            ("yarn.lock", "# yarn lockfile v1", "yarn install --frozen-lockfile", "yarn run test"),
            ("yarn.lock", "__metadata:\n  version: 8", "yarn install --immutable", "yarn run test"),
        ] {
            let package = r#"{"scripts": {"test": "jest"}, "devDependencies": {"jest": "*"}}"#;
            let proposal = propose(&survey(&[("package.json", package), (lock, content)])).unwrap();
            let setup = proposal.setup.unwrap();
            assert_eq!(setup.commands, [install]);
            assert_eq!(setup.inputs, ["package.json", lock]);
            assert_eq!(proposal.checks[0].command, test);
        }
    }

    #[test]
    fn a_build_goes_before_the_start_and_a_shell_script_through_npm() {
        let package = r#"{"scripts": {"build": "tsc", "start": "node dist/x.js && true"}, "dependencies": {"fastify": "5"}}"#;
        let deploy = propose(&survey(&[("package.json", package)])).unwrap().deploy.unwrap();
        assert_eq!((deploy.build.as_deref(), deploy.command.as_str()), (Some("npm run build"), "npm start"));
    }

    #[test]
    fn a_file_that_cannot_be_parsed_is_said() {
        let proposal = propose(&survey(&[("package.json", "{")])).unwrap();
        assert!(proposal.notes[0].contains("package.json"));
    }
}
