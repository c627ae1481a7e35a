//! The plan for `undo`: the entries that a run changed, as they were before it.
//!
//! Made of the same changes as any plan, and by the same rules where accounts are made or removed. An entry that has
//! changed since, by a later run or by hand, is left alone unless that is forced. What cannot come back is told.

mod fields;
mod groups;
mod local;
mod members;
mod names;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::create::create;
use super::input::DiffInput;
use super::owned_lines::account_line;
use super::removal::{Request, removal};
use crate::model::history::{Entry, EntryKind, Later, PastChange, PastRun};
use crate::model::owned::{Applied, Owned, OwnedAccount, State};
use crate::model::{RemoteId, Untrusted, UserName};
use crate::plan::claims::Claims;
use crate::plan::{Change, Deed, Number, Plan, effects};
use crate::policy::map::WantedAccount;
use crate::policy::{GivenBack, Reason, Refusal};
use fields::changed_fields;
use names::People;

/// What is to be undone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past<'a> {
    /// The run.
    pub run: &'a PastRun,
    /// What was changed after it.
    pub since: &'a [Later],
    /// Whether what has changed since is overwritten.
    pub force: bool,
}

/// Plans what brings the entries of a run back.
pub(crate) fn undo(past: Past<'_>, against: &DiffInput<'_>) -> Plan {
    let mut work = Work {
        past,
        against,
        people: People::new(against.owned),
        claims: Claims::new(against.host, against.owned),
        plan: Plan::default(),
        removed: Vec::new(),
        fresh: Vec::new(),
        lost: Vec::new(),
    };
    work.plan.generation = against.owned.generation;
    for touched in touched(past.run) {
        work.look_at(&touched);
    }
    work.finish()
}

/// An entry that a run changed, with all its changes there.
struct Touched<'a> {
    first: &'a PastChange,
    last: &'a PastChange,
    details: Vec<&'a Value>,
}

/// The entries of a run, in the order of their first change; accounts first, since groups may need them.
fn touched(run: &PastRun) -> Vec<Touched<'_>> {
    let mut places: BTreeMap<(EntryKind, &str, &str), usize> = BTreeMap::new();
    let mut out: Vec<Touched<'_>> = Vec::new();
    for change in &run.changes {
        let at = *places
            .entry((change.kind, &change.provider, &change.id))
            .or_insert(out.len());
        match out.get_mut(at) {
            Some(touched) => touched.last = change,
            None => out.push(Touched {
                first: change,
                last: change,
                details: Vec::new(),
            }),
        }
        if let Some(touched) = out.get_mut(at) {
            touched.details.extend(&change.detail);
        }
    }
    out.sort_by_key(|touched| touched.first.kind);
    out
}

/// An account as the ledger had it.
#[derive(Deserialize)]
struct PastAccount {
    name: String,
    gid: u32,
    state: String,
    gecos: String,
    home: String,
    shell: String,
}

fn parse<T: serde::de::DeserializeOwned>(entry: &Entry) -> Result<T, Reason> {
    let odd = |e: serde_json::Error| Reason::HistoryUnreadable { why: e.to_string() };
    serde_json::from_value(Value::Object(entry.clone())).map_err(odd)
}

fn state(word: &str) -> State {
    State::from_word(word).unwrap_or(State::Reserved)
}

struct Work<'a> {
    past: Past<'a>,
    against: &'a DiffInput<'a>,
    /// Who is who, whatever they were called.
    people: People<'a>,
    claims: Claims<'a>,
    plan: Plan,
    /// Names of accounts that were made by the run.
    removed: Vec<String>,
    /// Accounts that were taken away by it, and whether they were locked.
    fresh: Vec<(WantedAccount, &'a OwnedAccount, PastAccount)>,
    /// What of these does not come back with them.
    lost: Vec<(UserName, Reason)>,
}

