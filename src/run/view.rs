//! What the provider says, and the plan that follows from it.

use std::collections::{BTreeMap, BTreeSet};

use super::context::PlanContext;
use super::env::{Asked, Env};
use super::job::Task;
use super::joining;
use super::keys;
use super::others;
use super::probe::RealProbe;
use super::shells;
use super::watch::Watch;
use crate::error::{Error, Kind, Result};
use crate::hooks;
use crate::model::join::JoinNews;
use crate::model::owned::Owned;
use crate::model::{
    Completeness, Contact, Details, Directory, Finding, Key, Now, ProviderName, RecordSays,
    RemoteId, Snapshot, Untrusted, User, UserField, WantedAttributes, plain_attributes, same_name,
};
use crate::plan::diff::{self, DiffInput, RunScope};
use crate::plan::events;
use crate::plan::{Observation, Plan};
use crate::policy::alloc::{NamedNumbers, Unread};
use crate::policy::keys::{KeyBook, Place};
use crate::policy::select::Selection;
use crate::policy::{Reason, Refusal, Remark, adoption, findings, gaps, map, select};
use crate::providers::{Answers, Earlier, Reading, Scope};

/// What a sync needs to know of people besides what every account is made of.
fn wanted(env: &Env, task: &Task) -> Details {
    let of_users = task.scope() == Scope::Users;
    let keys = env.settings.rules.keys.place != Place::None;
    let hooks = hooks::want_contacts(&env.settings.hooks) && of_users;
    let told = env.settings.hooks.attributes.iter().filter(|_| hooks);
    let joined = env.settings.join.attribute().map(str::to_owned);
    let kept = env.settings.kept_attributes().into_iter().chain(joined);
    let kept = kept.filter(|_| of_users);
    Details {
        email: hooks || env.settings.join.wants_email() && of_users,
        keys: hooks || keys && of_users,
        gid: env.names_primary_groups() && of_users,
        updated: false,
        attributes: WantedAttributes::These(told.cloned().chain(kept).collect()),
    }
}

/// What a sync asks the provider for.
pub(crate) fn asked(env: &Env, task: &Task) -> Asked {
    Asked::all(task.scope())
        .only(task.named())
        .with(wanted(env, task))
}

/// Asks the provider what a sync needs to know.
pub(crate) fn read(env: &Env, task: &Task, watch: &mut dyn Watch) -> Result<Snapshot> {
    let snapshot = env.fetch(asked(env, task), watch)?;
    Ok(prepared(env, task, snapshot))
}

/// Without what nothing is made of.
fn prepared(env: &Env, task: &Task, mut snapshot: Snapshot) -> Snapshot {
    let of_users = task.scope() == Scope::Users;
    if of_users && !env.names_primary_groups() {
        let gids = adoption::gids(&snapshot.directory);
        let found = (!gids.is_empty()).then_some(Finding::PrimaryGids(gids));
        snapshot.findings.extend(found);
    }
    snapshot.directory.drop_details_but(&wanted(env, task));
    snapshot
}

/// The same, with whatever else the provider says.
pub(crate) fn read_all(env: &Env, task: &Task, watch: &mut dyn Watch) -> Result<Snapshot> {
    env.fetch(Asked::all(task.scope()).only(task.named()), watch)
}

/// The keys of everybody who is let in, out of what was read.
fn key_book(env: &Env, task: &Task, snapshot: &Snapshot) -> KeyBook {
    let rules = &env.settings.rules;
    if task.scope() != Scope::Users {
        return KeyBook::default();
    }
    let top_group = rules.accounts.top_group.as_deref();
    // Without a selection nothing will be planned.
    let selection = |directory: &Directory| {
        select::select(directory, top_group).map_or_else(
            |_| Vec::new(),
            |of| directory.users.iter().map(of).collect(),
        )
    };
    KeyBook::of(&snapshot.directory, selection, &snapshot.gaps, &rules.keys)
}

