//! What stands between the server and the crate: it hands on only messages that keep the limits.
//!
//! The crate is given one end of a pair of sockets, and the server's connection, with TLS if there
//! is any, is served here. Messages are not changed, and not understood: `limits` says what may
//! pass.

use std::io;

use ldap3::tokio::net::UnixStream;
use ldap3::tokio::net::unix::OwnedWriteHalf;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, copy, split,
};
use tokio::task::JoinHandle;

use super::error::{self, Error};
use super::limits::{self, Limits};
use crate::model::remedy::Remedy;

/// How much is read at once, and how much passes before memory is looked at again.
const PIECE: usize = 64 << 10;
const LOOK: u64 = 1 << 20;
/// What the crate and we need for each byte of a message while it is taken apart.
const COST: u64 = 8;

/// Serves a connection until one side ends it; must be called on a runtime. What comes of it is
/// how the server's side ended; `unanswered`: what to look at if it never said a word.
pub(super) fn serve<S>(
    server: S,
    client: UnixStream,
    limits: Limits,
    unanswered: Option<Remedy>,
) -> JoinHandle<Result<(), Error>>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (from_server, mut to_server) = split(server);
    let (mut from_client, to_client) = client.into_split();
    tokio::spawn(async move {
        // An end on this side is nothing to tell: whoever asks learns that no answer comes.
        let _ = copy(&mut from_client, &mut to_server).await;
        let _ = to_server.shutdown().await;
    });
    tokio::spawn(Guard::new(limits, unanswered).run(from_server, to_client))
}

/// What has come, and has not been handed on.
struct Guard {
    limits: Limits,
    bytes: Vec<u8>,
    /// Bytes that may still come.
    left: u64,
    /// Bytes that came since memory was looked at.
    since: u64,
    /// What to look at if the connection ends now; nothing of that kind once a word has come.
    unanswered: Option<Remedy>,
}

impl Guard {
    fn new(limits: Limits, unanswered: Option<Remedy>) -> Self {
        Self {
            limits,
            unanswered,
            bytes: Vec::with_capacity(PIECE),
            left: limits.read,
            since: LOOK,
        }
    }

    async fn run<S>(
        mut self,
        mut server: ReadHalf<S>,
        mut client: OwnedWriteHalf,
    ) -> Result<(), Error>
    where
        S: AsyncRead + AsyncWrite,
    {
        loop {
            self.bytes.reserve(PIECE);
            let mut piece = (&mut server).take(PIECE as u64);
            let read = match piece.read_buf(&mut self.bytes).await {
                Ok(read) => read,
                // Many servers end TLS without saying so; what is missing is noticed by its lack.
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => 0,
                Err(e) => return Err(self.failed(error::io(&e))),
            };
            if read == 0 {
                return match self.unanswered {
                    Some(_) => Err(self.failed(Error::closed())),
                    None => Ok(()),
                };
            }
            self.count(read as u64)?;
            let passed = self.checked()?;
            if client.write_all(&self.bytes[..passed]).await.is_err() {
                // The crate has ended, and says why.
                return Ok(());
            }
            self.bytes.drain(..passed);
            // What one long message needed is given back.
            self.bytes.shrink_to(2 * PIECE);
        }
    }

    /// The same, with what to look at if not a word has come.
    fn failed(&self, error: Error) -> Error {
        match self.unanswered {
            Some(remedy) => error.with(remedy),
            None => error,
        }
    }

    /// Counts what came.
    fn count(&mut self, read: u64) -> Result<(), Error> {
        self.unanswered = None;
        self.left = self.left.checked_sub(read).ok_or_else(|| {
            Error::malformed(format!(
                "it sent more than {} bytes; `max_read` allows no more",
                self.limits.read
            ))
        })?;
        self.since += read;
        if self.since >= LOOK {
            self.since = 0;
            self.room_for(self.bytes.len() as u64)?;
        }
        Ok(())
    }

    fn room_for(&self, bytes: u64) -> Result<(), Error> {
        (self.limits.room_for)(bytes.saturating_mul(COST)).map_err(Error::too_much)
    }

    /// How many bytes of whole messages there are, all of them checked.
    fn checked(&mut self) -> Result<usize, Error> {
        let mut at = 0;
        loop {
            let rest = &self.bytes[at..];
            let Some(length) = limits::length(rest, &self.limits)? else {
                return Ok(at);
            };
            let Some(message) = rest.get(..length) else {
                return Ok(at);
            };
            limits::message(message, &self.limits)?;
            if length as u64 > LOOK {
                self.room_for(length as u64)?;
            }
            at += length;
        }
    }
}
