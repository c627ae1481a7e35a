//! HTTP for every provider that speaks it: one client with one set of rules. RFC 9110 and 9112.
//!
//! It sends to one origin only, over TLS 1.2 or later (without TLS to this machine only), follows
//! no redirect and no link that leads elsewhere, takes nothing from the environment, has a limit
//! for everything, tries again what may be tried again, and renews a token once. It must not know
//! what a provider means by an answer, and must not show a secret or more than a line of what a
//! server wrote. `origin`, `retry`, `request` and `shell` are pure; `exchange` speaks to the server; `oauth`
//! is RFC 6749; `access` are the keys that every kind over HTTP has.

mod access;
mod error;
mod exchange;
mod oauth;
mod origin;
mod request;
mod retry;
mod shell;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};

use crate::system::memory;
use crate::system::tls::{self, Trusted};

pub use self::access::Secrets;
pub(crate) use self::access::{Access, CONNECT_TIMEOUT, READ_TIMEOUT};
pub use self::error::{HttpError, HttpErrorKind};
pub use self::oauth::{ClientAuth, ClientCredentials};
pub(crate) use self::origin::check_url;
pub(crate) use self::request::Answer;
pub use self::request::Request;
pub(crate) use self::shell::{Credentials, Shell};

/// How long a connection is kept that nobody uses. Servers close them sooner or later, and not
/// always at a good moment.
const IDLE: Duration = Duration::from_secs(15);

/// After how many bytes of an answer memory is looked at again.
const LOOK: usize = 1 << 20;

/// What a client may do; the defaults are for a server somewhere on the network.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whom to trust.
    pub trusted: Trusted,
    /// The proxy to go through, such as `http://proxy.example.org:3128`. `None`: none, whatever the
    /// environment says.
    pub proxy: Option<String>,
    /// How long it may take to connect and to agree on TLS.
    pub connect_timeout: Duration,
    /// How long nothing may come.
    pub read_timeout: Duration,
    /// How often a request is sent at most.
    pub tries: u32,
    /// The pause after the first failure; each one after that is up to twice as long.
    pub first_pause: Duration,
    /// How many bytes an answer may have, after decompression.
    pub max_bytes: usize,
    /// How many bytes all answers of one read may have together, after decompression.
    pub max_read: u64,
    /// How many pages a listing may have.
    pub max_pages: usize,
    /// How many objects a listing may have.
    pub max_objects: usize,
    /// Whether the provider knows an answer again that it was given before: then a run that asks may leave a stamp.
    pub knows_again: bool,
    /// How curl(1) would ask.
    pub shell: Shell,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            trusted: Trusted::System,
            proxy: None,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            tries: 5,
            first_pause: Duration::from_millis(500),
            max_bytes: 64 << 20,
            max_read: 1 << 30,
            max_pages: 100_000,
            max_objects: 5_000_000,
            knows_again: false,
            shell: Shell::default(),
        }
    }
}

/// Who we are to the server.
pub enum Auth {
    /// Nobody.
    None,
    /// Whoever holds this token (RFC 6750).
    Bearer(SecretString),
    /// A name and a password (RFC 7617), sent as they are.
    Basic(String, SecretString),
    /// Whoever holds the token that can be had there.
    Token(Box<dyn TokenSource>),
}

/// Where bearer tokens come from that do not last.
pub trait TokenSource: Send + Sync {
    /// A token. `renew`: the one given before is not accepted any more.
    ///
    /// # Errors
    /// When none can be had before the deadline.
    fn token(&self, renew: bool, deadline: Option<Instant>) -> Result<SecretString, HttpError>;
}

/// A client of one origin. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    shared: Arc<Shared>,
    deadline: Option<Instant>,
    /// How many bytes came in this read.
    came: Arc<AtomicU64>,
}

