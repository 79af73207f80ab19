//! What is played, and what has to be true after a kill at each of its points.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use factory_core::event::{Outcome, Record};
use factory_core::ids::Digest;
use factory_core::state::{RunState, StageStatus};
use factory_engine::port::store::EventLog as _;
use factory_engine::{history, ledger};
use factory_store::Store;
use factory_testkit::samples;
use tempfile::TempDir;

use crate::child;

/// A whole run: what the implementer writes at each try, under which pipeline.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    pub(crate) pipeline: &'static str,
    pub(crate) texts: &'static [&'static str],
    /// Whether killing it at every point takes minutes.
    pub(crate) long: bool,
}

/// Red checks go back, failed holdouts go back, the third build is merged.
const CORRECTED: Story = Story {
    name: "a_corrected_feature",
    pipeline: samples::FEATURE,
    texts: &["BROKEN", "hello", "hello please"],
    long: false,
};

/// All ten stages, with one correction.
const GOVERNED: Story = Story {
    name: "a_governed_feature",
    pipeline: include_str!("../../../../pipelines/governed.toml"),
    texts: &["rude please", "hello please"],
    long: true,
};

pub(crate) const ALL: [&Story; 2] = [&CORRECTED, &GOVERNED];

pub(crate) fn named(name: &str) -> &'static Story {
    ALL.into_iter().find(|story| story.name == name).unwrap()
}

/// What a run came to, without what differs from one run to the next.
#[derive(Debug, PartialEq, Eq)]
struct End {
    stages: Vec<(String, StageStatus, u32)>,
    builds: Vec<Option<Digest>>,
    merged: bool,
    tree: String,
}

impl Story {
    /// Every `hands`th point, from `hand` on.
    pub(crate) fn killed_at_each(&self, hand: usize, hands: usize) {
        let place = Place::new();
        assert!(place.play(self, 0), "the story comes to its end");
        let expected = place.end();
        assert!(expected.merged);
        let points: usize = fs::read_to_string(place.folder().join("points")).unwrap().parse().unwrap();
        if hand == 0 {
            println!("{}: {points} points", self.name);
        }
        for point in (hand + 1..=points).step_by(hands) {
            let place = Place::new();
            assert!(!place.play(self, point), "it dies at point {point}");
            let acknowledged = place.acknowledged();
            assert!(place.play(self, 0), "killed at point {point}, it goes on");
            place.has_all(&acknowledged, point);
            assert_eq!(place.end(), expected, "killed at point {point}");
        }
    }
}

/// A project, a store and a cache of their own.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        fs::create_dir(&project).unwrap();
        fs::create_dir(folder.path().join("cache")).unwrap();
        fs::write(project.join("README.md"), "a program that greets\n").unwrap();
        factory_workspace::create_repository(&project, "begin").unwrap();
        Self { folder }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn project(&self) -> PathBuf {
        self.folder().join("project")
    }

    /// Plays until the end, or until the point of that number; `true` for the end.
    fn play(&self, story: &Story, point: usize) -> bool {
        use std::os::unix::process::ExitStatusExt as _;
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.env(child::FOLDER, self.folder()).env(child::STORY, story.name);
        child.env(child::POINT, point.to_string()).stdin(Stdio::null());
        let output = child.output().unwrap();
        match (output.status.success(), output.status.signal()) {
            (true, _) => true,
            (false, Some(9)) => false,
            _ => panic!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// The records that were acknowledged, by position.
    fn acknowledged(&self) -> Vec<(u64, String)> {
        let text = fs::read_to_string(self.folder().join("acknowledged")).unwrap_or_default();
        let line = |line: &str| {
            let (position, digest) = line.split_once(' ')?;
            // The line that was being written when the process died is no promise that anybody has heard.
            (digest.len() == 64).then(|| (position.parse().unwrap(), digest.to_owned()))
        };
        text.lines().filter_map(line).collect()
    }

    fn open<T>(&self, look: impl AsyncFnOnce(&Store) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(&self.folder().join("store")).unwrap();
            look(&store).await
        })
    }

    fn has_all(&self, acknowledged: &[(u64, String)], point: usize) {
        self.open(async |store| {
            let run = samples::started().run;
            let records = store.log.read(&run).await.unwrap();
            for (position, digest) in acknowledged {
                let record = &records[usize::try_from(*position).unwrap()];
                assert_eq!(
                    Digest::of(&record.bytes).as_str(),
                    digest,
                    "record {position}, acknowledged before the kill at point {point}"
                );
                assert!(Record::from_bytes(&record.bytes).is_ok());
            }
            let faults = ledger::verify(store.log.as_ref()).await.unwrap();
            assert_eq!(faults, [], "the ledger after a kill at point {point}");
        });
    }

    fn end(&self) -> End {
        let state: RunState = self.open(async |store| {
            history::read(store.log.as_ref(), &samples::started().run).await.unwrap().state
        });
        let branches = self.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
        assert_eq!(branches.lines().collect::<Vec<_>>(), ["factory/greeting", "main"], "one branch was made");
        let commits = self.git(&["rev-list", "--count", "main..factory/greeting"]);
        assert_eq!(commits.trim(), "1", "one commit was made");
        let is_build = |id: &str| id == "build";
        End {
            stages: state
                .stages
                .iter()
                .map(|(id, stage)| (id.to_string(), stage.status.clone(), stage.tries))
                .collect(),
            builds: state
                .stages
                .iter()
                .filter(|(id, _)| is_build(id.as_str()))
                .map(|(_, stage)| stage.artifact.as_ref().and_then(|artifact| artifact.patch.clone()))
                .collect(),
            merged: matches!(state.outcome, Some(Outcome::Merged { .. })),
            tree: self.git(&["rev-parse", "factory/greeting^{tree}"]),
        }
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git").arg("-C").arg(self.project()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}
