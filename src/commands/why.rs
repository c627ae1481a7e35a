//! `gosync why`: from which record and by which rules an account or a group is as it is, or is refused.
//!
//! Asks the rules themselves, which tell beside each decision how it came about, and makes the plan of the next sync for
//! this one. Takes no lock and writes nothing.

mod contact;
mod leaving;
mod planned;
mod report;
mod verdict;

use self::leaving::Leaving;
use self::planned::{Aliases, ids};
use self::report::{Report, Side};
use super::Outcome;
use super::setup::Setup;
use super::watch::UiWatch;
use crate::cli::{self, Format, Global};
use crate::error::{Error, Kind, Result};
use crate::ledger::{HOST, Ledger};
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::model::{
    Completeness, Group, GroupName, Named, RemoteId, Snapshot, Status, User, named, same_name,
    shown,
};
use crate::plan::{Plan, render};
use crate::policy::select::{self, Selection};
use crate::policy::trace::Step;
use crate::policy::{NameMap, map};
use crate::run::view::{self, ProviderView};
use crate::run::{Options, PlanContext, Task, consider};
use crate::targets::Hold;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &cli::Why, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let ledger = Ledger::open_read_only(&setup.state_dir()).map_err(Error::failed)?;
    let provider = &setup.settings.provider()?.name;
    let owned = ledger
        .as_ref()
        .map(|ledger| ledger.load(HOST, provider, setup.now))
        .transpose()
        .map_err(Error::failed)?;
    let inquiry = Inquiry {
        setup: &setup,
        name: &args.name,
        ledger,
        owned: owned.unwrap_or_default(),
    };
    let (people, groups) = (inquiry.people()?, inquiry.groups()?);
    let account = inquiry.account(&people, &groups)?;
    let group = inquiry.group(&groups)?;
    let local = inquiry.local(&groups)?;
    if account.is_none() && group.is_none() && local.is_none() {
        return Err(inquiry.nobody()?);
    }
    let report = Report {
        account,
        group,
        local,
        provider,
    };
    match args.format {
        Format::Text => ui.data(&report.text()),
        Format::Json => ui.data(&format!("{:#}\n", report.json())),
    }
    for read in [&people, &groups] {
        if let Completeness::Incomplete(reason) = &read.desired.snapshot.completeness {
            return Err(
                Error::new(Kind::Source, format!("the read was incomplete: {reason}"))
                    .hint("What is told here may not be all"),
            );
        }
    }
    Ok(Outcome::Done)
}

/// What the provider said, and the plan of the sync that would ask the same.
struct Answer {
    desired: ProviderView,
    plan: Plan,
    /// Whether only one person was asked for.
    narrow: bool,
}

struct Inquiry<'a> {
    setup: &'a Setup<'a>,
    name: &'a str,
    ledger: Option<Ledger>,
    owned: Owned,
}

impl<'a> Inquiry<'a> {
    /// Asks for this person alone, by the login; for everybody, if that does not find who is meant, or if only a complete
    /// read can tell what is next.
    fn people(&self) -> Result<Answer> {
        let users = |only| Task::Users {
            new: true,
            existing: true,
            only,
        };
        let mut watch = UiWatch::new(self.setup.ui);
        let task = users(vec![self.name.to_owned()]);
        let snapshot = view::read_all(self.setup, &task, &mut watch)?;
        let known = self.owned_account();
        let hit = self
            .user(&snapshot)
            .map(|user| &user.id)
            .or(self.rejected(&snapshot).and_then(|r| r.id.as_ref()));
        let is_hit = hit.is_some() && known.is_none_or(|(id, _)| hit == Some(id));
        if is_hit && !known.is_some_and(|(_, own)| self.may_be_leaving(own, &snapshot)) {
            return self.answer(&task, snapshot, true);
        }
        let task = users(Vec::new());
        let snapshot = view::read_all(self.setup, &task, &mut watch)?;
        self.answer(&task, snapshot, false)
    }

    /// Whether an account is on the way out, or may be, as far as a read of this person alone shows: nobody goes on there
    /// without the proof of a complete one.
    fn may_be_leaving(&self, own: &OwnedAccount, snapshot: &Snapshot) -> bool {
        let is_in = |selection: &dyn Fn(&User) -> Selection| {
            self.user(snapshot)
                .is_none_or(|user| selection(user) == Selection::Selected)
        };
        let is_in = self
            .setup
            .selection(&snapshot.directory)
            .is_ok_and(|selection| is_in(&selection));
        own.state == State::Locked || own.state.is_present() && !is_in
    }

