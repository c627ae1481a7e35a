//! `gosync accounts`: accounts and groups, one by one. Asks no provider, writes nothing, and takes no lock.
//!
//! What gosync owns is the ledger's to say, and members are the host's; who is refused, the last sync has noted.

mod entry;
mod print;

use std::collections::{BTreeMap, BTreeSet};

use self::entry::{Entry, Place};
use super::Outcome;
use super::setup::Setup;
use crate::cli::{AccountFormat, AccountState, Accounts, Global};
use crate::error::{Error, Kind, Result};
use crate::ledger::Ledger;
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::shown;
use crate::run::{LastRuns, RunNote, anchored};
use crate::targets::Hold;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &Accounts, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let book = Book::read(&setup)?;
    let entries: Vec<&Entry> = {
        let all = book.entries.iter();
        all.filter(|entry| is_asked(entry, args)).collect()
    };
    ui.data(&match args.format {
        AccountFormat::Text => print::text(&entries),
        AccountFormat::Json => print::json(&entries, &book.noted),
        AccountFormat::Csv => print::csv(&entries).map_err(Error::failed)?,
    });
    let is_refused = |entry: &Entry| matches!(entry.place, Place::Refused { .. });
    for noted in &book.noted {
        let mut of_kind = entries.iter().filter(|entry| entry.kind == noted.kind);
        if args.format == AccountFormat::Text && of_kind.any(|entry| is_refused(entry)) {
            ui.notice(noted.text());
        }
    }
    Ok(tell_unknown(args, &book.entries, ui))
}

/// Who is asked for by a name that nobody has is told.
fn tell_unknown(args: &Accounts, entries: &[Entry], ui: Ui) -> Outcome {
    let names: BTreeSet<&str> = entries
        .iter()
        .flat_map(|entry| [entry.name.as_str(), entry.id.as_deref().unwrap_or_default()])
        .collect();
    let unknown = args
        .names
        .iter()
        .filter(|name| !names.contains(name.as_str()));
    let unknown: Vec<&String> = unknown.collect();
    for name in &unknown {
        let name = shown(name);
        let message =
            format!("there is no account or group `{name}` of gosync's, nor one that was refused");
        let hint = format!("`gosync why {name}` asks the provider");
        ui.error(&Error::failed(message).hint(hint));
    }
    match unknown.is_empty() {
        true => Outcome::Done,
        false => Outcome::Reported(Kind::Failed),
    }
}

fn is_asked(entry: &Entry, args: &Accounts) -> bool {
    let is_named = |name: &String| *name == entry.name || Some(name) == entry.id.as_ref();
    let is_in_state = match args.state {
        None => true,
        Some(AccountState::Owned) => entry.place.is_owned(),
        Some(AccountState::Locked) => matches!(entry.place, Place::Locked { .. }),
        Some(AccountState::Missing) => matches!(entry.place, Place::Missing { .. }),
        Some(AccountState::Refused) => matches!(entry.place, Place::Refused { .. }),
        Some(AccountState::Released) => entry.place == Place::Released,
    };
    is_in_state && (args.names.is_empty() || args.names.iter().any(is_named))
}

/// Everything that there is to list.
struct Book {
    entries: Vec<Entry>,
    /// From which runs the refused are known.
    noted: Vec<Noted>,
}

/// From which run the refused of a kind are known.
struct Noted {
    kind: EntryKind,
    ended: crate::model::Moment,
    /// How many more there are than are named.
    more: usize,
}

impl Noted {
    fn text(&self) -> String {
        let what = match self.kind {
            EntryKind::Account => "accounts",
            EntryKind::Group | EntryKind::LocalGroup => "groups",
        };
        let more = match self.more {
            0 => String::new(),
            more => format!("; {more} more are refused than it names"),
        };
        format!(
            "refused {what} are those of the sync that ended at {}{more}",
            self.ended
        )
    }
}

