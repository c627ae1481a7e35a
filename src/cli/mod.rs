//! What can be typed: types for clap, and no behaviour.
//!
//! Their doc comments are the help, the manual page and the descriptions in the shell completions. What an option
//! means is settled in `config` and `commands`; the environment is not read here.

mod deluser;
mod group;
mod keys;
mod sync;
pub mod text;
mod user;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub use deluser::DelUser;
pub use group::{Group, GroupList, GroupNew, GroupUsers, Groups, ListFormat};
pub use keys::Keys;
pub use sync::{Sync, SyncGroups, SyncUsers};
pub use user::{DumpForm, Status, User, UserDump};

use crate::model::units::Span;

/// Bring this host's accounts and groups in step with an identity provider
///
/// gosync reads people and groups from an identity provider and changes passwd, shadow, group, gshadow, subuid and
/// subgid of this host as one transaction. It touches only what it made itself, keeps what people changed by hand, and
/// locks an account only when the person is proven to have left. It is made to be run by root's crontab.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "gosync",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "See `gosync --help` for exit codes, files and examples.",
    after_long_help = text::after_long_help()
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that may stand before or after the command.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// Read the provider of the section [provider.NAME]
    #[arg(short, long, global = true, value_name = "NAME", display_order = 100)]
    pub user: Option<String>,

    /// Give accounts to the active members of this group
    ///
    /// Overrides `accounts.top_group`.
    #[arg(short, long, global = true, value_name = "TOP-GROUP", display_order = 101)]
    pub group: Option<String>,

    /// Read this configuration; a later one overrides an earlier one
    #[arg(short, long = "file", global = true, value_name = "CONFIG", display_order = 102, value_hint = clap::ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// Work on the host whose files are below this directory
    #[arg(long, global = true, value_name = "DIR", display_order = 103, value_hint = clap::ValueHint::DirPath)]
    pub root: Option<PathBuf>,

    /// Leave at once with status 11 if another run holds the lock
    ///
    /// May also be written `--nw`.
    #[arg(long, visible_alias = "nw", global = true, conflicts_with = "wait", display_order = 104)]
    pub nowait: bool,

    /// Wait at most so long for another run, such as 30s
    ///
    /// Without it and without `--nowait`, gosync waits until the lock is free.
    #[arg(long, global = true, value_name = "DURATION", display_order = 105)]
    pub wait: Option<Span>,

    /// Treat every record as changed, and go on where a check can be overruled
    #[arg(long, global = true, display_order = 106)]
    pub force: bool,

    /// Print no notices; warnings and errors remain
    #[arg(short, long, global = true, display_order = 107)]
    pub quiet: bool,

    /// Log more to standard error; twice and three times: more still
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = 108)]
    pub verbose: u8,

    /// Write the log in this format
    #[arg(
        long,
        global = true,
        value_name = "text|json",
        default_value_t,
        value_enum,
        hide_possible_values = true,
        display_order = 109
    )]
    pub log_format: Format,
}

/// Options of the commands that plan changes.
#[derive(Args, Clone, Debug)]
pub struct PlanArgs {
    /// Show the exact plan and write nothing
    ///
    /// May also be written `--noupdate`. The run is the real one, stopped before it commits.
    #[arg(short = 'n', long, visible_alias = "noupdate")]
    pub dry_run: bool,

    /// Show the plan of a dry run in this format
    #[arg(
        long,
        value_name = "text|json",
        default_value_t,
        value_enum,
        hide_possible_values = true,
        requires = "dry_run"
    )]
    pub format: Format,

    /// End a dry run with status 4 if changes are pending
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,

    /// Let the plan with this digest through, though it goes over a limit
    #[arg(long, value_name = "DIGEST")]
    pub approve: Option<String>,

    /// End with status 3 if records were rejected
    #[arg(long)]
    pub strict: bool,
}

/// For people, or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// What gosync can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Bring accounts or groups in step with the provider
    #[command(subcommand)]
    Sync(Sync),
    /// Remove accounts that gosync made
    ///
    /// Removes account, memberships and subordinate ids. The home stays unless an option says otherwise, and the ids
    /// are never given to anyone else. An account that gosync did not make is refused; so is one that is logged in,
    /// unless `--force` is given.
    Deluser(DelUser),
    /// Work on the groups at the provider
    #[command(subcommand)]
    Group(Group),
    /// Work on the people at the provider
    #[command(subcommand)]
    User(User),
    /// Show how things stand: configuration, provider, what gosync owns, and who holds the lock
    Status(Status),
    /// Read commands from a prompt, or from standard input
    ///
    /// Each line is a command line without the program's name, on one connection to the provider. On a terminal there
    /// are a history and completion. Elsewhere lines are read until the first that fails, whose status is that of the
    /// shell.
    Shell,
    /// Print the SSH keys of an account, for sshd
    ///
    /// Made for AuthorizedKeysCommand of sshd_config(5): it asks nobody, takes no lock, and needs no root where the
    /// configuration can be read. It prints what gosync wrote for an account that is open, and nothing for any other.
    Keys(Keys),
    /// Wait until no other run holds the lock
    ///
    /// Takes the lock and gives it back. With `--nowait` it only asks.
    Waitlock,
}

impl Global {
    /// These options where they are given, and those of `outer` where not.
    #[must_use]
    pub fn over(self, outer: &Self) -> Self {
        let waits = self.nowait || self.wait.is_some();
        Self {
            user: self.user.or_else(|| outer.user.clone()),
            group: self.group.or_else(|| outer.group.clone()),
            files: if self.files.is_empty() { outer.files.clone() } else { self.files },
            root: self.root.or_else(|| outer.root.clone()),
            nowait: if waits { self.nowait } else { outer.nowait },
            wait: if waits { self.wait } else { outer.wait },
            force: self.force || outer.force,
            quiet: self.quiet || outer.quiet,
            verbose: self.verbose.max(outer.verbose),
            log_format: self.log_format,
        }
    }
}

impl Cli {
    /// Reads a command line, the program's name first.
    ///
    /// # Errors
    /// What clap says about it; that includes the help and the version.
    pub fn read<I, T>(args: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        let cli = Self::try_parse_from(with_two_dashes(args))?;
        // clap does not see a conflict between an option before the command and one after it.
        if cli.global.nowait && cli.global.wait.is_some() {
            let text = "the argument '--nowait' cannot be used with '--wait <DURATION>'";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, text));
        }
        Ok(cli)
    }
}

/// Options that may also be written with one dash, as they were before.
const ONE_DASH: [&str; 5] = ["-baseurl", "-format", "-parent", "-portal", "-top"];

/// The arguments with the second dash added where it may be left out.
fn with_two_dashes<I, T>(args: I) -> impl Iterator<Item = OsString>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let mut below_group = false;
    args.into_iter().map(move |arg| {
        let arg: OsString = arg.into();
        let Some(text) = arg.to_str() else { return arg };
        let option = text.split('=').next().unwrap_or_default();
        if below_group && ONE_DASH.contains(&option) {
            return format!("-{text}").into();
        }
        below_group |= text == "group";
        arg
    })
}

#[cfg(test)]
mod tests;
