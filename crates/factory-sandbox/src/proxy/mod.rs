//! The door through which a sandboxed process reaches named hosts: an HTTP/1.1 `CONNECT` proxy on the trusted side.
//!
//! A sandbox has a private loopback and nothing else. A listener that was bound in there is passed out, and a [`Proxy`]
//! serves it from outside: it answers `CONNECT host:port` for what [`Allowed`] lists, byte for byte, and nothing else.
//!
//! - The target is compared as text with the list, after ASCII lower-casing and nothing more: no decoding, no other
//!   spellings of an address, no suffixes.
//! - A name is resolved here, when it is asked for and only if it is listed, and the connection goes to exactly the
//!   address that was checked. A name that stands for this machine, or for the network it is in, is refused: whoever
//!   serves that name must not choose which of our own services is reached.
//! - What lies between request head and answer is refused, so that one connection is one tunnel.
//! - Every request is on record with what went through, see [`Accesses`].
//!
//! The proxy does not look into a tunnel: an allowed host gets whatever bytes the sandbox sends it.
//!
//! ```no_run
//! use factory_sandbox::proxy::{Allowed, Bounds, Proxy};
//!
//! # async fn serve(listener: std::net::TcpListener) -> Result<(), Box<dyn std::error::Error>> {
//! let allowed = Allowed::of(["static.crates.example:443", "[2001:db8::1]:443"])?;
//! let proxy = Proxy::start(listener, allowed, Bounds::default())?;
//! // … the sandbox runs …
//! for access in proxy.end().await.list {
//!     println!("{} {} out {} in {}", access.target, access.allowed, access.bytes_out, access.bytes_in);
//! }
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test stops at the first surprise"))]

mod access;
mod address;
mod allowed;
mod answer;
mod fuzz;
mod head;
mod serve;
mod server;
mod target;
#[cfg(test)]
mod tests;
mod tunnel;

pub use access::{Access, Accesses};
pub use allowed::{Allowed, AllowedError};
pub use fuzz::fuzz_proxy_head;
pub use server::{Bounds, Proxy, ProxyError};
pub use target::TargetFault;
