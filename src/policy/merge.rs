//! Merges what one provider says of people with what the others said last, where `[join]` makes one person of several records.
//!
//! Who holds an account keeps it: names, numbers and homes come from the record that it was made of, whatever the order of providers is.
//! Without an account, the first provider that knows the person makes it. A value that stands twice at one provider joins nobody, and a
//! value that changes moves nothing: both are reported. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::join::{JoinActive, JoinRules};
use super::select::Selection;
use super::{Reason, Remark};
use crate::model::join::{JoinNews, JoinRecord, JoinState};
use crate::model::owned::Owned;
use crate::model::{
    Completeness, Contact, Gap, Key, ProviderName, RejectedRecord, RemoteId, Untrusted, User,
    UserField, plain_attributes,
};

/// What is merged with what.
pub(crate) struct MergeInput<'a> {
    /// The names of all providers, in the order of precedence.
    pub order: &'a [ProviderName],
    /// By what people are joined.
    pub rules: &'a JoinRules,
    /// What gosync owns, seen from the provider that was read.
    pub owned: &'a Owned,
    /// Which attributes are wanted of people.
    pub attributes: &'a BTreeSet<String>,
    /// Fields that could not be looked up.
    pub gaps: &'a [Gap],
    /// Records that cannot be used.
    pub rejected: &'a [RejectedRecord],
    /// How far the read was whole.
    pub completeness: &'a Completeness,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    /// The people who have, or may get, an account from this provider.
    pub users: Vec<User>,
    /// Records that belong to another provider's account, or wait for one.
    pub elsewhere: Vec<(User, Key)>,
    /// What is reported.
    pub remarks: Vec<Remark>,
    /// What the ledger learns.
    pub news: Vec<JoinNews>,
    /// Fields that come from another provider, and from which.
    pub sources: BTreeMap<RemoteId, Vec<(&'static str, ProviderName)>>,
}

/// Merges people. `selection`: how each stands here, without the others.
pub(crate) fn merge(
    users: Vec<User>,
    selection: impl Fn(&User) -> Selection,
    input: &MergeInput<'_>,
) -> Merged {
    let mut merge = Merge::new(&users, selection, input);
    for user in users {
        merge.person(user);
    }
    merge.forget();
    merge.out
}

struct Merge<'a> {
    input: &'a MergeInput<'a>,
    provider: &'a ProviderName,
    /// What was known before, with what this provider says now.
    state: JoinState,
    having: Having,
    out: Merged,
}

/// Who has a value, by provider and value.
type Having = BTreeMap<(ProviderName, String), Vec<RemoteId>>;

fn having(order: &[ProviderName], state: &JoinState) -> Having {
    let mut having = Having::new();
    for name in order {
        for (id, record) in state.records.get(name).into_iter().flatten() {
            if let Some(value) = &record.value {
                let of = having.entry((name.clone(), value.clone())).or_default();
                of.push(id.clone());
            }
        }
    }
    having
}

/// What other providers' records are to one of this provider's.
#[derive(Default)]
struct Matches {
    /// Those with the same value, which is no other record's at either provider, in the order of precedence.
    same: Vec<Key>,
    /// A provider where the value, there or here, is not one person's.
    ambiguous: Option<ProviderName>,
}

impl<'a> Merge<'a> {
    fn new(
        users: &[User],
        selection: impl Fn(&User) -> Selection,
        input: &'a MergeInput<'a>,
    ) -> Self {
        let provider = &input.owned.provider;
        let mut state = input.owned.join.clone();
        let mut out = Merged::default();
        let gapped: BTreeSet<&RemoteId> = input.gaps.iter().map(|gap| &gap.user).collect();
        let before = state.records.entry(provider.clone()).or_default();
        let mut now: BTreeMap<RemoteId, JoinRecord> = BTreeMap::new();
        for user in users {
            let selection = selection(user);
            if selection == Selection::NotSelected {
                continue;
            }
            let mut record = record(user, selection, input);
            if let Some(known) = before.get(&user.id).filter(|_| gapped.contains(&user.id)) {
                fill(&mut record, known);
            }
            now.insert(user.id.clone(), record);
        }
        for rejected in input.rejected {
            let known = rejected.id.as_ref().and_then(|id| before.get_key_value(id));
            if let Some((id, known)) = known {
                let active = known.active && !rejected.is_shut_out();
                let record = JoinRecord {
                    active,
                    ..known.clone()
                };
                now.entry(id.clone()).or_insert(record);
            }
        }
        let is_known = |id: &RemoteId, record: &JoinRecord| before.get(id) == Some(record);
        let news = now.iter().filter(|(id, record)| !is_known(id, record));
        let news = news.map(|(id, it)| JoinNews::Record(id.clone(), Some(Box::new(it.clone()))));
        out.news.extend(news);
        let is_whole = matches!(input.completeness, Completeness::Complete(_)) && !users.is_empty();
        if is_whole {
            let gone = before.keys().filter(|id| !now.contains_key(*id));
            out.news
                .extend(gone.map(|id| JoinNews::Record(id.clone(), None)));
            *before = now;
        } else {
            before.extend(now);
        }
        let having = having(input.order, &state);
        Self {
            input,
            provider,
            state,
            having,
            out,
        }
    }