impl<'a> Work<'a> {
    fn owned(&self) -> &'a Owned {
        self.against.owned
    }

    fn refuse(&mut self, touched: &Touched<'_>, reason: Reason) {
        let id = RemoteId::new(&touched.last.id);
        let subject = Untrusted::new(touched.last.name.as_str());
        self.plan.refused.push(Refusal {
            id,
            subject,
            reason,
        });
    }

    fn look_at(&mut self, touched: &Touched<'a>) {
        let last = touched.last;
        if last.provider != self.past.run.provider {
            let provider = Untrusted::new(&last.provider);
            return self.refuse(touched, Reason::OtherProvidersEntry { provider });
        }
        let done = match (last.kind, RemoteId::new(&last.id)) {
            (EntryKind::LocalGroup, _) => self.local_group(touched),
            (_, None) => Err(Reason::HistoryWithoutId),
            (EntryKind::Account, Some(id)) => self.account(touched, &id),
            (EntryKind::Group, Some(id)) => self.group(touched, &id),
        };
        if let Err(reason) = done {
            self.refuse(touched, reason);
        }
    }

    /// Why an entry is not to be overwritten, as far as runs go.
    fn later(&self, change: &PastChange) -> Option<Reason> {
        let is_same = |later: &&Later| {
            (&later.provider, later.kind, &later.id) == (&change.provider, change.kind, &change.id)
        };
        let later = self
            .past
            .since
            .iter()
            .find(is_same)
            .filter(|_| !self.past.force)?;
        Some(Reason::ChangedByRun { run: later.run })
    }

    fn account(&mut self, touched: &Touched<'a>, id: &RemoteId) -> Result<(), Reason> {
        let Some((_, own)) = self.owned().accounts.get_key_value(id) else {
            return Err(Reason::NotInLedger);
        };
        let before = touched
            .first
            .before
            .as_ref()
            .map(parse::<PastAccount>)
            .transpose()?;
        let after: PastAccount = parse(&touched.last.after)?;
        let was = before
            .as_ref()
            .map_or(State::Removed, |before| state(&before.state));
        for archive in touched
            .details
            .iter()
            .filter_map(|detail| detail.get("archived")?.as_str())
        {
            let archive = Untrusted::new(archive);
            self.plan
                .remark(&own.name, Reason::HomeArchived { archive });
        }
        match (before, own.state.is_present()) {
            (_, true) if touched.first.change == "adopt-account" => {
                self.check_later(touched)?;
                let name =
                    UserName::new(&own.name, true).map_err(|why| Reason::BadLedgerName { why })?;
                self.adopted_fields(touched, (id, &name), own);
                let release = Deed::Release(Number::Uid(own.uid));
                self.push(Change::account(self.owned().key(id), name, release));
            }
            (_, false) if own.state == State::Released => {
                let alias = self.owned().aliases.accounts.get(id);
                return Err(Reason::GivenBack {
                    back: GivenBack::new(&own.name, alias, false),
                });
            }
            (Some(before), true) if was.is_present() => {
                self.restore(touched, id, own, &before, &after)?
            }
            (Some(before), true) if was == State::Reserved => {
                self.unadopt(touched, id, own, &before, &after)?
            }
            (_, true) => self.unmake(touched, own)?,
            (Some(before), false) if was.is_present() => {
                self.check_later(touched)?;
                self.remake(touched, id, own, before)?;
            }
            (_, false) => self.plan.unchanged += 1,
        }
        Ok(())
    }

    fn check_later(&self, touched: &Touched<'_>) -> Result<(), Reason> {
        self.later(touched.last).map_or(Ok(()), Err)
    }

    /// The run made the account.
    fn unmake(&mut self, touched: &Touched<'_>, own: &OwnedAccount) -> Result<(), Reason> {
        self.check_later(touched)?;
        if !self.against.host.accounts.contains_key(own.name.as_str()) {
            // Perhaps removed by a run that was broken off; the rest of it goes now.
            self.removed.push(own.name.clone());
            return Ok(());
        }
        let found = account_line(own, self.against.host)?;
        let Applied {
            gecos, home, shell, ..
        } = &own.applied;
        if (found.gecos, found.home, found.shell) != (gecos.as_str(), home.as_str(), shell.as_str())
            && !self.past.force
        {
            return Err(Reason::ChangedByHand);
        }
        self.removed.push(own.name.clone());
        Ok(())
    }

    /// The run took up an account that gosync had forgotten, or had begun; which of the two nobody knows. To leave it in
    /// the databases loses nothing.
    fn unadopt(
        &mut self,
        touched: &Touched<'_>,
        id: &RemoteId,
        own: &OwnedAccount,
        before: &PastAccount,
        after: &PastAccount,
    ) -> Result<(), Reason> {
        self.check_later(touched)?;
        let found = account_line(own, self.against.host)?;
        let name = UserName::new(&own.name, true).map_err(|why| Reason::BadLedgerName { why })?;
        self.fields(touched, (id, &name), own, found, (before, after));
        self.plan.remark(name.as_str(), Reason::StaysOnHost);
        let forget = Deed::Forget { stands: true };
        self.push(Change::account(self.owned().key(id), name, forget));
        Ok(())
    }

    /// The run changed the name, fields or state.
    fn restore(
        &mut self,
        touched: &Touched<'_>,
        id: &RemoteId,
        own: &OwnedAccount,
        before: &PastAccount,
        after: &PastAccount,
    ) -> Result<(), Reason> {
        let (was, now) = (state(&before.state), own.state);
        let changes_state = before.state != after.state && was != now;
        let changes_name = before.name != after.name && before.name != own.name;
        let is_open = if changes_state {
            was == State::Active
        } else {
            now == State::Active
        };
        // Of keys only fingerprints are remembered. Those of one that is locked are withdrawn.
        let changes_keys = is_open
            && touched
                .details
                .iter()
                .any(|detail| detail.get("keys").is_some());
        if changed_fields(own, before, after).next().is_none() && !changes_state && !changes_name {
            match changes_keys {
                true => self.plan.remark(&own.name, Reason::KeysStay),
                false => self.plan.unchanged += 1,
            }
            return Ok(());
        }
        self.check_later(touched)?;
        let renamed = match changes_name {
            true => self.rename_back(touched, id, own, (before, after), is_open),
            false => None,
        };
        let (found, name) = match renamed {
            Some(renamed) => (renamed.found, renamed.to),
            None => {
                let name =
                    UserName::new(&own.name, true).map_err(|why| Reason::BadLedgerName { why })?;
                (account_line(own, self.against.host)?, name)
            }
        };
        if changes_keys {
            self.plan.remark(name.as_str(), Reason::KeysStay);
        }
        if changes_state {
            let deed = match was {
                State::Locked => self.lock(),
                _ => Deed::Unlock {},
            };
            self.push(Change::account(self.owned().key(id), name.clone(), deed));
        }
        self.fields(touched, (id, &name), own, found, (before, after));
        Ok(())
    }

    fn push(&mut self, change: Change) {
        self.plan.changes.push(change);
    }

    fn lock(&self) -> Deed {
        lock(self.past.run.number)
    }

    /// The run took the account away.
    fn remake(
        &mut self,
        touched: &Touched<'_>,
        id: &RemoteId,
        own: &'a OwnedAccount,
        before: PastAccount,
    ) -> Result<(), Reason> {
        let name =
            UserName::new(&before.name, true).map_err(|why| Reason::BadLedgerName { why })?;
        let kind = EntryKind::Account;
        if let Some(by) = self.claims.other(kind, name.as_str(), id) {
            let name = name.to_string();
            return Err(Reason::NameTaken { kind, name, by });
        }
        if own.state == State::Removed {
            self.lost.push((name.clone(), Reason::PasswordGone));
        }
        for home in touched
            .details
            .iter()
            .filter_map(|detail| detail.get("home"))
        {
            let path =
                |fate: &str, key: &str| home.get(fate)?.get(key)?.as_str().map(Untrusted::new);
            if let Some(home) = path("remove", "path") {
                self.lost.push((name.clone(), Reason::HomeGone { home }));
            }
            if let Some(dir) = path("archive", "into") {
                let reason = Reason::HomeArchivedInto { dir };
                self.lost.push((name.clone(), reason));
            }
        }
        let (gecos, home, shell) = (
            before.gecos.clone(),
            before.home.clone(),
            before.shell.clone(),
        );
        self.fresh.push((
            WantedAccount {
                id: id.clone(),
                open: true,
                name,
                rename: None,
                uid: None,
                gecos,
                home,
                shell,
            },
            own,
            before,
        ));
        Ok(())
    }

    fn finish(mut self) -> Plan {
        let DiffInput { host, owned, .. } = *self.against;
        match removal(&self.removed, &Request::KeepHome, host, owned) {
            Ok(removal) => {
                self.plan.changes.splice(0..0, removal.changes);
                self.plan.remarks.extend(removal.remarks);
            }
            Err(reasons) => {
                let refusal = |reason| Refusal {
                    id: None,
                    subject: Untrusted::default(),
                    reason,
                };
                self.plan.refused.extend(reasons.into_iter().map(refusal));
            }
        }
        let past: BTreeMap<RemoteId, PastAccount>;
        let fresh;
        (fresh, past) = self
            .fresh
            .into_iter()
            .map(|(account, own, past)| {
                let id = account.id.clone();
                ((account, Some(own)), (id, past))
            })
            .unzip::<_, _, Vec<_>, BTreeMap<_, _>>();
        let mut plan = self.plan;
        let mut created = create(fresh, self.against, &mut plan);
        let mut locked = Vec::new();
        for change in &created {
            let Some(new) = effects(change).lines.new_account() else {
                continue;
            };
            let Some(past) = change.id().and_then(|id| past.get(id)) else {
                continue;
            };
            if past.gid != new.gid.get() {
                let (had, gets) = (past.gid, new.gid.get());
                plan.remark(change.name(), Reason::OtherPrimaryGroup { had, gets });
            }
            if state(&past.state) == State::Locked {
                locked.push(Change {
                    of: change.of.clone(),
                    deed: lock(self.past.run.number),
                });
            }
        }
        for (name, reason) in self.lost {
            if created.iter().any(|change| change.name() == name.as_str()) {
                plan.remark(name.as_str(), reason);
            }
        }
        created.append(&mut locked);
        members::drop_lost(&mut plan, &created, owned);
        plan.changes.splice(0..0, created);
        if !plan.changes.is_empty() {
            plan.remark(format!("run {}", self.past.run.number), Reason::DoneAgain);
        }
        plan
    }
}

/// Locks an account that a run had found locked.
fn lock(run: u64) -> Deed {
    let reason = Reason::LockedBefore { run };
    Deed::Lock { reason }
}

#[cfg(test)]
mod tests;
