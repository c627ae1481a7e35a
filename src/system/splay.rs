//! When a host begins of many that would all begin at the same second.
//!
//! The time is the host's own and the same each time, so that the provider's load is even, and who looks at a log knows when to expect
//! what: machine-id(5) says which host it is, and a digest of it which part of the time it waits. The id itself is told to nobody.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{clock, files, host_name};

/// Which machine this is, machine-id(5).
const MACHINE_ID: &str = "/etc/machine-id";

/// Waits as long as this host waits, at most `most`.
pub(crate) fn wait(most: Duration) {
    let id = files::read_plain(Path::new(MACHINE_ID)).ok().flatten();
    // Where there is none, the name of the host tells it from others.
    let id = id.unwrap_or_else(|| host_name::get().into_bytes());
    let time = share(&id, most);
    tracing::info!(seconds = time.as_secs_f64(), "waiting, as --splay says");
    clock::sleep_until(None, time);
}

/// Which part of a time the machine with this id waits.
fn share(id: &[u8], most: Duration) -> Duration {
    let digest = Sha256::digest([b"gosync splay ", id.trim_ascii()].concat());
    let (first, _) = digest.split_at(4);
    let number = first
        .iter()
        .fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    most.mul_f64(f64::from(number) / (f64::from(u32::MAX) + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_wait_differently_and_each_the_same_each_time() {
        let minute = Duration::from_secs(60);
        let of = |n: u32| share(format!("{n:032x}\n").as_bytes(), minute);
        let times: Vec<Duration> = (0..1000).map(of).collect();
        assert!(times.iter().all(|time| *time < minute));
        // In each sixth of the minute there are about a sixth of them.
        for part in 0..6 {
            let part = Duration::from_secs(10 * part);
            let there = times.iter();
            let there = there.filter(|time| **time >= part && **time < part + minute / 6);
            assert!((120..220).contains(&there.count()), "{part:?}");
        }
        assert_eq!(of(7), share(format!("{:032x}", 7).as_bytes(), minute));
        assert_eq!(
            of(7).as_millis(),
            2 * share(format!("{:032x}", 7).as_bytes(), minute / 2).as_millis()
        );
        assert_eq!(share(b"", Duration::ZERO), Duration::ZERO);
    }
}
