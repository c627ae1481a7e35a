//! Whose keys they are.

use super::fate::AccountOutcome;
use crate::model::host::Host;
use crate::model::owned::OwnedAccount;
use crate::model::{Name, RemoteId, Uid, UserName};
use crate::plan::Change;
use crate::plan::diff::owned_lines::account_line;
use crate::plan::effects::effects;

/// Whose keys they are.
pub(super) struct Subject {
    pub id: RemoteId,
    pub name: Name,
    pub home: String,
    pub uid: Uid,
    pub gid: u32,
    /// Whether the account is made in this plan.
    pub fresh: bool,
    /// Whether it stands locked in the databases.
    pub closed: bool,
    /// Whether the home goes.
    pub homeless: bool,
}

impl Subject {
    pub(super) fn created(change: &Change) -> Option<Self> {
        let new = effects(change).lines.new_account()?;
        Some(Self {
            id: change.id()?.clone(),
            name: change.of.name.clone(),
            home: new.fields.home.clone(),
            uid: new.uid,
            gid: new.gid.get(),
            fresh: true,
            closed: false,
            homeless: false,
        })
    }

    /// `None`: the account is not gosync's to change.
    pub(super) fn known(
        id: &RemoteId,
        own: &OwnedAccount,
        outcome: Option<AccountOutcome>,
        host: &Host<'_>,
    ) -> Option<Self> {
        let removed = matches!(outcome, Some(AccountOutcome::Removed { .. }));
        let found = account_line(own, host).ok();
        if found.is_none() && !removed {
            return None;
        }
        let name = UserName::new(&own.name, true).ok()?;
        Some(Self {
            id: id.clone(),
            name: name.into(),
            home: found
                .map_or(own.applied.fields.home.as_str(), |found| found.fields.home)
                .to_owned(),
            uid: own.uid,
            gid: found.map_or(own.gid, |found| found.gid),
            fresh: false,
            closed: found.is_some_and(|found| found.closed()),
            homeless: outcome == Some(AccountOutcome::Removed { with_home: true }),
        })
    }

    /// One that is to be out, and whose line is gone, or not as it should be: only gosync's directory counts, since the
    /// home may be anybody's.
    pub(super) fn without_line(id: &RemoteId, own: &OwnedAccount) -> Option<Self> {
        let name = UserName::new(&own.name, true).ok()?;
        Some(Self {
            id: id.clone(),
            name: name.into(),
            home: own.applied.fields.home.clone(),
            uid: own.uid,
            gid: own.gid,
            fresh: false,
            closed: false,
            homeless: true,
        })
    }
}
