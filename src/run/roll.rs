//! Collects what derived targets and exports are made of: accounts and groups of gosync's that stand on the host.
//!
//! What is gosync's, its id and its number are the ledger's to say; everything else is as it stands on the host.

use std::collections::{BTreeMap, BTreeSet};

use super::ahead::KeysAhead;
use super::env::Env;
use crate::error::{Error, Result};
use crate::ledger::{Ledger, Listed};
use crate::model::Examples;
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::owned::State;
use crate::plan::KeyFile;
use crate::policy::keys::Place;
use crate::targets::Target;
use crate::targets::derived::{Account, Gone, Group, Roll};

/// What was collected.
#[derive(Default)]
pub(crate) struct Collected<'h> {
    /// What there is.
    pub(crate) roll: Roll<'h>,
    /// What is to be told of those that are not there.
    pub(crate) left_out: Vec<String>,
}

impl<'h> Collected<'h> {
    /// Collects them. `with_keys`: files with SSH keys are read, too.
    ///
    /// # Errors
    /// When the ledger, or files with keys, cannot be read.
    pub(crate) fn of(
        env: &Env,
        ledger: &Ledger,
        target: &dyn Target,
        host: &'h Host<'h>,
        with_keys: bool,
    ) -> Result<Self> {
        let mut listed = ledger.listing().map_err(Error::failed)?;
        listed.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
        let mut found = Self::default();
        let is_gone = |it: &mut Listed| matches!(it.state, State::Removed | State::Released);
        found.roll.gone = listed.extract_if(.., is_gone).map(gone).collect();
        let is_absent = |it: &mut Listed| it.state == State::Reserved;
        found.roll.absent = listed.extract_if(.., is_absent).map(gone).collect();
        listed.retain(|it| matches!(it.state, State::Active | State::Locked));
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
        found.add_attributes(env, ledger)?;
        if with_keys {
            found.read_keys(env, target)?;
        }
        Ok(found)
    }

    /// Adds what stands on the host as gosync knows it; else gives its name.
    fn add(&mut self, it: Listed, host: &'h Host<'h>) -> Option<String> {
        match it.kind {
            EntryKind::Account => match host.accounts.get_key_value(it.name.as_str()) {
                Some((name, found)) if found.uid == it.number => self.roll.accounts.push(Account {
                    provider: it.provider,
                    id: it.id,
                    name,
                    on_host: *found,
                    // Who was locked by hand here is let in nowhere.
                    active: it.state == State::Active && !found.closed(),
                    keys: Vec::new(),
                    attributes: BTreeMap::new(),
                }),
                _ => return Some(it.name),
            },
            EntryKind::Group => match host.groups.get_key_value(it.name.as_str()) {
                Some((name, found)) if found.gid == it.number => self.roll.groups.push(Group {
                    provider: it.provider,
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
        let own = self.roll.accounts.iter().filter_map(|account| {
            let (name, group) = host.groups.get_key_value(account.name)?;
            (group.gid == account.on_host.gid).then_some((*name, *group))
        });
        self.roll.private = own.collect();
    }

    /// Adds the attributes that targets show. Of a provider that is not read they are what they were.
    fn add_attributes(&mut self, env: &Env, ledger: &Ledger) -> Result<()> {
        let kept = env.settings.kept_attributes();
        if kept.is_empty() {
            return Ok(());
        }
        let mut known = ledger.attributes().map_err(Error::failed)?;
        let mut providers: BTreeSet<&str> = BTreeSet::new();
        for account in &mut self.roll.accounts {
            providers.insert(&account.provider);
            let key = (account.provider.clone(), account.id.clone());
            account.attributes = known.of.remove(&key).unwrap_or_default();
        }
        let sections = &env.settings.sections;
        providers.retain(|name| sections.get(*name).is_some_and(|it| it.is_active));
        let all = providers
            .into_iter()
            .flat_map(|provider| kept.iter().map(|name| (provider.to_owned(), name.clone())));
        self.roll.unread = all.filter(|it| !known.asked.contains(it)).collect();
        Ok(())
    }

    fn read_keys(&mut self, env: &Env, target: &dyn Target) -> Result<()> {
        let rules = &env.settings.rules.keys;
        if rules.place != Place::Directory {
            return Ok(());
        }
        let files = target.key_files()?;
        let mut odd: Vec<String> = Vec::new();
        for account in &mut self.roll.accounts {
            let path = format!("{}/{}", rules.directory, account.name);
            let ahead = env.ahead.as_ref().and_then(|ahead| ahead.keys_at(&path));
            let path = match ahead {
                Some(KeysAhead::Text(text)) => {
                    account.keys = keys(&text);
                    continue;
                }
                Some(KeysAhead::Of(other)) => other,
                None => path,
            };
            match files.at(&path)? {
                KeyFile::Plain { bytes, .. } => {
                    account.keys = keys(&String::from_utf8_lossy(&bytes));
                }
                KeyFile::Absent => {}
                KeyFile::Odd(_) => odd.push(account.name.to_owned()),
            }
        }
        if !odd.is_empty() {
            let examples: Examples = odd.iter().map(String::as_str).collect();
            self.left_out.push(format!(
                "SSH keys are left out whose files are not as gosync writes them: {examples}"
            ));
        }
        Ok(())
    }
}

/// The lines of a file with keys.
fn keys(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    let keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    keys.map(str::to_owned).collect()
}

fn gone(it: Listed) -> Gone {
    Gone {
        kind: it.kind,
        id: it.id,
        name: it.name,
        number: it.number,
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
