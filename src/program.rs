//! The program: reads the command line and hands it to the commands.
//!
//! What belongs to the process as a whole is done here, once: its mask, its descriptors, its core dumps,
//! its log, and what is said of a panic.

use std::ffi::OsString;
use std::panic;
use std::process::ExitCode;

use crate::cli::{Cli, Format};
use crate::commands::complete;
use crate::error::{Error, Kind};
use crate::system::{as_user, journald, process, stat};
use crate::ui::{Journal, Ui};
use crate::{commands, log};

#[allow(clippy::disallowed_methods)] // the command line is read here, once, and what our streams are
/// Runs the program on the command line of this process.
pub fn main() -> ExitCode {
    process::restrict_umask();
    process::forbid_core_dumps();
    process::close_inherited();
    // No commands: gosync starts itself so, to be somebody else than root, or one that can be left behind.
    let word = std::env::args_os().nth(1).unwrap_or_default();
    let obey = match word.to_str() {
        Some(as_user::WORD) => Some(as_user::obey as fn() -> _),
        Some(stat::WORD) => Some(stat::obey as fn() -> _),
        _ => None,
    };
    if let Some(obey) = obey {
        let Err(error): std::io::Result<()> = obey() else {
            return ExitCode::SUCCESS;
        };
        Ui::new(true).error(&Error::failed(error));
        return Kind::Failed.code().into();
    }
    if word == complete::WORD {
        // Nobody who types a command wants to read what is wrong with the ledger.
        panic::set_hook(Box::new(|_| {}));
        complete::answer(std::env::args_os().skip(2), Ui::new(true));
        return ExitCode::SUCCESS;
    }
    let journal = Journal {
        out: journald::reads(std::io::stdout()),
        err: journald::reads(std::io::stderr()),
    };
    let ui = Ui::new(false).for_journal(journal);
    let mut cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return ui.command_line(&error).into(),
    };
    let words = std::env::args_os().skip(1).map(OsString::into_string);
    cli.global.words = words.collect::<Result<_, _>>().unwrap_or_default();
    log::init(log::Style {
        verbose: cli.global.verbose,
        json: cli.global.log_format == Format::Json,
        journal: journal.err,
    });
    let ui = ui.quiet(cli.global.quiet);
    let ui = ui.colours(cli.global.color.wanted());
    // Panics inside a library that reads foreign bytes are caught where it is called; their text may be foreign, too.
    panic::set_hook(Box::new(|info| {
        tracing::info!(at = info.location().map(tracing::field::display), "panic")
    }));
    commands::run(&cli, ui).into()
}
