//! What the workspace is made of: crates, what they depend on, and their files.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use walkdir::WalkDir;

/// A crate of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Names of what is built into it: its dependencies and build dependencies, on every platform.
    pub ships: Vec<String>,
    /// Names of what only its tests use.
    pub tests: Vec<String>,
    /// Its Rust files.
    pub sources: Vec<Source>,
}

/// A Rust file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path in the crate's folder, with `/`.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// The parts of a crate's folder that hold its Rust files.
const FOLDERS: [&str; 5] = ["src", "tests", "benches", "examples", "build.rs"];

// The format of `cargo metadata`, version 1: https://doc.rust-lang.org/cargo/commands/cargo-metadata.html
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// Reads the workspace that `inside` is in.
///
/// # Panics
/// When cargo cannot describe it or a file cannot be read.
pub fn read(inside: &Path) -> Vec<Crate> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(inside)
        .output()
        .expect("the cargo that built this can be run");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo keeps to its format");
    metadata.packages.into_iter().map(of_package).collect()
}

fn of_package(package: Package) -> Crate {
    let (mut ships, mut tests) = (Vec::new(), Vec::new());
    for dependency in package.dependencies {
        match dependency.kind.as_deref() {
            Some("dev") => tests.push(dependency.name),
            _ => ships.push(dependency.name),
        }
    }
    let root = Path::new(&package.manifest_path).parent().expect("a manifest stands in a folder");
    let files = FOLDERS.iter().map(|folder| root.join(folder)).filter(|folder| folder.exists());
    let files = files.flat_map(|folder| WalkDir::new(folder).sort_by_file_name());
    let files = files.map(|file| file.expect("the workspace can be read").into_path());
    let sources = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| Source {
            path: file.strip_prefix(root).expect("found under the root").to_string_lossy().replace('\\', "/"),
            text: std::fs::read_to_string(&file).expect("a source file is text"),
        })
        .collect();
    Crate { name: package.name, ships, tests, sources }
}
