//! `gosync record` and `gosync replay`

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `gosync record`
#[derive(Args, Clone, Debug)]
pub struct Record {
    /// Write it to this file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Replace people's names
    ///
    /// Logins, ids, full names, e-mail addresses and homes are replaced by others of the same shape, with a key that is not kept;
    /// comments of SSH keys, attributes, and descriptions of groups are left out. Groups keep their names.
    #[arg(long)]
    pub hide_names: bool,
}

/// `gosync replay`
#[derive(Args, Clone, Debug)]
pub struct Replay {
    /// The file that `gosync record` wrote
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// End with status 4 if changes are pending
    #[arg(long)]
    pub exit_code: bool,
}
