//! `[gosync]`: what is read, what is brought in step, and the frame of a run.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::model::{shown, units};
use crate::policy::Misfit;
use crate::targets::host_path;

/// The least memory with which anything can be read.
const LEAST_MEMORY: usize = 64 << 20;

/// `[gosync]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gosync {
    /// The provider to read, if not the only one that there is.
    pub provider: Option<String>,
    /// Several providers to read, in the order of precedence; none: `provider` says which.
    pub providers: Vec<String>,
    /// The targets to bring in step, in order.
    pub targets: Vec<String>,
    /// Where the ledger and the journal are, below `--root`.
    #[serde(deserialize_with = "host_path")]
    pub state_dir: PathBuf,
    /// The run lock's file, below `--root`.
    #[serde(deserialize_with = "host_path")]
    pub lock_file: PathBuf,
    /// How long the whole read may take.
    #[serde(deserialize_with = "units::duration")]
    pub time_limit: Duration,
    /// After so long all is read although nothing seems to have moved; 0: each time.
    #[serde(deserialize_with = "units::duration")]
    pub full_read_every: Duration,
    /// How many bytes of memory gosync may use while it reads from a server.
    #[serde(deserialize_with = "units::bytes")]
    pub memory_limit: usize,
    /// For how many days the ledger remembers what runs changed; at least 1.
    pub history_days: u32,
}

impl Default for Gosync {
    fn default() -> Self {
        Self {
            provider: None,
            providers: Vec::new(),
            targets: vec!["host".to_owned()],
            state_dir: "/var/lib/gosync".into(),
            lock_file: "/run/gosync/lock".into(),
            time_limit: Duration::from_secs(100),
            full_read_every: Duration::from_secs(6 * 3_600),
            memory_limit: 256 << 20,
            history_days: 400,
        }
    }
}

impl Gosync {
    /// Whether each key has a value that works.
    pub(super) fn check(&self) -> Result<(), Misfit> {
        let refuse = |key, reason: &str| Err(Misfit(key, reason.to_owned()));
        if self.provider.is_some() && !self.providers.is_empty() {
            let reason = "`provider` says which to read, too; keep one of them";
            return refuse("gosync.providers", reason);
        }
        if let Some(twice) = twice(&self.providers) {
            let reason = format!("`{}` stands in it twice", shown(twice));
            return refuse("gosync.providers", &reason);
        }
        if self.time_limit.is_zero() {
            let reason = "with 0s nothing could be read; it must be 1s or more";
            return refuse("gosync.time_limit", reason);
        }
        if self.memory_limit < LEAST_MEMORY {
            let reason = "with less than 64MiB little could be read";
            return refuse("gosync.memory_limit", reason);
        }
        if self.history_days == 0 {
            let reason = "it is a number of days, 1 at least";
            return refuse("gosync.history_days", reason);
        }
        Ok(())
    }
}

/// What stands in a list more than once.
fn twice(names: &[String]) -> Option<&String> {
    let is_known = |(at, name): &(usize, &String)| names[..*at].contains(name);
    names
        .iter()
        .enumerate()
        .find(is_known)
        .map(|(_, name)| name)
}
