//! `[target.NAME]` with `kind = "local"`.

use std::path::PathBuf;
use std::time::Duration;

/// `[target.NAME]` with `kind = "local"`
#[derive(Clone, Debug)]
pub struct Config {
    /// Which files hold the accounts.
    pub database: Database,
    /// What a new home is copied from.
    pub skel: PathBuf,
    /// Permission bits of a new home.
    pub home_mode: u32,
    /// How long to wait for the password lock.
    pub lock_wait: Duration,
}

/// Which files hold the accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// The files in `/etc` that useradd(8) writes.
    Etc,
    /// The files in `/var/lib/extrausers` that libnss-extrausers reads.
    Extrausers,
}
