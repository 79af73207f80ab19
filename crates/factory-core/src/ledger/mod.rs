//! The decision ledger: every decision of a project, by a person or by policy, in one chain.
//!
//! [`entry`] is what stands in it, [`statement`] what people sign, [`export`] how other programs get it, [`leak`] what holdouts have revealed. The store chains the entries' exact bytes; what follows from them is folded here.

pub mod entry;
pub mod export;
pub mod leak;
pub mod metrics;
pub mod statement;
