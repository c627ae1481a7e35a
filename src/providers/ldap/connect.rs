//! One connection: address, TLS, who we are; and an end to everything at the deadline.
//!
//! The crate's own timeouts begin anew with every message, so a server that sends a byte a second would never meet
//! them. Here every wait, for whatever it is, ends at the deadline of the read. Rules: RFC 4511 (4.2 bind, 4.14
//! StartTLS), RFC 4513 (5.1.2: no name without a password). Decides nothing about entries.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ldap3::exop::WhoAmI;
use ldap3::tokio::net::{TcpStream, lookup_host};
use ldap3::tokio::runtime::{Builder, Runtime};
use ldap3::tokio::task::JoinHandle;
use ldap3::tokio::time::timeout;
use ldap3::{LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use secrecy::{ExposeSecret as _, SecretString};

use super::settings::{Settings, Transport};
use crate::model::{Untrusted, shown};
use crate::providers::FetchError;

/// How long to wait for the crate to tell why a connection ended.
const CAUSE: Duration = Duration::from_millis(200);

/// Why something ended early.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    kind: Kind,
    /// What happened, in a form that can be shown.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unreachable,
    Unauthorised,
    Malformed,
}

impl Reason {
    /// No connection, or one that broke.
    pub fn unreachable(text: impl Into<String>) -> Self {
        Self {
            kind: Kind::Unreachable,
            text: text.into(),
        }
    }

    /// An answer that is not what the protocol promises.
    pub fn malformed(text: impl Into<String>) -> Self {
        Self {
            kind: Kind::Malformed,
            text: text.into(),
        }
    }

    /// A server that does not let us in, or that we do not trust.
    pub fn unauthorised(text: impl Into<String>) -> Self {
        Self {
            kind: Kind::Unauthorised,
            text: text.into(),
        }
    }

    /// A result code other than success (RFC 4511, appendix A).
    pub fn code(code: u32, what: &str) -> Self {
        let text = format!("{what}: {}", code_name(code));
        match code {
            7 | 8 | 13 | 48 | 49 | 50 => Self::unauthorised(text),
            51 | 52 => Self::unreachable(text),
            _ => Self::malformed(text),
        }
    }

    /// The same, with what it is about before it.
    #[must_use]
    pub fn about(self, what: &str) -> Self {
        Self {
            text: format!("{what}: {}", self.text),
            ..self
        }
    }

    /// The same, with what follows from it after it.
    #[must_use]
    pub fn and(self, more: &str) -> Self {
        Self {
            text: format!("{}; {more}", self.text),
            ..self
        }
    }

    /// Whether there is no connection, or it broke.
    pub fn is_unreachable(&self) -> bool {
        self.kind == Kind::Unreachable
    }

    /// The error for a read of which nothing is usable.
    pub fn into_error(self, place: &str) -> FetchError {
        let (place, reason) = (place.to_owned(), Untrusted::new(self.text));
        match self.kind {
            Kind::Unreachable => FetchError::Unreachable { place, reason },
            Kind::Unauthorised => FetchError::Unauthorised { place, reason },
            Kind::Malformed => FetchError::Malformed { place, reason },
        }
    }
}

/// The name of a result code (RFC 4511, appendix A).
pub(super) fn code_name(code: u32) -> String {
    let name = match code {
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        9 => "partialResults",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        16 => "noSuchAttribute",
        17 => "undefinedAttributeType",
        18 => "inappropriateMatching",
        19 => "constraintViolation",
        20 => "attributeOrValueExists",
        21 => "invalidAttributeSyntax",
        32 => "noSuchObject",
        34 => "invalidDNSyntax",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        64 => "namingViolation",
        65 => "objectClassViolation",
        68 => "entryAlreadyExists",
        69 => "objectClassModsProhibited",
        80 => "other",
        _ => return format!("result code {code}"),
    };
    format!("{name} ({code})")
}

