//! What a run did to an account or a group of gosync's, undone: what is the same for both.

use super::past::PastEntry;
use super::{Touched, Work, parse};
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::owned::State;
use crate::model::{Key, Name, RemoteId, Untrusted};
use crate::plan::diff::owned_entry::OwnedEntry;
use crate::plan::diff::rename::Renamable;
use crate::plan::{Change, Deed, Rebind};
use crate::policy::{GivenBack, Reason};

/// What a run can have done to accounts and groups, and how that is undone.
pub(super) trait Undoable: Renamable {
    /// As the ledger had it.
    type Past: PastEntry;

    /// Whether the home goes along when the name comes back.
    fn moves_home(before: &Self::Past, after: &Self::Past) -> bool;

    /// Why it cannot be renamed, if that is not told with what follows.
    fn unrenamed(own: &Self, host: &Host<'_>) -> Option<Reason>;

    /// The run took it over: whatever that changed, besides whose it is.
    fn unadopt(work: &mut Work<'_>, one: &One<'_, '_, Self>, name: &Name);

    /// The run changed it.
    fn restore(
        work: &mut Work<'_>,
        one: &One<'_, '_, Self>,
        before: &Self::Past,
    ) -> Result<(), Reason>;

    /// The run took up one that gosync had forgotten, or had begun; which of the two nobody knows.
    fn leave(
        work: &mut Work<'_>,
        one: &One<'_, '_, Self>,
        before: &Self::Past,
    ) -> Result<(), Reason>;

    /// The run made it.
    fn unmake(work: &mut Work<'_>, one: &One<'_, '_, Self>) -> Result<(), Reason>;

    /// The run took it away. `name`: the one that it had, which is nobody else's.
    fn remake<'a>(
        work: &mut Work<'a>,
        one: &One<'_, 'a, Self>,
        name: Name,
        before: Self::Past,
    ) -> Result<(), Reason>;
}

/// An account or a group that a run changed.
pub(super) struct One<'t, 'a, E: Undoable> {
    pub touched: &'t Touched<'a>,
    pub id: &'t RemoteId,
    /// As it is by the ledger.
    pub own: &'a E,
    /// As the run left it.
    pub after: E::Past,
}

impl<E: Undoable> One<'_, '_, E> {
    /// The name that it is known by.
    pub(super) fn name(&self) -> Result<Name, Reason> {
        known_name::<E>(self.own.name())
    }
}

pub(super) fn known_name<E: OwnedEntry>(name: &str) -> Result<Name, Reason> {
    E::known_name(name).map_err(|why| Reason::BadLedgerName { why })
}

impl<'a> Work<'a> {
    /// A change of an account or a group.
    pub(super) fn change<E: Undoable>(&mut self, one: &One<'_, '_, E>, name: Name, deed: Deed) {
        let key = self.owned().key(one.id);
        self.push(Change::of(E::KIND, key, name, deed));
    }

    /// Undoes what the run did to an account or a group.
    pub(super) fn entry<E: Undoable>(
        &mut self,
        touched: &Touched<'a>,
        id: &RemoteId,
    ) -> Result<(), Reason> {
        let Some(own) = E::rows(self.owned()).entries.get(id) else {
            return Err(Reason::NotInLedger);
        };
        let before = touched.first.before.as_ref();
        let before = before.map(parse::<E::Past>).transpose()?;
        let after = parse(&touched.last.after)?;
        if let Some(was) = tied_before(touched) {
            return self.untie(touched, own, self.owned().key(id), was);
        }
        let one = One {
            touched,
            id,
            own,
            after,
        };
        self.tell_archives(&one);
        let was = before.as_ref().map_or(State::Removed, PastEntry::state);
        match (before, own.state().is_present()) {
            (_, true) if touched.first.change == adoption(E::KIND) => self.unadopt(&one),
            (_, false) if own.state() == State::Released => Err(self.given_back(&one)),
            (Some(before), true) if was.is_present() => E::restore(self, &one, &before),
            (Some(before), true) if was == State::Reserved => {
                self.check_later(touched)?;
                E::leave(self, &one, &before)
            }
            (_, true) => {
                self.check_later(touched)?;
                E::unmake(self, &one)
            }
            (Some(before), false) if was.is_present() => self.remake(&one, before),
            (_, false) => {
                self.plan.unchanged += 1;
                Ok(())
            }
        }
    }

    /// Tells where homes are that the run packed.
    fn tell_archives<E: Undoable>(&mut self, one: &One<'_, '_, E>) {
        let details = one.touched.details.iter();
        for archive in details.filter_map(|detail| detail.get("archived")?.as_str()) {
            let archive = Untrusted::new(archive);
            let told = Reason::HomeArchived { archive };
            self.plan.remark(one.own.name(), told);
        }
    }

    fn given_back<E: Undoable>(&self, one: &One<'_, '_, E>) -> Reason {
        let name = one.own.name();
        let is_shadowed =
            E::KIND != EntryKind::Account && self.against.host.accounts.contains_key(name);
        let alias = E::rows(self.owned()).aliases.get(one.id);
        let back = GivenBack::new(name, alias, is_shadowed);
        Reason::GivenBack { back }
    }

    /// The run tied it to another record: it becomes that of the one before.
    fn untie<E: Undoable>(
        &mut self,
        touched: &Touched<'_>,
        own: &E,
        from: Key,
        was: Key,
    ) -> Result<(), Reason> {
        self.check_later(touched)?;
        if was == from {
            self.plan.unchanged += 1;
            return Ok(());
        }
        let name = known_name::<E>(own.name())?;
        let before = touched.first.before.as_ref();
        let alias = before.and_then(|before| before.get("alias")?.as_str());
        let deed = Deed::Rebind(Box::new(Rebind {
            number: own.number(),
            from,
            login: None,
            alias: alias.map(str::to_owned),
        }));
        self.push(Change::of(E::KIND, was, name, deed));
        Ok(())
    }

    /// The run took it over.
    fn unadopt<E: Undoable>(&mut self, one: &One<'_, '_, E>) -> Result<(), Reason> {
        self.check_later(one.touched)?;
        let name = one.name()?;
        E::unadopt(self, one, &name);
        self.change(one, name, Deed::Release(one.own.number()));
        Ok(())
    }

    /// The run took it away.
    fn remake<E: Undoable>(&mut self, one: &One<'_, 'a, E>, before: E::Past) -> Result<(), Reason> {
        self.check_later(one.touched)?;
        let name = known_name::<E>(before.name())?;
        let kind = E::KIND;
        if let Some(by) = self.claims.other(kind, name.as_str(), one.id) {
            let name = name.to_string();
            return Err(Reason::NameTaken { kind, name, by });
        }
        E::remake(self, one, name, before)
    }
}

/// The record that a run has untied something from.
fn tied_before(touched: &Touched<'_>) -> Option<Key> {
    let first = touched.first;
    if !matches!(first.change.as_str(), "rebind-account" | "rebind-group") {
        return None;
    }
    let from = first.detail.as_ref()?.get("from")?;
    serde_json::from_value(from.clone()).ok()
}

/// The word of a change that takes over something of the host's.
fn adoption(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Account => "adopt-account",
        EntryKind::Group | EntryKind::LocalGroup => "adopt-group",
    }
}
