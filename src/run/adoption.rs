//! The plan of `adopt`: accounts and groups of the host's become gosync's, all by one plan.
//!
//! What cannot be taken over holds up nothing else: it is refused with its reason. Only if nothing of what was named can
//! be, that is an error.

use std::collections::BTreeSet;

use super::context::PlanContext;
use super::env::{Asked, Env};
use super::evidence::{Evidence, Whose};
use super::job::{Adoptees, By, Kind};
use super::watch::Watch;
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::model::history::EntryKind;
use crate::model::owned::{Applied, Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{
    Completeness, Contact, Directory, Gid, Group, Key, Members, RemoteId, Snapshot, Uid, Untrusted,
    User, shown,
};
use crate::plan::Plan;
use crate::plan::diff::{self, Adopting, Counterpart, Person};
use crate::policy::adoption::{self, Index};
use crate::policy::select::{self, NoSelection, Selection};
use crate::policy::{Reason, Refusal, Rules, map};
use crate::providers::Scope;
use crate::targets::Hold;

/// What is to be adopted, and what the provider says.
pub(crate) struct Adoption<'a> {
    which: Which<'a>,
    /// What was read for accounts; `None`: none are adopted.
    people: Option<Snapshot>,
    /// The same for groups.
    groups: Option<Snapshot>,
}

/// What is to be adopted.
enum Which<'a> {
    /// Accounts and groups by name, and what one of them is called at the provider.
    Named {
        accounts: Vec<&'a str>,
        groups: Vec<&'a str>,
        remote: Option<&'a str>,
    },
    /// All that the provider has.
    All(By),
    /// All that were gosync's, by what the host says.
    Evident(Evidence),
}

impl<'a> Adoption<'a> {
    /// Asks the provider for all that decides about an adoption.
    pub(crate) fn read(
        env: &Env,
        which: &'a Adoptees,
        kind: Option<Kind>,
        watch: &mut dyn Watch,
    ) -> Result<Self> {
        let (which, scopes) = match which {
            Adoptees::All { by } => (
                Which::All(*by),
                [kind != Some(Kind::Group), kind != Some(Kind::Account)],
            ),
            Adoptees::Evident(witnesses) => {
                let evidence = Evidence::read(env, *witnesses)?;
                (Which::Evident(evidence), [true, true])
            }
            Adoptees::Named { names, remote } => {
                let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
                let (groups, accounts) = sorted_out(env, names, kind)?;
                let of_groups = !groups.is_empty();
                // Whose primary groups they are, people's records say.
                let of_people = of_groups && env.names_primary_groups();
                let scopes = [!accounts.is_empty() || of_people, of_groups];
                let which = Which::Named {
                    accounts,
                    groups,
                    remote: remote.as_deref(),
                };
                (which, scopes)
            }
        };
        let mut read = |scope, is_wanted: bool| {
            let all = is_wanted.then(|| read_all(env, scope, watch));
            all.transpose()
        };
        Ok(Self {
            which,
            people: read(Scope::Users, scopes[0])?,
            groups: read(Scope::Groups, scopes[1])?,
        })
    }

    /// What was read.
    pub(crate) fn snapshot(&self) -> Option<&Snapshot> {
        self.people.as_ref().or(self.groups.as_ref())
    }

    /// The plan of it.
    pub(crate) fn plan(&self, cx: &PlanContext<'_>) -> Result<Plan> {
        let is_gone = |key: &Key| self.is_gone(key, cx);
        let mut work = Work {
            cx,
            rules: &cx.env.settings.rules,
            adopting: Adopting::new(cx.host, cx.owned, &is_gone)
                .with_primary_gids(self.primary_gids(cx)),
            refused: Vec::new(),
        };
        if let Some(people) = &self.people {
            work.accounts(&people.directory, &self.which);
        }
        if let Some(groups) = &self.groups {
            work.groups(&groups.directory, &self.which);
        }
        work.finish(matches!(self.which, Which::Named { .. }))
    }
}

