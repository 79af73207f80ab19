//! What is asserted is noticed when it is tampered with, and everything asserted is aimed at.

use factory_eval::sabotage::End;

use crate::bench::Bench;
use crate::cases::{Case, Needs};

pub(crate) const ALL: &[Case] = &[("what_mails_say_is_tampered_with_and_noticed", Needs::Python, mails)];

fn mails() {
    let scenario = "# Scenario: A mail\n\nGiven a member \"ox@example.test\"\n\
                    When POST /forgot is sent with {\"email\": \"ox@example.test\"}\n\
                    Then exactly 1 mail is sent to \"ox@example.test\"\n\
                    And the mail's subject is \"Your password\"\nAnd the mail contains \"Follow this link\"\n\
                    And the mail does not contain \"secret\"\nAnd the mail is from \"me@service.test\"\n\
                    And the mail contains exactly one link\n";
    let found = Bench::new("").sabotage(scenario);
    assert_eq!((found.len(), found[0].unusable.as_deref()), (1, None));
    let attempts = &found[0].attempts;
    for attempt in attempts {
        assert_eq!(attempt.end, End::Noticed, "{} ({:?})", attempt.what, attempt.asserted);
    }
    for (sentence, what) in [
        ("exactly 1 mail", "mail 1: lost"),
        ("exactly 1 mail", "mail 1: doubled"),
        ("exactly 1 mail", "mail 1: to somebody else"),
        ("subject", "mail 1: subject becomes `Your password~`"),
        ("contains \"Follow", "mail 1: text becomes ``"),
        ("does not contain", "secret`"),
        ("is from", "mail 1: sender becomes `me@service.test~`"),
        ("exactly one link", "mail 1: text becomes `tampered-with`"),
    ] {
        let aimed = |attempt: &&factory_eval::sabotage::Attempt| {
            attempt.asserted.as_deref().is_some_and(|asserted| asserted.contains(sentence))
                && attempt.what.ends_with(what)
        };
        assert!(attempts.iter().any(|attempt| aimed(&attempt)), "{sentence}: {what}");
    }
}
