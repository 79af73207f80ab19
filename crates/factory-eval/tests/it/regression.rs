//! What the base passes, a change must pass too, however many others it passes.

use factory_core::pipeline::model::Policy;
use factory_core::policy::{self, Verdict};
use factory_engine::port::evaluator::EvaluatorError;

use crate::bench::{Bench, Judged};
use crate::cases::{Case, Needs};

pub(crate) const ALL: &[Case] = &[
    ("what_the_base_passes_may_not_fail", Needs::Python, regression),
    ("what_the_base_fails_too_may_fail", Needs::Python, no_regression),
    ("a_base_that_cannot_be_deployed_passes_nothing", Needs::Python, undeployable),
    ("a_bar_that_is_not_met_asks_no_base", Needs::Python, not_asked),
    ("a_base_that_cannot_be_had_is_nobodys_pass", Needs::Python, no_base),
    ("the_vault_stays_shut_over_a_regression", Needs::Python, vault_shut),
];

const DEPLOY: &str = r#"
build = "chmod +x knows"
path = ["."]
"#;

/// A program that knows some words.
fn knows(words: &str) -> String {
    format!("#!/bin/sh\ncase \" {words} \" in *\" $1 \"*) echo \"$1\";; *) exit 1;; esac\n")
}

/// A scenario that asks whether a word is known.
fn asks(word: &str, tags: &str) -> String {
    format!(
        "# Scenario: {word}\n{tags}\nWhen I run `knows {word}`\nThen the exit code is 0\n\
         And the output is \"{word}\"\n\n"
    )
}

/// A candidate that knows the first words, of which half must be known, made on a base that knows the second.
fn bench(now: &str, base: &str) -> Bench {
    let mut bench = Bench::of(&[("knows", &knows(now)), ("../base/knows", &knows(base))], DEPLOY);
    bench.policy = Policy { min_pass_percent: 50, ..Policy::default() };
    bench.base = Some("base");
    bench
}

fn judge(bench: &Bench) -> Judged {
    bench.judge(&[asks("old", ""), asks("new", "")].concat()).unwrap()
}

fn verdict(bench: &Bench, judged: &Judged) -> Verdict {
    policy::judge_verify(bench.policy, &judged.verify)
}

fn regression() {
    let bench = bench("new", "old");
    let judged = judge(&bench);
    let verify = &judged.verify;
    assert_eq!((verify.passed, verify.failed, verify.regressed), (1, 1, Some(1)));
    let Verdict::Fail(figures) = verdict(&bench, &judged) else { panic!("one of two is what was asked") };
    assert!(figures.contains("; 1 failed that the base passes"), "{figures}");
    let findings = policy::verify_findings(verify);
    assert!(findings.iter().any(|finding| finding.as_str() == "regression"), "{findings:?}");
    // What is told says how it failed, and nothing of the base.
    let told = serde_json::to_string(&verify.feedback).unwrap();
    assert!(!told.contains("regress") && !verify.feedback.is_empty(), "{told}");
    let base = &judged.card.base;
    assert_eq!((base.len(), base[0].name.as_str()), (1, "old"), "only what failed is run again");
}

fn no_regression() {
    let bench = bench("new", "other");
    let judged = judge(&bench);
    assert_eq!((judged.verify.failed, judged.verify.regressed), (1, Some(0)));
    assert!(matches!(verdict(&bench, &judged), Verdict::Pass(_)));
}

fn undeployable() {
    let mut bench = bench("new", "old");
    bench.config.build = Some("grep -q new knows && chmod +x knows".to_owned());
    let judged = judge(&bench);
    assert_eq!((judged.verify.failed, judged.verify.regressed), (1, Some(0)));
    assert!(matches!(verdict(&bench, &judged), Verdict::Pass(_)));
}

fn not_asked() {
    let mut bench = bench("new", "old");
    bench.policy = Policy::default();
    bench.base = None;
    let judged = judge(&bench);
    assert_eq!((judged.verify.failed, judged.verify.regressed), (1, None));
    assert!(matches!(verdict(&bench, &judged), Verdict::Fail(_)));
    // Nor does one where all have passed.
    let all = self::bench("old new", "old");
    assert_eq!(judge(&all).verify.regressed, None);
}

fn no_base() {
    let mut bench = bench("new", "old");
    bench.base = None;
    let judged = bench.judge(&[asks("old", ""), asks("new", "")].concat());
    assert!(
        matches!(judged, Err(EvaluatorError::Infrastructure { .. })),
        "it is not taken for no regression"
    );
}

fn vault_shut() {
    let scenarios = [asks("old", ""), asks("new", ""), asks("secret", "@vault")].concat();
    let opened = |bench: &Bench| bench.judge(&scenarios).unwrap().verify.vault.is_some();
    assert!(!opened(&bench("new secret", "old")));
    assert!(opened(&bench("new secret", "other")));
}
