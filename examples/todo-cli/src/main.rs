//! `todo`: a list of things to do, in one file.

mod cli;
mod clock;
mod json;
mod store;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = match std::env::args_os().skip(1).map(|each| each.into_string()).collect() {
        Ok(arguments) => arguments,
        Err(_) => {
            eprintln!("todo: an argument is not UTF-8");
            return ExitCode::from(2);
        }
    };
    match cli::run(&arguments) {
        Ok(output) => {
            print!("{output}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("todo: {}", error.message);
            ExitCode::from(error.status)
        }
    }
}
