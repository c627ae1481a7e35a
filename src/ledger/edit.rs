//! What becomes true in the tables when a transaction has happened: stored as JSON until then.
//!
//! Of what and whose it is stands beside it in `pending`. What 0.1.0 wrote has that in itself, too, and is read as well.

use serde::{Deserialize, Serialize};

use super::ids::Identity;
use super::losses::{self, LossKind};
use super::store::Scope;
use super::{absences, applied, attributes, contacts, departures, ids, locks, rebound};
use crate::model::history::EntryKind;
use crate::model::owned::{Hold, KeyRecord, State};
use crate::model::{AccountFields, Members};
use crate::plan::{Adopted, NewAccount};
use crate::policy::Field;
use crate::policy::keys::Place;

/// An edit that waits for its transaction to happen.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Edit {
    /// An account that was deleted by hand was made again. Until then its row says what it was.
    Remade(Box<MadeRow>),
    /// A group that was deleted by hand was made again.
    RemadeGroup { name: String, members: Members },
    /// A field of an account was written.
    Applied { field: Field, value: String },
    /// An account is in another state. `loss`: somebody lost something by it.
    State { state: State, loss: bool },
    /// A group has these members from the provider; `lost` more lost their membership.
    Members { members: Members, lost: usize },
    /// A file with SSH keys was written, or taken away: then the digest is empty. `loss`: somebody whose account is open
    /// has none any more.
    Keys {
        path: String,
        digest: String,
        loss: bool,
    },
    /// An account or a group has another name, and an account perhaps another home.
    Renamed {
        from: String,
        to: String,
        home: Option<String>,
        /// What has another path now, with all below it: before and after.
        #[serde(default)]
        moved: Vec<(String, String)>,
    },
    /// The home of a locked account was packed and taken away.
    Archived { path: String },
    /// A locked account has another shell than it had, and this one stood before; `None`: it has its own again.
    LockShell { before: Option<String> },
    /// An administrator holds an account locked.
    Held(Hold),
    /// Nobody does any more.
    Freed {},
    /// A group that is gone has lost the members it had from the provider.
    Emptied {},
    /// A group was taken out of the databases; so many lost their membership.
    GroupRemoved {
        #[serde(default)]
        lost: usize,
    },
    /// An account of the host's is gosync's.
    Adopted(Box<AdoptedRow>),
    /// A group of the host's is gosync's.
    AdoptedGroup {
        name: String,
        gid: u32,
        /// What the provider's name stands for, if that is another.
        alias: Option<String>,
        members: Members,
    },
    /// An account or a group is the host's again.
    Released {},
    /// What another record had is that of this one.
    Tied {
        /// The provider of that record.
        provider: String,
        /// Its id there.
        id: String,
    },
    /// What the provider's name stands for, if that is another.
    Alias { alias: Option<String> },
    /// A group of the host's has these members from the provider; so many lost their membership, and so many got power.
    LocalMembers {
        members: Members,
        lost: usize,
        gained: usize,
    },
}

/// The row of an account that was made; its uid is there already.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MadeRow {
    name: String,
    gid: u32,
    private: bool,
    #[serde(flatten)]
    fields: AccountFields,
    subid: Option<u32>,
}

impl MadeRow {
    pub(super) fn new(name: &str, new: &NewAccount) -> Self {
        Self {
            name: name.to_owned(),
            gid: new.gid.get(),
            private: new.private_group,
            fields: new.fields.clone(),
            subid: new.subids.map(|(first, _)| first),
        }
    }

    fn apply(&self, scope: Scope<'_>, id: &str) -> rusqlite::Result<()> {
        departures::end(scope, EntryKind::Account, id)?;
        absences::forget(scope, EntryKind::Account, id)?;
        let who = Identity {
            kind: EntryKind::Account,
            id,
            name: &self.name,
            private_gid: self.private.then_some(self.gid),
            subid: self.subid,
        };
        ids::make_again(scope, &who)?;
        let row = applied::AccountRow {
            gid: self.gid,
            fields: self.fields.borrowed(),
            locked: false,
            expire: "",
        };
        applied::set_account(scope, id, &row)
    }
}

