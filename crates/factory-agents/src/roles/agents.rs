//! Each role as one session: its prompt, its tools, its artifact.

use std::sync::Arc;

use async_trait::async_trait;
use factory_core::artifact::{Design, Lessons, Plan, Recon, Review, Tasks, Tests};
use factory_core::policy;
use factory_engine::port::agents::{AgentFailed, Agents, Answered, Assignment, Correction};
use factory_engine::port::model::ModelClient;
use factory_sandbox::Launcher;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::prompts::{self, CheckCommand};
use crate::roots::Roots;
use crate::session::{Limits, Session};
use crate::tools::{Bash, Edit, List, Read, Tool};

/// The roles on top of any model.
pub struct ModelAgents {
    model: Arc<dyn ModelClient>,
    launcher: Launcher,
    limits: Limits,
    checks: Vec<CheckCommand>,
}

impl ModelAgents {
    /// Roles that ask `model`, run commands by `launcher`, and are told of the project's `checks`.
    pub fn new(
        model: Arc<dyn ModelClient>,
        launcher: Launcher,
        limits: Limits,
        checks: Vec<CheckCommand>,
    ) -> Self {
        Self { model, launcher, limits, checks }
    }

    fn session<'a>(
        &'a self,
        role: &'static str,
        work: &Assignment<'a>,
        tools: Vec<Box<dyn Tool + 'a>>,
    ) -> Session<'a> {
        Session {
            role,
            effect: work.effect,
            model: self.model.as_ref(),
            observer: work.observer,
            limits: self.limits,
            roots: Roots::of(work.checkout),
            tools,
        }
    }

    /// A session of a role that changes nothing.
    fn reader<'a>(&'a self, role: &'static str, work: &Assignment<'a>) -> Session<'a> {
        self.session(role, work, self.reading(work))
    }

    fn reading<'a>(&self, work: &Assignment<'a>) -> Vec<Box<dyn Tool + 'a>> {
        let project = work.checkout.project.as_path();
        vec![Box::new(List { project }), Box::new(Read { project, output_bytes: self.limits.output_bytes })]
    }

    fn writing<'a>(&'a self, work: &Assignment<'a>) -> Vec<Box<dyn Tool + 'a>> {
        let bash = Bash {
            launcher: &self.launcher,
            checkout: work.checkout,
            output_bytes: self.limits.output_bytes,
        };
        vec![Box::new(bash), Box::new(Edit { project: &work.checkout.project })]
    }
}

/// What the implementer hands in. The work itself is taken from the checkout.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Summary {
    /// What was done, how each requirement is met, and what is left open.
    summary: String,
}

#[async_trait]
impl Agents for ModelAgents {
    async fn design(&self, work: Assignment<'_>) -> Result<Answered<Design>, AgentFailed> {
        let known = work.requirements;
        let session = self.reader("planner", &work);
        session.run(prompts::design(&work), |design| policy::check_design(design, known)).await
    }

    async fn tests(&self, work: Assignment<'_>) -> Result<Answered<Tests>, AgentFailed> {
        let known = work.requirements;
        let session = self.reader("planner", &work);
        session.run(prompts::tests(&work), |tests| policy::check_tests(tests, known)).await
    }

    async fn recon(&self, work: Assignment<'_>) -> Result<Answered<Recon>, AgentFailed> {
        self.reader("planner", &work).run(prompts::recon(&work), policy::check_recon).await
    }

    async fn plan(&self, work: Assignment<'_>) -> Result<Answered<Plan>, AgentFailed> {
        let known = work.requirements;
        let session = self.reader("planner", &work);
        session.run(prompts::planner(&work), |plan| policy::check_plan(plan, known)).await
    }

    async fn tasks(&self, work: Assignment<'_>, plan: &Plan) -> Result<Answered<Tasks>, AgentFailed> {
        let known = work.requirements;
        let session = self.reader("planner", &work);
        session.run(prompts::tasks(&work, plan), |tasks| policy::check_tasks(tasks, known)).await
    }

    async fn build(
        &self,
        work: Assignment<'_>,
        corrections: &[Correction],
    ) -> Result<Answered<String>, AgentFailed> {
        let session = self.session("implementer", &work, self.writing(&work));
        let messages = prompts::implementer(&work, &self.checks, corrections);
        let Answered { value, usage } = session.run(messages, |_: &Summary| Ok(())).await?;
        Ok(Answered { value: value.summary, usage })
    }

    async fn review(&self, work: Assignment<'_>, diff: &str) -> Result<Answered<Review>, AgentFailed> {
        let known = work.requirements;
        let session = self.reader("reviewer", &work);
        session.run(prompts::reviewer(&work, diff), |review| policy::check_review(review, known)).await
    }

    async fn lessons(
        &self,
        work: Assignment<'_>,
        diff: &str,
        account: &str,
    ) -> Result<Answered<Lessons>, AgentFailed> {
        let session = self.reader("reviewer", &work);
        session.run(prompts::lessons(&work, diff, account), |_: &Lessons| Ok(())).await
    }
}

#[cfg(test)]
mod budget;
