//! How a server is reached, as the keys of a section say: address, who we are, whom to trust, how much it may send.
//!
//! A provider and a target have the same keys for it, with the same defaults. What can be wrong with them is found here, before the
//! first connection. Reads no file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::address::Address;
use super::connect::Server;
use super::limits::Limits;
use super::shell::{Caller, Place};
use crate::model::units::{Size, Span};
use crate::system::memory;
use crate::system::tls::{self, BOTH, Trusted};

/// Entries asked for in one page: what Active Directory allows at most unless told otherwise.
pub(crate) const PAGE_SIZE: u32 = 1000;
/// How long one address may take to accept a connection, and TLS to be agreed on.
pub(crate) const CONNECT_TIMEOUT: Span = Span::from_secs(10);
/// How long one message may be: a group of 200,000 people by name of entry.
pub(crate) const MAX_MESSAGE: Size = Size::from_bytes(16 << 20);
/// How much may come in one read: a million people with their groups.
pub(crate) const MAX_READ: Size = Size::from_bytes(1 << 30);
/// What can be meant by a limit on messages.
const SHORTEST_MESSAGE: u64 = 64 << 10;
const LONGEST_MESSAGE: u64 = 1 << 30;
/// The largest number in a message (RFC 4511, 4.1.1: maxInt).
const MAX_PAGE_SIZE: u32 = 2_147_483_647;

/// The keys of a section that say how its server is reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access<'a> {
    /// Where the server is.
    pub url: &'a str,
    /// Whether an `ldap://` connection is encrypted.
    pub start_tls: bool,
    /// Who we are.
    pub bind_dn: Option<&'a str>,
    /// Where the password of `bind_dn` is.
    pub password_file: Option<&'a Path>,
    /// Where the authorities to trust are.
    pub ca_file: Option<&'a Path>,
    /// Where the certificate of the server is.
    pub server_certificate: Option<&'a Path>,
    /// How long one address may take.
    pub connect_timeout: Span,
    /// Entries in one page.
    pub page_size: u32,
    /// How long one message may be.
    pub max_message: Size,
    /// How much the server may send in one read.
    pub max_read: Size,
    /// Whether searches leave out references to other domains.
    pub domain_scope: bool,
    /// Whether what is at other servers is left out.
    pub ignore_referrals: bool,
}

impl Access<'_> {
    /// Where the server is, if the keys that say so fit together.
    fn address(&self) -> Result<Address, String> {
        let address = Address::new(self.url, self.start_tls).map_err(|e| e.to_string())?;
        if self.bind_dn == Some("") {
            return Err("bind_dn is empty; leave it out to be anonymous".to_owned());
        }
        let named = [
            ("ca_file", self.ca_file.is_some()),
            ("server_certificate", self.server_certificate.is_some()),
        ];
        let named = named.iter().find(|(_, set)| *set).map(|(key, _)| key);
        match named.filter(|_| !address.is_encrypted()) {
            None => Ok(address),
            Some(key) => Err(format!(
                "{key} is set, but the connection is not encrypted: use ldaps:// or start_tls"
            )),
        }
    }

    /// How much the server may send.
    fn limits(&self) -> Result<Limits, String> {
        let (message, read) = (self.max_message.bytes(), self.max_read.bytes());
        if !(SHORTEST_MESSAGE..=LONGEST_MESSAGE).contains(&message) {
            return Err("max_message is at least 64KiB and at most 1GiB".to_owned());
        }
        if read < message {
            return Err("max_read is less than max_message".to_owned());
        }
        Ok(Limits {
            message,
            read,
            room_for: |bytes| memory::room_for(bytes).map_err(|e| e.to_string()),
        })
    }

    /// Whether the keys fit together, without what the files hold that they name.
    ///
    /// # Errors
    /// Which key is wrong, and why.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.address()?;
        self.limits()?;
        match (self.bind_dn, self.password_file) {
            (Some(_), None) => Err(
                "bind_dn is set, but there is no password: set password_file, such as password_file = \"campus.password\""
                    .to_owned(),
            ),
            (None, Some(_)) => Err(
                "password_file is set, but nobody whose password it is: set bind_dn, such as bind_dn = \"cn=sync,dc=example,dc=org\""
                    .to_owned(),
            ),
            _ if self.ca_file.is_some() && self.server_certificate.is_some() => {
                Err(format!("server_certificate: {BOTH}"))
            }
            _ => Ok(()),
        }
    }

    /// The server. `password` is the content of `password_file` without its line end, `trusted` that of `ca_file` or
    /// `server_certificate`.
    ///
    /// # Errors
    /// Which key is wrong, and why.
    pub(crate) fn server(
        &self,
        password: Option<SecretString>,
        trusted: &Trusted,
    ) -> Result<Server, String> {
        let address = self.address()?;
        let tls = match address.is_encrypted() {
            true => Some(tls::config(trusted)?),
            false => None,
        };
        let problem = match (self.bind_dn, &password) {
            (Some(_), None) => Some("bind_dn is set, but there is no password: set password_file"),
            (None, Some(_)) => Some("there is a password, but nobody it belongs to: set bind_dn"),
            // RFC 4513, 5.1.2: servers take that for nobody, and succeed.
            (Some(_), Some(password)) if password.expose_secret().is_empty() => {
                Some("the password is empty")
            }
            _ => None,
        };
        let problem = problem.or_else(|| {
            (self.page_size > MAX_PAGE_SIZE).then_some("page_size is at most 2147483647")
        });
        if let Some(problem) = problem {
            return Err(problem.to_owned());
        }
        let place = Place {
            url: self.url,
            transport: address.transport,
            bind_dn: self.bind_dn,
            password_file: self.password_file,
            trusted: self.ca_file.or(self.server_certificate),
        };
        let caller = Caller::new(place, password.clone());
        Ok(Server {
            address,
            tls,
            bind_dn: self.bind_dn.map(str::to_owned),
            password,
            connect_timeout: Duration::from(self.connect_timeout),
            page_size: self.page_size,
            domain_scope: self.domain_scope,
            ignore_referrals: self.ignore_referrals,
            limits: self.limits()?,
            caller: Arc::new(caller),
        })
    }
}
