//! `gosync doctor`

use clap::Args;

use super::Format;

/// `gosync doctor`
#[derive(Args, Clone, Debug)]
pub struct Doctor {
    /// Do not ask the provider, nor a directory that is a target
    #[arg(long)]
    pub offline: bool,

    /// Read all people and groups, not only a page of each
    #[arg(long, conflicts_with = "offline")]
    pub full: bool,

    /// Print the findings in this format
    #[arg(
        long,
        value_name = "text|json",
        default_value_t,
        value_enum,
        hide_possible_values = true
    )]
    pub format: Format,
}
