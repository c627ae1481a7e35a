//! Messages on a connection, with TLS or without: whole ones only, and no more of them than the limits allow.
//!
//! Bytes are read into one buffer, and a message is lent from where it arrived. After anything that went wrong nothing
//! more is read or written: where the next message begins is not known any more. Rules: RFC 4511, 5.

use std::io::{self, Read as _, Write as _};
use std::time::Instant;

use rustls::{ClientConnection, StreamOwned};

use super::error::{self, Error};
use super::limits::{self, Limits};
use super::message::{self, Message};
use super::socket::{self, Socket};
use crate::model::remedy::Remedy;

/// How much is read at once.
const PIECE: usize = 128 << 10;
/// How much comes before memory is looked at again.
const LOOK: u64 = 1 << 20;
/// What we need for each byte of a long message while it is taken apart.
const COST: u64 = 4;

/// A connection that speaks LDAP.
pub(super) struct Wire {
    stream: Stream,
    limits: Limits,
    /// What has come lies in `begin..end`.
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    /// Bytes that may still come.
    left: u64,
    /// Bytes that came since memory was looked at.
    since: u64,
    /// What to look at if the connection ends now; nothing of that kind once a word has come.
    unanswered: Option<Remedy>,
    /// Why nothing more is read or written.
    broken: Option<Error>,
}

/// What carries the messages.
pub(super) enum Stream {
    /// As they are.
    Plain(Socket),
    /// Encrypted.
    Tls(Box<StreamOwned<ClientConnection, Socket>>),
}

impl Wire {
    /// Nothing has been read yet; `unanswered`: what to look at if the server never says a word.
    pub(super) fn new(stream: Stream, limits: Limits, unanswered: Option<Remedy>) -> Self {
        Self {
            stream,
            limits,
            buffer: vec![0; PIECE],
            begin: 0,
            end: 0,
            left: limits.read,
            since: LOOK,
            unanswered,
            broken: None,
        }
    }

    /// How much the server may send.
    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What can be read from when something has come.
    pub(super) fn socket(&self) -> &Socket {
        match &self.stream {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => &stream.sock,
        }
    }

