//! One request and its answer, with all that is tried again in between.
//!
//! Sent again is what did not reach the server, what it answered with 429, and, if the request may
//! be repeated, what it answered with 502, 503 or 504 or not to the end. Never after the deadline,
//! and not if the server asks for a longer pause than is left.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use super::error::{self, HttpError, HttpErrorKind};
use super::request::{Answer, Request, Target, is_html, is_json};
use super::shell::Asked;
use super::{Auth, Http, origin, retry};
use crate::model::shown;
use crate::model::text::without_mark;
use crate::system::{clock, inputs, traffic};

/// How many redirects are followed, one after the other.
const HOPS: usize = 5;
/// How much of an answer is read that says what went wrong.
const ERROR_BYTES: usize = 64 << 10;
/// How long a request may take where nobody set a deadline.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(300);

/// How long idle connections have to learn that they were closed, before a request that must not be
/// sent twice.
const SETTLE: Duration = Duration::from_millis(2);

/// How one try ended.
enum Try {
    Done(Answer),
    Redirect(Url),
    Failed(Failure),
}

struct Failure {
    error: HttpError,
    again: Again,
    /// How long the server wants us to wait.
    after: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    /// It would end the same way.
    No,
    /// The server may have acted on it.
    IfRepeatable,
    /// The server has not acted on it.
    Yes,
}

impl Failure {
    fn new(error: HttpError, again: Again) -> Self {
        Self {
            error,
            again,
            after: None,
        }
    }
}

/// Sends a request until it is answered or nothing helps any more.
pub(super) fn send(http: &Http, request: &Request<'_>) -> Result<Answer, HttpError> {
    if !http.shared.options.knows_again {
        inputs::note_unseen();
    }
    let mut url = target(http.base(), request)?;
    let deadline = http
        .deadline
        .unwrap_or_else(|| clock::deadline(WITHOUT_DEADLINE));
    let (mut hops, mut failures, mut renewed) = (0, 0, false);
    let mut token = token(http, false, deadline)?;
    loop {
        let failure = match attempt(http, request, &url, token.as_ref(), deadline) {
            Try::Done(answer) => return Ok(answer),
            Try::Redirect(to) => {
                hops += 1;
                if hops > HOPS {
                    return Err(HttpError::malformed(
                        origin::place(&url),
                        "it redirects without end",
                    ));
                }
                url = to;
                continue;
            }
            Try::Failed(failure) => failure,
        };
        if failure.error.status == Some(401)
            && matches!(http.shared.auth, Auth::Token(_))
            && !renewed
        {
            renewed = true;
            tracing::debug!(place = %shown(&origin::place(&url)), "the token is not accepted any more");
            token = self::token(http, true, deadline)?;
            continue;
        }
        failures += 1;
        let may = failure.again == Again::Yes
            || (failure.again == Again::IfRepeatable && request.repeatable);
        if !may || failures >= http.shared.options.tries {
            return Err(failure.error);
        }
        let random = RandomState::new().build_hasher().finish();
        let pause = retry::pause(http.shared.options.first_pause, failures, random);
        let pause = failure.after.map_or(pause, |after| after.max(pause));
        if pause >= clock::left(deadline) {
            return Err(failure.error);
        }
        tracing::debug!(error = %failure.error, ?pause, "trying again");
        clock::sleep_until(Some(deadline), pause);
    }
}

/// Where a request goes first.
fn target(base: &Url, request: &Request<'_>) -> Result<Url, HttpError> {
    let url = match &request.target {
        Target::Path(path) => origin::below(base, path, &request.query),
        // Whoever made the link may have forgotten to check it.
        Target::Link(link) => origin::same(base, base, link.as_str()),
    };
    url.map_err(|reason| HttpError::malformed(origin::place(base), reason))
}

/// The token for the next try, where tokens have to be had.
fn token(http: &Http, renew: bool, deadline: Instant) -> Result<Option<SecretString>, HttpError> {
    match &http.shared.auth {
        Auth::Token(source) => source.token(renew, Some(deadline)).map(Some),
        _ => Ok(None),
    }
}

/// A request with its headers and its body.
fn builder(
    http: &Http,
    request: &Request<'_>,
    url: &Url,
    token: Option<&SecretString>,
) -> reqwest::RequestBuilder {
    let client = &http.shared.client;
    let mut builder = client.request(request.method.clone(), url.clone());
    builder = match (&http.shared.auth, token) {
        (_, Some(token)) | (Auth::Bearer(token), None) => {
            builder.bearer_auth(token.expose_secret())
        }
        (Auth::Basic(name, password), None) => {
            builder.basic_auth(name, Some(password.expose_secret()))
        }
        _ => builder,
    };
    if request.json
        && !request
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("accept"))
    {
        builder = builder.header(ACCEPT, "application/json");
    }
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    if let Some((media_type, body)) = &request.body {
        builder = builder.header(CONTENT_TYPE, *media_type).body(body.clone());
    }
    builder
}

