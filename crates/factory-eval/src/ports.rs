//! Ports for deployments: such that no two of this process have the same, whether they share a loopback or not.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};

/// A port that no other deployment of this process uses. That nobody else takes it before the candidate does cannot be
/// had; `Deployment::start` tries again then.
pub(crate) struct PortLease {
    port: u16,
}

static LEASED: LazyLock<Mutex<BTreeSet<u16>>> = LazyLock::new(Mutex::default);

impl PortLease {
    /// Any port that is free at the moment.
    pub(crate) fn take() -> std::io::Result<Self> {
        let mut leased = LEASED.lock().unwrap_or_else(PoisonError::into_inner);
        // Kept open until one is found that is not leased, so that the system does not offer the same one again.
        let mut refused = Vec::new();
        loop {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = listener.local_addr()?.port();
            if leased.insert(port) {
                return Ok(PortLease { port });
            }
            refused.push(listener);
        }
    }
}

impl PortLease {
    /// Its number.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for PortLease {
    fn drop(&mut self) {
        LEASED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.port);
    }
}
