//! What gosync does: one file per subcommand, named as on the command line.
//!
//! Puts provider, policy, plan, target and ledger together. Decides nothing about accounts, and
//! prints through `ui`.

mod accounts;
mod adopt;
mod apply;
mod check;
pub(crate) mod complete;
mod deluser;
mod doctor;
mod drift;
mod events;
mod export;
mod follow;
mod group;
mod history;
mod init;
mod keys;
mod ledger;
mod lock;
mod metrics_file;
mod once_said;
mod plan;
mod rebind;
mod rebinding;
mod record;
mod reminder;
mod request;
mod run_document;
mod run_note;
mod setup;
mod shell;
mod status;
mod sync;
mod takeover;
mod undo;
mod unlock;
mod user;
mod waitlock;
mod watch;
mod why;

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use self::run_document::{RunDocument, Wanted};
use self::setup::Setup;
use crate::cli::{Cli, Command};
use crate::error::{Error, Kind, Result};
use crate::providers::admin::GroupAdmin;
use crate::system::clock;
use crate::ui::Ui;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All is done, or there was nothing to do.
    Done,
    /// Something failed, or all of it, and each failure was reported.
    Reported(Kind),
    /// A dry run was asked to say whether changes are pending, and they are.
    Pending,
    /// A shell ended at a line with this exit code.
    Ended(u8),
}

impl Outcome {
    /// The exit code.
    fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Reported(kind) => kind.code(),
            Self::Pending => Kind::Pending.code(),
            Self::Ended(code) => code,
        }
    }
}

/// What lasts from one command to the next in a shell: the connection through which groups are
/// changed.
#[derive(Default)]
struct Session {
    admin: RefCell<Option<Connection>>,
}

struct Connection {
    /// The configuration and the section that it was made from.
    key: (Vec<PathBuf>, String),
    admin: Rc<dyn GroupAdmin>,
    /// A connection has the time limit of a run; half of it is left for one command.
    stale: Instant,
}

impl Session {
    /// The connection, made anew if there is none for these settings or its time is nearly up.
    fn group_admin(&self, setup: &Setup<'_>) -> Result<Rc<dyn GroupAdmin>> {
        let key = (
            setup.sources.clone(),
            setup.settings.provider()?.name.clone(),
        );
        let mut slot = self.admin.borrow_mut();
        if let Some(open) = slot
            .as_ref()
            .filter(|open| open.key == key && !clock::is_past(open.stale))
        {
            return Ok(Rc::clone(&open.admin));
        }
        let admin: Rc<dyn GroupAdmin> = Rc::from(setup.group_admin()?);
        let stale = clock::deadline(setup.settings.gosync.time_limit / 2);
        *slot = Some(Connection {
            key,
            admin: Rc::clone(&admin),
            stale,
        });
        Ok(admin)
    }
}

/// Runs a command. Returns the exit code, after saying what went wrong.
pub(crate) fn run(cli: &Cli, ui: Ui) -> u8 {
    run_in(cli, ui, &Session::default())
}

fn run_in(cli: &Cli, ui: Ui, session: &Session) -> u8 {
    let ui = ui.data_alone(cli.command.schema().is_some());
    let document = RunDocument::of(&cli.command);
    let run = || outcome(cli, ui, session, document.as_ref());
    // A fault of ours is an error like others, and the document is printed all the same.
    let outcome = panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(fault()));
    if let Some(document) = document {
        document.print(ui, &outcome);
    }
    match outcome {
        Ok(outcome) => outcome.code(),
        Err(error) => {
            ui.error(&error);
            error.kind.code()
        }
    }
}

fn outcome(cli: &Cli, ui: Ui, session: &Session, wanted: Wanted<'_>) -> Result<Outcome> {
    let global = &cli.global;
    match &cli.command {
        Command::Sync(args) => sync::run(global, args, ui, wanted),
        Command::Follow(args) => follow::run(global, args, ui),
        Command::Deluser(args) => deluser::run(global, args, ui, wanted),
        Command::Adopt(args) => adopt::adopt(global, args, ui, wanted),
        Command::Rebind(args) => rebind::run(global, args, ui, wanted),
        Command::Release(args) => adopt::release(global, args, ui, wanted),
        Command::Lock(args) => lock::run(global, args, ui, wanted),
        Command::Unlock(args) => unlock::run(global, args, ui, wanted),
        Command::Drift(args) => drift::run(global, args, ui),
        Command::Export(args) => export::run(global, args, ui),
        Command::Record(args) => record::record(global, args, ui),
        Command::Replay(args) => record::replay(global, args, ui),
        Command::Takeover(args) => takeover::run(global, args, ui),
        Command::Group(args) => group::run(global, args, ui, session),
        Command::User(args) => user::run(global, args, ui),
        Command::Keys(args) => keys::run(global, args, ui),
        Command::Ledger(command) => ledger::run(global, command, ui, wanted),
        Command::Status(args) => status::run(global, args, ui),
        Command::Accounts(args) => accounts::run(global, args, ui),
        Command::Doctor(args) => doctor::run(global, args, ui),
        Command::Init(args) => init::run(args, ui),
        Command::Check(args) => check::run(global, args, ui),
        Command::Shell => shell::run(global, ui, session),
        Command::Waitlock => waitlock::run(global, ui),
        Command::History(args) => history::run(global, args, ui),
        Command::Why(args) => why::run(global, args, ui),
        Command::Undo(args) => undo::run(global, args, ui, wanted),
        Command::Plan(args) => plan::run(global, args, ui, wanted),
        Command::Apply(args) => apply::run(global, args, ui, wanted),
    }
}

fn fault() -> Error {
    Error::failed("internal error (this is a bug in gosync); the next run completes or rolls back what this one began")
        .hint("Run it again with -v to see where, and report it")
}
