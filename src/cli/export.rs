//! `gosync export`

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

/// `gosync export`
#[derive(Args, Clone, Debug)]
pub struct Export {
    /// Write it in this format
    #[arg(
        long,
        value_name = "directory|passwd|group",
        default_value_t,
        value_enum,
        hide_possible_values = true
    )]
    pub format: ExportFormat,

    /// Write it to this file instead of standard output
    ///
    /// It is replaced by rename: readers see the old file or the new one. An existing file keeps its owner and its mode; a new one
    /// is 0644, or 0640 if it contains SSH keys.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

/// What is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A directory document, as the providers `file`, `command` and `http` read it
    #[default]
    Directory,
    /// Lines of passwd(5)
    Passwd,
    /// Lines of group(5)
    Group,
}
