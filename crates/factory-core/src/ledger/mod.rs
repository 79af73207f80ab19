//! The decision ledger: every decision of a project, by a person or by policy, in one chain.
//!
//! [`entry`] is what stands in it, [`statement`] what people sign, [`export`] how other programs get it. The store chains the entries' exact bytes; what follows from them is folded here.

pub mod entry;
pub mod export;
pub mod metrics;
pub mod statement;
