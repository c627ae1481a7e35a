//! What a plan means for the ledger: rows now, and edits that come true on confirmation.

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

use super::history::{Remembered, Snapshots, groups_with};
use super::{Run, rungs};
use crate::model::history::EntryKind;
use crate::model::{Members, RemoteId, UserName};
use crate::plan::effects::{Presence, effects};
use crate::plan::events::{HookEvent, Kind};
use crate::plan::{Adopted, Deed, KeyChange, MemberChange, NewAccount, Plan};
use crate::policy::Field;
use crate::policy::keys::digest;

/// An edit that waits for its transaction to happen. Stored as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// A row was made for it; before this transaction it had none, and no ids.
    Fresh {
        /// The account or group.
        id: String,
        /// Whether it is a group.
        group: bool,
    },
    /// An account that was deleted by hand was made again. Until then its row says what it was.
    Remade(Box<MadeRow>),
    /// A group that was deleted by hand was made again.
    RemadeGroup {
        /// The group.
        id: String,
        /// Its name.
        name: String,
        /// Members that the provider wants.
        members: Members,
    },
    /// A field was written.
    Applied {
        /// The account.
        id: String,
        /// Which field.
        field: Field,
        /// Its value.
        value: String,
    },
    /// An account is in another state.
    State {
        /// The account.
        id: String,
        /// The state's word.
        state: String,
        /// Whether somebody lost something by it.
        loss: bool,
    },
    /// A group has these members from the provider.
    Members {
        /// The group.
        id: String,
        /// All of them.
        members: Members,
        /// How many lost their membership.
        lost: usize,
    },
    /// A file with SSH keys was written.
    Keys {
        /// The account.
        id: String,
        /// The file.
        path: String,
        /// The digest of what was written; empty: taken away.
        digest: String,
        /// Whether somebody whose account is open has none any more.
        loss: bool,
    },
    /// A change of an entry that was there before goes into the history.
    Remember(Remembered),
    /// Hooks have to run for something.
    Hook(Box<HookEvent>),
    /// The hooks of this kind that run once before and once after the others have to.
    Round(Kind),
    /// An account or group has another name.
    Renamed {
        /// The account or group.
        id: String,
        /// Whether it is a group.
        group: bool,
        /// Its name before.
        from: String,
        /// Its name now.
        to: String,
        /// Its home, if that is another one.
        home: Option<String>,
    },
    /// The home of a locked account was packed and taken away.
    Archived {
        /// The account.
        id: String,
        /// The archive.
        path: String,
    },
    /// A group that is gone has lost the members it had from the provider.
    Emptied {
        /// The group.
        id: String,
    },
    /// A group was taken out of the databases.
    GroupRemoved {
        /// The group.
        id: String,
        /// How many lost their membership.
        #[serde(default)]
        lost: usize,
    },
    /// An account of the host's is gosync's.
    Adopted(Box<AdoptedRow>),
    /// A group of the host's is gosync's.
    AdoptedGroup {
        /// The group.
        id: String,
        /// Its name.
        name: String,
        /// Its gid.
        gid: u32,
        /// What the provider's name stands for, if that is another.
        alias: Option<String>,
        /// Members that the provider wants.
        members: Members,
    },
    /// An account or a group is the host's again.
    Released {
        /// The account or group.
        id: String,
        /// Whether it is a group.
        group: bool,
    },
    /// A group of the host's has these members from the provider.
    LocalMembers {
        /// The group, by name.
        name: String,
        /// All of them.
        members: Members,
        /// How many lost their membership.
        lost: usize,
        /// How many got power.
        gained: usize,
    },
}

/// The row of an account that was made; its uid is there already.
#[derive(Debug, Serialize, Deserialize)]
pub struct MadeRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) gid: u32,
    pub(super) private: bool,
    pub(super) gecos: String,
    pub(super) home: String,
    pub(super) shell: String,
    pub(super) subid: Option<u32>,
}

impl MadeRow {
    fn new(id: &str, name: &str, new: &NewAccount) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            gid: new.gid.get(),
            private: new.private_group,
            gecos: new.gecos.clone(),
            home: new.home.clone(),
            shell: new.shell.clone(),
            subid: new.subids.map(|(first, _)| first),
        }
    }
}

