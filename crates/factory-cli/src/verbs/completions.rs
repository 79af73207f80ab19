//! `factory completions`

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::Exit;
use crate::output;

pub(crate) fn completions(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "factory", &mut script);
    output::text(&String::from_utf8_lossy(&script));
    Exit::Clean
}