/// What was asked for by name and is not there.
fn unknown(task: &Task, snapshot: &Snapshot) -> Vec<Refusal> {
    if task.asked().is_empty() {
        return Vec::new();
    }
    let directory = &snapshot.directory;
    let users = directory.users.iter().map(|user| &user.login);
    let groups = directory.groups.iter().map(|group| &group.name);
    let rejected = snapshot.rejected.iter().map(|record| &record.subject);
    let found: Vec<&Untrusted> = match task.scope() {
        Scope::Users | Scope::Both => users.chain(rejected).collect(),
        Scope::Groups => groups.chain(rejected).collect(),
    };
    let is_known = |name: &&String| found.iter().any(|text| same_name(text.raw(), name));
    let unknown = task.asked().iter().filter(|name| !is_known(name));
    unknown
        .map(|name| Refusal {
            id: None,
            subject: Untrusted::new(name),
            reason: Reason::NotAtProvider,
        })
        .collect()
}

/// Somebody hands out again what was true once.
fn older(edition: u64, before: u64) -> Error {
    let message = format!(
        "the provider's snapshot has the number {edition}, and one with the number {before} was believed before"
    );
    Error::new(Kind::Source, message)
        .hint("Nothing was changed; find out who serves an old one")
        .hint("If the host that makes them was put back, have it make one whose number is higher: it takes the time in seconds, if that is")
}

/// What the provider says, ready to be compared with the host.
pub(crate) struct ProviderView {
    pub(crate) snapshot: Snapshot,
    /// By what the provider can tell whether it would answer the same again.
    pub(crate) answers: Option<Answers>,
    /// When most of it was read, if only what has changed was read now.
    pub(crate) since: Option<i64>,
    unknown: Vec<Refusal>,
    /// When the provider was read.
    pub(crate) now: Now,
    /// Whether every known account is treated as changed.
    force: bool,
    pub(crate) keys: KeyBook,
    /// What everybody's records say of numbers, where a narrow read was not enough to tell.
    everybody: Option<Box<Snapshot>>,
    /// Records that belong to another provider's account.
    elsewhere: Vec<RemoteId>,
}

/// The same, where people of several providers are joined.
pub(crate) struct Joined {
    /// What the provider says, with what is taken from others.
    pub(crate) view: ProviderView,
    /// Records that belong to another provider's account, or wait for one: its key.
    pub(crate) elsewhere: Vec<(User, Key)>,
    /// Fields that come from another provider, and from which.
    pub(crate) sources: BTreeMap<RemoteId, Vec<(&'static str, ProviderName)>>,
    remarks: Vec<Remark>,
    news: Vec<JoinNews>,
}

impl ProviderView {
    /// Asks the provider; `None`: it answers what it answered earlier.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(
        (env, task): (&Env, &Task),
        force: bool,
        earlier: &Earlier,
        watch: &mut dyn Watch,
    ) -> Result<Option<Self>> {
        Ok(match env.read(asked(env, task), earlier, watch)? {
            Reading::Same => None,
            Reading::Whole(whole) => {
                let snapshot = prepared(env, task, whole.snapshot);
                let view = Self::new(env, task, force, snapshot);
                Some(Self {
                    answers: whole.answers,
                    since: whole.since,
                    ..view
                })
            }
        })
    }

    /// What was read now.
    pub(crate) fn new(env: &Env, task: &Task, force: bool, snapshot: Snapshot) -> Self {
        let unknown = unknown(task, &snapshot);
        let keys = key_book(env, task, &snapshot);
        Self {
            snapshot,
            answers: None,
            since: None,
            unknown,
            now: env.now.clone(),
            force,
            keys,
            everybody: None,
            elsewhere: Vec::new(),
        }
    }

