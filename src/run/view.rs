//! What the provider says, and the plan that follows from it.

use std::collections::{BTreeMap, BTreeSet};

use super::job::{Job, JobKind};
use super::keys;
use super::probe::HostSite;
use super::setup::Setup;
use crate::cli::{PlanArgs, SyncUsers};
use crate::error::Result;
use crate::hooks;
use crate::model::host::Host;
use crate::model::owned::Owned;
use crate::model::{Contact, Directory, RemoteId, Snapshot, Untrusted, User, UserField, same_name};
use crate::plan::Plan;
use crate::plan::diff::{self, Against, Chosen};
use crate::plan::events;
use crate::policy::keys::{KeyBook, Place};
use crate::policy::select::Standing;
use crate::policy::{Refusal, gaps, map, select};
use crate::providers::Scope;

/// Asks the provider what a job needs to know.
pub(crate) fn read(setup: &Setup<'_>, job: &Job<'_>) -> Result<Snapshot> {
    let mut snapshot = read_all(setup, job)?;
    let keys = setup.settings.rules.keys.place != Place::None;
    let hooks = hooks::want_contacts(&setup.settings.hooks) && job.scope() == Scope::Users;
    snapshot
        .directory
        .drop_details_but(hooks, hooks || keys && job.scope() == Scope::Users);
    Ok(snapshot)
}

/// The same, with whatever else the provider says.
pub(crate) fn read_all(setup: &Setup<'_>, job: &Job<'_>) -> Result<Snapshot> {
    setup.fetch(job.scope(), job.named())
}

/// The keys of everybody who is let in, out of what was read.
fn key_book(setup: &Setup<'_>, job: &Job<'_>, snapshot: &Snapshot) -> KeyBook {
    let rules = &setup.settings.rules;
    if job.scope() != Scope::Users {
        return KeyBook::default();
    }
    let top_group = rules.accounts.top_group.as_deref();
    // Without a selection nothing will be planned.
    let standing = |directory: &Directory| {
        select::select(directory, top_group).map_or_else(
            |_| Vec::new(),
            |of| directory.users.iter().map(of).collect(),
        )
    };
    KeyBook::of(&snapshot.directory, standing, &snapshot.gaps, &rules.keys)
}

/// What was asked for by name and is not there.
fn unknown(job: &Job<'_>, snapshot: &Snapshot) -> Vec<Refusal> {
    let directory = &snapshot.directory;
    let users = directory.users.iter().map(|user| &user.login);
    let groups = directory.groups.iter().map(|group| &group.name);
    let rejected = snapshot.rejected.iter().map(|record| &record.subject);
    let found: Vec<&Untrusted> = match job.scope() {
        Scope::Users => users.chain(rejected).collect(),
        Scope::Groups => groups.chain(rejected).collect(),
    };
    let is_known = |name: &&String| found.iter().any(|text| same_name(text.raw(), name));
    let unknown = job.asked().iter().filter(|name| !is_known(name));
    let reason = "the provider has nothing of this name";
    unknown
        .map(|name| Refusal {
            id: None,
            subject: Untrusted::new(name),
            reason: reason.to_owned(),
        })
        .collect()
}

/// What the provider says, ready to be compared with the host.
pub(crate) struct ProviderView<'a> {
    pub(crate) setup: &'a Setup<'a>,
    pub(crate) snapshot: Snapshot,
    unknown: Vec<Refusal>,
    /// When the provider was read, in seconds since 1970.
    pub(crate) now: i64,
    /// Whether every known account is treated as changed.
    pub(crate) force: bool,
    pub(crate) keys: KeyBook,
}

impl<'a> ProviderView<'a> {
    /// What was read now.
    pub(crate) fn new(setup: &'a Setup<'a>, job: &Job<'_>, snapshot: Snapshot) -> Self {
        let unknown = unknown(job, &snapshot);
        let keys = key_book(setup, job, &snapshot);
        Self {
            setup,
            snapshot,
            unknown,
            now: setup.now,
            force: setup.global.force,
            keys,
        }
    }

    /// The plan of a job.
    pub(crate) fn plan(&self, job: &Job<'_>, host: &Host<'_>, owned: &Owned) -> Result<Plan> {
        match job.kind {
            JobKind::Users(args) => self.accounts(args, job.options, host, owned),
            JobKind::Groups(_) => Ok(self.groups(host, owned)),
        }
    }