/// A connection that has been opened and on which we have said who we are.
pub(super) struct Session {
    // Taken out only when the session ends.
    runtime: Option<Runtime>,
    ldap: ldap3::Ldap,
    driver: Option<JoinHandle<Result<(), LdapError>>>,
    deadline: Instant,
}

impl Session {
    /// Connects, with TLS if the settings say so, and binds.
    ///
    /// # Errors
    /// Why that was not possible before `deadline`.
    pub fn open(
        settings: &Settings,
        tls: Option<&Arc<rustls::ClientConfig>>,
        password: Option<&SecretString>,
        deadline: Instant,
    ) -> Result<Self, Reason> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Reason::unreachable(format!("no connection could be prepared: {e}")))?;
        let opened = block(&runtime, deadline, connect(settings, tls)).and_then(|done| done);
        let (connection, ldap) = match opened {
            Ok(pair) => pair,
            Err(reason) => {
                // A look-up of a host's name cannot be interrupted; it must not hold us up.
                runtime.shutdown_background();
                return Err(reason);
            }
        };
        let driver = runtime.spawn(connection.drive());
        let mut session = Self {
            runtime: Some(runtime),
            ldap,
            driver: Some(driver),
            deadline,
        };
        session.bind(settings, password)?;
        Ok(session)
    }

    fn bind(&mut self, settings: &Settings, password: Option<&SecretString>) -> Result<(), Reason> {
        let mut ldap = self.ldap.clone();
        let answer = match (&settings.bind_dn, password) {
            (Some(dn), Some(password)) => {
                self.wait(async move { ldap.simple_bind(dn, password.expose_secret()).await })?
            }
            (None, _) if settings.transport == Transport::Unix => {
                self.wait(async move { ldap.sasl_external_bind().await })?
            }
            _ => return Ok(()),
        };
        match answer.rc {
            0 => Ok(()),
            code => Err(Reason::code(code, "it does not let us in")),
        }
    }

    /// Asks the server who we are to it (RFC 4532).
    ///
    /// # Errors
    /// Why it did not say.
    pub fn who_am_i(&mut self) -> Result<String, Reason> {
        let mut ldap = self.ldap.clone();
        let answer = self.wait(async move { ldap.extended(WhoAmI).await })?;
        match (answer.1.rc, answer.0.val) {
            (0, Some(name)) if !name.is_empty() => Ok(String::from_utf8_lossy(&name).into_owned()),
            (0, _) => Ok("nobody".to_owned()),
            // A server that does not know the question has let us in all the same.
            _ => Ok("somebody it does not name".to_owned()),
        }
    }

    /// The handle for operations.
    pub fn handle(&self) -> ldap3::Ldap {
        self.ldap.clone()
    }

    /// Waits for an operation, and says why if it came to nothing.
    ///
    /// # Errors
    /// Why it came to nothing; the session cannot be used any more then.
    pub fn wait<T>(
        &mut self,
        operation: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, Reason> {
        let Some(runtime) = &self.runtime else {
            return Err(Reason::unreachable("the connection has ended"));
        };
        match block(runtime, self.deadline, operation)? {
            Ok(value) => Ok(value),
            Err(error) => Err(self.cause(error)),
        }
    }

    /// Why the connection ended, which only the task that reads from it knows.
    fn cause(&mut self, error: LdapError) -> Reason {
        let gone = matches!(
            error,
            LdapError::EndOfStream | LdapError::OpSend { .. } | LdapError::ResultRecv { .. }
        );
        let (Some(runtime), Some(driver), true) = (&self.runtime, self.driver.take(), gone) else {
            return reason(error);
        };
        match runtime.block_on(async { timeout(CAUSE, driver).await }) {
            Ok(Ok(Err(error))) => reason(error),
            Ok(Err(stopped)) if stopped.is_panic() => {
                Reason::malformed("it sent a message that is not LDAP")
            }
            _ => Reason::unreachable("the connection was closed before the answer was complete"),
        }
    }

    /// Says goodbye. Without it the server sees the connection break, which does no harm.
    pub fn close(mut self) {
        let mut ldap = self.ldap.clone();
        let _ = self.wait(async move { ldap.unbind().await });
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs `work` until it is done or the deadline has come. The crate stops with a panic at some malformed answers; that is
/// an answer too.
fn block<T>(
    runtime: &Runtime,
    deadline: Instant,
    work: impl Future<Output = T>,
) -> Result<T, Reason> {
    #[allow(clippy::disallowed_methods)] // a socket wants what is left until the deadline, now
    let left = deadline.saturating_duration_since(Instant::now());
    let late = || Reason::unreachable("the time limit ran out");
    if left.is_zero() {
        return Err(late());
    }
    match catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async { timeout(left, work).await })
    })) {
        Ok(done) => done.map_err(|_| late()),
        Err(_) => Err(Reason::malformed("it sent a message that is not LDAP")),
    }
}

