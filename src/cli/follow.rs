//! `gosync follow`

use clap::Args;

use crate::model::units::Span;

/// `gosync follow`
#[derive(Args, Clone, Debug)]
pub struct Follow {
    /// Read the provider at least this often, such as 60s
    ///
    /// Overrides `follow.every`.
    #[arg(long, value_name = "DURATION")]
    pub every: Option<Span>,
}
