//! Figures.

use factory_core::ids::Budget;
use factory_core::pipeline::model::Plateau;

use super::{added, assert_said, edited, good, said, stage};

#[test]
fn a_share_that_is_none() {
    for percent in ["0", "101", "-90"] {
        let edit = format!("min_pass_percent = {percent}");
        let message = format!("{percent}: min_pass_percent is a share between 1 and 100");
        assert_said(&[("min_pass_percent = 90", &edit)], &[&message]);
    }
}

#[test]
fn attempts_that_are_none_or_too_many() {
    for attempts in ["0", "11", "-1"] {
        let message = format!("{attempts}: attempts is a number between 1 and 10");
        assert_said(&[("attempts = 3", &format!("attempts = {attempts}"))], &[&message]);
    }
    good(&edited(&[("attempts = 3", "attempts = 10")]));
}

#[test]
fn a_timeout_that_is_none() {
    for timeout in [
        "",
        "5",
        "m",
        "0m",
        "5 m",
        "5min",
        "-5m",
        "+5m",
        "1.5h",
        "5µ",
        "99999999999999999999h",
        "9999999999999999999h",
    ] {
        let message = format!("\"{timeout}\": a timeout is a number with `s`, `m` or `h`, such as `30m`");
        assert_said(&[("timeout = \"5m\"", &format!("timeout = \"{timeout}\""))], &[&message]);
    }
    assert_said(
        &[("timeout = \"5m\"", "timeout = \"8761h\"")],
        &["\"8761h\": a timeout is at most a year, `8760h`"],
    );
    for (timeout, seconds) in [("90s", 90), ("24h", 86_400), ("8760h", 31_536_000)] {
        let source = edited(&[("timeout = \"5m\"", &format!("timeout = \"{timeout}\""))]);
        assert_eq!(good(&source).stages.last().unwrap().timeout_seconds, seconds);
    }
}

#[test]
fn a_soak_that_is_none() {
    assert_eq!(
        said(&added("merge", "soak = \"a day\"", "")),
        ["\"a day\": a soak is a number with `s`, `m` or `h`, such as `24h`"]
    );
    assert_eq!(
        said(&added("merge", "soak = \"9000h\"", "")),
        ["\"9000h\": a soak is at most a year, `8760h`"]
    );
    assert_eq!(stage(&good(&added("merge", "soak = \"24h\"", "")), "merge").soak_seconds, 86_400);
}

#[test]
fn a_budget_that_is_none() {
    for usd in ["0", "-1.5", "nan", "inf", "1e300", "0.0000001"] {
        let message = format!("{usd}: a budget is an amount in US dollars above zero, such as 12.50");
        assert_eq!(said(&added("build", &format!("budget_usd = {usd}"), "")), [message.as_str()]);
        assert_said(&[("[policy]", &format!("[policy]\nbudget_usd = {usd}"))], &[&message]);
    }
    for tokens in ["0", "-5"] {
        let message = format!("{tokens}: a budget of tokens is a number above zero");
        assert_eq!(said(&added("build", &format!("budget_tokens = {tokens}"), "")), [message]);
    }
    assert_eq!(
        said(&added("spec", "budget_usd = 1.0\nbudget_tokens = 5", "")),
        ["1.0: `spec` asks no model and so has no budget", "5: `spec` asks no model and so has no budget"]
    );
    let pipeline = good(&added("build", "budget_usd = 3\nbudget_tokens = 5_000", ""));
    assert_eq!(stage(&pipeline, "build").budget, Budget { micro_usd: Some(3_000_000), tokens: Some(5000) });
}

#[test]
fn a_plateau_that_is_none() {
    let plateau = |table: &str| edited(&[("[policy]", &format!("[policy]\nplateau = {table}"))]);
    let pipeline = good(&plateau("{ window = 3, min_gain_percent = 5 }"));
    assert_eq!(pipeline.policy.plateau, Some(Plateau { window: 3, min_gain_percent: 5 }));
    for window in ["1", "11"] {
        assert_eq!(
            said(&plateau(&format!("{{ window = {window}, min_gain_percent = 5 }}"))),
            [format!("{window}: the window of a plateau is between 2 and 10 verdicts")]
        );
    }
    for gain in ["0", "101"] {
        assert_eq!(
            said(&plateau(&format!("{{ window = 2, min_gain_percent = {gain} }}"))),
            [format!("{gain}: the least gain is between 1 and 100 points of per cent")]
        );
    }
    assert_eq!(
        said(&plateau("{ window = 4, min_gain_percent = 5, max = 3 }")),
        [
            "4: a window of 4 verdicts is never full: work that is returned has 3 attempts",
            "max: a plateau has no key `max` (it has `window` and `min_gain_percent`)"
        ]
    );
}

#[test]
fn a_plateau_of_nothing() {
    let source = edited(&[
        ("[policy]", "[policy]\nplateau = { window = 2, min_gain_percent = 5 }"),
        (
            "needs = [\"spec\", \"build\"]\nexit_gate = \"policy\"\nreturns_to = \"build\"",
            "needs = [\"spec\", \"build\"]\nexit_gate = \"policy\"",
        ),
        (
            "needs = [\"spec\", \"build\", \"review\"]\nexit_gate = \"policy\"\nreturns_to = \"build\"",
            "needs = [\"spec\", \"build\", \"review\"]\nexit_gate = \"policy\"",
        ),
    ]);
    assert_eq!(
        said(&source),
        ["2: no stage returns work, so there is no correction loop that could be stuck"]
    );
}
