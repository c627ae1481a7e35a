//! One account or group of a list.

use super::Members;
use crate::ledger::Listed;
use crate::model::Moment;
use crate::model::history::EntryKind;
use crate::model::owned::State;

/// An account or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: EntryKind,
    pub(super) name: String,
    /// The uid, or the gid.
    pub(super) number: Option<u32>,
    /// The primary gid of an account.
    pub(super) gid: Option<u32>,
    /// The section of the provider.
    pub(super) provider: String,
    /// The provider's id.
    pub(super) id: Option<String>,
    /// Of a group: who is in it, also by the primary group.
    pub(super) members: Vec<String>,
    pub(super) place: Place,
}

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// As it should be.
    Owned,
    /// Gosync's, and not on this host under its name and number.
    Gone,
    /// Locked, since then if the person is gone or disabled.
    Locked { since: Option<Moment> },
    /// In no complete read since then.
    Missing { since: Moment },
    /// It gets nothing.
    Refused { reason: String, text: String },
    /// It is the host's again.
    Released,
}

impl Place {
    /// Its word.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Owned => "owned",
            Self::Gone => "gone",
            Self::Locked { .. } => "locked",
            Self::Missing { .. } => "missing",
            Self::Refused { .. } => "refused",
            Self::Released => "released",
        }
    }

    /// Whether it is gosync's.
    pub(super) fn is_owned(&self) -> bool {
        match self {
            Self::Owned | Self::Gone | Self::Locked { .. } | Self::Missing { .. } => true,
            Self::Refused { .. } | Self::Released => false,
        }
    }

    /// Since when, if that is known.
    pub(super) fn since(&self) -> Option<Moment> {
        match self {
            Self::Locked { since } => *since,
            Self::Missing { since } => Some(*since),
            Self::Owned | Self::Gone | Self::Refused { .. } | Self::Released => None,
        }
    }
}

impl Entry {
    /// What the ledger has; `None`: only its ids are kept.
    pub(super) fn owned(listed: Listed, members: &Members) -> Option<Self> {
        let Listed {
            kind,
            provider,
            id,
            name,
            number,
            gid,
            state,
            missing_since,
            gone_since,
        } = listed;
        let stands = members.stands(kind, &name, number);
        let place = match state {
            State::Removed | State::Reserved => return None,
            State::Released => Place::Released,
            State::Active | State::Locked if !stands => Place::Gone,
            State::Locked => Place::Locked {
                since: gone_since.map(Moment),
            },
            State::Active => match missing_since {
                Some(since) => Place::Missing {
                    since: Moment(since),
                },
                None => Place::Owned,
            },
        };
        let members = match kind {
            EntryKind::Group => members.of_group(&name),
            EntryKind::Account | EntryKind::LocalGroup => Vec::new(),
        };
        Some(Self {
            kind,
            number: Some(number),
            gid,
            provider,
            id: Some(id),
            members,
            place,
            name,
        })
    }
}
