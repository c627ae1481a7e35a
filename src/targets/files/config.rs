//! `[target.NAME]` with `kind = "local"`.

use std::path::PathBuf;
use std::time::Duration;

use super::layout::Layout;

/// `[target.NAME]` with `kind = "local"`
#[derive(Clone, Debug)]
pub struct Config {
    /// Which files hold the accounts.
    pub layout: &'static Layout,
    /// What a new home is copied from.
    pub skel: PathBuf,
    /// Permission bits of a new home.
    pub home_mode: u32,
    /// How long to wait for the password lock.
    pub lock_wait: Duration,
}
