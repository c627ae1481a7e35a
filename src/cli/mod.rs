//! What can be typed: types for clap, and no behaviour.
//!
//! Their doc comments are the help, the manual page and the descriptions in the shell completions. What an option
//! means is settled in `config` and `commands`; the environment is not read here.

mod accounts;
mod adopt;
mod deluser;
mod doctor;
mod drift;
mod export;
mod follow;
mod form;
mod group;
mod history;
pub mod hook_text;
mod init;
mod keys;
mod ledger;
mod lock;
pub mod manual_text;
pub mod output_text;
mod rebind;
mod record;
mod sync;
mod takeover;
pub mod text;
mod user;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub(crate) use accounts::{AccountFormat, AccountState, Accounts};
pub(crate) use adopt::{Adopt, By, Kind, Release};
pub(crate) use deluser::DelUser;
pub(crate) use doctor::Doctor;
pub(crate) use drift::Drift;
pub(crate) use export::{Export, ExportFormat};
pub(crate) use follow::Follow;
pub(crate) use group::{Group, GroupList, GroupNew, GroupUsers, Groups, ListFormat};
pub(crate) use history::{Apply, History, Plan, Undo, Why};
pub(crate) use init::{Check, Init};
pub(crate) use keys::Keys;
pub(crate) use ledger::{Ledger, LedgerFile, LedgerReset, LedgerRestore, LedgerVerify};
pub(crate) use lock::{Lock, Unlock};
pub(crate) use rebind::Rebind;
pub(crate) use record::{Record, Replay};
pub(crate) use sync::{Sync, SyncArgs, SyncGroups, SyncHow, SyncUsers};
pub(crate) use takeover::Takeover;
pub(crate) use user::{DumpForm, Status, User, UserDump};

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
    after_help = "See `gosync help` for exit codes, files and examples, and `gosync help COMMAND`.",
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
#[derive(Args, Clone, Debug, Default)]
pub struct Global {
    /// Read the provider of the section [provider.NAME]
    #[arg(short, long, global = true, value_name = "NAME", display_order = 100)]
    pub user: Option<String>,

    /// Give accounts to the active members of this group
    ///
    /// Overrides `accounts.top_group`.
    #[arg(
        short,
        long,
        global = true,
        value_name = "TOP-GROUP",
        display_order = 101
    )]
    pub group: Option<String>,

    /// Read this configuration; a later one overrides an earlier one
    #[arg(short, long = "file", global = true, value_name = "CONFIG", display_order = 102, value_hint = clap::ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// Work on the host whose files are below this directory
    #[arg(long, global = true, value_name = "DIR", display_order = 103, value_hint = clap::ValueHint::DirPath)]
    pub root: Option<PathBuf>,

    /// Be this host of the section [writers]
    ///
    /// Without it, the one that has the name of this host, in full or up to the first dot.
    #[arg(long, global = true, value_name = "NAME", display_order = 103)]
    pub writer: Option<String>,

    /// Leave at once with status 11 if another run holds the lock
    ///
    /// May also be written `--nw`.
    #[arg(
        long,
        visible_alias = "nw",
        global = true,
        conflicts_with = "wait",
        display_order = 104
    )]
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

    /// Log more to standard error; with -vv also each search, as a line for a shell
    ///
    /// Searches are lines of ldapsearch(1) and curl(1) that can be pasted; they name the files of secrets and show none. With `-vvv`,
    /// the log is longer still.
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = 108)]
    pub verbose: u8,

    /// Write the log in this format
    ///
    /// With `json`, it has a line for each change, each refusal and each limit, too; see LOG in gosync(8).
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

    /// Colour the signs and counts of plans
    ///
    /// `auto` does so on a terminal, unless `NO_COLOR` is set.
    #[arg(
        long,
        global = true,
        value_name = "auto|always|never",
        default_value_t,
        value_enum,
        hide_possible_values = true,
        display_order = 110
    )]
    pub color: Colour,

    /// The words that were typed, without the program's name; none, if not all of them are text, or it was typed elsewhere.
    #[arg(skip)]
    pub words: Vec<String>,
}

