//! How much memory this process may come to use while it reads from a server.
//!
//! What a server sends is kept until all of it has come, so a server that sends without end would
//! take all the memory there is. The kernel is asked what is in use: no sum of what was kept says
//! as much. Without a limit, as in the library's tests, nothing is asked. proc_pid_status(5).

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

/// In bytes; 0: none. There is one process, and one limit.
static LIMIT: AtomicU64 = AtomicU64::new(0);

/// What is left for what follows from an answer: putting it in order, and comparing.
const RESERVE: u64 = 24 << 20;

/// It would take more memory than the configuration allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "what it sends takes more memory than `memory_limit` in [gosync] allows, which is {} MiB",
    .limit >> 20
)]
pub(crate) struct NoRoom {
    limit: u64,
}

/// Sets the limit of this process, in bytes.
pub(crate) fn set_limit(bytes: u64) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// Whether so many bytes more would fit.
///
/// # Errors
/// When they would not.
pub(crate) fn room_for(more: u64) -> Result<(), NoRoom> {
    let limit = LIMIT.load(Ordering::Relaxed);
    if limit == 0 {
        return Ok(());
    }
    // Without /proc nobody can tell, and the limits on bytes hold all the same.
    let used = fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| resident(&status))
        .unwrap_or(0);
    match used.saturating_add(more).saturating_add(RESERVE) > limit {
        true => Err(NoRoom { limit }),
        false => Ok(()),
    }
}

/// `VmRSS`, in bytes.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_is_read_from_proc() {
        let status = "Name:\tgosync\nVmHWM:\t   20000 kB\nVmRSS:\t   10240 kB\n";
        assert_eq!(resident(status), Some(10 << 20));
        assert_eq!(resident("Name:\tgosync\n"), None);
        let own = fs::read_to_string("/proc/self/status").unwrap();
        assert!(resident(&own).unwrap() > 1 << 20);
    }

    #[test]
    fn the_error_names_the_setting() {
        let text = NoRoom { limit: 256 << 20 }.to_string();
        assert!(text.contains("`memory_limit` in [gosync]"), "{text}");
        assert!(text.ends_with("256 MiB"), "{text}");
    }
}
