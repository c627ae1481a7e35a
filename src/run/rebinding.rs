//! The plan of `rebind`: accounts and groups whose records are gone are tied to those that the provider has now.
//!
//! A record is gone if a complete read of its provider does not have it, or if no section of the configuration names that
//! provider. What cannot be tied holds up nothing else.

use std::collections::BTreeSet;

use super::context::PlanContext;
use super::env::{Asked, Env};
use super::job::{Kind, Rebinds, TieBy};
use super::others;
use super::watch::Watch;
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::ledger::Ledger;
use crate::model::history::EntryKind;
use crate::model::owned::Owned;
use crate::model::{
    Completeness, Key, ProviderName, RemoteId, Snapshot, Untrusted, first_names, shown,
};
use crate::plan::Plan;
use crate::plan::diff::{self, Row};
use crate::policy::records::{self, Index, Record};
use crate::policy::{Reason, Refusal};
use crate::providers::Scope;

/// What is to be tied, and what the providers say.
pub(crate) struct Rebinding<'a> {
    which: &'a Rebinds,
    /// People, or groups, or both, as the provider of this run has them now.
    read: Vec<(EntryKind, Snapshot)>,
    /// The records that another provider has that is configured still, and is asked to let something go.
    elsewhere: Option<Elsewhere>,
}

/// A provider and all records that it has.
type Elsewhere = (ProviderName, BTreeSet<(EntryKind, RemoteId)>);

impl<'a> Rebinding<'a> {
    /// Asks the provider for all records, and another one whose records are to be given up.
    pub(crate) fn read(
        env: &Env,
        which: &'a Rebinds,
        kind: Option<Kind>,
        watch: &mut dyn Watch,
    ) -> Result<Self> {
        let kinds = match (kind, which) {
            (Some(Kind::Account), _) => vec![EntryKind::Account],
            (Some(Kind::Group), _) => vec![EntryKind::Group],
            (None, Rebinds::All { .. }) => vec![EntryKind::Account, EntryKind::Group],
            (None, Rebinds::Named { name, .. }) => vec![kind_of(env, name)?],
        };
        let mut read = Vec::new();
        for kind in &kinds {
            let asked = Asked::all(scope(*kind)).and(which.attribute());
            read.push((*kind, read_all(env, asked, watch)?));
        }
        Ok(Self {
            which,
            read,
            elsewhere: elsewhere(env, which, &kinds, watch)?,
        })
    }

    /// What was read.
    pub(crate) fn snapshot(&self) -> Option<&Snapshot> {
        self.read.first().map(|(_, snapshot)| snapshot)
    }

    /// The plan of it.
    pub(crate) fn plan(&self, cx: &PlanContext<'_>) -> Result<Plan> {
        let others = self.others(cx)?;
        let mut work = Work {
            rebinding: diff::Rebinding::new(cx.owned),
            refused: Vec::new(),
            found: 0,
        };
        for (kind, snapshot) in &self.read {
            let rules = &cx.env.settings.rules;
            let records = match kind {
                EntryKind::Account => records::people(&snapshot.directory, &rules.accounts),
                EntryKind::Group | EntryKind::LocalGroup => {
                    records::groups(&snapshot.directory, &rules.groups)
                }
            };
            let present = snapshot.ids(*kind);
            let is_gone = |row: &Row<'_>| self.is_gone(row, cx, &present);
            let own = self.has_own(cx).then_some(cx.owned);
            let rows: Vec<Row<'_>> = own
                .into_iter()
                .chain(&others)
                .flat_map(|owned| diff::rows(owned, *kind))
                .collect();
            match self.which {
                Rebinds::Named { name, to } => {
                    work.named(name, to.as_deref(), &rows, &records, is_gone);
                }
                Rebinds::All { by, .. } => {
                    let index = Index::new(&records, by);
                    if let Some(name) = index.unknown_attribute() {
                        return Err(no_attribute(name));
                    }
                    work.all(&index, &rows, cx.owned, is_gone);
                }
            }
        }
        work.finish(self.which)
    }

    /// Whether accounts and groups of the provider of this run are among those that are looked at.
    fn has_own(&self, cx: &PlanContext<'_>) -> bool {
        match self.which {
            Rebinds::All {
                from: Some(from), ..
            } => from == cx.owned.provider.as_str(),
            Rebinds::All { from: None, .. } | Rebinds::Named { .. } => true,
        }
    }

