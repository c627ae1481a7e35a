//! Tokens by OAuth 2 client credentials: RFC 6749, 4.4.
//!
//! One value for each scope and server; it keeps its token until that expires or is not accepted
//! any more.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::error::HttpError;
use super::request::{Request, encoded};
use super::{Auth, Http, Options, TokenSource, check_token};
use crate::system::clock;

/// How long before its end a token is renewed.
const EARLY: u64 = 30;

/// How the client says who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// In the Authorization header, id and secret encoded as in a form before that (RFC 6749,
    /// 2.3.1).
    #[default]
    Basic,
    /// In the Authorization header as they are, which some servers want instead.
    BasicRaw,
    /// In the body.
    Post,
}

/// Client credentials, and the token they gave.
pub struct ClientCredentials {
    http: Http,
    id: String,
    secret: SecretString,
    scope: Option<String>,
    style: ClientAuth,
    token: Mutex<Option<(SecretString, Option<Instant>)>>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    token_type: Option<String>,
    // Some write the number as text.
    #[serde(default)]
    expires_in: serde_json::Value,
}

impl ClientCredentials {
    /// The client `id` at the token endpoint `url`.
    ///
    /// # Errors
    /// What is wrong with the URL, the secret or the options.
    pub fn new(
        url: &str,
        options: &Options,
        id: &str,
        secret: SecretString,
        style: ClientAuth,
    ) -> Result<Self, String> {
        if secret.expose_secret().is_empty() {
            return Err("the client's secret is empty".to_owned());
        }
        let auth = match style {
            ClientAuth::Basic => Auth::Basic(encoded(id), encoded(secret.expose_secret()).into()),
            ClientAuth::BasicRaw => Auth::Basic(id.to_owned(), secret.clone()),
            ClientAuth::Post => Auth::None,
        };
        let http = Http::new(url, options, auth).map_err(|reason| format!("token_{reason}"))?;
        Ok(Self {
            http,
            id: id.to_owned(),
            secret,
            scope: None,
            style,
            token: Mutex::new(None),
        })
    }

    /// The same, which asks for this scope; several are separated by blanks.
    #[must_use]
    pub fn with_scope(self, scope: Option<&str>) -> Self {
        let scope = scope.map(str::to_owned);
        Self { scope, ..self }
    }

    fn ask(&self, deadline: Option<Instant>) -> Result<(SecretString, Option<Instant>), HttpError> {
        let mut fields = vec![("grant_type", "client_credentials")];
        fields.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        if self.style == ClientAuth::Post {
            fields.extend([
                ("client_id", self.id.as_str()),
                ("client_secret", self.secret.expose_secret()),
            ]);
        }
        let http = deadline.map_or_else(|| self.http.clone(), |deadline| self.http.until(deadline));
        // A token that nobody received does no harm.
        let answer = http.send(&Request::post(&[]).form(&fields).repeatable())?;
        let granted: Granted = answer.json()?;
        let malformed = |reason: String| HttpError::malformed(http.base().as_str(), reason);
        if granted
            .token_type
            .is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
        {
            return Err(malformed("the token it gave is no bearer token".to_owned()));
        }
        let token = SecretString::from(granted.access_token);
        check_token(&token).map_err(malformed)?;
        let expires = &granted.expires_in;
        let lasts = expires.as_u64().or_else(|| expires.as_str()?.parse().ok());
        let until = lasts
            .map(|seconds| clock::deadline(Duration::from_secs(seconds.saturating_sub(EARLY))));
        Ok((token, until))
    }
}

impl TokenSource for ClientCredentials {
    fn token(&self, renew: bool, deadline: Option<Instant>) -> Result<SecretString, HttpError> {
        let mut kept = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((token, until)) if !renew && !until.is_some_and(clock::is_past) => {
                Ok(token.clone())
            }
            _ => {
                let (token, until) = self.ask(deadline)?;
                *kept = Some((token.clone(), until));
                Ok(token)
            }
        }
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("url", &self.http.base().as_str())
            .finish_non_exhaustive()
    }
}
