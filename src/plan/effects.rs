//! What a change means: to limits, summaries, hooks, the ledger's history, files, homes, and the parts of a commit.
//!
//! [`effects`] is the only place that tells one deed from another for any of these; the compiler asks it about every new
//! deed. Everybody else asks for the effects, and never looks at the deed itself, except the code that stages, shows or
//! remembers one with all that it holds: that matches on all deeds, too. Pure; nothing here allocates.

mod accounts;
mod groups;

use serde::Serialize;

use super::change::Change;
use super::deed::{Deed, FieldChange, HomeFate, NewAccount, Number, Rebind, Rename};
use super::hook_event::Event;
use super::key_change::KeyChange;
use crate::model::history::EntryKind;
use crate::model::owned::{Hold, Loss};
use crate::model::{Gid, Key, Name, Uid, Untrusted, UserName};
use crate::policy::Reason;

/// What a change means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effects<'a> {
    /// Its word, in the JSON of a plan and in the ledger's history.
    pub word: &'static str,
    /// As what the summary counts it.
    pub count: Count,
    /// The part of the commit to which it belongs.
    pub part: Part,
    /// Whether it is no part of the transaction: it is carried out after it, by itself, and remembered when it is.
    pub is_after_commit: bool,
    /// What it is to hooks; `None`: they are not run for it.
    pub event: Option<Event>,
    /// What becomes of the account or group itself.
    pub presence: Presence,
    /// The number of the account or group, if the change names it.
    pub number: Option<Number>,
    /// What it gives out, which nobody else may have.
    pub gives: Gives<'a>,
    /// What it takes away.
    pub takes: Takes<'a>,
    /// Who comes into the group and who goes out of it.
    pub members: Members<'a>,
    /// What becomes of the lines in the databases.
    pub lines: Lines<'a>,
    /// What becomes of the home.
    pub home: Home<'a>,
    /// What becomes of files with SSH keys.
    pub keys: Option<&'a KeyChange>,
    /// The record that it was tied to until now, if it gets another one.
    pub was: Option<&'a Key>,
    /// What the person is called at the provider, where a person has to see that.
    pub login: Option<&'a Untrusted>,
    /// What the ledger's entry does not tell afterwards.
    pub detail: Option<Detail<'a>>,
}

/// As what the summary counts a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// New.
    Created,
    /// Changed fields, members or contacts.
    Changed,
    /// Locked.
    Locked,
    /// Opened again.
    Unlocked,
    /// Removed or forgotten.
    Removed,
    /// Has another name.
    Renamed,
    /// The home was packed.
    Archived,
    /// Taken over.
    Adopted,
    /// Given back.
    Released,
    /// Tied to another record.
    Rebound,
    /// Keys were written or taken away.
    Keys,
    /// The shell shows a lock, or does so no more.
    Shell,
    /// Held locked by an administrator.
    Held,
    /// Held no more.
    Freed,
}

impl Count {
    /// All of them, in the order of the summary.
    pub(crate) const ALL: [Self; 14] = [
        Self::Created,
        Self::Changed,
        Self::Locked,
        Self::Unlocked,
        Self::Removed,
        Self::Renamed,
        Self::Archived,
        Self::Adopted,
        Self::Released,
        Self::Rebound,
        Self::Keys,
        Self::Shell,
        Self::Held,
        Self::Freed,
    ];

    /// The word for it, as in [`super::counts::Counts`].
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Locked => "locked",
            Self::Unlocked => "unlocked",
            Self::Removed => "removed",
            Self::Renamed => "renamed",
            Self::Archived => "archived",
            Self::Adopted => "adopted",
            Self::Released => "released",
            Self::Rebound => "rebound",
            Self::Keys => "keys",
            Self::Shell => "shells",
            Self::Held => "held",
            Self::Freed => "freed",
        }
    }
}

/// A part of a commit, in order. A failure in a later one never undoes or holds back an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Takes rights away: locks, keys that are withdrawn, members who go.
    Closing,
    /// Gives something out, or changes it.
    Opening,
    /// Takes away for good: homes, accounts, groups.
    Clearing,
}

/// What becomes of an account or a group as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is there before and after.
    Stays,
    /// It is made.
    Comes,
    /// It is closed.
    Closes,
    /// It is opened again.
    Opens,
    /// It is taken out of the databases.
    Goes {
        /// Whether it has no home afterwards.
        with_home: bool,
    },
    /// It is not gosync's any more, and stays as it is.
    Left,
}

