//! What a store does when its process is killed and when its device fails: each case is a process of its own, which is
//! this very program, started with [`child::ROLE`] in its environment.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod child;
mod crash;
mod device;
mod power;
mod records;
mod share;
mod switch;

use libtest_mimic::{Arguments, Trial};

fn main() {
    if let Ok(role) = std::env::var(child::ROLE) {
        return child::play(&role);
    }
    let mounts = device::Mounts::probe();
    let plain = device::Plain::probe();
    // A stranger is another user, whom only root can play.
    let stranger = plain.filter(|_| nix::unistd::geteuid().is_root());
    let trials = vec![
        always("crash::what_was_acknowledged_survives_being_killed", crash::survives_being_killed),
        always("crash::many_decisions_are_kept_together_or_not_at_all", crash::keeps_all_or_nothing),
        always("crash::another_process_is_told_who_holds_the_store", crash::is_told_the_holder),
        always("device::after_a_write_that_failed_nothing_is_appended", device::stops_after_a_failed_write),
        given(&mounts, NO_MOUNTS, "device::a_full_device_refuses_appends_and_keeps_the_log", |mounts| {
            device::refuses_when_full(&mounts);
        }),
        given(&mounts, NO_MOUNTS, "device::space_that_runs_out_in_a_write_loses_nothing", |mounts| {
            device::survives_running_out(&mounts);
        }),
        given(&mounts, NO_MOUNTS, "device::a_read_only_device_is_said_to_be_one", |mounts| {
            device::refuses_read_only(&mounts);
        }),
        given(
            &plain,
            "no process without root's rights can be started here",
            "device::a_directory_that_may_not_be_written_is_said_to_be_one",
            device::refuses_without_permission,
        ),
        given(
            &power::Power::probe(),
            "no file system can be made, mounted and shut down here",
            "power::what_was_acknowledged_survives_power_cuts",
            power::survives_cuts,
        ),
        always("share::two_processes_append_beside_each_other", share::two_processes_share_it),
        always("share::a_killed_holder_loses_nothing", share::a_killed_holder_loses_nothing),
        always(
            "share::a_killed_visitor_gives_back_its_claims",
            share::a_killed_visitor_gives_back_its_claims,
        ),
        always("share::a_claim_outlives_a_killed_holder", share::a_claim_outlives_a_killed_holder),
        always("switch::nothing_is_lost_or_doubled_when_holders_end", switch::nothing_is_lost_or_doubled),
        always("switch::who_listens_is_told_after_the_holder_was_killed", switch::who_listens_is_told),
        given(
            &stranger,
            "only root can start another user's process",
            "share::strangers_are_sent_away",
            share::strangers_are_sent_away,
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

const NO_MOUNTS: &str = "no private mount namespace can be made here";

fn always(name: &str, case: fn()) -> Trial {
    Trial::test(name, move || {
        case();
        Ok(())
    })
}

/// A case that needs something; listed as ignored where that is not to be had.
fn given<T: Clone + Send + 'static>(
    needed: &Option<T>,
    lacking: &'static str,
    name: &str,
    case: fn(T),
) -> Trial {
    match needed.clone() {
        Some(needed) => Trial::test(name, move || {
            case(needed);
            Ok(())
        }),
        None => Trial::test(name, || Err(lacking.into())).with_kind(lacking).with_ignored_flag(true),
    }
}
