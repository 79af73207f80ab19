//! Kills a process at every point of a whole run and lets another one go on: after each event, before and after each
//! thing that an effect does. Real store, real repository, real processes that end by SIGKILL; only the model, the
//! project's checks and the evaluator are played, by the testkit's world.
//!
//! For each point: nothing acknowledged is lost, the run ends in the same state, there is one commit of it, and the
//! ledger agrees with the log.
//!
//! The story that goes through all ten stages takes minutes, so of its points only every fourth is tried unless
//! `FACTORY_TESTS=all`; the others are listed as ignored.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod child;
mod meter;
mod ports;
mod story;

use std::env;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// The points are dealt out to this many cases, so that they run beside each other.
const HANDS: usize = 4;
/// With `all` in this variable, what takes long is tried, too.
const TESTS: &str = "FACTORY_TESTS";

fn main() -> ExitCode {
    factory_sandbox::enter_if_helper();
    if let Some(folder) = env::var_os(child::FOLDER) {
        return child::run(folder.as_ref());
    }
    let all = env::var_os(TESTS).is_some_and(|tests| tests == "all");
    let mut trials = Vec::new();
    for story in story::ALL {
        for hand in 0..HANDS {
            let name = format!("{}_survives_a_kill_at_every_point_{}_of_{HANDS}", story.name, hand + 1);
            let trial = Trial::test(name, move || {
                story.killed_at_each(hand, HANDS);
                Ok(())
            });
            let left_out = story.long && hand > 0 && !all;
            trials.push(if left_out { trial.with_kind("slow").with_ignored_flag(true) } else { trial });
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
