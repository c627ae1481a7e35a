//! One connection: address, TLS, who we are; questions and their answers, until the deadline.
//!
//! Rules: RFC 4511 (4.2 bind, 4.4.1 notice of disconnection, 4.14 StartTLS), RFC 4513 (5.1.2: no name without a
//! password). Decides nothing about entries.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use secrecy::{ExposeSecret as _, SecretString};

use super::address::{Address, Transport};
use super::error::{self, Error};
use super::limits::Limits;
use super::message::{Message, Says, UNSOLICITED};
use super::question::{Outcome, Request};
use super::request::{Control, Operation, WHO_AM_I};
use super::shell::Caller;
use super::socket::{self, Socket};
use super::start_tls;
use super::tape::{Composed, Digest, Heard, Kept, Key, Tape};
use super::wire::{Stream, Wire};
use crate::model::remedy::Remedy;
use crate::model::shown;
use crate::system::traffic;

/// A server, and how it is spoken to.
pub(crate) struct Server {
    /// Where it is.
    pub address: Address,
    /// Whom to trust; needed for an encrypted connection.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// Who we are. `None`: nobody (anonymous), and over a socket file whoever the kernel says (SASL
    /// EXTERNAL).
    pub bind_dn: Option<String>,
    /// The password of `bind_dn`.
    pub password: Option<SecretString>,
    /// How long one address may take to accept a connection, and TLS to be agreed on.
    pub connect_timeout: Duration,
    /// Entries in one page of a search (RFC 2696); 0: no paging.
    pub page_size: u32,
    /// Whether searches leave out references to other domains (Active Directory).
    pub domain_scope: bool,
    /// Whether what is at other servers is left out, instead of making a search a part of one.
    pub ignore_referrals: bool,
    /// How much it may send.
    pub limits: Limits,
    /// How ldapsearch(1) would ask it.
    pub caller: Arc<Caller>,
}

impl Server {
    /// Who we are to it, as the configuration says.
    pub(crate) fn who(&self) -> String {
        match (&self.bind_dn, self.address.transport) {
            (Some(dn), _) => format!("`{}`", shown(dn)),
            (None, Transport::Unix) => "this user of the host".to_owned(),
            (None, _) => "anybody without `bind_dn`".to_owned(),
        }
    }

    /// What a server says, unless it repeats the password.
    fn without_password(&self, words: &str) -> String {
        let password = self.password.as_ref().map(|p| p.expose_secret());
        match password.filter(|password| words.contains(*password)) {
            Some(_) => String::new(),
            None => words.to_owned(),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("bind_dn", &self.bind_dn)
            .finish_non_exhaustive()
    }
}

/// A connection that has been opened and on which we have said who we are.
pub(crate) struct Session {
    wire: Wire,
    /// The id of the last request.
    last: u32,
    page_size: u32,
    domain_scope: bool,
    /// Who we said that we are.
    who: String,
    ignore_referrals: bool,
    /// How ldapsearch(1) would ask.
    caller: Arc<Caller>,
    /// What its searches were answered, while that is listened to.
    tape: Option<Tape>,
}

/// What a server said to a request.
#[derive(Debug)]
pub(super) struct Reply {
    /// Result code.
    pub code: u32,
    /// What the server adds to it.
    pub words: String,
    /// What an extended operation gave.
    pub value: Option<Vec<u8>>,
}

impl Session {
    /// Connects, with TLS if the address says so, and binds.
    ///
    /// # Errors
    /// Why that was not possible before `deadline`.
    pub(crate) fn open(server: &Server, deadline: Instant) -> Result<Self, Error> {
        let mut session = Self {
            wire: connect(server, deadline)?,
            last: 0,
            page_size: server.page_size,
            domain_scope: server.domain_scope,
            who: server.who(),
            ignore_referrals: server.ignore_referrals,
            caller: Arc::clone(&server.caller),
            tape: None,
        };
        session.bind(server)?;
        Ok(session)
    }

    /// A connection that is there already, on which we are nobody.
    #[cfg(any(test, fuzzing))]
    pub(super) fn over(socket: Socket, limits: Limits) -> Self {
        Self {
            wire: Wire::new(Stream::Plain(socket), limits, None),
            last: 0,
            page_size: 0,
            domain_scope: false,
            who: String::new(),
            ignore_referrals: false,
            caller: Arc::default(),
            tape: None,
        }
    }

    fn bind(&mut self, server: &Server) -> Result<(), Error> {
        let operation = match (&server.bind_dn, &server.password) {
            (Some(dn), Some(password)) => Operation::bind(dn, password.expose_secret()),
            (None, _) if server.address.transport == Transport::Unix => Operation::bind_external(),
            _ => return Ok(()),
        };
        let reply = self.exchange(&operation)?;
        match reply.code {
            0 => Ok(()),
            code => Err(Error::code(
                code,
                &server.without_password(&reply.words),
                &format!("it does not let {} in", self.who),
            )),
        }
    }

