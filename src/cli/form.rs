//! Which commands plan changes, and which are asked to print something for programs.

use super::{
    AccountFormat, Command, DumpForm, ExportFormat, Format, Group, Ledger, ListFormat, PlanArgs,
    Sync, User,
};

impl Command {
    /// The words and the options of a command that plans changes.
    pub(crate) fn plan(&self) -> Option<(&'static str, &PlanArgs)> {
        Some(match self {
            Self::Sync(args) => match &args.what {
                None => ("sync", &args.how.plan),
                Some(Sync::Users(users)) => ("sync users", &users.how.plan),
                Some(Sync::Groups(groups)) => ("sync groups", &groups.how.plan),
            },
            Self::Plan(args) => match &args.what {
                Sync::Users(users) => ("plan users", &users.how.plan),
                Sync::Groups(groups) => ("plan groups", &groups.how.plan),
            },
            Self::Apply(args) => ("apply", &args.plan),
            Self::Undo(args) => ("undo", &args.plan),
            Self::Deluser(args) => ("deluser", &args.plan),
            Self::Adopt(args) => ("adopt", &args.plan),
            Self::Rebind(args) => ("rebind", &args.plan),
            Self::Release(args) => ("release", &args.plan),
            Self::Lock(args) => ("lock", &args.plan),
            Self::Unlock(args) => ("unlock", &args.plan),
            Self::Ledger(Ledger::Rebuild(args)) => ("ledger rebuild", &args.plan),
            Self::Follow(_)
            | Self::Ledger(_)
            | Self::Drift(_)
            | Self::Export(_)
            | Self::Record(_)
            | Self::Takeover(_)
            | Self::Replay(_)
            | Self::Group(_)
            | Self::User(_)
            | Self::Status(_)
            | Self::Accounts(_)
            | Self::Doctor(_)
            | Self::Init(_)
            | Self::Check(_)
            | Self::Shell
            | Self::Keys(_)
            | Self::Waitlock
            | Self::History(_)
            | Self::Why(_) => return None,
        })
    }

    /// Of which form the JSON document is that is to stand on standard output, with nothing beside it, if one is: a file in
    /// share/gosync/schema.
    pub fn schema(&self) -> Option<&'static str> {
        let (is_json, name) = match self {
            Self::Status(args) => (args.format == Format::Json, "status"),
            Self::Doctor(args) => (args.format == Format::Json, "doctor"),
            Self::Drift(args) => (args.format == Format::Json, "drift"),
            Self::History(args) => (args.format == Format::Json, "history"),
            Self::Why(args) => (args.format == Format::Json, "why"),
            Self::Accounts(args) => (args.format == AccountFormat::Json, "accounts"),
            Self::Export(args) => {
                let is_here = args.output.is_none();
                (
                    is_here && args.format == ExportFormat::Directory,
                    "directory",
                )
            }
            Self::Group(Group::List(args)) => (args.format == Some(ListFormat::Json), "groups"),
            Self::User(User::Dump(args)) => (args.form == DumpForm::Json, "people"),
            _ => (self.plan()?.1.format == Format::Json, "run"),
        };
        is_json.then_some(name)
    }
}