/// Options of the commands that plan changes.
#[derive(Args, Clone, Debug, Default)]
pub struct PlanArgs {
    /// Show the exact plan and write nothing
    ///
    /// May also be written `--noupdate`. The run is the real one, stopped before it commits.
    #[arg(short = 'n', long, visible_alias = "noupdate")]
    pub dry_run: bool,

    /// Tell what was done, or would be, in this format
    ///
    /// With `json`, standard output is one JSON object, however the run ends, and notices go to standard error; see JSON OUTPUT in
    /// gosync(8).
    #[arg(
        long,
        value_name = "text|json",
        default_value_t,
        value_enum,
        hide_possible_values = true
    )]
    pub format: Format,

    /// End a dry run with status 4 if changes are pending
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,

    /// Let the plan with this digest through, though it goes over a limit
    #[arg(long, value_name = "DIGEST")]
    pub approve: Option<String>,

    /// End with status 3 if records were rejected or hooks failed
    #[arg(long)]
    pub strict: bool,

    /// Try all hooks again that failed, also those that were given up
    #[arg(long, conflicts_with = "dry_run")]
    pub retry_hooks: bool,

    /// Do not ask
    ///
    /// Whoever sits at a terminal is asked before homes, or more than five accounts, go, and before everything is adopted or tied.
    #[arg(short, long, conflicts_with = "dry_run")]
    pub yes: bool,

    /// With --root: run hooks, on this host, for the changes below that directory
    ///
    /// Without it, nothing that is done with `--root` runs a hook, now or later.
    #[arg(long)]
    pub root_hooks: bool,
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

/// When there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless the environment says otherwise
    #[default]
    Auto,
    /// Also where no terminal is
    Always,
    /// Nowhere
    Never,
}

impl Colour {
    /// Whether they are wanted; `None`: by what standard output is.
    pub fn wanted(self) -> Option<bool> {
        match self {
            Self::Auto => None,
            Self::Always => Some(true),
            Self::Never => Some(false),
        }
    }
}