    /// The same, merged with what other providers said last of the same persons; `None`: nobody is joined here.
    ///
    /// # Errors
    /// When nobody can be selected.
    pub(crate) fn joined(&self, env: &Env, task: &Task, owned: &Owned) -> Result<Option<Joined>> {
        let Some(merged) = joining::joined(&self.snapshot, env, owned)? else {
            return Ok(None);
        };
        let mut snapshot = self.snapshot.clone();
        snapshot.directory.users = merged.users;
        let ids = merged.elsewhere.iter().map(|(user, _)| user.id.clone());
        let view = Self {
            now: self.now.clone(),
            unknown: self.unknown.clone(),
            everybody: self.everybody.clone(),
            elsewhere: ids.collect(),
            ..Self::new(env, task, self.force, snapshot)
        };
        Ok(Some(Joined {
            view,
            elsewhere: merged.elsewhere,
            sources: merged.sources,
            remarks: merged.remarks,
            news: merged.news,
        }))
    }

    /// Reads all that there is, if only some were asked for by name, and one of them is to get a number that nobody else has:
    /// no number is given out that the provider names for somebody else.
    ///
    /// # Errors
    /// When the provider cannot be read any more.
    pub(crate) fn learn_numbers(
        &mut self,
        env: &Env,
        task: &Task,
        owned: &Owned,
        watch: &mut dyn Watch,
    ) -> Result<()> {
        let Snapshot {
            directory,
            completeness: Completeness::Narrowed,
            ..
        } = &self.snapshot
        else {
            return Ok(());
        };
        let mut users = directory.users.iter();
        let mut groups = directory.groups.iter();
        let is_to_get_one = match task.scope() {
            Scope::Users | Scope::Both => {
                users.any(|user| user.uid.is_none() && !owned.accounts.contains_key(&user.id))
            }
            Scope::Groups => {
                groups.any(|group| group.gid.is_none() && !owned.groups.contains_key(&group.id))
            }
        };
        if is_to_get_one {
            let mut all = env.fetch(Asked::all(task.scope()).with(Details::default()), watch)?;
            all.directory.drop_details_but(&Details::default());
            self.everybody = Some(Box::new(all));
        }
        Ok(())
    }

    /// Completes what this read says of numbers.
    fn number_book(&self, named: &mut NamedNumbers) {
        let whole = self.everybody.as_deref();
        for user in whole.into_iter().flat_map(|all| &all.directory.users) {
            named.add(user.uid.as_ref());
        }
        for group in whole.into_iter().flat_map(|all| &all.directory.groups) {
            named.add(group.gid.as_ref());
        }
        let records = whole.into_iter().chain([&self.snapshot]);
        for record in records.flat_map(|read| &read.rejected) {
            record.numbers.iter().for_each(|text| named.add(Some(text)));
        }
        named.set_unread(match whole.unwrap_or(&self.snapshot).completeness {
            Completeness::Complete(_) => Unread::None,
            Completeness::Incomplete(_) => Unread::Some,
            Completeness::Narrowed => Unread::AllOthers,
        });
    }

    /// Without what is in the key book, unless hooks are told of it.
    pub(crate) fn trimmed(mut self, env: &Env) -> Self {
        // What is joined comes to have other keys.
        let is_joined = env.settings.join.by.is_some();
        if !is_joined && !hooks::want_contacts(&env.settings.hooks) {
            self.snapshot.directory.drop_keys();
        }
        self
    }

    /// The plan of a sync.
    ///
    /// # Errors
    /// When the provider says something older than what it has said before, or nobody can be selected.
    pub(crate) fn plan(&self, cx: &PlanContext<'_>, task: &Task) -> Result<Plan> {
        let (edition, before) = (self.snapshot.edition, cx.owned.edition);
        if let Some((edition, before)) = edition.zip(before).filter(|(now, before)| now < before) {
            return Err(older(edition, before));
        }
        let mut plan = self.plan_of(cx, task)?;
        let news = edition.filter(|now| before.is_none_or(|before| *now > before));
        plan.observations.extend(news.map(Observation::Edition));
        Ok(plan)
    }

