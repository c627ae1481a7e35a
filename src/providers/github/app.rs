//! Tokens of a GitHub App: a JSON Web Token that its key signs (RFC 7519, RS256) is given for one that lasts an hour
//! (docs.github.com, authenticating as a GitHub App installation).
//!
//! Shows neither key nor token.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::json;

use super::decode;
use crate::model::text::base64;
use crate::providers::http::{
    Auth, Credentials, Http, HttpError, HttpErrorKind, Options, Request, TokenSource,
};
use crate::system::clock;
use crate::system::rs256::Rs256;

/// How long a token is used: it lasts an hour.
const LASTS: Duration = Duration::from_secs(50 * 60);
/// From when to when the signed token is good, in seconds from now: ten minutes are the most, and clocks differ.
const GOOD: (i64, i64) = (-60, 8 * 60);

/// An app, in an installation of it.
pub(super) struct App {
    http: Http,
    installation: String,
    token: Mutex<Option<(SecretString, Instant)>>,
}

impl App {
    /// The app `id` with its key, in PEM.
    ///
    /// # Errors
    /// What is wrong with the URL or the key.
    pub(super) fn new(
        url: &str,
        options: &Options,
        id: u64,
        installation: u64,
        pem: &[u8],
    ) -> Result<Arc<Self>, String> {
        let key = Rs256::new(pem).map_err(|reason| format!("key_file: {reason}"))?;
        let auth = Auth::Token(Box::new(Signed { id, key }));
        let mut options = options.clone();
        options.shell.credentials = Credentials::Signed;
        Ok(Arc::new(Self {
            http: Http::new(url, &options, auth)?,
            installation: installation.to_string(),
            token: Mutex::default(),
        }))
    }

    /// How the app is known to the API.
    pub(super) fn auth(self: &Arc<Self>) -> Auth {
        Auth::Token(Box::new(Installed(Arc::clone(self))))
    }

    fn ask(&self, deadline: Option<Instant>) -> Result<SecretString, HttpError> {
        let http = deadline.map_or_else(|| self.http.clone(), |deadline| self.http.until(deadline));
        let path = ["app", "installations", &self.installation, "access_tokens"];
        // A token that nobody received does no harm.
        let answer = http.send(&Request::post(&path).repeatable())?;
        let place = http.base().as_str();
        let granted = decode::granted(answer.body());
        let (token, sees_members) =
            granted.map_err(|reason| HttpError::malformed(place, reason))?;
        match sees_members {
            true => Ok(token),
            false => Err(HttpError::new(
                HttpErrorKind::Unauthorised,
                place,
                "the app may not see who is in the organisation: it needs the permission `Members`, to read",
            )),
        }
    }
}

/// Who holds the token of the installation.
struct Installed(Arc<App>);

impl TokenSource for Installed {
    fn token(&self, renew: bool, deadline: Option<Instant>) -> Result<SecretString, HttpError> {
        let kept = self.0.token.lock();
        let mut kept = kept.unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((token, until)) if !renew && !clock::is_past(*until) => Ok(token.clone()),
            _ => {
                let token = self.0.ask(deadline)?;
                *kept = Some((token.clone(), clock::deadline(LASTS)));
                Ok(token)
            }
        }
    }
}

/// Who has the key of the app.
struct Signed {
    id: u64,
    key: Rs256,
}

impl TokenSource for Signed {
    fn token(&self, _renew: bool, _deadline: Option<Instant>) -> Result<SecretString, HttpError> {
        let failed = |reason| HttpError::new(HttpErrorKind::Unauthorised, "key_file", reason);
        signed(self.id, &self.key, clock::now())
            .map(SecretString::from)
            .map_err(failed)
    }
}

/// The signed token of an app.
fn signed(id: u64, key: &Rs256, now: i64) -> Result<String, String> {
    let (from, until) = GOOD;
    let head = json!({"alg": "RS256", "typ": "JWT"});
    let claims = json!({"iat": now + from, "exp": now + until, "iss": id.to_string()});
    let part = |value: &serde_json::Value| base64url(value.to_string().as_bytes());
    let text = format!("{}.{}", part(&head), part(&claims));
    let signature = key.sign(text.as_bytes())?;
    Ok(format!("{text}.{}", base64url(&signature)))
}

/// Bytes as text that can stand in a token: RFC 4648, 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    let text = base64(bytes);
    let text = text.trim_end_matches('=');
    text.replace('+', "-").replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_the_rfc_has_it() {
        // RFC 4648, 10; and the two letters that differ from those of a MIME text.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }
}
