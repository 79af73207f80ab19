//! Runs one process and everything it starts, and ends all of it.
//!
//! A [`Launcher`] re-executes the current program as a *keeper*: a small process that starts the command, adopts
//! every descendant that detaches itself, and kills them all when the command ends, when its time is over, or when
//! the caller goes away in whatever manner, `kill -9` included. The caller holds the other end of the keeper's only
//! socket; that end closing is the signal, so nothing depends on the caller cleaning up.
//!
//! Every program that uses a [`Launcher`] calls [`enter_if_helper`] as the first statement of its `main`.
//!
//! ```no_run
//! use factory_sandbox::{Command, Environment, Launcher};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     factory_sandbox::enter_if_helper();
//!     let runtime = tokio::runtime::Runtime::new()?;
//!     let command = Command::shell("git status --short")
//!         .cwd("/srv/checkout")
//!         .environment(Environment::tools("/srv/scratch".as_ref())?);
//!     let finished = runtime.block_on(Launcher::new().run(command))?;
//!     println!("{:?}\n{}", finished.end, finished.stdout.text());
//!     Ok(())
//! }
//! ```
//!
//! A launcher that was told how ([`Launcher::confined`]) also confines: the keeper executes the program once more as the
//! first process of a sandbox, which builds what the command may see, gives up all privileges, sets the rules that the command
//! inherits, and then stays as the broker of sockets: [`Service::dial`] reaches into a sandbox, [`Command::door`] leads out
//! of it. [`Profile`] says in which ways that is done.
//!
//! Without that, a command has the caller's user, files and network, so it can also kill the keeper itself; then the caller
//! gets [`SandboxError::KeeperLost`], and what the command had started may live on. Linux only, with `/proc` mounted.

mod broker;
mod capture;
mod command;
mod confinement;
mod end;
mod environment;
mod error;
mod family;
mod handle;
mod init;
mod keeper;
mod launcher;
mod parcel;
pub mod proxy;
mod raw;
mod service;
pub mod toolchains;
mod wire;

pub use capture::Captured;
pub use command::{Command, Limits};
pub use confinement::{Network, Profile, Sandbox};
pub use end::{Contact, End, Finished};
pub use environment::Environment;
pub use error::SandboxError;
pub use keeper::enter_if_helper;
pub use launcher::Launcher;
pub use service::Service;
