//! One connection: address, TLS, who we are; and an end to everything at the deadline.
//!
//! The crate's own timeouts begin anew with every message, so a server that sends a byte a second
//! would never meet them. Here every wait, for whatever it is, ends at the deadline of the read.
//! Rules: RFC 4511 (4.2 bind, 4.14 StartTLS), RFC 4513 (5.1.2: no name without a password). Decides
//! nothing about entries.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ldap3::exop::WhoAmI;
use ldap3::tokio::net::{TcpStream, UnixStream, lookup_host};
use ldap3::tokio::runtime::{Builder, Runtime};
use ldap3::tokio::task::JoinHandle;
use ldap3::tokio::time::timeout;
use ldap3::{LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::{Address, Transport};
use super::error::{self, Error};
use super::limits::Limits;
use super::{guard, start_tls};
use crate::model::remedy::Remedy;
use crate::model::shown;

/// How long to wait for the crate to tell why a connection ended.
const CAUSE: Duration = Duration::from_millis(200);

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
    pub page_size: i32,
    /// Whether searches leave out references to other domains (Active Directory).
    pub domain_scope: bool,
    /// Whether what is at other servers is left out, instead of making a search a part of one.
    pub ignore_referrals: bool,
    /// How much it may send.
    pub limits: Limits,
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
    // Taken out only when the session ends.
    runtime: Option<Runtime>,
    ldap: ldap3::Ldap,
    driver: Option<JoinHandle<Result<(), LdapError>>>,
    guard: Option<JoinHandle<Result<(), Error>>>,
    deadline: Instant,
    page_size: i32,
    domain_scope: bool,
    /// Who we said that we are.
    who: String,
    ignore_referrals: bool,
}

