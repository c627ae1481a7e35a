//! A plan in a file: what `gosync plan` writes and `gosync apply` reads.
//!
//! It holds what the provider said, what was asked for, and fingerprints of what it was compared with. To carry it out
//! is to plan again from that, with every rule and check of a sync, and to compare: the changes in the file are there
//! for people, and for this comparison. Therefore a file that somebody has altered can do no more than a provider that
//! lies, and not even that unnoticed. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Plan, render};
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::owned::Owned;
use crate::model::{
    Completeness, Directory, FieldSources, Gap, Group, Membership, RecordSays, RejectedRecord,
    RemoteId, Role, Snapshot, Status, Untrusted, User, UserField, hex, shown,
};

/// The version of the file's form.
pub(crate) const VERSION: u32 = 1;

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// [`VERSION`]
    pub gosync_plan: u32,
    /// What was asked for.
    pub asked: Asked,
    /// When the provider was read, in seconds since 1970.
    pub read_at: i64,
    /// The plan's digest.
    pub digest: String,
    /// The ledger's generation that it was made for.
    pub generation: u64,
    /// SHA-256 of each database of the host, in hexadecimal; `null`: there was no such file.
    pub databases: BTreeMap<String, Option<String>>,
    /// The plan as a dry run shows it, for people.
    pub plan: Value,
    /// What the provider said.
    pub read: Read,
}

/// What was asked for on the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The section of the provider.
    pub provider: String,
    /// Whose active members get accounts.
    pub top_group: Option<String>,
    /// Whether every known account was treated as changed.
    pub force: bool,
    /// Which sync it is.
    pub sync: Sync,
}

/// A sync and its choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Sync {
    /// `sync users`
    Users {
        /// `--new`
        new: bool,
        /// `--updated`
        updated: bool,
        /// `--only`
        only: Vec<String>,
    },
    /// `sync groups`
    Groups {
        /// Only these.
        groups: Vec<String>,
    },
}

/// Why a plan that was saved cannot be carried out any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Moved {
    /// Runs have changed something since.
    #[error(
        "gosync has changed something on this host since: the ledger is at {now}, and the plan was made at {then}"
    )]
    Ledger {
        /// The generation of the plan.
        then: u64,
        /// The ledger's.
        now: u64,
    },
    /// Databases are not what they were.
    #[error("the host has changed since: {}", .0.join(", "))]
    Host(Vec<String>),
    /// The same question has another answer now.
    #[error("what would be done now is not what was planned")]
    Plan,
    /// The plan that the file shows is not the one that it stands for.
    #[error("the file shows another plan than the one it stands for")]
    Altered,
}

/// Why a file is no plan that can be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is something else, or damaged.
    #[error("it is no plan of gosync's: {}", shown(&.0.to_string()))]
    NoPlan(#[from] serde_json::Error),
    /// Another version has written it.
    #[error("it is a plan of the form {found}, and this gosync knows {VERSION}")]
    OtherForm {
        /// Its form.
        found: u32,
    },
}

impl Saved {
    /// A plan to be saved. `databases`: what [`fingerprints`] said when it was made.
    pub fn new(
        asked: Asked,
        read_at: i64,
        databases: BTreeMap<String, Option<String>>,
        plan: &Plan,
        snapshot: &Snapshot,
    ) -> Self {
        Self {
            gosync_plan: VERSION,
            asked,
            read_at,
            digest: plan.digest(),
            generation: plan.generation,
            databases,
            plan: render::json(plan),
            read: snapshot.into(),
        }
    }

