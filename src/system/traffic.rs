//! How many requests this process has sent to servers: for the line that sums a run up.

use std::sync::atomic::{AtomicU64, Ordering};

static SENT: AtomicU64 = AtomicU64::new(0);

/// A request goes out.
pub(crate) fn count() {
    SENT.fetch_add(1, Ordering::Relaxed);
}

/// How many went out so far.
pub(crate) fn sent() -> u64 {
    SENT.load(Ordering::Relaxed)
}