/// Sends a request once.
fn attempt(
    http: &Http,
    request: &Request<'_>,
    url: &Url,
    token: Option<&SecretString>,
    deadline: Instant,
) -> Try {
    let place = origin::place(url);
    let left = clock::left(deadline);
    if left.is_zero() {
        let error = HttpError::new(HttpErrorKind::Unreachable, place, "the time limit ran out");
        return Try::Failed(Failure::new(error, Again::No));
    }
    let Ok(built) = builder(http, request, url, token).timeout(left).build() else {
        return Try::Failed(Failure::new(
            HttpError::malformed(place, "the request cannot be built"),
            Again::No,
        ));
    };
    let secrets = secrets(http, token, built.headers().get(AUTHORIZATION));
    tracing::debug!(method = %request.method, place = %shown(&place), "asking");
    log(http, request, &built, &secrets);
    traffic::count();
    let Some(runtime) = &http.shared.runtime else {
        return Try::Failed(Failure::new(
            HttpError::malformed(place, "the client has ended"),
            Again::No,
        ));
    };
    runtime.block_on(async {
        if !request.repeatable {
            // The runtime stood still since the last request. Connections that were closed
            // meanwhile learn of it now, and not while this one is on its way.
            tokio::time::sleep(SETTLE).await;
        }
        match http.shared.client.execute(built).await {
            Ok(response) => read(http, request, url, response, &secrets).await,
            Err(e) => unsent(&place, &e),
        }
    })
}

/// Writes a request that reads into the log, as a line for a shell: what changes something must not be pasted by mistake.
fn log(http: &Http, request: &Request<'_>, built: &reqwest::Request, secrets: &[SecretString]) {
    let reads =
        request.method == Method::GET || (request.method == Method::POST && request.repeatable);
    if reads && tracing::enabled!(tracing::Level::DEBUG) {
        let headers = built.headers().iter();
        let headers = headers.filter(|(name, _)| **name != AUTHORIZATION);
        let line = http.shared.options.shell.line(&Asked {
            url: built.url().as_str(),
            headers: headers
                .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
                .collect(),
            body: request.body.as_ref().map(|(_, body)| body.as_slice()),
        });
        // A server may repeat a secret in a link.
        let line = scrub(line.as_bytes(), secrets);
        tracing::debug!("{}", String::from_utf8_lossy(&line));
    }
}

/// A request to which no answer began.
fn unsent(place: &str, e: &reqwest::Error) -> Try {
    // A certificate that is not trusted will not be trusted a second later.
    let error = error::transport(place, e);
    let again = match (error.kind, e.is_connect()) {
        (HttpErrorKind::Unreachable, true) => Again::Yes,
        (HttpErrorKind::Unreachable, false) => Again::IfRepeatable,
        _ => Again::No,
    };
    Try::Failed(Failure::new(error, again))
}

/// What must not be shown, should the server repeat it.
fn secrets(
    http: &Http,
    token: Option<&SecretString>,
    header: Option<&HeaderValue>,
) -> Vec<SecretString> {
    let mut secrets: Vec<SecretString> = token.cloned().into_iter().collect();
    match &http.shared.auth {
        Auth::Bearer(secret) | Auth::Basic(_, secret) => secrets.push(secret.clone()),
        Auth::None | Auth::Token(_) => {}
    }
    let credentials = header.and_then(|value| value.to_str().ok()?.split_once(' '));
    secrets.extend(credentials.map(|(_, credentials)| SecretString::from(credentials)));
    secrets
}

fn failed(error: HttpError, again: Again) -> Try {
    Try::Failed(Failure::new(error, again))
}

