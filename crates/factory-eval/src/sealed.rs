//! Types that quote scenarios cannot be printed, serialized or copied. This is held when the tests are compiled: a type that
//! gets one of these traits makes the call below ambiguous, which the compiler refuses (E0283 or E0790).
//!
//! [`factory_core::feedback::Holdout`] itself, and what must not compile with it, are in `factory-testkit`.

use std::fmt::{Debug, Display};

use factory_core::feedback::Holdout;
use serde::Serialize;

use crate::catalogue::{Catalogue, Entry, Problem, Uncompilable};
use crate::sabotage::{Attempt, Sabotaged};
use crate::scorecard::{Outcome, RunRecord, ScenarioScore, Scorecard};
use crate::suite::{Compiled, HoldoutSuite, Uncompiled, Unparsable};
use crate::translate::{Answer, NoAnswer, Question, Translation};

/// Stands for a trait that a type may not have.
struct Has<const TRAIT: u8>;

/// Implemented once for every type, and once more for each trait that a type has.
trait Sealed<Which> {
    fn is_sealed() -> bool {
        true
    }
}

impl<T: ?Sized> Sealed<()> for T {}
impl<T: ?Sized + Debug> Sealed<Has<0>> for T {}
impl<T: ?Sized + Display> Sealed<Has<1>> for T {}
impl<T: ?Sized + Serialize> Sealed<Has<2>> for T {}
impl<T: Clone> Sealed<Has<3>> for T {}

#[test]
fn what_quotes_a_scenario_cannot_be_printed_serialized_or_copied() {
    assert!(<Scorecard as Sealed<_>>::is_sealed());
    assert!(<ScenarioScore as Sealed<_>>::is_sealed());
    assert!(<RunRecord as Sealed<_>>::is_sealed());
    assert!(<Outcome as Sealed<_>>::is_sealed());
    assert!(<HoldoutSuite as Sealed<_>>::is_sealed());
    assert!(<Compiled as Sealed<_>>::is_sealed());
    assert!(<Unparsable as Sealed<_>>::is_sealed());
    assert!(<Uncompiled as Sealed<_>>::is_sealed());
    assert!(<Catalogue as Sealed<_>>::is_sealed());
    assert!(<Entry as Sealed<_>>::is_sealed());
    assert!(<Uncompilable as Sealed<_>>::is_sealed());
    assert!(<Problem as Sealed<_>>::is_sealed());
    assert!(<Sabotaged as Sealed<_>>::is_sealed());
    assert!(<Attempt as Sealed<_>>::is_sealed());
    assert!(<Question as Sealed<_>>::is_sealed());
    assert!(<Answer as Sealed<_>>::is_sealed());
    assert!(<NoAnswer as Sealed<_>>::is_sealed());
    assert!(<Translation as Sealed<_>>::is_sealed());
    assert!(<Holdout<String> as Sealed<_>>::is_sealed());
}
