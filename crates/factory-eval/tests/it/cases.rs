//! What must be found, and what must not be.

use factory_core::artifact::ScenarioCoverage;
use factory_core::feedback::FailureClass::{self, *};
use factory_core::pipeline::model::Policy;
use factory_core::policy;
use factory_engine::port::evaluator::EvaluatorError;
use factory_engine::port::observer::Progress;
use factory_eval::config::ClockChoice;
use factory_eval::score::Verdict;
use factory_eval::scorecard::Outcome;

use crate::bench::{Bench, SCENARIOS, scenario};

/// What a case cannot do without.
pub(crate) enum Needs {
    Python,
    LibFaketime,
    Cargo,
}

pub(crate) type Case = (&'static str, Needs, fn());

pub(crate) const ALL: &[Case] = &[
    ("a_right_service_passes", Needs::Python, a_right_service_passes),
    ("feedback_tells_ids_classes_and_counts_only", Needs::Python, feedback_tells_ids_classes_and_counts_only),
    ("a_service_that_dies_is_not_deployable", Needs::Python, a_service_that_dies_is_not_deployable),
    (
        "a_service_that_is_never_ready_is_not_deployable",
        Needs::Python,
        a_service_that_is_never_ready_is_not_deployable,
    ),
    ("a_failing_build_is_not_deployable", Needs::Python, a_failing_build_is_not_deployable),
    ("a_build_runs_once_before_all", Needs::Python, a_build_runs_once_before_all),
    ("a_taken_port_is_not_the_candidates_fault", Needs::Python, a_taken_port_is_not_the_candidates_fault),
    ("nothing_is_kept_between_runs", Needs::Python, nothing_is_kept_between_runs),
    ("a_service_that_works_half_of_the_time_does_not_pass", Needs::Python, half_of_the_time),
    ("the_clock_moves_by_libfaketime", Needs::LibFaketime, the_clock_moves_by_libfaketime),
    ("a_clock_that_cannot_be_moved_is_said_before_anything_runs", Needs::Python, no_clock),
    ("commands_run_in_the_project", Needs::Python, commands_run_in_the_project),
    ("a_burnt_scenario_runs_and_does_not_count", Needs::Python, a_burnt_scenario_does_not_count),
    ("the_vault_is_opened_once_the_rest_is_met", Needs::Python, the_vault_is_opened_last),
    ("a_mail_speaks_for_one_mail", Needs::Python, a_mail_speaks_for_one_mail),
    ("programs_sleep_where_no_clock_is_moved", Needs::LibFaketime, programs_sleep_where_no_clock_is_moved),
];

fn a_right_service_passes() {
    let bench = Bench::new("");
    let judged = bench.judge(SCENARIOS).unwrap();
    assert_eq!(
        judged.failures(),
        [],
        "{}",
        judged.failures().first().map_or(String::new(), |(at, _)| judged.messages(*at))
    );
    let verify = judged.verify;
    assert_eq!((verify.passed, verify.failed, verify.inconclusive, verify.critical_passed), (4, 0, 0, true));
    // Four of four: the fourth root of 5 %.
    assert_eq!(verify.lower_bound_bp, 4728);
    assert!(verify.feedback.is_empty());
    // R77 is none of the specification, and counts for nothing.
    assert_eq!(verify.covered, Some(ScenarioCoverage { requirements: 5, of: 9 }));
    assert_eq!(judged.card.clock, "moved by the project's own hook");
    for scenario in &judged.card.scenarios {
        // A machine that has no time may lose one, which is made again.
        let counted = scenario.runs.iter().filter(|run| !matches!(run.outcome, Outcome::Lost { .. })).count();
        assert_eq!(counted, 3, "{}", scenario.name);
    }
    let seen = bench.seen.0.lock().unwrap();
    assert_eq!(seen.first(), Some(&Progress::Scenarios { done: 0, of: 12 }));
    assert!(matches!(seen.last(), Some(Progress::Scenarios { done, of }) if done == of));
    // Nothing of a deployment stays behind.
    assert_eq!(std::fs::read_dir(bench.path("scratch")).unwrap().count(), 0);
}

/// A defect of the service, the scenario that must find it, and how.
pub(crate) const DEFECTS: &[(&str, usize, FailureClass)] = &[
    ("wrong_status", 0, WrongStatus),
    ("wrong_body", 0, WrongContent),
    ("wrong_header", 0, WrongHeader),
    ("no_mail", 0, MissingEffect),
    ("mails_twice", 0, UnwantedEffect),
    ("wrong_link", 0, WrongContent),
    ("keeps_token", 0, UnwantedEffect),
    ("logs_token", 0, UnwantedEffect),
    ("forgets", 0, WrongStatus),
    ("hangs", 0, NoAnswer),
    ("leaks", 1, WrongComparison),
    ("races", 2, WrongStatus),
    ("stopped_clock", 3, WrongStatus),
];

/// The defect fails its scenario, and in its way.
pub(crate) fn is_found(bug: &str, place: usize, class: FailureClass) {
    let judged = Bench::new(bug).judge(&scenario(place)).unwrap();
    assert_eq!(judged.failures(), [(0, class)], "{bug}: {}", judged.messages(0));
    assert_eq!(judged.card.scenarios[0].verdict, Verdict::Failed, "{bug}");
    assert_eq!((judged.verify.passed, judged.verify.failed), (0, 1), "{bug}");
    assert_eq!(judged.verify.critical_passed, place != 0, "{bug}");
}

fn a_mail_speaks_for_one_mail() {
    // The first check waits until it is quiet, so that the second finds all mails there.
    let text = r#"# Scenario: One mail and no more
Given POST /register is sent with {"email": "eel@example.test", "password": "first"}
When POST /forgot is sent with {"email": "eel@example.test"}
Then no mail is sent to "stranger@example.test"
And a mail to "eel@example.test" arrives within 5 seconds
And no further mail arrives
"#;
    assert_eq!(Bench::new("").judge(text).unwrap().failures(), []);
    assert_eq!(Bench::new("mails_twice").judge(text).unwrap().failures(), [(0, UnwantedEffect)]);
}

/// Under libfaketime `time.sleep` of newer Pythons fails, so it is loaded for scenarios only that move the clock.
fn programs_sleep_where_no_clock_is_moved() {
    let mut bench = Bench::new("sleeps");
    bench.config.clock = ClockChoice::LibFaketime;
    bench.config.env.remove("OFFSET");
    let judged = bench.judge(&scenario(0)).unwrap();
    assert_eq!(judged.failures(), [], "{}", judged.messages(0));
}

fn feedback_tells_ids_classes_and_counts_only() {
    let judged = Bench::new("wrong_status").judge(SCENARIOS).unwrap();
    let json = serde_json::to_string(&judged.verify.feedback).unwrap();
    assert_eq!(
        json,
        r#"{"items":[{"requirement":"R1","class":"wrong_status","count":"one"},{"requirement":"R2","class":"wrong_status","count":"one"},{"requirement":"R5","class":"wrong_status","count":"one"}]}"#
    );
    let crossing = serde_json::to_string(&judged.verify).unwrap();
    for secret in ["link", "zebra", "stranger", "forgot", "reset", "mail", "R77", "202", "accepted"] {
        assert!(!crossing.contains(secret), "{secret} in {crossing}");
    }
    assert!(judged.messages(0).contains("the status is 202"), "the evaluator's side has it all");
}

fn a_service_that_dies_is_not_deployable() {
    let judged = Bench::new("dies").judge(SCENARIOS).unwrap();
    assert_eq!(judged.failures().iter().map(|(_, class)| *class).collect::<Vec<_>>(), [NotDeployable; 4]);
    assert!(judged.messages(0).contains("secret-of-the-log"), "its log is kept");
    assert!(!serde_json::to_string(&judged.verify).unwrap().contains("secret-of-the-log"));
}

fn a_service_that_is_never_ready_is_not_deployable() {
    let mut bench = Bench::new("never_ready");
    bench.config.ready_timeout_seconds = 1;
    let judged = bench.judge(&scenario(1)).unwrap();
    assert_eq!(judged.failures(), [(0, NotDeployable)]);
    assert!(judged.messages(0).contains("not ready in time"));
}

fn a_failing_build_is_not_deployable() {
    let mut bench = Bench::new("");
    bench.config.build = Some("echo broken; exit 3".to_owned());
    let judged = bench.judge(&scenario(1)).unwrap();
    assert_eq!(judged.failures(), [(0, NotDeployable)]);
    assert!(
        judged.messages(0).contains("the build failed (exit status 3)\nbroken"),
        "{}",
        judged.messages(0)
    );
}

fn a_build_runs_once_before_all() {
    let mut bench = Bench::new("");
    bench.confined = false;
    let count = bench.path("count");
    bench.config.build = Some(format!("mv service.py built.py && echo x >> {}", count.display()));
    bench.config.command = Some("python3 built.py".to_owned());
    let judged = bench.judge(&scenario(1)).unwrap();
    assert_eq!(judged.verify.passed, 1, "{}", judged.messages(0));
    assert_eq!(std::fs::read_to_string(count).unwrap(), "x\n");
    assert!(bench.path("project/service.py").is_file(), "the checkout itself is left alone");
}

fn a_taken_port_is_not_the_candidates_fault() {
    let mut bench = Bench::new("");
    bench.confined = false;
    let first = bench.path("first");
    // The first start finds its port taken by somebody who came between.
    bench.config.command = Some(format!(
        "if mkdir {} 2>/dev/null; then echo 'OSError: [Errno 98] Address already in use'; exit 1; fi; exec python3 service.py",
        first.display()
    ));
    let judged = bench.judge(&scenario(1)).unwrap();
    assert!(first.is_dir());
    assert_eq!(judged.verify.passed, 1, "{}", judged.messages(0));
    assert_eq!(judged.card.scenarios[0].runs.len(), 3);
}

fn nothing_is_kept_between_runs() {
    let bench = Bench::new("");
    let scenario = "# Scenario: Clean\n\nWhen I run `ls scratch-of-mine $HOME/kept; mkdir scratch-of-mine; touch $HOME/kept; ls \"$DATA\"`\n\
                    Then standard output is empty\n\
                    When I run `echo $FROM_SETUP`\nThen the output is \"yes\"\n";
    let judged = bench.judge(scenario).unwrap();
    assert_eq!(judged.verify.passed, 1, "{}", judged.messages(0));
    assert!(!bench.path("project/scratch-of-mine").exists());
}

fn half_of_the_time() {
    let mut bench = Bench::new("");
    bench.confined = false;
    let count = bench.path("count");
    // The trial is the first start; of the runs after it, every second one gets a service with a defect.
    bench.config.command = Some(format!(
        "echo x >> {count}; n=$(wc -l < {count}); if [ $((n % 2)) = 0 ]; then BUG=; else BUG=wrong_status; fi; export BUG; exec python3 service.py",
        count = count.display()
    ));
    let judged = bench.judge("# Scenario: Now and then\n\nWhen POST /forgot is sent with {\"email\": \"a@b.test\"}\nThen the status is 202\n").unwrap();
    // Passed, failed, passed, failed: one failure too many at the fourth.
    assert_eq!(judged.card.scenarios[0].runs.len(), 4);
    assert_eq!(judged.card.scenarios[0].verdict, Verdict::Flaky);
    assert_eq!((judged.verify.passed, judged.verify.failed), (0, 1));
    assert_eq!(judged.verify.feedback.items().len(), 1);
}

fn the_clock_moves_by_libfaketime() {
    let mut bench = Bench::new("");
    bench.config.env.remove("OFFSET");
    let judged = bench.judge(&scenario(3)).unwrap();
    assert_eq!(judged.card.clock, "moved by libfaketime");
    assert_eq!(judged.verify.passed, 1, "{}", judged.messages(0));
    // The same without a movement: the scenario can fail.
    let still = scenario(3).replace("When 61 minutes pass\nAnd POST", "When POST");
    let judged = bench.judge(&still).unwrap();
    assert_eq!(judged.failures(), [(0, WrongStatus)], "{}", judged.messages(0));
}

fn no_clock() {
    let mut bench = Bench::new("");
    bench.config.clock = ClockChoice::None;
    let error = bench.outlook(SCENARIOS).unwrap_err();
    assert!(
        matches!(&error, EvaluatorError::Infrastructure { detail, .. } if detail.contains("move the clock")),
        "{error}"
    );
    let outlook = bench.outlook(&scenario(1)).unwrap();
    assert_eq!((outlook.scenarios, outlook.runs_each, outlook.clock.as_str()), (1, 3, "not movable"));
    assert_eq!(bench.judge(&scenario(1)).unwrap().verify.passed, 1);
}

fn commands_run_in_the_project() {
    let bench = Bench::new("");
    let scenario = "# Scenario: Commands\n\nWhen I run `ls; echo oops >&2; exit 3`\n\
                    Then the exit code is 3\nAnd the output contains \"service.py\"\nAnd standard error is \"oops\"\n";
    let judged = bench.judge(scenario).unwrap();
    assert_eq!(judged.verify.passed, 1, "{}", judged.messages(0));
    let wrong = scenario.replace("exit code is 3", "exit code is 0");
    assert_eq!(bench.judge(&wrong).unwrap().failures(), [(0, WrongStatus)]);
}

fn a_burnt_scenario_does_not_count() {
    let text = [scenario(0), scenario(1)].concat();
    let mut bench = Bench::new("wrong_body");
    let before = bench.judge(&text).unwrap().verify;
    assert_eq!((before.passed, before.failed, before.burnt, before.revealed.len()), (1, 1, 0, 2));
    assert!(!before.critical_passed && !before.feedback.is_empty());
    let keys: Vec<_> =
        bench.judge(&text).unwrap().card.scenarios.into_iter().map(|score| score.key).collect();
    assert_eq!(keys.iter().flatten().count(), 2, "each is named, and alike each time");

    bench.leaks = bench.told(11, keys[0].as_slice());
    let judged = bench.judge(&text).unwrap();
    let verify = judged.verify;
    assert_eq!((verify.passed, verify.failed, verify.burnt), (1, 0, 1));
    assert!(verify.critical_passed && verify.feedback.is_empty(), "nothing that counts has failed");
    assert_eq!(verify.covered, Some(ScenarioCoverage { requirements: 1, of: 9 }));
    assert_eq!(verify.revealed.as_slice(), keys[1].as_slice());
    assert_eq!(judged.card.scenarios[0].verdict, Verdict::Failed, "it is run all the same");

    let all: Vec<_> = keys.into_iter().flatten().collect();
    bench.leaks = bench.told(11, &all);
    let verify = bench.judge(&text).unwrap().verify;
    assert_eq!((verify.total(), verify.burnt), (0, 2));
    assert!(matches!(policy::judge_verify(Policy::default(), &verify), policy::Verdict::Inconclusive(_)));
}

fn the_vault_is_opened_last() {
    // The second scenario is the vault's, and has a name of its own.
    let vault = scenario(1).replacen('\n', "\n@vault\n", 1);
    let with = |first: usize| [scenario(first), vault.clone()].concat();
    let right = Bench::new("").judge(&with(0)).unwrap();
    let held = right.verify.vault.unwrap();
    assert_eq!((right.verify.passed, held.passed, held.failed, held.inconclusive), (1, 1, 0, 0));
    assert_eq!(right.verify.revealed.len(), 1, "the vault reveals nothing");
    assert_eq!(right.verify.covered.unwrap().requirements, 2);

    // What the vault alone finds is in no feedback.
    let defect = DEFECTS.iter().find(|(_, place, _)| *place == 1).unwrap().0;
    let wrong = Bench::new(defect).judge(&with(0)).unwrap();
    let verify = wrong.verify;
    assert_eq!((verify.passed, verify.failed, verify.vault.unwrap().failed), (1, 0, 1));
    assert!(verify.feedback.is_empty() && verify.critical_passed);
    assert!(matches!(policy::judge_verify(Policy::default(), &verify), policy::Verdict::Fail(_)));

    // Before the rest is met it is not opened.
    let early = Bench::new("wrong_body").judge(&with(0)).unwrap();
    assert_eq!((early.verify.failed, early.verify.vault, early.card.vault.len()), (1, None, 0));
}