/// Opens the connection and agrees on TLS.
async fn connect(
    settings: &Settings,
    tls: Option<&Arc<rustls::ClientConfig>>,
) -> Result<(LdapConnAsync, ldap3::Ldap), Reason> {
    let mut options =
        LdapConnSettings::new().set_starttls(settings.transport == Transport::StartTls);
    if let Some(tls) = tls {
        options = options.set_config(Arc::clone(tls));
    }
    if settings.transport != Transport::Unix {
        let stream = dial(settings).await.map_err(Reason::unreachable)?;
        options = options.set_std_stream(StdStream::Tcp(stream));
    }
    match timeout(
        settings.connect_timeout,
        LdapConnAsync::with_settings(options, &settings.url),
    )
    .await
    {
        Ok(Ok(pair)) => Ok(pair),
        Ok(Err(LdapError::LdapResult { result })) => Err(Reason::unreachable(format!(
            "it refuses StartTLS: {}",
            code_name(result.rc)
        ))),
        Ok(Err(error)) => Err(reason(error)),
        Err(_) => Err(Reason::unreachable(format!(
            "no answer within {} s",
            settings.connect_timeout.as_secs()
        ))),
    }
}

/// Tries each address of the host in turn, so that one dead server of several costs only its own time limit.
async fn dial(settings: &Settings) -> Result<std::net::TcpStream, String> {
    let addresses = lookup_host((settings.host.as_str(), settings.port))
        .await
        .map_err(|e| format!("its name has no address: {}", shown(&e.to_string())))?;
    let mut last = "its name has no address".to_owned();
    for address in addresses {
        match timeout(settings.connect_timeout, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Requests are small and each waits for its answer.
                let _ = stream.set_nodelay(true);
                return stream.into_std().map_err(|e| e.to_string());
            }
            Ok(Err(error)) => last = error.to_string(),
            Err(_) => last = format!("no answer within {} s", settings.connect_timeout.as_secs()),
        }
    }
    Err(last)
}

/// What an error of the crate means. Nothing that the server wrote is shown.
fn reason(error: LdapError) -> Reason {
    match error {
        LdapError::Io { source } => match source
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        {
            Some(rustls::Error::InvalidCertificate(why)) => Reason::unauthorised(format!(
                "its certificate is not trusted: {}",
                shown(&why.to_string())
            )),
            Some(why) => Reason::unreachable(format!("TLS failed: {}", shown(&why.to_string()))),
            None if source.to_string() == "decoding error" => {
                Reason::malformed("it sent a message that is not LDAP")
            }
            None => Reason::unreachable(format!("the connection failed: {source}")),
        },
        LdapError::EndOfStream | LdapError::OpSend { .. } | LdapError::ResultRecv { .. } => {
            Reason::unreachable("the connection was closed before the answer was complete")
        }
        LdapError::Timeout { .. } => Reason::unreachable("no answer in time"),
        LdapError::Rustls { .. } | LdapError::DNSName { .. } => Reason::unreachable("TLS failed"),
        _ => Reason::malformed("the request could not be made"),
    }
}
