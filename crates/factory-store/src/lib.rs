//! Keeps records, decisions and blobs durably: one append-only log for each run, one ledger for the project, and bytes
//! by their SHA-256.
//!
//! [`Store::open`] opens all of it in one directory, for one process at a time; [`Store::open_or_attach`] lets others use
//! it through that process. [`Store::examine`] says what of it is damaged, [`Store::export_whole`] writes out what is not,
//! and [`Store::import`] makes a store of that again. What a record means is nobody's business here.
//!
//! [`MemoryLog`] and [`MemoryBlobs`] keep the same promises without a disk, but for durability; `conformance` is the suite
//! that every backend has to pass.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod blobs;
mod chain;
mod claims;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod database;
mod disk;
mod evidence;
mod hold;
mod keys;
mod log;
mod memory;
mod rawfile;
mod reader;
mod repair;
mod share;
mod store;
mod witness;
mod writer;

pub use blobs::FileBlobs;
pub use chain::link;
pub use log::SledLog;
pub use memory::{MemoryBlobs, MemoryLog};
pub use repair::{BadBlob, Damage, Examination, Exported, Imported, Soundness};
pub use share::{Access, Opened, RemoteStore, Server, serve};
pub use store::{FORMAT, Store};
