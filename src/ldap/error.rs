//! Why a question to a server, or a change, came to nothing.
//!
//! What a server adds to its answer is shown escaped, in quotation marks and cut short, behind our own words; nothing in
//! the text needs escaping. A password that it would repeat is not shown.

use std::io;
use std::time::Duration;

use super::code;
use crate::model::remedy::Remedy;
use crate::model::shown;
use crate::system::tls;

/// How much of a server's words is shown.
const WORDS: usize = 200;

/// Why something ended early. The server is not named: the caller knows whom it asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// What happened.
    pub text: String,
    /// What to look at.
    pub remedy: Option<Remedy>,
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
        let remedy = None;
        Self { kind, text, remedy }
    }

    /// A result code other than success (RFC 4511, appendix A), with what the server adds to it.
    pub(crate) fn code(code: u32, words: &str, what: &str) -> Self {
        let text = format!("{what}: {}{}", code::name(code), quoted(words));
        match code {
            8 | 13 => Self::unauthorised(text).with(Remedy::Encryption),
            7 | 48 | 49 => Self::unauthorised(text).with(Remedy::Credentials),
            50 => Self::unauthorised(text).with(Remedy::Rights),
            51 | 52 => Self::unreachable(text).with(Remedy::Server),
            // Active Directory says so to who is nobody.
            1 => Self::malformed(text).with(Remedy::Credentials),
            _ => Self::malformed(text),
        }
    }

    /// The same, with what to look at.
    #[must_use]
    pub(crate) fn with(self, remedy: Remedy) -> Self {
        let remedy = Some(remedy);
        Self { remedy, ..self }
    }

    /// The connection ended in the middle of something.
    pub(crate) fn closed() -> Self {
        Self::unreachable("the connection was closed before the answer was complete")
    }

    /// The deadline has come.
    pub(crate) fn late() -> Self {
        Self::unreachable("the time limit ran out")
    }

    /// Nothing came for so long.
    pub(super) fn silent(limit: Duration) -> Self {
        Self::unreachable(format!("no answer within {} s", limit.as_secs())).with(Remedy::Silence)
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

/// What a server adds, ready to stand behind our own words.
fn quoted(words: &str) -> String {
    // 389 Directory Server ends its words with a line feed, Active Directory with a null.
    let words = words.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    match words.is_empty() {
        true => String::new(),
        false => format!(", \"{}\"", shown(words).within(WORDS)),
    }
}

/// What an error of the connection means.
pub(super) fn io(error: &io::Error) -> Error {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(why) => of_tls(tls::failure(why)),
        // Many servers, and every one that is killed, end without a word of TLS about it.
        None if error.kind() == io::ErrorKind::UnexpectedEof => Error::closed(),
        None => {
            let failed = Error::unreachable(format!("the connection failed: {}", plain(error)));
            match error.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                    failed.with(Remedy::Port)
                }
                _ => failed,
            }
        }
    }
}

/// An error while TLS is agreed on.
pub(super) fn agreeing(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => of_tls(tls::broken_off()),
        _ => io(error),
    }
}

fn of_tls(failure: tls::Failure) -> Error {
    let error = match failure.is_distrust() {
        true => Error::unauthorised(failure.text),
        false => Error::unreachable(failure.text),
    };
    Error {
        remedy: failure.remedy,
        ..error
    }
}

/// An error of the system without its number, of which nobody learns anything.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    shown(&text[..end]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_adds_is_quoted_cut_and_escaped() {
        let said = |words: &str| Error::code(4, words, "the search ended early").text;
        assert_eq!(said(""), "the search ended early: sizeLimitExceeded (4)");
        assert_eq!(
            said("80090308: data 52e\n\0"),
            "the search ended early: sizeLimitExceeded (4), \"80090308: data 52e\""
        );
        assert!(!said("a\u{1b}[2J\nb").contains(char::is_control));
        assert!(said(&"x".repeat(9_999)).len() < 300);
    }

    #[test]
    fn the_code_chooses_the_remedy() {
        let remedy = |code| Error::code(code, "", "x").remedy;
        assert_eq!(remedy(49), Some(Remedy::Credentials));
        assert_eq!(remedy(8), Some(Remedy::Encryption));
        assert_eq!(remedy(50), Some(Remedy::Rights));
        assert_eq!(remedy(52), Some(Remedy::Server));
        assert_eq!(remedy(80), None);
    }

    #[test]
    fn a_closed_connection_is_told_in_plain_words() {
        let eof = io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "peer closed connection without sending TLS close_notify: https://docs",
        );
        assert!(io(&eof).text.contains("closed before the answer"));
        let eof = io::Error::new(io::ErrorKind::UnexpectedEof, "tls handshake eof");
        assert_eq!(agreeing(&eof).remedy, Some(Remedy::NoTls));
        let refused = io::Error::from_raw_os_error(nix::libc::ECONNREFUSED);
        assert_eq!(io(&refused).remedy, Some(Remedy::Port));
        assert!(!io(&refused).text.contains("os error"));
    }
}
