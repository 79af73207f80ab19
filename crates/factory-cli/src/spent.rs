//! What a gate at a budget is about, in words: whose budget is spent, on what, and what an approval grants.

use factory_core::ids::{Budget, Usage};
use factory_core::pipeline::model::Edge;
use factory_core::state::{OpenGate, RunState};

use crate::story;

/// What whoever decides at a budget has to know; nothing at other gates.
pub(crate) fn told(state: &RunState, open: &OpenGate) -> Option<String> {
    match open.gate.edge {
        Edge::Budget => {}
        Edge::Entry | Edge::Exit | Edge::Escalation => return None,
    }
    let mut text = String::new();
    text.push_str(&of("run", state.budget(), state.usage, state.raises));
    if let (Some(stage), Some(at)) =
        (state.started.pipeline.stage(&open.gate.stage), state.stages.get(&open.gate.stage))
    {
        text.push_str(&of(&format!("stage {}", stage.id), stage.budget, at.usage, at.raises));
    }
    Some(text)
}

/// What of a budget is spent, if it is, and how far an approval lets it go. `raises` is how many more budgets of its size
/// have been granted.
fn of(whose: &str, budget: Budget, usage: Usage, raises: u64) -> String {
    let times = budget.spent_times(usage);
    if times <= raises {
        return String::new();
    }
    let allowed = |cap: u64| cap.saturating_mul(raises.saturating_add(1));
    let granted = |cap: u64| cap.saturating_mul(times.saturating_add(1));
    let mut text = String::new();
    let mut caps = Vec::new();
    if let Some(cap) = budget.micro_usd {
        match usage.micro_usd {
            Some(used) if used >= allowed(cap) => {
                text.push_str(&spent(whose, "money", &usd(used), &usd(allowed(cap))));
                caps.push(usd(granted(cap)));
            }
            Some(used) => {
                text.push_str(&below(whose, "money", &usd(used), &usd(allowed(cap))));
                caps.push(usd(granted(cap)));
            }
            None => text.push_str(&format!(
                "The budget of the {whose} is {} of money, and its calls are unpriced: what they cost is not known, so \
                 nobody\nknows whether it is spent. Prices belong under [model] in factory.toml.\n",
                usd(allowed(cap))
            )),
        }
    }
    if let Some(cap) = budget.tokens {
        let used = usage.input_tokens.saturating_add(usage.output_tokens);
        let what = if used >= allowed(cap) { spent } else { below };
        text.push_str(&what(whose, "tokens", &used.to_string(), &allowed(cap).to_string()));
        caps.push(format!("{} tokens", granted(cap)));
    }
    text.push_str(&format!("  used so far: {}\n", story::cost(usage)));
    text.push_str(&match caps.as_slice() {
        [] => format!("Approving lets the {whose} go on without a limit on money.\n"),
        caps => format!(
            "Approving grants the same once more: the {whose} goes on until it has used {} in all.\n",
            caps.join(" or ")
        ),
    });
    text
}

fn usd(micro: u64) -> String {
    story::exact_dollars(micro)
}

fn spent(whose: &str, what: &str, used: &str, allowed: &str) -> String {
    format!("The budget of the {whose} is spent: {used} of {allowed} ({what}).\n")
}

fn below(whose: &str, what: &str, used: &str, allowed: &str) -> String {
    format!("Of the other budget of the {whose}, {used} of {allowed} are used ({what}).\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const USED: Usage = Usage { calls: 6, input_tokens: 6_000, output_tokens: 600, micro_usd: Some(12_500) };

    #[test]
    fn it_says_which_cap_and_what_is_granted() {
        let money = Budget { micro_usd: Some(10_000), tokens: None };
        assert_eq!(
            of("run", money, USED, 0),
            "The budget of the run is spent: $0.0125 of $0.01 (money).\n  used so far: 6 calls, 6600 tokens, \
             $0.0125\nApproving grants the same once more: the run goes on until it has used $0.02 in all.\n"
        );
        assert_eq!(of("run", money, USED, 1), "");
        let tokens = Budget { micro_usd: Some(10_000_000), tokens: Some(1_000) };
        assert_eq!(
            of("stage build", tokens, USED, 3),
            "Of the other budget of the stage build, $0.0125 of $40.00 are used (money).\nThe budget of the stage build \
             is spent: 6600 of 4000 (tokens).\n  used so far: 6 calls, 6600 tokens, $0.0125\nApproving grants the same \
             once more: the stage build goes on until it has used $70.00 or 7000 tokens in all.\n"
        );
    }

    #[test]
    fn it_says_what_unpriced_means() {
        let text =
            of("run", Budget { micro_usd: Some(10_000), tokens: None }, Usage { micro_usd: None, ..USED }, 0);
        assert!(text.contains("unpriced: what they cost is not known"), "{text}");
        assert!(text.contains("Approving lets the run go on without a limit on money."), "{text}");
        // With tokens beside it, they are what counts.
        let both = Budget { micro_usd: Some(10_000), tokens: Some(5_000) };
        let text = of("run", both, Usage { micro_usd: None, ..USED }, 0);
        assert!(text.contains("spent: 6600 of 5000 (tokens)"), "{text}");
        assert!(text.contains("until it has used 10000 tokens in all"), "{text}");
    }
}
