//! Feedback has no place for text.
use factory_core::feedback::{CountBucket, FeedbackItem};

fn main() {
    let _ = FeedbackItem { requirement: None, class: "the mail is empty", count: CountBucket::One };
}