impl Adoption<'_> {
    fn primary_gids(&self, cx: &PlanContext<'_>) -> BTreeSet<u32> {
        let rules = &cx.env.settings.rules.accounts;
        let people = self.people.as_ref();
        people.map_or_else(BTreeSet::new, |people| {
            adoption::primary_gids(&people.directory, rules)
        })
    }

    /// Whether nobody has a record any more: the complete read does not, or no section names its provider.
    fn is_gone(&self, key: &Key, cx: &PlanContext<'_>) -> bool {
        if key.provider != cx.owned.provider {
            let sections = &cx.env.settings.sections;
            return !sections.contains_key(key.provider.as_str());
        }
        let mut read = self.people.iter().chain(&self.groups);
        read.all(|snapshot| !snapshot.names(&key.id))
    }
}

/// All that the provider has: somebody else may want a name, too.
fn read_all(env: &Env, scope: Scope, watch: &mut dyn Watch) -> Result<Snapshot> {
    let snapshot = env.fetch(Asked::all(scope), watch)?;
    match &snapshot.completeness {
        Completeness::Incomplete(reason) => {
            let message = format!("the read was incomplete: {reason}");
            Err(Error::new(ErrorKind::Source, message)
                .hint("Nothing was adopted; somebody else may want the name"))
        }
        Completeness::Complete(_) | Completeness::Narrowed => Ok(snapshot),
    }
}

/// The names of groups, and those of accounts.
fn sorted_out<'a>(
    env: &Env,
    names: BTreeSet<&'a str>,
    kind: Option<Kind>,
) -> Result<(Vec<&'a str>, Vec<&'a str>)> {
    Ok(match kind {
        Some(Kind::Account) => (vec![], names.into_iter().collect()),
        Some(Kind::Group) => (names.into_iter().collect(), vec![]),
        None => {
            let target = env.target()?;
            let current = target.read(Hold::Open)?;
            let host = current.host();
            let is_group =
                |name: &&str| host.groups.contains_key(name) && !host.accounts.contains_key(name);
            names.into_iter().partition(is_group)
        }
    })
}

/// A plan that is being made.
struct Work<'a> {
    cx: &'a PlanContext<'a>,
    rules: &'a Rules,
    adopting: Adopting<'a>,
    /// What cannot be taken over, by its name here.
    refused: Vec<(String, Reason)>,
}

impl<'a> Work<'a> {
    fn finish(self, is_by_name: bool) -> Result<Plan> {
        let mut plan = self.adopting.finish();
        let is_nothing = plan.changes.is_empty() && plan.remarks.is_empty();
        if is_by_name && is_nothing && !self.refused.is_empty() {
            let told = |(name, reason): &(String, Reason)| {
                format!("`{}` was not adopted: {reason}", shown(name))
            };
            let all: Vec<String> = self.refused.iter().map(told).collect();
            return Err(Error::failed(all.join("; ")));
        }
        let refusals = self.refused.into_iter().map(|(name, reason)| Refusal {
            id: None,
            subject: Untrusted::new(name),
            reason,
        });
        plan.refused.extend(refusals);
        Ok(plan)
    }

    /// What came of one. `is_named`: somebody asked for it.
    fn note(
        &mut self,
        name: &str,
        is_named: bool,
        done: std::result::Result<diff::Adoption, Reason>,
    ) {
        match done {
            Ok(diff::Adoption::Planned) => {}
            Ok(diff::Adoption::Ours) if is_named => {
                self.adopting.plan().remark(name, Reason::AlreadyOurs);
            }
            Ok(diff::Adoption::Ours) => self.adopting.plan().unchanged += 1,
            Err(reason) => self.refused.push((name.to_owned(), reason)),
        }
    }

