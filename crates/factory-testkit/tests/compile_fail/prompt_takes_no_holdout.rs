//! All that an implementer is told is made from an assignment and from corrections, and neither has room for a holdout.
use factory_core::feedback::Holdout;
use factory_engine::port::agents::{Assignment, Correction};

fn specification<'a>(work: Assignment<'a>, secret: &'a Holdout<String>) -> Assignment<'a> {
    Assignment { spec: secret, ..work }
}

fn note<'a>(work: Assignment<'a>, secret: &'a [Holdout<String>]) -> Assignment<'a> {
    Assignment { notes: secret, ..work }
}

fn correction(secret: Holdout<String>) -> Correction {
    Correction::Holdouts(secret)
}

fn main() {}
