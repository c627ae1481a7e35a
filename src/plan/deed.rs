//! What gosync can do to an account or a group. A new thing that it can do becomes a variant of [`Deed`]; what a deed
//! means to everybody else stands in `effects.rs`.
//!
//! A deed does not say to whom it is done: the subject of its [`Change`](super::Change) does.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::key_change::KeyChange;
use crate::model::owned::{Applied, Hold};
use crate::model::{AccountFields, Contact, Gid, Key, Name, Uid, Untrusted, UserName};
use crate::policy::{Field, Reason};

/// One deed, complete: the target needs to know nothing else to carry it out. As JSON, what a dry run shows of it besides
/// its word and its subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Deed {
    /// Make an account, or finish one whose ids are already set aside.
    CreateAccount(NewAccount),
    /// Make a group.
    CreateGroup {
        /// Its gid.
        gid: Gid,
        /// Its members, sorted.
        members: Vec<UserName>,
    },
    /// Set fields of an account.
    Update {
        /// What changes.
        fields: Vec<FieldChange>,
    },
    /// Close password and account; ids, home and groups stay.
    Lock {
        /// Why, in our own words.
        reason: Reason,
    },
    /// Open a locked account again.
    Unlock {},
    /// Give a locked account the shell that shows it, or put back the one that stood before.
    LockShell(LockShell),
    /// Hold an account locked, whatever the provider says.
    Hold(Hold),
    /// Hold it no more.
    Free {},
    /// Take an account, its memberships and its subordinate ids out of the databases.
    RemoveAccount {
        /// Its uid, which stays with the person.
        uid: Uid,
        /// Whether its own group goes too.
        private_group: bool,
        /// What becomes of the home.
        home: HomeFate,
    },
    /// Take a group out of the databases.
    RemoveGroup {
        /// Its gid, which stays set aside.
        gid: Gid,
        /// Who is a member of it until then, sorted; they were added by gosync.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        remove: Vec<String>,
    },
    /// Stop owning an account; the databases stay as they are.
    Forget {
        /// Whether there is an account of this name.
        stands: bool,
    },
    /// Tell hooks that a person is to be reached otherwise; the databases stay as they are.
    ChangeContact {
        /// What hooks were told last.
        before: Contact,
        /// What the provider says now.
        after: Contact,
    },
    /// Add and take out members of a group, or of a group of the host's own.
    ChangeMembers(MemberChange),
    /// Write or take away the SSH keys of an account.
    SetKeys(KeyChange),
    /// Take over an account that stands on the host.
    AdoptAccount(Box<Adopted>),
    /// Take over a group that stands on the host.
    AdoptGroup {
        /// Its gid, which stays.
        gid: Gid,
        /// What the provider's name stands for, if that is another.
        #[serde(skip_serializing_if = "Option::is_none")]
        alias: Option<String>,
        /// The record that it was tied to until it was given back to the host.
        #[serde(skip_serializing_if = "Option::is_none")]
        was: Option<Key>,
        /// Who comes, sorted. Who is there stays.
        add: Vec<UserName>,
        /// All whom the provider wants, sorted: what the ledger remembers.
        #[serde(skip)]
        wanted: Vec<UserName>,
    },
    /// Stop owning an account or a group for good; it stays as it is, and its ids are given to no other.
    Release(Number),
    /// Tie an account or a group to another record; it stays as it is.
    Rebind(Box<Rebind>),
    /// Give an account or a group another name, everywhere.
    Rename(Rename),
    /// Pack the home of a locked account into a file, and take it away.
    ArchiveHome {
        /// Its uid.
        uid: Uid,
        /// The home.
        home: String,
        /// The file.
        archive: String,
    },
    /// Make a home for an account that has lost its own.
    MakeHome {
        /// Its uid.
        uid: Uid,
        /// Its primary group.
        gid: u32,
        /// The home.
        home: String,
    },
    /// Take the members that gosync added out of a group that the provider does not have any more.
    EmptyGroup {
        /// Who goes, sorted.
        remove: Vec<String>,
    },
}

