//! People and groups from an LDAP server: RFC 2307, RFC 2307bis, Active Directory, 389 Directory Server.
//!
//! Follows no reference to another server. `settings` checks the configuration; `connect` and `search` speak to the
//! server. A read has a connection of its own: `active`, `people` and `groups` are pure, `read` puts them together. Group
//! administration changes things: `listed`, `modify` and `classes` are pure, `client` keeps the connection, `lookup`
//! asks, `admin` puts them together. `entry`, `dn`, `ids` and `filter` are pure and serve both. Protocol: RFC 4511 to 4519.

mod active;
mod admin;
mod classes;
mod client;
mod connect;
mod dn;
mod entry;
mod filter;
mod groups;
mod ids;
mod listed;
mod lookup;
mod modify;
mod people;
mod read;
mod search;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use secrecy::{ExposeSecret as _, SecretString};

use self::connect::{Reason, Session};
use self::settings::{Settings, Transport};
use super::{FetchError, Provider, Query, tls};
use crate::model::{Snapshot, Untrusted};

pub use self::admin::LdapAdmin;
pub use self::settings::{Attributes, CONNECT_TIMEOUT, Config, NESTED_DEPTH, PAGE_SIZE, Schema};

/// An LDAP server, ready to be read.
pub struct Ldap {
    name: String,
    settings: Settings,
    tls: Option<Arc<rustls::ClientConfig>>,
    password: Option<SecretString>,
    now: i64,
}

impl Ldap {
    /// Checks a section called `name`. `password` is the content of `password_file` without its line end, `ca_pem` that of
    /// `ca_file`; `now` is the time in seconds since 1970, for accounts that expire. Reads no file but the authorities
    /// of the system, and those only if it needs them.
    ///
    /// # Errors
    /// What is wrong with the section.
    pub fn new(
        name: &str,
        config: &Config,
        password: Option<SecretString>,
        ca_pem: Option<Vec<u8>>,
        now: i64,
    ) -> Result<Self, String> {
        let settings = Settings::new(config)?;
        match (&settings.bind_dn, &password) {
            (Some(_), None) => {
                return Err(
                    "bind_dn is set, but there is no password: set password_file".to_owned(),
                );
            }
            (None, Some(_)) => {
                return Err("there is a password, but nobody it belongs to: set bind_dn".to_owned());
            }
            // RFC 4513, 5.1.2: servers take that for nobody, and succeed.
            (Some(_), Some(password)) if password.expose_secret().is_empty() => {
                return Err("the password is empty".to_owned());
            }
            _ => {}
        }
        let tls = match settings.transport {
            Transport::Tls | Transport::StartTls => Some(tls::config(ca_pem.as_deref())?),
            Transport::Plain | Transport::Unix => None,
        };
        Ok(Self {
            name: name.to_owned(),
            settings,
            tls,
            password,
            now,
        })
    }
}

impl fmt::Debug for Ldap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ldap")
            .field("name", &self.name)
            .field("url", &self.settings.url)
            .finish_non_exhaustive()
    }
}

impl Provider for Ldap {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self, deadline: Instant) -> Result<Untrusted, FetchError> {
        let place = |reason: Reason| reason.into_error(&self.settings.url);
        let mut session = Session::open(
            &self.settings,
            self.tls.as_ref(),
            self.password.as_ref(),
            deadline,
        )
        .map_err(place)?;
        let who = session.who_am_i().map_err(place)?;
        session.close();
        Ok(Untrusted::new(format!("{} as {who}", self.settings.url)))
    }

    fn fetch(&self, query: &Query, progress: &dyn Fn(usize)) -> Result<Snapshot, FetchError> {
        let means = read::Means {
            settings: &self.settings,
            tls: self.tls.as_ref(),
            password: self.password.as_ref(),
            now: self.now,
        };
        read::read(&means, query, progress)
    }
}
