//! Records that the ledger does not know, and that would have the name of an account, or a group, that it does: those of
//! people who were deleted and made again, of a directory that was loaded anew.

use crate::model::history::EntryKind;
use crate::model::owned::{Owned, State};
use crate::model::{Lookup, RemoteId};

/// Such a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Its id.
    pub id: RemoteId,
    /// The id of the record whose account, or group, has the name.
    pub of: RemoteId,
}

/// Whose each name is.
pub(super) struct Names<'o> {
    owned: &'o Owned,
    kind: EntryKind,
    names: Lookup<&'o str, &'o RemoteId>,
}

impl<'o> Names<'o> {
    /// Those of accounts, or of groups. What is on the host comes before what was; an adopted one goes by its name at the
    /// provider.
    pub(super) fn of(owned: &'o Owned, kind: EntryKind) -> Self {
        let mut rows: Vec<(State, &RemoteId, &str)> = match kind {
            EntryKind::Account => {
                let aliases = &owned.aliases.accounts;
                let all = owned.accounts.iter();
                all.map(|(id, own)| (own.state, id, aliases.get(id).unwrap_or(&own.name).as_str()))
                    .collect()
            }
            EntryKind::Group | EntryKind::LocalGroup => {
                let aliases = &owned.aliases.groups;
                let all = owned.groups.iter();
                all.map(|(id, own)| (own.state, id, aliases.get(id).unwrap_or(&own.name).as_str()))
                    .collect()
            }
        };
        // Of several with one name, the last stays.
        rows.sort_by_key(|(state, ..)| state.is_present());
        let names = rows.into_iter().map(|(_, id, name)| (name, id)).collect();
        Self { owned, kind, names }
    }

    /// Whether a record is such a one. `called`: what it would be called here.
    pub(super) fn asked(
        &self,
        id: &RemoteId,
        called: impl FnOnce() -> Option<String>,
    ) -> Option<Asked> {
        let is_known = match self.kind {
            EntryKind::Account => self.owned.accounts.contains_key(id),
            EntryKind::Group | EntryKind::LocalGroup => self.owned.groups.contains_key(id),
        };
        if is_known || self.names.is_empty() {
            return None;
        }
        let of = self.names.get(called()?.as_str())?;
        Some(Asked {
            id: id.clone(),
            of: RemoteId::clone(of),
        })
    }
}
