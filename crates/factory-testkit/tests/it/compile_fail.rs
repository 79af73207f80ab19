//! What must not compile: ways in which a holdout could get into a log, a store or a prompt.
//!
//! Each file in `tests/compile_fail` has beside it what the compiler says. That differs a little from one compiler to the
//! next; `TRYBUILD=overwrite cargo test -p factory-testkit compile_fail` writes it anew, and the change is then to be
//! read: every `error` has to stay. No network is used, and what these files use is checked once more for them, in a
//! folder of its own below `target`.

use trybuild::TestCases;

#[test]
fn a_holdout_goes_nowhere_by_accident() {
    TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
