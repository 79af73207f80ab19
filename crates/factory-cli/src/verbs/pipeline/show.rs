//! `factory pipeline show`: a pipeline as text, as a graph, or as JSON.

use factory_core::pipeline::draw;

use crate::args::pipeline::DrawFormat;
use crate::config::pipeline::{self, Source};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;

pub(super) fn show(source: &Source, format: DrawFormat) -> Result<Exit, CliError> {
    let pipeline = pipeline::check(source)?;
    match format {
        DrawFormat::Text => output::text(&draw::text(&pipeline)),
        DrawFormat::Dot => output::text(&draw::dot(&pipeline)),
        DrawFormat::Mermaid => output::text(&draw::mermaid(&pipeline)),
        DrawFormat::Json => output::json(&pipeline),
    }
    Ok(Exit::Clean)
}
