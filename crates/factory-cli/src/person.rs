//! Who is at the keyboard, as far as anybody can tell.

use factory_core::event::{Person, Proof};
use factory_workspace::Project;

/// The operating system's user with the git identity. Nothing proves either.
pub(crate) fn current(project: &Project) -> Person {
    let (name, email) = project.identity();
    let login = ["USER", "LOGNAME"].iter().find_map(|variable| std::env::var(variable).ok());
    let login = login.filter(|login| !login.is_empty()).unwrap_or_else(|| "unknown".to_owned());
    Person { login, name, email, proof: Proof::Unauthenticated }
}
