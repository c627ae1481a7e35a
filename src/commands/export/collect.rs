//! What is exported: accounts and groups of gosync's that stand on the host.

use std::collections::{BTreeMap, BTreeSet};

use super::super::setup::Setup;
use crate::error::{Error, Result};
use crate::ledger::Listed;
use crate::model::history::EntryKind;
use crate::model::host::{Host, HostAccount, HostGroup};
use crate::model::owned::State;
use crate::model::{Examples, shown};
use crate::plan::KeyFile;
use crate::policy::keys::Place;
use crate::run::anchored;
use crate::targets::Target;

/// Accounts and groups, each in the order of ids.
pub(super) struct Exported<'h> {
    pub(super) accounts: Vec<Account<'h>>,
    pub(super) groups: Vec<Group<'h>>,
    /// Groups that are one account's own, which no provider knows.
    pub(super) private: Vec<(&'h str, HostGroup<'h>)>,
    /// What is to be told of those that are not there.
    pub(super) left_out: Vec<String>,
}

/// An account.
pub(super) struct Account<'h> {
    /// The provider's id.
    pub(super) id: String,
    pub(super) name: &'h str,
    pub(super) on_host: HostAccount<'h>,
    /// Whether its person is let in.
    pub(super) active: bool,
    /// Lines of authorized_keys, without comments.
    pub(super) keys: Vec<String>,
}

/// A group.
pub(super) struct Group<'h> {
    /// The provider's id.
    pub(super) id: String,
    pub(super) name: &'h str,
    pub(super) on_host: HostGroup<'h>,
}

impl<'h> Exported<'h> {
    /// Collects them.
    ///
    /// # Errors
    /// When there is no ledger to be believed, files with keys cannot be read, or two providers have one id.
    pub(super) fn collect(
        setup: &Setup<'_>,
        target: &dyn Target,
        host: &'h Host<'h>,
    ) -> Result<Self> {
        // An export of nothing would be taken for the end of everybody elsewhere.
        let Some(ledger) = anchored::read(setup)? else {
            return Err(Error::failed(
                "there is nothing to export: no sync has written anything here",
            )
            .hint("Run `gosync sync` first"));
        };
        let mut listed = ledger.listing().map_err(Error::failed)?;
        listed.retain(|it| matches!(it.state, State::Active | State::Locked));
        listed.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
        refuse_twice(&listed)?;
        let mut found = Self {
            accounts: Vec::new(),
            groups: Vec::new(),
            private: Vec::new(),
            left_out: Vec::new(),
        };
        let mut missing: BTreeMap<EntryKind, Vec<String>> = BTreeMap::new();
        for it in listed {
            let kind = it.kind;
            if let Some(name) = found.add(it, host) {
                missing.entry(kind).or_default().push(name);
            }
        }
        found.left_out = missing
            .into_iter()
            .map(|(kind, names)| left_out(kind, &names))
            .collect();
        found.add_private_groups(host);
        found.read_keys(setup, target)?;
        Ok(found)
    }

    /// Adds what stands on the host as gosync knows it; else gives its name.
    fn add(&mut self, it: Listed, host: &'h Host<'h>) -> Option<String> {
        match it.kind {
            EntryKind::Account => match host.accounts.get_key_value(it.name.as_str()) {
                Some((name, found)) if found.uid == it.number => self.accounts.push(Account {
                    id: it.id,
                    name,
                    on_host: *found,
                    // Who was locked by hand here is let in nowhere.
                    active: it.state == State::Active && !found.closed(),
                    keys: Vec::new(),
                }),
                _ => return Some(it.name),
            },
            EntryKind::Group => match host.groups.get_key_value(it.name.as_str()) {
                Some((name, found)) if found.gid == it.number => self.groups.push(Group {
                    id: it.id,
                    name,
                    on_host: *found,
                }),
                _ => return Some(it.name),
            },
            // It is the host's own.
            EntryKind::LocalGroup => {}
        }
        None
    }

    fn add_private_groups(&mut self, host: &'h Host<'h>) {
        let own = self.accounts.iter().filter_map(|account| {
            let (name, group) = host.groups.get_key_value(account.name)?;
            (group.gid == account.on_host.gid).then_some((*name, *group))
        });
        self.private = own.collect();
    }

    fn read_keys(&mut self, setup: &Setup<'_>, target: &dyn Target) -> Result<()> {
        let rules = &setup.settings.rules.keys;
        if rules.place != Place::Directory {
            return Ok(());
        }
        let files = target.key_files()?;
        let there: BTreeSet<&str> = files.names().collect();
        let with_file = |it: &&mut Account<'h>| there.contains(it.name);
        for account in self.accounts.iter_mut().filter(with_file) {
            let path = format!("{}/{}", rules.directory, account.name);
            if let KeyFile::Plain { bytes, .. } = files.at(&path)? {
                let text = String::from_utf8_lossy(&bytes);
                let lines = text.lines().map(str::trim);
                let keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
                account.keys = keys.map(str::to_owned).collect();
            }
        }
        Ok(())
    }

    /// Whether there are SSH keys.
    pub(super) fn has_keys(&self) -> bool {
        self.accounts.iter().any(|account| !account.keys.is_empty())
    }

    /// The ids of accounts, by their names here.
    pub(super) fn ids(&self) -> BTreeMap<&str, &str> {
        let accounts = self.accounts.iter();
        accounts.map(|it| (it.name, it.id.as_str())).collect()
    }
}

/// One id of two providers would be one person elsewhere.
fn refuse_twice(listed: &[Listed]) -> Result<()> {
    let twice = listed.windows(2).find_map(|pair| match pair {
        [a, b] if (a.kind, &a.id) == (b.kind, &b.id) => Some((a, b)),
        _ => None,
    });
    match twice {
        None => Ok(()),
        Some((a, b)) => Err(Error::failed(format!(
            "`{}` and `{}` have the same id {} at two providers, and would be one elsewhere; nothing was exported",
            shown(&a.name),
            shown(&b.name),
            shown(&a.id)
        ))
        .hint("`gosync rebind` ties one of them to another record, `gosync release` gives it back to the host")),
    }
}

fn left_out(kind: EntryKind, names: &[String]) -> String {
    let examples: Examples = names.iter().map(String::as_str).collect();
    let what = match kind {
        EntryKind::Account => "accounts",
        EntryKind::Group | EntryKind::LocalGroup => "groups",
    };
    format!("{what} that do not stand on this host as gosync made them are left out: {examples}")
}
