//! The sandbox from outside. Without the standard harness, because this program is also the keeper of its tests.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod caller;
mod confined;
mod family;
mod helper;
mod run;
mod service;
mod tools;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    factory_sandbox::enter_if_helper();
    if caller::enter_if_caller() {
        return ExitCode::SUCCESS;
    }
    let trials = [
        run::trials(),
        family::trials(),
        service::trials(),
        helper::trials(),
        caller::trials(),
        confined::trials(),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
}