    fn accounts(&mut self, directory: &Directory, which: &Which<'_>) {
        let (host, rules) = (self.cx.host, &self.rules.accounts);
        let people = People {
            called: adoption::people(directory, By::Login, rules),
            top_group: select::select(directory, rules.top_group.as_deref()),
        };
        match which {
            Which::Named {
                accounts, remote, ..
            } => {
                for name in accounts {
                    let user = adoption::person(directory, &people.called, name, *remote);
                    let done = user.and_then(|user| self.account(name, user, &people));
                    self.note(name, true, done);
                }
            }
            Which::All(by) => {
                let index = adoption::people(directory, *by, rules);
                for (name, found) in host.accounts.iter() {
                    let done = match of_line(&index, *by, name, found.uid) {
                        [] => continue,
                        [user] => self.account(name, user, &people),
                        several => {
                            let name = Untrusted::new(*name);
                            Err(adoption::several_people(name, several))
                        }
                    };
                    self.note(name, false, done);
                }
            }
            Which::Evident(evidence) => {
                let whose = Whose::new(evidence, directory, &people.called);
                for (name, found) in host.accounts.iter() {
                    if let Some(user) = whose.account(name, found) {
                        let done = user.and_then(|user| self.take(name, &user, &people));
                        self.note(name, false, done);
                    }
                }
            }
        }
    }

    fn account(
        &mut self,
        name: &str,
        user: &User,
        people: &People<'_, impl Fn(&User) -> Selection>,
    ) -> std::result::Result<diff::Adoption, Reason> {
        people.check_selected(user)?;
        self.take(name, user, people)
    }

    fn take(
        &mut self,
        name: &str,
        user: &User,
        people: &People<'_, impl Fn(&User) -> Selection>,
    ) -> std::result::Result<diff::Adoption, Reason> {
        let (host, rules) = (self.cx.host, &self.rules.accounts);
        let found = host.accounts.get(name).ok_or_else(|| Reason::NotOnHost {
            kind: EntryKind::Account,
            name: Untrusted::new(name),
        })?;
        let (id, called) = (user.id.clone(), map::name_of(user, rules));
        let alone = Directory {
            users: vec![user.clone()],
            groups: vec![],
        };
        let mut wanted = map::accounts(
            &alone,
            |_| Selection::Selected,
            &as_if_owned(&id, name, &called, found.uid),
            &host.shells,
            rules,
        );
        let account = wanted.accounts.pop();
        let account = account.ok_or_else(|| unusable(wanted.refusals.pop()))?;
        let person = Person {
            wanted: &account,
            login: &user.login,
            called: &called,
        };
        let done = self.adopting.account(name, person, rules)?;
        if done == diff::Adoption::Planned {
            let rivals = adoption::rivals(&people.called, name, &id);
            let plan = self.adopting.plan();
            let contact = Contact::new(user.email.as_ref(), &user.ssh_keys)
                .with_attributes(&user.attributes, &self.cx.env.settings.hooks.attributes);
            plan.contacts.insert(id, contact);
            plan.remarks.append(&mut wanted.remarks);
            for who in rivals {
                plan.remark(name, Reason::Rival { who });
            }
        }
        Ok(done)
    }

    fn groups(&mut self, directory: &Directory, which: &Which<'_>) {
        let (host, rules) = (self.cx.host, &self.rules.groups);
        match which {
            Which::Named { groups, remote, .. } => {
                let index = adoption::groups(directory, By::Login, rules);
                for name in groups {
                    let group = adoption::group(directory, &index, name, *remote);
                    let done = group.and_then(|group| self.group(name, group));
                    self.note(name, true, done);
                }
            }
            Which::All(by) => {
                let index = adoption::groups(directory, *by, rules);
                // What the configuration does not want here is none of those that are to be taken over.
                let is_wanted = |group: &&Group| {
                    let name = group.name.raw();
                    rules.filter.matches(name) && !rules.local_map.maps(name)
                };
                for (name, found) in host.groups.iter() {
                    let all = of_line(&index, *by, name, found.gid).iter().copied();
                    let all: Vec<&Group> = all.filter(is_wanted).collect();
                    let done = match all.as_slice() {
                        [] => continue,
                        [group] => self.group(name, group),
                        several => {
                            let name = Untrusted::new(*name);
                            Err(adoption::several_groups(name, several))
                        }
                    };
                    self.note(name, false, done);
                }
            }
            Which::Evident(evidence) => {
                let index = adoption::groups(directory, By::Login, rules);
                for (name, found) in host.groups.iter() {
                    if let Some(id) = evidence.group_id(name, found) {
                        let group = directory.groups.iter().find(|it| it.id == *id);
                        if let Some(group) = group {
                            let done = self.group(name, group);
                            self.note(name, false, done);
                        }
                        continue;
                    }
                    if !evidence.gave_group(name, found, host) {
                        continue;
                    }
                    let done = adoption::group(directory, &index, name, None);
                    let done = done.and_then(|group| self.group(name, group));
                    self.note(name, false, done);
                }
            }
        }
    }

