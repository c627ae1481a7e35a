//! The lines of subuid(5) and subgid(5): a range for each new account.

use super::super::sheet::{Known, Sheet};
use crate::formats::{BadField, SubidLine};
use crate::plan::{Change, NewAccount};

pub(super) fn subids(
    sheet: &mut Sheet<'_>,
    changes: &[Change],
    known: &Known<'_>,
) -> Result<(), BadField> {
    for change in changes {
        let Change::CreateAccount(NewAccount { name, subids, .. }) = change else {
            continue;
        };
        let owner = name.as_str().as_bytes();
        if known.accounts.contains(owner) && sheet.find(name.as_str()).is_some() {
            continue;
        }
        if let Some(line) = subids
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
            sheet.put(sheet.find(name.as_str()), line);
        }
    }
    Ok(())
}
