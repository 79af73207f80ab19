//! The red team: hostile commands and hostile candidates that try to read what they must not, or to do what they must not,
//! each against a canary that was planted where it looks.
//!
//! Every attack is a small file in `attacks/`, whose head says what it does and what stops it. It is tried in each profile for
//! which the defence is claimed, and once with the defence switched off, where it has to succeed: an attack that cannot
//! succeed tests nothing. All of that happens as the current user and, if that is root, as one without privileges, too; whole
//! runs only as the latter, unless `FACTORY_TESTS=all`.
//!
//! `docs/security.md` holds the outcomes. With `FACTORY_REDTEAM_WRITE=1` they are written there; without it, a trial
//! compares.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod attack;
mod canary;
mod carried;
mod checkout;
mod crew;
mod play;
mod stage;
mod table;
mod whole;
mod worker;

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use libtest_mimic::{Arguments, Trial};

use attack::{Attack, Mode};
use crew::Crew;
use play::Outcome;
use table::Results;

/// How many attacks go on at a time, unless the command line says otherwise.
const THREADS: usize = 4;
/// With `all` in this variable, what takes long is tried, too.
const TESTS: &str = "FACTORY_TESTS";
/// With this variable, what each attack came to is printed.
const SHOW: &str = "FACTORY_REDTEAM_SHOW";
/// The program whose sandbox is attacked, and which is its own helper.
const FACTORY: &str = env!("CARGO_BIN_EXE_factory");

fn main() -> ExitCode {
    factory_sandbox::enter_if_helper();
    if worker::is_one() {
        return worker::run();
    }
    let mut arguments = Arguments::from_args();
    // Most of the time something is waited for.
    arguments.test_threads.get_or_insert(THREADS);
    let attacks: Vec<Arc<Attack>> = attack::all().into_iter().map(Arc::new).collect();
    let results = Arc::new(Results::default());
    let mut trials = Vec::new();
    let crews: Vec<Arc<Crew>> = crew::all().into_iter().map(Arc::new).collect();
    let all = env::var_os(TESTS).is_some_and(|tests| tests == "all");
    for attack in &attacks {
        for (number, crew) in crews.iter().enumerate() {
            // A whole run takes seconds, so the user with fewer privileges plays it alone.
            let left_out = attack.group() == "run" && number + 1 < crews.len() && !all;
            for mode in attack.modes().into_iter().filter(|mode| attack.is_for(crew.name, *mode)) {
                let trial = trial(attack, crew, mode, &results);
                trials.push(if left_out { trial.with_kind("slow").with_ignored_flag(true) } else { trial });
            }
        }
    }
    trials.push(table::trial(attacks.clone(), Arc::clone(&results)));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// One attack, by one user, with the defence of one kind or without any.
fn trial(attack: &Arc<Attack>, crew: &Arc<Crew>, mode: Mode, results: &Arc<Results>) -> Trial {
    let name = format!("{}::{}::{}", mode.name(), crew.name, attack.name);
    let missing = !crew.can(mode);
    let (attack, crew, results) = (Arc::clone(attack), Arc::clone(crew), Arc::clone(results));
    let trial = Trial::test(name, move || {
        let _running = results.begin();
        let begun = Instant::now();
        let outcome = crew.play(&attack, mode)?;
        if env::var_os(SHOW).is_some() {
            let took = begun.elapsed().as_millis();
            eprintln!("{} {} {} ({took} ms): {outcome:?}", mode.name(), crew.name, attack.name);
        }
        results.note(&attack, crew.name, mode, &outcome);
        judge(mode, &outcome).map_err(Into::into)
    });
    trial.with_ignored_flag(missing)
}

/// Whether it came out as the attack's head claims.
fn judge(mode: Mode, outcome: &Outcome) -> Result<(), String> {
    match (mode, outcome) {
        (Mode::A | Mode::B | Mode::Seal, Outcome::Leaked(by)) => Err(format!("the attack succeeded: {by}")),
        (
            Mode::A | Mode::B | Mode::Seal,
            Outcome::Blocked(_) | Outcome::Refused(_) | Outcome::Detected(_) | Outcome::Bounded(_),
        ) => Ok(()),
        (Mode::A | Mode::B | Mode::Seal, Outcome::Absent(what)) => {
            Err(format!("only where nothing defends it shows that there is no {what}"))
        }
        (Mode::Off, Outcome::Leaked(_) | Outcome::Absent(_)) => Ok(()),
        (
            Mode::Off,
            Outcome::Blocked(_) | Outcome::Refused(_) | Outcome::Detected(_) | Outcome::Bounded(_),
        ) => Err(format!("it does not even succeed without the defence, and so tests nothing: {outcome:?}")),
    }
}