    fn plan_of(&self, cx: &PlanContext<'_>, task: &Task) -> Result<Plan> {
        match task {
            Task::Users {
                new,
                existing,
                only,
            } => {
                let chosen = RunScope {
                    new: *new,
                    known: *existing,
                    force: self.force,
                };
                let joined = self.joined(cx.env, task, cx.owned)?;
                let view = joined.as_ref().map_or(self, |joined| &joined.view);
                let mut plan = view.accounts(cx, chosen, !only.is_empty())?;
                if let Some(Joined { remarks, news, .. }) = joined {
                    plan.remarks.extend(remarks);
                    let news = news.into_iter().map(Observation::Join);
                    plan.observations.extend(news);
                }
                others::note(&mut plan, cx);
                Ok(plan)
            }
            _ => {
                let mut plan = self.groups(cx);
                others::note(&mut plan, cx);
                Ok(plan)
            }
        }
    }

    /// `narrow`: only some are asked for, by name.
    fn accounts(&self, cx: &PlanContext<'_>, chosen: RunScope, narrow: bool) -> Result<Plan> {
        let PlanContext { host, owned, .. } = *cx;
        let Snapshot {
            directory,
            completeness,
            ..
        } = &self.snapshot;
        let rules = &cx.env.settings.rules;
        let selection = cx.env.selection(directory)?;
        let mut wanted = map::accounts(directory, selection, owned, &host.shells, &rules.accounts);
        wanted.present.extend(self.rejected_ids());
        wanted.present.extend(self.elsewhere.iter().cloned());
        wanted.shut_by_id.extend(self.shut_out_ids());
        wanted.refusals.extend(self.rejected());
        wanted.remarks.extend(gaps::remarks(&self.snapshot.gaps));
        let primary = rules.accounts.shared_group();
        let primary = primary.and_then(|name| host.groups.get(name));
        let primary = primary.map(|group| group.gid);
        let found = findings::remarks(&self.snapshot.findings, primary);
        wanted.remarks.extend(found);
        self.number_book(&mut wanted.named);
        if cx.env.names_primary_groups() {
            wanted.groups = map::groups(directory, owned, &rules.groups).groups;
        }
        if narrow {
            self.remark_outsiders(cx, &mut wanted)?;
        }
        let against = DiffInput {
            host,
            owned,
            completeness,
            rules,
            chosen,
            now: &self.now,
            probe: &RealProbe::of(cx.env, cx.target),
        };
        let mut plan = diff::accounts(wanted, &against);
        shells::extend(&mut plan, cx, chosen.known);
        keys::extend(&mut plan, cx, &self.keys, chosen);
        if !chosen.force {
            diff::leave_waiting(&mut plan, owned, &self.now);
        }
        self.contacts(&mut plan, cx, chosen)?;
        self.attributes(&mut plan, cx);
        Ok(plan)
    }

    /// Adds what the ledger learns of the attributes that targets show.
    fn attributes(&self, plan: &mut Plan, cx: &PlanContext<'_>) {
        let (kept, owned) = (cx.env.settings.kept_attributes(), cx.owned);
        if kept.is_empty() && owned.attributes.is_empty() && owned.asked_attributes.is_empty() {
            return;
        }
        let users = self.snapshot.directory.users.iter();
        let said = users.map(|user| (&user.id, plain_attributes(&user.attributes, &kept)));
        diff::attributes(plan, said, owned);
        let is_complete = matches!(self.snapshot.completeness, Completeness::Complete(_));
        if is_complete && kept != owned.asked_attributes {
            let asked = Observation::AskedAttributes(kept);
            plan.observations.push(asked);
        }
    }

