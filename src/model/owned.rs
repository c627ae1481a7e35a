//! What gosync owns on this host: the ledger's content, as data.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::anchor::Numbers;
use super::history::EntryKind;
use super::join::JoinState;
use super::{AccountFields, Contact, Gid, Key, Members, ProviderName, RemoteId, Uid};

/// How far an owned account or group has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its ids are set aside, durably; it may or may not stand in the databases.
    Reserved,
    /// In the databases and open.
    Active,
    /// In the databases and locked.
    Locked,
    /// Taken out of the databases; its ids stay with the person.
    Removed,
    /// Given back to the host as it stood; its ids stay with the person.
    Released,
}

impl State {
    /// The word that the ledger's tables use.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Reserved => "reserved",
            State::Active => "active",
            State::Locked => "locked",
            State::Removed => "removed",
            State::Released => "released",
        }
    }

    /// The state that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            State::Reserved,
            State::Active,
            State::Locked,
            State::Removed,
            State::Released,
        ];
        all.into_iter().find(|s| s.as_str() == word)
    }

    /// Whether gosync counts it as present on the host.
    pub fn is_present(self) -> bool {
        matches!(self, State::Active | State::Locked)
    }
}

/// An account of gosync's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedAccount {
    /// Name on this host.
    pub name: String,
    /// User id, for good.
    pub uid: Uid,
    /// Primary group id.
    pub gid: u32,
    /// Whether its primary group is its own.
    pub private_group: bool,
    /// How far it has come.
    pub state: State,
    /// Fields as gosync last wrote them.
    pub applied: Applied,
    /// First subordinate id, if it has a range.
    pub subid: Option<u32>,
    /// Since when complete reads have missed the person, and in how many.
    pub absence: Option<Absence>,
}

/// The fields that are merged three ways: last applied, wanted, found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// What its line in passwd(5) says.
    pub fields: AccountFields,
    /// Whether the password was locked already when the account was adopted; gosync itself leaves none so.
    pub locked: bool,
    /// The day the account expires, as shadow(5) has it, while it is open; empty: never.
    pub expire: String,
}

/// How long a person has been missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    /// When it was first seen, in seconds since 1970.
    pub since: i64,
    /// In how many complete reads.
    pub runs: u32,
}

/// A group of gosync's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedGroup {
    /// Name on this host.
    pub name: String,
    /// Group id, for good.
    pub gid: Gid,
    /// How far it has come; groups are never locked.
    pub state: State,
    /// Members as gosync last wrote them.
    pub members: Members,
}

/// What is done in a home, and may fail there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HomeWork {
    /// It is packed and taken away.
    Archive,
    /// Keys are written into it.
    Keys,
}

impl HomeWork {
    /// Its word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Keys => "keys",
        }
    }

    /// The one of this word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Archive, Self::Keys]
            .into_iter()
            .find(|work| work.as_str() == word)
    }
}

/// What failed, and is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often it failed.
    pub attempts: u32,
    /// When it is tried again, in seconds since 1970.
    pub due: i64,
    /// Why it failed last.
    pub why: String,
}

/// Everything that gosync owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owned {
    /// The provider of this run.
    pub provider: ProviderName,
    /// Accounts that come from the provider of this run, by immutable id.
    pub accounts: BTreeMap<RemoteId, OwnedAccount>,
    /// Groups that come from the provider of this run, by immutable id.
    pub groups: BTreeMap<RemoteId, OwnedGroup>,
    /// What was adopted under another name than the provider's would be.
    pub aliases: Aliases,
    /// Members that gosync added to groups of the host's, by the group's name.
    pub local: BTreeMap<String, Members>,
    /// What came from other providers.
    pub others: Others,
    /// Ids that accounts and groups had before they were tied to other records, and what those are called.
    pub former_ids: FormerIds,
    /// How the last complete reads looked as if the provider had other ids for the same people, or groups.
    pub changed_ids: BTreeMap<EntryKind, ChangedIds>,
    /// Every uid and gid ever given, by whatever provider.
    pub ids: BTreeSet<u32>,
    /// First subordinate ids ever given.
    pub subids: BTreeSet<u32>,
    /// Numbers that ledgers before this one may have given: nobody gets one who does not bring it along.
    pub retired: Numbers,
    /// How often a plan has been committed.
    pub generation: u64,
    /// The highest number of what this provider said that was believed.
    pub edition: Option<u64>,
    /// How often one has that changed accounts, or groups, of this provider; part of a plan's digest.
    pub commits: BTreeMap<EntryKind, u64>,
    /// What was locked, removed or revoked in the last 24 hours.
    pub losses: Losses,
    /// How far accounts of people who left have come, by immutable id.
    pub departures: BTreeMap<RemoteId, AccountDeparture>,
    /// What locks remember, and who holds accounts locked, by immutable id.
    pub locks: BTreeMap<RemoteId, LockRecord>,
    /// How far groups that the provider does not have any more have come, by immutable id.
    pub group_departures: BTreeMap<RemoteId, GroupDeparture>,
    /// What failed in homes, and when it is tried again.
    pub retries: BTreeMap<(RemoteId, HomeWork), Retry>,
    /// Where the last archive of somebody's home lies.
    pub archives: BTreeMap<RemoteId, String>,
    /// Names that accounts had before, and whose they were.
    pub former_accounts: BTreeMap<String, RemoteId>,
    /// Names that groups had before, and whose they were.
    pub former_groups: BTreeMap<String, RemoteId>,
    /// SSH keys as gosync last wrote them, of accounts that come from the provider of this run.
    pub keys: BTreeMap<RemoteId, KeyRecords>,
    /// How people with accounts from the provider of this run can be reached, as hooks were told last.
    pub contacts: BTreeMap<RemoteId, Contact>,
    /// What the provider of this run said last of the attributes that targets show.
    pub attributes: BTreeMap<RemoteId, BTreeMap<String, String>>,
    /// Which of them everybody was asked for in its last complete read.
    pub asked_attributes: BTreeSet<String>,
    /// Who is joined across providers.
    pub join: JoinState,
}