    /// Who we are to the server, as we said.
    pub(crate) fn who(&self) -> &str {
        &self.who
    }

    /// Asks the server who we are to it (RFC 4532).
    ///
    /// # Errors
    /// Why it did not say.
    pub(crate) fn who_am_i(&mut self) -> Result<String, Error> {
        let reply = self.exchange(&Operation::extended(WHO_AM_I))?;
        match (reply.code, reply.value) {
            (0, Some(name)) if !name.is_empty() => Ok(String::from_utf8_lossy(&name).into_owned()),
            (0, _) => Ok("nobody".to_owned()),
            // A server that does not know the question has let us in all the same.
            _ => Ok("somebody it does not name".to_owned()),
        }
    }

    /// Entries in one page of a search; 0: no paging.
    pub(crate) fn page_size(&self) -> u32 {
        self.page_size
    }

    /// Whether searches leave out references to other domains.
    pub(crate) fn domain_scope(&self) -> bool {
        self.domain_scope
    }

    /// Whether references to other servers are passed over.
    pub(crate) fn ignores_referrals(&self) -> bool {
        self.ignore_referrals
    }

    /// Writes a search into the log, as a line for a shell.
    pub(super) fn log(&self, request: &Request<'_>, controls: &[Control]) {
        if tracing::enabled!(tracing::Level::DEBUG) {
            tracing::debug!("{}", self.caller.line(request, controls));
        }
    }

    /// Begins to listen to what searches are answered; the digests are keyed by this.
    pub(crate) fn listen(&mut self, key: Key) {
        self.tape = Some(Tape::new(key));
    }

    /// All searches since then, in their order, with what they were answered; `None`: one of them was not answered wholly, or
    /// they are too many.
    pub(crate) fn heard(&mut self) -> Option<Vec<Heard>> {
        self.tape.take().and_then(Tape::heard)
    }

    /// What digests are keyed by, if it is listened to.
    pub(crate) fn key(&self) -> Option<&Key> {
        self.tape.as_ref().map(|tape| &tape.key)
    }

    /// What a search was answered.
    pub(super) fn hear(&mut self, request: &Request<'_>, digest: Digest, outcome: &Outcome) {
        if let Some(tape) = &mut self.tape {
            tape.hear(request, digest.end(request, outcome));
        }
    }

    /// Keeps an answer.
    pub(super) fn keep(&mut self, request: &Request<'_>, kept: Kept) {
        if let Some(tape) = &mut self.tape {
            tape.keep(request, kept);
        }
    }

    /// Keeps an answer that was put together.
    pub(crate) fn compose(&mut self, request: &Request<'_>, composed: Composed) {
        self.keep(request, composed.end(request));
    }

    /// The digest of the answer that is kept to this request.
    pub(super) fn digest(&self, request: &Request<'_>) -> Option<String> {
        self.tape.as_ref()?.digest(request)
    }

    /// The answer that is kept to this request.
    pub(super) fn kept(&mut self, request: &Request<'_>) -> Option<Kept> {
        self.tape.as_mut()?.kept(request)
    }

    /// How much the server may send.
    pub(crate) fn limits(&self) -> Limits {
        *self.wire.limits()
    }

    /// Sends a request; the id of what will answer to it.
    ///
    /// # Errors
    /// Why it could not be sent; the session cannot be used any more then.
    pub(super) fn send(
        &mut self,
        operation: &Operation,
        controls: &[Control],
    ) -> Result<u32, Error> {
        self.last += 1;
        traffic::count();
        let message = operation.message(self.last, controls);
        self.wire.send(&message)?;
        Ok(self.last)
    }

    /// The next message that answers to a request. What still comes for earlier ones is passed over.
    ///
    /// # Errors
    /// Why none came; the session cannot be used any more then.
    pub(super) fn receive(&mut self, id: u32) -> Result<Message<'_>, Error> {
        loop {
            match self.wire.next_id()? {
                found if found == id => return self.wire.receive(),
                // It says that it ends the connection.
                UNSOLICITED => return Err(self.fail(Error::closed())),
                found if found > id => return Err(self.fail(Error::not_ldap())),
                _ => self.wire.receive().map(drop)?,
            }
        }
    }

