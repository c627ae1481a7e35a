//! Keys from a URL for each person, such as a forge's `/LOGIN.keys`.
//!
//! 404 and 410 mean that the person is not known there. Any other failure leaves the person's keys
//! unknown; when it looks like the server's and not like the person's, several times in a row,
//! nobody else is asked for.

use std::time::{Duration, Instant};

use super::template::Template;
use super::{Answer, KeySource, decode};
use crate::model::{FieldSource, User};
use crate::providers::http::{Auth, Http, HttpError, HttpErrorKind, Options, Request};
use crate::system::tls::Trusted;

/// How many requests in a row may fail before the server is left alone.
const MAX_FAILURES: u32 = 3;

/// Where keys are.
#[derive(Debug)]
pub(super) struct KeysUrl {
    http: Http,
    template: Template,
}

impl KeysUrl {
    pub(super) fn new(
        template: Template,
        trusted: Trusted,
        proxy: Option<String>,
    ) -> Result<Self, String> {
        let options = Options {
            trusted,
            proxy,
            read_timeout: Duration::from_secs(10),
            tries: 3,
            max_bytes: 256 << 10,
            ..Options::default()
        };
        let http = Http::new(template.origin(), &options, Auth::None)
            .map_err(|e| format!("keys_url: {e}"))?;
        Ok(Self { http, template })
    }

    /// Begins a run that ends at `deadline`.
    pub(super) fn open(&self, deadline: Instant) -> Requests<'_> {
        Requests {
            http: self.http.until(deadline),
            template: &self.template,
            failures: 0,
            given_up: None,
        }
    }
}

/// The requests of one run.
pub(super) struct Requests<'a> {
    http: Http,
    template: &'a Template,
    failures: u32,
    given_up: Option<String>,
}

impl KeySource for Requests<'_> {
    fn place(&self) -> String {
        self.template.as_str().to_owned()
    }

    fn kind(&self) -> FieldSource {
        FieldSource::KeysUrl
    }

    fn ask(&mut self, user: &User) -> Answer {
        if let Some(reason) = &self.given_up {
            return Answer::Unknown(reason.clone());
        }
        let address = match self.template.expand(user) {
            Ok(Some(address)) => address,
            Ok(None) => return Answer::Nothing,
            Err(reason) => return Answer::Unknown(reason),
        };
        match self.get(&address) {
            Ok((200, body)) => {
                self.failures = 0;
                let text =
                    std::str::from_utf8(&body).map_err(|_| "the answer is not UTF-8".to_owned());
                text.and_then(decode::keys)
                    .map_or_else(Answer::Unknown, Answer::Keys)
            }
            // Nobody sent a list with these, not even an empty one.
            Ok((status, _)) => Answer::Unknown(format!("it answered {status}")),
            Err(error) if matches!(error.status, Some(404 | 410)) => {
                self.failures = 0;
                Answer::Nothing
            }
            Err(error) => {
                self.count(&error);
                Answer::Unknown(error.reason.to_string())
            }
        }
    }
}

impl Requests<'_> {
    fn get(&self, address: &str) -> Result<(u16, Vec<u8>), HttpError> {
        let link = self.http.link(address)?;
        let answer = self.http.send(
            &Request::link(link)
                .any_type()
                .header("accept", "text/plain"),
        )?;
        Ok((answer.status, answer.body().to_vec()))
    }

    /// Gives up where the next person would fare no better.
    fn count(&mut self, error: &HttpError) {
        self.failures = match error.kind {
            HttpErrorKind::RateLimited => MAX_FAILURES,
            HttpErrorKind::Unauthorised if error.status.is_none() => MAX_FAILURES,
            HttpErrorKind::Unreachable => self.failures + 1,
            _ => 0,
        };
        if self.failures >= MAX_FAILURES {
            self.given_up = Some(error.reason.to_string());
        }
    }
}
