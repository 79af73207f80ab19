//! Rust: `Cargo.toml`.

use std::collections::BTreeMap;

use toml::Table;

use super::proposal::{Check, Deploy, Kind, Program, Proposal, Setup};
use super::survey::Survey;

const ENDINGS: [&str; 1] = ["rs"];

/// Crates that serve HTTP.
const SERVERS: [&str; 12] = [
    "actix-web",
    "axum",
    "dropshot",
    "gotham",
    "hyper",
    "poem",
    "rocket",
    "rouille",
    "salvo",
    "tide",
    "tiny_http",
    "warp",
];

pub(super) fn propose(survey: &Survey) -> Option<Proposal> {
    let manifest = survey.read("Cargo.toml")?;
    let Ok(manifest) = toml::from_str::<Table>(&manifest) else {
        return Some(unreadable());
    };
    let members = members(survey, &manifest);
    let locked = survey.has_committed("Cargo.lock");
    let mut notes = Vec::new();
    let lock_flag = if locked { " --locked" } else { "" };
    let workspace_flag = if manifest.contains_key("workspace") { " --workspace" } else { "" };
    let checks =
        vec![Check { name: "tests".to_owned(), command: format!("cargo test{workspace_flag}{lock_flag}") }];

    let needs_setup = members.iter().any(|member| !foreign_dependencies(&member.manifest).is_empty());
    let setup = needs_setup.then(|| setup(locked));
    if !locked {
        notes.push(
            "there is no committed Cargo.lock: commit one, so that every checkout builds with the same dependencies"
                .to_owned(),
        );
    }

    let programs: Vec<(String, String)> = members
        .iter()
        .flat_map(|member| programs(survey, member).into_iter().map(|name| (name, member.folder.clone())))
        .collect();
    let serves = members.iter().any(|member| {
        let names = foreign_dependencies(&member.manifest);
        names.iter().any(|name| SERVERS.contains(&name.as_str()))
    }) || survey.mentions(&ENDINGS, "TcpListener");
    let deploy = match programs.as_slice() {
        [(program, folder)] if serves => {
            let mut deploy = Deploy::new(survey, &ENDINGS, built(program));
            deploy.build = Some(install(program, folder, lock_flag));
            Some(deploy)
        }
        [] | [_] => None,
        several => {
            if serves {
                let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
                notes.push(format!(
                    "there are several programs, so [deploy] is left to you: {}",
                    names.join(", ")
                ));
            }
            None
        }
    };
    let program = match programs.first() {
        Some((program, folder)) => Program {
            by_hand: format!("cargo run --quiet --bin {program} --"),
            built: built(program),
            build: Some(install(program, folder, lock_flag)),
        },
        None => Program::script("cargo run --quiet --example version --"),
    };
    Some(Proposal {
        kind: Kind::Rust,
        manifest: "Cargo.toml".to_owned(),
        checks,
        setup,
        deploy,
        program,
        notes,
    })
}

/// Builds one program and leaves nothing else behind: the project is copied for every scenario, and a `target` folder
/// would be copied with it.
fn install(program: &str, folder: &str, lock_flag: &str) -> String {
    let path = if folder.is_empty() { "." } else { folder.trim_end_matches('/') };
    format!(
        "cargo install{lock_flag} --path {path} --bin {program} --root .factory-build --no-track --target-dir \"$HOME/target\""
    )
}

/// The program as a scenario finds it.
fn built(program: &str) -> String {
    format!("./.factory-build/bin/{program}")
}

fn unreadable() -> Proposal {
    Proposal {
        kind: Kind::Rust,
        manifest: "Cargo.toml".to_owned(),
        checks: Vec::new(),
        setup: None,
        deploy: None,
        program: Program::script("cargo run --quiet --"),
        notes: vec!["Cargo.toml is not TOML, so nothing is proposed for Rust".to_owned()],
    }
}

/// Cargo runs offline afterwards, so that a build can only use what was fetched for the lock file.
fn setup(locked: bool) -> Setup {
    let (command, input) = if locked {
        ("CARGO_NET_OFFLINE=false cargo fetch --locked", "Cargo.lock")
    } else {
        ("CARGO_NET_OFFLINE=false cargo fetch", "Cargo.toml")
    };
    Setup {
        commands: vec![command.to_owned()],
        inputs: vec![input.to_owned()],
        keep: Vec::new(),
        env: BTreeMap::from([
            ("CARGO_HOME".to_owned(), "${setup}/cargo".to_owned()),
            ("CARGO_NET_OFFLINE".to_owned(), "true".to_owned()),
        ]),
    }
}

/// A package with its folder, relative to the project: empty, or with a slash at the end.
struct Member {
    folder: String,
    manifest: Table,
}

