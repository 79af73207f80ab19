//! What was used, and what may be.

use factory_core::ids::{Budget, StageId, Usage};
use factory_core::pipeline::model::Role;

use super::{Now, Oracle, Stand};

/// How many whole budgets of that size were used. Without a price, dollars are spent with the first call, unless tokens
/// are counted too.
fn times(budget: Budget, used: Usage) -> u64 {
    let tokens = budget.tokens.map(|cap| (used.input_tokens + used.output_tokens) / cap);
    let dollars = budget.micro_usd.map(|cap| match used.micro_usd {
        Some(price) => price / cap,
        None if budget.tokens.is_none() && used.calls > 0 => 1,
        None => 0,
    });
    tokens.unwrap_or(0).max(dollars.unwrap_or(0))
}

fn add(sum: Usage, more: Usage) -> Usage {
    let price = match (sum.calls, more.calls) {
        (0, _) => more.micro_usd,
        (_, 0) => sum.micro_usd,
        (_, _) => sum.micro_usd.and_then(|price| Some(price + more.micro_usd?)),
    };
    Usage {
        calls: sum.calls + more.calls,
        input_tokens: sum.input_tokens + more.input_tokens,
        output_tokens: sum.output_tokens + more.output_tokens,
        micro_usd: price,
    }
}

impl Oracle<'_> {
    pub(super) fn spent(&mut self, id: &StageId, usage: Usage) {
        self.used = add(self.used, usage);
        let stand = self.stand_mut(id);
        stand.used = add(stand.used, usage);
    }

    fn budget(&self) -> Budget {
        let own = self.started.budget;
        let said = own.tokens.is_some() || own.micro_usd.is_some();
        if said { own } else { self.started.pipeline.policy.budget }
    }

    /// Whether somebody has to be asked before the stage may ask a model again.
    pub(super) fn is_spent(&self, stand: &Stand<'_>) -> bool {
        stand.stage.role != Role::None
            && (times(self.budget(), self.used) > self.raises
                || times(stand.stage.budget, stand.used) > stand.raises)
    }

    fn is_capped(&self, stand: &Stand<'_>) -> bool {
        let capped = |budget: Budget| budget.tokens.is_some() || budget.micro_usd.is_some();
        stand.stage.role != Role::None && (capped(self.budget()) || capped(stand.stage.budget))
    }

    /// Whether it waits until somebody else has spent what they spend.
    pub(super) fn has_to_queue(&self, stand: &Stand<'_>) -> bool {
        let spends =
            |other: &Stand<'_>| matches!(other.now, Now::Running(_)) && other.stage.role != Role::None;
        self.is_capped(stand) && self.stands.values().any(spends)
    }

    /// A stage is about to ask a model: there is something left, and nobody else spends it.
    pub(super) fn may_spend(&self, id: &StageId) {
        let stand = self.stand(id);
        assert!(!self.is_spent(stand), "{id} goes on although its budget is spent");
        assert!(!self.has_to_queue(stand), "{id} spends what somebody else is spending");
    }

    /// Somebody granted the same once more.
    pub(super) fn raised(&mut self, id: &StageId) {
        self.raises = self.raises.max(times(self.budget(), self.used));
        let stand = self.stand_mut(id);
        stand.raises = stand.raises.max(times(stand.stage.budget, stand.used));
    }
}
