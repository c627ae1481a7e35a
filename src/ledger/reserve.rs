//! What a plan means for the ledger: numbers that are set aside now, and entries that come true on confirmation.

use super::anchored;
use super::creations::{Batch, Creation};
use super::edit::{AdoptedRow, Edit, MadeRow};
use super::figures::{self, Figures};
use super::history::{Past, Snapshots};
use super::ids;
use super::pending::{self, Writer};
use super::store::{Ledger, LedgerError, Run, Scope, next_number};
use crate::model::history::EntryKind;
use crate::model::owned::State;
use crate::model::{Members, UserName};
use crate::plan::effects::{Presence, effects};
use crate::plan::events::Kind;
use crate::plan::{Change, Deed, FieldChange, KeyChange, MemberChange, Plan, Rename};
use crate::policy::keys::digest;

/// How much of the file a reservation keeps in memory, in KiB and below zero as SQLite has it: numbers come in no order, so
/// that their index is written to all over. With the 2 MiB of SQLite it goes to the disk and back meanwhile.
const CACHE: i64 = -16_384;

impl Ledger {
    /// Sets the ids of a plan, or of a part of one, aside and writes down what it intends. Returns the number of the
    /// run, which is that of its first transaction.
    ///
    /// # Errors
    /// When that cannot be written; then nothing was.
    pub fn reserve(&mut self, run: Run<'_>, plan: &Plan) -> Result<u64, LedgerError> {
        self.read(|db| db.pragma_update(None, "cache_size", CACHE))?;
        self.write(|tx| {
            pending::forget(tx)?;
            anchored::reserve(tx)?;
            let txn = run.number.map_or_else(|| next_number(tx), Ok)?;
            figures::add_run(tx, run, txn, &Figures::none())?;
            let snapshots = match run.number {
                Some(_) => Snapshots::within(tx, txn)?,
                None => Snapshots::new(tx)?,
            };
            let scope = run.scope(tx);
            let kinds = [EntryKind::Account, EntryKind::Group];
            let [accounts, groups] = kinds.map(|kind| ids::is_any(scope, kind));
            let is_any = [accounts?, groups?];
            let [accounts, groups] = kinds.map(|kind| ids::was_any_made(scope, kind));
            // The first people and groups come all at once.
            let counts = [accounts?, groups?].map(|was_any| was_any && !run.let_through);
            let mut entries = Writer::new(tx, txn)?;
            entries.begin(scope, &Figures::of(plan, counts)?)?;
            Reservation {
                scope,
                snapshots,
                entries,
                is_any,
                new: Batch::new(txn),
            }
            .write(plan)?;
            Ok(txn)
        })
    }
}

/// A plan that is being written down.
struct Reservation<'t, 'p> {
    scope: Scope<'t>,
    snapshots: Snapshots<'t>,
    entries: Writer<'t>,
    /// Whether any account, and any group, of the provider is known.
    is_any: [bool; 2],
    new: Batch<'p>,
}

impl<'p> Reservation<'_, 'p> {
    fn write(mut self, plan: &'p Plan) -> rusqlite::Result<()> {
        let changes = plan.changes.iter();
        for change in changes.filter(|change| !effects(change).is_after_commit) {
            self.change(change)?;
        }
        self.new.write(self.scope)?;
        let events = || plan.events.iter().filter(|event| !event.is_after_commit);
        for kind in [Kind::User, Kind::Group] {
            if events().any(|event| event.kind == kind) {
                self.entries.round(self.scope, kind)?;
            }
        }
        events().try_for_each(|event| self.entries.hook(self.scope, event))
    }

    fn change(&mut self, change: &'p Change) -> rusqlite::Result<()> {
        // What is tied to another provider's record, or is given back that came from there, is that provider's.
        let key = change.of.key.as_ref();
        let scope = key.map_or(self.scope, |key| self.scope.of(key.provider.as_str()));
        let presence = effects(change).presence;
        let creation = match presence {
            Presence::Comes => creation(change),
            _ => None,
        };
        // There is nothing to be remembered of what is new.
        let creation = match creation {
            Some(new) if !self.is_known(scope, &new)? => {
                let place = self.entries.skip();
                return self.new.add(scope, new, place);
            }
            known => known,
        };
        self.new.write(scope)?;
        let past = self.snapshots.past(scope, change)?;
        // Of what should be there and is made again, the number is set aside already. What it was is still needed if
        // this run comes to nothing.
        if let Some(new) = creation.filter(|_| !past.is_present()) {
            ids::reserve_again(scope, &new.who)?;
            new.set_applied(scope)?;
            return self.entries.make_again(scope, &past);
        }
        self.entries.history(scope, &past)?;
        if past.kind == EntryKind::Account && matches!(presence, Presence::Goes { .. }) {
            for (provider, left) in self.snapshots.groups_with(scope, change.name())? {
                self.entries.history(scope.of(&provider), &left)?;
            }
        }
        self.edit(scope, change, &past)
    }

    fn is_known(&self, scope: Scope<'_>, new: &Creation<'_>) -> rusqlite::Result<bool> {
        let [accounts, groups] = self.is_any;
        let is_any = match new.who.kind {
            EntryKind::Account => accounts,
            EntryKind::Group | EntryKind::LocalGroup => groups,
        };
        let may_be = is_any || scope.provider != self.scope.provider;
        Ok(may_be && ids::is_known(scope, new.who.kind, new.who.id)?)
    }

    /// Writes down what becomes true on confirmation.
    fn edit(&mut self, scope: Scope<'_>, change: &Change, past: &Past) -> rusqlite::Result<()> {
        let of = (past.kind, past.id.as_str());
        edits(change)
            .iter()
            .try_for_each(|edit| self.entries.edit(scope, of, edit))
    }
}

