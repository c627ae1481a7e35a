//! `[target.NAME]` with `kind = "local"`: its keys.

use std::any::Any;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::layout::{ETC, Layout};
use crate::model::units;
use crate::targets::kind::TargetConfig;
use crate::targets::place::host_path;

/// `[target.NAME]` with `kind = "local"`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Which files hold the accounts.
    #[serde(rename = "database", deserialize_with = "Layout::by_word")]
    pub layout: &'static Layout,
    /// What a new home is copied from.
    #[serde(deserialize_with = "host_path")]
    pub skel: PathBuf,
    /// Permission bits of a new home.
    #[serde(deserialize_with = "units::mode")]
    pub home_mode: u32,
    /// How long to wait for the password lock.
    #[serde(deserialize_with = "units::duration")]
    pub lock_wait: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            layout: &ETC,
            skel: "/etc/skel".into(),
            home_mode: 0o700,
            lock_wait: Duration::from_secs(15),
        }
    }
}

impl Config {
    /// The keys of a target, if it is of this kind.
    pub(crate) fn of(config: &dyn TargetConfig) -> Option<&Self> {
        (config as &dyn Any).downcast_ref()
    }
}
