//! What gosync does: one file per subcommand, named as on the command line.
//!
//! Puts provider, policy, plan, target and ledger together. Decides nothing about accounts, and prints through `ui`.

mod carry_out;
mod deluser;
mod group;
mod setup;
mod sync;
mod waitlock;

use crate::cli::{Cli, Command};
use crate::error::{Error, Kind};
use crate::target::local::LocalError;
use crate::ui::Ui;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All is done, or there was nothing to do.
    Done,
    /// Something failed, or all of it, and each failure was told.
    Told(Kind),
    /// A dry run was asked to say whether changes are pending, and they are.
    Pending,
}

/// Runs a command. Returns the exit code, after saying what went wrong.
pub fn run(cli: &Cli, ui: Ui) -> u8 {
    let outcome = match &cli.command {
        Command::Sync(args) => sync::run(&cli.global, args, ui),
        Command::Deluser(args) => deluser::run(&cli.global, args, ui),
        Command::Group(args) => group::run(&cli.global, args, ui),
        Command::Waitlock => waitlock::run(&cli.global, ui),
    };
    match outcome {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::Told(kind)) => kind.code(),
        Ok(Outcome::Pending) => Kind::Pending.code(),
        Err(error) => {
            ui.error(&error);
            error.kind.code()
        }
    }
}

impl From<LocalError> for Error {
    fn from(error: LocalError) -> Self {
        Error::failed(error)
    }
}