impl Presence {
    /// Whether it can be used no more afterwards.
    pub(crate) fn ends(self) -> bool {
        match self {
            Presence::Closes | Presence::Goes { .. } => true,
            Presence::Stays | Presence::Comes | Presence::Opens | Presence::Left => false,
        }
    }
}

/// What a change gives out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gives<'a> {
    /// A name.
    pub name: Option<&'a Name>,
    /// A number.
    pub number: Option<Number>,
    /// The primary group of a new account.
    pub primary: Option<Gid>,
    /// Membership in a group that grants power.
    pub power: &'a [UserName],
}

/// What a change takes away, for the limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Takes<'a> {
    /// Memberships, and how many of the group's members are left.
    pub members: Option<(&'a [String], usize)>,
    /// What has a limit of its own. The removal of an account has this one only if the account is locked.
    pub loss: Option<Loss>,
    /// All keys of somebody whose account stays open.
    pub all_keys: bool,
}

/// Who comes into a group and who goes out of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Members<'a> {
    /// Who comes, sorted.
    pub come: &'a [UserName],
    /// Who goes, sorted.
    pub go: &'a [String],
}

impl Members<'_> {
    /// Whether nobody comes or goes.
    pub(crate) fn is_empty(&self) -> bool {
        self.come.is_empty() && self.go.is_empty()
    }
}

/// What becomes of the lines of an account or a group in the databases.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lines<'a> {
    /// They stay as they are.
    Stay,
    /// passwd, shadow, subuid, subgid, and group and gshadow for its own group.
    NewAccount(&'a NewAccount),
    /// group and gshadow, with the members who come.
    NewGroup(Gid),
    /// Fields of passwd and shadow.
    Fields(&'a [FieldChange]),
    /// Password and expiry in shadow.
    Lock,
    /// The same, taken off.
    Unlock,
    /// The lists in group and gshadow.
    Members,
    /// The name, in all databases.
    Rename(&'a Rename),
    /// Those of an account go from all databases.
    RemoveAccount {
        /// Whether its own group goes, too.
        private_group: bool,
    },
    /// Those of a group go from group and gshadow.
    RemoveGroup,
}

impl<'a> Lines<'a> {
    /// The account, if it is a new one.
    pub(crate) fn new_account(self) -> Option<&'a NewAccount> {
        if let Lines::NewAccount(new) = self {
            Some(new)
        } else {
            None
        }
    }

    /// The rename, if it is one.
    pub(crate) fn rename(self) -> Option<&'a Rename> {
        if let Lines::Rename(rename) = self {
            Some(rename)
        } else {
            None
        }
    }

    /// The fields that are set on an account that is there.
    pub(crate) fn fields(self) -> &'a [FieldChange] {
        if let Lines::Fields(fields) = self {
            fields
        } else {
            &[]
        }
    }
}

/// What becomes of a home.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Home<'a> {
    /// Nothing; or it goes along with a rename.
    Stays,
    /// It is made.
    Make {
        /// The path.
        path: &'a str,
        /// Whose it will be.
        uid: Uid,
        /// Of which group.
        gid: u32,
    },
    /// It goes.
    Goes {
        /// The path.
        path: &'a str,
        /// Whose it must be.
        uid: Uid,
        /// Whether and where it is packed before.
        pack: Option<Pack<'a>>,
    },
}

