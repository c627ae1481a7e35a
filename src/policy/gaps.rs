//! What is said about fields that could not be looked up.

use super::{Reason, Remark};
use crate::model::Gap;

/// A remark for each.
pub(crate) fn remarks(gaps: &[Gap]) -> Vec<Remark> {
    let remark = |gap: &Gap| {
        let (field, why) = (gap.field, gap.reason.clone());
        Remark::new(gap.subject.to_string(), Reason::FieldUnknown { field, why })
    };
    gaps.iter().map(remark).collect()
}
