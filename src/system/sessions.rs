//! Ends what runs as some accounts: first by logind, then process by process.
//!
//! A process is held by a file descriptor before it is looked at, so that a number that came to be another process's
//! is never hit (pidfd_open(2)). What starts anew is ended again, for a bounded number of rounds.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::processes::{self, Processes};
use super::{clock, process};
use crate::model::shown;
use crate::model::subordinates::RunsAs;

/// How long loginctl(1) may take for an account.
const LOGIND: Duration = Duration::from_secs(10);

/// How long processes may take to end by themselves.
const GRACE: Duration = Duration::from_secs(3);

/// How often the rest is killed.
const ROUNDS: u32 = 20;

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Ends everything that runs as one of `all`; returns for each what does not end.
///
/// # Errors
/// When nobody can see what runs.
pub(crate) fn end(all: &[RunsAs<'_>]) -> io::Result<Vec<Vec<u32>>> {
    // Only where logind runs: elsewhere there are no sessions, and the program would wait for an answer.
    if let Some(loginctl) =
        process::find("loginctl").filter(|_| Path::new("/run/systemd/seats").is_dir())
    {
        all.iter().for_each(|who| terminate(&loginctl, who.uid));
    }
    signal(all, Signal::TERM)?;
    let deadline = clock::deadline(GRACE);
    while is_any_left(all)? && !clock::is_past(deadline) {
        clock::sleep_until(Some(deadline), PAUSE);
    }
    for _ in 0..ROUNDS {
        signal(all, Signal::KILL)?;
        if !is_any_left(all)? {
            break;
        }
        clock::sleep_until(None, PAUSE);
    }
    let left = Processes::now()?;
    Ok(all.iter().map(|who| left.of(who)).collect())
}

/// Has logind end somebody's sessions. Whatever it says: what it did not end is ended afterwards.
fn terminate(loginctl: &Path, uid: u32) {
    let uid = uid.to_string();
    match process::run(loginctl, &["terminate-user".as_ref(), uid.as_ref()], LOGIND) {
        Ok(answer) if answer.code == Some(0) => {}
        Ok(answer) => tracing::info!(code = ?answer.code, "loginctl: {}", shown(&answer.complaint)),
        Err(e) => tracing::info!("loginctl: {e}"),
    }
}

fn is_any_left(all: &[RunsAs<'_>]) -> io::Result<bool> {
    let left = Processes::now()?;
    Ok(all.iter().any(|who| !left.of(who).is_empty()))
}

/// Sends a signal to all that run as one of `all`.
fn signal(all: &[RunsAs<'_>], signal: Signal) -> io::Result<()> {
    let running = Processes::now()?;
    for who in all {
        for pid in running.of(who) {
            let Some(held) = hold(pid) else { continue };
            // Only now its number cannot come to be that of another one.
            if processes::is_of(pid, who) {
                let _ = pidfd_send_signal(&held, signal); // it may have ended meanwhile
            }
        }
    }
    Ok(())
}

fn hold(pid: u32) -> Option<OwnedFd> {
    pidfd_open(
        Pid::from_raw(i32::try_from(pid).ok()?)?,
        PidfdFlags::empty(),
    )
    .ok()
}
