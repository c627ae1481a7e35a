//! What hooks are run for: an event, as it is queued in the ledger and read by a hook.
//!
//! Pure. The names in the environment are those of the original gosync's provisioners: sites lean on them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::host::{Host, HostAccount};
use crate::model::{AccountFields, Contact};

/// The longest value of an environment variable: the kernel refuses to start a program with a longer one (128 KiB with
/// its name; execve(2)). One that would be longer is left out; standard input has it all.
const LONGEST_VALUE: usize = 120_000;

/// Which hooks an event is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Accounts.
    User,
    /// Groups.
    Group,
    /// The members of a group, one by one.
    Bygroup,
}

impl Kind {
    /// All, in the order in which they run.
    pub const ALL: [Kind; 3] = [Kind::User, Kind::Group, Kind::Bygroup];

    /// Its word in the configuration and for hooks.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Bygroup => "bygroup",
        }
    }
}

/// What happened. Of several changes of one account, the first of these names the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// It was made.
    Created,
    /// It was taken away.
    Removed,
    /// It was closed.
    Locked,
    /// It was opened again.
    Unlocked,
    /// It has another name.
    Renamed,
    /// Its home was packed and taken away.
    Archived,
    /// Fields or members changed.
    Updated,
}

impl Event {
    /// Its word for hooks.
    pub fn as_str(self) -> &'static str {
        match self {
            Event::Created => "created",
            Event::Removed => "removed",
            Event::Locked => "locked",
            Event::Unlocked => "unlocked",
            Event::Renamed => "renamed",
            Event::Archived => "archived",
            Event::Updated => "updated",
        }
    }
}

/// The id, to hooks, of a group of the host's own.
pub(crate) fn local_id(name: &str) -> String {
    format!("local:{name}")
}

/// An account as it stands after the change, or stood before it was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Name on this host.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Full name, home and shell.
    #[serde(flatten)]
    pub fields: AccountFields,
    /// E-mail address.
    pub email: Option<String>,
    /// SSH public keys.
    pub ssh_keys: Vec<String>,
    /// The attributes that the configuration names. An event that an older gosync queued has none.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// The groups of this host that it is a member of, sorted; likewise.
    #[serde(default)]
    pub groups: Vec<String>,
}

impl Account {
    /// An account as it stands on a host.
    pub fn found(name: &str, found: &HostAccount<'_>) -> Self {
        Self {
            name: name.to_owned(),
            uid: found.uid,
            gid: found.gid,
            fields: found.fields.to_owned(),
            email: None,
            ssh_keys: Vec::new(),
            attributes: BTreeMap::new(),
            groups: Vec::new(),
        }
    }

    /// The same, with the groups that it is in.
    #[must_use]
    pub fn in_groups(self, groups: Vec<String>) -> Self {
        Self { groups, ..self }
    }

    /// The same, with how to reach its person, and their attributes.
    #[must_use]
    pub fn reached_by(self, contact: Contact) -> Self {
        let Contact {
            email,
            ssh_keys,
            attributes,
        } = contact;
        Self {
            email,
            ssh_keys,
            attributes,
            ..self
        }
    }

    /// The variables that describe it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let Self {
            name,
            uid,
            gid,
            fields: AccountFields { gecos, home, shell },
            email,
            ssh_keys,
            attributes: _,
            groups: _,
        } = self;
        fitting([
            (
                "POSIX_ETC_PASSWD",
                format!("{name}:x:{uid}:{gid}:{gecos}:{home}:{shell}"),
            ),
            ("PW_NAME", name.clone()),
            ("PW_PASSWD", "x".to_owned()),
            ("PW_UID", uid.to_string()),
            ("PW_GID", gid.to_string()),
            ("PW_GECOS", gecos.clone()),
            ("PW_DIR", home.clone()),
            ("PW_SHELL", shell.clone()),
            ("EMAIL", email.clone().unwrap_or_default()),
            ("SSH_KEYS", ssh_keys.join("\n")),
        ])
    }
}

