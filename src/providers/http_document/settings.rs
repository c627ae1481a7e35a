//! The keys of a `[provider.NAME]` section with `kind = "http"`.

use std::path::PathBuf;

use serde::Deserialize;

use crate::model::units::{Size, Span};
use crate::providers::http::{Access, CONNECT_TIMEOUT, ClientAuth, Options, READ_TIMEOUT};
use crate::providers::inactive::InactiveWhen;

/// The largest document that is read.
const MAX_SIZE: Size = Size::from_bytes(256 << 20);

/// The keys of the section, without `kind`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the document is, such as `https://hub.example.org/gosync/directory.json`.
    pub url: String,
    /// A file with a bearer token in its first line.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Our name at the token endpoint, for OAuth 2 client credentials.
    #[serde(default)]
    pub client_id: Option<String>,
    /// A file with the secret that belongs to `client_id`.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// The token endpoint.
    #[serde(default)]
    pub token_url: Option<String>,
    /// The scopes to ask for, separated by blanks.
    #[serde(default)]
    pub scope: Option<String>,
    /// How the client says who it is at the token endpoint.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The certificate authorities to trust, in PEM, and no others. Unset: those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The certificate of the server at `url`, in PEM: this very one is trusted, whatever names it has and whoever signed
    /// it.
    #[serde(default)]
    pub server_certificate: Option<PathBuf>,
    /// The proxy to go through. Unset: none, whatever the environment says.
    #[serde(default)]
    pub proxy: Option<String>,
    /// How long it may take to connect and to agree on TLS.
    #[serde(default = "connect_timeout")]
    pub connect_timeout: Span,
    /// How long nothing may come.
    #[serde(default = "read_timeout")]
    pub read_timeout: Span,
    /// How large the document may be.
    #[serde(default = "max_size")]
    pub max_size: Size,
    /// Who may have signed it: `url` is the directory of a snapshot then.
    #[serde(default)]
    pub verify: Option<PathBuf>,
    /// How old the document may be: its `generated`, or else what the server says of its last change. Unset: as old as it
    /// likes.
    #[serde(default)]
    pub max_age: Option<Span>,
    /// Which values of which attributes shut a person out, beside `active`.
    #[serde(default)]
    pub inactive_when: InactiveWhen,
}

fn connect_timeout() -> Span {
    CONNECT_TIMEOUT
}

fn read_timeout() -> Span {
    READ_TIMEOUT
}

fn max_size() -> Size {
    MAX_SIZE
}

impl Config {
    /// A section with only the key that must be there.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token_file: None,
            client_id: None,
            client_secret_file: None,
            token_url: None,
            scope: None,
            client_auth: ClientAuth::default(),
            ca_file: None,
            server_certificate: None,
            proxy: None,
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: READ_TIMEOUT,
            max_size: MAX_SIZE,
            verify: None,
            max_age: None,
            inactive_when: InactiveWhen::default(),
        }
    }

    /// Where the server is, and who we are there.
    pub(super) fn access(&self) -> Access<'_> {
        Access {
            url: &self.url,
            token_file: self.token_file.as_deref(),
            client_id: self.client_id.as_deref(),
            client_secret_file: self.client_secret_file.as_deref(),
            token_url: self.token_url.as_deref(),
            scope: self.scope.as_deref(),
            client_auth: self.client_auth,
            ca_file: self.ca_file.as_deref(),
            server_certificate: self.server_certificate.as_deref(),
            proxy: self.proxy.as_deref(),
            connect_timeout: self.connect_timeout,
            read_timeout: self.read_timeout,
        }
    }

    /// What the client may do.
    pub(super) fn options(&self) -> Options {
        Options {
            max_bytes: usize::try_from(self.max_size.bytes()).unwrap_or(usize::MAX),
            max_read: self.max_size.bytes().saturating_add(1 << 20),
            knows_again: true,
            ..Options::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_place_must_be_named() {
        let config: Config = toml::from_str("url = 'http://localhost:1/x.json'").unwrap();
        assert_eq!(
            format!("{config:?}"),
            format!("{:?}", Config::new("http://localhost:1/x.json"))
        );
        assert!(toml::from_str::<Config>("url = 'x'\nurls = 'x'").is_err());
    }
}
