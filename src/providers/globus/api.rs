//! The requests that gosync makes of Globus Groups (API v2) and Globus Auth: one function each.
//!
//! Nothing here has pages: whatever is asked for comes as one document, whole or not at all.
//! Decides nothing. Paths and parameters: the OpenAPI document of Globus Groups, globus-sdk 4.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::decode::{self, Head, Identity, Listed, Reply};
use super::settings::Config;
use super::tokens::{self, Tokens};
use crate::model::{RejectedRecord, RemoteId};
use crate::providers::http::{
    Answer, ClientAuth, Credentials, Http, HttpError, Options, Request, Shell,
};
use crate::system::pool;

/// How many identities are asked for at a time: as many as the official client asks for.
pub(super) const BATCH: usize = 100;
/// How many bytes of usernames are asked for at a time; the whole has to fit into a URL.
pub(super) const BATCH_BYTES: usize = 3000;
/// How many requests are under way at once: one after the other, hundreds of groups would take
/// minutes; few, since the service has limits that it does not tell.
const AT_ONCE: usize = 4;
/// The largest answer: a group with half a million members.
const MAX_BYTES: usize = 256 << 20;

/// Asks for each item, a few at a time; `seen` is told of each answer as it comes. The results are
/// in the order of the items; `None`: it was not asked for any more, because a server could not be
/// reached for another.
pub(super) fn each<T: Sync, R: Send>(
    items: &[T],
    ask: impl Fn(&T) -> Result<R, HttpError> + Sync,
    mut seen: impl FnMut(&R),
) -> Vec<Option<Result<R, HttpError>>> {
    let unless_lost = |answer: &Result<R, HttpError>| match answer {
        Err(error) if error.status.is_none() => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let tell = |answer: &Result<R, HttpError>| {
        if let Ok(answer) = answer {
            seen(answer);
        }
    };
    pool::map(items, AT_ONCE, ask, unless_lost, tell)
}

/// A connection to both servers.
#[derive(Clone, Debug)]
pub(super) struct Api {
    groups: Http,
    auth: Http,
}

impl Api {
    /// Connects to nobody yet.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub(super) fn new(
        config: &Config,
        secret: SecretString,
        ca_pem: Option<Vec<u8>>,
    ) -> Result<Self, String> {
        let options = Options {
            trusted: ca_pem.into(),
            proxy: config.proxy.clone(),
            max_bytes: MAX_BYTES,
            knows_again: true,
            ..Options::default()
        };
        let as_client = Credentials::Client {
            id: config.client_id.clone(),
            file: config.client_secret_file.clone(),
            style: ClientAuth::BasicRaw,
        };
        let with = |credentials| Options {
            shell: Shell {
                credentials,
                trusted: config.ca_file.clone(),
                proxy: config.proxy.clone(),
            },
            ..options.clone()
        };
        let known_by = |server: tokens::Server| with(Credentials::Granted(server.granted()));
        let for_tokens = with(as_client);
        let tokens = Tokens::new(&config.auth_url, &for_tokens, &config.client_id, secret)?;
        let client = |url: &str, server| Http::new(url, &known_by(server), tokens.of(server));
        Ok(Self {
            groups: client(&config.groups_url, tokens::GROUPS)?,
            auth: client(&config.auth_url, tokens::AUTH)?,
        })
    }

    /// The same, until a deadline.
    pub(super) fn until(&self, deadline: Instant) -> Self {
        Self {
            groups: self.groups.until(deadline),
            auth: self.auth.until(deadline),
        }
    }

    /// Where the groups are, for messages.
    pub(super) fn place(&self) -> &str {
        self.groups.base().as_str()
    }

    /// The groups that we are an active member of, with what we may do there.
    pub(super) fn my_groups(&self) -> Result<(Vec<Head>, Vec<RejectedRecord>), HttpError> {
        let path = ["v2", "groups", "my_groups"];
        let answer = self
            .groups
            .send(&Request::get(&path).query("statuses", "active"))?;
        read(&self.groups, &path, &answer, decode::my_groups)
    }

    /// How many members of each status the groups have that we manage.
    pub(super) fn statuses(&self) -> Result<BTreeMap<RemoteId, Value>, HttpError> {
        let path = ["v2", "groups", "statuses"];
        let answer = self.groups.send(&Request::get(&path))?;
        read(&self.groups, &path, &answer, decode::statuses)
    }

    /// A group with everybody in it.
    pub(super) fn listed(&self, id: &RemoteId) -> Result<Listed, HttpError> {
        let path = ["v2", "groups", id.as_str()];
        let answer = self
            .groups
            .send(&Request::get(&path).query("include", "memberships"))?;
        read(&self.groups, &path, &answer, |bytes| {
            decode::listed(bytes, id)
        })
    }

    /// A group as it stands there, with the keys that nobody here knows.
    pub(super) fn group(&self, id: &RemoteId) -> Result<(Head, Map<String, Value>), HttpError> {
        let path = ["v2", "groups", id.as_str()];
        let answer = self.groups.send(&Request::get(&path))?;
        let head = read(&self.groups, &path, &answer, |bytes| {
            decode::head(bytes, Some(id))
        })?;
        Ok((head, answer.json()?))
    }

    /// The identities with these ids; unknown ones are missing in the answer. At most [`BATCH`].
    pub(super) fn identities(&self, ids: &[&str]) -> Result<Vec<Identity>, HttpError> {
        self.look_up("ids", ids)
    }

    /// The identities with these usernames; unknown ones are missing in the answer.
    pub(super) fn usernames(&self, names: &[&str]) -> Result<Vec<Identity>, HttpError> {
        self.look_up("usernames", names)
    }

    fn look_up(&self, key: &str, values: &[&str]) -> Result<Vec<Identity>, HttpError> {
        let path = ["v2", "api", "identities"];
        let answer = self
            .auth
            .send(&Request::get(&path).query(key, values.join(",")))?;
        read(&self.auth, &path, &answer, decode::identities)
    }

    /// Does something to memberships.
    pub(super) fn act(&self, id: &RemoteId, actions: &impl Serialize) -> Result<Reply, HttpError> {
        let path = ["v2", "groups", id.as_str()];
        let answer = self
            .groups
            .send(&Request::post(&path).body("application/json", actions))?;
        read(&self.groups, &path, &answer, decode::reply)
    }

    /// Makes a group.
    pub(super) fn create(
        &self,
        name: &str,
        description: &str,
        parent: Option<&RemoteId>,
    ) -> Result<Head, HttpError> {
        let path = ["v2", "groups"];
        let mut group = json!({"name": name, "description": description});
        if let Some(parent) = parent {
            group["parent_id"] = Value::from(parent.as_str());
        }
        let answer = self
            .groups
            .send(&Request::post(&path).body("application/json", &group))?;
        read(&self.groups, &path, &answer, |bytes| {
            decode::head(bytes, None)
        })
    }

    /// Writes what can be written of a group.
    pub(super) fn write(&self, id: &RemoteId, group: &Map<String, Value>) -> Result<(), HttpError> {
        let path = ["v2", "groups", id.as_str()];
        self.groups
            .send(&Request::put(&path).body("application/json", group))
            .map(drop)
    }

    /// The policy of a group, with the keys that nobody here knows.
    pub(super) fn policies(&self, id: &RemoteId) -> Result<Map<String, Value>, HttpError> {
        self.groups
            .get_json(&["v2", "groups", id.as_str(), "policies"], &[])
    }

    /// Replaces the policy of a group.
    pub(super) fn set_policies(
        &self,
        id: &RemoteId,
        policies: &Map<String, Value>,
    ) -> Result<(), HttpError> {
        let path = ["v2", "groups", id.as_str(), "policies"];
        self.groups
            .send(&Request::put(&path).body("application/json", policies))
            .map(drop)
    }
}

