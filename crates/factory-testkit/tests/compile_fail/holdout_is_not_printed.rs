//! A holdout value has no form that a log line, an error or a prompt could be made of.
use factory_core::feedback::Holdout;

fn main() {
    let secret = Holdout::new("the mail is empty");
    let _ = format!("{secret:?}");
    let _ = format!("{secret}");
}
