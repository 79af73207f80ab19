//! Ports that have a point before and after everything they do.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use factory_core::artifact::{Design, Lessons, Merge, Patch, Plan, Recon, Review, Tasks, Tests, Verify};
use factory_core::ids::{Digest, EffectId, GitOid, RunId};
use factory_engine::port::agents::{AgentFailed, Agents, Answered, Assignment, Correction};
use factory_engine::port::checks::{CheckError, CheckRun, Checks};
use factory_engine::port::evaluator::{Candidate, Evaluator, EvaluatorError, Outlook};
use factory_engine::port::observer::Observer;
use factory_engine::port::store::{
    BlobStore, EventLog, Lease, LedgerHead, Position, StoreError, StoredRecord,
};
use factory_engine::port::workspace::{Checkout, Contents, Landing, Rebased, WorkspaceError, Workspaces};
use tokio::sync::broadcast;

use crate::meter::Meter;

/// A port with points around it.
pub(crate) struct Metered<T: ?Sized> {
    pub(crate) inner: Arc<T>,
    pub(crate) meter: Arc<Meter>,
}

impl<T: ?Sized> Metered<T> {
    async fn around<R>(&self, done: impl Future<Output = R>) -> R {
        self.meter.point();
        let result = done.await;
        self.meter.point();
        result
    }
}

/// The log; what it acknowledges is written down where the parent finds it.
pub(crate) struct MeteredLog {
    inner: Arc<dyn EventLog>,
    meter: Arc<Meter>,
    acknowledged: Mutex<File>,
}

impl MeteredLog {
    pub(crate) fn new(inner: Arc<dyn EventLog>, meter: Arc<Meter>, acknowledged: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(acknowledged).unwrap();
        Self { inner, meter, acknowledged: Mutex::new(file) }
    }
}

#[async_trait]
impl EventLog for MeteredLog {
    async fn append(
        &self,
        run: &RunId,
        expected: Position,
        record: &[u8],
        decisions: &[Vec<u8>],
    ) -> Result<Position, StoreError> {
        self.meter.point();
        let position = self.inner.append(run, expected, record, decisions).await?;
        let line = format!("{position} {}\n", Digest::of(record));
        self.acknowledged.lock().unwrap().write_all(line.as_bytes()).unwrap();
        self.meter.point();
        Ok(position)
    }

    async fn read(&self, run: &RunId) -> Result<Vec<StoredRecord>, StoreError> {
        self.inner.read(run).await
    }

    async fn position(&self, run: &RunId) -> Result<Position, StoreError> {
        self.inner.position(run).await
    }

    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.runs().await
    }

    async fn append_decisions(&self, decisions: &[Vec<u8>]) -> Result<Position, StoreError> {
        self.inner.append_decisions(decisions).await
    }

    async fn decisions(&self, from: Position, most: usize) -> Result<Vec<StoredRecord>, StoreError> {
        self.inner.decisions(from, most).await
    }

    async fn ledger_head(&self) -> Result<Option<LedgerHead>, StoreError> {
        self.inner.ledger_head().await
    }

    fn changes(&self) -> broadcast::Receiver<RunId> {
        self.inner.changes()
    }

    async fn claim(&self, run: &RunId) -> Result<Lease, StoreError> {
        self.inner.claim(run).await
    }
}

#[async_trait]
impl BlobStore for Metered<dyn BlobStore> {
    async fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.around(self.inner.put(bytes)).await
    }

    async fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        self.inner.get(digest).await
    }
}

#[async_trait]
impl Workspaces for Metered<dyn Workspaces> {
    fn naming(self: Arc<Self>, protected: &[String]) -> Arc<dyn Workspaces> {
        let inner = Arc::clone(&self.inner).naming(protected);
        Arc::new(Metered { inner, meter: Arc::clone(&self.meter) })
    }

    async fn seal(
        &self,
        effect: &EffectId,
        base: &GitOid,
        patch: Option<(&Patch, &Contents)>,
    ) -> Result<Checkout, WorkspaceError> {
        self.around(self.inner.seal(effect, base, patch)).await
    }

    async fn extract(&self, checkout: &Checkout, base: &GitOid) -> Result<(Patch, Contents), WorkspaceError> {
        self.around(self.inner.extract(checkout, base)).await
    }

    async fn diff(
        &self,
        base: &GitOid,
        patch: &Patch,
        contents: &Contents,
    ) -> Result<String, WorkspaceError> {
        self.around(self.inner.diff(base, patch, contents)).await
    }

    async fn tip(&self, branch: Option<&str>) -> Result<Option<GitOid>, WorkspaceError> {
        self.around(self.inner.tip(branch)).await
    }

    async fn rebase(
        &self,
        patch: &Patch,
        contents: &Contents,
        from: &GitOid,
        onto: &GitOid,
    ) -> Result<Rebased, WorkspaceError> {
        self.around(self.inner.rebase(patch, contents, from, onto)).await
    }

    async fn landed(&self, effect: &EffectId, slug: &str) -> Result<bool, WorkspaceError> {
        self.around(self.inner.landed(effect, slug)).await
    }

    async fn land(&self, landing: Landing<'_>) -> Result<Merge, WorkspaceError> {
        self.around(self.inner.land(landing)).await
    }
}

#[async_trait]
impl Checks for Metered<dyn Checks> {
    async fn run(&self, checkout: &Checkout, observer: &dyn Observer) -> Result<Vec<CheckRun>, CheckError> {
        self.around(self.inner.run(checkout, observer)).await
    }
}

#[async_trait]
impl Evaluator for Metered<dyn Evaluator> {
    async fn verify(&self, candidate: Candidate<'_>) -> Result<Verify, EvaluatorError> {
        self.around(self.inner.verify(candidate)).await
    }

    fn outlook(&self) -> Result<Outlook, EvaluatorError> {
        self.inner.outlook()
    }
}

#[async_trait]
impl Agents for Metered<dyn Agents> {
    async fn design(&self, work: Assignment<'_>) -> Result<Answered<Design>, AgentFailed> {
        self.around(self.inner.design(work)).await
    }

    async fn tests(&self, work: Assignment<'_>) -> Result<Answered<Tests>, AgentFailed> {
        self.around(self.inner.tests(work)).await
    }

    async fn recon(&self, work: Assignment<'_>) -> Result<Answered<Recon>, AgentFailed> {
        self.around(self.inner.recon(work)).await
    }

    async fn plan(&self, work: Assignment<'_>) -> Result<Answered<Plan>, AgentFailed> {
        self.around(self.inner.plan(work)).await
    }

    async fn tasks(&self, work: Assignment<'_>, plan: &Plan) -> Result<Answered<Tasks>, AgentFailed> {
        self.around(self.inner.tasks(work, plan)).await
    }

    async fn build(
        &self,
        work: Assignment<'_>,
        corrections: &[Correction],
    ) -> Result<Answered<String>, AgentFailed> {
        self.around(self.inner.build(work, corrections)).await
    }

    async fn review(&self, work: Assignment<'_>, diff: &str) -> Result<Answered<Review>, AgentFailed> {
        self.around(self.inner.review(work, diff)).await
    }

    async fn lessons(
        &self,
        work: Assignment<'_>,
        diff: &str,
        account: &str,
    ) -> Result<Answered<Lessons>, AgentFailed> {
        self.around(self.inner.lessons(work, diff, account)).await
    }
}
