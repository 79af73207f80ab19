//! The door through which a sandboxed program reaches one model endpoint, without its key.
//!
//! A sandbox has a private loopback and nothing else. A listener that was bound in there is passed out, and a [`Door`]
//! serves it from outside as a reverse proxy for one endpoint: plain HTTP/1.1 comes in, the key is added here, and what
//! leaves goes to the configured base URL, whatever the request says.
//!
//! - Only listed methods and paths pass, compared as they were written: nothing is decoded or resolved, and a path in
//!   any spelling that two readers could understand differently is refused.
//! - What a client sends as credentials, cookies or host is dropped. So are headers that speak about the connection.
//! - Answers are streamed as they come. The key's bytes are taken out of them, in headers and body, wherever chunks
//!   begin and end; `Set-Cookie` goes, too. An answer in a content encoding is refused, for nothing could be found in it.
//!   An endpoint that means harm could still pass on its key in disguise: it is the one party that has it anyway.
//! - Requests and answers are bounded in size and time, and one connection is one call.
//!
//! A client in the sandbox uses `http://127.0.0.1:PORT` and [`Door::base_path`] as its base URL, and any key.

mod answer;
mod call;
mod headers;
mod plan;
mod route;
mod scrub;
mod server;

pub use plan::{DoorError, DoorLimits, DoorPlan, KeyHeader};
pub use route::Route;
pub use server::{Door, DoorUse};