    /// What the ledger has of other providers, as far as it is looked at.
    fn others(&self, cx: &PlanContext<'_>) -> Result<Vec<Owned>> {
        let known: BTreeSet<&ProviderName> = cx.owned.others.names.values().collect();
        let own = &cx.owned.provider;
        match self.which {
            Rebinds::Named { .. } => others::load(cx, known),
            Rebinds::All { from: None, .. } => others::load(cx, others::gone(cx)),
            Rebinds::All {
                from: Some(from), ..
            } if from == own.as_str() => Ok(vec![]),
            Rebinds::All {
                from: Some(from), ..
            } => {
                if let Some(from) = known.iter().find(|name| name.as_str() == from) {
                    return others::load(cx, [*from]);
                }
                let message = format!("nothing here is from a provider `{}`", shown(from));
                let all = std::iter::once(own).chain(known);
                let all = first_names(all.map(ProviderName::as_str), SHOWN_PROVIDERS);
                let hint = format!("The ledger knows {all}");
                Err(Error::usage(message).hint(hint))
            }
        }
    }

    /// Whether nobody has the record any more.
    fn is_gone(
        &self,
        row: &Row<'_>,
        cx: &PlanContext<'_>,
        present: &BTreeSet<RemoteId>,
    ) -> std::result::Result<(), Reason> {
        let Key { provider, id } = &row.key;
        let (kind, name) = (row.kind, row.name.to_owned());
        if *provider == cx.owned.provider {
            let by = id.clone();
            return match present.contains(id) {
                true => Err(Reason::StillThere { kind, name, by }),
                false => Ok(()),
            };
        }
        if !cx.env.settings.sections.contains_key(provider.as_str()) {
            return Ok(());
        }
        let read = self.elsewhere.as_ref();
        let read = read.filter(|(of, _)| of == provider);
        let of = (kind, id.clone());
        match read.is_some_and(|(_, present)| !present.contains(&of)) {
            true => Ok(()),
            false => {
                let provider = provider.clone();
                Err(Reason::StillConfigured { name, provider })
            }
        }
    }
}

/// How many providers a message names.
const SHOWN_PROVIDERS: usize = 10;

fn no_attribute(name: &str) -> Error {
    let message = format!("no person's record has the attribute `{}`", shown(name));
    Error::usage(message).hint(
        "--by takes login, uid, or an attribute: of LDAP or SCIM by its name there, of a document or of Globus one of the \
         `attributes` of a person",
    )
}

/// An account, unless the ledger knows only a group of this name.
fn kind_of(env: &Env, name: &str) -> Result<EntryKind> {
    let ledger = Ledger::open_read_only(&env.state_dir()).map_err(Error::failed)?;
    let kinds = ledger.map(|ledger| ledger.kinds_of(name)).transpose();
    let kinds = kinds.map_err(Error::failed)?.unwrap_or_default();
    Ok(
        match kinds.contains(&EntryKind::Account) || kinds.is_empty() {
            true => EntryKind::Account,
            false => EntryKind::Group,
        },
    )
}

fn scope(kind: EntryKind) -> Scope {
    match kind {
        EntryKind::Account => Scope::Users,
        EntryKind::Group | EntryKind::LocalGroup => Scope::Groups,
    }
}

/// All records of a kind. One that is missing may be the one whose account it is.
fn read_all(env: &Env, asked: Asked, watch: &mut dyn Watch) -> Result<Snapshot> {
    let snapshot = env.fetch(asked, watch)?;
    match &snapshot.completeness {
        Completeness::Complete(_) => Ok(snapshot),
        Completeness::Incomplete(reason) => Err(incomplete(reason)),
        Completeness::Narrowed => Err(incomplete("only a part was asked for")),
    }
}

fn incomplete(reason: &str) -> Error {
    let message = format!("the read was incomplete: {reason}");
    Error::new(ErrorKind::Source, message)
        .hint("Nothing was tied to another record; who is missing in it may be there")
}

/// The records of another provider, if something of it is asked for by its name and the configuration has it still.
fn elsewhere(
    env: &Env,
    which: &Rebinds,
    kinds: &[EntryKind],
    watch: &mut dyn Watch,
) -> Result<Option<Elsewhere>> {
    let Rebinds::All {
        from: Some(from), ..
    } = which
    else {
        return Ok(None);
    };
    let Some(section) = env.settings.sections.get(from) else {
        return Ok(None);
    };
    if *from == env.settings.provider()?.name {
        return Ok(None);
    }
    let mut other = env.clone();
    other.settings.providers = vec![section.clone()];
    other.providers.clear();
    let mut present = BTreeSet::new();
    for kind in kinds {
        let read = read_all(&other, Asked::all(scope(*kind)), watch).map_err(|error| {
            error.hint(format!(
                "If the provider `{}` is gone, take its section out of the configuration",
                shown(from)
            ))
        })?;
        present.extend(read.ids(*kind).into_iter().map(|id| (*kind, id)));
    }
    Ok(Some((ProviderName::new(from), present)))
}