    /// The next message, whatever it answers to.
    ///
    /// # Errors
    /// Why none came; the session cannot be used any more then.
    pub(super) fn receive_any(&mut self) -> Result<Message<'_>, Error> {
        if self.wire.next_id()? == UNSOLICITED {
            return Err(self.fail(Error::closed()));
        }
        self.wire.receive()
    }

    /// From now on every wait ends then, and as much may come as on a new connection.
    pub(super) fn until(&mut self, deadline: Instant) {
        self.wire.until(deadline);
    }

    /// Takes in what has come, if anything has.
    ///
    /// # Errors
    /// Why nothing more will come; the session cannot be used any more then.
    pub(super) fn take_in(&mut self) -> Result<(), Error> {
        self.wire.take_in()
    }

    /// The next message that was taken in, whatever it answers to.
    ///
    /// # Errors
    /// When it is none; the session cannot be used any more then.
    pub(super) fn taken_in(&mut self) -> Result<Option<Message<'_>>, Error> {
        match self.wire.has_message()? {
            true => self.wire.receive().map(Some),
            false => Ok(None),
        }
    }

    /// Nothing more is asked on this connection.
    pub(super) fn fail(&mut self, error: Error) -> Error {
        self.wire.fail(error)
    }

    /// Sends a request, and waits for how it ended.
    ///
    /// # Errors
    /// Why that is not known; the session cannot be used any more then.
    pub(super) fn exchange(&mut self, operation: &Operation) -> Result<Reply, Error> {
        let id = self.send(operation, &[])?;
        loop {
            match self.receive(id)?.says {
                Says::Result(answer) => {
                    return Ok(Reply {
                        code: answer.code,
                        words: answer.words(),
                        value: answer.value.map(<[u8]>::to_vec),
                    });
                }
                Says::Intermediate(_) => {}
                Says::Entry(_) | Says::Reference(_) => {
                    return Err(self.fail(Error::not_ldap()));
                }
            }
        }
    }

    /// Says goodbye. Without it the server sees the connection break, which does no harm.
    pub(crate) fn close(mut self) {
        let _ = self.send(&Operation::unbind(), &[]);
        self.wire.close();
    }
}

impl AsFd for Session {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wire.socket().as_fd()
    }
}

/// Opens the connection, and agrees on TLS.
fn connect(server: &Server, deadline: Instant) -> Result<Wire, Error> {
    let (address, limit) = (&server.address, server.connect_timeout);
    let limits = server.limits;
    Ok(match (&server.tls, address.transport) {
        (_, Transport::Unix) => {
            let socket = Socket::open(address, limit, deadline)?;
            Wire::new(Stream::Plain(socket), limits, None)
        }
        (None, _) => {
            let socket = Socket::dial(address, limit, deadline)?;
            Wire::new(Stream::Plain(socket), limits, Some(Remedy::TlsAtOnce))
        }
        (Some(tls), _) => {
            let socket = Socket::dial(address, limit, deadline)?;
            let stream = secure(socket, tls, server, deadline)?;
            Wire::new(Stream::Tls(Box::new(stream)), limits, None)
        }
    })
}

/// Agrees on TLS, after StartTLS if the address says so.
fn secure(
    mut socket: Socket,
    tls: &Arc<rustls::ClientConfig>,
    server: &Server,
    deadline: Instant,
) -> Result<StreamOwned<ClientConnection, Socket>, Error> {
    let name = ServerName::try_from(server.address.host.clone()).map_err(|_| {
        Error::unreachable("no certificate can be for a host of that name").with(Remedy::Name)
    })?;
    let client = ClientConnection::new(Arc::clone(tls), name)
        .map_err(|_| Error::unreachable("TLS could not be prepared"))?;
    let own_deadline = deadline.min(socket::after(server.connect_timeout));
    socket.until(own_deadline);
    let agreed = agree(client, socket, server);
    let mut stream = agreed.map_err(|error| match socket::left(own_deadline).is_zero() {
        true if own_deadline < deadline => late(server),
        _ => error,
    })?;
    stream.sock.until(deadline);
    Ok(stream)
}

fn agree(
    client: ClientConnection,
    mut socket: Socket,
    server: &Server,
) -> Result<StreamOwned<ClientConnection, Socket>, Error> {
    if server.address.transport == Transport::StartTls {
        start_tls::ask(&mut socket, server.limits)?;
    }
    let mut stream = StreamOwned::new(client, socket);
    while stream.conn.is_handshaking() {
        let StreamOwned { conn, sock, .. } = &mut stream;
        conn.complete_io(sock)
            .map_err(|e| match socket::is_late(&e) {
                true => Error::late(),
                false => error::agreeing(&e),
            })?;
    }
    Ok(stream)
}

/// TLS was not agreed on in time.
fn late(server: &Server) -> Error {
    Error::silent(server.connect_timeout).with(match server.address.transport {
        Transport::StartTls => Remedy::TlsAtOnce,
        _ => Remedy::Silence,
    })
}
