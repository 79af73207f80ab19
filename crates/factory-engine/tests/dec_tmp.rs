//! temporary
#![allow(clippy::unwrap_used)]
#[path = "it/ledger.rs"]
mod ledger;
