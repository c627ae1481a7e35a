//! The lines of subuid(5) and subgid(5): a range for each new account.

use super::super::sheet::{Known, Sheet};
use crate::formats::{BadField, SubidLine};
use crate::plan::{Change, effects};

pub(super) fn subids(
    sheet: &mut Sheet<'_>,
    changes: &[Change],
    known: &Known<'_>,
) -> Result<(), BadField> {
    for change in changes {
        let Some(new) = effects(change).lines.new_account() else {
            continue;
        };
        let name = change.name();
        let owner = name.as_bytes();
        if known.accounts.contains(owner) && sheet.find(name).is_some() {
            continue;
        }
        if let Some(line) = new
            .subids
            .map(|(first, count)| {
                SubidLine {
                    owner,
                    first,
                    count,
                }
                .to_line()
            })
            .transpose()?
        {
            sheet.put(sheet.find(name), line);
        }
    }
    Ok(())
}
