//! Waiting for a socket, a moment, or to be asked to end.
//!
//! While it waits, a signal that ends programs ends the wait and nothing else. At all other times it does what it does to every
//! other program, at once. signalfd(2), poll(2).

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::clock;

/// What ends programs: systemd's way, and the terminal's.
const ENDS: [Signal; 2] = [Signal::SIGTERM, Signal::SIGINT];

/// Why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The moment has come.
    Late,
    /// Something can be read.
    Ready,
    /// The program is to end.
    End,
}

/// Waits, again and again.
#[derive(Debug)]
pub(crate) struct Waiting {
    ends: SigSet,
    signals: SignalFd,
}

impl Waiting {
    /// Nothing is waited for yet.
    ///
    /// # Errors
    /// When the kernel does not let us.
    pub(crate) fn new() -> io::Result<Self> {
        let ends: SigSet = ENDS.into_iter().collect();
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let signals = SignalFd::with_flags(&ends, flags)?;
        Ok(Self { ends, signals })
    }

    /// Waits until something can be read from a socket, if there is one, but not beyond a moment. Signals stay held back
    /// until [`Waiting::go_on`].
    ///
    /// # Errors
    /// When the kernel does not let us.
    pub(crate) fn wait(&self, socket: Option<BorrowedFd<'_>>, until: Instant) -> io::Result<Woken> {
        self.ends.thread_block()?;
        loop {
            // Rounded up: a wait that ends before its moment would be one after the other.
            let left = clock::left(until).as_micros().div_ceil(1_000);
            let limit = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let readable = |fd| PollFd::new(fd, PollFlags::POLLIN);
            let mut fds: Vec<PollFd<'_>> = std::iter::once(self.signals.as_fd())
                .chain(socket)
                .map(readable)
                .collect();
            match poll(&mut fds, limit) {
                Ok(_) | Err(nix::Error::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            // An error of a socket is found by whoever reads from it.
            let mut ready = fds.iter().map(|fd| fd.any().unwrap_or(true));
            if ready.next() == Some(true) {
                return Ok(Woken::End);
            }
            if ready.next() == Some(true) {
                return Ok(Woken::Ready);
            }
            if clock::is_past(until) {
                return Ok(Woken::Late);
            }
        }
    }

    /// What ends programs ends this one again; whether that was asked for meanwhile.
    ///
    /// # Errors
    /// When the kernel does not let us.
    pub(crate) fn go_on(&self) -> io::Result<bool> {
        let is_to_end = self.wait(None, clock::deadline(std::time::Duration::ZERO))? == Woken::End;
        if !is_to_end {
            self.ends.thread_unblock()?;
        }
        Ok(is_to_end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    #[test]
    fn a_wait_ends_with_what_comes_first() {
        let waiting = Waiting::new().unwrap();
        let (here, mut there) = UnixStream::pair().unwrap();
        let soon = || clock::deadline(Duration::from_millis(20));
        let late = || clock::deadline(Duration::from_secs(600));
        assert_eq!(waiting.wait(None, soon()).unwrap(), Woken::Late);
        assert_eq!(
            waiting.wait(Some(here.as_fd()), soon()).unwrap(),
            Woken::Late
        );
        assert!(clock::is_past(soon()) || !waiting.go_on().unwrap());
        there.write_all(b"x").unwrap();
        assert_eq!(
            waiting.wait(Some(here.as_fd()), late()).unwrap(),
            Woken::Ready
        );
        // One that is gone is found out by reading.
        let (here, there) = UnixStream::pair().unwrap();
        drop(there);
        assert_eq!(
            waiting.wait(Some(here.as_fd()), late()).unwrap(),
            Woken::Ready
        );
        // A signal for this thread alone: other tests run in this process.
        waiting.wait(None, soon()).unwrap();
        nix::sys::signal::raise(Signal::SIGTERM).unwrap();
        assert_eq!(waiting.wait(None, late()).unwrap(), Woken::End);
        assert!(waiting.go_on().unwrap());
    }
}
