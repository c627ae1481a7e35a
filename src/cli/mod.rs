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
pub(crate) use ledger::{
    Ledger, LedgerFile, LedgerRebuild, LedgerReset, LedgerRestore, LedgerVerify, Witness,
};
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
/// subgid of this host as one transaction. It touches only what it owns, keeps changes made by hand, and locks an
/// account only when the person has provably left. It is meant to be run by root's crontab or a systemd timer.
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

    /// Exit at once with status 11 if another run holds the lock
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

    /// Wait at most this long for another run, such as 30s
    ///
    /// Without it and without `--nowait`, gosync waits until the lock is free.
    #[arg(long, global = true, value_name = "DURATION", display_order = 105)]
    pub wait: Option<Span>,

    /// Treat every record as changed, and override checks that can be overridden
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

    /// Report what was done, or would be done, in this format
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

    /// Carry out the plan with this digest even if it exceeds a limit
    #[arg(long, value_name = "DIGEST")]
    pub approve: Option<String>,

    /// End with status 3 if records were rejected or hooks failed
    #[arg(long)]
    pub strict: bool,

    /// Retry all failed hooks, including those that were given up
    #[arg(long, conflicts_with = "dry_run")]
    pub retry_hooks: bool,

    /// Do not ask for confirmation
    ///
    /// On a terminal, gosync asks before it removes homes or more than five accounts, and before `--all` adopts or ties.
    #[arg(short, long, conflicts_with = "dry_run")]
    pub yes: bool,

    /// With --root: run hooks, on this host, for the changes below that directory
    ///
    /// Without it, no change made with `--root` runs a hook, now or later.
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
    /// Even if standard output is not a terminal
    Always,
    /// Never
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
    /// Alone, it syncs accounts and then groups, from one read and under one lock: what `sync users` and `sync groups` would
    /// do one after the other. Groups are synced even if a limit refuses the plan for accounts. If the two end with different
    /// statuses, the more serious one is returned; `status` reports each sync by itself.
    Sync(SyncArgs),
    /// Keep accounts and groups in step until it is stopped
    ///
    /// Does what `sync users` and `sync groups` do, prints `synced`, and repeats it whenever the provider reports a change,
    /// and every `--every` in any case. An LDAP server that can be replicated from (syncprov, or 389's Content
    /// Synchronization) reports changes at once; other providers are polled every `--every`. It can run beside cron: each
    /// round takes the lock, waits for it if necessary, and releases it. A failure is reported once, and the round is
    /// retried: a server that is unreachable, a limit that refuses a plan, a configuration that has become invalid. People
    /// who are no longer there are locked after `absent_for`, as by every sync; `active = false` locks at once.
    ///
    /// The configuration is read again in each round. SIGTERM or SIGINT stops it: with status 0 while it waits; in the middle
    /// of a round as it would stop a sync, and the next run completes or rolls back what was started. Under systemd it
    /// reports when it is in step (Type=notify).
    Follow(Follow),
    /// Remove accounts that gosync made
    ///
    /// Removes the account, its memberships and its subordinate ids. The home directory stays unless an option says
    /// otherwise, and the ids are never given to anyone else. An account that gosync did not make is refused; so is one that
    /// is logged in, unless `--force` is given.
    Deluser(DelUser),
    /// Adopt accounts or groups that already exist on this host
    ///
    /// They keep their ids, their homes (wherever they are) and their members. The fields that would be overwritten by the
    /// provider's values are listed; with `-n` nothing is written. A name that grants power is refused, and so is an account
    /// or a group that belongs to another record. All of them are adopted in one transaction; the status is 3 if some were
    /// refused, and 1 if all were.
    ///
    /// With `--as`, the account or group keeps its local name for good: a later change of the name at the provider is
    /// reported by each sync and renames nothing. Without it, it is renamed with its record, like any other.
    Adopt(Adopt),
    /// Tie accounts or groups to other records of the provider
    ///
    /// For records that were deleted and created again, a directory that was reloaded, a renamed provider section, or a
    /// provider that was replaced by another one: the ids are then new, and accounts no longer match their records. An
    /// account or a group whose record is gone (it is absent from a complete read, or no section has its provider any more)
    /// is tied to a record that owns no other account. Its name, number, home, keys and members stay, and so does the step of
    /// its departure. The old id is remembered.
    Rebind(Rebind),
    /// Release accounts or groups, so that this host owns them
    ///
    /// They stay as they are, with their members, and gosync never touches them again. Their ids are given to no one else.
    /// While they exist, provider users with the same names are reported as conflicts.
    Release(Release),
    /// Lock accounts now, whatever the provider says
    ///
    /// Locks an account as a departure does: password, expiry and SSH keys, the shell if `lock_shell` is set; and ends its
    /// processes if `end_sessions` is set. The lock holds until `gosync unlock`, and each sync reports it. No provider is
    /// asked, so that it works while the provider is down. Who locked the account, when and why is kept in the ledger. If the
    /// person leaves meanwhile, the departure continues. An account that gosync did not make is refused, with the command to
    /// use instead. `undo` also ends the lock.
    Lock(Lock),
    /// End a lock by `gosync lock`, so that the provider decides again
    ///
    /// If the provider can be read and the person is not disabled there, the account is opened in the same run; otherwise the
    /// next sync decides. An account that is locked for another reason stays locked.
    Unlock(Unlock),
    /// Back up, restore, verify, rebuild or reset the ledger
    ///
    /// The ledger, /var/lib/gosync/ledger.sqlite, records which accounts gosync owns, and every uid and gid that it has ever
    /// given. The anchor, /etc/gosync/anchor, records which ledger belongs to the accounts of this host.
    #[command(subcommand)]
    Ledger(Ledger),
    /// Show what was changed by hand, and what the next run does about it
    ///
    /// Compares what gosync last applied with what is on the host: accounts, groups, and the files in the directory of SSH
    /// keys. Homes are not searched for keys. Asks no provider and writes nothing; what it says of the next run holds as long
    /// as the provider's records do not change.
    Drift(Drift),
    /// Write gosync's accounts and groups for other hosts and programs
    ///
    /// The directory document can be read by another gosync with `kind = "file"` or fetched with `kind = "http"`. It has the
    /// ids of the provider's records, uid, gid, home, shell, the SSH keys in the directory of keys, and the members, so that
    /// all hosts have the same numbers. A locked account has `active` false, whoever locked it. Members of a group that
    /// gosync did not add are left out. Asks no provider, waits for a run that writes, and changes nothing on this host.
    ///
    /// As lines of passwd(5) or group(5), it has what is on this host, and in group(5) also the accounts' own groups. For
    /// lists, `gosync accounts --format json|csv` has more.
    Export(Export),
    /// Record the provider's answer in a file, to examine it elsewhere
    ///
    /// Reads what a sync would read from each provider, and writes it to a file that only its owner may read. The file
    /// contains no password and no token. Nothing else is written, and no lock is taken. With `--hide-names` the file can be
    /// given to others, for example with a bug report.
    Record(Record),
    /// Plan from a file that `gosync record` wrote
    ///
    /// Shows what `gosync sync -n` would have shown at the time of the recording, with the configuration, ledger and
    /// databases of this host, or of a copy of another host below `--root`: etc is enough, with var/lib/gosync for the
    /// accounts that are owned already. Asks no provider and writes nothing. In a recording with hidden names nobody is
    /// recognized: all people are new, and the people of the host are missing.
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
    /// Show configuration, provider, what gosync owns, and who holds the lock
    ///
    /// The first row is a verdict: ok, or what is wrong: no complete read for longer than `--max-age`, a limit that refuses a
    /// sync (since when, and how to approve its plan), a last run that failed, people who get no account. Missing people are
    /// not an error. The verdict comes from `last-runs.json` in the state directory, where every run except a dry run records
    /// how it ended. Reads and changes nothing else.
    ///
    /// The status is 0 if the verdict is ok, 12 if the only problem is that the provider cannot be reached, and 1 otherwise.
    Status(Status),
    /// List accounts and groups that are owned, locked, missing, refused or released
    ///
    /// Lists what gosync owns, from every provider, and what the last sync refused, each with the reason; groups with their
    /// members, including those by primary group. Asks no provider, writes nothing, and takes no lock: the ledger says what
    /// is owned; refusals are those of the last sync of all people, and of all groups, that was not a dry run.
    #[command(visible_alias = "list")]
    Accounts(Accounts),
    /// Check everything that gosync depends on, and say how to fix what is wrong
    ///
    /// Checks the configuration, who may change the files that are trusted, the provider, the lock, the ledger, the account
    /// files, the name services, sshd, the ranges of ids, homes, shells, the crontab and the clock. Each finding is a
    /// problem, a warning or a note; it says what was found, why it matters and what to type. Writes nothing. It reads what a
    /// sync would read from the provider, one page of people and one of groups, or everything with `--full`; it reports how
    /// many records can be used and why others cannot, and proposes ranges, bases and other keys.
    ///
    /// The status is 0 if there is no problem, 1 if there is one, and 2 if the configuration cannot be used; the rest is then
    /// checked as if every key had its default. With `--root`, checks that need a running host are left out.
    Doctor(Doctor),
    /// Write the few lines that a kind of provider needs
    ///
    /// Prints a configuration with the keys that must be set for a provider of this kind, or writes it to a new file. A value
    /// that no option gives is a placeholder; `check` lists all of them. Reads no configuration and no host.
    Init(Init),
    /// Check a configuration, without privilege and without a host
    ///
    /// Reports what is wrong with it, with file, line and column, and ends with status 2; otherwise with 0. Opens none of the
    /// files that it names and asks no provider: `gosync doctor` does both.
    Check(Check),
    /// Read commands from a prompt or from standard input
    ///
    /// Each line is a command line without the program's name; all of them use one connection to the provider. On a terminal
    /// there are a history and completion. Otherwise lines are run until one fails, and its status is the status of the
    /// shell.
    Shell,
    /// Print the SSH keys of an account, for sshd
    ///
    /// For AuthorizedKeysCommand of sshd_config(5): it asks no provider, takes no lock, and needs no root if the
    /// configuration can be read. It prints the keys that gosync wrote for an account that it has not locked since, and
    /// nothing for any other account.
    Keys(Keys),
    /// Wait until no other run holds the lock
    ///
    /// Takes the lock and releases it. With `--nowait` it only checks.
    Waitlock,
    /// Show which runs changed what
    ///
    /// Read from the ledger: the newest run first, with every entry before and after the run. `history_days` sets how far it
    /// goes back. Writes nothing, takes no lock, and asks no provider.
    History(History),
    /// Explain an account or a group: by which record and which rules it is as it is, or is refused
    ///
    /// Shows first the outcome, then the reasons: the fields, e-mail and SSH keys with their sources, values that are not
    /// used, and the step of a departure. Asks the provider, for this person alone if it can, and shows what the next run
    /// would change. Also explains a local group that gets members by `local_map`. Writes nothing, and takes no lock.
    Why(Why),
    /// Restore what a run changed to its state before the run
    ///
    /// A plan like any other: shown, subject to limits, carried out as one transaction. Whatever was changed since, by a
    /// later run or by hand, is reported and left as it is unless `--force` is given: undo the newest run first. What cannot
    /// be restored, such as a home or a password that is gone, or a name that is taken by now, is reported. A group that the
    /// run made is removed unless members were added by hand; its gid is given to no other group. The next sync does again
    /// what the provider still asks for, including a rename.
    Undo(Undo),
    /// Write the plan of a sync to a file, for `gosync apply`
    ///
    /// A dry run whose plan, with all that is needed to carry it out, is written to a file that only its owner may read. A
    /// plan that exceeds a limit is written as well, and the status is 10.
    Plan(Plan),
    /// Carry out a plan that `gosync plan` wrote
    ///
    /// Carries out exactly that plan, within the limits. It is refused if the host's databases or the ledger have changed
    /// since it was made; with `--fresh` also if the provider's answer has changed.
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
