//! What changes do to the fields of an account that is there.

use crate::model::UserName;
use crate::plan::{Change, FieldChange};
use crate::policy::Field;

/// The fields that a change sets on an account that is there.
pub(super) fn field_changes(change: &Change) -> Option<(&UserName, &[FieldChange])> {
    match change {
        Change::UpdateAccount { name, fields, .. } => Some((name, fields)),
        Change::AdoptAccount(adopted) => Some((&adopted.name, &adopted.fields)),
        _ => None,
    }
}

/// The account whose lock or expiry a change sets. They hold only if its password is in shadow.
pub(super) fn shut_or_opened(change: &Change) -> Option<&UserName> {
    match change {
        Change::LockAccount { name, .. } | Change::UnlockAccount { name, .. } => Some(name),
        _ => {
            let (name, fields) = field_changes(change)?;
            fields
                .iter()
                .any(|f| matches!(f.field, Field::Lock | Field::Expiry))
                .then_some(name)
        }
    }
}