/// The row of an adopted account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AdoptedRow {
    name: String,
    alias: Option<String>,
    uid: u32,
    gid: u32,
    private: bool,
    #[serde(flatten)]
    fields: AccountFields,
    locked: bool,
    expire: String,
}

impl AdoptedRow {
    pub(super) fn new(name: &str, adopted: &Adopted) -> Self {
        let applied = adopted.applied.clone();
        Self {
            name: name.to_owned(),
            alias: adopted.alias.clone(),
            uid: adopted.uid.get(),
            gid: adopted.gid.get(),
            private: adopted.private_group,
            fields: applied.fields,
            locked: applied.locked,
            expire: applied.expire,
        }
    }

    fn apply(&self, scope: Scope<'_>, id: &str) -> rusqlite::Result<()> {
        absences::forget(scope, EntryKind::Account, id)?;
        let who = Identity {
            kind: EntryKind::Account,
            id,
            name: &self.name,
            private_gid: self.private.then_some(self.gid),
            subid: None,
        };
        ids::adopt(scope, &who, self.uid, self.alias.as_deref())?;
        let row = applied::AccountRow {
            gid: self.gid,
            fields: self.fields.borrowed(),
            locked: self.locked,
            expire: &self.expire,
        };
        applied::set_account(scope, id, &row)
    }
}

impl Edit {
    /// Makes it true.
    pub(super) fn apply(self, scope: Scope<'_>, kind: EntryKind, id: &str) -> rusqlite::Result<()> {
        match self {
            Self::Remade(row) => row.apply(scope, id),
            Self::RemadeGroup { name, members } => make_group_again(scope, id, &name, &members),
            Self::Applied { field, value } => applied::set_field(scope, id, field, &value),
            Self::State { state, loss } => set_state(scope, id, state, loss),
            Self::Members { members, lost } => set_members(scope, id, &members, lost),
            Self::Keys { path, digest, loss } => {
                applied::set_keys(scope, id, Place::Directory, &KeyRecord { path, digest })?;
                losses::add(scope, LossKind::Keys, id, usize::from(loss))
            }
            Self::Renamed {
                from,
                to,
                home,
                moved,
            } => {
                ids::rename(scope, kind, id, &to)?;
                if kind == EntryKind::Account {
                    rename_account(scope, id, (&from, &to), home.as_deref(), &moved)?;
                }
                losses::add(scope, LossKind::Rename, id, 1)
            }
            Self::Archived { path } => {
                departures::archived(scope, id, &path)?;
                losses::add(scope, LossKind::Archive, id, 1)
            }
            Self::Emptied {} => empty_group(scope, id),
            Self::LockShell { before } => locks::set_shell(scope, id, before.as_deref()),
            Self::Held(hold) => locks::hold(scope, id, &hold),
            Self::Freed {} => locks::free(scope, id),
            Self::GroupRemoved { lost } => remove_group(scope, id, lost),
            Self::Adopted(row) => row.apply(scope, id),
            Self::AdoptedGroup {
                name,
                gid,
                alias,
                members,
            } => {
                ids::adopt(scope, &Identity::group(id, &name), gid, alias.as_deref())?;
                applied::set_members(scope, id, &members)
            }
            Self::Released {} => release(scope, kind, id),
            Self::Tied {
                provider,
                id: former,
            } => rebound::tie(scope, kind, id, (&provider, &former)),
            Self::Alias { alias } => rebound::set_alias(scope, kind, id, alias.as_deref()),
            Self::LocalMembers {
                members,
                lost,
                gained,
            } => set_local_members(scope, id, &members, (lost, gained)),
        }
    }
}

