//! Ids that would not be seen.

use super::super::error::LocalError;
use super::super::layout::{HOST_PASSWD, Layout};
use crate::plan::{Change, Number, effects};

/// Finds out whether what reads a layout would show what a plan makes: libnss-extrausers passes
/// over small ids without a word.
pub(super) fn check(layout: &Layout, changes: &[Change]) -> Result<(), LocalError> {
    let Some(reader) = &layout.reader else {
        return Ok(());
    };
    for change in changes {
        let (name, gives) = (change.name(), effects(change).gives);
        let ids = [
            gives.number.map(Number::get),
            gives.primary.map(|gid| gid.get()),
        ];
        let Some(id) = ids.into_iter().flatten().min() else {
            continue;
        };
        let (package, smallest) = (reader.package, reader.smallest_id);
        if id < smallest {
            let reason = format!(
                "{package} would not show `{name}`, whose uid or gid is {id}, below {smallest}; set \
                 `primary_group` to \"private\" or to a group with a larger gid"
            );
            let path = layout
                .generations
                .as_ref()
                .map_or(HOST_PASSWD, |there| there.link);
            return Err(LocalError::Unfit {
                path: path.into(),
                reason,
            });
        }
    }
    Ok(())
}
