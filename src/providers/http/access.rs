//! The keys by which a section says where its server is, whom to trust and who we are there: the same for every kind that
//! speaks HTTP.
//!
//! What is wrong with them is found before the first connection. Files are read through `kind::Section` alone.

use std::path::Path;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::oauth::{ClientAuth, ClientCredentials};
use super::origin::check_url;
use super::shell::{AUTHORIZED, Credentials, Shell};
use super::{Auth, Http, Options};
use crate::model::remedy::KeyNames;
use crate::model::units::Span;
use crate::providers::kind::{self, OpenError, Section};
use crate::system::tls::Trusted;

/// How long it may take to connect and to agree on TLS.
pub(crate) const CONNECT_TIMEOUT: Span = Span::from_secs(10);
/// How long nothing may come.
pub(crate) const READ_TIMEOUT: Span = Span::from_secs(30);

/// How many bytes a token endpoint may answer.
const TOKEN_BYTES: usize = 1 << 20;

/// What is wrong with credentials of two kinds, or with half of them.
const CREDENTIALS: &str =
    "set either token_file, or all of client_id, client_secret_file and token_url";

/// What the files hold that a section names.
#[derive(Default)]
pub struct Secrets {
    /// The content of `token_file` without its line end.
    pub token: Option<SecretString>,
    /// The content of `client_secret_file` without its line end.
    pub client_secret: Option<SecretString>,
    /// The content of `ca_file`.
    pub authorities: Option<Vec<u8>>,
    /// The content of `server_certificate`.
    pub certificate: Option<Vec<u8>>,
}

/// The keys of a section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access<'a> {
    pub url: &'a str,
    pub token_file: Option<&'a Path>,
    pub client_id: Option<&'a str>,
    pub client_secret_file: Option<&'a Path>,
    pub token_url: Option<&'a str>,
    pub scope: Option<&'a str>,
    pub client_auth: ClientAuth,
    pub ca_file: Option<&'a Path>,
    pub server_certificate: Option<&'a Path>,
    pub proxy: Option<&'a str>,
    pub connect_timeout: Span,
    pub read_timeout: Span,
}

