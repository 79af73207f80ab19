//! What can be done about a damaged store: see what is whole, write that out as text, make a new store of it.

mod examine;
mod export;
mod form;
mod import;
mod referred;
mod salvage;
#[cfg(test)]
mod tests;

pub use examine::{BadBlob, Damage, Examination, Soundness};
pub use export::Exported;
pub use import::Imported;
