//! How long the instructions are. They are paid for with every call, so they are held to a budget.

use factory_core::artifact::ArtifactKind;
use factory_core::feedback::Feedback;
use factory_core::ids::{Attempt, EffectId};
use factory_core::pipeline::{model::EntryType, read};
use factory_engine::port::agents::Before;
use factory_engine::port::model::{CallSite, Completion, Message, ModelError, ModelRequest, ToolSpec};
use factory_engine::port::observer::Unwatched;
use tiktoken_rs::CoreBPE;

use super::*;
use crate::submission::Submission;
use crate::tools::tests::checkout;

/// The most that one phase may have, in tokens of o200k; and its system prompt alone.
const PHASE: usize = 1500;
const SYSTEM: usize = 600;
/// The most that the phases of one change may have together.
const CHANGE: usize = 5000;

const FEATURE: &str = include_str!("../../../../../pipelines/feature.toml");

struct NoModel;

#[async_trait]
impl ModelClient for NoModel {
    async fn complete(&self, _: &CallSite, _: &ModelRequest) -> Result<Completion, ModelError> {
        Err(ModelError::NotConfigured)
    }
}

/// What a phase begins with, in tokens.
#[derive(Debug, Clone, Copy)]
struct Size {
    system: usize,
    all: usize,
}

/// The tokens of what stands, of what is asked, and of the tools.
fn size<'a>(bpe: &CoreBPE, messages: &[Message], tools: &[Box<dyn Tool + 'a>], submit: ToolSpec) -> Size {
    let count = |text: &str| bpe.encode_ordinary(text).len();
    let (mut system, mut asked) = (0, 0);
    for message in messages {
        match message {
            Message::System { text } => system += count(text),
            Message::User { text } | Message::Observation { text } => asked += count(text),
            Message::Assistant(_) | Message::Tool { .. } => panic!("nothing was said yet"),
        }
    }
    for spec in tools.iter().map(|tool| tool.spec()).chain([submit]) {
        asked += count(&spec.name) + count(&spec.description) + count(&spec.parameters.to_string());
    }
    Size { system, all: system + asked }
}

/// Everything that could have been made before, without a word in it: what is left is framing.
fn hollow() -> Before {
    let text = String::new;
    Before {
        design: Some(Design { summary: text(), decisions: Vec::new(), questions: Vec::new() }),
        tests: Some(Tests { cases: Vec::new() }),
        recon: Some(Recon {
            summary: text(),
            places: Vec::new(),
            conventions: Vec::new(),
            risks: Vec::new(),
        }),
        plan: Some(Plan { summary: text(), steps: Vec::new(), risks: Vec::new() }),
        tasks: Some(Tasks { tasks: Vec::new() }),
    }
}

/// Every phase, with all the framing that it can have.
fn phases() -> Vec<(ArtifactKind, Size)> {
    let bpe = tiktoken_rs::o200k_base().unwrap();
    let (_folder, checkout) = checkout();
    let effect = EffectId { run: "r".parse().unwrap(), stage: "s".parse().unwrap(), attempt: Attempt::FIRST };
    let agents = ModelAgents::new(Arc::new(NoModel), Launcher::new(), Limits::default(), Vec::new());
    let before = hollow();
    let plan = before.plan.clone().unwrap();
    let work = Assignment {
        effect: &effect,
        spec: "",
        requirements: &[],
        checkout: &checkout,
        before: &before,
        notes: &[String::new()],
        observer: &Unwatched,
    };
    let review = Review { summary: String::new(), coverage: Vec::new(), findings: Vec::new() };
    let corrections = [
        Correction::Checks(Vec::new()),
        Correction::Review(review),
        Correction::Holdouts(Feedback::default()),
    ];
    let (reading, writing) = (agents.reading(&work), agents.writing(&work));
    let reads = |messages: Vec<Message>, submit| size(&bpe, &messages, &reading, submit);
    vec![
        (ArtifactKind::Design, reads(prompts::design(&work), Submission::<Design>::new().spec())),
        (ArtifactKind::Tests, reads(prompts::tests(&work), Submission::<Tests>::new().spec())),
        (ArtifactKind::Recon, reads(prompts::recon(&work), Submission::<Recon>::new().spec())),
        (ArtifactKind::Plan, reads(prompts::planner(&work), Submission::<Plan>::new().spec())),
        (ArtifactKind::Tasks, reads(prompts::tasks(&work, &plan), Submission::<Tasks>::new().spec())),
        (
            ArtifactKind::Build,
            size(
                &bpe,
                &prompts::implementer(&work, &[], &corrections),
                &writing,
                Submission::<Summary>::new().spec(),
            ),
        ),
        (ArtifactKind::Review, reads(prompts::reviewer(&work, ""), Submission::<Review>::new().spec())),
        (ArtifactKind::Lessons, reads(prompts::lessons(&work, "", ""), Submission::<Lessons>::new().spec())),
    ]
}

#[test]
fn instructions_stay_within_their_budget() {
    let phases = phases();
    for (makes, Size { system, all }) in &phases {
        println!("{}: system prompt {system}, in all {all}", makes.as_str());
        assert!(*system <= SYSTEM, "{}: {system}", makes.as_str());
        assert!(*all <= PHASE, "{}: {all}", makes.as_str());
    }
    let pipeline = read::read(FEATURE).unwrap();
    let included = pipeline.included(EntryType::Feature).unwrap();
    let stages = pipeline.stages.iter().filter(|stage| included.contains(&stage.id));
    let sizes = stages.filter_map(|stage| phases.iter().find(|(makes, _)| *makes == stage.makes));
    let change: usize = sizes.map(|(_, size)| size.all).sum();
    println!("the feature pipeline: {change}");
    assert!(change > 0 && change <= CHANGE, "{change}");
}