    /// The file's text: JSON in ASCII, so that no terminal is led astray by what the provider wrote.
    pub fn text(&self) -> String {
        // Plain data, which always serializes.
        let json = serde_json::to_string_pretty(self).unwrap_or_default();
        let mut out = String::with_capacity(json.len() + 1);
        for c in json.chars() {
            if c.is_ascii() && c != '\u{7f}' {
                out.push(c);
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}"); // writing into a String cannot fail
                }
            }
        }
        out.push('\n');
        out
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What it is not.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Head {
            gosync_plan: u32,
        }
        let Head { gosync_plan: found } = serde_json::from_slice(bytes)?;
        if found != VERSION {
            return Err(Unreadable::OtherForm { found });
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// Whether ledger and host are as they were.
    ///
    /// # Errors
    /// What has changed.
    pub fn check_host(&self, host: &Host<'_>, owned: &Owned) -> Result<(), Moved> {
        if owned.generation != self.generation {
            return Err(Moved::Ledger {
                then: self.generation,
                now: owned.generation,
            });
        }
        let now = fingerprints(host);
        let paths: BTreeSet<&String> = now.keys().chain(self.databases.keys()).collect();
        let changed: Vec<String> = paths
            .into_iter()
            .filter(|path| now.get(*path) != self.databases.get(*path))
            .map(|path| shown(path).to_string())
            .collect();
        if changed.is_empty() {
            Ok(())
        } else {
            Err(Moved::Host(changed))
        }
    }

    /// Whether a plan that was made now is the one that was saved, and the one that the file shows.
    ///
    /// # Errors
    /// That it is not.
    pub fn check_plan(&self, plan: &Plan) -> Result<(), Moved> {
        if plan.digest() != self.digest {
            return Err(Moved::Plan);
        }
        let shown = self.plan.get("changes");
        if serde_json::to_value(&plan.changes).ok().as_ref() != shown {
            Err(Moved::Altered)
        } else {
            Ok(())
        }
    }

    /// Whether nothing is in the plan that was made now and not in this one, of which a part has been carried out.
    ///
    /// # Errors
    /// That something is.
    pub fn check_rest(&self, plan: &Plan) -> Result<(), Moved> {
        let saved = self.plan.get("changes").and_then(Value::as_array);
        let saved: BTreeSet<String> = saved.into_iter().flatten().map(Value::to_string).collect();
        let is_saved = |change| {
            let json = serde_json::to_value(change).map(|json| json.to_string());
            json.is_ok_and(|json| saved.contains(&json))
        };
        match plan.changes.iter().all(is_saved) {
            true => Ok(()),
            false => Err(Moved::Plan),
        }
    }
}

const BEGUN: &str = "begun ";

/// What the ledger calls a run that has carried out a part of the plan with this digest.
pub(crate) fn begun(digest: &str) -> String {
    match digest.starts_with(BEGUN) {
        true => digest.to_owned(),
        false => format!("{BEGUN}{digest}"),
    }
}

/// What identifies each database of the host as it was read.
pub(crate) fn fingerprints(host: &Host<'_>) -> BTreeMap<String, Option<String>> {
    let hash = |bytes: &[u8]| hex(&Sha256::digest(bytes));
    host.databases
        .iter()
        .map(|(path, bytes)| (path.clone(), bytes.map(hash)))
        .collect()
}