    /// From now on every wait ends then, and as much may come as on a new connection.
    pub(super) fn until(&mut self, deadline: Instant) {
        match &mut self.stream {
            Stream::Plain(socket) => socket.until(deadline),
            Stream::Tls(stream) => stream.sock.until(deadline),
        }
        self.left = self.limits.read;
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Why it could not be sent.
    pub(super) fn send(&mut self, message: &[u8]) -> Result<(), Error> {
        self.usable()?;
        let sent = match &mut self.stream {
            Stream::Plain(socket) => socket.write_all(message),
            Stream::Tls(stream) => stream.write_all(message).and_then(|()| stream.flush()),
        };
        sent.map_err(|e| self.fail(failure(&e)))
    }

    /// The id of the next message, which is still to be received.
    ///
    /// # Errors
    /// Why none came, or why it is none.
    pub(super) fn next_id(&mut self) -> Result<u32, Error> {
        self.usable()?;
        let length = self.whole().map_err(|error| self.fail(error))?;
        let bytes = &self.buffer[self.begin..self.begin + length];
        message::id(bytes).ok_or_else(|| self.fail(Error::not_ldap()))
    }

    /// The next message.
    ///
    /// # Errors
    /// Why none came, or why it is none.
    pub(super) fn receive(&mut self) -> Result<Message<'_>, Error> {
        self.usable()?;
        let length = self.whole().map_err(|error| self.fail(error))?;
        let range = self.begin..self.begin + length;
        self.begin = range.end;
        match Message::new(&self.buffer[range]) {
            Some(message) => Ok(message),
            None => {
                let error = Error::not_ldap();
                self.broken = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Takes in what has come. That the deadline passes before anything has is no failure.
    ///
    /// # Errors
    /// Why nothing more will come.
    pub(super) fn take_in(&mut self) -> Result<(), Error> {
        self.usable()?;
        let taken = match self.lies_whole() {
            Ok(None) => match self.read() {
                Err(error) if socket::is_late(&error) => Ok(()),
                read => self.took(read),
            },
            Ok(Some(_)) => Ok(()),
            Err(error) => Err(error),
        };
        taken.map_err(|error| self.fail(error))
    }

    /// Whether a whole message has been taken in.
    ///
    /// # Errors
    /// When what lies there is none.
    pub(super) fn has_message(&mut self) -> Result<bool, Error> {
        self.usable()?;
        let length = self.lies_whole().map_err(|error| self.fail(error))?;
        Ok(length.is_some())
    }

    /// Ends the connection.
    pub(super) fn close(mut self) {
        match &mut self.stream {
            Stream::Plain(socket) => socket.shutdown(),
            Stream::Tls(stream) => {
                stream.conn.send_close_notify();
                let _ = stream.flush();
                stream.sock.shutdown();
            }
        }
    }

    /// Nothing more can be done on this connection.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        self.broken = Some(error.clone());
        error
    }

    fn usable(&self) -> Result<(), Error> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// Waits until a whole message has come; its length.
    fn whole(&mut self) -> Result<usize, Error> {
        loop {
            if let Some(length) = self.lies_whole()? {
                return Ok(length);
            }
            let read = self.read();
            self.took(read)?;
        }
    }

    /// The length of the message that lies here whole; `None`: there is room for more of it now.
    fn lies_whole(&mut self) -> Result<Option<usize>, Error> {
        let here = &self.buffer[self.begin..self.end];
        match limits::length(here, &self.limits)? {
            Some(length) if length <= here.len() => return Ok(Some(length)),
            Some(length) => self.make_room(length)?,
            None => self.make_room(PIECE)?,
        }
        Ok(None)
    }

    /// Sees to it that so many bytes fit behind the beginning.
    fn make_room(&mut self, length: usize) -> Result<(), Error> {
        if length as u64 > LOOK {
            self.room_for(length as u64)?;
        }
        if self.begin > 0 {
            self.buffer.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
        }
        // What one long message needed is given back.
        let wanted = length.max(PIECE).max(self.end);
        if wanted > self.buffer.len() || self.buffer.len() > 2 * wanted {
            self.buffer.resize(wanted, 0);
            self.buffer.shrink_to_fit();
        }
        Ok(())
    }

    fn room_for(&self, bytes: u64) -> Result<(), Error> {
        (self.limits.room_for)(bytes.saturating_mul(COST)).map_err(Error::too_much)
    }

    /// Reads what has come, and at least one byte.
    fn read(&mut self) -> io::Result<usize> {
        let free = &mut self.buffer[self.end..];
        match &mut self.stream {
            Stream::Plain(socket) => socket.read(free),
            Stream::Tls(stream) => stream.read(free),
        }
    }

    /// What came of it.
    fn took(&mut self, read: io::Result<usize>) -> Result<(), Error> {
        let read = match read {
            Ok(0) => return Err(self.ended(Error::closed())),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(self.ended(failure(&error))),
        };
        self.unanswered = None;
        self.end += read;
        self.count(read as u64)
    }

    /// The same, with what to look at if not a word has come.
    fn ended(&self, error: Error) -> Error {
        match self.unanswered {
            Some(remedy) => error.with(remedy),
            None => error,
        }
    }

    /// Counts what came.
    fn count(&mut self, read: u64) -> Result<(), Error> {
        self.left = self.left.checked_sub(read).ok_or_else(|| {
            Error::malformed(format!(
                "it sent more than {} bytes; `max_read` allows no more",
                self.limits.read
            ))
        })?;
        self.since += read;
        if self.since >= LOOK {
            self.since = 0;
            self.room_for((self.end - self.begin) as u64)?;
        }
        Ok(())
    }
}

/// What an error of the connection means.
pub(super) fn failure(error: &io::Error) -> Error {
    match socket::is_late(error) {
        true => Error::late(),
        false => error::io(error),
    }
}
