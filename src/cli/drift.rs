//! `gosync drift`

use clap::Args;

use super::Format;

/// `gosync drift`
#[derive(Args, Clone, Debug)]
pub struct Drift {
    /// Only these accounts and groups, by their names on this host
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Print it in this format
    #[arg(
        long,
        value_name = "text|json",
        default_value_t,
        value_enum,
        hide_possible_values = true
    )]
    pub format: Format,

    /// End with status 4 if something differs
    #[arg(long)]
    pub exit_code: bool,
}
