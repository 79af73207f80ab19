//! A holdout value has no form that could be stored.
use factory_core::feedback::Holdout;

fn main() {
    let _ = serde_json::to_string(&Holdout::new("the mail is empty"));
}