fn read<T>(
    http: &Http,
    path: &[&str],
    answer: &Answer,
    decode: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Result<T, HttpError> {
    let place = || {
        format!(
            "{}/{}",
            http.base().as_str().trim_end_matches('/'),
            path.join("/")
        )
    };
    decode(answer.body()).map_err(|reason| HttpError::malformed(place(), reason))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::providers::http::HttpErrorKind;

    #[test]
    fn a_refusal_does_not_keep_the_others_from_being_asked_for() {
        let items: Vec<u16> = (0..100).collect();
        let mut sum = 0;
        let refused = || {
            let mut error = HttpError::new(HttpErrorKind::Unauthorised, "x", "y");
            error.status = Some(403);
            error
        };
        let ask = |n: &u16| match n {
            3 => Err(refused()),
            n => Ok(n * 2),
        };
        let answers = each(&items, ask, |n| sum += n);
        assert_eq!(sum, 9900 - 6, "each answer is told of");
        assert!(answers.iter().all(Option::is_some));
        assert!(answers[3].as_ref().unwrap().is_err());
    }

    #[test]
    fn a_server_that_cannot_be_reached_is_not_asked_for_ever() {
        let asked = AtomicUsize::new(0);
        let items: Vec<usize> = (0..100).collect();
        let lost = |_: &usize| {
            asked.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(HttpError::new(HttpErrorKind::Unreachable, "x", "y"))
        };
        let answers = each(&items, lost, |()| {});
        assert!(asked.into_inner() <= AT_ONCE);
        assert!(answers[0].as_ref().unwrap().is_err() && answers[99].is_none());
    }
}
