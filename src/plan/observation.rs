//! What a read taught that is for the ledger alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::history::EntryKind;
use crate::model::join::JoinNews;
use crate::model::owned::{Absence, ChangedIds, KeyRecord};
use crate::model::{Contact, RemoteId};
use crate::policy::Field;
use crate::policy::keys::Place;

/// What a complete read taught about a person who has an account. Not a change of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// Missing: since when, and in how many reads.
    Absent(RemoteId, Absence),
    /// There again.
    Back(RemoteId),
    /// The number of what the provider said, which is higher than any before.
    Edition(u64),
    /// The provider shuts out, or has no more, whom an administrator holds locked: the departure begins.
    Departed(RemoteId),
    /// The provider lets in again whom an administrator holds locked: the departure is over.
    Returned(RemoteId),
    /// The provider wants of a field what somebody has set by hand already.
    Agreed(RemoteId, Field, String),
    /// A group is missing: since when, and in how many reads.
    GroupAbsent(RemoteId, Absence),
    /// A group is there again.
    GroupBack(RemoteId),
    /// The provider seems to have other ids for the same people, or groups; `None`: it does so no more.
    ChangedIds(EntryKind, Option<ChangedIds>),
    /// How a person is to be reached.
    Contact(RemoteId, Contact),
    /// What the provider says of the attributes that targets show.
    Attributes(RemoteId, BTreeMap<String, String>),
    /// Which attributes everybody was asked for.
    AskedAttributes(BTreeSet<String>),
    /// What is known of people who are joined across providers.
    Join(JoinNews),
    /// What is in place of a person's keys, and where.
    Keys(RemoteId, Place, KeyRecord),
}
