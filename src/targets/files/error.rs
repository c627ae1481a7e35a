//! What goes wrong with the databases.

pub(crate) use crate::targets::TargetError as LocalError;
