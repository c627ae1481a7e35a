//! What a provider says: people, groups, memberships, and how far the answer can be trusted to be whole.

use std::collections::{BTreeMap, BTreeSet};

use super::history::EntryKind;
use super::{Details, Finding, RemoteId, Untrusted, counted};

/// A person, as the provider describes them. Everything but the id is unchecked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    /// Immutable id.
    pub id: RemoteId,
    /// Login name at the provider.
    pub login: Untrusted,
    /// Full name.
    pub name: Option<Untrusted>,
    /// E-mail address.
    pub email: Option<Untrusted>,
    /// Whether the provider lets this person in.
    pub active: bool,
    /// Wished uid, as text: digits, or whatever the provider wrote.
    pub uid: Option<Untrusted>,
    /// Wished primary gid, as text.
    pub gid: Option<Untrusted>,
    /// Wished home.
    pub home: Option<Untrusted>,
    /// Wished shell.
    pub shell: Option<Untrusted>,
    /// SSH public keys, one each.
    pub ssh_keys: Vec<Untrusted>,
    /// When the provider last changed the record, in its own notation.
    pub updated: Option<Untrusted>,
    /// Whatever else the provider says.
    pub attributes: BTreeMap<String, Untrusted>,
    /// Which fields do not come from the provider, and where from.
    pub sources: FieldSources,
}

impl User {
    /// An active person of whom only id and login are known.
    pub fn new(id: RemoteId, login: impl Into<String>) -> Self {
        Self {
            id,
            login: Untrusted::new(login),
            name: None,
            email: None,
            active: true,
            uid: None,
            gid: None,
            home: None,
            shell: None,
            ssh_keys: Vec::new(),
            updated: None,
            attributes: BTreeMap::new(),
            sources: FieldSources::default(),
        }
    }
}

/// A group, as the provider describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// Immutable id.
    pub id: RemoteId,
    /// Name at the provider.
    pub name: Untrusted,
    /// Description.
    pub description: Option<Untrusted>,
    /// The group this one is below.
    pub parent: Option<RemoteId>,
    /// Wished gid, as text.
    pub gid: Option<Untrusted>,
    /// Who belongs to it, nested groups already resolved.
    pub members: Vec<Membership>,
}

/// One person's place in a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Membership {
    /// The person.
    pub user: RemoteId,
    /// What they may do in the group.
    pub role: Role,
    /// How far the membership has come.
    pub status: Status,
}

/// What a member may do in a group.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Deserialize,
    serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Belongs to it.
    #[default]
    Member,
    /// Manages its members.
    Manager,
    /// Manages the group itself.
    Admin,
}

/// How far a membership has come; only `Active` counts on a host.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Deserialize,
    serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// In force.
    #[default]
    Active,
    /// Invited, not yet accepted.
    Invited,
    /// Asked for, not yet approved.
    Pending,
    /// Suspended by an administrator.
    Suspended,
    /// Refused or removed by an administrator.
    Rejected,
    /// Removed by an administrator.
    Removed,
    /// Given up by the person.
    Left,
    /// Invitation declined.
    Declined,
}

/// All that a provider said in one read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Directory {
    /// People.
    pub users: Vec<User>,
    /// Groups.
    pub groups: Vec<Group>,
}

impl Directory {
    /// Puts everything in the order of ids; what has the same id, in that of names.
    fn sort(&mut self) {
        fn key(user: &User) -> ((u64, &str), &Untrusted) {
            (user.id.sort_key(), &user.login)
        }
        // They stay to the end of the run, and nobody comes any more.
        self.users.shrink_to_fit();
        if !self.users.is_sorted_by_key(key) {
            // A user is large: the places are sorted, and then each goes to its own, where there need not be room for all twice.
            let mut places: Vec<usize> = (0..self.users.len()).collect();
            places.sort_by_cached_key(|place| key(&self.users[*place]));
            for at in 0..places.len() {
                let mut from = places[at];
                // What stood there was moved on when that place was filled.
                while from < at {
                    from = places[from];
                }
                places[at] = from;
                self.users.swap(at, from);
            }
        }
        self.groups
            .sort_by(|a, b| a.id.cmp(&b.id).then_with(|| a.name.cmp(&b.name)));
        for group in &mut self.groups {
            group.members.sort_unstable();
        }
    }

