//! Ways to ask a model: live, live and recorded, or from a recording; and a [`door`] to one for programs that ask by
//! themselves.

mod canonical;
mod cassette;
mod difference;
pub mod door;
mod drift;
mod endpoint;
mod http;
mod openai;
mod record;
mod redact;
mod replay;
mod secret;
mod wire;

pub use canonical::MatchMode;
pub use cassette::{AnsweredBy, CASSETTE_SCHEMA, Cassette, Header};
pub use endpoint::{Endpoint, EndpointError, Price};
pub use openai::OpenAiModel;
pub use record::RecordingModel;
pub use redact::Redactor;
pub use replay::ReplayModel;
pub use secret::Secret;
