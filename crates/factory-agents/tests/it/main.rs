//! The roles and their models from outside. Without the standard harness, because this program is also the keeper of
//! the commands that `bash` runs.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod door;
mod endpoint;
mod golden;
mod live;
mod phases;
mod recording;
mod roles;
mod support;
mod told;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    factory_sandbox::enter_if_helper();
    let trials = [
        door::trials(),
        golden::trials(),
        live::trials(),
        phases::trials(),
        recording::trials(),
        roles::trials(),
        told::trials(),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
}
