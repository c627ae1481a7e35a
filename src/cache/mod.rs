//! What may be thrown away: kept to save work, and never the reason for a change.

pub(crate) mod stamp;
