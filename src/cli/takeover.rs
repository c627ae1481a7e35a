//! `gosync takeover`

use clap::Args;

/// `gosync takeover`
#[derive(Args, Clone, Debug)]
pub struct Takeover {
    /// Only show who writes, and what would be known then
    ///
    /// May also be written `--noupdate`.
    #[arg(short = 'n', long, visible_alias = "noupdate")]
    pub dry_run: bool,

    /// Do not ask
    ///
    /// Whoever sits at a terminal is asked before another host is stopped.
    #[arg(short, long, conflicts_with = "dry_run")]
    pub yes: bool,
}