    /// Adds how to reach people, if there are hooks that are told of it.
    fn contacts(&self, plan: &mut Plan, cx: &PlanContext<'_>, chosen: RunScope) -> Result<()> {
        let (rules, owned) = (&cx.env.settings.hooks, cx.owned);
        if !hooks::want_contacts(rules) || !cx.env.runs_hooks(cx.options) {
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
            let mut contact = Contact::new(user.email.as_ref(), &user.ssh_keys)
                .with_attributes(&user.attributes, &rules.attributes);
            if let Some(known) = owned
                .contacts
                .get(&user.id)
                .filter(|_| unknown.contains(&user.id))
            {
                contact.ssh_keys.clone_from(&known.ssh_keys);
            }
            (user.id.clone(), contact)
        };
        let selection = cx.env.selection(directory)?;
        let people = directory
            .users
            .iter()
            .filter(|user| selection(user) == Selection::Selected);
        let said: BTreeMap<RemoteId, Contact> = people.map(contact).collect();
        diff::contacts(plan, &said, chosen, rules.user.is_any(), owned);
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
    fn remark_outsiders(
        &self,
        cx: &PlanContext<'_>,
        wanted: &mut map::WantedAccounts,
    ) -> Result<()> {
        let selection = cx.env.selection(&self.snapshot.directory)?;
        for user in &self.snapshot.directory.users {
            let has_account = cx
                .owned
                .accounts
                .get(&user.id)
                .is_some_and(|own| own.state.is_present());
            let why = match selection(user) {
                Selection::Selected => continue,
                _ if has_account => continue,
                Selection::Suspended => Reason::ShutOut,
                Selection::NotSelected => Reason::NotInTopGroup,
            };
            let why = why.boxed();
            let told = Remark::new(user.login.raw(), Reason::NoAccount { why });
            wanted.remarks.push(told);
        }
        Ok(())
    }

    fn groups(&self, cx: &PlanContext<'_>) -> Plan {
        let PlanContext { host, owned, .. } = *cx;
        let rules = &cx.env.settings.rules;
        let mut wanted = map::groups(&self.snapshot.directory, owned, &rules.groups);
        wanted.present.extend(self.rejected_ids());
        self.number_book(&mut wanted.named);
        wanted.refusals.extend(self.rejected());
        let found = findings::remarks(&self.snapshot.findings, None);
        wanted.remarks.extend(found);
        wanted.remarks.extend(findings::idle(&rules.groups.filter));
        let against = DiffInput {
            host,
            owned,
            completeness: &self.snapshot.completeness,
            rules,
            chosen: RunScope {
                new: true,
                known: true,
                force: self.force,
            },
            now: &cx.env.now,
            probe: &RealProbe::of(cx.env, cx.target),
        };
        diff::groups(wanted, &against)
    }

    /// Records that cannot be used are there all the same.
    fn rejected_ids(&self) -> impl Iterator<Item = RemoteId> {
        self.snapshot
            .rejected
            .iter()
            .filter_map(|record| record.id.clone())
    }

    /// Those of them that shut their person out.
    fn shut_out_ids(&self) -> impl Iterator<Item = RemoteId> {
        let rejected = self.snapshot.rejected.iter();
        let shut_out = rejected.filter(|record| record.is_shut_out());
        shut_out.filter_map(|record| record.id.clone())
    }

    fn rejected(&self) -> impl Iterator<Item = Refusal> {
        let records = self.snapshot.rejected.iter().map(|record| Refusal {
            id: record.id.clone(),
            subject: record.subject.clone(),
            reason: match (record.says, record.reason.clone()) {
                (RecordSays::ShutOut, said) => Reason::RecordOfShutOut { said },
                (RecordSays::Unclear, said) => Reason::RecordUnclear { said },
                (RecordSays::Nothing, said) => Reason::Record { said },
            },
        });
        records.chain(self.unknown.iter().cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::history::EntryKind;
    use crate::model::{Completeness, RejectedRecord};

    #[test]
    fn a_name_is_unknown_if_no_record_has_it_not_even_a_bad_one() {
        let id = RemoteId::new("u-1").unwrap();
        let bad = Untrusted::new("bad");
        let rejected = RejectedRecord::new(EntryKind::Account, None, bad, "");
        let directory = Directory {
            users: vec![User::new(id, "Ann")],
            groups: vec![],
        };
        let snapshot = Snapshot {
            directory,
            rejected: vec![rejected],
            completeness: Completeness::Narrowed,
            gaps: vec![],
            edition: None,
            findings: vec![],
        };
        let only = ["ann", "bad", "bob"].map(str::to_owned).to_vec();
        let task = Task::Users {
            new: true,
            existing: true,
            only,
        };
        let told = unknown(&task, &snapshot);
        assert_eq!(
            told.iter().map(|r| r.subject.raw()).collect::<Vec<_>>(),
            ["bob"]
        );
    }
}
