//! Each role as one session: its prompt, its tools, its artifact.

use std::sync::Arc;

use async_trait::async_trait;
use factory_core::artifact::{Plan, Review, Tasks};
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
    async fn plan(&self, work: Assignment<'_>) -> Result<Answered<Plan>, AgentFailed> {
        let known = work.requirements;
        let session = self.session("planner", &work, self.reading(&work));
        session.run(prompts::planner(work.spec), |plan| policy::check_plan(plan, known)).await
    }

    async fn tasks(&self, work: Assignment<'_>, plan: &Plan) -> Result<Answered<Tasks>, AgentFailed> {
        let known = work.requirements;
        let session = self.session("planner", &work, self.reading(&work));
        session.run(prompts::tasks(work.spec, plan), |tasks| policy::check_tasks(tasks, known)).await
    }

    async fn build(
        &self,
        work: Assignment<'_>,
        plan: &Plan,
        tasks: &Tasks,
        correction: Option<&Correction>,
    ) -> Result<Answered<String>, AgentFailed> {
        let session = self.session("implementer", &work, self.writing(&work));
        let messages = prompts::implementer(work.spec, plan, tasks, &self.checks, correction);
        let Answered { value, usage } = session.run(messages, |_: &Summary| Ok(())).await?;
        Ok(Answered { value: value.summary, usage })
    }

    async fn review(&self, work: Assignment<'_>, diff: &str) -> Result<Answered<Review>, AgentFailed> {
        let known = work.requirements;
        let session = self.session("reviewer", &work, self.reading(&work));
        session.run(prompts::reviewer(work.spec, diff), |review| policy::check_review(review, known)).await
    }
}

#[cfg(test)]
mod tests {
    use factory_core::feedback::Feedback;
    use factory_core::ids::{Attempt, EffectId};
    use factory_engine::port::model::{CallSite, Completion, Message, ModelError, ModelRequest, ToolSpec};
    use factory_engine::port::observer::Unwatched;
    use tiktoken_rs::CoreBPE;

    use super::*;
    use crate::submission::Submission;
    use crate::tools::tests::checkout;

    struct NoModel;

    #[async_trait]
    impl ModelClient for NoModel {
        async fn complete(&self, _: &CallSite, _: &ModelRequest) -> Result<Completion, ModelError> {
            Err(ModelError::NotConfigured)
        }
    }

    /// The tokens of what stands, of what is asked with nothing filled in, and of the tools.
    fn size(
        bpe: &CoreBPE,
        messages: &[Message],
        tools: &[Box<dyn Tool + '_>],
        submit: ToolSpec,
    ) -> (usize, usize) {
        let count = |text: &str| bpe.encode_ordinary(text).len();
        let mut system = 0;
        let mut all = 0;
        for message in messages {
            match message {
                Message::System { text } => system += count(text),
                Message::User { text } | Message::Observation { text } => all += count(text),
                Message::Assistant(_) | Message::Tool { .. } => panic!("nothing was said yet"),
            }
        }
        for spec in tools.iter().map(|tool| tool.spec()).chain([submit]) {
            all += count(&spec.name) + count(&spec.description) + count(&spec.parameters.to_string());
        }
        (system, system + all)
    }

    #[test]
    fn instructions_stay_within_their_budget() {
        let bpe = tiktoken_rs::o200k_base().unwrap();
        let (_folder, checkout) = checkout();
        let effect =
            EffectId { run: "r".parse().unwrap(), stage: "s".parse().unwrap(), attempt: Attempt::FIRST };
        let agents = ModelAgents::new(Arc::new(NoModel), Launcher::new(), Limits::default(), Vec::new());
        let work = Assignment {
            effect: &effect,
            spec: "",
            requirements: &[],
            checkout: &checkout,
            observer: &Unwatched,
        };
        let plan = Plan { summary: String::new(), steps: Vec::new(), risks: Vec::new() };
        let tasks = Tasks { tasks: Vec::new() };
        let (reading, writing) = (agents.reading(&work), agents.writing(&work));
        let feedback = Correction::Holdouts(Feedback::default());
        let phases = [
            ("planner", size(&bpe, &prompts::planner(""), &reading, Submission::<Plan>::new().spec())),
            ("tasks", size(&bpe, &prompts::tasks("", &plan), &reading, Submission::<Tasks>::new().spec())),
            (
                "implementer",
                size(
                    &bpe,
                    &prompts::implementer("", &plan, &tasks, &[], Some(&feedback)),
                    &writing,
                    Submission::<Summary>::new().spec(),
                ),
            ),
            (
                "reviewer",
                size(&bpe, &prompts::reviewer("", ""), &reading, Submission::<Review>::new().spec()),
            ),
        ];
        for (phase, (system, all)) in phases {
            assert!(system <= 600, "{phase}: {system}");
            assert!(all <= 1500, "{phase}: {all}");
        }
        assert!(phases.iter().map(|(_, (_, all))| all).sum::<usize>() <= 5000);
    }
}
