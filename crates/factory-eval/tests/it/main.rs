//! The evaluator against a small real service: one that is right, and many that are wrong in one way each.
//!
//! The service is Python, so without `python3` all of this is listed as ignored.

#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod bench;
mod cases;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    factory_sandbox::enter_if_helper();
    let arguments = Arguments::from_args();
    let python = std::process::Command::new("python3")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    let library = factory_eval::clock::find_libfaketime().is_some();
    let mut trials = Vec::new();
    for (name, needs, case) in cases::ALL {
        let missing = match needs {
            _ if !python => Some("python3 is not installed"),
            cases::Needs::Python => None,
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