/// The row of an adopted account.
#[derive(Debug, Serialize, Deserialize)]
pub struct AdoptedRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) alias: Option<String>,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) private: bool,
    pub(super) gecos: String,
    pub(super) home: String,
    pub(super) shell: String,
    pub(super) locked: bool,
    pub(super) expire: String,
}

impl AdoptedRow {
    fn new(id: &str, name: &str, adopted: &Adopted) -> Self {
        let applied = adopted.applied.clone();
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            alias: adopted.alias.clone(),
            uid: adopted.uid.get(),
            gid: adopted.gid.get(),
            private: adopted.private_group,
            gecos: applied.gecos,
            home: applied.home,
            shell: applied.shell,
            locked: applied.locked,
            expire: applied.expire,
        }
    }
}

fn joined(members: &[UserName]) -> Members {
    members.iter().map(UserName::as_str).collect()
}

/// Writes the rows and edits of a plan for transaction `txn`.
pub(super) fn write(
    tx: &Transaction<'_>,
    run: Run<'_>,
    txn: u64,
    plan: &Plan,
) -> rusqlite::Result<()> {
    let provider = run.provider;
    let mut account = tx.prepare(
        "INSERT INTO accounts (provider, id, name, uid, gid, private, state, gecos, home, shell, subid, txn)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'reserved', ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (provider, id) DO UPDATE SET name = ?3, gid = ?5, private = ?6, state = 'reserved', gecos = ?7,
             home = ?8, shell = ?9, subid = COALESCE(?10, subid), absent_since = NULL, absent_runs = 0, locked = 0,
             expire = '', txn = ?11",
    )?;
    let mut group = tx.prepare(
        "INSERT INTO unix_groups (provider, id, name, gid, state, members, txn)
         VALUES (?1, ?2, ?3, ?4, 'reserved', ?5, ?6)
         ON CONFLICT (provider, id) DO UPDATE SET name = ?3, state = 'reserved', members = ?5, txn = ?6",
    )?;
    let mut pending =
        tx.prepare("INSERT INTO pending (txn, seq, provider, edit) VALUES (?1, ?2, ?3, ?4)")?;
    let mut seq = 0_i64;
    let mut later_of = |provider: &str, edit: &Edit| -> rusqlite::Result<()> {
        let json = serde_json::to_string(edit)
            .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        seq += 1;
        pending.execute(params![txn, seq, provider, json]).map(drop)
    };
    let mut snapshots = Snapshots::new(tx)?;
    for change in plan
        .changes
        .iter()
        .filter(|change| !effects(change).is_after_commit)
    {
        let remembered = snapshots.remember(provider, change)?;
        let (is_new, stands) = (remembered.is_new(), remembered.stands());
        let effects = effects(change);
        let is_group = change.of.kind == EntryKind::Group;
        let edit = match change.id() {
            Some(id) if is_new && effects.presence == Presence::Comes => Edit::Fresh {
                id: id.to_string(),
                group: is_group,
            },
            _ => Edit::Remember(remembered),
        };
        later_of(provider, &edit)?;
        if change.account_id().is_some() && matches!(effects.presence, Presence::Goes { .. }) {
            for (of, group) in groups_with(tx, change.name())? {
                later_of(&of, &Edit::Remember(group))?;
            }
        }
        // A group of the host's own is known by its name.
        let id = change.id().map_or(change.name(), RemoteId::as_str);
        let mut later = |edit: &Edit| later_of(provider, edit);
        match &change.deed {
            // Its ids are set aside already. What it was is still needed if this run comes to nothing.
            Deed::CreateAccount(new) if stands => later(&Edit::Remade(Box::new(MadeRow::new(
                id,
                change.name(),
                new,
            ))))?,
            Deed::CreateGroup { members, .. } if stands => later(&Edit::RemadeGroup {
                id: id.to_owned(),
                name: change.name().to_owned(),
                members: joined(members),
            })?,
            Deed::CreateAccount(new) => {
                rungs::give_up_name(tx, provider, "account", id, change.name())?;
                let subid = new.subids.map(|(first, _)| first);
                account.execute(params![
                    provider,
                    id,
                    change.name(),
                    new.uid.get(),
                    new.gid.get(),
                    new.private_group,
                    new.gecos,
                    new.home,
                    new.shell,
                    subid,
                    txn
                ])?;
            }
            Deed::CreateGroup { gid, members } => {
                rungs::give_up_name(tx, provider, "group", id, change.name())?;
                group.execute(params![
                    provider,
                    id,
                    change.name(),
                    gid.get(),
                    joined(members).as_str(),
                    txn
                ])?;
            }
            Deed::Update { fields } => {
                for f in fields {
                    later(&Edit::Applied {
                        id: id.to_owned(),
                        field: f.field,
                        value: f.to.clone(),
                    })?;
                }
            }
            Deed::Lock { .. } => later(&state(id, "locked", true))?,
            Deed::Unlock {} => later(&state(id, "active", false))?,
            Deed::RemoveAccount { .. } => later(&state(id, "removed", true))?,
            Deed::Forget { .. } => later(&state(id, "reserved", false))?,
            Deed::ChangeMembers(change) => later(&member_change(id, change))?,
            Deed::AdoptAccount(adopted) => later(&Edit::Adopted(Box::new(AdoptedRow::new(
                id,
                change.name(),
                adopted,
            ))))?,
            Deed::AdoptGroup {
                gid, alias, wanted, ..
            } => later(&Edit::AdoptedGroup {
                id: id.to_owned(),
                name: change.name().to_owned(),
                gid: gid.get(),
                alias: alias.clone(),
                members: joined(wanted),
            })?,
            Deed::Release(_) => later(&Edit::Released {
                id: id.to_owned(),
                group: is_group,
            })?,
            Deed::Rename(rename) => later(&Edit::Renamed {
                id: id.to_owned(),
                group: is_group,
                from: rename.from.to_string(),
                to: rename.to.to_string(),
                home: rename.home().map(|home| home.to.clone()),
            })?,
            Deed::ArchiveHome { archive, .. } => later(&Edit::Archived {
                id: id.to_owned(),
                path: archive.clone(),
            })?,
            Deed::MakeHome { .. } => {} // the account's opening says it all
            Deed::EmptyGroup { .. } => later(&Edit::Emptied { id: id.to_owned() })?,
            Deed::RemoveGroup { remove, .. } => later(&Edit::GroupRemoved {
                id: id.to_owned(),
                lost: remove.len(),
            })?,
            Deed::SetKeys(change) => later(&keys(id, change))?,
            Deed::ChangeContact { .. } => {} // its event says it
        }
    }
    for kind in [Kind::User, Kind::Group] {
        if plan
            .events
            .iter()
            .any(|event| event.kind == kind && !event.is_after_commit)
        {
            later_of(provider, &Edit::Round(kind))?;
        }
    }
    for event in plan.events.iter().filter(|event| !event.is_after_commit) {
        later_of(provider, &Edit::Hook(Box::new(event.clone())))?;
    }
    add_run(tx, run, txn, plan)
}

