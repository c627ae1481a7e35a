//! Tokens of a confidential client: OAuth 2 client credentials (RFC 6749, 4.4) as Globus Auth has
//! them.
//!
//! One request gives a token for each resource server: one at the top of the answer, the others in
//! `other_tokens`. Which is for whom is told by `resource_server` and by nothing else: a token is
//! shown to its own server only. Id and secret go as they are into the Basic header, as the
//! official client does it. Never shows a token.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde::Deserialize;

use crate::providers::http::{Auth, Http, HttpError, HttpErrorKind, Options, Request, TokenSource};
use crate::system::clock;

/// Globus Groups, as tokens call it, and what we want to do there. What may only read may not be
/// enough to see the members of a group; the official command line asks for this, too.
pub(super) const GROUPS: Server = Server {
    name: "groups.api.globus.org",
    granted: r#"., .other_tokens[]? | select(.resource_server == "groups.api.globus.org") | .access_token"#,
    scope: "urn:globus:auth:scope:groups.api.globus.org:all",
};
/// Globus Auth, as tokens call it, and what we want to do there.
pub(super) const AUTH: Server = Server {
    name: "auth.globus.org",
    granted: r#"., .other_tokens[]? | select(.resource_server == "auth.globus.org") | .access_token"#,
    scope: "urn:globus:auth:scope:auth.globus.org:view_identities",
};

/// How long before its end a token is renewed.
const EARLY: u64 = 60;

/// A resource server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Server {
    name: &'static str,
    /// Where jq(1) finds its token in an answer.
    granted: &'static str,
    scope: &'static str,
}

impl Server {
    /// Where jq(1) finds its token in an answer.
    pub(super) fn granted(self) -> &'static str {
        self.granted
    }
}

/// The tokens of a client.
pub(super) struct Tokens {
    http: Http,
    kept: Mutex<BTreeMap<String, Token>>,
}

struct Token {
    secret: SecretString,
    until: Option<Instant>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    resource_server: String,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    other_tokens: Option<Vec<Granted>>,
}

impl Tokens {
    /// The tokens of client `id` at the Auth server `url`.
    ///
    /// # Errors
    /// What is wrong with the URL, the options or the secret.
    pub(super) fn new(
        url: &str,
        options: &Options,
        id: &str,
        secret: SecretString,
    ) -> Result<Arc<Self>, String> {
        let http = Http::new(url, options, Auth::Basic(id.to_owned(), secret))?;
        Ok(Arc::new(Self {
            http,
            kept: Mutex::default(),
        }))
    }

    /// How to be known to a server.
    pub(super) fn of(self: &Arc<Self>, server: Server) -> Auth {
        Auth::Token(Box::new(TokenOf {
            tokens: Arc::clone(self),
            server,
        }))
    }

    fn ask(&self, deadline: Option<Instant>) -> Result<BTreeMap<String, Token>, HttpError> {
        let http = deadline.map_or_else(|| self.http.clone(), |deadline| self.http.until(deadline));
        let scope = format!("{} {}", GROUPS.scope, AUTH.scope);
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", scope.as_str()),
        ];
        let request = Request::post(&["v2", "oauth2", "token"]).form(&form);
        // A token that nobody received does no harm.
        let mut first: Granted = http.send(&request.repeatable()).map_err(refused)?.json()?;
        let others = first.other_tokens.take().unwrap_or_default();
        let mut kept = BTreeMap::new();
        for granted in std::iter::once(first).chain(others) {
            let bearer = granted
                .token_type
                .is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
            let plain = !granted.access_token.is_empty()
                && granted.access_token.bytes().all(|b| b.is_ascii_graphic());
            if bearer && plain {
                let lasts = granted
                    .expires_in
                    .map(|seconds| Duration::from_secs(seconds.saturating_sub(EARLY)));
                let token = Token {
                    secret: granted.access_token.into(),
                    until: lasts.map(clock::deadline),
                };
                kept.insert(granted.resource_server, token);
            }
        }
        Ok(kept)
    }
}

/// Globus Auth answers a wrong secret with 400 or 401: either way it is us.
fn refused(mut error: HttpError) -> HttpError {
    if error.kind == HttpErrorKind::Refused {
        error.kind = HttpErrorKind::Unauthorised;
    }
    error
}

/// The token for one server.
struct TokenOf {
    tokens: Arc<Tokens>,
    server: Server,
}

impl TokenSource for TokenOf {
    fn token(&self, renew: bool, deadline: Option<Instant>) -> Result<SecretString, HttpError> {
        let mut kept = self
            .tokens
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = kept.get(self.server.name).filter(|_| !renew)
            && !token.until.is_some_and(clock::is_past)
        {
            return Ok(token.secret.clone());
        }
        *kept = self.tokens.ask(deadline)?;
        match kept.get(self.server.name) {
            Some(token) => Ok(token.secret.clone()),
            None => {
                let reason = format!(
                    "it gave no token for {}: does the client have this scope?",
                    self.server.name
                );
                Err(HttpError::new(
                    HttpErrorKind::Unauthorised,
                    self.tokens.http.base().as_str(),
                    reason,
                ))
            }
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("url", &self.http.base().as_str())
            .finish_non_exhaustive()
    }
}
