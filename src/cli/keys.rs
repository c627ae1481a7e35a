//! `gosync keys`

use clap::Args;

/// `gosync keys`
#[derive(Args, Clone, Debug)]
pub struct Keys {
    /// The account, by its name on this host
    #[arg(value_name = "NAME")]
    pub name: String,
}
