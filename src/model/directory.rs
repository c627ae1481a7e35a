//! What a provider says: people, groups, memberships, and how far the answer can be trusted to be whole.

use std::collections::BTreeMap;

use super::{RemoteId, Untrusted};

/// A person, as the provider describes them. Everything but the id is unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// People.
    pub users: Vec<User>,
    /// Groups.
    pub groups: Vec<Group>,
}

impl Directory {
    /// Puts everything in the order of ids; what has the same id, in that of names.
    fn sort(&mut self) {
        self.users.sort_by(|a, b| {
            a.id.sort_key()
                .cmp(&b.id.sort_key())
                .then_with(|| a.login.cmp(&b.login))
        });
        self.groups
            .sort_by(|a, b| a.id.cmp(&b.id).then_with(|| a.name.cmp(&b.name)));
        for group in &mut self.groups {
            group.members.sort_unstable();
        }
    }

    /// Drops what no account and no group is made of, so that it takes no memory while they are planned. `email`,
    /// `keys`: what is kept all the same.
    pub fn drop_details_but(&mut self, email: bool, keys: bool) {
        for user in &mut self.users {
            (user.gid, user.updated) = (None, None);
            user.attributes.clear();
            if !email {
                user.email = None;
            }
        }
        if !keys {
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRecord {
    /// Its immutable id, if that could be read.
    pub id: Option<RemoteId>,
    /// What it is called, for the message.
    pub subject: Untrusted,
    /// Why it cannot be used; our own words.
    pub reason: String,
    /// Whether it is a person's, and any value of it that could be read shuts the person out: then they are locked by
    /// their id, whatever the rest of it is worth.
    pub is_shut_out: bool,
}

/// A field of a person that another source than the provider can fill.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Whether that is all.
    pub completeness: Completeness,
}

impl Snapshot {
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
            completeness,
        }
    }
}