    fn groups(&self) -> Result<Answer> {
        let task = Task::Groups { only: Vec::new() };
        let snapshot = view::read(self.setup, &task, &mut UiWatch::new(self.setup.ui))?;
        self.answer(&task, snapshot, false)
    }

    fn answer(&self, task: &Task, snapshot: Snapshot, narrow: bool) -> Result<Answer> {
        let options = Options {
            dry_run: true,
            force: self.setup.global.force,
            ..Options::default()
        };
        let desired = ProviderView::new(self.setup, task, options.force, snapshot);
        let target = self.setup.target()?;
        let current = target.read(Hold::Open)?;
        let mut elsewhere = target.other_name_services()?;
        let mut host = current.host();
        let plan = consider(&mut elsewhere, &mut host, |host| {
            let cx = PlanContext {
                env: self.setup,
                options: &options,
                target: target.as_ref(),
                host,
                owned: &self.owned,
            };
            desired.plan(&cx, task)
        })?;
        Ok(Answer {
            desired,
            plan,
            narrow,
        })
    }

    /// The account of this name or id in the ledger; one that is on the host before one that was.
    fn owned_account(&self) -> Option<(&RemoteId, &OwnedAccount)> {
        let meant = |(id, own): &(&RemoteId, &OwnedAccount)| {
            own.name == self.name || id.as_str() == self.name
        };
        let all = || self.owned.accounts.iter().filter(meant);
        all()
            .find(|(_, own)| own.state.is_present())
            .or_else(|| all().next())
    }

    /// Whom the name means: the person of the account, of the login, of the id, or whose account would be called so.
    fn user<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s User> {
        let users = || snapshot.directory.users.iter();
        let names = &self.setup.settings.rules.accounts.names;
        let known = self
            .owned_account()
            .filter(|(_, own)| own.state.is_present());
        let of_account = known.map(|(id, _)| users().find(|user| user.id == *id));
        // Who has an account of this name is meant, even if somebody else has the login now.
        of_account.unwrap_or_else(|| {
            first(named(self.name, users(), |user| user.login.raw()))
                .or_else(|| users().find(|user| user.id.as_str() == self.name))
                .or_else(|| {
                    users().find(|user| {
                        NameMap::apply(names, &user.login.raw().to_ascii_lowercase()) == self.name
                    })
                })
        })
    }

    /// The record of this name that cannot be used at all.
    fn rejected<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s crate::model::RejectedRecord> {
        snapshot.rejected.iter().find(|record| {
            same_name(record.subject.raw(), self.name)
                || record
                    .id
                    .as_ref()
                    .is_some_and(|id| id.as_str() == self.name)
        })
    }

    fn account(&self, people: &Answer, groups: &Answer) -> Result<Option<Side>> {
        let snapshot = &people.desired.snapshot;
        let (user, own) = (self.user(snapshot), self.owned_account());
        let record = |id: &RemoteId| {
            snapshot
                .rejected
                .iter()
                .find(|record| record.id.as_ref() == Some(id))
        };
        let rejected = own
            .and_then(|(id, _)| record(id))
            .or_else(|| self.rejected(snapshot));
        let (id, mut side) = match (user, own, rejected) {
            (Some(user), ..) => (Some(&user.id), Side::of(&user.id, &user.login)),
            (None, Some((id, _)), Some(record)) if record.id.as_ref() == Some(id) => {
                (Some(id), Side::rejected(record))
            }
            (None, Some((id, _)), _) => (Some(id), Side::missing(id)),
            (None, None, Some(record)) => (record.id.as_ref(), Side::rejected(record)),
            (None, None, None) => return Ok(None),
        };
        let own = id.and_then(|id| self.owned.accounts.get(id));
        side.ledger = own.map(report::entry);
        let mut selection = None;
        if let Some(user) = user {
            selection = Some(self.explain(user, own, people, &mut side)?);
            side.groups = self.memberships(user, groups);
        }
        if let Some((id, own)) = id.zip(own) {
            let is_known = selection.is_some() || side.refused.is_some();
            side.leaving = self.leaving(id, own, selection, is_known)?;
        }
        let host_name = own
            .filter(|own| own.state.is_present())
            .map(|own| own.name.clone());
        let aliases = Aliases::new(
            id,
            user.map(|user| user.login.raw()),
            host_name.as_deref(),
            self.name,
            &side.steps,
        );
        let mut next = aliases.of(&people.plan, EntryKind::Account, "sync users");
        next.narrow = people.narrow;
        next.lines
            .extend(contact::unusable(&people.plan).map(render::refusal));
        let is_here = self.host_has(|host| {
            own.is_some_and(|own| host.accounts.contains_key(own.name.as_str()))
        })?;
        let refused = aliases.refusal(&people.plan).or(side.refused.take());
        let changes = aliases.changes(&people.plan, EntryKind::Account).collect();
        let verdict = verdict::OfAccount {
            own,
            is_here,
            selection,
            refused: refused.as_deref(),
            changes,
        };
        side.verdict = verdict.text();
        let memberships = aliases.memberships(&groups.plan);
        side.refused = refused;
        side.next.extend([next, memberships]);
        Ok(Some(side))
    }

