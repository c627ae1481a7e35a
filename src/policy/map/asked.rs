//! Records that the ledger does not know, and that would have the name of an account, or a group, that it does: those of
//! people who were deleted and made again, of a directory that was loaded anew.

use std::cell::OnceCell;

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

/// Whose each name is. They are gone through once, and only if somebody is not known.
pub(super) struct Names<'o> {
    owned: &'o Owned,
    kind: EntryKind,
    names: OnceCell<Lookup<&'o str, &'o RemoteId>>,
}

impl<'o> Names<'o> {
    /// Those of accounts, or of groups.
    pub(super) fn of(owned: &'o Owned, kind: EntryKind) -> Self {
        let names = OnceCell::new();
        Self { owned, kind, names }
    }

    /// What is on the host comes before what was; an adopted one goes by its name at the provider.
    fn all(&self) -> Lookup<&'o str, &'o RemoteId> {
        let owned = self.owned;
        let mut rows: Vec<(State, &RemoteId, &str)> = match self.kind {
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
        rows.into_iter().map(|(_, id, name)| (name, id)).collect()
    }

    /// Whether a record that the ledger does not know is such a one. `called`: what it would be called here.
    pub(super) fn asked(
        &self,
        id: &RemoteId,
        called: impl FnOnce() -> Option<String>,
    ) -> Option<Asked> {
        let names = self.names.get_or_init(|| self.all());
        if names.is_empty() {
            return None;
        }
        let of = names.get(called()?.as_str())?;
        Some(Asked {
            id: id.clone(),
            of: RemoteId::clone(of),
        })
    }
}