    fn key(&self, id: &RemoteId) -> Key {
        Key {
            provider: self.provider.clone(),
            id: id.clone(),
        }
    }

    fn place(&self, provider: &ProviderName) -> usize {
        let mut order = self.input.order.iter();
        order.position(|it| it == provider).unwrap_or(usize::MAX)
    }

    fn person(&mut self, user: User) {
        let key = self.key(&user.id);
        if self.state.record(&key).is_none() {
            // Who is not selected here is nobody for the others.
            self.out.users.push(user);
            return;
        }
        let own = self.input.owned.accounts.get(&user.id);
        let has_account = own.is_some_and(|own| own.state.is_present());
        if let Some(to) = self.state.joined.get(&key).cloned() {
            if !has_account && self.state.accounts.contains_key(&to) {
                return self.stays_joined(user, to);
            }
            self.joins(&user.id, None);
        }
        let matches = self.matches(&key);
        if let Some(provider) = matches.ambiguous {
            self.remark(&user, Reason::JoinAmbiguous { provider });
        }
        match has_account {
            true => self.holder(user, &matches.same),
            false => self.newcomer(user, &matches.same),
        }
    }

    /// One that belongs to another's account stays so, whatever it says now.
    fn stays_joined(&mut self, user: User, to: Key) {
        if self.state.differ(&self.key(&user.id), &to) {
            let provider = to.provider.clone();
            self.remark(&user, Reason::JoinChanged { provider });
        }
        self.out.elsewhere.push((user, to));
    }

    /// One with an account takes what others say of the same person.
    fn holder(&mut self, user: User, same: &[Key]) {
        let key = self.key(&user.id);
        let mut partners = Vec::new();
        for other in same {
            match self.state.joined.get(other) {
                _ if self.state.accounts.contains_key(other) => {
                    let provider = other.provider.clone();
                    let name = self.state.accounts[other].name.clone();
                    self.remark(&user, Reason::JoinTwoAccounts { provider, name });
                }
                Some(to) if *to != key => {}
                Some(_) | None => partners.push(other.clone()),
            }
        }
        self.merged(user, &partners);
    }

    /// One without an account belongs to that of another, or waits for one, or gets its own.
    fn newcomer(&mut self, user: User, same: &[Key]) {
        let account = |other: &Key| {
            let to = self.state.joined.get(other).unwrap_or(other);
            self.state.accounts.contains_key(to).then(|| to.clone())
        };
        if let Some(to) = same.iter().find_map(account) {
            self.joins(&user.id, Some(to.clone()));
            self.out.elsewhere.push((user, to));
            return;
        }
        let own = self.place(self.provider);
        let makes_it = |other: &&Key| {
            let is_active = self.state.record(other).is_some_and(|it| it.active);
            let may = is_active || self.input.rules.active == JoinActive::All;
            may && self.place(&other.provider) < own
        };
        if let Some(first) = same.iter().find(makes_it).cloned() {
            let provider = first.provider.clone();
            self.remark(&user, Reason::JoinWaits { provider });
            self.out.elsewhere.push((user, first));
            return;
        }
        self.merged(user, same);
    }

    /// Takes what others say, field by field from the first that says something.
    fn merged(&mut self, mut user: User, partners: &[Key]) {
        let key = self.key(&user.id);
        let mut order: Vec<&Key> = partners.iter().chain([&key]).collect();
        order.sort_by_key(|it| self.place(&it.provider));
        let records = order
            .iter()
            .filter_map(|it| Some((*it, self.state.record(it)?)));
        let records: Vec<(&Key, &JoinRecord)> = records.collect();
        let mut sources = Vec::new();
        let gaps = self.input.gaps.iter().filter(|gap| gap.user == user.id);
        let gaps: BTreeSet<UserField> = gaps.map(|gap| gap.field).collect();
        let mut from = |field: UserField, says: &dyn Fn(&JoinRecord) -> bool| {
            let first = records.iter().find(|(_, record)| says(record));
            let (other, record) = first.filter(|(it, _)| **it != key && !gaps.contains(&field))?;
            sources.push((field.as_str(), other.provider.clone()));
            Some(*record)
        };
        let text = |text: &Option<String>| text.as_deref().map(Untrusted::new);
        if let Some(record) = from(UserField::Name, &|it| it.name.is_some()) {
            user.name = text(&record.name);
        }
        if let Some(record) = from(UserField::Email, &|it| it.email.is_some()) {
            user.email = text(&record.email);
        }
        if let Some(record) = from(UserField::Shell, &|it| it.shell.is_some()) {
            user.shell = text(&record.shell);
        }
        if let Some(record) = from(UserField::SshKeys, &|it| !it.ssh_keys.is_empty()) {
            user.ssh_keys = record.ssh_keys.iter().map(Untrusted::new).collect();
        }
        for name in self.input.attributes {
            let says = |(_, record): &&(&Key, &JoinRecord)| record.attributes.contains_key(name);
            if let Some((other, record)) = records.iter().find(says).filter(|(it, _)| **it != key) {
                let value = record.attributes.get(name).map(Untrusted::new);
                user.attributes
                    .extend(value.map(|value| (name.clone(), value)));
                sources.push(("attributes", other.provider.clone()));
            }
        }
        self.stand(&mut user, partners, &mut sources);
        if !sources.is_empty() {
            sources.dedup();
            self.out.sources.insert(user.id.clone(), sources);
        }
        self.out.users.push(user);
    }