    /// How far an account has come on the way out; `None`: it is not on it. `is_known`: whether the provider has a record.
    fn leaving(
        &self,
        id: &RemoteId,
        own: &OwnedAccount,
        selection: Option<Selection>,
        is_known: bool,
    ) -> Result<Option<Leaving>> {
        let (rules, now) = (&self.setup.settings.rules.departed, self.setup.now);
        let is_absent = !is_known || selection == Some(Selection::NotSelected);
        Ok(match own.state {
            State::Locked => {
                // Nothing is packed of what was removed by hand.
                let is_here =
                    self.host_has(|host| host.accounts.contains_key(own.name.as_str()))?;
                let is_gone = is_here && (is_absent || selection == Some(Selection::Suspended));
                Some(Leaving::locked(
                    self.owned.departures.get(id),
                    self.lock_reason(id)?,
                    is_gone,
                    rules,
                ))
            }
            State::Active if is_absent => Some(Leaving::missing(own.absence, rules, now)),
            State::Active => None,
            _ => self.owned.archives.get(id).map(|path| Leaving {
                archive: Some(path.clone()),
                ..Leaving::default()
            }),
        })
    }

    /// Why an account was locked, if a run that is remembered did it.
    fn lock_reason(&self, id: &RemoteId) -> Result<Option<String>> {
        let Some(ledger) = &self.ledger else {
            return Ok(None);
        };
        let runs = ledger
            .history(Some(id.as_str()), u32::MAX)
            .map_err(Error::failed)?;
        let provider = &self.setup.settings.provider()?.name;
        let mut changes = runs.iter().flat_map(|run| run.changes.iter().rev());
        let locked = changes.find(|change| {
            change.id == id.as_str()
                && change.provider == *provider
                && change.change == "lock-account"
        });
        let reason = locked.and_then(|change| change.detail.as_ref()?.get("reason")?.as_str());
        Ok(reason.map(|reason| shown(reason).to_string()))
    }

