//! The changes that gosync can make to a host. A new thing it can do becomes a variant here.

use serde::Serialize;

use crate::model::owned::Applied;
use crate::model::{Contact, Gid, GroupName, RemoteId, Uid, Untrusted, UserName};
use crate::policy::Field;

/// One change, complete: the target needs to know nothing else to make it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// Make an account, or finish one whose ids are already set aside.
    CreateAccount(NewAccount),
    /// Set fields.
    UpdateAccount {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: UserName,
        /// What changes.
        fields: Vec<FieldChange>,
    },
    /// Close password and account; ids, home and groups stay.
    LockAccount {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: UserName,
        /// Why, in our own words.
        reason: String,
    },
    /// Open a locked account again.
    UnlockAccount {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: UserName,
    },
    /// Take an account, its memberships and its subordinate ids out of the databases.
    RemoveAccount {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: UserName,
        /// Its uid, which stays with the person.
        uid: Uid,
        /// Whether its own group goes too.
        private_group: bool,
        /// What becomes of the home.
        home: HomeFate,
    },
    /// Stop owning an account; the databases stay as they are.
    ForgetAccount {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: UserName,
        /// Whether there is an account of this name.
        stands: bool,
    },
    /// Tell hooks that a person is to be reached otherwise; the databases stay as they are.
    ChangeContact {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: UserName,
        /// What hooks were told last.
        before: Contact,
        /// What the provider says now.
        after: Contact,
    },
    /// Make a group.
    CreateGroup {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: GroupName,
        /// Its gid.
        gid: Gid,
        /// Its members, sorted.
        members: Vec<UserName>,
    },
    /// Add and take out members.
    ChangeMembers {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: GroupName,
        /// Who comes, sorted.
        add: Vec<UserName>,
        /// Who goes, sorted; they were added by gosync.
        remove: Vec<String>,
        /// All whom the provider wants from now on, sorted: what the ledger remembers.
        #[serde(skip)]
        wanted: Vec<UserName>,
    },
    /// Write or take away the SSH keys of an account.
    SetKeys(super::keys::KeyChange),
    /// Take over an account that stands on the host.
    AdoptAccount(Box<Adopted>),
    /// Take over a group that stands on the host.
    AdoptGroup {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: GroupName,
        /// Its gid, which stays.
        gid: Gid,
        /// What the provider's name stands for, if that is another.
        #[serde(skip_serializing_if = "Option::is_none")]
        alias: Option<String>,
        /// Who comes, sorted. Who is there stays.
        add: Vec<UserName>,
        /// All whom the provider wants, sorted: what the ledger remembers.
        #[serde(skip)]
        wanted: Vec<UserName>,
    },
    /// Stop owning an account for good; it stays as it is, and its ids stay the person's.
    ReleaseAccount {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: UserName,
        /// Its uid.
        uid: Uid,
    },
    /// Stop owning a group for good; it stays as it is, and its gid is given to no other.
    ReleaseGroup {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: GroupName,
        /// Its gid.
        gid: Gid,
    },
    /// Add members to a group of the host's own, and take out those who were added so.
    ChangeLocalMembers {
        /// Name on this host.
        name: GroupName,
        /// Whether it grants power.
        privileged: bool,
        /// Who comes, sorted.
        add: Vec<UserName>,
        /// Who goes, sorted; they were added by gosync.
        remove: Vec<String>,
        /// Who is in it through gosync from now on, sorted: what the ledger remembers.
        #[serde(skip)]
        applied: Vec<UserName>,
    },
    /// Give an account another name, everywhere.
    RenameAccount(Rename),
    /// Give a group another name.
    RenameGroup {
        /// The provider's id.
        id: RemoteId,
        /// Its gid.
        gid: Gid,
        /// Name on this host so far.
        from: GroupName,
        /// Name on this host from now on.
        to: GroupName,
    },
    /// Pack the home of a locked account into a file, and take it away.
    ArchiveHome {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: UserName,
        /// Its uid.
        uid: Uid,
        /// The home.
        home: String,
        /// The file.
        archive: String,
    },
    /// Make a home for an account that has lost its own.
    MakeHome {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: UserName,
        /// Its uid.
        uid: Uid,
        /// Its primary group.
        gid: u32,
        /// The home.
        home: String,
    },
    /// Take the members that gosync added out of a group that the provider does not have any more.
    EmptyGroup {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: GroupName,
        /// Who goes, sorted.
        remove: Vec<String>,
    },
    /// Take a group out of the databases.
    RemoveGroup {
        /// The provider's id.
        id: RemoteId,
        /// Name on this host.
        name: GroupName,
        /// Its gid, which stays set aside.
        gid: Gid,
        /// Who is a member of it until then, sorted; they were added by gosync.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        remove: Vec<String>,
    },
}

