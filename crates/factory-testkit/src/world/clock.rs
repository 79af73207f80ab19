//! A clock that stands still until it is moved.

use std::sync::atomic::{AtomicU64, Ordering};

use factory_core::ids::Timestamp;
use factory_engine::port::clock::Clock;

/// Simulated time, in milliseconds since 1970.
#[derive(Debug)]
pub struct SimClock(AtomicU64);

impl Default for SimClock {
    /// 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self(AtomicU64::new(1_767_225_600_000))
    }
}

impl SimClock {
    /// Moves on.
    pub fn advance(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Jumps there, ahead or back.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.0, Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