/// A plan that is being made.
struct Work<'a> {
    rebinding: diff::Rebinding<'a>,
    refused: Vec<Refusal>,
    /// How many of what was named are in the ledger.
    found: usize,
}

impl Work<'_> {
    fn refuse(&mut self, row: &Row<'_>, reason: Reason) {
        self.refused.push(Refusal {
            id: Some(row.key.id.clone()),
            subject: Untrusted::new(row.name),
            reason,
        });
    }

    /// What has a name: one that is on the host before one that was.
    fn named(
        &mut self,
        name: &str,
        to: Option<&str>,
        rows: &[Row<'_>],
        records: &[Record<'_>],
        is_gone: impl Fn(&Row<'_>) -> std::result::Result<(), Reason>,
    ) {
        let named = rows.iter().filter(|row| row.name == name);
        let Some(row) = named.min_by_key(|row| !row.state.is_present()) else {
            return;
        };
        self.found += 1;
        let index = Index::new(records, &TieBy::Login);
        let record = match to {
            Some(to) => records::called(records, to),
            None => match index.of(row.sought()) {
                [record] => Ok(*record),
                [] => Err(Reason::NoLogin {
                    name: Untrusted::new(row.alias.unwrap_or(name)),
                }),
                several => Err(records::several_records(Untrusted::new(name), several)),
            },
        };
        let tied = record.and_then(|record| {
            if *record.id != row.key.id {
                is_gone(row)?;
            }
            self.rebinding.tie(row, record)
        });
        if let Err(reason) = tied {
            self.refuse(row, reason);
        }
    }

    /// All whose record is gone, by what they go together with others.
    fn all(
        &mut self,
        index: &Index<'_, '_>,
        rows: &[Row<'_>],
        owned: &Owned,
        is_gone: impl Fn(&Row<'_>) -> std::result::Result<(), Reason>,
    ) {
        for row in rows.iter().filter(|row| row.state.is_present()) {
            self.found += 1;
            match is_gone(row) {
                Ok(()) => {}
                Err(Reason::StillThere { .. }) => {
                    self.rebinding.plan().unchanged += 1;
                    continue;
                }
                Err(reason) => {
                    self.refuse(row, reason);
                    continue;
                }
            }
            let tied = match index.of(row.sought()) {
                [] => {
                    self.rebinding.plan().remark(row.name, Reason::NoRecord);
                    continue;
                }
                [record] => self.rebinding.tie(row, record),
                several => {
                    let of_nobody = |record: &&&Record<'_>| !is_known(owned, row.kind, record.id);
                    let free: Vec<&Record<'_>> =
                        several.iter().filter(of_nobody).copied().collect();
                    match free.as_slice() {
                        [record] => self.rebinding.tie(row, record),
                        _ => Err(records::several_records(Untrusted::new(row.name), several)),
                    }
                }
            };
            if let Err(reason) = tied {
                self.refuse(row, reason);
            }
        }
    }

    fn finish(self, which: &Rebinds) -> Result<Plan> {
        let mut plan = self.rebinding.finish();
        if let Rebinds::Named { name, .. } = which {
            if self.found == 0 {
                let name = shown(name);
                let message =
                    format!("`{name}` was not tied to another record: it is not gosync's");
                let hint =
                    "What stands on the host and is not gosync's is taken over by `gosync adopt`";
                return Err(Error::failed(message).hint(hint));
            }
            if let Some(refused) = self.refused.first() {
                let (name, reason) = (shown(name), &refused.reason);
                let message = format!("`{name}` was not tied to another record: {reason}");
                return Err(Error::failed(message));
            }
        }
        plan.refused.extend(self.refused);
        Ok(plan)
    }
}

fn is_known(owned: &Owned, kind: EntryKind, id: &RemoteId) -> bool {
    match kind {
        EntryKind::Account => owned.accounts.contains_key(id),
        EntryKind::Group | EntryKind::LocalGroup => owned.groups.contains_key(id),
    }
}