impl Deed {
    /// Leaves out of those who come into a group whom `stays` does not name.
    pub fn retain_members(&mut self, stays: impl Fn(&UserName) -> bool) {
        match self {
            Deed::CreateGroup { members, .. } => members.retain(stays),
            Deed::ChangeMembers(MemberChange { add, wanted, .. })
            | Deed::AdoptGroup { add, wanted, .. } => {
                add.retain(&stays);
                wanted.retain(&stays);
            }
            Deed::CreateAccount(_)
            | Deed::Update { .. }
            | Deed::Lock { .. }
            | Deed::Unlock {}
            | Deed::LockShell(_)
            | Deed::Hold(_)
            | Deed::Free {}
            | Deed::RemoveAccount { .. }
            | Deed::RemoveGroup { .. }
            | Deed::Forget { .. }
            | Deed::ChangeContact { .. }
            | Deed::SetKeys(_)
            | Deed::AdoptAccount(_)
            | Deed::Release(_)
            | Deed::Rebind(_)
            | Deed::Rename(_)
            | Deed::ArchiveHome { .. }
            | Deed::MakeHome { .. }
            | Deed::EmptyGroup { .. } => {}
        }
    }
}

/// The number of an account or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Number {
    /// Of an account.
    Uid(Uid),
    /// Of a group.
    Gid(Gid),
}

impl Number {
    /// The number.
    pub fn get(self) -> u32 {
        match self {
            Number::Uid(uid) => uid.get(),
            Number::Gid(gid) => gid.get(),
        }
    }
}

/// Who comes into a group, and who goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberChange {
    /// Of a group of the host's own, whether it grants power; of one of gosync's, nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// Who comes, sorted.
    pub add: Vec<UserName>,
    /// Who goes, sorted; they were added by gosync.
    pub remove: Vec<String>,
    /// Who is in it through gosync from now on, sorted: what the ledger remembers.
    #[serde(skip)]
    pub wanted: Vec<UserName>,
}

/// An account of the host's that becomes gosync's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adopted {
    /// The person's login at the provider. Shown beside the subject.
    #[serde(skip)]
    pub login: Untrusted,
    /// What the login stands for, if that is another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The record that it was tied to until it was given back to the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Key>,
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

/// Another record for an account or a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rebind {
    /// Its number, which stays.
    #[serde(flatten)]
    pub number: Number,
    /// What it was tied to.
    pub from: Key,
    /// What the record is called at the provider, if that is known. Shown beside the subject.
    #[serde(skip)]
    pub login: Option<Untrusted>,
    /// What that stands for, if that is another name than its own, which stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// Another name for an account or a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rename {
    /// Its number.
    #[serde(flatten)]
    pub number: Number,
    /// Name on this host so far.
    pub from: Name,
    /// Name on this host from now on.
    pub to: Name,
    /// What goes along with the name of an account.
    #[serde(flatten)]
    pub account: Option<AccountRename>,
}

impl Rename {
    /// Whether a group is renamed: it is one, or it is an account's own.
    pub fn has_group(&self) -> bool {
        self.account
            .as_ref()
            .is_none_or(|account| account.private_group)
    }

    /// The home, if that moves.
    pub fn home(&self) -> Option<&HomeMove> {
        self.account.as_ref()?.home.as_ref()
    }
}

/// What goes along when an account gets another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountRename {
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// User id.
    pub uid: Uid,
    /// Primary group id.
    pub gid: Gid,
    /// Whether the primary group is its own and has to be made.
    pub private_group: bool,
    /// Full name, home and shell.
    pub fields: AccountFields,
    /// Whether the home has to be made.
    pub make_home: bool,
    /// First subordinate id and how many, for both uids and gids.
    pub subids: Option<(u32, u32)>,
}

/// By hand, for the order: the digest of a saved plan is made from this text, and `make_home` stands beside `home` in it.
impl Serialize for NewAccount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            uid,
            gid,
            private_group,
            fields,
            make_home,
            subids,
        } = self;
        let entries = 7 + usize::from(subids.is_some());
        let mut out = serializer.serialize_struct("NewAccount", entries)?;
        out.serialize_field("uid", uid)?;
        out.serialize_field("gid", gid)?;
        out.serialize_field("private_group", private_group)?;
        out.serialize_field("gecos", &fields.gecos)?;
        out.serialize_field("home", &fields.home)?;
        out.serialize_field("make_home", make_home)?;
        out.serialize_field("shell", &fields.shell)?;
        match subids {
            Some(subids) => out.serialize_field("subids", subids)?,
            None => out.skip_field("subids")?,
        }
        out.end()
    }
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

/// The shell of an account that is, or was, locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LockShell {
    /// The shell as found, and as it will be.
    #[serde(flatten)]
    pub shell: FieldChange,
    /// The shell that stood before, as long as the account is locked; `None`: it is put back.
    #[serde(skip)]
    pub before: Option<String>,
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
