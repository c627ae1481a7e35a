//! `gosync accounts`

use clap::{Args, ValueEnum};

/// `gosync accounts`
#[derive(Args, Clone, Debug)]
pub struct Accounts {
    /// Only these, by name on this host or by the provider's id
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Only those in this state
    #[arg(
        long,
        value_name = "owned|locked|missing|refused|released",
        value_enum,
        hide_possible_values = true
    )]
    pub state: Option<AccountState>,

    /// Print it in this format
    #[arg(
        long,
        value_name = "text|json|csv",
        default_value_t,
        value_enum,
        hide_possible_values = true
    )]
    pub format: AccountFormat,
}

/// How an account or a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AccountState {
    /// Owned by gosync, also if it is locked or its person is missing
    Owned,
    /// Locked by gosync
    Locked,
    /// Absent from the last complete reads, and not yet locked
    Missing,
    /// Refused by the last sync
    Refused,
    /// Released to this host
    Released,
}

/// How accounts are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AccountFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// Comma-separated values
    Csv,
}
