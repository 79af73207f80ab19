//! What the tests of several crates need: [`samples`] of artifacts, a simulated [`world`] behind the engine's ports, and
//! the [`architecture`]'s rules as functions over data. No crate ships it; it may only be a dev-dependency.

pub mod architecture;
pub mod explore;
pub mod model_twin;
pub mod samples;
pub mod world;
