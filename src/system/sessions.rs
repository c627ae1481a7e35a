//! Ends what runs as somebody: first by logind, then process by process.
//!
//! A process is held by a file descriptor before it is looked at, so that a number that came to be another process's
//! is never hit (pidfd_open(2)). What starts anew is ended again, for a bounded number of rounds.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::{clock, process};
use crate::model::shown;

/// How long loginctl(1) may take.
const LOGIND: Duration = Duration::from_secs(10);

/// How long processes may take to end by themselves.
const GRACE: Duration = Duration::from_secs(3);

/// How often the rest is killed.
const ROUNDS: u32 = 20;

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Ends everything that runs as `uid`. Returns how many processes there were, and how many are left.
pub(crate) fn end(uid: u32) -> (usize, usize) {
    let found = process::of_user(uid).len();
    if found == 0 {
        return (0, 0);
    }
    // Only where logind runs: elsewhere there are no sessions, and the program would wait for an answer.
    if let Some(loginctl) =
        process::find("loginctl").filter(|_| Path::new("/run/systemd/seats").is_dir())
    {
        let uid = uid.to_string();
        // Whatever it says: what it did not end is ended below.
        match process::run(
            &loginctl,
            &["terminate-user".as_ref(), uid.as_ref()],
            LOGIND,
        ) {
            Ok(answer) if answer.code == Some(0) => {}
            Ok(answer) => {
                tracing::info!(code = ?answer.code, "loginctl: {}", shown(&answer.complaint))
            }
            Err(e) => tracing::info!("loginctl: {e}"),
        }
    }
    signal(uid, Signal::TERM);
    let deadline = clock::deadline(GRACE);
    while !running(uid).is_empty() && !clock::is_past(deadline) {
        clock::sleep_until(Some(deadline), PAUSE);
    }
    for _ in 0..ROUNDS {
        signal(uid, Signal::KILL);
        if running(uid).is_empty() {
            break;
        }
        clock::sleep_until(None, PAUSE);
    }
    (found, running(uid).len())
}

/// Sends a signal to all that run as `uid`.
fn signal(uid: u32, signal: Signal) {
    for pid in running(uid) {
        let Some(held) = hold(pid) else { continue };
        // Only now its number cannot come to be that of another one.
        if running(uid).contains(&pid) {
            let _ = pidfd_send_signal(&held, signal); // it may have ended meanwhile
        }
    }
}

fn hold(pid: u32) -> Option<OwnedFd> {
    pidfd_open(
        Pid::from_raw(i32::try_from(pid).ok()?)?,
        PidfdFlags::empty(),
    )
    .ok()
}

/// What runs as `uid` and has not ended: a zombie only waits for its parent.
fn running(uid: u32) -> Vec<u32> {
    let is_zombie = |pid: &u32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name of the program, which may hold anything, is in parentheses; the state comes after it.
        text.rsplit_once(") ")
            .is_none_or(|(_, rest)| rest.starts_with('Z') || rest.starts_with('X'))
    };
    process::of_user(uid)
        .into_iter()
        .filter(|pid| !is_zombie(pid))
        .collect()
}