    /// Drops what no account and no group is made of, so that it takes no memory while they are planned.
    pub(crate) fn drop_details_but(&mut self, wanted: &Details) {
        for user in &mut self.users {
            if !wanted.updated {
                user.updated = None;
            }
            user.attributes
                .retain(|name, _| wanted.attributes.has(name));
            if !wanted.gid {
                user.gid = None;
            }
            if !wanted.email {
                user.email = None;
            }
        }
        if !wanted.keys {
            self.drop_keys();
        }
    }

    /// Drops the SSH keys.
    pub fn drop_keys(&mut self) {
        for user in &mut self.users {
            user.ssh_keys = Vec::new();
        }
    }
}

/// A record that could not be used. It is present all the same: its account is neither changed nor counted absent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RejectedRecord {
    /// Its immutable id, if that could be read.
    pub id: Option<RemoteId>,
    /// What it is called, for the message.
    pub subject: Untrusted,
    /// Why it cannot be used; our own words.
    pub reason: String,
    /// Whether it is a person's or a group's.
    pub kind: EntryKind,
    /// What can be read of whether its person is let in.
    pub says: RecordSays,
    /// What it names as uid or gid, as far as that can be read: nobody else gets such a number.
    pub numbers: Vec<Untrusted>,
}

/// What a record that cannot be used says all the same of whether its person is let in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum RecordSays {
    /// Nothing against it.
    #[default]
    Nothing,
    /// A value of it shuts the person out: they are locked by their id, whatever the rest of it is worth.
    ShutOut,
    /// Something that means neither yes nor no: the account stays as it is.
    Unclear,
}

impl RejectedRecord {
    /// A record that cannot be used, and says nothing of whether its person is let in.
    pub fn new(
        kind: EntryKind,
        id: Option<RemoteId>,
        subject: Untrusted,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            id,
            subject,
            reason: reason.into(),
            kind,
            says: RecordSays::Nothing,
            numbers: Vec::new(),
        }
    }

    /// The same, of one that names these as its uid or gid.
    #[must_use]
    pub fn naming(self, numbers: impl IntoIterator<Item = Untrusted>) -> Self {
        Self {
            numbers: numbers.into_iter().collect(),
            ..self
        }
    }

    /// The same, of somebody who is shut out if `is_shut_out`.
    #[must_use]
    pub fn shut_out_if(self, is_shut_out: bool) -> Self {
        match is_shut_out {
            true => Self {
                says: RecordSays::ShutOut,
                ..self
            },
            false => self,
        }
    }

    /// Whether a value of it shuts its person out.
    pub fn is_shut_out(&self) -> bool {
        self.says == RecordSays::ShutOut
    }
}

/// A field of a person that another source than the provider can fill.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum UserField {
    /// Full name.
    Name,
    /// E-mail address.
    Email,
    /// Wished uid.
    Uid,
    /// Wished primary gid.
    Gid,
    /// Wished home.
    Home,
    /// Wished shell.
    Shell,
    /// SSH public keys.
    SshKeys,
}

impl UserField {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Name,
        Self::Email,
        Self::Uid,
        Self::Gid,
        Self::Home,
        Self::Shell,
        Self::SshKeys,
    ];

    /// Its name in the directory document, in the configuration and in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Uid => "uid",
            Self::Gid => "gid",
            Self::Home => "home",
            Self::Shell => "shell",
            Self::SshKeys => "ssh_keys",
        }
    }
}