/// Reads the answer.
async fn read(
    http: &Http,
    request: &Request<'_>,
    url: &Url,
    mut response: Response,
    secrets: &[SecretString],
) -> Try {
    let place = origin::place(url);
    let status = response.status();
    let unusable = |reason| failed(HttpError::malformed(place.as_str(), reason), Again::No);
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        let next = redirect(http, request, url, &response);
        let refused = |reason| unusable(format!("it answered {status}: {reason}"));
        return next.map_or_else(refused, Try::Redirect);
    }
    let fine = status.is_success() || status == StatusCode::NOT_MODIFIED;
    let limit = match fine {
        true => http.shared.options.max_bytes,
        false => ERROR_BYTES,
    };
    let headers = response.headers().clone();
    let media_type = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let mut body = Vec::new();
    let whole = match content(http, &mut response, &mut body, limit).await {
        Ok(whole) => whole,
        Err(error) => return failed(error, Again::No),
    };
    tracing::debug!(status = status.as_u16(), bytes = body.len(), place = %shown(&place), "answered");
    if !fine {
        body.truncate(limit);
        let words = scrub(&body, secrets);
        return Try::Failed(refusal(&place, status, media_type, &headers, words));
    }
    if let Err(e) = whole {
        return failed(broken_off(http, place.clone(), &e), Again::IfRepeatable);
    }
    if body.len() > limit {
        let reason = format!("its answer has more than {limit} bytes");
        let error = HttpError::new(HttpErrorKind::TooLong, place, reason);
        return failed(error, Again::No);
    }
    if request.json && !body.is_empty() && !looks_like_json(media_type, &body) {
        let kind: String = media_type.unwrap_or("something").chars().take(80).collect();
        return unusable(format!("it sent {kind} instead of JSON"));
    }
    Try::Done(Answer {
        status: status.as_u16(),
        place,
        headers,
        body,
    })
}

/// Reads an answer's body, until it is longer than `limit`; says whether it came to its end. What
/// comes out of the decompression is counted, not what comes over the wire.
///
/// # Errors
/// When it is more than the read may have, or than there is memory for.
async fn content(
    http: &Http,
    response: &mut Response,
    body: &mut Vec<u8>,
    limit: usize,
) -> Result<Result<(), reqwest::Error>, HttpError> {
    while body.len() <= limit {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                http.count(body, chunk.len())?;
                body.extend_from_slice(&chunk);
            }
            Ok(None) => break,
            Err(e) => return Ok(Err(e)),
        }
    }
    Ok(Ok(()))
}

/// An answer that did not come to its end.
fn broken_off(http: &Http, place: String, e: &reqwest::Error) -> HttpError {
    let reason = match (http.deadline.is_some_and(clock::is_past), e.is_timeout()) {
        (true, _) => "the time limit ran out",
        (false, true) => "its answer did not come in time",
        (false, false) => "its answer broke off or is damaged",
    };
    HttpError::new(HttpErrorKind::Unreachable, place, reason)
}

/// An answer without a type, or of another one than JSON's, is taken for JSON if it begins like that; a page for people
/// never is.
fn looks_like_json(media_type: Option<&str>, body: &[u8]) -> bool {
    let begins_so = || {
        let body = without_mark(body).trim_ascii_start();
        matches!(body.first(), Some(b'{' | b'['))
    };
    match media_type {
        Some(media_type) if is_json(media_type) => true,
        Some(media_type) if is_html(media_type) => false,
        _ => begins_so(),
    }
}

/// Where a redirect leads, if we may go there.
fn redirect(
    http: &Http,
    request: &Request<'_>,
    url: &Url,
    response: &Response,
) -> Result<Url, String> {
    if request.method != Method::GET {
        return Err("it redirects, which is followed only where something is read".to_owned());
    }
    let location = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok());
    origin::same(
        http.base(),
        url,
        location.ok_or("it does not say where to go")?,
    )
}

/// A status that means failure.
fn refusal(
    place: &str,
    status: StatusCode,
    media_type: Option<&str>,
    headers: &HeaderMap,
    body: Vec<u8>,
) -> Failure {
    let after = retry::wished(headers, clock::now());
    let json = media_type.is_some_and(is_json);
    // Some say 403 where others say 429, and tell it by when they want to be asked again.
    let is_limit = status == StatusCode::FORBIDDEN && after.is_some();
    let error = match is_limit {
        true => HttpError::limited(place, status, json, body),
        false => HttpError::status(place, status, json, body),
    };
    let again = match (status.as_u16(), is_limit) {
        (429, _) | (_, true) => Again::Yes,
        (502..=504, _) => Again::IfRepeatable,
        _ => Again::No,
    };
    Failure {
        error,
        again,
        after,
    }
}

/// The text without our secrets. One that is shorter than this would leave nothing of an ordinary
/// text.
fn scrub(body: &[u8], secrets: &[SecretString]) -> Vec<u8> {
    const SHORTEST: usize = 4;
    let mut text = String::from_utf8_lossy(body).into_owned();
    for secret in secrets
        .iter()
        .map(ExposeSecret::expose_secret)
        .filter(|secret| secret.len() >= SHORTEST)
    {
        text = text.replace(secret, "[secret]");
    }
    text.into_bytes()
}
