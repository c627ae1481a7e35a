//! What runs changed: the ledger's history, as data.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What an entry of the ledger is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// An account.
    Account,
    /// A group.
    Group,
    /// Who is in a group of the host's own through gosync. Its id is the group's name.
    LocalGroup,
}

impl EntryKind {
    /// The word that the ledger's tables use.
    pub fn as_str(self) -> &'static str {
        match self {
            EntryKind::Account => "account",
            EntryKind::Group => "group",
            EntryKind::LocalGroup => "local-group",
        }
    }

    /// The kind that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        [EntryKind::Account, EntryKind::Group, EntryKind::LocalGroup]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// An entry of the ledger at one time: the columns of its row, but for whose it is.
pub(crate) type Entry = Map<String, Value>;

/// A run that changed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    /// Its number, which grows.
    pub number: u64,
    /// When, in seconds since 1970.
    pub at: i64,
    /// The provider whose people and groups it dealt with.
    pub provider: String,
    /// The command.
    pub command: String,
    /// The plan's digest; empty for plans so large that nobody can have typed it.
    pub digest: String,
    /// How many changes there were of each kind, as the summary counted them.
    pub counts: Value,
    /// What it changed, in order. Empty for runs of a gosync that kept no history.
    pub changes: Vec<PastChange>,
}

/// One change of a past run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastChange {
    /// Its place in the run, from 1.
    pub seq: u64,
    /// The provider of the account or group.
    pub provider: String,
    /// What was changed.
    pub kind: EntryKind,
    /// The provider's id; of a group of the host's own, its name.
    pub id: String,
    /// Name on this host, after the change.
    pub name: String,
    /// The change's word, as in the JSON of a plan; and `leave-group` for a group that lost a removed account.
    pub change: String,
    /// What the entry does not tell: why somebody was locked, what became of a home.
    pub detail: Option<Value>,
    /// The entry before the run; `None`: there was none.
    pub before: Option<Entry>,
    /// The entry after the run.
    pub after: Entry,
}

/// An entry that was changed after a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    /// The provider of the account or group.
    pub provider: String,
    /// What was changed.
    pub kind: EntryKind,
    /// The provider's id; of a group of the host's own, its name.
    pub id: String,
    /// The last run that did.
    pub run: u64,
}