/// The root's package and those of its workspace: every `Cargo.toml` below a root with `[workspace]`.
fn members(survey: &Survey, root: &Table) -> Vec<Member> {
    let mut members = Vec::new();
    if root.contains_key("package") {
        members.push(Member { folder: String::new(), manifest: root.clone() });
    }
    if root.contains_key("workspace") {
        for path in survey.files().filter(|path| path.ends_with("/Cargo.toml")) {
            let manifest = survey.read(path).and_then(|text| toml::from_str::<Table>(&text).ok());
            if let Some(manifest) = manifest.filter(|manifest| manifest.contains_key("package")) {
                let folder = path.trim_end_matches("Cargo.toml").to_owned();
                members.push(Member { folder, manifest });
            }
        }
    }
    members
}

/// Names of dependencies that are not in the repository. One that a workspace hands down counts: where it comes from is
/// said elsewhere.
fn foreign_dependencies(manifest: &Table) -> Vec<String> {
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|table| manifest.get(*table)?.as_table())
        .flatten()
        .filter(|(_, value)| value.as_table().is_none_or(|table| !table.contains_key("path")))
        .map(|(name, _)| name.clone())
        .collect()
}

/// Names of a package's programs.
fn programs(survey: &Survey, member: &Member) -> Vec<String> {
    let folder = &member.folder;
    let mut names = Vec::new();
    if let Some(tables) = member.manifest.get("bin").and_then(|bin| bin.as_array()) {
        names.extend(tables.iter().filter_map(|table| table.get("name")?.as_str().map(str::to_owned)));
    }
    let package = member.manifest.get("package").and_then(|package| package.get("name")?.as_str());
    if names.is_empty() && survey.has(&format!("{folder}src/main.rs")) {
        names.extend(package.map(str::to_owned));
    }
    let own = format!("{folder}src/bin/");
    for path in survey.files().filter_map(|path| path.strip_prefix(own.as_str())) {
        let name = path.strip_suffix("/main.rs").or_else(|| path.strip_suffix(".rs"));
        if let Some(name) =
            name.filter(|name| !name.contains('/') && !names.iter().any(|known| known == name))
        {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::survey::tests::survey;
    use super::*;

    #[test]
    fn a_service_is_built_and_started() {
        let survey = survey(&[
            ("Cargo.toml", "[package]\nname = \"mail\"\n[dependencies]\naxum = \"0.8\""),
            ("Cargo.lock", ""),
            ("src/main.rs", r#"std::env::var("PORT"); route("/health")"#),
        ]);
        let proposal = propose(&survey).unwrap();
        assert_eq!(proposal.checks[0].command, "cargo test --locked");
        let setup = proposal.setup.unwrap();
        assert_eq!(setup.commands, ["CARGO_NET_OFFLINE=false cargo fetch --locked"]);
        assert_eq!(setup.inputs, ["Cargo.lock"]);
        assert_eq!(setup.env["CARGO_HOME"], "${setup}/cargo");
        let deploy = proposal.deploy.unwrap();
        let build = deploy.build.unwrap();
        assert!(
            build.starts_with("cargo install --locked --path . --bin mail --root .factory-build "),
            "{build}"
        );
        assert_eq!(deploy.command, "./.factory-build/bin/mail");
        assert_eq!((deploy.ready.as_str(), deploy.env["PORT"].as_str()), ("/health", "${port}"));
        assert_eq!(proposal.notes, Vec::<String>::new());
    }

    #[test]
    fn a_package_without_dependencies_needs_no_setup() {
        let survey = survey(&[
            ("Cargo.toml", "[package]\nname = \"tool\"\n[dependencies]\nown = { path = \"own\" }"),
            ("src/main.rs", "fn main() {}"),
        ]);
        let proposal = propose(&survey).unwrap();
        assert_eq!(proposal.setup, None);
        assert_eq!(proposal.deploy, None, "a program that does not listen is no service");
        assert_eq!(proposal.program.by_hand, "cargo run --quiet --bin tool --");
        assert_eq!(proposal.checks[0].command, "cargo test");
    }

    #[test]
    fn a_workspace_with_two_programs_leaves_the_choice() {
        let survey = survey(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]"),
            ("Cargo.lock", ""),
            ("a/Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nhyper = \"1\""),
            ("a/src/main.rs", ""),
            ("b/Cargo.toml", "[package]\nname = \"b\""),
            ("b/src/bin/one.rs", ""),
        ]);
        let proposal = propose(&survey).unwrap();
        assert_eq!(proposal.checks[0].command, "cargo test --workspace --locked");
        assert!(proposal.setup.is_some());
        assert_eq!(proposal.deploy, None);
        assert!(proposal.notes[0].ends_with("a, one"), "{:?}", proposal.notes);
    }
}
