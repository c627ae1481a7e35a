//! A doorbell: a provider says by itself that something may have changed.
//!
//! What it says is worth a look and nothing more: nobody learns from it who has changed, or how, and whoever hears it reads the
//! provider as if nothing had been said.

use std::os::fd::BorrowedFd;

use super::FetchError;

/// A connection on which a provider rings.
pub trait Bell {
    /// What can be read from when something has come.
    fn socket(&self) -> BorrowedFd<'_>;

    /// Takes what has come, without waiting for anything.
    ///
    /// # Errors
    /// When it will not ring any more.
    fn heard(&mut self) -> Result<Heard, FetchError>;

    /// Asks for a sign of life, of which [`Bell::heard`] tells.
    ///
    /// # Errors
    /// When it cannot be asked for.
    fn ask(&mut self) -> Result<(), FetchError>;
}

/// What was heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Something may have changed.
    pub rang: bool,
    /// The sign of life that was asked for.
    pub lives: bool,
}
