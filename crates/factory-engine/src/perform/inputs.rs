//! What a stage works from: artifacts that have passed, read back from the blobs by digest.

use factory_core::artifact::{Artifact, ArtifactError, ArtifactKind, Body, Build, Patch, Plan, Review};
use factory_core::event::{Evidence, SentBack};
use factory_core::ids::Digest;

use super::{Stage, Unmade};
use crate::port::agents::{Assignment, Before};
use crate::port::workspace::{Checkout, Contents};

/// An artifact's body that is not of the kind that the log says.
#[derive(Debug, thiserror::Error)]
#[error("the artifact {digest} is not the {kind} that the log says it is")]
struct OtherKind {
    digest: Digest,
    kind: &'static str,
}

/// A stage that the pipeline check should have refused.
#[derive(Debug, thiserror::Error)]
#[error("the stage has no {kind} to work from")]
pub(super) struct NoInput {
    pub(super) kind: &'static str,
}

impl Stage<'_> {
    /// A sealed checkout of the run's base, and its proof as evidence of that name.
    pub(super) async fn seal(
        &self,
        name: &str,
        patch: Option<(&Patch, &Contents)>,
    ) -> Result<(Checkout, Evidence), Unmade> {
        let checkout = self.workspaces.seal(&self.effect.id, &self.state.base, patch).await?;
        let digest = self.ports.blobs.put(checkout.proof.text().as_bytes()).await?;
        Ok((checkout, Evidence { name: name.to_owned(), digest }))
    }

    /// The digest of the artifact of that kind that this stage needs.
    pub(super) fn input_digest(&self, kind: ArtifactKind) -> Result<Digest, Unmade> {
        let needs = self.effect.stage.needs.iter();
        let artifact =
            needs.filter_map(|need| self.state.passed(need)).find(|artifact| artifact.kind == kind);
        match artifact {
            Some(artifact) => Ok(artifact.digest.clone()),
            None => Err(Unmade::blocked(&NoInput { kind: kind.as_str() })),
        }
    }

    pub(super) async fn artifact(&self, digest: &Digest) -> Result<Body, Unmade> {
        let bytes = self.ports.blobs.get(digest).await?;
        let artifact: Result<Artifact, ArtifactError> = Artifact::from_bytes(&bytes);
        artifact.map(|a| a.body).map_err(|error| Unmade::blocked(&error))
    }

    pub(super) async fn plan(&self) -> Result<(Plan, Digest), Unmade> {
        let digest = self.input_digest(ArtifactKind::Plan)?;
        match self.artifact(&digest).await? {
            Body::Plan(plan) => Ok((plan, digest)),
            other => Err(wrong(&digest, &other, "plan")),
        }
    }

    /// What was made before and has passed, with the digests of all of it.
    pub(super) async fn before(&self) -> Result<(Before, Vec<Digest>), Unmade> {
        let mut before = Before::default();
        let mut made_from = Vec::new();
        for need in &self.effect.stage.needs {
            let Some(artifact) = self.state.passed(need) else { continue };
            made_from.push(artifact.digest.clone());
            match artifact.kind {
                ArtifactKind::Design
                | ArtifactKind::Tests
                | ArtifactKind::Recon
                | ArtifactKind::Plan
                | ArtifactKind::Tasks => match self.artifact(&artifact.digest).await? {
                    Body::Design(design) => before.design = Some(design),
                    Body::Tests(tests) => before.tests = Some(tests),
                    Body::Recon(recon) => before.recon = Some(recon),
                    Body::Plan(plan) => before.plan = Some(plan),
                    Body::Tasks(tasks) => before.tasks = Some(tasks),
                    other @ (Body::Spec(_)
                    | Body::Build(_)
                    | Body::Review(_)
                    | Body::Verify(_)
                    | Body::Merge(_)
                    | Body::Lessons(_)) => {
                        return Err(wrong(&artifact.digest, &other, artifact.kind.as_str()));
                    }
                },
                ArtifactKind::Spec
                | ArtifactKind::Build
                | ArtifactKind::Review
                | ArtifactKind::Verify
                | ArtifactKind::Merge
                | ArtifactKind::Lessons => {}
            }
        }
        Ok((before, made_from))
    }

    /// Adds what this stage made the last time: whoever is asked for another try has to see what to change.
    pub(super) async fn add_own(&self, before: &mut Before) -> Result<(), Unmade> {
        let own = self.state.stages.get(&self.effect.id.stage).and_then(|stage| stage.artifact.as_ref());
        let Some(own) = own else { return Ok(()) };
        match self.artifact(&own.digest).await? {
            Body::Design(design) => before.design = Some(design),
            Body::Tests(tests) => before.tests = Some(tests),
            Body::Recon(recon) => before.recon = Some(recon),
            Body::Plan(plan) => before.plan = Some(plan),
            Body::Tasks(tasks) => before.tasks = Some(tasks),
            Body::Spec(_)
            | Body::Build(_)
            | Body::Review(_)
            | Body::Verify(_)
            | Body::Merge(_)
            | Body::Lessons(_) => {}
        }
        Ok(())
    }

    /// What this try is told.
    pub(super) fn corrections(&self) -> &[SentBack] {
        self.state.stages.get(&self.effect.id.stage).map_or(&[], |stage| stage.corrections.as_slice())
    }

    /// What people said to whoever tries again.
    pub(super) fn notes(&self) -> Vec<String> {
        let note = |correction: &SentBack| match correction {
            SentBack::Note { note } => Some(note.clone()),
            SentBack::Checks { .. }
            | SentBack::Review { .. }
            | SentBack::Holdouts { .. }
            | SentBack::Rebase { .. } => None,
        };
        self.corrections().iter().filter_map(note).collect()
    }

    pub(super) async fn build(&self) -> Result<(Build, Digest), Unmade> {
        let digest = self.input_digest(ArtifactKind::Build)?;
        Ok((self.build_at(&digest).await?, digest))
    }

    pub(super) async fn build_at(&self, digest: &Digest) -> Result<Build, Unmade> {
        match self.artifact(digest).await? {
            Body::Build(build) => Ok(build),
            other => Err(wrong(digest, &other, "build")),
        }
    }

    pub(super) async fn review_at(&self, digest: &Digest) -> Result<Review, Unmade> {
        match self.artifact(digest).await? {
            Body::Review(review) => Ok(review),
            other => Err(wrong(digest, &other, "review")),
        }
    }

    /// What every role is given.
    pub(super) fn assignment<'a>(
        &'a self,
        spec: &'a str,
        checkout: &'a Checkout,
        before: &'a Before,
        notes: &'a [String],
    ) -> Assignment<'a> {
        Assignment {
            effect: &self.effect.id,
            spec,
            requirements: &self.state.started.spec.requirements,
            checkout,
            before,
            notes,
            observer: &self.observer,
        }
    }

    /// The specification's text.
    pub(super) async fn spec_text(&self) -> Result<String, Unmade> {
        let bytes = self.ports.blobs.get(&self.state.started.spec.source).await?;
        String::from_utf8(bytes).map_err(|error| Unmade::blocked(&error))
    }

    /// The content of every file that a patch writes.
    pub(super) async fn contents(&self, patch: &Patch) -> Result<Contents, Unmade> {
        use factory_core::artifact::Change;
        let mut contents = Contents::new();
        for file in &patch.changes {
            match &file.change {
                Change::Written { content, .. } => {
                    contents.insert(content.clone(), self.ports.blobs.get(content).await?);
                }
                Change::Deleted => {}
            }
        }
        Ok(contents)
    }
}

fn wrong(digest: &Digest, _found: &Body, kind: &'static str) -> Unmade {
    Unmade::blocked(&OtherKind { digest: digest.clone(), kind })
}
