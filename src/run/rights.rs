//! Where a run may write, of what several hosts write to; `writers` finds it out.

use std::collections::BTreeMap;

use crate::ledger::Known;
use crate::targets::derived::Leave;

/// Whether this host may write to a target, and what it has to learn first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Right {
    pub(crate) leave: Leave,
    /// All that stands there, if the ledger has not seen this term yet.
    pub(crate) lesson: Option<Vec<Known>>,
}

/// The rights of a run, by target.
pub(crate) type Rights = BTreeMap<String, Right>;