/// What gosync can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Bring accounts and groups in step with the provider
    ///
    /// Alone, it brings accounts in step, and then groups, from one read and under one lock: what `sync users` and `sync groups`
    /// would do one after the other. Groups are brought in step also where a limit refuses what is to be done with accounts. Of two
    /// statuses the graver counts; each sync leaves its own note for `status`.
    Sync(SyncArgs),
    /// Keep accounts and groups in step, until it is ended
    ///
    /// Does what `sync users` and `sync groups` do, says `synced`, and does it again whenever the provider tells that something has
    /// changed, and each `--every` in any case. An LDAP server that can be replicated from (syncprov, or 389's Content
    /// Synchronization) tells of changes at once; others are looked at each `--every`. It runs beside cron: each round takes the lock, waits for it if need be, and gives it
    /// back. What fails is said once, and tried again: a server that is away, a limit that refuses, a configuration that became
    /// wrong. Who is no longer there is locked after `absent_for`, as by every sync; `active = false` locks at once.
    ///
    /// The configuration is read anew in each round. It ends by SIGTERM or SIGINT, with status 0 while it waits; in the middle
    /// of a round, as a sync does, which the next run mends. Under systemd it tells when it is in step (Type=notify).
    Follow(Follow),
    /// Remove accounts that gosync made
    ///
    /// Removes account, memberships and subordinate ids. The home stays unless an option says otherwise, and the ids
    /// are never given to anyone else. An account that gosync did not make is refused; so is one that is logged in,
    /// unless `--force` is given.
    Deluser(DelUser),
    /// Take over accounts, or groups, that stand on this host
    ///
    /// They keep their ids, wherever they are, their homes and members. What becomes as the provider has it is shown; `-n`
    /// shows it and stops. What grants power is refused, and so is what belongs to somebody else. All that is taken over is so by
    /// one transaction; the status is 3 if some of it is not, and 1 if none is.
    ///
    /// With `--as`, it keeps its name here for good: another name at the provider later is told by each sync and renames
    /// nothing. Without, it is renamed with the person, or the group, like any other.
    Adopt(Adopt),
    /// Tie accounts, or groups, to other records of the provider
    ///
    /// For what HR has deleted and made again, a directory that was loaded anew, a section of another name, or another provider in
    /// place of an old one: then the ids are new, and nothing goes together any more. An account or a group whose record is gone, by
    /// a complete read or because no section names its provider any more, becomes that of a record that is nobody else's. Name,
    /// number, home, keys, members, and how far somebody has come on the way out, stay. The old id is remembered.
    Rebind(Rebind),
    /// Give back accounts, or groups, to this host
    ///
    /// They stay as they are, with their members, and gosync never touches them again. Their ids are given to no one
    /// else. As long as they stand there, the provider's people of these names are told as conflicts.
    Release(Release),
    /// Shut people out now, whatever the provider says
    ///
    /// Locks the account as the departure of its person does: password, expiry, SSH keys, the shell if `lock_shell` is set, and
    /// what runs as it if `end_sessions` is. It holds until `gosync unlock`, is told by each sync, and asks no provider: it
    /// works when that is down. Who asked, when, and why, stays in the ledger. A person who leaves meanwhile goes on leaving.
    /// An account that gosync did not make is refused, with what to type. `undo` takes the lock off, too.
    Lock(Lock),
    /// Let the provider decide again who was shut out by `gosync lock`
    ///
    /// Takes the hold away. Where the provider can be read and lets the person in, the account is opened in the same run; else
    /// the next sync decides. An account that is locked for another reason stays so.
    Unlock(Unlock),
    /// Copy the ledger, put a copy back, look one over, make one anew, or take off one of which nothing is left
    ///
    /// The ledger, /var/lib/gosync/ledger.sqlite, says which accounts are gosync's, and which numbers were ever given. The anchor,
    /// /etc/gosync/anchor, says which ledger belongs to the accounts of this host.
    #[command(subcommand)]
    Ledger(Ledger),
    /// Show what was changed by hand, and what the next run does about it
    ///
    /// Compares what gosync last applied with what is found on the host: accounts, groups, and the files in the directory
    /// of SSH keys. Homes are their owners', and nobody looks into them for keys. Asks no provider and writes nothing; what
    /// is said of the next run holds as long as the provider wants what it wanted.
    Drift(Drift),
    /// Write accounts and groups of gosync's for other hosts and programs
    ///
    /// As a directory document it is what another gosync reads with `kind = "file"`, or fetches with `kind = "http"`: with the ids of
    /// the records at the provider, uid, gid, home, shell, SSH keys that stand in the directory of keys, and members, so that all hosts
    /// have the same numbers. Who is locked is in it with `active` false, whoever locked them. Members of a group that gosync did not
    /// put there are left out. Asks no provider, waits for a run that writes, and changes nothing on this host.
    ///
    /// As lines of passwd(5) or group(5) it has what stands on this host, and in group(5) the accounts' own groups, too. For lists,
    /// `gosync accounts --format json|csv` says more.
    Export(Export),
    /// Keep what the provider says in a file, to look into it elsewhere
    ///
    /// Reads all that a sync reads, of each provider, and writes it to a file that only its owner may read. No password or token
    /// is in it. Nothing else is written, and no lock is taken. With `--hide-names` the file can be given to others, such as with a
    /// report of a fault.
    Record(Record),
    /// Plan from what `gosync record` has kept
    ///
    /// Shows what `gosync sync -n` would have shown when it was recorded, by the configuration, the ledger and the databases of this
    /// host, or of a copy of another one below `--root`: nothing but etc, and var/lib/gosync for who is known already. Asks nobody
    /// and writes nothing. In a recording with hidden names nobody is known: all people are new, and those of the host are missing.
    Replay(Replay),
    /// Have this host write to the directory, in the place of another one
    ///
    /// For admin hosts that are named in [writers], and fill the same directory: one of them writes, and the others end with status
    /// 11. This one reads all people, groups and retired entries of the directory, so that it gives none of their numbers to anybody
    /// else, and everybody keeps theirs; begins a new term there; and waits until the former writer can write no more, which is
    /// stopped at its next change. Changes nothing on this host but the ledger: the next sync makes the accounts.
    Takeover(Takeover),
    /// Work on the groups at the provider
    #[command(subcommand)]
    Group(Group),
    /// Work on the people at the provider
    #[command(subcommand)]
    User(User),
    /// Show how things stand: configuration, provider, what gosync owns, and who holds the lock
    ///
    /// The first row is a verdict: ok, or what is not: no complete read for longer than `--max-age`, a limit that refuses a
    /// sync since when, with what lets its plan through, a last run that failed, people who get no account. That people are
    /// missing is no fault. It comes from `last-runs.json` in the state directory, in which each run but a dry one leaves how it
    /// ended. Reads and changes nothing else.
    ///
    /// The status is 0 if the verdict is ok, 12 if all that is wrong is that the provider cannot be reached, and else 1.
    Status(Status),
    /// List accounts and groups: who is owned, locked, missing, refused or given back
    ///
    /// All of gosync's, of whatever provider, and whoever the last sync refused, each with why; groups with their members,
    /// also those by the primary group. Asks no provider, writes nothing, and takes no lock: what is owned is the ledger's to
    /// say, and who is refused is known from the last sync of all people, and of all groups, that was no dry run.
    #[command(visible_alias = "list")]
    Accounts(Accounts),
    /// Check everything that gosync depends on, and say how to mend what is wrong
    ///
    /// Checks the configuration, who may change the files that are trusted, the provider, the lock, the ledger, the
    /// account files, the name services, sshd, the ranges of ids, homes, shells, the crontab and the clock. Each finding
    /// is a problem, a warning or a note, and says what is so, why it matters and what to type. Writes nothing. Of the
    /// provider it reads what a sync would, a page of people and one of groups, or all with `--full`; it says how many can be
    /// used and why others cannot, and proposes ranges, bases and other keys by what it saw.
    ///
    /// The status is 0 if there is no problem, 1 if there is one, and 2 if the configuration cannot be used; then the
    /// rest is checked as if every key had its default. With `--root`, what needs a running host is left out.
    Doctor(Doctor),
    /// Write the few lines that a kind of provider needs
    ///
    /// Prints a configuration with the keys that must be set for a provider of this kind, or writes it to a file that is not
    /// there yet. What no option gives is a placeholder; `check` names all of them. Reads no configuration and no host.
    Init(Init),
    /// Check a configuration, as anybody and without a host
    ///
    /// Says what is wrong with it, with file, line and column, and ends with 2; or with 0. Opens none of the files that it
    /// names and asks no provider: `gosync doctor` does both.
    Check(Check),
    /// Read commands from a prompt, or from standard input
    ///
    /// Each line is a command line without the program's name, on one connection to the provider. On a terminal there
    /// are a history and completion. Elsewhere lines are read until the first that fails, whose status is that of the
    /// shell.
    Shell,
    /// Print the SSH keys of an account, for sshd
    ///
    /// Made for AuthorizedKeysCommand of sshd_config(5): it asks nobody, takes no lock, and needs no root where the
    /// configuration can be read. It prints what gosync wrote for an account that it has not locked since, and nothing
    /// for any other.
    Keys(Keys),
    /// Wait until no other run holds the lock
    ///
    /// Takes the lock and gives it back. With `--nowait` it only asks.
    Waitlock,
    /// Show which runs changed what
    ///
    /// From the ledger, the newest run first, with every entry before and after the run. `history_days` says how far it
    /// goes back. Writes nothing, takes no lock, and asks no provider.
    History(History),
    /// Explain an account or a group: from which record and by which rules it is as it is, or is refused
    ///
    /// Says first what becomes of it, then why: the fields, e-mail and SSH keys with where they come from, what is not taken,
    /// and how far somebody has come on the way out. Asks the provider, for this person alone where it can, and tells what
    /// the next run would change. Explains a group of the host's own, too, that gets members by `local_map`. Writes nothing,
    /// and takes no lock.
    Why(Why),
    /// Bring back what a run changed to what it was before
    ///
    /// A plan like any other: shown, limited, carried out as one transaction. What was changed since, by a later run or
    /// by hand, is told and left as it is, unless `--force` is given: undo the newest run first. What cannot come back,
    /// such as a home or a password that is gone, or a name that somebody else has by now, is told. A group that the run
    /// made is removed, unless people put somebody into it; its gid is given to no other. The next sync does again what
    /// the provider still asks for, also a rename.
    Undo(Undo),
    /// Write the plan of a sync to a file, for `gosync apply`
    ///
    /// A dry run whose plan, with all that is needed to carry it out, goes to a file that only its owner may read. One
    /// that a limit refuses is written, too, and the status is 10.
    Plan(Plan),
    /// Carry out a plan that `gosync plan` wrote
    ///
    /// Exactly that plan, within the limits. It is refused if the databases of the host, or what gosync has done there,
    /// have changed since it was made; with `--fresh` also if the provider's answer has.
    Apply(Apply),
}

