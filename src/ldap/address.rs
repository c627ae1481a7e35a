//! Where a server is, and whether it may be spoken to in that way.
//!
//! Nothing goes over a network in the clear. URLs are those of RFC 4516 without a name, attributes
//! or a filter. Pure.

use std::ffi::OsString;
use std::net::IpAddr;
use std::os::unix::ffi::OsStringExt as _;

use percent_encoding::percent_decode_str;

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// TCP without encryption, on this machine.
    Plain,
    /// TCP, then StartTLS.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// A socket file.
    Unix,
}

/// A URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// As it was written.
    pub url: String,
    /// How the server is spoken to.
    pub transport: Transport,
    /// Host name or address; empty for a socket file.
    pub host: String,
    /// Port; 0 for a socket file.
    pub port: u16,
}

/// Why a URL cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    /// There is no scheme.
    #[error("url is not of the form ldaps://host")]
    NoScheme,
    /// The scheme is another one.
    #[error("url begins with none of ldaps://, ldap:// and ldapi://")]
    Scheme,
    /// The path of a socket file is not written as a URL's host.
    #[error(
        "url: write the path of the socket with %2F for each slash, such as ldapi://%2Frun%2Fslapd%2Fldapi"
    )]
    SocketPath,
    /// StartTLS is asked for where it makes no sense.
    #[error("start_tls is for ldap:// only, not for {0}://")]
    StartTls(String),
    /// The port is not one.
    #[error("url has a port that is no number from 0 to 65535")]
    Port,
    /// There is no host, or something else besides.
    #[error("url has no usable host name; a path or a query is not allowed")]
    Host,
    /// It would not be encrypted.
    #[error(
        "url: ldap:// to another machine would send everything unencrypted; use ldaps:// or start_tls"
    )]
    Unencrypted,
    /// A certificate could not be compared with it.
    #[error("url: with TLS, name the host; an IPv6 address cannot be compared with a certificate")]
    Ipv6,
}

impl Address {
    /// Takes a URL apart and decides whether it may be used.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn new(url: &str, start_tls: bool) -> Result<Self, AddressError> {
        let (scheme, rest) = url.split_once("://").ok_or(AddressError::NoScheme)?;
        let (transport, default_port) = match (scheme, start_tls) {
            ("ldapi", false) => return socket(url, rest),
            ("ldaps", false) => (Transport::Tls, 636),
            ("ldap", true) => (Transport::StartTls, 389),
            ("ldap", false) => (Transport::Plain, 389),
            ("ldaps" | "ldapi", true) => return Err(AddressError::StartTls(scheme.to_owned())),
            _ => return Err(AddressError::Scheme),
        };
        let (host, port) = host_and_port(rest.strip_suffix('/').unwrap_or(rest));
        let port = match port {
            None => default_port,
            Some(text) => text.parse().map_err(|_| AddressError::Port)?,
        };
        check(transport, host)?;
        Ok(Self {
            url: url.to_owned(),
            transport,
            host: host.to_owned(),
            port,
        })
    }

    /// The path of a socket file.
    pub(super) fn socket(&self) -> OsString {
        let path = self.url.strip_prefix("ldapi://").unwrap_or_default();
        OsString::from_vec(percent_decode_str(path).collect())
    }

    /// Whether what is said is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self.transport, Transport::Tls | Transport::StartTls)
    }
}

fn socket(url: &str, path: &str) -> Result<Address, AddressError> {
    let written = |b: u8| b.is_ascii_graphic() && b != b'/' && b != b':';
    if path.is_empty() || !path.bytes().all(written) {
        return Err(AddressError::SocketPath);
    }
    Ok(Address {
        url: url.to_owned(),
        transport: Transport::Unix,
        host: String::new(),
        port: 0,
    })
}

/// `host`, `host:port`, `[address]` or `[address]:port`, taken apart.
fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    let bracketed = authority
        .strip_prefix('[')
        .and_then(|tail| tail.split_once(']'));
    match bracketed {
        Some((address, port)) => (address, port.strip_prefix(':')),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    }
}

/// Whether this host may be spoken to in this way.
fn check(transport: Transport, host: &str) -> Result<(), AddressError> {
    let address = host.parse::<IpAddr>().ok();
    let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if address.is_none() && (host.is_empty() || !host.bytes().all(named)) {
        return Err(AddressError::Host);
    }
    let local = host.eq_ignore_ascii_case("localhost") || address.is_some_and(|a| a.is_loopback());
    if transport == Transport::Plain && !local {
        return Err(AddressError::Unencrypted);
    }
    if transport != Transport::Plain && address.is_some_and(|a| a.is_ipv6()) {
        return Err(AddressError::Ipv6);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_over_a_network_in_the_clear() {
        for url in [
            "ldap://ldap.example.org",
            "ldap://10.0.0.1",
            "ldap://localhost.example.org:389",
        ] {
            assert_eq!(
                Address::new(url, false),
                Err(AddressError::Unencrypted),
                "{url}"
            );
            assert!(Address::new(url, true).is_ok(), "{url}");
        }
        for url in [
            "ldap://localhost",
            "ldap://127.0.0.1:3890",
            "ldap://127.8.9.1/",
            "ldap://[::1]:389",
        ] {
            let address = Address::new(url, false).unwrap();
            assert_eq!(address.transport, Transport::Plain, "{url}");
        }
    }

    #[test]
    fn urls_that_cannot_be_meant_are_refused() {
        for url in [
            "",
            "ldap.example.org",
            "http://x",
            "ldaps://",
            "ldaps://a b",
            "ldaps://u@host",
            "ldaps://host/dc=x",
            "ldaps://host:99999",
            "ldaps://[::1]",
            "ldapi://",
            "ldapi:///run/slapd/ldapi",
        ] {
            assert!(Address::new(url, false).is_err(), "{url}");
        }
        assert_eq!(
            Address::new("ldaps://x", true),
            Err(AddressError::StartTls("ldaps".to_owned()))
        );
    }
}
