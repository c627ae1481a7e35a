//! From an approved plan to the exact new bytes of every file.
//!
//! Pure but for what was read before. Lines are found by name and changed field by field; what is not gosync's keeps
//! its bytes. Accounts are removed in two passes: passwd first, so that nobody is seen without the rest.

mod fields;
mod groups;
mod ids;
mod passwd;
mod rename;
mod shadow;
mod strip;
mod subids;

use std::collections::BTreeMap;

use super::db::Db;
use super::error::LocalError;
use super::index;
use super::layout::Missing;
use super::local::Local;
use super::read::Current;
use super::sheet::{Known, Sheet};
use super::staged::{Staged, Versions};
use crate::formats::{BadField, Lines};
use crate::plan::{Approved, Change};

/// Which half of a removal a pass makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Everything but what has to outlive the passwd lines of removed accounts.
    First,
    /// Shadow lines, memberships, own groups and subordinate ids of removed accounts.
    Last,
}

pub(super) fn stage(
    target: &Local,
    current: &Current,
    approved: Approved,
) -> Result<Staged, LocalError> {
    let mut files = BTreeMap::new();
    let changes = &*approved.carried();
    if changes.is_empty() {
        return Ok(Staged { approved, files });
    }
    let editing = Editing {
        changes,
        known: Known::new(current, changes),
        day: target.shadow_day,
    };
    ids::check(target.paths.layout, changes)?;
    let removes = changes
        .iter()
        .any(|change| strip::former_name(change).is_some());
    for (db, image) in &current.databases {
        let is_made = |db| {
            let file = target.paths.layout.file(db);
            file.is_some_and(|file| file.missing == Missing::Made)
        };
        if !image.exists && !is_made(*db) {
            continue;
        }
        let unfit = |_: BadField| LocalError::Unfit {
            path: image.path.clone(),
            reason: BadField.to_string(),
        };
        let first = editing
            .pass(*db, &image.lines, Pass::First)
            .map_err(unfit)?;
        let last = match removes {
            true => {
                let lines = first
                    .as_ref()
                    .map_or_else(|| image.lines.clone(), |bytes| Lines::new(bytes.clone()));
                editing.pass(*db, &lines, Pass::Last).map_err(unfit)?
            }
            false => None,
        };
        if first.is_some() || last.is_some() {
            let versions = Versions { first, last };
            let file = target.paths.layout.file(*db);
            let is_indexed = file.is_some_and(|file| !file.indexes.is_empty());
            files.insert(
                *db,
                match versions.newest() {
                    Some(newest) if is_indexed => Versions {
                        first: Some(index::fitted(*db, &image.lines, newest.to_vec())),
                        last: None,
                    },
                    _ => versions,
                },
            );
        }
    }
    drop(editing);
    Ok(Staged { approved, files })
}

/// What every file is edited by.
struct Editing<'a> {
    changes: &'a [Change],
    known: Known<'a>,
    /// The day that shadow(5) gets for a password that is changed now.
    day: i64,
}

impl Editing<'_> {
    /// The new version of one file after one pass; `None` when it stays as it is.
    fn pass(&self, db: Db, lines: &Lines, pass: Pass) -> Result<Option<Vec<u8>>, BadField> {
        let Self {
            changes,
            known,
            day,
        } = self;
        let mut sheet = Sheet::new(lines, changes);
        if pass == Pass::First {
            rename::rename(db, &mut sheet, changes, known)?;
        }
        match (db, pass) {
            (Db::Passwd, Pass::First) => passwd::passwd(&mut sheet, changes)?,
            (Db::Shadow, Pass::First) => shadow::shadow(&mut sheet, changes, known, *day)?,
            (Db::Group, Pass::First) => groups::group(&mut sheet, changes)?,
            (Db::Gshadow, Pass::First) => groups::gshadow(&mut sheet, changes, known)?,
            (Db::Subuid | Db::Subgid, Pass::First) => subids::subids(&mut sheet, changes, known)?,
            (Db::Passwd, Pass::Last) => {}
            (_, Pass::Last) => strip::strip(db, &mut sheet, changes)?,
        }
        Ok((!sheet.editor.is_empty()).then(|| sheet.editor.apply(lines)))
    }
}
