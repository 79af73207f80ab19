//! Artifacts for every truth, each made once and found again by its digest.

use std::collections::HashMap;

use factory_core::artifact::{
    Artifact, ArtifactKind, Body, Build, CheckOutcome, CheckResult, Merge, VaultScore, Verify,
};
use factory_core::feedback::{self, FailedScenario, FailureClass, Feedback, Holdout};
use factory_core::ids::Digest;

use super::truth::{self, Color, Finding, Patch, Truth};
use crate::samples;

/// A thing in the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item(u16);

/// Everything that has been made so far, so that digests have short names and known truths.
#[derive(Debug, Default)]
pub struct Catalog {
    items: Vec<(Truth, Artifact, Digest)>,
    by_truth: HashMap<Truth, Item>,
    by_digest: HashMap<Digest, Item>,
}

impl Catalog {
    /// The thing with that truth.
    pub fn item(&mut self, truth: &Truth) -> Item {
        if let Some(item) = self.by_truth.get(truth) {
            return *item;
        }
        let artifact = self.artifact_of(truth);
        let digest = artifact.digest();
        let item = Item(u16::try_from(self.items.len()).expect("alphabets are small"));
        self.items.push((truth.clone(), artifact, digest.clone()));
        self.by_truth.insert(truth.clone(), item);
        let before = self.by_digest.insert(digest, item);
        assert!(before.is_none(), "what differs has another digest: {truth:?}");
        item
    }

    /// The thing with that digest, if it was ever made here.
    pub fn find(&self, digest: &Digest) -> Option<Item> {
        self.by_digest.get(digest).copied()
    }

    /// What it is.
    pub fn truth(&self, item: Item) -> &Truth {
        &self.items[usize::from(item.0)].0
    }

    /// As the machine gets it.
    pub fn artifact(&self, item: Item) -> &Artifact {
        &self.items[usize::from(item.0)].1
    }

    fn artifact_of(&mut self, truth: &Truth) -> Artifact {
        let made_from = match truth {
            Truth::Review { of, .. } | Truth::Verify { of, .. } => {
                let of = self.item(of);
                vec![self.items[usize::from(of.0)].2.clone()]
            }
            Truth::Sound { .. } | Truth::Unsound { .. } | Truth::Build { .. } | Truth::Merge { .. } => {
                Vec::new()
            }
        };
        Artifact::new(body(truth), made_from)
    }
}

fn body(truth: &Truth) -> Body {
    match truth {
        Truth::Sound { kind, steps } => sound(*kind, *steps),
        Truth::Unsound { kind, base } => unsound(*kind, *base),
        Truth::Build { patch, checks, base } => Body::Build(build(*patch, *checks, *base)),
        Truth::Review { objects: true, .. } => Body::Review(samples::objection()),
        Truth::Review { objects: false, .. } => Body::Review(samples::review()),
        Truth::Verify { found, patch, .. } => Body::Verify(verify(*found, *patch)),
        Truth::Merge { patch, base } => {
            Body::Merge(Merge { base: truth::base(*base), ..samples::merge(patch.files().digest()) })
        }
    }
}

fn sound(kind: ArtifactKind, steps: u32) -> Body {
    match kind {
        ArtifactKind::Spec => Body::Spec(samples::spec()),
        ArtifactKind::Design => Body::Design(samples::design()),
        ArtifactKind::Tests => Body::Tests(samples::tests()),
        ArtifactKind::Recon => Body::Recon(samples::recon()),
        ArtifactKind::Tasks => Body::Tasks(samples::tasks()),
        ArtifactKind::Lessons => Body::Lessons(samples::lessons()),
        ArtifactKind::Plan => {
            let mut plan = samples::plan();
            while plan.steps.len() < usize::try_from(steps).expect("a few steps") {
                plan.steps.push(plan.steps[0].clone());
            }
            Body::Plan(plan)
        }
        ArtifactKind::Build | ArtifactKind::Review | ArtifactKind::Verify | ArtifactKind::Merge => {
            unreachable!("has a truth of its own")
        }
    }
}

fn unsound(kind: ArtifactKind, base: u8) -> Body {
    let mut body = match kind {
        ArtifactKind::Build => Body::Build(build(Patch::A, Color::Green, base)),
        ArtifactKind::Review => Body::Review(samples::review()),
        ArtifactKind::Verify | ArtifactKind::Merge | ArtifactKind::Lessons => {
            unreachable!("nothing is asked of it but its schema")
        }
        ArtifactKind::Spec
        | ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Tasks => sound(kind, 1),
    };
    match &mut body {
        Body::Spec(spec) => spec.baseline = vec![check(Color::Red)],
        Body::Design(design) => design.decisions.clear(),
        Body::Tests(tests) => tests.cases.clear(),
        Body::Recon(recon) => recon.places.clear(),
        Body::Plan(plan) => plan.steps.clear(),
        Body::Tasks(tasks) => tasks.tasks.clear(),
        Body::Build(build) => build.patch.changes.clear(),
        Body::Review(review) => review.coverage.clear(),
        Body::Verify(_) | Body::Merge(_) | Body::Lessons(_) => {}
    }
    body
}

fn check(color: Color) -> CheckResult {
    samples::check(match color {
        Color::Green => CheckOutcome::Passed,
        Color::Red => CheckOutcome::Failed { status: 1 },
    })
}

fn build(patch: Patch, checks: Color, base: u8) -> Build {
    Build { base: truth::base(base), patch: patch.files(), checks: vec![check(checks)], ..samples::build("") }
}

fn verify(found: Finding, patch: Patch) -> Verify {
    let (passed, failed, inconclusive) = match found {
        Finding::Pass | Finding::Vault => (10, 0, 0),
        Finding::Fail | Finding::Elsewhere => (5, 5, 0),
        Finding::Better => (8, 2, 0),
        Finding::Critical => (9, 1, 0),
        Finding::Inconclusive => (9, 0, 1),
        Finding::Nothing => (0, 0, 0),
    };
    let verify = samples::verify(patch.files().digest(), passed, failed, inconclusive);
    let feedback = if found == Finding::Elsewhere { no_answer(failed) } else { verify.feedback.clone() };
    let vault = (found == Finding::Vault).then_some(VaultScore { passed: 1, failed: 1, inconclusive: 0 });
    Verify { critical_passed: found != Finding::Critical, feedback, vault, ..verify }
}

fn no_answer(failed: u32) -> Feedback {
    let scenario = FailedScenario { covers: vec![samples::requirement("R1")], class: FailureClass::NoAnswer };
    feedback::declassify(
        &Holdout::new((0..failed).map(|_| scenario.clone()).collect()),
        &samples::requirements(),
    )
}