/// What the provider said, without loss. [`Untrusted`] texts go into the file as they are, as JSON in ASCII, and come
/// out of it untrusted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    completeness: Whole,
    users: Vec<Person>,
    groups: Vec<Team>,
    rejected: Vec<Rejected>,
    gaps: Vec<Unknown>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Whole {
    Complete(String),
    Narrowed,
    Incomplete(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    id: RemoteId,
    login: String,
    active: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ssh_keys: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    id: RemoteId,
    name: String,
    description: Option<String>,
    parent: Option<RemoteId>,
    gid: Option<String>,
    members: Vec<(RemoteId, Role, Status)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rejected {
    id: Option<RemoteId>,
    subject: String,
    reason: String,
    #[serde(default = "account")]
    kind: EntryKind,
    #[serde(default)]
    says: RecordSays,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<String>,
}

fn account() -> EntryKind {
    EntryKind::Account
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unknown {
    user: RemoteId,
    subject: String,
    field: UserField,
    reason: String,
}

fn raw(text: &Untrusted) -> String {
    text.raw().to_owned()
}

/// Our own words were ours when they were written; what a file says may be anybody's.
fn words(text: &str) -> String {
    shown(text).to_string()
}

impl From<&Snapshot> for Read {
    fn from(snapshot: &Snapshot) -> Self {
        let Snapshot {
            directory,
            rejected,
            gaps,
            completeness,
            // They are told when the plan is made.
            findings: _,
            edition: _,
        } = snapshot;
        let reject = |r: &RejectedRecord| {
            let RejectedRecord {
                id,
                subject,
                reason,
                kind,
                says,
                numbers,
            } = r;
            Rejected {
                id: id.clone(),
                subject: raw(subject),
                reason: reason.clone(),
                kind: *kind,
                says: *says,
                numbers: numbers.iter().map(raw).collect(),
            }
        };
        let gap = |gap: &Gap| {
            let Gap {
                user,
                subject,
                field,
                reason,
            } = gap;
            Unknown {
                user: user.clone(),
                subject: raw(subject),
                field: *field,
                reason: reason.clone(),
            }
        };
        Self {
            completeness: match completeness {
                Completeness::Complete(proof) => Whole::Complete(proof.clone()),
                Completeness::Narrowed => Whole::Narrowed,
                Completeness::Incomplete(reason) => Whole::Incomplete(reason.clone()),
            },
            users: directory.users.iter().map(Person::from).collect(),
            groups: directory.groups.iter().map(Team::from).collect(),
            rejected: rejected.iter().map(reject).collect(),
            gaps: gaps.iter().map(gap).collect(),
        }
    }
}

impl From<&Read> for Snapshot {
    fn from(read: &Read) -> Self {
        let Read {
            completeness,
            users,
            groups,
            rejected,
            gaps,
        } = read;
        let reject = |r: &Rejected| RejectedRecord {
            id: r.id.clone(),
            subject: Untrusted::new(r.subject.as_str()),
            reason: words(&r.reason),
            kind: r.kind,
            says: r.says,
            numbers: r
                .numbers
                .iter()
                .map(|text| Untrusted::new(text.as_str()))
                .collect(),
        };
        let gap = |gap: &Unknown| Gap {
            user: gap.user.clone(),
            subject: Untrusted::new(gap.subject.as_str()),
            field: gap.field,
            reason: words(&gap.reason),
        };
        let directory = Directory {
            users: users.iter().map(User::from).collect(),
            groups: groups.iter().map(Group::from).collect(),
        };
        let completeness = match completeness {
            Whole::Complete(proof) => Completeness::Complete(words(proof)),
            Whole::Narrowed => Completeness::Narrowed,
            Whole::Incomplete(reason) => Completeness::Incomplete(words(reason)),
        };
        let snapshot = Self::new(
            directory,
            rejected.iter().map(reject).collect(),
            completeness,
        );
        Self {
            gaps: gaps.iter().map(gap).collect(),
            ..snapshot
        }
    }
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        let User {
            id,
            login,
            name,
            email,
            active,
            uid,
            gid,
            home,
            shell,
            ssh_keys,
            updated,
            attributes,
            sources: _,
        } = user;
        let fields = [
            ("name", name),
            ("email", email),
            ("uid", uid),
            ("gid", gid),
            ("home", home),
            ("shell", shell),
            ("updated", updated),
        ];
        Self {
            id: id.clone(),
            login: raw(login),
            active: *active,
            fields: fields
                .into_iter()
                .filter_map(|(key, text)| Some((key.to_owned(), raw(text.as_ref()?))))
                .collect(),
            ssh_keys: ssh_keys.iter().map(raw).collect(),
            attributes: attributes
                .iter()
                .map(|(key, text)| (key.clone(), raw(text)))
                .collect(),
        }
    }
}

impl From<&Person> for User {
    fn from(person: &Person) -> Self {
        let field = |key: &str| {
            person
                .fields
                .get(key)
                .map(|text| Untrusted::new(text.as_str()))
        };
        Self {
            id: person.id.clone(),
            login: Untrusted::new(person.login.as_str()),
            name: field("name"),
            email: field("email"),
            active: person.active,
            uid: field("uid"),
            gid: field("gid"),
            home: field("home"),
            shell: field("shell"),
            ssh_keys: person.ssh_keys.iter().map(Untrusted::new).collect(),
            updated: field("updated"),
            attributes: person
                .attributes
                .iter()
                .map(|(key, text)| (key.clone(), Untrusted::new(text)))
                .collect(),
            // It decides nothing.
            sources: FieldSources::default(),
        }
    }
}

impl From<&Group> for Team {
    fn from(group: &Group) -> Self {
        let Group {
            id,
            name,
            description,
            parent,
            gid,
            members,
        } = group;
        Self {
            id: id.clone(),
            name: raw(name),
            description: description.as_ref().map(raw),
            parent: parent.clone(),
            gid: gid.as_ref().map(raw),
            members: members
                .iter()
                .map(|m| (m.user.clone(), m.role, m.status))
                .collect(),
        }
    }
}

impl From<&Team> for Group {
    fn from(team: &Team) -> Self {
        let text = |text: &Option<String>| text.as_ref().map(Untrusted::new);
        let member = |(user, role, status): &(RemoteId, Role, Status)| Membership {
            user: user.clone(),
            role: *role,
            status: *status,
        };
        Self {
            id: team.id.clone(),
            name: Untrusted::new(team.name.as_str()),
            description: text(&team.description),
            parent: team.parent.clone(),
            gid: text(&team.gid),
            members: team.members.iter().map(member).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
