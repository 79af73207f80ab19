//! Configuration: what a project says of itself (`factory.toml`), what stays on this machine (`.factory/local.toml`), and
//! what may only come from the environment. A repository can never set a secret, an endpoint or an approval.

pub(crate) mod local;
pub(crate) mod pipeline;
pub(crate) mod place;
pub(crate) mod project;
pub(crate) mod toml_file;