    fn group(&mut self, name: &str, group: &Group) -> std::result::Result<diff::Adoption, Reason> {
        let (host, rules) = (self.cx.host, &self.rules.groups);
        if !rules.filter.matches(group.name.raw()) {
            let name = group.name.clone();
            return Err(Reason::FilteredGroup { name });
        }
        let found = host.groups.get(name).ok_or_else(|| Reason::NotOnHost {
            kind: EntryKind::Group,
            name: Untrusted::new(name),
        })?;
        let mut as_if = Owned::default();
        if let Some(gid) = Gid::new(found.gid) {
            let own = OwnedGroup {
                name: name.to_owned(),
                gid,
                state: State::Active,
                members: Members::default(),
            };
            as_if.groups.insert(group.id.clone(), own);
        }
        let alone = Directory {
            users: vec![],
            groups: vec![group.clone()],
        };
        let mut wanted = map::groups(&alone, &as_if, rules);
        let wish = wanted.groups.pop();
        let wish = wish.ok_or_else(|| unusable(wanted.refusals.pop()))?;
        let called = adoption::called(&group.name, rules);
        let counterpart = Counterpart {
            wanted: &wish,
            called: called.as_deref(),
        };
        self.adopting.group(name, counterpart)
    }
}

/// The people who were read, and how they stand to the top group.
struct People<'d, S> {
    /// By what they would be called here.
    called: Index<'d, User>,
    top_group: std::result::Result<S, NoSelection>,
}

impl<S: Fn(&User) -> Selection> People<'_, S> {
    /// Nobody is adopted who would be locked at once.
    fn check_selected(&self, user: &User) -> std::result::Result<(), Reason> {
        match &self.top_group {
            Err(why) => Err(Reason::NoSelection { why: why.clone() }),
            Ok(selection) => match selection(user) {
                Selection::Selected => Ok(()),
                Selection::Suspended => Err(Reason::ShutOut),
                Selection::NotSelected => Err(Reason::NotInTopGroup),
            },
        }
    }
}

/// The records whose account, or group, a line of the host's is taken for.
fn of_line<'i, 'd, R>(index: &'i Index<'d, R>, by: By, name: &str, number: u32) -> &'i [&'d R] {
    match by {
        By::Login => index.get(name),
        By::Uid => index.get(&number.to_string()),
    }
}

/// Why the provider's record makes no account or group.
fn unusable(refusal: Option<Refusal>) -> Reason {
    refusal.map_or(Reason::RecordUnusable, |refusal| refusal.reason)
}

/// What gosync would own: so that the provider's wishes are mapped to the name that the account
/// has.
fn as_if_owned(id: &RemoteId, name: &str, called: &str, uid: u32) -> Owned {
    let mut owned = Owned::default();
    if let Some(uid) = Uid::new(uid) {
        let account = OwnedAccount {
            name: name.to_owned(),
            uid,
            gid: 0,
            private_group: false,
            state: State::Active,
            applied: Applied::default(),
            subid: None,
            absence: None,
        };
        owned.accounts.insert(id.clone(), account);
        owned.aliases.accounts.insert(id.clone(), called.to_owned());
    }
    owned
}
