//! Showing what a run does while it does it: live lines on a terminal, one line a transition elsewhere, JSON for machines.

mod bar;
mod ndjson;
mod plain;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use factory_engine::port::watcher::{Nobody, Watcher};

use crate::args::{Format, OutputArgs, ProgressKind};

/// Whoever watches, as the flags ask.
pub(crate) fn watcher(output: &OutputArgs) -> Arc<dyn Watcher> {
    if output.format == Format::Ndjson {
        return Arc::new(ndjson::Ndjson);
    }
    match output.progress {
        ProgressKind::Bar => Arc::new(bar::Bar::new()),
        ProgressKind::Plain => Arc::new(plain::Plain),
        ProgressKind::None => Arc::new(Nobody),
        ProgressKind::Auto if io::stderr().is_terminal() => Arc::new(bar::Bar::new()),
        ProgressKind::Auto => Arc::new(plain::Plain),
    }
}
