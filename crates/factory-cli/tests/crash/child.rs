//! The process that is killed, and the one that goes on after it: begins the run if it has not begun, drives it, approves
//! what waits, and writes down how many points it came to.

use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use factory_core::command::{Command, Deciding};
use factory_core::event::{Channel, Decision, RunStarted};
use factory_core::pipeline::read;
use factory_core::state::RunState;
use factory_engine::engine::Engine;
use factory_engine::error::EngineError;
use factory_engine::port::Ports;
use factory_engine::port::clock::SystemClock;
use factory_engine::port::store::{BlobStore, EventLog as _};
use factory_engine::port::watcher::Nobody;
use factory_sandbox::Launcher;
use factory_store::Store;
use factory_testkit::samples;
use factory_testkit::world::World;
use factory_workspace::{GitWorkspaces, Project, WorkspaceConfig};
use tokio_util::sync::CancellationToken;

use crate::meter::Meter;
use crate::ports::{Metered, MeteredLog};
use crate::story::{self, Story};

/// Names the folder of the child's world.
pub(crate) const FOLDER: &str = "FACTORY_CRASH_FOLDER";
/// The point at which it dies.
pub(crate) const POINT: &str = "FACTORY_CRASH_POINT";
/// The story it plays.
pub(crate) const STORY: &str = "FACTORY_CRASH_STORY";

pub(crate) fn run(folder: &Path) -> ExitCode {
    let variable = |name| env::var(name).unwrap();
    let story = story::named(&variable(STORY));
    let meter = Arc::new(Meter::new(variable(POINT).parse().unwrap()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(play(folder, story, &meter));
    fs::write(folder.join("points"), meter.passed().to_string()).unwrap();
    ExitCode::SUCCESS
}

async fn play(folder: &Path, story: &Story, meter: &Arc<Meter>) {
    let store = Store::open(&folder.join("store")).unwrap();
    store.blobs.put(samples::SPEC_TEXT.as_bytes()).await.unwrap();
    let project = Project::discover(&folder.join("project")).unwrap();
    let started = started(story, &project);
    let run = started.run.clone();
    let log = Arc::new(MeteredLog::new(store.log.clone(), Arc::clone(meter), &folder.join("acknowledged")));
    let known = log.position(&run).await.unwrap() > 0;
    let engine = Engine::new(ports(folder, project, &store, log, story, meter));
    if !known {
        engine.start(started).await.unwrap();
    }
    while !step(&engine, &run).await {}
}

/// Drives as far as it goes and approves what waits; `true` when the run is over.
async fn step(engine: &Engine, run: &factory_core::ids::RunId) -> bool {
    let state = engine.drive(run, &CancellationToken::new()).await.unwrap();
    if state.outcome.is_some() {
        return true;
    }
    let open = state.open_gates().into_iter().next().unwrap_or_else(|| panic!("stuck: {:?}", state.stages));
    let because = "it is as it should be".to_owned();
    let by = samples::person();
    let deciding = Deciding::plain(open.gate, Decision::Approved, by, Channel::Command, because, open.sees);
    let decided: Result<RunState, EngineError> =
        engine.command(run, Command::Decide(Box::new(deciding))).await;
    decided.unwrap();
    false
}

fn started(story: &Story, project: &Project) -> RunStarted {
    RunStarted {
        base: project.head().clone(),
        branch: project.branch().map(str::to_owned),
        pipeline: read::read(story.pipeline).expect("the pipeline is in order"),
        ..samples::started()
    }
}

fn ports(
    folder: &Path,
    project: Project,
    store: &Store,
    log: Arc<MeteredLog>,
    story: &Story,
    meter: &Arc<Meter>,
) -> Ports {
    let workspaces = GitWorkspaces::new(WorkspaceConfig {
        project,
        cache: folder.join("cache"),
        holdout_paths: Vec::new(),
        holdout_dirs: Vec::new(),
        setup: None,
        hosts: factory_workspace::Hosts::default(),
        launcher: Launcher::new(),
    });
    let workspaces = workspaces.unwrap();
    let blobs: Arc<dyn BlobStore> = store.blobs.clone();
    let blobs = Arc::new(Metered { inner: blobs, meter: Arc::clone(meter) });
    let world = World::new(story.texts).ports(log, blobs);
    Ports {
        agents: Arc::new(Metered { inner: world.agents, meter: Arc::clone(meter) }),
        checks: Arc::new(Metered { inner: world.checks, meter: Arc::clone(meter) }),
        evaluator: Arc::new(Metered { inner: world.evaluator, meter: Arc::clone(meter) }),
        workspaces: Arc::new(Metered { inner: Arc::new(workspaces) as _, meter: Arc::clone(meter) }),
        clock: Arc::new(SystemClock),
        watcher: Arc::new(Nobody),
        watch: world.watch,
        log: world.log,
        blobs: world.blobs,
    }
}
