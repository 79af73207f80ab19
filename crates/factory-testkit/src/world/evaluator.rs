//! A judge with ten holdouts, two of which ask for politeness, and one in the vault, which asks for it toward everybody.

use std::sync::Arc;

use async_trait::async_trait;
use factory_core::artifact::{VaultScore, Verify};
use factory_core::ids::ScenarioKey;
use factory_core::ledger::leak::ALLOWANCE_BITS;
use factory_engine::port::evaluator::{Candidate, Evaluator, EvaluatorError, Outlook};
use factory_engine::port::observer::Progress;

use super::trap::Traps;
use crate::samples;

const SCENARIOS: usize = 10;

pub(super) struct WorldEvaluator {
    traps: Arc<Traps>,
}

impl WorldEvaluator {
    pub(super) fn new(traps: Arc<Traps>) -> Self {
        Self { traps }
    }
}

#[async_trait]
impl Evaluator for WorldEvaluator {
    async fn verify(&self, candidate: Candidate<'_>) -> Result<Verify, EvaluatorError> {
        self.traps.spring(candidate.effect.stage.as_str()).await.map_err(|_| {
            EvaluatorError::Infrastructure { detail: "no port is free".to_owned(), source: None }
        })?;
        candidate.observer.progress(Progress::Scenarios { done: SCENARIOS, of: SCENARIOS });
        let written = super::written(candidate.checkout);
        let (polite, rude_to_strangers) = (written.contains("please"), written.contains("not you"));
        // Who greets in a new way greets nobody in the old one, which a base without any greeting never did.
        let is_new = written.contains("anew");
        let (passed, failed) = match (polite, is_new) {
            (true, false) => (10, 0),
            (true, true) => (9, 1),
            (false, _) => (8, 2),
        };
        let regressed = if polite && is_new {
            let base = candidate.base.checkout().await?;
            Some(u32::from(super::written(&base) != written))
        } else {
            None
        };
        let burnt = |key: &ScenarioKey| candidate.leaks.is_burnt(key, ALLOWANCE_BITS);
        let burnt = samples::revealed().iter().filter(|key| burnt(key)).count();
        let vault = (passed == 10).then(|| VaultScore {
            passed: u32::from(!rude_to_strangers),
            failed: u32::from(rude_to_strangers),
            inconclusive: 0,
        });
        let verify = samples::verify(candidate.patch, passed, failed, 0);
        Ok(Verify { burnt: u32::try_from(burnt).expect("there are two"), vault, regressed, ..verify })
    }

    fn outlook(&self) -> Result<Outlook, EvaluatorError> {
        Ok(Outlook { scenarios: SCENARIOS, runs_each: 1, clock: "not moved".to_owned() })
    }
}
