//! `gosync accounts`

use clap::{Args, ValueEnum};

/// `gosync accounts`
#[derive(Args, Clone, Debug)]
pub struct Accounts {
    /// Only these, by their names here or the provider's ids
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
    /// Gosync's, also if it is locked or its person is missing
    Owned,
    /// Locked by gosync
    Locked,
    /// In no complete read for a while, and not yet locked
    Missing,
    /// Refused by the last sync
    Refused,
    /// Given back to this host
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
