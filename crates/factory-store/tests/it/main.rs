//! What a store does when its process is killed and when its device fails: each case is a process of its own, which is
//! this very program, started with [`child::ROLE`] in its environment.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod child;
mod crash;
mod device;

use libtest_mimic::{Arguments, Trial};

fn main() {
    if let Ok(role) = std::env::var(child::ROLE) {
        return child::play(&role);
    }
    let mounts = device::Mounts::probe();
    let here = |name: &str, case: fn()| {
        Trial::test(name, move || {
            case();
            Ok(())
        })
    };
    let mounted = |name: &str, case: fn(&device::Mounts)| match mounts.clone() {
        Some(mounts) => Trial::test(name, move || {
            case(&mounts);
            Ok(())
        }),
        None => Trial::test(name, || Err("no private mount namespace can be made here".into()))
            .with_kind("needs a private mount namespace")
            .with_ignored_flag(true),
    };
    let trials = vec![
        here("crash::what_was_acknowledged_survives_being_killed", crash::survives_being_killed),
        here("crash::another_process_is_told_who_holds_the_store", crash::is_told_the_holder),
        here("device::after_a_write_that_failed_nothing_is_appended", device::stops_after_a_failed_write),
        mounted("device::a_full_device_refuses_appends_and_keeps_the_log", device::refuses_when_full),
        mounted("device::a_read_only_device_is_said_to_be_one", device::refuses_read_only),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
