//! `gosync sync users` and `gosync sync groups`: the straight line of a run.

use std::collections::{BTreeMap, BTreeSet};

use super::Outcome;
use super::carry_out::{Carried, carry_out, catch_up};
use super::hooks;
use super::keys;
use super::setup::Setup;
use super::site::HostSite;
use crate::cli::{Global, PlanArgs, Sync, SyncGroups, SyncUsers};
use crate::error::{Error, Kind, Result};
use crate::ledger::Ledger;
use crate::model::host::Host;
use crate::model::owned::{Owned, State};
use crate::model::{
    Completeness, Contact, Directory, RemoteId, Snapshot, Untrusted, User, UserField, counted,
    shown,
};
use crate::plan::Plan;
use crate::plan::diff::{self, Against, Chosen};
use crate::plan::events;
use crate::policy::keys::{KeyBook, Place};
use crate::policy::select::Standing;
use crate::policy::{Refusal, gaps, map, select};
use crate::providers::Scope;
use crate::system::lock::{Purpose, RunLock};
use crate::system::sessions;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &Sync, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let job = Job::new(args);
    let mut lock = setup.lock(Purpose::of(job.command(), job.options.dry_run))?;
    let (desired, carried) =
        work(&setup, &job, &mut lock).inspect_err(|error| meanwhile(&setup, &job, error))?;
    if matches!(job.kind, JobKind::Users(_)) && !job.options.dry_run {
        end_sessions(&setup)?;
    }
    let outcome = judge(carried.outcome, &carried.plan, job.options)
        .and_then(|outcome| carried.hooks.judge(outcome, job.options));
    // The process ends now; giving half a million pieces of memory back one by one would only take time.
    std::mem::forget((desired, carried));
    outcome
}

/// Steps 3 to 12 of the straight line.
fn work<'a>(
    setup: &'a Setup<'a>,
    job: &Job<'_>,
    lock: &mut RunLock,
) -> Result<(Desired<'a>, Carried)> {
    let snapshot = read(setup, job)?;
    if matches!(snapshot.completeness, Completeness::Complete(_)) && !job.options.dry_run {
        lock.note_read(job.command());
    }
    let mut desired = Desired::new(setup, job, snapshot);
    if !hooks::want_contacts(setup) {
        // They are in the key book.
        desired.snapshot.directory.drop_keys();
    }
    let carried = carry_out(setup, job.options, job.command(), &|host, owned| {
        desired.plan(job, host, owned)
    })?;
    Ok((desired, carried))
}

/// A run that ends before it writes anything works on what earlier runs have left to hooks: that does not depend on what
/// the provider says now. After other failures nobody knows what stands.
fn meanwhile(setup: &Setup<'_>, job: &Job<'_>, error: &Error) {
    if !matches!(error.kind, Kind::Source | Kind::Refused) {
        return;
    }
    if let Err(e) = catch_up(setup, job.options) {
        setup.ui.warn(format!(
            "hooks that wait since earlier runs were not run: {e}"
        ));
    }
}

/// Ends what runs as a locked account, whichever run locked it: one may have been killed before it came to this.
fn end_sessions(setup: &Setup<'_>) -> Result<()> {
    if !setup.settings.rules.departed.end_sessions || !setup.root.is_host() {
        return Ok(());
    }
    let Some(ledger) = Ledger::open_read_only(&setup.state_dir()).map_err(Error::failed)? else {
        return Ok(());
    };
    let owned = ledger
        .load(&setup.settings.provider.name, setup.now)
        .map_err(Error::failed)?;
    for own in owned
        .accounts
        .values()
        .filter(|own| own.state == State::Locked)
    {
        let name = shown(&own.name);
        match sessions::end(own.uid.get()) {
            (0, _) => {}
            (ended, 0) => {
                let ended = counted(ended, "process", "processes");
                setup.ui.notice(format!(
                    "ended what ran as the locked account {name}: {ended}"
                ));
            }
            (_, left) => {
                let (left, verb) = (
                    counted(left, "process", "processes"),
                    if left == 1 { "does" } else { "do" },
                );
                setup.ui.warn(format!(
                    "{left} of the locked account {name} {verb} not end"
                ));
            }
        }
    }
    Ok(())
}

/// Asks the provider what a job needs to know.
pub(super) fn read(setup: &Setup<'_>, job: &Job<'_>) -> Result<Snapshot> {
    let mut snapshot = read_all(setup, job)?;
    let keys = setup.settings.rules.keys.place != Place::None;
    let hooks = hooks::want_contacts(setup) && job.scope() == Scope::Users;
    snapshot
        .directory
        .drop_details_but(hooks, hooks || keys && job.scope() == Scope::Users);
    Ok(snapshot)
}

/// The same, with whatever else the provider says.
pub(super) fn read_all(setup: &Setup<'_>, job: &Job<'_>) -> Result<Snapshot> {
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

/// What is left to be said when everything that could be done is done.
pub(super) fn judge(outcome: Outcome, plan: &Plan, options: &PlanArgs) -> Result<Outcome> {
    if let Some(reason) = &plan.incomplete {
        return Err(
            Error::new(Kind::Source, format!("the read was incomplete: {reason}"))
                .hint("Nothing was locked or taken away because of it; the next run tries again"),
        );
    }
    if options.strict && !plan.refused.is_empty() {
        return Err(Error::new(
            Kind::Partial,
            format!(
                "not everything could be used; refused: {}",
                plan.refused.len()
            ),
        )
        .hint("Each was told with its reason"));
    }
    Ok(outcome)
}

/// One of the two kinds of run.
pub(super) struct Job<'a> {
    pub kind: JobKind<'a>,
    pub options: &'a PlanArgs,
}

