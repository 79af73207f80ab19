//! The binary as people use it: a whole project, a real model endpoint, real processes; what is checked is what it says,
//! how it ends and what it leaves behind. Cases that this machine cannot run are listed as ignored, with what they need.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod answers;
mod bad_input;
mod beside;
mod budget;
mod cancelling;
mod correction;
mod damage;
mod decisions;
mod demo;
mod deployments;
mod doctor;
mod dry_run;
mod editing;
mod endpoint;
mod entries;
mod evaluating;
mod fixture;
mod foreign;
mod full_disk;
mod gates;
mod holdouts;
mod interrupted;
mod killed;
mod ledger;
mod looking;
mod messages;
mod moved_base;
mod overriding;
mod people;
mod pipeline;
mod process;
mod protected;
mod recordings;
mod repair;
mod retry;
mod shells;
mod spec;
mod stable;
mod terminal;
mod timing;
mod translating;
mod tripwire;
mod trust;
mod unsealed;
mod whole;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A case that needs nothing but git.
fn case(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// A case whose project is a Python program.
fn with_python(name: &str, test: fn()) -> Trial {
    needing("needs python3", fixture::has_python(), case(name, test))
}

/// A case that is ignored, and says why, where something is missing.
fn needing(what: &str, is_there: bool, trial: Trial) -> Trial {
    if is_there { trial } else { trial.with_kind(what).with_ignored_flag(true) }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = [
        // Those that take longest come first.
        killed::trials(),
        demo::trials(),
        damage::trials(),
        decisions::trials(),
        ledger::trials(),
        recordings::trials(),
        unsealed::trials(),
        deployments::trials(),
        evaluating::trials(),
        translating::trials(),
        holdouts::trials(),
        interrupted::trials(),
        correction::trials(),
        endpoint::trials(),
        whole::trials(),
        gates::trials(),
        foreign::trials(),
        messages::trials(),
        full_disk::trials(),
        moved_base::trials(),
        budget::trials(),
        beside::trials(),
        timing::trials(),
        terminal::trials(),
        repair::trials(),
        retry::trials(),
        overriding::trials(),
        editing::trials(),
        people::trials(),
        cancelling::trials(),
        looking::trials(),
        entries::trials(),
        spec::trials(),
        stable::trials(),
        answers::trials(),
        doctor::trials(),
        dry_run::trials(),
        bad_input::trials(),
        pipeline::trials(),
        protected::trials(),
        shells::trials(),
        tripwire::trials(),
        trust::trials(),
    ];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}
