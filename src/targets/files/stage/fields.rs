//! What changes do to lock and expiry.

use crate::plan::Change;
use crate::plan::effects::{Lines, effects};
use crate::policy::Field;

/// Whether a change sets lock or expiry. They hold only if the password is in shadow.
pub(super) fn shut_or_opened(change: &Change) -> bool {
    let lines = effects(change).lines;
    matches!(lines, Lines::Lock | Lines::Unlock)
        || lines
            .fields()
            .iter()
            .any(|f| matches!(f.field, Field::Lock | Field::Expiry))
}
