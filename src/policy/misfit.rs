//! What a check of several settings together finds.

/// A key of the configuration whose value does not fit to others, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit(pub &'static str, pub String);
