//! The plan for `rebind`: an account or a group is tied to another record, and stays as it is.
//!
//! Whether its own record is gone, and which one is meant, is found out before: here is judged whether the new one is
//! nobody's yet.

use std::collections::BTreeSet;

use crate::model::history::EntryKind;
use crate::model::name::BadName;
use crate::model::owned::{Owned, State};
use crate::model::{GroupName, Key, Name, RemoteId, UserName};
use crate::plan::{Change, Deed, Number, Plan, Rebind};
use crate::policy::Reason;
use crate::policy::records::{Record, Sought};

/// An account or a group of the ledger's.
#[derive(Clone, Debug)]
pub(crate) struct Row<'o> {
    /// Which of the two.
    pub kind: EntryKind,
    /// The record that it is tied to.
    pub key: Key,
    /// Its name here.
    pub name: &'o str,
    /// Its uid or gid.
    pub number: Number,
    /// How far it has come.
    pub state: State,
    /// What the name at the provider stood for when it was adopted under this one.
    pub alias: Option<&'o str>,
}

impl Row<'_> {
    /// By what a record is looked for.
    pub(crate) fn sought(&self) -> Sought<'_> {
        Sought {
            id: &self.key.id,
            name: self.name,
            alias: self.alias,
            number: self.number.get(),
        }
    }
}

/// All accounts, or groups, of the provider that a ledger is seen from.
pub(crate) fn rows(owned: &Owned, kind: EntryKind) -> Vec<Row<'_>> {
    match kind {
        EntryKind::Account => {
            let all = owned.accounts.iter().map(|(id, own)| Row {
                kind,
                key: owned.key(id),
                name: &own.name,
                number: Number::Uid(own.uid),
                state: own.state,
                alias: owned.aliases.accounts.get(id).map(String::as_str),
            });
            all.collect()
        }
        EntryKind::Group | EntryKind::LocalGroup => {
            let all = owned.groups.iter().map(|(id, own)| Row {
                kind,
                key: owned.key(id),
                name: &own.name,
                number: Number::Gid(own.gid),
                state: own.state,
                alias: owned.aliases.groups.get(id).map(String::as_str),
            });
            all.collect()
        }
    }
}

/// A plan that ties one after the other to another record.
pub(crate) struct Rebinding<'a> {
    owned: &'a Owned,
    /// Records that are somebody's by the plan.
    taken: BTreeSet<(EntryKind, RemoteId)>,
    plan: Plan,
}

impl<'a> Rebinding<'a> {
    /// One that holds nothing yet. `owned`: seen from the provider whose records are given out.
    pub(crate) fn new(owned: &'a Owned) -> Self {
        let plan = Plan {
            generation: owned.generation,
            ..Plan::default()
        };
        Self {
            owned,
            taken: BTreeSet::new(),
            plan,
        }
    }

    /// The plan so far.
    pub(crate) fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    /// The plan.
    pub(crate) fn finish(self) -> Plan {
        self.plan
    }

    /// Plans to tie an account, or a group, to a record.
    ///
    /// # Errors
    /// Why it cannot be; then nothing of it is planned.
    pub(crate) fn tie(&mut self, row: &Row<'_>, to: &Record<'_>) -> Result<(), Reason> {
        let (kind, key) = (row.kind, self.owned.key(to.id));
        if key == row.key {
            self.plan.remark(row.name, Reason::TiedAlready);
            return Ok(());
        }
        self.check_free(row, to)?;
        let name = known_name(kind, row.name).map_err(|why| Reason::BadLedgerName { why })?;
        self.taken.insert((kind, to.id.clone()));
        let has = row.number.get();
        if let Some(asked) = to.number().filter(|asked| *asked != has) {
            let told = Reason::NumberKept { kind, has, asked };
            self.plan.remark(row.name, told);
        }
        if to.is_shut_out {
            self.plan.remark(row.name, Reason::ShutOut);
        }
        let alias = to.called.clone().filter(|called| called != row.name);
        let deed = Deed::Rebind(Box::new(Rebind {
            number: row.number,
            from: row.key.clone(),
            login: Some(to.name.clone()),
            alias,
        }));
        self.plan.changes.push(Change::of(kind, key, name, deed));
        Ok(())
    }

    /// Whether a record is nobody's, by the ledger and by the plan.
    fn check_free(&self, row: &Row<'_>, to: &Record<'_>) -> Result<(), Reason> {
        let (owned, kind, id) = (self.owned, row.kind, to.id);
        let (own, former) = match kind {
            EntryKind::Account => {
                let own = owned.accounts.get(id).map(|own| own.name.clone());
                let own = own.map(|name| Reason::HasAccount { name });
                (own, &owned.former_ids.accounts)
            }
            EntryKind::Group | EntryKind::LocalGroup => {
                let own = owned.groups.get(id).map(|own| own.name.clone());
                let own = own.map(|name| Reason::HasGroup { name });
                (own, &owned.former_ids.groups)
            }
        };
        if let Some(reason) = own {
            return Err(reason);
        }
        // It may come back to a record that it was tied to before.
        if let Some(name) = former.get(id).filter(|name| *name != row.name) {
            let name = name.clone();
            return Err(Reason::WasRebound { kind, name });
        }
        if self.taken.contains(&(kind, id.clone())) {
            let id = id.clone();
            return Err(Reason::TakenByPlan { kind, id });
        }
        Ok(())
    }
}

fn known_name(kind: EntryKind, name: &str) -> Result<Name, BadName> {
    match kind {
        EntryKind::Account => UserName::new(name, true).map(Name::from),
        EntryKind::Group | EntryKind::LocalGroup => GroupName::known(name).map(Name::from),
    }
}