/// A group as it stands after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupState {
    /// Name on this host.
    pub name: String,
    /// Group id.
    pub gid: u32,
    /// All members, sorted.
    pub members: Vec<String>,
    /// Who came, sorted.
    pub added: Vec<String>,
    /// Who went, sorted.
    pub removed: Vec<String>,
}

impl GroupState {
    fn environment(&self) -> Vec<(&'static str, String)> {
        let members = self.members.join(",");
        fitting([
            (
                "POSIX_ETC_GROUP",
                format!("{}:x:{}:{members}", self.name, self.gid),
            ),
            ("GR_NAME", self.name.clone()),
            ("GR_PASSWD", "x".to_owned()),
            ("GR_GID", self.gid.to_string()),
            ("GR_MEM", members),
        ])
    }
}

/// Whom or what an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// An account.
    Account(Account),
    /// A group.
    Group(GroupState),
}

impl Subject {
    /// Its name on this host.
    pub fn name(&self) -> &str {
        match self {
            Subject::Account(account) => &account.name,
            Subject::Group(group) => &group.name,
        }
    }
}

/// A reason, as hooks read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// Its word, which stays the same: such as `shut-out`.
    pub reason: String,
    /// The same for people.
    pub text: String,
}

/// Something that hooks are run for. As JSON, the middle part of what they read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookEvent {
    /// Which hooks.
    pub kind: Kind,
    /// What happened.
    pub event: Event,
    /// The provider's id.
    pub id: String,
    /// Whom or what it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// Why, as far as a change has a reason. An event that an older gosync queued says none.
    #[serde(default)]
    pub reasons: Vec<Why>,
    /// The changes themselves, as a dry run shows them.
    pub changes: Vec<serde_json::Value>,
    /// Whether all of it comes after the transaction; see [`Effects`](super::Effects).
    #[serde(skip)]
    pub is_after_commit: bool,
}

impl HookEvent {
    /// Whether gosync knew the account or group before; its hooks get `-update` then.
    pub fn is_known(&self) -> bool {
        self.event != Event::Created
    }

    /// Whether this is all that will ever be heard of it, after a commit that was broken off and is planned anew: what
    /// it says stands on the host, and the new plan finds nothing to do. Everything else comes with the new plan.
    pub fn is_present(&self, host: &Host<'_>) -> bool {
        // That somebody is reached otherwise is known only to the ledger, and planned again.
        if self
            .changes
            .iter()
            .any(|change| change["change"] == "change-contact")
        {
            return false;
        }
        match (&self.subject, self.event) {
            (Subject::Account(account), Event::Updated) => {
                let found = host
                    .accounts
                    .get(account.name.as_str())
                    .filter(|found| found.uid == account.uid);
                found.is_some_and(|found| found.fields == account.fields.borrowed())
            }
            (Subject::Group(group), Event::Updated) => {
                let found = host
                    .groups
                    .get(group.name.as_str())
                    .filter(|found| found.gid == group.gid);
                let is_in = |name: &String| found.is_some_and(|found| found.members.contains(name));
                found.is_some() && group.added.iter().all(is_in) && !group.removed.iter().any(is_in)
            }
            _ => false,
        }
    }

    /// The variables that say what happened, and to whom.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut out = vec![("GOSYNC_KIND", self.kind.as_str().to_owned())];
        out.push(("GOSYNC_EVENT", self.event.as_str().to_owned()));
        match &self.subject {
            Subject::Account(account) => out.extend(account.environment()),
            Subject::Group(group) => out.extend(group.environment()),
        }
        out
    }
}

/// Makes values that every program can be started with.
fn fitting<const N: usize>(variables: [(&'static str, String); N]) -> Vec<(&'static str, String)> {
    let mut out = Vec::from(variables);
    for (name, value) in &mut out {
        // Whoever wrote it into the host's files by hand; a variable cannot hold a NUL at all.
        value.retain(|c| !c.is_control() || c == '\n' && *name == "SSH_KEYS");
    }
    out.retain(|(_, value)| value.len() <= LONGEST_VALUE);
    out
}
