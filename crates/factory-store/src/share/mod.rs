//! One store for several processes. The first that opens it holds it; every other reaches it through a socket of that
//! one and gets the same promises.
//!
//! Messages are frames (`wire`): the hello first, then any number of questions, each with a number that its answer
//! bears, and in the other direction answers and news of changes. Only processes of the same user, or of root, are
//! heard. What a client sends cannot harm the holder: a frame that makes no sense ends that one connection.
//!
//! When the holder ends, one of those who reached it holds the store, and the others reach that one (`lasting`). Claims
//! are no messages: they are locks on files, which last as long as who has claimed.

mod client;
mod errors;
mod lasting;
mod link;
mod opened;
mod place;
mod server;
mod session;
#[cfg(test)]
mod tests;
mod wire;

pub use client::RemoteStore;
pub use opened::{Access, Opened};
pub use server::{Server, serve};
