//! What is to be written: the exact new bytes of every file, and the plan they were made from.

use std::collections::BTreeMap;

use super::db::Db;
use crate::model::Uid;
use crate::plan::effects::{Home, Pack, effects};
use crate::plan::{Approved, Plan, Rename};

/// Everything new, exactly. Made from an [`Approved`] plan alone.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) approved: Approved,
    /// New versions of each file that changes.
    pub(super) files: BTreeMap<Db, Versions>,
}

/// New versions of one file, in the order in which they replace each other; one of them at least.
#[derive(Debug)]
pub(super) struct Versions {
    /// What is in place before passwd changes.
    pub first: Option<Vec<u8>>,
    /// What is in place after passwd has changed: without what removed accounts needed until then.
    pub last: Option<Vec<u8>>,
}

impl Versions {
    /// The file when all is done.
    pub(super) fn newest(&self) -> Option<&[u8]> {
        self.last.as_deref().or(self.first.as_deref())
    }
}

impl Staged {
    /// The plan.
    pub(super) fn plan(&self) -> &Plan {
        self.approved.plan()
    }

    /// Homes that have to be made, with their uids and gids; before each the place of its change in the plan.
    pub(super) fn homes(&self) -> impl Iterator<Item = (usize, (&str, Uid, u32))> {
        let changes = self.plan().changes.iter().enumerate();
        changes.filter_map(|(place, change)| match effects(change).home {
            Home::Make { path, uid, gid } => Some((place, (path, uid, gid))),
            Home::Stays | Home::Goes { .. } => None,
        })
    }

    /// Homes that go.
    pub(super) fn homes_to_go(&self) -> impl Iterator<Item = HomeToGo<'_>> {
        self.plan()
            .changes
            .iter()
            .filter_map(|change| match effects(change).home {
                Home::Goes { path, uid, pack } => Some(HomeToGo {
                    name: change.name(),
                    uid,
                    path,
                    pack,
                }),
                Home::Stays | Home::Make { .. } => None,
            })
    }

    /// Accounts and groups that get another name, with the places of their changes in the plan.
    pub(super) fn renames(&self) -> impl Iterator<Item = (usize, &Rename)> {
        let changes = self.plan().changes.iter().enumerate();
        changes.filter_map(|(place, change)| Some((place, effects(change).lines.rename()?)))
    }
}

/// A home that is taken away.
pub(super) struct HomeToGo<'a> {
    /// Name of the account.
    pub name: &'a str,
    /// Whose it must be.
    pub uid: Uid,
    /// The home.
    pub path: &'a str,
    /// Whether and where it is packed before.
    pub pack: Option<Pack<'a>>,
}