/// Where a field of a person comes from, if not from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldSource {
    /// A CSV file.
    Csv,
    /// A directory of key files.
    KeysDir,
    /// A URL for each person.
    KeysUrl,
}

impl FieldSource {
    /// Its key in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::KeysDir => "keys_dir",
            Self::KeysUrl => "keys_url",
        }
    }
}

/// Where the fields of one person come from. A few bytes for each person, since everybody has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldSources([Option<FieldSource>; UserField::ALL.len()]);

impl FieldSources {
    /// Where this field comes from; `None`: from the provider, if anybody says something.
    pub fn of(&self, field: UserField) -> Option<FieldSource> {
        self.0.get(field as usize).copied().flatten()
    }

    /// Remembers where a field comes from.
    pub fn set(&mut self, field: UserField, source: FieldSource) {
        if let Some(slot) = self.0.get_mut(field as usize) {
            *slot = Some(source);
        }
    }
}

/// A field of a person that could not be looked up where it should have been. What the record says is what the provider
/// said; that it is empty there means nothing, and nothing is taken away because of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gap {
    /// Whose.
    pub user: RemoteId,
    /// What they are called, for the message.
    pub subject: Untrusted,
    /// Which field.
    pub field: UserField,
    /// Why it is unknown; our own words.
    pub reason: String,
}

/// How far a read can be trusted to be whole. Without [`Completeness::Complete`] nothing is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Every page, record and end marker was seen; says how that is known.
    Complete(String),
    /// Only named people or groups were asked for: absence means nothing.
    Narrowed,
    /// Something is missing; says what, in our own words.
    Incomplete(String),
}

/// The answer of a provider to one query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What it said.
    pub directory: Directory,
    /// What of it could not be used.
    pub rejected: Vec<RejectedRecord>,
    /// Which fields of people are unknown.
    pub gaps: Vec<Gap>,
    /// What somebody should look at.
    pub findings: Vec<Finding>,
    /// Whether that is all.
    pub completeness: Completeness,
    /// The number of what was said, if it has one: it only grows.
    pub edition: Option<u64>,
}

impl Snapshot {
    /// How many records of people, or of groups, were read, those that cannot be used included.
    pub(crate) fn records(&self, kind: EntryKind) -> usize {
        let is_account = kind == EntryKind::Account;
        let of_kind = |it: &&RejectedRecord| (it.kind == EntryKind::Account) == is_account;
        let usable = match is_account {
            true => self.directory.users.len(),
            false => self.directory.groups.len(),
        };
        usable + self.rejected.iter().filter(of_kind).count()
    }

    /// Whether any record that was read has this id, be it usable or not.
    pub(crate) fn names(&self, id: &RemoteId) -> bool {
        let Directory { users, groups } = &self.directory;
        let rejected = &self.rejected;
        users.iter().any(|user| user.id == *id)
            || groups.iter().any(|group| group.id == *id)
            || rejected.iter().any(|record| record.id.as_ref() == Some(id))
    }

    /// The ids of all people, or groups, that were read, those of records that cannot be used included.
    pub(crate) fn ids(&self, kind: EntryKind) -> BTreeSet<RemoteId> {
        let Directory { users, groups } = &self.directory;
        let rejected = self.rejected.iter().filter_map(|record| record.id.clone());
        match kind {
            EntryKind::Account => users
                .iter()
                .map(|user| user.id.clone())
                .chain(rejected)
                .collect(),
            EntryKind::Group | EntryKind::LocalGroup => {
                let groups = groups.iter().map(|group| group.id.clone());
                groups.chain(rejected).collect()
            }
        }
    }

