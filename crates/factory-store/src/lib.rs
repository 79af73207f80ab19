//! Keeps records and blobs durably: one append-only log for each run, and bytes by their SHA-256.
//!
//! [`Store::open`] opens both in one directory, for one process at a time. What a record means is nobody's business
//! here. [`MemoryLog`] and [`MemoryBlobs`] keep the same promises without a disk, but for durability;
//! `conformance` is the suite that every backend has to pass.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod blobs;
mod chain;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod database;
mod disk;
mod hold;
mod log;
mod memory;
mod store;
mod writer;

pub use blobs::FileBlobs;
pub use chain::link;
pub use log::SledLog;
pub use memory::{MemoryBlobs, MemoryLog};
pub use store::{FORMAT, Store};
