//! The seven kinds of debt that a review of scenarios found most often, each in several words: as it was found, and as it
//! was mended. None of these sentences is an example of a rule.

use factory_spec::lint::{self, Selection};

/// Codes of what is found in a scenario of these steps.
fn codes(steps: &str) -> Vec<&'static str> {
    let source = format!("# Scenario: It\n\n{steps}\n");
    lint::lint("it.md", &source, &Selection::default(), &|_| true)
        .findings
        .iter()
        .map(|one| one.code)
        .collect()
}

/// Before and after, with the code that is expected before.
const ITEMS: [(&str, &str, &str, &str); 26] = [
    (
        "time",
        "G204",
        "When the payment provider stalls\nThen the hold on the card expires after 10 minutes",
        "When the payment provider stalls\nThen the hold on the card expires 10 minutes after the charge was sent",
    ),
    (
        "time",
        "G204",
        "When the client goes away\nThen its lease is revoked by the sweeper within 30 seconds",
        "When the client goes away\nThen its lease is revoked by the sweeper within 30 seconds of its last heartbeat",
    ),
    (
        "time",
        "G204",
        "When nobody answers the invitation\nThen it is deleted by the nightly job after two weeks",
        "When nobody answers the invitation\nThen it is deleted by the nightly job two weeks after it was sent",
    ),
    (
        "time",
        "G204",
        "Given a session that expires in 15 minutes\nWhen GET /me is sent\nThen the status is 200",
        "Given a session that expires 15 minutes after its last request\nWhen GET /me is sent\nThen the status is 200",
    ),
    (
        "count",
        "G203",
        "When the charge endpoint answers 503\nThen the charge is retried 3 times",
        "When the charge endpoint answers 503\nThen the endpoint receives 4 requests in total, the first one and 3 retries",
    ),
    (
        "count",
        "G203",
        "When the webhook cannot be delivered\nThen the delivery is retried up to five times",
        "When the webhook cannot be delivered\nThen 6 requests are received in total",
    ),
    (
        "count",
        "G203",
        "When the queue is down\nThen the worker retries the message twice",
        "When the queue is down\nThen the queue sees 3 attempts in total",
    ),
    (
        "mechanism",
        "G206",
        "When the customer abandons the cart\nThen the reserved items are released",
        "When the customer abandons the cart\nThen the reserved items are released by the expiry job that runs every minute",
    ),
    (
        "mechanism",
        "G206",
        "When the worker crashes\nThen the lock is freed",
        "When the worker crashes\nThen the lock is freed by the lease timeout",
    ),
    (
        "mechanism",
        "G206",
        "When the payment fails\nThen the seats are returned to the pool",
        "When the payment fails\nThen the seats are returned to the pool by DELETE /holds/1",
    ),
    (
        "mechanism",
        "G206",
        "When the order is refused\nThen the stock becomes available again",
        "When the order is refused\nThen the stock becomes available again when the refund is booked",
    ),
    (
        "flow",
        "G207",
        "Given the customer has completed the checkout flow\nWhen GET /orders is sent\nThen the status is 200",
        "Given the customer has sent POST /orders with the item 7\nWhen GET /orders is sent\nThen the status is 200",
    ),
    (
        "flow",
        "G207",
        "When the merchant goes through the verification process\nThen the state is \"verified\"",
        "When the merchant sends POST /documents and the clerk sends POST /approve\nThen the state is \"verified\"",
    ),
    (
        "flow",
        "G207",
        "Given the user finished the standard onboarding wizard\nWhen GET /me is sent\nThen the status is 200",
        "Given the user has sent POST /profile with a name\nWhen GET /me is sent\nThen the status is 200",
    ),
    (
        "presence",
        "G202",
        "When POST /charges is sent\nThen the response contains a transaction id",
        "When POST /charges is sent\nThen the response contains the transaction id \"tx-1\"",
    ),
    (
        "presence",
        "G202",
        "When POST /charges is sent\nThen the body includes an \"amount\" field",
        "When POST /charges is sent\nThen the field \"amount\" is 1250",
    ),
    (
        "presence",
        "G202",
        "When POST /login is sent\nThen a token is returned",
        "When POST /login is sent\nThen a token of 32 characters is returned",
    ),
    (
        "presence",
        "G202",
        "When POST /orders is sent\nThen an error message should be displayed",
        "When POST /orders is sent\nThen the message \"Out of stock\" should be displayed",
    ),
    (
        "presence",
        "G202",
        "When POST /orders is sent\nThen the Location header is set",
        "When POST /orders is sent\nThen the Location header is \"/orders/1\"",
    ),
    (
        "exists",
        "G205",
        "Given a customer exists\nWhen GET /customers/1 is sent\nThen the status is 200",
        "Given a customer registered by POST /customers\nWhen GET /customers/1 is sent\nThen the status is 200",
    ),
    (
        "exists",
        "G205",
        "Given an order \"A-1\" already exists\nWhen GET /orders/A-1 is sent\nThen the status is 200",
        "Given an order \"A-1\" placed by POST /orders\nWhen GET /orders/A-1 is sent\nThen the status is 200",
    ),
    (
        "exists",
        "G205",
        "Given there is an active subscription\nWhen GET /me is sent\nThen the status is 200",
        "Given a subscription that was started by POST /subscriptions\nWhen GET /me is sent\nThen the status is 200",
    ),
    (
        "correct",
        "G208",
        "When GET /cart is sent\nThen the total is correct",
        "When GET /cart is sent\nThen the total is 37.50",
    ),
    (
        "correct",
        "G208",
        "When the invoice is made\nThen the tax is calculated correctly",
        "When the invoice is made\nThen the tax is 7.13",
    ),
    (
        "correct",
        "G208",
        "When the report is opened\nThen the numbers look right",
        "When the report is opened\nThen the sum of the column is 412",
    ),
    (
        "correct",
        "G208",
        "When the search is run\nThen the correct results are returned",
        "When the search is run\nThen the results are \"a\" and \"b\"",
    ),
];

#[test]
fn debt_is_found_before_it_is_paid_and_not_after() {
    let mut wrong = Vec::new();
    for (kind, code, before, after) in ITEMS {
        let (found, left) = (codes(before), codes(after));
        if !found.contains(&code) {
            wrong.push(format!("{kind}: {code} is not found, but {found:?}: {before}"));
        }
        if !left.is_empty() {
            wrong.push(format!("{kind}: {left:?} in what was mended: {after}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn debt_is_found_in_step_definitions_too() {
    let source = r#"
[[step]]
pattern = 'the cart of "{name}" is checked'
steps = ['GET /cart/{name} is sent', 'the total is correct', 'the response contains a token', 'the charge is retried 3 times']
"#;
    let found = lint::lint("a/steps.toml", source, &Selection::default(), &|_| true);
    let codes: Vec<&str> = found.findings.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["G208", "G202", "G203"]);
    assert!(found.findings.iter().all(|one| one.debt.is_some()));
}