impl Access<'_> {
    /// Whether the keys fit together, without what the files hold that they name.
    ///
    /// # Errors
    /// Which key is wrong, and why.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.encryption(self.ca_file.is_some(), self.server_certificate.is_some())?;
        let oauth = [
            self.client_id.is_some(),
            self.client_secret_file.is_some(),
            self.token_url.is_some(),
        ];
        match (self.token_file, oauth) {
            (_, [false, false, false]) | (None, [true, true, true]) => Ok(()),
            _ => Err(CREDENTIALS.to_owned()),
        }
    }

    /// Whether what is to be trusted is of any use.
    fn encryption(&self, authorities: bool, certificate: bool) -> Result<(), String> {
        let is_https = |url: &str| Ok::<_, String>(check_url(url)?.scheme() == "https");
        let encrypted = is_https(self.url)?;
        let tokens_encrypted = self.token_url.map(is_https).transpose();
        let tokens_encrypted = tokens_encrypted.map_err(|reason| format!("token_{reason}"))?;
        if authorities && !encrypted && tokens_encrypted != Some(true) {
            return Err(unencrypted("ca_file"));
        }
        if certificate && !encrypted {
            return Err(unencrypted("server_certificate"));
        }
        Ok(())
    }

    /// What the files hold that the section names.
    ///
    /// # Errors
    /// When one cannot be trusted or read.
    pub(crate) fn secrets(&self, at: Section<'_>) -> Result<Secrets, OpenError> {
        Ok(Secrets {
            token: at.secret("token_file", self.token_file)?,
            client_secret: at.secret("client_secret_file", self.client_secret_file)?,
            authorities: at.trusted("ca_file", self.ca_file)?,
            certificate: at.trusted("server_certificate", self.server_certificate)?,
        })
    }

    /// As whom we speak to the server.
    pub(crate) fn who(&self, secrets: &Secrets) -> String {
        match self.client_id {
            Some(client) => format!("the client {client}"),
            None if secrets.token.is_some() => "the bearer of its token".to_owned(),
            None => "nobody".to_owned(),
        }
    }

    /// The client that the section describes; what `options` say of limits holds.
    ///
    /// # Errors
    /// What is wrong with the URL, the authorities or the credentials.
    pub(crate) fn client(&self, options: Options, secrets: Secrets) -> Result<Http, String> {
        self.encryption(secrets.authorities.is_some(), secrets.certificate.is_some())?;
        // The token endpoint, if it is another server, has a certificate of its own.
        let elsewhere = self.token_url.filter(|token| !same_server(token, self.url));
        let for_tokens = match elsewhere {
            Some(_) => Trusted::from(secrets.authorities.clone()),
            None => Trusted::new(secrets.authorities.clone(), secrets.certificate.clone())?,
        };
        let trusted = match (elsewhere, secrets.certificate) {
            (Some(_), Some(certificate)) => Trusted::Certificate(certificate),
            _ => for_tokens.clone(),
        };
        let options = self.reaching(options, trusted);
        let of_tokens = Options {
            trusted: for_tokens,
            max_bytes: TOKEN_BYTES,
            shell: self.shell(self.for_tokens()),
            ..options.clone()
        };
        let auth = self.auth(&of_tokens, secrets.token, secrets.client_secret)?;
        Http::new(self.url, &options, auth)
    }

    /// How the server is reached and whom to trust, for kinds that say by themselves who they are; what `options` say of
    /// limits holds.
    ///
    /// # Errors
    /// What is wrong with the URL or the authorities.
    pub(crate) fn options(&self, options: Options, secrets: &Secrets) -> Result<Options, String> {
        self.encryption(secrets.authorities.is_some(), secrets.certificate.is_some())?;
        let trusted = Trusted::new(secrets.authorities.clone(), secrets.certificate.clone())?;
        Ok(self.reaching(options, trusted))
    }

    fn reaching(&self, options: Options, trusted: Trusted) -> Options {
        Options {
            trusted,
            proxy: self.proxy.map(str::to_owned),
            connect_timeout: Duration::from(self.connect_timeout),
            read_timeout: Duration::from(self.read_timeout),
            shell: self.shell(self.for_reading()),
            ..options
        }
    }

    /// What curl(1) is told besides the request.
    fn shell(&self, credentials: Credentials) -> Shell {
        Shell {
            credentials,
            trusted: self.ca_file.or(self.server_certificate).map(Into::into),
            proxy: self.proxy.map(str::to_owned),
        }
    }

    /// How a shell gets at what the server is shown.
    fn for_reading(&self) -> Credentials {
        match (self.token_file, self.client_id) {
            (Some(file), _) => Credentials::TokenFile(file.to_owned()),
            (None, Some(_)) => Credentials::Granted(AUTHORIZED),
            (None, None) => Credentials::None,
        }
    }

    /// The same at `token_url`.
    fn for_tokens(&self) -> Credentials {
        match (self.client_id, self.client_secret_file) {
            (Some(id), Some(file)) => Credentials::Client {
                id: id.to_owned(),
                file: file.to_owned(),
                style: self.client_auth,
            },
            _ => Credentials::None,
        }
    }

    /// How the client says who it is: by the first line of `token_file`, or by that of `client_secret_file` at `token_url`.
    fn auth(
        &self,
        options: &Options,
        token: Option<SecretString>,
        client_secret: Option<SecretString>,
    ) -> Result<Auth, String> {
        match (token, self.client_id, client_secret, self.token_url) {
            (None, None, None, None) => Ok(Auth::None),
            (Some(token), None, None, None) if token.expose_secret().is_empty() => {
                Err("token_file: its first line is empty".to_owned())
            }
            (Some(token), None, None, None) => Ok(Auth::Bearer(token)),
            (None, Some(id), Some(secret), Some(url)) => {
                let client = ClientCredentials::new(url, options, id, secret, self.client_auth)?;
                let client = client.with_scope(self.scope);
                Ok(Auth::Token(Box::new(client)))
            }
            _ => Err(CREDENTIALS.to_owned()),
        }
    }

    /// What the keys are called that remedies name.
    pub(crate) fn key_names(&self) -> KeyNames {
        KeyNames {
            place: "`url`",
            credentials: match (self.token_file, self.client_id) {
                (None, None) => "`token_file`, which is not set,".to_owned(),
                (Some(file), _) => format!("`token_file`{}", kind::oddity(Some(file))),
                _ => {
                    let odd = kind::oddity(self.client_secret_file);
                    format!("`client_id`, `token_url` and `client_secret_file`{odd}")
                }
            },
            base: "`url`",
            authorities: "`ca_file`",
            certificate: Some("server_certificate"),
            encryption: "`url` to an address with https://",
            ..KeyNames::default()
        }
    }
}

fn unencrypted(key: &str) -> String {
    format!("{key} is set, but the connection is not encrypted: use https://")
}

/// Whether two URLs lead to one server.
fn same_server(one: &str, other: &str) -> bool {
    match (check_url(one), check_url(other)) {
        (Ok(one), Ok(other)) => one.origin() == other.origin(),
        _ => false,
    }
}