    fn host_has(&self, is_there: impl FnOnce(&Host<'_>) -> bool) -> Result<bool> {
        let target = self.setup.target()?;
        let current = target.read(Hold::Open)?;
        Ok(is_there(&current.host()))
    }

    /// Selection and fields of a person, by the rules themselves.
    fn explain(
        &self,
        user: &User,
        own: Option<&OwnedAccount>,
        people: &Answer,
        side: &mut Side,
    ) -> Result<Selection> {
        let rules = &self.setup.settings.rules.accounts;
        let top_group = rules.top_group.as_deref();
        let reasons = select::reasons(&people.desired.snapshot.directory, top_group)
            .map_err(Error::failed)?;
        let reason = reasons(user);
        side.standing = Some(report::selection(reason, top_group));
        let target = self.setup.target()?;
        let current = target.read(Hold::Open)?;
        let present = own.filter(|own| own.state.is_present());
        let selection = reason.selection();
        if present.is_none() && selection != Selection::Selected {
            return Ok(selection);
        }
        if selection == Selection::NotSelected {
            side.steps.extend(self.contact(user, present, people, None));
            return Ok(selection);
        }
        let alias = self
            .owned
            .aliases
            .accounts
            .get(&user.id)
            .map(String::as_str);
        let known_as = present.map(|own| (own.name.as_str(), alias));
        let is_in = selection == Selection::Selected;
        let (account, steps) = map::explain(user, is_in, known_as, &current.host().shells, rules);
        side.steps = steps;
        match account {
            Ok(account) => {
                if let Some(own) = present.filter(|own| own.applied.home != account.home) {
                    let rule = "kept: a home that was given does not move".to_owned();
                    side.steps.push(Step {
                        field: "home",
                        value: shown(&own.applied.home).to_string(),
                        rule,
                    });
                }
                side.steps
                    .extend(ids(own, account.uid, rules, &people.plan, &user.id));
                let wanted = Some((account.name.as_str(), account.home.as_str()));
                side.steps
                    .extend(self.contact(user, present, people, wanted));
            }
            Err(reason) => side.refused = Some(reason.to_string()),
        }
        Ok(selection)
    }

    /// E-mail, SSH keys, and what other sources than the provider say. `wanted`: name and home of the account, if it is to
    /// be open.
    fn contact(
        &self,
        user: &User,
        present: Option<&OwnedAccount>,
        people: &Answer,
        wanted: Option<(&str, &str)>,
    ) -> Vec<Step> {
        let ProviderView {
            snapshot,
            keys: book,
            ..
        } = &people.desired;
        let rules = &self.setup.settings.rules.keys;
        let account = present
            .map(|own| (own.name.as_str(), own.applied.home.as_str()))
            .or(wanted);
        let keys = contact::Keys {
            user,
            book,
            gaps: &snapshot.gaps,
            rules,
            plan: &people.plan,
            account,
        };
        let mut steps = contact::sources(user);
        steps.push(contact::email(user, self.setup));
        steps.extend(keys.steps());
        steps
    }

    /// The groups of the provider that a person is in, and what becomes of each.
    fn memberships(&self, user: &User, groups: &Answer) -> Vec<String> {
        let rules = &self.setup.settings.rules.groups;
        let mut out = Vec::new();
        for group in &groups.desired.snapshot.directory.groups {
            let of_user = group.members.iter().filter(|member| member.user == user.id);
            let Some(status) = of_user.map(|member| member.status).min() else {
                continue;
            };
            let known = self
                .owned
                .groups
                .get(&group.id)
                .filter(|own| own.state.is_present());
            let (name, _) = map::explain_group(&group.name, self.known_as(&group.id, known), rules);
            let mapped: Vec<&str> = rules
                .local_map
                .targets(group.name.raw())
                .map(GroupName::as_str)
                .collect();
            // One that is mapped is none of its own, unless it was one before.
            let name = match known.is_none() && !mapped.is_empty() {
                true => Ok(mapped.join(" and in ")),
                false => name.map(|name| [&[name.as_str()], &mapped[..]].concat().join(" and in ")),
            };
            let what = match (name, status) {
                (Err(reason), _) => format!("no group here: {reason}"),
                (Ok(name), Status::Active) => format!("in {name}"),
                (Ok(name), status) => {
                    format!("not in {name}: the membership is {}", report::word(&status))
                }
            };
            out.push(format!("`{}` ({}): {what}", group.name, group.id));
        }
        out.sort();
        out
    }

    /// The name of a group that is known, and what it was adopted for.
    fn known_as<'o>(
        &'o self,
        id: &RemoteId,
        known: Option<&'o crate::model::owned::OwnedGroup>,
    ) -> Option<map::KnownAs<'o>> {
        let alias = self.owned.aliases.groups.get(id).map(String::as_str);
        known.map(|own| (own.name.as_str(), alias))
    }

    fn group(&self, groups: &Answer) -> Result<Option<Side>> {
        let rules = &self.setup.settings.rules.groups;
        let own = self
            .owned
            .groups
            .iter()
            .find(|(id, own)| own.name == self.name || id.as_str() == self.name);
        let all = || groups.desired.snapshot.directory.groups.iter();
        // One that the filter leaves out is asked for by the name that it would have, too.
        let would_be = |group: &&Group| {
            map::group_name_of(&group.name, rules).is_some_and(|name| name.as_str() == self.name)
        };
        let found = match own {
            Some((id, _)) => all().find(|group| group.id == *id),
            None => first(named(self.name, all(), |group| group.name.raw()))
                .or_else(|| all().find(|group| group.id.as_str() == self.name))
                .or_else(|| all().find(would_be)),
        };
        let (id, mut side) = match (found, own) {
            (Some(group), _) => (&group.id, Side::of(&group.id, &group.name)),
            (None, Some((id, _))) => (id, Side::missing_group(id)),
            (None, None) => return Ok(None),
        };
        let own = self.owned.groups.get(id);
        side.ledger = own.map(report::group_entry);
        let mut mapped = String::new();
        if let Some(group) = found {
            let known = own.filter(|own| own.state.is_present());
            if known.is_none() && rules.local_map.maps(group.name.raw()) {
                let names: Vec<&str> = rules
                    .local_map
                    .targets(group.name.raw())
                    .map(GroupName::as_str)
                    .collect();
                let (value, rule) = (
                    names.join(", "),
                    "`local_map`: its members come into a group of the host's own",
                );
                mapped.clone_from(&value);
                side.steps = vec![Step {
                    field: "members",
                    value,
                    rule: rule.to_owned(),
                }];
            } else {
                let (name, steps) =
                    map::explain_group(&group.name, self.known_as(&group.id, known), rules);
                side.steps = steps;
                side.refused = name.err().map(|reason| reason.to_string());
            }
            let active = group
                .members
                .iter()
                .filter(|member| member.status == Status::Active)
                .count();
            side.standing = Some(format!(
                "members at the provider: {}, active: {active}",
                group.members.len()
            ));
        }
        let name = own.map(|own| own.name.as_str());
        let remote = found.map(|group| group.name.raw());
        let aliases = Aliases::new(Some(id), remote, name, self.name, &side.steps);
        let next = aliases.of(&groups.plan, EntryKind::Group, "sync groups");
        let refused = aliases.refusal(&groups.plan).or(side.refused.take());
        let is_here = self
            .host_has(|host| own.is_some_and(|own| host.groups.contains_key(own.name.as_str())))?;
        let changes = aliases.changes(&groups.plan, EntryKind::Group).collect();
        let (is_there, refusal) = (found.is_some(), refused.as_deref());
        let verdict = verdict::OfGroup {
            own,
            is_here,
            is_there,
            mapped: &mapped,
            refused: refusal,
            changes,
        };
        side.verdict = verdict.text();
        if own.is_some_and(|own| own.state.is_present()) && !is_there {
            let departure = self
                .owned
                .group_departures
                .get(id)
                .copied()
                .unwrap_or_default();
            side.leaving = Some(Leaving::group(
                departure,
                &self.setup.settings.rules.departed,
                self.setup.now,
            ));
        }
        side.refused = refused;
        side.next.push(next);
        Ok(Some(side))
    }

    /// A group of the host's own that gets, or got, members from the provider.
    fn local(&self, groups: &Answer) -> Result<Option<Side>> {
        let rules = &self.setup.settings.rules.groups;
        let mapped = rules
            .local_map
            .groups()
            .iter()
            .find(|group| group.name.as_str() == self.name);
        let applied = self.owned.local.get(self.name);
        if mapped.is_none() && applied.is_none() {
            return Ok(None);
        }
        let target = self.setup.target()?;
        let current = target.read(Hold::Open)?;
        let found = current.host().groups.get(self.name).map(|found| found.gid);
        let mut side = Side::local(self.name, mapped, found);
        side.ledger =
            applied.map(|members| format!("members through gosync: {}", shown(members.as_str())));
        let names = [Some(self.name)].into_iter().flatten().collect();
        let mut next =
            Aliases { id: None, names }.of(&groups.plan, EntryKind::LocalGroup, "sync groups");
        next.narrow = groups.narrow;
        side.next.push(next);
        Ok(Some(side))
    }

    fn nobody(&self) -> Result<Error> {
        let target = self.setup.target()?;
        let current = target.read(Hold::Open)?;
        let (host, name) = (current.host(), shown(self.name));
        let is_here = host.accounts.contains_key(self.name) || host.groups.contains_key(self.name);
        Ok(match is_here {
            true => Error::failed(format!(
                "`{name}` is on this host, but it is not gosync's, and the provider has none"
            )),
            false => Error::failed(format!(
                "neither the provider nor the ledger knows `{name}`"
            )),
        })
    }
}

/// What a name means; of several that differ in case only, any: what is said of one goes for all.
fn first<T>(found: Named<T>) -> Option<T> {
    match found {
        Named::None => None,
        Named::One(one) => Some(one),
        Named::Several(several) => several.into_iter().next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::select::SelectionReason;

    #[test]
    fn standings_are_told_with_what_they_rest_on() {
        let text = |reason| report::selection(reason, Some("top"));
        assert!(text(SelectionReason::Member(Status::Pending)).contains("is pending"));
        assert!(text(SelectionReason::NoMember).contains("`top`"));
        assert_ne!(
            text(SelectionReason::Active),
            text(SelectionReason::Inactive)
        );
    }
}
