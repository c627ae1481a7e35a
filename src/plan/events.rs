//! What a plan's changes are to hooks: one event for each account and group, complete, so that a hook can be run for it
//! long after.
//!
//! Pure. The names in the environment are those of the original gosync's provisioners: sites lean on them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Change, FieldChange, Plan};
pub use crate::model::Contact;
use crate::model::host::{Host, HostAccount};
use crate::model::owned::Owned;
use crate::model::{RemoteId, UserName};
use crate::policy::Field;

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

/// An account as it stands after the change, or stood before it was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Name on this host.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Full name and more.
    pub gecos: String,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
    /// E-mail address.
    pub email: Option<String>,
    /// SSH public keys.
    pub ssh_keys: Vec<String>,
}

impl Account {
    /// An account as it stands on a host.
    pub fn found(name: &str, found: &HostAccount<'_>) -> Self {
        Self {
            name: name.to_owned(),
            uid: found.uid,
            gid: found.gid,
            gecos: found.gecos.to_owned(),
            home: found.home.to_owned(),
            shell: found.shell.to_owned(),
            email: None,
            ssh_keys: Vec::new(),
        }
    }

    /// The same, with how to reach its person.
    #[must_use]
    pub fn reached_by(self, contact: Contact) -> Self {
        let Contact { email, ssh_keys } = contact;
        Self {
            email,
            ssh_keys,
            ..self
        }
    }

    /// The variables that describe it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let Self {
            name,
            uid,
            gid,
            gecos,
            home,
            shell,
            email,
            ssh_keys,
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
pub struct Team {
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

impl Team {
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
    Group(Team),
}

impl Subject {
    /// Its name on this host.
    pub fn name(&self) -> &str {
        match self {
            Subject::Account(account) => &account.name,
            Subject::Group(team) => &team.name,
        }
    }
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
    /// The changes themselves, as a dry run shows them.
    pub changes: Vec<serde_json::Value>,
    /// Whether all of it comes after the transaction; see [`Change::apart`].
    #[serde(skip)]
    pub apart: bool,
}

impl HookEvent {
    /// Whether gosync knew the account or group before; its hooks get `-update` then.
    pub fn is_known(&self) -> bool {
        self.event != Event::Created
    }