struct Shared {
    client: reqwest::Client,
    /// What the library works on while somebody waits for it; there is always one.
    runtime: Option<Runtime>,
    base: Url,
    options: Options,
    auth: Auth,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // A look-up of a name that hangs must not keep the program.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Http {
    /// A client for what is below `base`, such as `https://scim.example.org/v2`. Connects to nobody
    /// yet.
    ///
    /// # Errors
    /// What is wrong with the URL, the authorities, the proxy or the secret.
    pub fn new(base: &str, options: &Options, auth: Auth) -> Result<Self, String> {
        let base = check_url(base)?;
        match &auth {
            Auth::Bearer(secret) => check_token(secret)?,
            Auth::Basic(name, _) if name.contains(':') => {
                return Err("the name for the server has a colon".to_owned());
            }
            _ => {}
        }
        let encrypted = base.scheme() == "https";
        // Without TLS nobody has to be trusted, and a machine may have no authorities.
        let tls = if encrypted {
            tls::config(&options.trusted)?
        } else {
            tls::nobody()?
        };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured((*tls).clone())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("gosync/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.read_timeout);
        if let Some(proxy) = &options.proxy {
            builder = builder.proxy(origin::proxy(proxy, encrypted)?);
        }
        let client = builder
            .build()
            .map_err(|_| "the HTTP client cannot be set up".to_owned())?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = Some(runtime.map_err(|e| format!("the HTTP client cannot be set up: {e}"))?);
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                runtime,
                base,
                options: options.clone(),
                auth,
            }),
            deadline: None,
            came: Arc::default(),
        })
    }

    /// The same client for one read, whose requests must have ended at `deadline`, with all that is
    /// tried again.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            deadline: Some(deadline),
            came: Arc::default(),
        }
    }

    /// Counts what comes of an answer of which `body` has come before.
    ///
    /// # Errors
    /// When it is more than one read may have, or than there is memory for.
    fn count(&self, body: &[u8], more: usize) -> Result<(), HttpError> {
        let too_much =
            |reason| HttpError::new(HttpErrorKind::TooMuch, self.base().as_str(), reason);
        let came = self.came.fetch_add(more as u64, Ordering::Relaxed) + more as u64;
        let most = self.shared.options.max_read;
        if came > most {
            return Err(too_much(format!(
                "its answers have more than {most} bytes together"
            )));
        }
        // Memory is looked at with each answer, and again as it grows.
        if body.is_empty() || body.len() / LOOK != (body.len() + more) / LOOK {
            memory::room_for(body.len() as u64).map_err(|e| too_much(e.to_string()))?;
        }
        Ok(())
    }

    /// What all requests are below.
    pub fn base(&self) -> &Url {
        &self.shared.base
    }

    /// Sends a request. An answer is one with a status of 2xx, or 304.
    ///
    /// # Errors
    /// Every other status, with the answer's body; and whatever else went wrong.
    pub fn send(&self, request: &Request<'_>) -> Result<Answer, HttpError> {
        exchange::send(self, request)
    }

    /// Reads a JSON document. `path` is below the base, one name each; `query` is encoded.
    ///
    /// # Errors
    /// As [`Http::send`]; and when the document does not fit.
    pub fn get_json<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, HttpError> {
        self.send(&Request::get(path).queries(query))?.json()
    }

    /// Checks a link in an answer, which may be relative to the base; send it as [`Request::link`].
    ///
    /// # Errors
    /// When it leads to another origin.
    pub fn link(&self, link: &str) -> Result<Url, HttpError> {
        origin::same(self.base(), self.base(), link)
            .map_err(|reason| HttpError::malformed(self.base().as_str(), reason))
    }

    /// Begins to count the pages of a listing.
    pub fn listing(&self) -> Listing {
        let Options {
            max_pages,
            max_objects,
            ..
        } = self.shared.options;
        Listing {
            pages: 0,
            objects: 0,
            seen: BTreeSet::new(),
            max_pages,
            max_objects,
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("base", &self.base().as_str())
            .finish_non_exhaustive()
    }
}

/// How far a listing has come; stops one that has no end.
#[derive(Debug)]
pub struct Listing {
    pages: usize,
    objects: usize,
    seen: BTreeSet<String>,
    max_pages: usize,
    max_objects: usize,
}

impl Listing {
    /// Counts a page with so many objects.
    ///
    /// # Errors
    /// When it is one too many.
    pub fn page(&mut self, objects: usize) -> Result<(), String> {
        self.pages += 1;
        self.objects = self.objects.saturating_add(objects);
        match (self.pages > self.max_pages, self.objects > self.max_objects) {
            (true, _) => Err(format!("it sent more than {} pages", self.max_pages)),
            (_, true) => Err(format!("it sent more than {} objects", self.max_objects)),
            _ => Ok(()),
        }
    }

    /// Remembers a marker that says where the next page begins.
    ///
    /// # Errors
    /// When it came before: the listing would go in circles.
    pub fn marker(&mut self, marker: &str) -> Result<(), String> {
        match self.seen.insert(marker.to_owned()) {
            true => Ok(()),
            false => Err("its pages go in circles".to_owned()),
        }
    }

    /// How many pages came so far.
    pub fn pages(&self) -> usize {
        self.pages
    }

    /// How many objects came so far.
    pub fn objects(&self) -> usize {
        self.objects
    }
}

/// A token that can stand in a header.
fn check_token(secret: &SecretString) -> Result<(), String> {
    let token = secret.expose_secret();
    match !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(()),
        false => Err("the token is empty, or has characters that no token has".to_owned()),
    }
}
