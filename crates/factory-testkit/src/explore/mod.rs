//! Every state that runs of a pipeline can reach, found by a search over the real `decide` and `evolve`.
//!
//! A [`world::World`] is a pipeline, its people and an alphabet of what can be asked. [`search::explore`] asks everything
//! in every state, rightly and wrongly made, and holds each answer against the promises in [`invariant`]. What has
//! happened is followed by an [`onlooker`] who reads events and never asks the machine. States that cannot differ in what
//! comes after them are explored once: [`shape`] says what is forgotten, [`alike`] tries out that it may be.
//! [`sabotage`] breaks the machine in every promise, so that the search is seen to find it.

pub mod agree;
pub mod alike;
pub mod ask;
pub mod cast;
pub mod catalog;
pub mod ghost;
mod graph;
pub mod invariant;
pub mod kinds;
pub mod letter;
pub mod machine;
pub mod offers;
pub mod onlooker;
mod onlooker_gates;
mod onlooker_stages;
pub mod sabotage;
pub mod sabotages;
pub mod search;
pub mod shape;
pub mod table;
mod tamper;
pub mod truth;
mod waits;
mod words;
pub mod world;
pub mod worlds;