    /// Whether this is all that will ever be heard of it, after a commit that was broken off and is planned anew: what
    /// it says stands on the host, and the new plan finds nothing to do. Everything else comes with the new plan.
    pub fn stands(&self, host: &Host<'_>) -> bool {
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
                found.is_some_and(|found| {
                    (found.gecos, found.home, found.shell)
                        == (&account.gecos, &account.home, &account.shell)
                })
            }
            (Subject::Group(team), Event::Updated) => {
                let found = host
                    .groups
                    .get(team.name.as_str())
                    .filter(|found| found.gid == team.gid);
                let is_in = |name: &String| found.is_some_and(|found| found.members.contains(name));
                found.is_some() && team.added.iter().all(is_in) && !team.removed.iter().any(is_in)
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
            Subject::Group(team) => out.extend(team.environment()),
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

/// For which kinds there are hooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Accounts.
    pub user: bool,
    /// Groups.
    pub group: bool,
    /// Members of groups.
    pub bygroup: bool,
}

/// The events that a plan's changes give, in the order of the changes. `host` and `owned` are what it was made from.
pub fn of(plan: &Plan, host: &Host<'_>, owned: &Owned, wanted: Wanted) -> Vec<HookEvent> {
    let mut users: Vec<HookEvent> = Vec::new();
    let mut groups: Vec<HookEvent> = Vec::new();
    let mut places: BTreeMap<&RemoteId, usize> = BTreeMap::new();
    for change in &plan.changes {
        let json = || serde_json::to_value(change).unwrap_or_default();
        if let Some((id, event)) = about_account(change).filter(|_| wanted.user) {
            if !places.contains_key(id) {
                let Some(account) = account(change, id, plan, host, owned) else {
                    continue;
                };
                places.insert(id, users.len());
                let (id, subject) = (id.to_string(), Subject::Account(account));
                users.push(HookEvent {
                    kind: Kind::User,
                    event,
                    id,
                    subject,
                    changes: Vec::new(),
                    apart: true,
                });
            }
            let Some(user) = places.get(id).and_then(|at| users.get_mut(*at)) else {
                continue;
            };
            user.event = user.event.min(event);
            user.apart &= change.apart().is_some();
            user.changes.push(json());
            if let Subject::Account(account) = &mut user.subject {
                apply(account, change);
            }
        } else if let Some((id, event, team)) =
            team(change, host, owned).filter(|_| wanted.group || wanted.bygroup)
        {
            let subject = Subject::Group(team);
            let (kind, changes) = (Kind::Group, vec![json()]);
            groups.push(HookEvent {
                kind,
                event,
                id,
                subject,
                changes,
                apart: false,
            });
        }
    }
    let bygroup = |event: &HookEvent| HookEvent {
        kind: Kind::Bygroup,
        ..event.clone()
    };
    let bygroup: Vec<HookEvent> = groups
        .iter()
        .filter(|_| wanted.bygroup)
        .map(bygroup)
        .collect();
    groups.retain(|_| wanted.group);
    users.into_iter().chain(groups).chain(bygroup).collect()
}

/// Which account a change is about, if it is one that hooks learn of.
pub fn account_of(change: &Change) -> Option<&RemoteId> {
    about_account(change).map(|(id, _)| id)
}

/// Which account a change is about, and what it is to that.
fn about_account(change: &Change) -> Option<(&RemoteId, Event)> {
    match change {
        Change::CreateAccount(new) => Some((&new.id, Event::Created)),
        Change::UpdateAccount { id, .. } => Some((id, Event::Updated)),
        Change::LockAccount { id, .. } => Some((id, Event::Locked)),
        Change::UnlockAccount { id, .. } => Some((id, Event::Unlocked)),
        Change::RemoveAccount { id, .. } => Some((id, Event::Removed)),
        Change::RenameAccount(rename) => Some((&rename.id, Event::Renamed)),
        Change::ArchiveHome { id, .. } => Some((id, Event::Archived)),
        Change::MakeHome { id, .. } => Some((id, Event::Updated)),
        Change::AdoptAccount(adopted) => Some((&adopted.id, Event::Updated)),
        Change::SetKeys(keys) => Some((&keys.id, Event::Updated)),
        Change::ChangeContact { id, .. } => Some((id, Event::Updated)),
        // The account stays as it is.
        Change::ForgetAccount { .. } | Change::ReleaseAccount { .. } => None,
        Change::CreateGroup { .. }
        | Change::ChangeMembers { .. }
        | Change::AdoptGroup { .. }
        | Change::ReleaseGroup { .. }
        | Change::ChangeLocalMembers { .. }
        | Change::RenameGroup { .. }
        | Change::EmptyGroup { .. }
        | Change::RemoveGroup { .. } => None,
    }
}

fn account(
    change: &Change,
    id: &RemoteId,
    plan: &Plan,
    host: &Host<'_>,
    owned: &Owned,
) -> Option<Account> {
    let account = match change {
        Change::CreateAccount(new) => Account {
            name: new.name.to_string(),
            uid: new.uid.get(),
            gid: new.gid.get(),
            gecos: new.gecos.clone(),
            home: new.home.clone(),
            shell: new.shell.clone(),
            email: None,
            ssh_keys: Vec::new(),
        },
        Change::AdoptAccount(adopted) => Account::found(
            adopted.name.as_str(),
            host.accounts.get(adopted.name.as_str())?,
        ),
        _ => {
            let own = owned.accounts.get(id)?;
            match host
                .accounts
                .get(own.name.as_str())
                .filter(|found| found.uid == own.uid.get())
            {
                Some(found) => Account::found(&own.name, found),
                None => Account {
                    name: own.name.clone(),
                    uid: own.uid.get(),
                    gid: own.gid,
                    gecos: own.applied.gecos.clone(),
                    home: own.applied.home.clone(),
                    shell: own.applied.shell.clone(),
                    email: None,
                    ssh_keys: Vec::new(),
                },
            }
        }
    };
    // Of those whom the provider does not name, or was not asked about, what it said last.
    let contact = plan
        .contacts
        .get(id)
        .or_else(|| owned.contacts.get(id))
        .cloned();
    Some(account.reached_by(contact.unwrap_or_default()))
}

/// Makes an account what it is after a change.
fn apply(account: &mut Account, change: &Change) {
    let fields = match change {
        Change::UpdateAccount { fields, .. } => fields,
        Change::AdoptAccount(adopted) => &adopted.fields,
        Change::RenameAccount(rename) => {
            rename.to.as_str().clone_into(&mut account.name);
            if let Some(home) = &rename.home {
                home.to.clone_into(&mut account.home);
            }
            return;
        }
        _ => return,
    };
    for FieldChange { field, to, .. } in fields {
        match field {
            Field::Gecos => to.clone_into(&mut account.gecos),
            Field::Home => to.clone_into(&mut account.home),
            Field::Shell => to.clone_into(&mut account.shell),
            Field::Lock | Field::Expiry => {}
        }
    }
}

/// What a change is to a group, and the provider's id of that; a group of the host's own has none, and is called
/// `local:NAME`.
fn team(change: &Change, host: &Host<'_>, owned: &Owned) -> Option<(String, Event, Team)> {
    let none = &[][..];
    let known = |id: &RemoteId| owned.groups.get(id);
    let (id, from, name, gid, add, remove, event) = match change {
        Change::CreateGroup {
            id,
            name,
            gid,
            members,
        } => (
            id.to_string(),
            name.as_str(),
            name,
            gid.get(),
            members.as_slice(),
            none,
            Event::Created,
        ),
        // Only the ledger changes.
        Change::ChangeMembers { add, remove, .. }
        | Change::ChangeLocalMembers { add, remove, .. }
            if add.is_empty() && remove.is_empty() =>
        {
            return None;
        }
        Change::ChangeMembers {
            id,
            name,
            add,
            remove,
            ..
        } => {
            let own = known(id)?;
            (
                id.to_string(),
                own.name.as_str(),
                name,
                own.gid.get(),
                add.as_slice(),
                remove.as_slice(),
                Event::Updated,
            )
        }
        Change::ChangeLocalMembers {
            name, add, remove, ..
        } => {
            let gid = host.groups.get(name.as_str())?.gid;
            (
                format!("local:{name}"),
                name.as_str(),
                name,
                gid,
                add.as_slice(),
                remove.as_slice(),
                Event::Updated,
            )
        }
        Change::AdoptGroup {
            id, name, gid, add, ..
        } if !add.is_empty() => (
            id.to_string(),
            name.as_str(),
            name,
            gid.get(),
            add.as_slice(),
            none,
            Event::Updated,
        ),
        Change::RenameGroup { id, gid, from, to } => (
            id.to_string(),
            from.as_str(),
            to,
            gid.get(),
            &[][..],
            none,
            Event::Renamed,
        ),
        Change::EmptyGroup { id, name, remove } => {
            let gid = known(id)?.gid.get();
            (
                id.to_string(),
                name.as_str(),
                name,
                gid,
                &[][..],
                remove.as_slice(),
                Event::Updated,
            )
        }
        Change::RemoveGroup {
            id,
            name,
            gid,
            remove,
        } => (
            id.to_string(),
            name.as_str(),
            name,
            gid.get(),
            &[][..],
            remove.as_slice(),
            Event::Removed,
        ),
        _ => return None,
    };
    let found = host.groups.get(from).map(|found| found.members);
    let stay = found
        .unwrap_or_default()
        .names()
        .filter(|member| !remove.iter().any(|gone| gone == member));
    let mut members: Vec<String> = stay
        .chain(add.iter().map(UserName::as_str))
        .map(str::to_owned)
        .collect();
    members.sort();
    members.dedup();
    let added = add.iter().map(ToString::to_string).collect();
    Some((
        id,
        event,
        Team {
            name: name.to_string(),
            gid,
            members,
            added,
            removed: remove.to_vec(),
        },
    ))
}

#[cfg(test)]
mod tests;
