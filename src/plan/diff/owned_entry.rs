//! What accounts and groups of gosync's differ in, where the diff goes one way for both.
//!
//! Only what the common code asks: what only accounts have, or only groups, stays where it is planned.

use std::collections::BTreeMap;

use super::owned_lines::{owned_account, owned_group};
use crate::model::history::EntryKind;
use crate::model::host::{Host, HostAccount, HostGroup};
use crate::model::name::BadName;
use crate::model::owned::{Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{GroupName, Name, RemoteId, UserName};
use crate::plan::{Number, Observation};
use crate::policy::{Reason, adoption};

/// An account or a group that the ledger has.
pub(super) trait OwnedEntry: Sized + 'static {
    /// Which of the two.
    const KIND: EntryKind;

    /// Its line on the host.
    type Line<'h>: HostLine + 'h;

    /// Name on this host.
    fn name(&self) -> &str;

    /// Its number, for good.
    fn number(&self) -> Number;

    /// How far it has come.
    fn state(&self) -> State;

    /// Its line under a name, or why that is not gosync's to change.
    fn line_as<'h>(&self, name: &str, host: &'h Host<'_>) -> Result<&'h Self::Line<'h>, Reason> {
        self.line_of(name, Self::found(name, host), host)
    }

    /// The same of what was `found` under the name.
    fn line_of<'h>(
        &self,
        name: &str,
        found: Option<&'h Self::Line<'h>>,
        host: &'h Host<'_>,
    ) -> Result<&'h Self::Line<'h>, Reason>;

    /// Whether a line under a name can be the one of its own that a rename has got so far, or begins with.
    fn stands_as(&self, name: &str, host: &Host<'_>) -> bool;

    /// What a name of the ledger's is, whatever the rules for new ones are.
    fn known_name(name: &str) -> Result<Name, BadName>;

    /// What the host has under a name.
    fn found<'h>(name: &str, host: &'h Host<'_>) -> Option<&'h Self::Line<'h>>;

    /// What the ledger has of all of its kind.
    fn rows(owned: &Owned) -> Rows<'_, Self>;

    /// Whether complete reads have missed it.
    fn is_missed(&self, id: &RemoteId, owned: &Owned) -> bool;

    /// What the ledger learns when it is there again.
    fn back(id: RemoteId) -> Observation;

    /// Why it is never adopted, whoever it would become.
    fn never_adopted(name: &str, found: &Self::Line<'_>, host: &Host<'_>) -> Option<Reason>;

    /// That the provider's side has another one already.
    fn has_another(name: String) -> Reason;

    /// That the provider's side was given another number.
    fn has_number(given: u32, found: u32) -> Reason;
}

/// What the ledger has of accounts, or of groups.
pub(super) struct Rows<'a, E> {
    /// By immutable id.
    pub entries: &'a BTreeMap<RemoteId, E>,
    /// Whose the names were that were given up.
    pub former: &'a BTreeMap<String, RemoteId>,
    /// What was adopted under another name than the provider's would be.
    pub aliases: &'a BTreeMap<RemoteId, String>,
}

/// A line of the host's, as far as accounts and groups are judged alike.
pub(super) trait HostLine {
    /// Its uid or gid.
    fn number(&self) -> u32;

    /// Whether gosync can write it.
    fn is_writable(&self) -> bool;
}

impl HostLine for HostAccount<'_> {
    fn number(&self) -> u32 {
        self.uid
    }

    fn is_writable(&self) -> bool {
        self.writable
    }
}

impl HostLine for HostGroup<'_> {
    fn number(&self) -> u32 {
        self.gid
    }

    fn is_writable(&self) -> bool {
        self.writable && self.members.is_text()
    }
}

impl OwnedEntry for OwnedAccount {
    const KIND: EntryKind = EntryKind::Account;

    type Line<'h> = HostAccount<'h>;

    fn name(&self) -> &str {
        &self.name
    }

    fn number(&self) -> Number {
        Number::Uid(self.uid)
    }

    fn state(&self) -> State {
        self.state
    }

    fn line_of<'h>(
        &self,
        name: &str,
        found: Option<&'h HostAccount<'h>>,
        host: &'h Host<'_>,
    ) -> Result<&'h HostAccount<'h>, Reason> {
        owned_account(name, self, found, host)
    }

    fn stands_as(&self, name: &str, host: &Host<'_>) -> bool {
        self.line_as(name, host).is_ok()
    }

    fn known_name(name: &str) -> Result<Name, BadName> {
        UserName::new(name, true).map(Name::from)
    }

    fn found<'h>(name: &str, host: &'h Host<'_>) -> Option<&'h HostAccount<'h>> {
        host.accounts.get(name)
    }

    fn rows(owned: &Owned) -> Rows<'_, Self> {
        Rows {
            entries: &owned.accounts,
            former: &owned.former_accounts,
            aliases: &owned.aliases.accounts,
        }
    }

    fn is_missed(&self, _: &RemoteId, _: &Owned) -> bool {
        self.absence.is_some()
    }

    fn back(id: RemoteId) -> Observation {
        Observation::Back(id)
    }

    fn never_adopted(name: &str, found: &HostAccount<'_>, host: &Host<'_>) -> Option<Reason> {
        adoption::account_refusal(name, found, host)
    }

    fn has_another(name: String) -> Reason {
        Reason::HasAccount { name }
    }

    fn has_number(given: u32, found: u32) -> Reason {
        Reason::PersonHasUid { given, found }
    }
}

impl OwnedEntry for OwnedGroup {
    const KIND: EntryKind = EntryKind::Group;

    type Line<'h> = HostGroup<'h>;

    fn name(&self) -> &str {
        &self.name
    }

    fn number(&self) -> Number {
        Number::Gid(self.gid)
    }

    fn state(&self) -> State {
        self.state
    }

    fn line_of<'h>(
        &self,
        name: &str,
        found: Option<&'h HostGroup<'h>>,
        host: &'h Host<'_>,
    ) -> Result<&'h HostGroup<'h>, Reason> {
        owned_group(name, self, found, host)
    }

    // Its members are not looked at: they do not hang on the name, and what is wrong with them is told of the group.
    fn stands_as(&self, name: &str, host: &Host<'_>) -> bool {
        Self::found(name, host).is_some_and(|group| group.gid == self.gid.get() && group.writable)
    }

    fn known_name(name: &str) -> Result<Name, BadName> {
        GroupName::known(name).map(Name::from)
    }

    fn found<'h>(name: &str, host: &'h Host<'_>) -> Option<&'h HostGroup<'h>> {
        host.groups.get(name)
    }

    fn rows(owned: &Owned) -> Rows<'_, Self> {
        Rows {
            entries: &owned.groups,
            former: &owned.former_groups,
            aliases: &owned.aliases.groups,
        }
    }

    fn is_missed(&self, id: &RemoteId, owned: &Owned) -> bool {
        owned.group_departures.contains_key(id)
    }

    fn back(id: RemoteId) -> Observation {
        Observation::GroupBack(id)
    }

    fn never_adopted(name: &str, found: &HostGroup<'_>, host: &Host<'_>) -> Option<Reason> {
        adoption::group_refusal(name, found, host)
    }

    fn has_another(name: String) -> Reason {
        Reason::HasGroup { name }
    }

    fn has_number(given: u32, found: u32) -> Reason {
        Reason::GroupHasGid { given, found }
    }
}
