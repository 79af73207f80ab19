//! Go: `go.mod`.

use std::collections::BTreeMap;

use super::proposal::{Check, Deploy, Kind, Program, Proposal, Setup};
use super::survey::{Survey, is_test};

const ENDINGS: [&str; 1] = ["go"];

const BUILT: &str = "./.factory-build/program";

pub(super) fn propose(survey: &Survey) -> Option<Proposal> {
    let module = survey.read("go.mod")?;
    let checks = vec![Check { name: "tests".to_owned(), command: "go test ./...".to_owned() }];
    let vendored = survey.directory().join("vendor/modules.txt").is_file();
    let setup = (requires(&module) && !vendored).then(|| setup(survey));
    let mut notes = Vec::new();
    let packages = main_packages(survey);
    let serves = survey.mentions(&ENDINGS, "ListenAndServe")
        || survey.mentions(&ENDINGS, "ListenAndServeTLS")
        || survey.mentions(&ENDINGS, "net.Listen")
        || ["gin-gonic/gin", "labstack/echo", "gofiber/fiber"].iter().any(|name| module.contains(name));
    let deploy = match packages.as_slice() {
        [package] if serves => {
            let mut deploy = Deploy::new(survey, &ENDINGS, BUILT);
            deploy.build = Some(build(package));
            Some(deploy)
        }
        [] | [_] => None,
        several => {
            if serves {
                notes.push(format!(
                    "there are several main packages, so [deploy] is left to you: {}",
                    several.join(", ")
                ));
            }
            None
        }
    };
    let program = match packages.first() {
        Some(package) => Program {
            by_hand: format!("go run {package}"),
            built: BUILT.to_owned(),
            build: Some(build(package)),
        },
        None => Program::script("go run ./cmd/version"),
    };
    Some(Proposal { kind: Kind::Go, manifest: "go.mod".to_owned(), checks, setup, deploy, program, notes })
}

fn build(package: &str) -> String {
    format!("go build -o .factory-build/program {package}")
}

/// The cache stays writable, so that it can be removed like any folder. `go` does not change `go.mod` by itself, so what
/// is not downloaded here is missing, and says so.
fn setup(survey: &Survey) -> Setup {
    let files = ["go.mod", "go.sum", "go.work", "go.work.sum"];
    Setup {
        commands: vec!["go mod download".to_owned()],
        inputs: files.into_iter().filter(|file| survey.has_committed(file)).map(str::to_owned).collect(),
        keep: Vec::new(),
        env: BTreeMap::from([
            ("GOFLAGS".to_owned(), "-modcacherw".to_owned()),
            ("GOMODCACHE".to_owned(), "${setup}/gomod".to_owned()),
        ]),
    }
}

/// Whether the module needs others.
fn requires(module: &str) -> bool {
    module.lines().map(str::trim).any(|line| line == "require (" || line.starts_with("require "))
}

/// Packages with a program, as the go command names them.
fn main_packages(survey: &Survey) -> Vec<String> {
    let mut packages: Vec<String> = survey
        .sources(&ENDINGS)
        .filter(|(path, text)| !is_test(path) && text.lines().any(|line| line.trim() == "package main"))
        // `//go:build ignore` marks scripts that belong to no package.
        .filter(|(_, text)| !text.contains("//go:build ignore"))
        .map(|(path, _)| match path.rsplit_once('/') {
            Some((folder, _)) => format!("./{folder}"),
            None => ".".to_owned(),
        })
        .collect();
    packages.sort();
    packages.dedup();
    packages
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::super::survey::tests::survey;
    use super::*;

    #[test]
    fn a_service_is_built_and_started() {
        let survey = survey(&[
            ("go.mod", "module example.test/mail\n\ngo 1.24\n\nrequire github.com/go-chi/chi/v5 v5.2.0\n"),
            ("go.sum", "x"),
            (
                "cmd/mail/main.go",
                "package main\nfunc main() { http.ListenAndServe(\":\"+os.Getenv(\"PORT\"), nil) }",
            ),
            ("cmd/mail/main_test.go", "package main"),
            ("internal/routes.go", "package internal\nmux.HandleFunc(\"/healthz\", up)"),
        ]);
        let proposal = propose(&survey).unwrap();
        assert_eq!(proposal.checks[0].command, "go test ./...");
        let setup = proposal.setup.unwrap();
        assert_eq!((setup.commands[0].as_str(), setup.inputs.len()), ("go mod download", 2));
        let deploy = proposal.deploy.unwrap();
        assert_eq!(deploy.build.as_deref(), Some("go build -o .factory-build/program ./cmd/mail"));
        assert_eq!((deploy.ready.as_str(), deploy.env["PORT"].as_str()), ("/healthz", "${port}"));
    }

    #[test]
    fn what_is_vendored_or_not_needed_is_not_downloaded() {
        let plain = survey(&[("go.mod", "module x\n\ngo 1.24\n"), ("main.go", "package main")]);
        assert_eq!(propose(&plain).unwrap().setup, None);
        let folder = super::super::survey::tests::folder(&[
            ("go.mod", "module x\nrequire (\n\ty v1.0.0\n)\n"),
            ("vendor/modules.txt", ""),
        ]);
        assert_eq!(propose(&Survey::of(folder.path()).unwrap()).unwrap().setup, None);
    }
}
