//! What goes wrong with the databases.

pub use crate::targets::TargetError as LocalError;
