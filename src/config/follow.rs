//! `[follow]`: how `gosync follow` goes on.

use std::time::Duration;

use serde::Deserialize;

use crate::model::units;
use crate::policy::Misfit;

/// `[follow]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Follow {
    /// After how long it looks though nobody has told of a change.
    #[serde(deserialize_with = "units::duration")]
    pub every: Duration,
}

impl Default for Follow {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(60),
        }
    }
}

impl Follow {
    /// Whether each key has a value that works.
    pub(super) fn check(&self) -> Result<(), Misfit> {
        match self.every.is_zero() {
            true => Err(Misfit(
                "follow.every",
                "with 0s it would never rest; it must be 1s or more".to_owned(),
            )),
            false => Ok(()),
        }
    }
}
