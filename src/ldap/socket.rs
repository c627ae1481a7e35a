//! A connection to a server's address, on which no wait outlasts the deadline.
//!
//! The system's own time limits begin anew with every call, so a server that sends a byte a second would never meet
//! them: before each wait the socket is given what is left. Speaks no protocol.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::address::Address;
use super::error::{self, Error};
use crate::model::remedy::Remedy;

/// The socket's own time limit may be so much longer than what is left: setting it costs a system call.
const SLACK: Duration = Duration::from_secs(1);

/// An answer is long once so many bytes of it have come.
const LONG: u64 = 256 << 10;

/// A read that gives less was faster than the server.
const TRICKLE: usize = 16 << 10;

/// How long a server may go on then, before it is read again: to wake for every entry that it writes takes more of both
/// processors than what is read. With more the server would wait, too: what a socket file holds of short messages is little.
const GATHER: Duration = Duration::from_micros(100);

/// A socket, and when every wait on it ends.
#[derive(Debug)]
pub(super) struct Socket {
    stream: Stream,
    deadline: Instant,
    /// The time limit that the socket has now; zero: none yet.
    armed: Duration,
    /// Bytes that came since something was sent.
    answered: u64,
    /// The server was slower than we in the midst of a long answer.
    is_trickle: bool,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Tries each address of the host in turn, so that one dead server of several costs only its own time limit.
    ///
    /// # Errors
    /// Why none of them accepted a connection.
    pub(super) fn dial(
        address: &Address,
        limit: Duration,
        deadline: Instant,
    ) -> Result<Self, Error> {
        let mut last = nameless("its name has no address");
        for ip in addresses(address, deadline)? {
            let limit = limit.min(left(deadline));
            if limit.is_zero() {
                return Err(Error::late());
            }
            match TcpStream::connect_timeout(&ip, limit) {
                Ok(stream) => {
                    // Requests are small and each waits for its answer.
                    let _ = stream.set_nodelay(true);
                    return Ok(Self::new(Stream::Tcp(stream), deadline));
                }
                Err(error) if is_late(&error) => last = Error::silent(limit),
                Err(error) => {
                    let refused = format!(
                        "port {} does not accept a connection: {}",
                        address.port,
                        error::plain(&error)
                    );
                    last = Error::unreachable(refused).with(Remedy::Port);
                }
            }
        }
        Err(last)
    }

    /// Connects to a socket file.
    ///
    /// # Errors
    /// Why that was not possible.
    pub(super) fn open(
        address: &Address,
        limit: Duration,
        deadline: Instant,
    ) -> Result<Self, Error> {
        let path = address.socket();
        let limit = limit.min(left(deadline));
        // A server that accepts nothing any more lets us wait without end.
        let opened = within(limit, move || UnixStream::connect(path));
        let stream = opened
            .ok_or_else(|| Error::silent(limit))?
            .map_err(|e| error::io(&e))?;
        Ok(Self::new(Stream::Unix(stream), deadline))
    }

    /// One end of a connection that is there already.
    #[cfg(any(test, fuzzing))]
    pub(super) fn of(stream: UnixStream, deadline: Instant) -> Self {
        Self::new(Stream::Unix(stream), deadline)
    }

    fn new(stream: Stream, deadline: Instant) -> Self {
        Self {
            stream,
            deadline,
            armed: Duration::ZERO,
            answered: 0,
            is_trickle: false,
        }
    }

    /// From now on every wait ends then.
    pub(super) fn until(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Ends the connection for both sides.
    pub(super) fn shutdown(&self) {
        let _ = match &self.stream {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    /// Gives the socket what is left until the deadline.
    fn arm(&mut self) -> io::Result<()> {
        let left = left(self.deadline);
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if self.armed.is_zero() || self.armed > left + SLACK || self.armed < left {
            let limit = Some(left);
            match &self.stream {
                Stream::Tcp(stream) => {
                    stream.set_read_timeout(limit)?;
                    stream.set_write_timeout(limit)?;
                }
                Stream::Unix(stream) => {
                    stream.set_read_timeout(limit)?;
                    stream.set_write_timeout(limit)?;
                }
            }
            self.armed = left;
        }
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.is_trickle {
            pause(GATHER);
        }
        self.arm()?;
        let read = match &mut self.stream {
            Stream::Tcp(stream) => stream.read(bytes),
            Stream::Unix(stream) => stream.read(bytes),
        }?;
        self.answered = self.answered.saturating_add(read as u64);
        self.is_trickle = self.answered >= LONG && read < TRICKLE.min(bytes.len());
        Ok(read)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.arm()?;
        (self.answered, self.is_trickle) = (0, false);
        match &mut self.stream {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether an error says that a time limit ran out.
pub(super) fn is_late(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
    )
}

/// What is left until `deadline`.
#[allow(clippy::disallowed_methods)] // a socket wants what is left until the deadline, now
pub(super) fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// Lets a server go on.
#[allow(clippy::disallowed_methods)] // a socket has no other way to wait for more than the next byte
fn pause(time: Duration) {
    thread::sleep(time);
}

/// So long from now.
#[allow(clippy::disallowed_methods)] // a socket wants to know when a limit of its own is reached
pub(super) fn after(time: Duration) -> Instant {
    Instant::now() + time
}

/// The addresses of a host.
fn addresses(address: &Address, deadline: Instant) -> Result<Vec<SocketAddr>, Error> {
    let place = (address.host.clone(), address.port);
    let found = within(left(deadline), move || {
        place.to_socket_addrs().map(Vec::from_iter)
    });
    found
        .ok_or_else(Error::late)?
        .map_err(|e| nameless(&format!("its name has no address: {}", error::plain(&e))))
}

fn nameless(text: &str) -> Error {
    Error::unreachable(text).with(Remedy::Name)
}

/// What `work` gives, if that takes no longer than `limit`: some calls of the system cannot be interrupted, and must
/// not hold us up. Their thread ends with them, or with us.
fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(work()));
    told.recv_timeout(limit).ok()
}