impl Session {
    /// Connects, with TLS if the address says so, and binds.
    ///
    /// # Errors
    /// Why that was not possible before `deadline`.
    pub(crate) fn open(server: &Server, deadline: Instant) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::unreachable(format!("no connection could be prepared: {e}")))?;
        let opened = block(&runtime, deadline, connect(server)).and_then(|done| done);
        let Connected {
            connection,
            ldap,
            guard,
        } = match opened {
            Ok(connected) => connected,
            Err(error) => {
                // A look-up of a host's name cannot be interrupted; it must not hold us up.
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let driver = runtime.spawn(connection.drive());
        let mut session = Self {
            runtime: Some(runtime),
            ldap,
            driver: Some(driver),
            guard: Some(guard),
            deadline,
            page_size: server.page_size,
            domain_scope: server.domain_scope,
            who: server.who(),
            ignore_referrals: server.ignore_referrals,
        };
        session.bind(server)?;
        Ok(session)
    }

    fn bind(&mut self, server: &Server) -> Result<(), Error> {
        let mut ldap = self.ldap.clone();
        let answer = match (&server.bind_dn, &server.password) {
            (Some(dn), Some(password)) => {
                self.wait(async move { ldap.simple_bind(dn, password.expose_secret()).await })?
            }
            (None, _) if server.address.transport == Transport::Unix => {
                self.wait(async move { ldap.sasl_external_bind().await })?
            }
            _ => return Ok(()),
        };
        match answer.rc {
            0 => Ok(()),
            code => Err(Error::code(
                code,
                &server.without_password(&answer.text),
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
        let mut ldap = self.ldap.clone();
        let answer = self.wait(async move { ldap.extended(WhoAmI).await })?;
        match (answer.1.rc, answer.0.val) {
            (0, Some(name)) if !name.is_empty() => Ok(String::from_utf8_lossy(&name).into_owned()),
            (0, _) => Ok("nobody".to_owned()),
            // A server that does not know the question has let us in all the same.
            _ => Ok("somebody it does not name".to_owned()),
        }
    }

    /// Entries in one page of a search; 0: no paging.
    pub(crate) fn page_size(&self) -> i32 {
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

    /// The handle for operations.
    pub(crate) fn handle(&self) -> ldap3::Ldap {
        self.ldap.clone()
    }

    /// Waits for an operation, and says why if it came to nothing.
    ///
    /// # Errors
    /// Why it came to nothing; the session cannot be used any more then.
    pub(crate) fn wait<T>(
        &mut self,
        operation: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, Error> {
        let Some(runtime) = &self.runtime else {
            return Err(Error::unreachable("the connection has ended"));
        };
        match block(runtime, self.deadline, operation)? {
            Ok(value) => Ok(value),
            Err(error) => Err(self.cause(error)),
        }
    }

    /// Why the connection ended, which only the tasks that read from it know.
    fn cause(&mut self, error: LdapError) -> Error {
        let gone = matches!(
            error,
            LdapError::EndOfStream | LdapError::OpSend { .. } | LdapError::ResultRecv { .. }
        );
        let (Some(runtime), Some(driver), true) = (&self.runtime, self.driver.take(), gone) else {
            return error.into();
        };
        match runtime.block_on(async { timeout(CAUSE, driver).await }) {
            Ok(Ok(Err(error))) => return error.into(),
            Ok(Err(stopped)) if stopped.is_panic() => return Error::not_ldap(),
            _ => {}
        }
        let Some(guard) = self.guard.take() else {
            return Error::closed();
        };
        match runtime.block_on(async { timeout(CAUSE, guard).await }) {
            Ok(Ok(Err(error))) => error,
            _ => Error::closed(),
        }
    }

    /// Says goodbye. Without it the server sees the connection break, which does no harm.
    pub(crate) fn close(mut self) {
        let mut ldap = self.ldap.clone();
        let _ = self.wait(async move { ldap.unbind().await });
        // The guard ends when the server has had it, and ends the connection.
        if let (Some(runtime), Some(guard)) = (&self.runtime, self.guard.take()) {
            let _ = runtime.block_on(async { timeout(CAUSE, guard).await });
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A connection as the crate sees it, and what stands between it and the server.
struct Connected {
    connection: LdapConnAsync,
    ldap: ldap3::Ldap,
    guard: JoinHandle<Result<(), Error>>,
}

/// Runs `work` until it is done or the deadline has come. The crate stops with a panic at some
/// malformed answers; that is an answer too.
fn block<T>(
    runtime: &Runtime,
    deadline: Instant,
    work: impl Future<Output = T>,
) -> Result<T, Error> {
    #[allow(clippy::disallowed_methods)] // a socket wants what is left until the deadline, now
    let left = deadline.saturating_duration_since(Instant::now());
    let late = || Error::unreachable("the time limit ran out");
    if left.is_zero() {
        return Err(late());
    }
    match catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async { timeout(left, work).await })
    })) {
        Ok(done) => done.map_err(|_| late()),
        Err(_) => Err(Error::not_ldap()),
    }
}

/// Opens the connection, agrees on TLS, and puts the guard before the crate.
async fn connect(server: &Server) -> Result<Connected, Error> {
    let limits = server.limits;
    let pair = UnixStream::pair().and_then(|(ours, theirs)| Ok((ours, theirs.into_std()?)));
    let (ours, theirs) =
        pair.map_err(|e| Error::unreachable(format!("no connection could be prepared: {e}")))?;
    let address = &server.address;
    let guard = match &server.tls {
        _ if address.transport == Transport::Unix => {
            let dialled = UnixStream::connect(address.socket()).await;
            guard::serve(dialled.map_err(|e| error::io(&e))?, ours, limits, None)
        }
        tls => {
            let dialled = dial(address, server.connect_timeout).await;
            let stream = dialled?;
            match tls {
                None => guard::serve(stream, ours, limits, Some(Remedy::TlsAtOnce)),
                Some(tls) => {
                    let secured = secure(stream, Arc::clone(tls), server);
                    let secured = timeout(server.connect_timeout, secured).await;
                    let late = |_| late(server);
                    guard::serve(secured.map_err(late)??, ours, limits, None)
                }
            }
        }
    };
    // To the crate it is a socket file, whatever it is behind the guard.
    let options = LdapConnSettings::new().set_std_stream(StdStream::Unix(theirs));
    let (connection, ldap) = LdapConnAsync::with_settings(options, "ldapi:///").await?;
    Ok(Connected {
        connection,
        ldap,
        guard,
    })
}

/// Agrees on TLS, after StartTLS if the address says so.
async fn secure(
    mut stream: TcpStream,
    tls: Arc<rustls::ClientConfig>,
    server: &Server,
) -> Result<TlsStream<TcpStream>, Error> {
    if server.address.transport == Transport::StartTls {
        start_tls::ask(&mut stream, server.limits).await?;
    }
    let name = ServerName::try_from(server.address.host.clone()).map_err(|_| {
        Error::unreachable("no certificate can be for a host of that name").with(Remedy::Name)
    })?;
    let secured = TlsConnector::from(tls).connect(name, stream).await;
    secured.map_err(|e| error::agreeing(&e))
}

/// TLS was not agreed on in time.
fn late(server: &Server) -> Error {
    no_answer(server.connect_timeout).with(match server.address.transport {
        Transport::StartTls => Remedy::TlsAtOnce,
        _ => Remedy::Silence,
    })
}

fn no_answer(limit: Duration) -> Error {
    Error::unreachable(format!("no answer within {} s", limit.as_secs())).with(Remedy::Silence)
}

/// Tries each address of the host in turn, so that one dead server of several costs only its own
/// time limit.
async fn dial(address: &Address, limit: Duration) -> Result<TcpStream, Error> {
    let nameless = |text: String| Error::unreachable(text).with(Remedy::Name);
    let addresses = lookup_host((address.host.as_str(), address.port))
        .await
        .map_err(|e| nameless(format!("its name has no address: {}", error::plain(&e))))?;
    let mut last = nameless("its name has no address".to_owned());
    for ip in addresses {
        match timeout(limit, TcpStream::connect(ip)).await {
            Ok(Ok(stream)) => {
                // Requests are small and each waits for its answer.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => {
                let refused = format!(
                    "port {} does not accept a connection: {}",
                    address.port,
                    error::plain(&error)
                );
                last = Error::unreachable(refused).with(Remedy::Port);
            }
            Err(_) => last = no_answer(limit),
        }
    }
    Err(last)
}
