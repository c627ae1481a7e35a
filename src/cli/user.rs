//! `gosync user`, `gosync status` and `gosync shell`

use clap::{Args, Subcommand, ValueEnum};

use super::Format;
use crate::model::units::Span;

/// What is done with people at the provider.
#[derive(Clone, Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub enum User {
    /// Print people and the groups that they are in
    ///
    /// Prints the people who get accounts: the active members of the top group, or every active person.
    Dump(UserDump),
}

/// `gosync user dump`
#[derive(Args, Clone, Debug)]
pub struct UserDump {
    /// Include people who are not active, or not active members of the top group
    #[arg(long)]
    pub all: bool,

    /// Include uid, home, shell, time of the last change and SSH keys
    #[arg(long)]
    pub details: bool,

    /// The output format
    #[arg(
        short = 't',
        long = "type",
        value_name = "json|csv",
        default_value_t,
        value_enum,
        hide_possible_values = true
    )]
    pub form: DumpForm,
}

/// How people are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DumpForm {
    /// One object.
    #[default]
    Json,
    /// Comma-separated values.
    Csv,
}

/// `gosync status`
#[derive(Args, Clone, Debug)]
pub struct Status {
    /// Report a problem if the last complete read is older than this, such as 1h; by default 2d
    #[arg(long, value_name = "DURATION")]
    pub max_age: Option<Span>,

    /// Print it in this format
    #[arg(
        long,
        value_name = "text|json",
        default_value_t,
        value_enum,
        hide_possible_values = true
    )]
    pub format: Format,
}