pub(super) enum JobKind<'a> {
    Users(&'a SyncUsers),
    Groups(&'a SyncGroups),
}

impl<'a> Job<'a> {
    pub fn new(args: &'a Sync) -> Self {
        match args {
            Sync::Users(args) => Self {
                kind: JobKind::Users(args),
                options: &args.plan,
            },
            Sync::Groups(args) => Self {
                kind: JobKind::Groups(args),
                options: &args.plan,
            },
        }
    }

    pub fn command(&self) -> &'static str {
        match self.kind {
            JobKind::Users(_) => "sync users",
            JobKind::Groups(_) => "sync groups",
        }
    }

    fn scope(&self) -> Scope {
        match self.kind {
            JobKind::Users(_) => Scope::Users,
            JobKind::Groups(_) => Scope::Groups,
        }
    }

    /// Whom or what the command line names.
    fn asked(&self) -> &'a [String] {
        match self.kind {
            JobKind::Users(args) => &args.only,
            JobKind::Groups(args) => &args.groups,
        }
    }

    /// What the provider is asked for by name; a group brings those above it, `a` and `a.b` for `a.b.c`.
    fn named(&self) -> Option<Vec<String>> {
        let mut names = self.asked().to_vec();
        if let JobKind::Groups(args) = self.kind {
            let above = args.groups.iter().flat_map(|name| {
                name.match_indices('.')
                    .map(|(dot, _)| name[..dot].to_owned())
            });
            names.extend(above.filter(|name| !name.is_empty()));
        }
        names.sort();
        names.dedup();
        (!names.is_empty()).then_some(names)
    }
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
    // Directory servers do not tell small letters from large ones.
    let is_known = |name: &&String| {
        found
            .iter()
            .any(|text| text.raw().eq_ignore_ascii_case(name))
    };
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
pub(super) struct Desired<'a> {
    pub setup: &'a Setup<'a>,
    pub snapshot: Snapshot,
    unknown: Vec<Refusal>,
    /// When the provider was read, in seconds since 1970.
    pub now: i64,
    /// Whether every known account is treated as changed.
    pub force: bool,
    pub keys: KeyBook,
}

impl<'a> Desired<'a> {
    /// What was read now.
    pub fn new(setup: &'a Setup<'a>, job: &Job<'_>, snapshot: Snapshot) -> Self {
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
    pub fn plan(&self, job: &Job<'_>, host: &Host<'_>, owned: &Owned) -> Result<Plan> {
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
        if !hooks::want_contacts(self.setup) || !hooks::belong(self.setup, args) {
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
    use crate::cli::{Cli, Command};
    use crate::model::{Completeness, Directory, RejectedRecord, User};

    fn with_job<T>(line: &str, f: impl FnOnce(&Job<'_>) -> T) -> T {
        let Command::Sync(args) = Cli::read(line.split_whitespace()).unwrap().command else {
            panic!()
        };
        f(&Job::new(&args))
    }

    #[test]
    fn a_group_is_asked_for_with_those_above_it() {
        let named = |line| with_job(line, |job| job.named());
        assert_eq!(
            named("gosync sync groups a.b.c x"),
            Some(["a", "a.b", "a.b.c", "x"].map(str::to_owned).to_vec())
        );
        assert_eq!(
            named("gosync sync groups .a a"),
            Some([".a", "a"].map(str::to_owned).to_vec())
        );
        assert_eq!(named("gosync sync groups"), None);
        assert_eq!(
            named("gosync sync users --only b.c,a --only a"),
            Some(["a", "b.c"].map(str::to_owned).to_vec())
        );
    }

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

    #[test]
    fn an_incomplete_read_outranks_what_was_rejected() {
        let refusal = Refusal {
            id: None,
            subject: Untrusted::new("x"),
            reason: String::new(),
        };
        let plan = Plan {
            refused: vec![refusal],
            ..Plan::default()
        };
        let cut = Plan {
            incomplete: Some("cut".to_owned()),
            ..plan.clone()
        };
        let judge = |line, plan: &Plan, outcome| {
            with_job(line, |job| {
                judge(outcome, plan, job.options).map_err(|e| e.kind)
            })
        };
        assert_eq!(
            judge("gosync sync users", &plan, Outcome::Done),
            Ok(Outcome::Done)
        );
        assert_eq!(
            judge("gosync sync users -n --exit-code", &plan, Outcome::Pending),
            Ok(Outcome::Pending)
        );
        assert_eq!(
            judge("gosync sync users --strict", &plan, Outcome::Done),
            Err(Kind::Partial)
        );
        assert_eq!(
            judge(
                "gosync sync users --strict -n --exit-code",
                &cut,
                Outcome::Pending
            ),
            Err(Kind::Source)
        );
    }
}
