//! Sealed checkouts, patches in and out, dependency set-up, and the merge onto a branch.
//!
//! [`Project::discover`] finds what is worked on; [`GitWorkspaces`] is the adapter behind the engine's
//! [`Workspaces`](factory_engine::port::workspace::Workspaces) port. All git work is done with libgit2, in this process:
//! the git command line runs hooks, filters and monitors that a hostile tree can name.
//!
//! What holds throughout:
//! - A checkout is a new repository whose objects were copied one by one. Nothing is ever cloned.
//! - A patch comes out by walking files. The checkout's own `.git` is not opened again once it has been handed out.
//! - File contents pass unfiltered: no line-ending conversion, no clean or smudge filter.
//! - The user's repository gains objects and `factory/*` branches. Its index and work tree are only read.
//!
//! [`reverts`] and [`trailers`] read what became of commits later on, and [`signing`] has what is said about them signed
//! by the user's SSH key.

mod apply;
mod checkout;
mod checks;
mod diff;
mod error;
mod extract;
mod fresh;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod history;
mod holdouts;
mod ignore;
mod land;
mod pack;
mod past;
mod patched;
mod paths;
mod project;
mod proof;
mod rebase;
mod seal;
mod setup;
pub mod signing;
mod touched;
mod tree;
mod undone;
mod workspaces;

pub use checkout::clean_stale;
pub use checks::{CheckConfig, ProjectChecks};
pub use fresh::create_repository;
pub use history::{Reverted, reverts, trailers};
pub use project::{Project, ProjectError};
pub use setup::SetupConfig;
pub use touched::{Touched, touched};
pub use workspaces::{GitWorkspaces, Hosts, WorkspaceConfig, check_base, inside};
