//! A holdout value is looked at where it is, through `reveal`; there is no second one, and nothing else takes it out.
use factory_core::feedback::Holdout;

fn main() {
    let secret = Holdout::new(String::from("the mail is empty"));
    let _: Holdout<String> = secret.clone();
    let _: String = secret.0;
}