    /// A snapshot, in the order of ids, whatever order the provider had. A record whose id nobody can read may be
    /// anybody's: with one of those, a complete read is none.
    pub fn new(
        mut directory: Directory,
        mut rejected: Vec<RejectedRecord>,
        completeness: Completeness,
    ) -> Self {
        directory.sort();
        rejected
            .sort_by(|a, b| (&a.id, &a.subject, &a.reason).cmp(&(&b.id, &b.subject, &b.reason)));
        let nameless = rejected.iter().filter(|record| record.id.is_none()).count();
        let completeness = match completeness {
            Completeness::Complete(_) if nameless > 0 => Completeness::Incomplete(format!(
                "records without a usable id ({nameless}), and nobody knows whose they are"
            )),
            other => other,
        };
        Self {
            directory,
            rejected,
            gaps: Vec::new(),
            edition: None,
            findings: Vec::new(),
            completeness,
        }
    }

    /// The same, with what somebody should look at.
    #[must_use]
    pub fn with_findings(self, findings: Vec<Finding>) -> Self {
        Self { findings, ..self }
    }

    /// The same; but one that names nobody, or nobody and no group that can be used, is not complete. `look_at`: what to
    /// look at then.
    #[must_use]
    pub fn judged(self, look_at: impl Fn(EntryKind) -> String) -> Self {
        let told = match self.completeness {
            Completeness::Complete(_) => self.uselessness(),
            // That nobody has a usable id says more than that some have none.
            Completeness::Incomplete(_) if self.is_nameless() => self.uselessness(),
            Completeness::Narrowed | Completeness::Incomplete(_) => None,
        };
        match told {
            None => self,
            Some((kind, what)) => Self {
                completeness: Completeness::Incomplete(format!("{what}; {}", look_at(kind))),
                ..self
            },
        }
    }

    /// Whether there are records of people, and not one has a usable id.
    fn is_nameless(&self) -> bool {
        let is_account = |record: &&RejectedRecord| record.kind == EntryKind::Account;
        let mut people = self.rejected.iter().filter(is_account).peekable();
        self.directory.users.is_empty()
            && people.peek().is_some()
            && people.all(|record| record.id.is_none())
    }

    /// Why nothing that it says of people, or of groups, can be used.
    fn uselessness(&self) -> Option<(EntryKind, String)> {
        let (users, groups) = (&self.directory.users, &self.directory.groups);
        let account = EntryKind::Account;
        if users.is_empty() {
            let what = self.unusable(account, "record of a person", "records of people");
            let nobody = || "the provider names nobody at all".to_owned();
            return Some((account, what.unwrap_or_else(nobody)));
        }
        let of_groups = || self.unusable(EntryKind::Group, "group", "groups");
        let what = groups.is_empty().then(of_groups).flatten();
        what.map(|what| (EntryKind::Group, what))
    }

    /// That none of these records can be used, with the most frequent reason; `None`: there are none.
    fn unusable(&self, kind: EntryKind, one: &str, many: &str) -> Option<String> {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for record in self.rejected.iter().filter(|record| record.kind == kind) {
            *reasons.entry(&record.reason).or_default() += 1;
        }
        let count: usize = reasons.values().sum();
        let (reason, _) = reasons.iter().max_by_key(|(_, count)| **count)?;
        let all = counted(count, one, many);
        Some(match reasons.len() {
            1 => format!("not one of {all} can be used: {reason}"),
            _ => format!("not one of {all} can be used, most often: {reason}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn people_stand_in_the_order_of_their_ids(all in proptest::collection::vec((0..9u8, 0..3u8), 0..40)) {
            let users = all.iter().enumerate().map(|(number, (id, login))| User {
                name: Some(Untrusted::new(number.to_string())),
                ..User::new(RemoteId::new(&format!("id{id}")).unwrap(), format!("login{login}"))
            });
            let users: Vec<User> = users.collect();
            let mut sorted = users.clone();
            sorted.sort_by(|a, b| (&a.id, &a.login).cmp(&(&b.id, &b.login)));
            let directory = Directory { users, groups: Vec::new() };
            let complete = Completeness::Complete("all".to_owned());
            let snapshot = Snapshot::new(directory, Vec::new(), complete);
            prop_assert_eq!(snapshot.directory.users, sorted);
        }
    }
}
