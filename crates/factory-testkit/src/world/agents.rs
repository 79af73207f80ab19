//! Roles: a planner that always plans well, an implementer that writes one file, a reviewer that reads it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use factory_core::artifact::{Design, Lessons, Plan, Recon, Review, Tasks, Tests};
use factory_core::ids::{EffectId, Usage};
use factory_engine::port::agents::{
    AgentError, AgentFailed, Agents, Answered, Assignment, Before, Correction,
};
use factory_engine::port::model::ModelError;
use factory_engine::port::observer::Progress;

use super::trap::{Sprung, Traps};
use super::{FILE, lock};
use crate::samples;

/// What the implementer was told and found at one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The performance.
    pub effect: EffectId,
    /// What stood in the file.
    pub found: String,
    /// What it was told of the try before.
    pub corrections: Vec<Correction>,
    /// What people said to it.
    pub notes: Vec<String>,
    /// The work tree that it was given.
    pub root: PathBuf,
}

/// What any role was given at one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The performance.
    pub effect: EffectId,
    /// What people said to it.
    pub notes: Vec<String>,
    /// What was made before.
    pub before: Before,
}

pub(super) struct WorldAgents {
    texts: Vec<String>,
    told: Mutex<Vec<Told>>,
    heard: Mutex<Vec<Heard>>,
    traps: Arc<Traps>,
}

/// What every answer uses.
const USED: Usage = Usage { calls: 1, input_tokens: 100, output_tokens: 10, micro_usd: Some(5) };

impl WorldAgents {
    pub(super) fn new(texts: &[&str], traps: Arc<Traps>) -> Self {
        assert!(!texts.is_empty(), "the implementer writes something");
        let texts = texts.iter().map(|&text| text.to_owned()).collect();
        Self { texts, told: Mutex::default(), heard: Mutex::default(), traps }
    }

    pub(super) fn told(&self) -> Vec<Told> {
        lock(&self.told).clone()
    }

    pub(super) fn heard(&self) -> Vec<Heard> {
        lock(&self.heard).clone()
    }

    async fn answer<T>(&self, work: &Assignment<'_>, value: T) -> Result<Answered<T>, AgentFailed> {
        assert_eq!(work.spec, samples::SPEC_TEXT, "roles are given the specification");
        lock(&self.heard).push(Heard {
            effect: work.effect.clone(),
            notes: work.notes.to_vec(),
            before: work.before.clone(),
        });
        let sprung = self.traps.spring(work.effect.stage.as_str()).await;
        if matches!(sprung, Err(Sprung::Stalled)) {
            work.observer.progress(Progress::ModelCall { usage: USED });
            self.traps.hang().await;
        }
        let failed = |reason| AgentFailed { usage: USED, reason };
        sprung.map_err(|sprung| match sprung {
            Sprung::Gone | Sprung::Stalled => failed(AgentError::Model(ModelError::Unreachable {
                endpoint: "http://127.0.0.1:1/v1".to_owned(),
                source: "connection refused".into(),
            })),
            Sprung::Unusable => {
                failed(AgentError::Unusable { repairs: 2, detail: "steps are missing".to_owned() })
            }
        })?;
        work.observer.progress(Progress::ModelCall { usage: USED });
        Ok(Answered { value, usage: USED })
    }
}

#[async_trait]
impl Agents for WorldAgents {
    async fn design(&self, work: Assignment<'_>) -> Result<Answered<Design>, AgentFailed> {
        self.answer(&work, samples::design()).await
    }

    async fn tests(&self, work: Assignment<'_>) -> Result<Answered<Tests>, AgentFailed> {
        self.answer(&work, samples::tests()).await
    }

    async fn recon(&self, work: Assignment<'_>) -> Result<Answered<Recon>, AgentFailed> {
        self.answer(&work, samples::recon()).await
    }

    async fn plan(&self, work: Assignment<'_>) -> Result<Answered<Plan>, AgentFailed> {
        self.answer(&work, samples::plan()).await
    }

    async fn tasks(&self, work: Assignment<'_>, plan: &Plan) -> Result<Answered<Tasks>, AgentFailed> {
        assert_eq!(work.before.plan.as_ref(), Some(plan), "tasks are made from the plan that was approved");
        self.answer(&work, samples::tasks()).await
    }

    async fn build(
        &self,
        work: Assignment<'_>,
        corrections: &[Correction],
    ) -> Result<Answered<String>, AgentFailed> {
        lock(&self.told).push(Told {
            effect: work.effect.clone(),
            found: super::written(work.checkout),
            corrections: corrections.to_vec(),
            notes: work.notes.to_vec(),
            root: work.checkout.root.clone(),
        });
        let attempt = usize::try_from(work.effect.attempt.0).expect("tries are few");
        let text =
            self.texts.get(attempt - 1).or(self.texts.last()).expect("checked when the world was made");
        if !text.is_empty() {
            std::fs::write(work.checkout.project.join(FILE), text).expect("the checkout can be written");
        }
        self.answer(&work, format!("wrote “{text}”")).await
    }

    async fn review(&self, work: Assignment<'_>, diff: &str) -> Result<Answered<Review>, AgentFailed> {
        let text = super::written(work.checkout);
        assert!(diff.contains(&text), "the diff shows what stands in the checkout");
        let review = if text.contains("rude") { samples::objection() } else { samples::review() };
        self.answer(&work, review).await
    }

    async fn lessons(
        &self,
        work: Assignment<'_>,
        diff: &str,
        account: &str,
    ) -> Result<Answered<Lessons>, AgentFailed> {
        assert!(!diff.is_empty() && !account.is_empty(), "there is something to learn from");
        self.answer(&work, samples::lessons()).await
    }
}
