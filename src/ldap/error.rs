//! Why a question to a server, or a change, came to nothing.
//!
//! The text never holds what the server wrote: some messages of servers quote passwords or names.
//! Nothing in it needs escaping.

use ldap3::LdapError;

use super::code;
use crate::model::shown;

/// Why something ended early. The server is not named: the caller knows whom it asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// What happened, in our own words.
    pub text: String,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// No connection, or one that broke.
    Unreachable,
    /// A server that does not let us in, or that we do not trust.
    Unauthorised,
    /// An answer that is not what the protocol promises.
    Malformed,
    /// More than there is memory for: nothing of it can be used.
    TooMuch,
}

impl Error {
    /// No connection, or one that broke.
    pub(crate) fn unreachable(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unreachable, text)
    }

    /// An answer that is not what the protocol promises.
    pub(crate) fn malformed(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Malformed, text)
    }

    /// More than there is memory for.
    pub(crate) fn too_much(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::TooMuch, text)
    }

    /// A server that does not let us in, or that we do not trust.
    pub(crate) fn unauthorised(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unauthorised, text)
    }

    fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { kind, text }
    }

    /// A result code other than success (RFC 4511, appendix A).
    pub(crate) fn code(code: u32, what: &str) -> Self {
        let text = format!("{what}: {}", code::name(code));
        match code {
            7 | 8 | 13 | 48 | 49 | 50 => Self::unauthorised(text),
            51 | 52 => Self::unreachable(text),
            _ => Self::malformed(text),
        }
    }

    /// The connection ended in the middle of something.
    pub(crate) fn closed() -> Self {
        Self::unreachable("the connection was closed before the answer was complete")
    }

    /// A message that cannot be read.
    pub(crate) fn not_ldap() -> Self {
        Self::malformed("it sent a message that is not LDAP")
    }

    /// The same, with what it is about before it.
    #[must_use]
    pub(crate) fn about(self, what: &str) -> Self {
        Self {
            text: format!("{what}: {}", self.text),
            ..self
        }
    }

    /// The same, with what follows from it after it.
    #[must_use]
    pub(crate) fn and(self, more: &str) -> Self {
        Self {
            text: format!("{}; {more}", self.text),
            ..self
        }
    }

    /// Whether there is no connection, or it broke.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.kind == ErrorKind::Unreachable
    }
}

impl From<LdapError> for Error {
    /// What an error of the crate means. Nothing that the server wrote is shown.
    fn from(error: LdapError) -> Self {
        match error {
            LdapError::Io { source } => io(&source),
            LdapError::EndOfStream | LdapError::OpSend { .. } | LdapError::ResultRecv { .. } => {
                Self::closed()
            }
            LdapError::Timeout { .. } => Self::unreachable("no answer in time"),
            LdapError::Rustls { .. } | LdapError::DNSName { .. } => Self::unreachable("TLS failed"),
            _ => Self::malformed("the request could not be made"),
        }
    }
}

/// What an error of the connection means.
pub(super) fn io(error: &std::io::Error) -> Error {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(why)) => Error::unauthorised(format!(
            "its certificate is not trusted: {}",
            shown(&why.to_string())
        )),
        Some(why) => Error::unreachable(format!("TLS failed: {}", shown(&why.to_string()))),
        None if error.to_string() == "decoding error" => Error::not_ldap(),
        None => Error::unreachable(format!("the connection failed: {error}")),
    }
}
