//! The changes that gosync can make to a host. A new thing it can do becomes a variant here.

use serde::Serialize;

use crate::model::{Gid, GroupName, RemoteId, Uid, UserName};
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
    /// What is in place of a person's keys, and where.
    Keys(RemoteId, crate::policy::keys::Place, crate::model::owned::KeyRecord),
}
