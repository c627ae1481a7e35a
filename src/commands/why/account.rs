//! What is said about an account: the person, how the account comes to be what it is, what becomes
//! of it.

use super::contact;
use super::inquiry::{Answer, Inquiry};
use super::leaving::Leaving;
use super::planned::{Aliases, ids};
use super::report::{self, Side};
use super::verdict;
use crate::commands::status::held;
use crate::error::{Error, Result};
use crate::model::history::EntryKind;
use crate::model::owned::{OwnedAccount, State};
use crate::model::{GroupName, Key, RejectedRecord, RemoteId, Status, User, same_name, shown};
use crate::plan::render;
use crate::policy::map::{self, WantedAccount};
use crate::policy::select::{self, Selection};
use crate::policy::trace::Step;
use crate::run::view::ProviderView;
use crate::targets::Hold;

/// Who is meant, as far as they are known.
struct Person<'a> {
    id: Option<&'a RemoteId>,
    user: Option<&'a User>,
    own: Option<&'a OwnedAccount>,
    /// `None`: the provider has no usable record.
    selection: Option<Selection>,
}

impl Inquiry<'_> {
    /// What is said about the account of this name; `None`: there is none, here or there.
    pub(super) fn account(&self, people: &Answer, groups: &Answer) -> Result<Option<Side>> {
        if let Some(side) = self.elsewhere(people, groups) {
            return Ok(Some(side));
        }
        let snapshot = &people.desired.snapshot;
        let (user, own) = (self.user(snapshot), self.owned_account());
        let record = |id: &RemoteId| {
            let mut rejected = snapshot.rejected.iter();
            rejected.find(|record| record.id.as_ref() == Some(id))
        };
        let own = own.map(|(id, _)| id);
        let rejected = own.and_then(record).or_else(|| self.rejected(snapshot));
        let Some((id, mut side)) = at_provider(user, own, rejected) else {
            return Ok(None);
        };
        let own = id.and_then(|id| self.owned.accounts.get(id));
        side.ledger = own.map(report::entry);
        if let Some(id) = id {
            let hold = self.owned.held(id);
            side.held = hold.map(|hold| format!("locked by an administrator: {}", held(hold)));
            let before = self.owned.shell_before(id);
            side.shell_back = before.map(|shell| format!("{} again when it opens", shown(shell)));
        }
        let mut selection = None;
        if let Some(user) = user {
            selection = Some(self.explain(user, own, people, &mut side)?);
            side.groups = self.memberships(user, groups);
        }
        if let Some((id, own)) = id.zip(own) {
            let is_known = selection.is_some() || side.refused.is_some();
            side.leaving = self.leaving(id, own, selection, is_known)?;
        }
        let person = Person {
            id,
            user,
            own,
            selection,
        };
        self.becomes(&person, people, groups, &mut side)?;
        Ok(Some(side))
    }

    /// What is said about a record that belongs to another provider's account; `None`: the name means none.
    fn elsewhere(&self, people: &Answer, groups: &Answer) -> Option<Side> {
        let is_meant = |(user, to): &&(User, Key)| {
            let account = self.owned.join.accounts.get(to);
            same_name(user.login.raw(), self.name)
                || user.id.as_str() == self.name
                || account.is_some_and(|account| account.name == self.name)
        };
        let (user, to) = people.elsewhere.iter().find(is_meant)?;
        let mut side = Side::of(&user.id, &user.login);
        let provider = shown(to.provider.as_str());
        side.verdict = match self.owned.join.accounts.get(to) {
            Some(account) => format!(
                "belongs to the account `{}` of {provider}, by `[join]`",
                shown(&account.name)
            ),
            None => format!("waits for {provider}, which comes first by `[join]`"),
        };
        side.groups = self.memberships(user, groups);
        Some(side)
    }

    /// What becomes of it with the next sync.
    fn becomes(
        &self,
        person: &Person<'_>,
        people: &Answer,
        groups: &Answer,
        side: &mut Side,
    ) -> Result<()> {
        let own = person.own;
        let host_name = own
            .filter(|own| own.state.is_present())
            .map(|own| own.name.as_str());
        let aliases = Aliases::new(
            person.id,
            person.user.map(|user| user.login.raw()),
            host_name,
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
            selection: person.selection,
            refused: refused.as_deref(),
            changes,
        };
        side.verdict = verdict.text();
        let memberships = aliases.memberships(&groups.plan);
        side.refused = refused;
        side.next.extend([next, memberships]);
        Ok(())
    }

    /// How far an account has come on the way out; `None`: it is not on it. `is_known`: whether the
    /// provider has a record.
    fn leaving(
        &self,
        id: &RemoteId,
        own: &OwnedAccount,
        selection: Option<Selection>,
        is_known: bool,
    ) -> Result<Option<Leaving>> {
        let (rules, now) = (
            &self.setup.settings.rules.departed,
            self.setup.now.seconds(),
        );
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
        let known_as = present.map(|own| map::KnownAs {
            name: &own.name,
            alias,
            number: own.uid.get(),
        });
        let is_in = selection == Selection::Selected;
        let (account, steps) = map::explain(user, is_in, known_as, &current.host().shells, rules);
        side.steps = steps;
        match account {
            Ok(account) => {
                let steps = self.with_account(user, own, &account, people);
                side.steps.extend(steps);
            }
            Err(reason) => side.refused = Some(reason.to_string()),
        }
        Ok(selection)
    }

    /// What else there is to say of a person who is to have an account: its home, ids, e-mail and
    /// keys.
    fn with_account(
        &self,
        user: &User,
        own: Option<&OwnedAccount>,
        account: &WantedAccount,
        people: &Answer,
    ) -> Vec<Step> {
        let rules = &self.setup.settings.rules.accounts;
        let present = own.filter(|own| own.state.is_present());
        let mut steps = Vec::new();
        if let Some(own) = present.filter(|own| own.applied.fields.home != account.fields.home) {
            let rule = "kept: a home that was given does not move".to_owned();
            steps.push(Step {
                field: "home",
                value: shown(&own.applied.fields.home).to_string(),
                rule,
            });
        }
        steps.extend(ids(own, account.uid, rules, &people.plan, &user.id));
        let wanted = Some((account.name.as_str(), account.fields.home.as_str()));
        steps.extend(self.contact(user, present, people, wanted));
        steps
    }

    /// E-mail, SSH keys, and what other sources than the provider say. `wanted`: name and home of
    /// the account, if it is to be open.
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
            .map(|own| (own.name.as_str(), own.applied.fields.home.as_str()))
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
        let joined = people.sources.get(&user.id).into_iter().flatten();
        steps.extend(joined.map(|(field, provider)| Step {
            field: "joined",
            value: (*field).to_owned(),
            rule: format!("from {}, by `[join]`", shown(provider.as_str())),
        }));
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
}

/// What the provider has of a person: `own` is the id of the account, `rejected` a record that
/// cannot be used.
fn at_provider<'a>(
    user: Option<&'a User>,
    own: Option<&'a RemoteId>,
    rejected: Option<&'a RejectedRecord>,
) -> Option<(Option<&'a RemoteId>, Side)> {
    Some(match (user, own, rejected) {
        (Some(user), ..) => (Some(&user.id), Side::of(&user.id, &user.login)),
        (None, Some(id), Some(record)) if record.id.as_ref() == Some(id) => {
            (Some(id), Side::rejected(record))
        }
        (None, Some(id), _) => (Some(id), Side::missing(id)),
        (None, None, Some(record)) => (record.id.as_ref(), Side::rejected(record)),
        (None, None, None) => return None,
    })
}
