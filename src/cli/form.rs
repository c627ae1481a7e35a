//! Which commands plan changes, and which are asked to print something for programs.

use super::{AccountFormat, Command, Format, Ledger, PlanArgs, Sync};

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
            Self::Ledger(Ledger::Rebuild(plan)) => ("ledger rebuild", plan),
            Self::Follow(_)
            | Self::Ledger(_)
            | Self::Drift(_)
            | Self::Export(_)
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

    /// Whether standard output is to be one JSON object, with nothing beside it.
    pub(crate) fn prints_json(&self) -> bool {
        let format = match self {
            Self::Status(args) => args.format,
            Self::Doctor(args) => args.format,
            Self::Drift(args) => args.format,
            Self::History(args) => args.format,
            Self::Why(args) => args.format,
            Self::Accounts(args) => return args.format == AccountFormat::Json,
            _ => match self.plan() {
                Some((_, plan)) => plan.format,
                None => Format::Text,
            },
        };
        format == Format::Json
    }
}