/// What makes a command a dry run, besides a letter among others.
const DRY: [&str; 3] = ["--dry-run", "--noupdate", "--exit-code"];

impl Global {
    /// The words that do what was typed as a dry run; none, if those are not known.
    pub fn carrying_out(&self) -> Vec<String> {
        let words = self.words.iter();
        let words = words.filter(|word| !DRY.contains(&word.as_str()));
        let words = words.map(|word| match word.strip_prefix('-') {
            Some(letters) if letters.chars().all(|c| "nqv".contains(c)) => {
                format!("-{}", letters.replace('n', ""))
            }
            _ => word.clone(),
        });
        words.filter(|word| word != "-").collect()
    }

    /// These options where they are given, and those of `outer` where not.
    #[must_use]
    pub fn over(self, outer: &Self) -> Self {
        let waits = self.nowait || self.wait.is_some();
        Self {
            user: self.user.or_else(|| outer.user.clone()),
            group: self.group.or_else(|| outer.group.clone()),
            files: if self.files.is_empty() {
                outer.files.clone()
            } else {
                self.files
            },
            root: self.root.or_else(|| outer.root.clone()),
            writer: self.writer.or_else(|| outer.writer.clone()),
            nowait: if waits { self.nowait } else { outer.nowait },
            wait: if waits { self.wait } else { outer.wait },
            force: self.force || outer.force,
            quiet: self.quiet || outer.quiet,
            verbose: self.verbose.max(outer.verbose),
            log_format: self.log_format,
            color: match self.color {
                Colour::Auto => outer.color,
                colour => colour,
            },
            words: self.words,
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
        let cli = Self::try_parse_from(without_help(with_two_dashes(args)))?;
        // clap does not see a conflict between an option before the command and one after it.
        if cli.global.nowait && cli.global.wait.is_some() {
            let text = "the argument '--nowait' cannot be used with '--wait <DURATION>'";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, text));
        }
        Ok(cli)
    }
}

/// `help` as a word is `--help` of what follows. clap's own would list every command once more in the completions.
fn without_help(args: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    let mut args: Vec<OsString> = args.collect();
    if args.get(1).is_some_and(|word| word == "help") {
        args.remove(1);
        args.push("--help".into());
    }
    args.into_iter()
}

/// Options that may also be written with one dash, as they were before.
const ONE_DASH: [&str; 5] = ["-baseurl", "-format", "-parent", "-portal", "-top"];

/// The arguments with the second dash added where it may be left out.
fn with_two_dashes<I, T>(args: I) -> impl Iterator<Item = OsString>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let (mut below_group, mut only_operands) = (false, false);
    args.into_iter().map(move |arg| {
        let arg: OsString = arg.into();
        let Some(text) = arg.to_str() else { return arg };
        let option = text.split('=').next().unwrap_or_default();
        if below_group && !only_operands && ONE_DASH.contains(&option) {
            return format!("-{text}").into();
        }
        below_group |= text == "group";
        only_operands |= text == "--";
        arg
    })
}

#[cfg(test)]
mod tests;