/// Writes down that there is a run, with the counts of its transaction.
pub(super) fn add_run(
    tx: &Transaction<'_>,
    run: Run<'_>,
    txn: u64,
    plan: &Plan,
) -> rusqlite::Result<()> {
    let mut counts = plan.counts();
    counts.keys -= plan
        .changes
        .iter()
        .filter(|change| effects(change).is_after_commit)
        .count();
    let counts = serde_json::to_string(&counts)
        .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    // A digest that nobody can have typed need not be worked out: only small plans come with one.
    let digest = if plan.changes.len() <= 1_000 {
        plan.digest()
    } else {
        String::new()
    };
    tx.execute(
        "INSERT INTO runs (txn, at, provider, command, digest, counts) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![txn, run.now, run.provider, run.command, digest, counts],
    )
    .map(drop)
}

fn state(id: &str, state: &str, loss: bool) -> Edit {
    Edit::State {
        id: id.to_owned(),
        state: state.to_owned(),
        loss,
    }
}

fn member_change(id: &str, change: &MemberChange) -> Edit {
    let (members, lost) = (joined(&change.wanted), change.remove.len());
    match change.privileged {
        None => Edit::Members {
            id: id.to_owned(),
            members,
            lost,
        },
        Some(privileged) => Edit::LocalMembers {
            name: id.to_owned(),
            members,
            lost,
            gained: if privileged { change.add.len() } else { 0 },
        },
    }
}

fn keys(id: &str, change: &KeyChange) -> Edit {
    let KeyChange { at, text, .. } = change;
    let digest = if text.is_empty() {
        String::new()
    } else {
        digest(text.as_bytes())
    };
    Edit::Keys {
        id: id.to_owned(),
        path: at.path().to_owned(),
        digest,
        loss: change.takes_all(),
    }
}