impl Book {
    fn read(setup: &Setup<'_>) -> Result<Self> {
        let ledger = anchored::read(setup)?;
        let listed = ledger.as_ref().map(Ledger::listing).transpose();
        let listed = listed.map_err(Error::failed)?.unwrap_or_default();
        let target = setup.target()?;
        let current = target.read(Hold::Open)?;
        let members = Members::of(&current.host());
        let owned = listed
            .into_iter()
            .filter_map(|it| Entry::owned(it, &members));
        let mut entries: Vec<Entry> = owned.collect();
        let runs = LastRuns::load(&setup.state_dir());
        let mut noted = Vec::new();
        for provider in setup.settings.provider_names() {
            noted.extend(note_refused(&runs.of(provider), &mut entries));
        }
        entries.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        Ok(Self { entries, noted })
    }
}

/// Adds whom the last runs for a provider have refused; which those were.
fn note_refused(runs: &LastRuns, entries: &mut Vec<Entry>) -> Vec<Noted> {
    let families = [
        ("sync users", EntryKind::Account),
        ("sync groups", EntryKind::Group),
    ];
    let add = |(family, kind)| {
        let note = runs.refusing(family)?;
        let count: usize = note.shut_out().map(|told| told.count).sum();
        let before = entries.len();
        entries.extend(refused(note, kind));
        let more = count.saturating_sub(entries.len() - before);
        let ended = note.ended;
        (count > 0).then_some(Noted { kind, ended, more })
    };
    families.into_iter().filter_map(add).collect()
}

/// Whom a run has refused.
fn refused(note: &RunNote, kind: EntryKind) -> impl Iterator<Item = Entry> {
    note.shut_out().flat_map(move |told| {
        told.who.iter().map(move |who| Entry {
            kind,
            name: who.name.clone(),
            number: None,
            gid: None,
            provider: note.provider.clone(),
            id: who.id.clone(),
            members: Vec::new(),
            place: Place::Refused {
                reason: told.reason.clone(),
                text: told.text.clone(),
            },
        })
    })
}

/// Who is in which group, also by the primary group.
pub(super) struct Members {
    by_group: BTreeMap<String, BTreeSet<String>>,
    /// What stands under a name: uid, or gid.
    accounts: BTreeMap<String, u32>,
    groups: BTreeMap<String, u32>,
}

impl Members {
    fn of(host: &Host<'_>) -> Self {
        let mut by_gid: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for (name, account) in host.accounts.iter() {
            by_gid.entry(account.gid).or_default().push(name);
        }
        let members = host.groups.iter().map(|(name, group)| {
            let primary = by_gid.get(&group.gid).into_iter().flatten().copied();
            let members = group.members.names().chain(primary).map(str::to_owned);
            ((*name).to_owned(), members.collect())
        });
        let accounts = host.accounts.iter();
        let groups = host.groups.iter();
        Self {
            by_group: members.collect(),
            accounts: accounts
                .map(|(name, it)| ((*name).to_owned(), it.uid))
                .collect(),
            groups: groups
                .map(|(name, it)| ((*name).to_owned(), it.gid))
                .collect(),
        }
    }

    /// Those of a group.
    pub(super) fn of_group(&self, name: &str) -> Vec<String> {
        let members = self.by_group.get(name).into_iter().flatten();
        members.cloned().collect()
    }

    /// Whether something of this name and number stands on the host.
    pub(super) fn stands(&self, kind: EntryKind, name: &str, number: u32) -> bool {
        let there = match kind {
            EntryKind::Account => &self.accounts,
            EntryKind::Group | EntryKind::LocalGroup => &self.groups,
        };
        there.get(name) == Some(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::host::{HostAccount, HostGroup};
    use crate::model::{AccountFields, MemberList};

    #[test]
    fn members_by_the_primary_group_count() {
        let account = |uid, gid| HostAccount {
            uid,
            gid,
            fields: AccountFields::default(),
            locked: false,
            expire: "",
            writable: true,
        };
        let group = |gid, members| HostGroup {
            gid,
            members: MemberList::from(members),
            writable: true,
        };
        let mut host = Host::default();
        host.accounts.insert("ann", account(20_000, 60_000));
        host.accounts.insert("bob", account(20_001, 100));
        host.groups.insert("lab", group(60_000, "bob"));
        host.groups.insert("desk", group(60_001, ""));
        let members = Members::of(&host);
        assert_eq!(members.of_group("lab"), ["ann", "bob"]);
        assert!(members.of_group("desk").is_empty());
        assert!(members.stands(EntryKind::Group, "lab", 60_000));
        assert!(!members.stands(EntryKind::Account, "ann", 7));
    }
}