impl Owned {
    /// What identifies a person or group of the provider of this run.
    pub fn key(&self, id: &RemoteId) -> Key {
        Key {
            provider: self.provider.clone(),
            id: id.clone(),
        }
    }

    /// Who holds an account locked, whatever the provider says; `None`: nobody does.
    pub fn held(&self, account: &RemoteId) -> Option<&Hold> {
        self.locks.get(account)?.hold.as_ref()
    }

    /// The shell that stood before an account was locked and got another one; `None`: it has its own.
    pub fn shell_before(&self, account: &RemoteId) -> Option<&str> {
        self.locks.get(account)?.shell.as_deref()
    }

    /// The state of an account; `None`: there is no such account, or it is about none.
    pub(crate) fn state_of(&self, account: Option<&RemoteId>) -> Option<State> {
        self.accounts.get(account?).map(|own| own.state)
    }
}

/// What came from other providers than that of this run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// Whose each name is, or was.
    pub names: BTreeMap<String, ProviderName>,
    /// Numbers that were given to accounts and groups.
    pub numbers: NumbersOf,
    /// What was given back to the host, by kind and name: its key and its number.
    pub released: BTreeMap<(EntryKind, String), (Key, u32)>,
    /// How many accounts and groups of each are gosync's.
    pub present: BTreeMap<ProviderName, Present>,
}

/// How many accounts and groups of a provider's are gosync's and on the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// Accounts.
    pub accounts: usize,
    /// Groups.
    pub groups: usize,
}

/// Ids of the provider's that stood for an account, or a group, which is tied to another record now: its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormerIds {
    /// Of accounts.
    pub accounts: BTreeMap<RemoteId, String>,
    /// Of groups.
    pub groups: BTreeMap<RemoteId, String>,
}

/// Accounts, or groups, that a complete read missed and whose names records of unknown ids asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedIds {
    /// How many.
    pub asked_for: u32,
    /// Of how many that were missing.
    pub missing: u32,
}

/// Numbers of accounts and of groups; an account's own group is one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumbersOf {
    /// Of accounts.
    pub uids: BTreeSet<u32>,
    /// Of groups.
    pub gids: BTreeSet<u32>,
}

/// The SSH keys of an account as gosync last wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRecords {
    /// In a file that is only root's.
    pub file: Option<KeyRecord>,
    /// In the home.
    pub home: Option<KeyRecord>,
}

/// Where keys were written, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The file, or the home.
    pub path: String,
    /// The digest of what was written; empty: taken away.
    pub digest: String,
}

/// What was taken away in the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Accounts locked or removed.
    pub accounts: u32,
    /// The same in the last 30 days.
    pub accounts_in_30_days: u32,
    /// What was given, which is no loss, but as dangerous in bulk.
    pub given: Given,
    /// Members revoked, by group.
    pub members: BTreeMap<RemoteId, u32>,
    /// People who lost all their keys.
    pub keys: u32,
    /// Members taken out of the host's own groups, by the group's name.
    pub local: BTreeMap<String, u32>,
    /// Members added to privileged groups, by the group's name: no loss, but as dangerous.
    pub gains: BTreeMap<String, u32>,
    /// Whatever else has a limit of its own.
    pub others: BTreeMap<Loss, u32>,
}

/// What was given in the last 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Accounts made.
    pub accounts: u32,
    /// Groups made.
    pub groups: u32,
    /// Locked accounts opened.
    pub opened: u32,
}

/// The names that the provider's names stood for when something was adopted under another name. As long as they stand
/// for the same, nothing was renamed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aliases {
    /// Of accounts.
    pub accounts: BTreeMap<RemoteId, String>,
    /// Of groups.
    pub groups: BTreeMap<RemoteId, String>,
}

/// Something besides locks, removals by hand and members that has a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// An account or a group is renamed.
    Rename,
    /// A home is packed and taken away.
    Archive,
    /// A locked account is removed.
    Removal,
    /// A group that the provider does not have any more loses its members, or is removed.
    Group,
}

impl Loss {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rename, Self::Archive, Self::Removal, Self::Group];

    /// The word that the ledger's tables use.
    pub fn as_str(self) -> &'static str {
        match self {
            Loss::Rename => "rename",
            Loss::Archive => "archive",
            Loss::Removal => "removal",
            Loss::Group => "group",
        }
    }

    /// The one that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|loss| loss.as_str() == word)
    }
}

/// How far the account of somebody who left has come, after it was locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountDeparture {
    /// When it was locked, in seconds since 1970.
    pub since: i64,
    /// Where its home was packed, if it was.
    pub archive: Option<String>,
}

/// What the lock of an account remembers, beside password and expiry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockRecord {
    /// The shell that stood before, if the account has another one as long as it is locked.
    pub shell: Option<String>,
    /// Who holds it locked, whatever the provider says.
    pub hold: Option<Hold>,
}

/// A lock that an administrator asked for: it holds until it is taken off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Who.
    pub by: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When, in seconds since 1970; the ledger knows.
    #[serde(skip)]
    pub at: i64,
}

/// How far a group has come that the provider does not have any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupDeparture {
    /// Since when complete reads have missed it, and in how many.
    pub absence: Option<Absence>,
    /// When its members were taken out, in seconds since 1970.
    pub since: Option<i64>,
}