/// The account or group that a change makes.
fn creation(change: &Change) -> Option<Creation<'_>> {
    let (key, name) = (change.of.key.as_ref()?, change.name());
    match &change.deed {
        Deed::CreateAccount(new) => Some(Creation::account(key, name, new)),
        Deed::CreateGroup { gid, members } => {
            Some(Creation::group(key, name, *gid, joined(members)))
        }
        _ => None,
    }
}

/// What becomes true by a change; nothing, if other entries say it all.
fn edits(change: &Change) -> Vec<Edit> {
    let name = change.name();
    let tied = effects(change).was.map(|was| Edit::Tied {
        provider: was.provider.to_string(),
        id: was.id.to_string(),
    });
    let edit = match &change.deed {
        Deed::Update { fields } => return fields.iter().map(written).collect(),
        Deed::CreateAccount(new) => Edit::Remade(Box::new(MadeRow::new(name, new))),
        Deed::CreateGroup { members, .. } => Edit::RemadeGroup {
            name: name.to_owned(),
            members: joined(members),
        },
        Deed::Lock { .. } => state(State::Locked, true),
        Deed::Unlock {} => state(State::Active, false),
        Deed::RemoveAccount { .. } => state(State::Removed, true),
        Deed::Forget { .. } => state(State::Reserved, false),
        Deed::ChangeMembers(change) => members(change),
        Deed::AdoptAccount(adopted) => Edit::Adopted(Box::new(AdoptedRow::new(name, adopted))),
        Deed::AdoptGroup {
            gid, alias, wanted, ..
        } => Edit::AdoptedGroup {
            name: name.to_owned(),
            gid: gid.get(),
            alias: alias.clone(),
            members: joined(wanted),
        },
        Deed::Release(_) => Edit::Released {},
        Deed::Rebind(rebind) => Edit::Alias {
            alias: rebind.alias.clone(),
        },
        Deed::Rename(rename) => Edit::Renamed {
            from: rename.from.to_string(),
            to: rename.to.to_string(),
            home: rename.home().map(|home| home.to.clone()),
            moved: moved(rename),
        },
        Deed::LockShell(shell) => Edit::LockShell {
            before: shell.before.clone(),
        },
        Deed::Hold(hold) => Edit::Held(hold.clone()),
        Deed::Free {} => Edit::Freed {},
        Deed::ArchiveHome { archive, .. } => Edit::Archived {
            path: archive.clone(),
        },
        Deed::EmptyGroup { .. } => Edit::Emptied {},
        Deed::RemoveGroup { remove, .. } => Edit::GroupRemoved { lost: remove.len() },
        Deed::SetKeys(change) => keys(change),
        // The account's opening, and the event, say it.
        Deed::MakeHome { .. } | Deed::ChangeContact { .. } => return vec![],
    };
    tied.into_iter().chain([edit]).collect()
}

fn written(change: &FieldChange) -> Edit {
    Edit::Applied {
        field: change.field,
        value: change.to.clone(),
    }
}

/// What goes along with another name: paths before and after.
fn moved(rename: &Rename) -> Vec<(String, String)> {
    let home = rename.home().filter(|home| home.moved);
    let home = home.map(|home| (home.from.clone(), home.to.clone()));
    let account = rename.account.iter();
    let files = account.flat_map(|account| account.files.iter().cloned());
    files.chain(home).collect()
}

fn joined(members: &[UserName]) -> Members {
    members.iter().map(UserName::as_str).collect()
}

fn state(state: State, loss: bool) -> Edit {
    Edit::State { state, loss }
}

fn members(change: &MemberChange) -> Edit {
    let (members, lost) = (joined(&change.wanted), change.remove.len());
    match change.privileged {
        None => Edit::Members { members, lost },
        Some(privileged) => Edit::LocalMembers {
            members,
            lost,
            gained: if privileged { change.add.len() } else { 0 },
        },
    }
}

fn keys(change: &KeyChange) -> Edit {
    Edit::Keys {
        path: change.at.path().to_owned(),
        digest: digest_of(&change.text),
        loss: change.takes_all(),
    }
}

/// The digest of a file with keys; of none, nothing.
pub(super) fn digest_of(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        digest(text.as_bytes())
    }
}
