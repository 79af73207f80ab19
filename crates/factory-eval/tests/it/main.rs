//! The evaluator against a small real service: one that is right, and many that are wrong in one way each.
//!
//! The service is Python, so without `python3` all of this is listed as ignored.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod bench;
mod cases;
mod command;
mod example;
mod fidelity;
mod hostile;
mod isolation;
mod regression;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    factory_sandbox::enter_if_helper();
    let arguments = Arguments::from_args();
    let has = |program: &str| {
        let output = std::process::Command::new(program).arg("--version").output();
        output.is_ok_and(|output| output.status.success())
    };
    let python = has("python3");
    let cargo = has("cargo");
    let library = factory_eval::clock::find_libfaketime().is_some();
    let mut trials = Vec::new();
    let all = [
        fidelity::ALL,
        cases::ALL,
        command::ALL,
        example::ALL,
        hostile::ALL,
        isolation::ALL,
        regression::ALL,
    ]
    .into_iter()
    .flatten();
    for (name, needs, case) in all {
        let missing = match needs {
            _ if !python => Some("python3 is not installed"),
            cases::Needs::Python => None,
            cases::Needs::Cargo => (!cargo).then_some("cargo is not installed"),
            cases::Needs::LibFaketime => (!library).then_some("libfaketime is not installed"),
        };
        let name = missing.map_or((*name).to_owned(), |missing| format!("{name} ({missing})"));
        let run = || {
            case();
            Ok::<(), Failed>(())
        };
        trials.push(Trial::test(name, run).with_ignored_flag(missing.is_some()));
    }
    for (bug, place, class) in cases::DEFECTS {
        let run = || {
            cases::is_found(bug, *place, *class);
            Ok::<(), Failed>(())
        };
        trials.push(Trial::test(format!("the_defect_{bug}_is_found"), run).with_ignored_flag(!python));
    }
    libtest_mimic::run(&arguments, trials).exit();
}