/// An account of the host's that becomes gosync's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adopted {
    /// The provider's id of the person.
    pub id: RemoteId,
    /// The person's login there.
    pub login: Untrusted,
    /// Name on this host.
    pub name: UserName,
    /// What the login stands for, if that is another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Its uid, which stays.
    pub uid: Uid,
    /// Its primary gid, which stays.
    pub gid: Gid,
    /// Whether the primary group is its own.
    pub private_group: bool,
    /// Its home, which stays.
    pub home: String,
    /// What changes.
    pub fields: Vec<FieldChange>,
    /// What the ledger remembers.
    #[serde(skip)]
    pub applied: Applied,
}

/// An account that gets another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rename {
    /// The provider's id.
    pub id: RemoteId,
    /// Its uid.
    pub uid: Uid,
    /// Name on this host so far.
    pub from: UserName,
    /// Name on this host from now on.
    pub to: UserName,
    /// Whether its own group gets the name, too.
    pub private_group: bool,
    /// Its new home, if that moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<HomeMove>,
    /// Files named after the account that are renamed with it: path before and after.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<(String, String)>,
}

/// A home that moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HomeMove {
    /// Where it is.
    pub from: String,
    /// Where it will be: in the same directory.
    pub to: String,
    /// Whether there is a directory to be moved, and not only a field of passwd.
    pub moved: bool,
    /// Whether the old path stays as a link to the new one.
    pub link: bool,
    /// Whether the new path is a link to the old one already, left by an earlier rename.
    pub linked: bool,
}

/// An account to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewAccount {
    /// The provider's id.
    pub id: RemoteId,
    /// Name on this host.
    pub name: UserName,
    /// User id.
    pub uid: Uid,
    /// Primary group id.
    pub gid: Gid,
    /// Whether the primary group is its own and has to be made.
    pub private_group: bool,
    /// Full name.
    pub gecos: String,
    /// Home directory.
    pub home: String,
    /// Whether the home has to be made.
    pub make_home: bool,
    /// Login shell.
    pub shell: String,
    /// First subordinate id and how many, for both uids and gids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subids: Option<(u32, u32)>,
}

/// A field before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Which.
    pub field: Field,
    /// As found.
    pub from: String,
    /// As it will be.
    pub to: String,
}

/// What becomes of the home of a removed account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HomeFate {
    /// Stays where it is.
    Keep,
    /// There is none: it was packed and taken away before, or never made.
    Gone,
    /// Is deleted.
    Remove {
        /// The home.
        path: String,
    },
    /// Is packed into a file, then deleted.
    Archive {
        /// The home.
        path: String,
        /// Where the archives lie.
        into: String,
    },
}

/// What a complete read taught about a person who has an account. Not a change of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// Missing: since when, and in how many reads.
    Absent(RemoteId, crate::model::owned::Absence),
    /// There again.
    Back(RemoteId),
    /// The provider wants of a field what somebody has set by hand already.
    Agreed(RemoteId, Field, String),
    /// A group is missing: since when, and in how many reads.
    GroupAbsent(RemoteId, crate::model::owned::Absence),
    /// A group is there again.
    GroupBack(RemoteId),
    /// How a person is to be reached.
    Contact(RemoteId, Contact),
    /// What is in place of a person's keys, and where.
    Keys(
        RemoteId,
        crate::policy::keys::Place,
        crate::model::owned::KeyRecord,
    ),
}