/// Where a home is packed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pack<'a> {
    /// Into a file of this directory.
    Into(&'a str),
    /// Into this file.
    As(&'a str),
}

/// What the ledger's entry does not tell afterwards, as the history keeps it.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Detail<'a> {
    /// Why somebody was locked.
    Reason(&'a Reason),
    /// Who holds it locked, and why.
    Held(&'a Hold),
    /// What became of the shell.
    Shell(&'a FieldChange),
    /// What became of a home.
    Home(&'a HomeFate),
    /// Fingerprints of keys.
    Keys {
        /// Before.
        from: &'a [String],
        /// After.
        to: &'a [String],
    },
    /// The record that it was tied to.
    From(&'a Key),
    /// Where a home was packed.
    Archived(&'a str),
    /// What else of a contact changed.
    Contact(&'a str),
    /// An e-mail address.
    Email {
        /// Before.
        from: &'a Option<String>,
        /// After.
        to: &'a Option<String>,
    },
    /// The fields of an adopted account: the ledger had no entry that could tell what was there.
    #[serde(serialize_with = "before")]
    Before(&'a [FieldChange]),
}

fn before<S: serde::Serializer>(fields: &&[FieldChange], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(fields.iter().map(|f| (f.field.as_str(), f.from.as_str())))
}

/// Everything that a change means.
pub(crate) fn effects(change: &Change) -> Effects<'_> {
    let name = &change.of.name;
    match &change.deed {
        Deed::CreateAccount(new) => accounts::create(name, new),
        Deed::CreateGroup { gid, members } => groups::create(name, *gid, members),
        Deed::Update { fields } => accounts::update(fields),
        Deed::Lock { reason } => accounts::lock(reason),
        Deed::Unlock {} => accounts::unlock(),
        Deed::LockShell(shell) => accounts::lock_shell(shell),
        Deed::Hold(hold) => accounts::hold(hold),
        Deed::Free {} => accounts::free(),
        Deed::RemoveAccount {
            uid,
            private_group,
            home,
        } => accounts::remove(*uid, *private_group, home),
        Deed::RemoveGroup { gid, remove } => groups::remove(*gid, remove),
        Deed::Forget { stands: _ } => accounts::forget(),
        Deed::ChangeContact { before, after } => accounts::change_contact(before, after),
        Deed::ChangeMembers(members) => groups::change_members(change.of.kind, members),
        Deed::SetKeys(keys) => accounts::set_keys(keys),
        Deed::AdoptAccount(adopted) => accounts::adopt(adopted),
        Deed::AdoptGroup { gid, was, add, .. } => groups::adopt(*gid, was.as_ref(), add),
        Deed::Release(number) => release(*number),
        Deed::Rebind(rebound) => rebind(change.of.kind, rebound),
        Deed::Rename(of) => rename(name, of),
        Deed::ArchiveHome { uid, home, archive } => accounts::archive_home(*uid, home, archive),
        Deed::MakeHome { uid, gid, home } => accounts::make_home(*uid, *gid, home),
        Deed::EmptyGroup { remove } => groups::empty(remove),
    }
}

/// What is true of most changes.
fn of<'a>(word: &'static str, count: Count, event: Option<Event>) -> Effects<'a> {
    Effects {
        word,
        count,
        event,
        part: Part::Opening,
        is_after_commit: false,
        presence: Presence::Stays,
        number: None,
        gives: Gives::default(),
        takes: Takes::default(),
        members: Members::default(),
        lines: Lines::Stay,
        home: Home::Stays,
        keys: None,
        was: None,
        login: None,
        detail: None,
    }
}

fn losing<'a>(loss: Loss) -> Takes<'a> {
    Takes {
        loss: Some(loss),
        ..Takes::default()
    }
}

fn release<'a>(number: Number) -> Effects<'a> {
    let word = match number {
        Number::Uid(_) => "release-account",
        Number::Gid(_) => "release-group",
    };
    Effects {
        number: Some(number),
        presence: Presence::Left,
        ..of(word, Count::Released, None)
    }
}

fn rebind(kind: EntryKind, rebind: &Rebind) -> Effects<'_> {
    let word = match kind {
        EntryKind::Account => "rebind-account",
        EntryKind::Group | EntryKind::LocalGroup => "rebind-group",
    };
    Effects {
        number: Some(rebind.number),
        was: Some(&rebind.from),
        login: rebind.login.as_ref(),
        detail: Some(Detail::From(&rebind.from)),
        ..of(word, Count::Rebound, None)
    }
}

fn rename<'a>(name: &'a Name, rename: &'a Rename) -> Effects<'a> {
    let word = match rename.number {
        Number::Uid(_) => "rename-account",
        Number::Gid(_) => "rename-group",
    };
    Effects {
        number: Some(rename.number),
        gives: Gives {
            name: Some(name),
            ..Gives::default()
        },
        takes: losing(Loss::Rename),
        lines: Lines::Rename(rename),
        ..of(word, Count::Renamed, Some(Event::Renamed))
    }
}

#[cfg(test)]
mod tests;