    fn accounts(
        &self,
        args: &SyncUsers,
        options: &PlanArgs,
        host: &Host<'_>,
        owned: &Owned,
    ) -> Result<Plan> {
        let Snapshot {
            directory,
            completeness,
            ..
        } = &self.snapshot;
        let rules = &self.setup.settings.rules;
        let standing = self.setup.standing(directory)?;
        let mut wanted = map::accounts(directory, standing, owned, &host.shells, &rules.accounts);
        wanted.present.extend(self.rejected_ids());
        wanted.refusals.extend(self.rejected());
        wanted.remarks.extend(gaps::remarks(&self.snapshot.gaps));
        let chosen = Chosen {
            new: args.new || !args.updated,
            known: args.updated || !args.new,
            force: self.force,
        };
        let now = self.now;
        let site = HostSite::new(&self.setup.root);
        let home_at = |home: &str| site.owner(home);
        if !args.only.is_empty() {
            self.tell_outsiders(&mut wanted, owned)?;
        }
        let against = Against {
            host,
            owned,
            completeness,
            rules,
            chosen,
            now,
            home_at: &home_at,
            site: &site,
        };
        let mut plan = diff::accounts(wanted, &against);
        site.finish()?;
        keys::extend(
            &mut plan,
            &self.setup.target()?,
            &self.keys,
            (rules, chosen),
            (host, owned),
        )?;
        self.contacts(&mut plan, options, chosen, owned)?;
        Ok(plan)
    }

    /// Adds how to reach people, if there are hooks that are told of it.
    fn contacts(
        &self,
        plan: &mut Plan,
        args: &PlanArgs,
        chosen: Chosen,
        owned: &Owned,
    ) -> Result<()> {
        let rules = &self.setup.settings.hooks;
        if !hooks::want_contacts(rules) || !(self.setup.root.is_host() || args.root_hooks) {
            return Ok(());
        }
        let Snapshot {
            directory, gaps, ..
        } = &self.snapshot;
        let unknown: BTreeSet<_> = gaps
            .iter()
            .filter(|gap| gap.field == UserField::SshKeys)
            .map(|g| &g.user)
            .collect();
        let contact = |user: &User| {
            let mut contact = Contact::new(user.email.as_ref(), &user.ssh_keys);
            if let Some(known) = owned
                .contacts
                .get(&user.id)
                .filter(|_| unknown.contains(&user.id))
            {
                contact.ssh_keys.clone_from(&known.ssh_keys);
            }
            (user.id.clone(), contact)
        };
        let standing = self.setup.standing(directory)?;
        let people = directory
            .users
            .iter()
            .filter(|user| standing(user) == Standing::In);
        let said: BTreeMap<RemoteId, Contact> = people.map(contact).collect();
        diff::contacts(
            plan,
            &said,
            chosen,
            self.setup.settings.hooks.user.is_any(),
            owned,
        );
        let changed: BTreeSet<_> = plan.changes.iter().filter_map(events::account_of).collect();
        plan.contacts = directory
            .users
            .iter()
            .filter(|user| changed.contains(&user.id))
            .map(contact)
            .collect();
        Ok(())
    }

    /// Who was asked for by name and gets no account is told so.
    fn tell_outsiders(&self, wanted: &mut map::WantedAccounts, owned: &Owned) -> Result<()> {
        let standing = self.setup.standing(&self.snapshot.directory)?;
        for user in &self.snapshot.directory.users {
            let has_account = owned
                .accounts
                .get(&user.id)
                .is_some_and(|own| own.state.is_present());
            let text = match standing(user) {
                Standing::In => continue,
                _ if has_account => continue,
                Standing::Shut => "gets no account: the provider shuts this person out",
                Standing::Outside => "gets no account: this person is no member of the top group",
            };
            wanted
                .remarks
                .push((user.login.raw().to_owned(), text.to_owned()));
        }
        Ok(())
    }

    fn groups(&self, host: &Host<'_>, owned: &Owned) -> Plan {
        let rules = &self.setup.settings.rules;
        let mut wanted = map::groups(&self.snapshot.directory, owned, &rules.groups);
        wanted.present.extend(self.rejected_ids());
        wanted.refusals.extend(self.rejected());
        diff::groups(
            wanted,
            &self.snapshot.completeness,
            host,
            owned,
            rules,
            self.setup.now,
        )
    }

    /// Records that cannot be used are there all the same.
    fn rejected_ids(&self) -> impl Iterator<Item = RemoteId> {
        self.snapshot
            .rejected
            .iter()
            .filter_map(|record| record.id.clone())
    }

    fn rejected(&self) -> impl Iterator<Item = Refusal> {
        let records = self.snapshot.rejected.iter().map(|record| Refusal {
            id: record.id.clone(),
            subject: record.subject.clone(),
            reason: record.reason.clone(),
        });
        records.chain(self.unknown.iter().cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Completeness, RejectedRecord};
    use crate::run::job::tests::with_job;

    #[test]
    fn a_name_is_unknown_if_no_record_has_it_not_even_a_bad_one() {
        let id = RemoteId::new("u-1").unwrap();
        let rejected = RejectedRecord {
            id: None,
            subject: Untrusted::new("bad"),
            reason: String::new(),
        };
        let directory = Directory {
            users: vec![User::new(id, "Ann")],
            groups: vec![],
        };
        let snapshot = Snapshot {
            directory,
            rejected: vec![rejected],
            completeness: Completeness::Narrowed,
            gaps: vec![],
        };
        let told = with_job("gosync sync users --only ann,bad,bob", |job| {
            unknown(job, &snapshot)
        });
        assert_eq!(
            told.iter().map(|r| r.subject.raw()).collect::<Vec<_>>(),
            ["bob"]
        );
    }
}
