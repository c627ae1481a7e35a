//! The time at which a run began, and the first later time at which it would have decided otherwise.
//!
//! Whatever depends on the time compares through [`Now::has_come`]: so a run that had nothing to do knows until when that is so,
//! if nothing else moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// When a run began. Clones share what they learn.
#[derive(Clone, Debug)]
pub struct Now {
    /// Seconds since 1970.
    at: i64,
    /// The earliest time that was asked for, and is still to come; the last of all, if none was.
    next: Arc<AtomicI64>,
}

impl Now {
    /// The time `at`, in seconds since 1970.
    pub fn new(at: i64) -> Self {
        Self {
            at,
            next: Arc::new(AtomicI64::new(i64::MAX)),
        }
    }

    /// Seconds since 1970, to be shown or written down; what is decided by it asks [`Now::has_come`].
    pub fn seconds(&self) -> i64 {
        self.at
    }

    /// Whether it is `time`, or later.
    pub fn has_come(&self, time: i64) -> bool {
        if time <= self.at {
            return true;
        }
        self.next.fetch_min(time, Ordering::Relaxed);
        false
    }

    /// The earliest time that has not come, of those that were asked for.
    pub(crate) fn next(&self) -> Option<i64> {
        let next = self.next.load(Ordering::Relaxed);
        (next != i64::MAX).then_some(next)
    }
}

impl From<i64> for Now {
    fn from(at: i64) -> Self {
        Self::new(at)
    }
}

impl From<&Now> for Now {
    fn from(now: &Now) -> Self {
        now.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_time_that_is_to_come_is_remembered() {
        let now = Now::new(100);
        assert!(now.has_come(100) && now.has_come(-1));
        assert_eq!(now.next(), None);
        let clone = now.clone();
        assert!(!clone.has_come(300) && !now.has_come(200) && !clone.has_come(250));
        assert_eq!(now.next(), Some(200));
    }
}