    /// Whether a person is let in. A record that was joined, and has another value since, gives nothing any more; a no of it counts.
    fn stand(
        &self,
        user: &mut User,
        partners: &[Key],
        sources: &mut Vec<(&'static str, ProviderName)>,
    ) {
        let key = self.key(&user.id);
        let is_read = |it: &Key| self.input.order.contains(&it.provider);
        let joined = self.state.joined.iter();
        let joined = joined.filter(|(it, to)| **to == key && is_read(it));
        let others: BTreeSet<&Key> = partners.iter().chain(joined.map(|(it, _)| it)).collect();
        let is_active = |it: &&&Key| self.state.record(it).is_none_or(|record| record.active);
        let told = match self.input.rules.active {
            JoinActive::All if user.active => others.iter().find(|it| !is_active(it)).copied(),
            JoinActive::Any if !user.active => {
                let mut partners = partners.iter();
                partners.find(|it| is_active(&it))
            }
            JoinActive::All | JoinActive::Any => None,
        };
        if let Some(other) = told {
            user.active = self.input.rules.active == JoinActive::Any;
            sources.push(("active", other.provider.clone()));
        }
    }

    fn matches(&self, key: &Key) -> Matches {
        let mut matches = Matches::default();
        let value = self.state.record(key).and_then(|it| it.value.clone());
        let Some(value) = value else {
            return matches;
        };
        let having = |provider: &ProviderName| {
            let of = self.having.get(&(provider.clone(), value.clone()));
            of.map_or(&[][..], Vec::as_slice)
        };
        let is_unique_here = having(self.provider).len() == 1;
        for other in self.input.order.iter().filter(|it| *it != self.provider) {
            match having(other) {
                [] => {}
                [id] if is_unique_here => matches.same.push(Key {
                    provider: other.clone(),
                    id: id.clone(),
                }),
                _ => matches.ambiguous = Some(other.clone()),
            }
        }
        matches
    }

    fn joins(&mut self, id: &RemoteId, to: Option<Key>) {
        let key = self.key(id);
        match &to {
            Some(to) => self.state.joined.insert(key, to.clone()),
            None => self.state.joined.remove(&key),
        };
        self.out.news.push(JoinNews::Joined(id.clone(), to));
    }

    /// A record that is not there any more belongs to nobody.
    fn forget(&mut self) {
        let joined = &self.input.owned.join.joined;
        let gone = self.out.news.iter().filter_map(|news| match news {
            JoinNews::Record(id, None) => Some(id.clone()),
            JoinNews::Record(..) | JoinNews::Joined(..) => None,
        });
        let gone: Vec<RemoteId> = gone
            .filter(|id| joined.contains_key(&self.key(id)))
            .collect();
        let news = gone.into_iter().map(|id| JoinNews::Joined(id, None));
        self.out.news.extend(news);
    }

    fn remark(&mut self, user: &User, reason: Reason) {
        let remark = Remark::new(user.login.raw(), reason);
        self.out.remarks.push(remark);
    }
}

/// What a record says.
fn record(user: &User, selection: Selection, input: &MergeInput<'_>) -> JoinRecord {
    let contact = Contact::new(user.email.as_ref(), &user.ssh_keys);
    let line = |text: &Option<Untrusted>| {
        let text = text.as_ref().map(Untrusted::raw)?;
        let is_line = !text.is_empty() && text.len() <= 4_096;
        (is_line && !text.chars().any(char::is_control)).then(|| text.to_owned())
    };
    JoinRecord {
        value: input.rules.value(user),
        active: selection == Selection::Selected,
        name: line(&user.name),
        email: contact.email,
        shell: line(&user.shell),
        ssh_keys: contact.ssh_keys,
        attributes: plain_attributes(&user.attributes, input.attributes),
    }
}

/// Where a field could not be looked up, what was known of it stays.
fn fill(record: &mut JoinRecord, known: &JoinRecord) {
    let JoinRecord {
        value,
        active: _,
        name,
        email,
        shell,
        ssh_keys,
        attributes: _,
    } = record;
    let stay = |now: &mut Option<String>, before: &Option<String>| {
        if now.is_none() {
            now.clone_from(before);
        }
    };
    stay(value, &known.value);
    stay(name, &known.name);
    stay(email, &known.email);
    stay(shell, &known.shell);
    if ssh_keys.is_empty() {
        ssh_keys.clone_from(&known.ssh_keys);
    }
}

#[cfg(test)]
mod tests;