fn set_state(scope: Scope<'_>, id: &str, state: State, loss: bool) -> rusqlite::Result<()> {
    let kind = EntryKind::Account;
    let was_locked = state == State::Removed && ids::is_locked(scope, id)?;
    match state {
        // Whom only an administrator shuts out has not left.
        State::Locked if locks::is_held(scope, id)? => {}
        State::Locked => departures::locked(scope, id)?,
        _ => departures::end(scope, kind, id)?,
    }
    absences::forget(scope, kind, id)?;
    ids::set_state(scope, kind, id, state)?;
    if state == State::Removed {
        leave_groups(scope, id)?;
    }
    if !state.is_present() {
        contacts::forget(scope, id)?;
        attributes::forget(scope, id)?;
        locks::forget(scope, id)?;
    }
    if state == State::Active {
        losses::take_back(scope, id)?;
    }
    let what = match was_locked {
        true => LossKind::Removal,
        false => LossKind::Account,
    };
    losses::add(scope, what, id, usize::from(loss))
}

/// Takes an account out of the member lists, as was done in the files, or as the host's from now on.
fn leave_groups(scope: Scope<'_>, id: &str) -> rusqlite::Result<()> {
    match ids::account_name(scope, id)? {
        Some(name) => applied::replace_member(scope, &name, None),
        None => Ok(()),
    }
}

fn set_members(scope: Scope<'_>, id: &str, members: &Members, lost: usize) -> rusqlite::Result<()> {
    applied::set_members(scope, id, members)?;
    if !members.is_empty() {
        // One that was emptied, and is not any more: its departure begins anew.
        departures::end(scope, EntryKind::Group, id)?;
        absences::forget(scope, EntryKind::Group, id)?;
    }
    losses::add(scope, LossKind::Member, id, lost)
}

fn set_local_members(
    scope: Scope<'_>,
    id: &str,
    members: &Members,
    (lost, gained): (usize, usize),
) -> rusqlite::Result<()> {
    applied::set_local_members(scope, id, members)?;
    losses::add(scope, LossKind::LocalMember, id, lost)?;
    losses::add(scope, LossKind::Gain, id, gained)
}

fn rename_account(
    scope: Scope<'_>,
    id: &str,
    (from, to): (&str, &str),
    home: Option<&str>,
    moved: &[(String, String)],
) -> rusqlite::Result<()> {
    for (before, after) in moved {
        applied::move_keys(scope, id, before, after)?;
    }
    if let Some(home) = home {
        applied::set_field(scope, id, Field::Home, home)?;
    }
    applied::replace_member(scope, from, Some(to))
}

fn make_group_again(
    scope: Scope<'_>,
    id: &str,
    name: &str,
    members: &Members,
) -> rusqlite::Result<()> {
    departures::end(scope, EntryKind::Group, id)?;
    absences::forget(scope, EntryKind::Group, id)?;
    ids::make_again(scope, &Identity::group(id, name))?;
    applied::set_members(scope, id, members)
}

/// A group that the provider does not have any more has lost its members.
fn empty_group(scope: Scope<'_>, id: &str) -> rusqlite::Result<()> {
    applied::set_members(scope, id, Members::nobody())?;
    departures::emptied(scope, id)?;
    losses::add(scope, LossKind::Group, id, 1)
}

/// A group is gone; its gid stays set aside.
fn remove_group(scope: Scope<'_>, id: &str, lost: usize) -> rusqlite::Result<()> {
    departures::end(scope, EntryKind::Group, id)?;
    absences::forget(scope, EntryKind::Group, id)?;
    ids::set_state(scope, EntryKind::Group, id, State::Removed)?;
    applied::set_members(scope, id, Members::nobody())?;
    losses::add(scope, LossKind::Group, id, 1)?;
    losses::add(scope, LossKind::Member, id, lost)
}

/// Memberships stay in the files, and are the host's from now on.
fn release(scope: Scope<'_>, kind: EntryKind, id: &str) -> rusqlite::Result<()> {
    match kind {
        EntryKind::Account => {
            leave_groups(scope, id)?;
            contacts::forget(scope, id)?;
            attributes::forget(scope, id)?;
            locks::forget(scope, id)?;
            absences::forget(scope, kind, id)?;
        }
        _ => applied::set_members(scope, id, Members::nobody())?,
    }
    ids::set_state(scope, kind, id, State::Released)
}
