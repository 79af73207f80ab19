//! Who performs the effects of which run. Kept in memory by whoever holds the store: a process that ends gives back
//! all that it had.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use factory_core::ids::RunId;
use factory_engine::port::store::{Lease, StoreError};

/// The claims on the runs of one store. Clones are the same claims.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims(Arc<Mutex<HashMap<RunId, String>>>);

impl Claims {
    /// Claims the run for the process `holder`. `keep` lives as long as the lease.
    pub(crate) fn take(
        &self,
        run: &RunId,
        holder: String,
        keep: impl Any + Send + Sync,
    ) -> Result<Lease, StoreError> {
        let mut claims = self.lock();
        if let Some(holder) = claims.get(run) {
            return Err(StoreError::Driven { run: run.clone(), holder: holder.clone() });
        }
        claims.insert(run.clone(), holder);
        Ok(Lease::new((Claim { run: run.clone(), claims: self.clone() }, keep)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The process id of this process.
pub(crate) fn this_process() -> String {
    std::process::id().to_string()
}

struct Claim {
    run: RunId,
    claims: Claims,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.lock().remove(&self.run);
    }
}
