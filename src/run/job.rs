//! What a run is asked to do, in its own words: whoever asks may be a command line, a saved plan or
//! a test.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::history::EntryKind;
use crate::model::owned::Hold;
use crate::plan::diff::Request;
use crate::plan::guard;
use crate::plan::saved::{self, Saved};
pub(crate) use crate::policy::adoption::By;
pub(crate) use crate::policy::records::TieBy;
use crate::providers::Scope;
use crate::system::lock::Purpose;

/// One request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// What is to be done.
    pub task: Task,
    /// How.
    pub options: Options,
}

/// What is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Accounts are brought in step.
    Users {
        /// People who have no account yet.
        new: bool,
        /// People who have an account.
        existing: bool,
        /// Only these, by the provider's login; empty: all.
        only: Vec<String>,
    },
    /// Groups are brought in step.
    Groups {
        /// Only these and those above them, by the provider's name; empty: all.
        only: Vec<String>,
    },
    /// Accounts are taken off the host, or are only forgotten.
    Remove {
        /// The accounts.
        names: Vec<String>,
        /// What becomes of each.
        request: Request,
    },
    /// Accounts and groups of the host's become gosync's.
    Adopt {
        /// Which.
        which: Adoptees,
        /// What they are; `None`: of names, an account, unless only a group has it; of all, both.
        kind: Option<Kind>,
    },
    /// Accounts and groups of gosync's become the host's.
    Release {
        /// Their names.
        names: Vec<String>,
        /// What they are; `None`: whatever has the name.
        kind: Option<Kind>,
    },
    /// Accounts and groups whose records are gone are tied to other ones.
    Rebind {
        /// Which.
        which: Rebinds,
        /// What they are; `None`: of a name, an account, unless only a group has it; of all, both.
        kind: Option<Kind>,
    },
    /// Accounts are locked, and held so whatever the provider says.
    Lock {
        /// Their names.
        names: Vec<String>,
        /// Who asks for it, and why.
        hold: Hold,
    },
    /// Accounts are held locked no more.
    Unlock {
        /// Their names.
        names: Vec<String>,
    },
    /// What a run changed becomes as it was.
    Undo {
        /// The run's number.
        run: u64,
    },
    /// A plan that was saved is carried out.
    Saved {
        /// What messages call it.
        file: String,
        /// The plan.
        plan: Box<Saved>,
        /// Whether the provider is asked again.
        fresh: bool,
    },
}

/// What of a host's is taken over.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Adoptees {
    /// What has these names here.
    Named {
        /// The names.
        names: Vec<String>,
        /// What it is called at the provider, if that is another name and it is only one.
        remote: Option<String>,
    },
    /// All that the provider has, too.
    All {
        /// By what an account or a group is taken for that of a record.
        by: By,
    },
    /// All that were gosync's, by what the host itself says.
    Evident(Witnesses),
}

/// What says whose accounts are that were gosync's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Witnesses {
    /// This host.
    Host,
    /// And the directory that it fills.
    AndDirectory,
}

/// Whether a run begins with a new ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NewLedger {
    /// It works with the one that is there.
    #[default]
    No,
    /// In the place of one that is lost, or is not this host's.
    Begun,
    /// The same, if need be; and with all numbers retired of which there is any trace.
    Rebuilt,
}

/// What is tied to another record.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rebinds {
    /// What has this name here.
    Named {
        /// The name.
        name: String,
        /// What the record is called at the provider, if that is not the same.
        to: Option<String>,
    },
    /// All whose record is gone.
    All {
        /// By what they and their new records go together.
        by: TieBy,
        /// The provider of the records that are gone; `None`: the one that is read, and all that are not configured any more.
        from: Option<String>,
    },
}

impl Rebinds {
    /// The attribute of people that the provider is asked for beside all else.
    pub(crate) fn attribute(&self) -> Option<&str> {
        match self {
            Self::All {
                by: TieBy::Attribute(name),
                ..
            } => Some(name),
            Self::All { .. } | Self::Named { .. } => None,
        }
    }
}

/// Accounts and groups are told apart where both have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An account.
    Account,
    /// A group.
    Group,
}

/// How a run goes about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Stop before the commit.
    pub dry_run: bool,
    /// Treat every record as changed, and go on where a check can be overruled.
    pub force: bool,
    /// Read everything, though nothing may have moved.
    pub full: bool,
    /// The digest of the plan that may go over limits.
    pub approve: Option<String>,
    /// Whether records that are rejected, and hooks that fail, make the run one that was done in
    /// part.
    pub strict: bool,
    /// Try hooks again that were given up.
    pub retry_hooks: bool,
    /// Run hooks although the managed host is another tree.
    pub root_hooks: bool,
    /// Whether to begin with a new ledger.
    pub new_ledger: NewLedger,
    /// Put what is needed to carry the plan out later into the report.
    pub save: bool,
}

impl Task {
    /// The sync that was saved with a plan.
    pub fn of_saved(sync: &saved::Sync) -> Self {
        match sync.clone() {
            saved::Sync::Users { new, updated, only } => Self::Users {
                new: new || !updated,
                existing: updated || !new,
                only,
            },
            saved::Sync::Groups { groups } => Self::Groups { only: groups },
        }
    }

    /// A sync as it is saved with its plan.
    pub(crate) fn to_saved(&self) -> Option<saved::Sync> {
        match self.clone() {
            // Nothing chosen chooses all.
            Self::Users {
                new,
                existing,
                only,
            } => Some(saved::Sync::Users {
                new: new && !existing,
                updated: existing && !new,
                only,
            }),
            Self::Groups { only } => Some(saved::Sync::Groups { groups: only }),
            _ => None,
        }
    }

    /// The syncs of all people and of all groups, in their order.
    pub(crate) fn all() -> [Self; 2] {
        Self::both(true)
    }

    /// The syncs of people who have no account yet, and of all groups, in their order.
    pub(crate) fn all_new() -> [Self; 2] {
        Self::both(false)
    }

    fn both(existing: bool) -> [Self; 2] {
        let users = Self::Users {
            new: true,
            existing,
            only: Vec::new(),
        };
        [users, Self::Groups { only: Vec::new() }]
    }

    /// Whether the ledger learns all that a directory has, whoever writes there.
    pub(crate) fn learns(&self) -> bool {
        matches!(
            self,
            Self::Adopt {
                which: Adoptees::Evident(Witnesses::AndDirectory),
                ..
            }
        )
    }

    /// Whether it is done on a host that stands by, too: it gives out no number, and nothing of it is written elsewhere.
    pub(crate) fn may_stand_by(&self) -> bool {
        self.learns() || matches!(self, Self::Lock { .. } | Self::Unlock { .. })
    }

    /// Whether records that are rejected are judged, beside what is named in the request.
    pub(crate) fn judges_records(&self) -> bool {
        match self {
            Self::Users { .. } | Self::Groups { .. } | Self::Undo { .. } | Self::Saved { .. } => {
                true
            }
            Self::Remove { .. }
            | Self::Adopt { .. }
            | Self::Release { .. }
            | Self::Rebind { .. }
            | Self::Lock { .. }
            | Self::Unlock { .. } => false,
        }
    }

    /// Whether somebody asks for what happens to few accounts, by their names: that is no mishap.
    pub(crate) fn is_by_name(&self) -> bool {
        match self {
            Self::Remove { names, .. } | Self::Lock { names, .. } | Self::Unlock { names } => {
                names.len() <= guard::ALWAYS_ALLOWED as usize
            }
            Self::Adopt { .. } | Self::Rebind { .. } => true,
            _ => false,
        }
    }

    /// Whether it answers for each that was to be dealt with: one that is refused was not done.
    pub(crate) fn answers_for_each(&self) -> bool {
        matches!(
            self,
            Self::Adopt { .. } | Self::Rebind { .. } | Self::Lock { .. }
        )
    }

    /// What is written down as the command of the run.
    pub fn command(&self) -> Cow<'static, str> {
        match self {
            Self::Undo { run } => format!("undo {run}").into(),
            Self::Saved { plan, .. } => match plan.asked.sync {
                saved::Sync::Users { .. } => "apply sync users".into(),
                saved::Sync::Groups { .. } => "apply sync groups".into(),
            },
            _ => self.word().into(),
        }
    }

    /// What the lock is taken for.
    pub(crate) fn purpose(&self, options: &Options) -> Purpose {
        Purpose::of(self.word(), options.dry_run)
    }

    /// Under what the note of its last run is kept: runs for all, for new people, for known ones and for some are told apart.
    pub(crate) fn noted_as(&self) -> String {
        let word = self.word();
        match self {
            Self::Users { only, .. } if !only.is_empty() => format!("{word} --only"),
            Self::Users { new: false, .. } => format!("{word} --updated"),
            Self::Users {
                existing: false, ..
            } => format!("{word} --new"),
            Self::Groups { only } if !only.is_empty() => format!("{word} GROUP"),
            _ => word.to_owned(),
        }
    }

    /// Of what kind of sync its run is one, if it is for all of that kind.
    pub(crate) fn family(&self) -> Option<&'static str> {
        (self.is_sync() && self.asked().is_empty()).then(|| self.word())
    }

    /// What it is about, if that is one kind of things.
    pub(crate) fn entry_kind(&self) -> Option<EntryKind> {
        match self {
            Self::Users { .. } | Self::Remove { .. } | Self::Lock { .. } | Self::Unlock { .. } => {
                Some(EntryKind::Account)
            }
            Self::Groups { .. } => Some(EntryKind::Group),
            Self::Adopt { kind, .. } | Self::Release { kind, .. } | Self::Rebind { kind, .. } => {
                kind.map(|kind| match kind {
                    Kind::Account => EntryKind::Account,
                    Kind::Group => EntryKind::Group,
                })
            }
            Self::Undo { .. } => None,
            Self::Saved { plan, .. } => Some(match plan.asked.sync {
                saved::Sync::Users { .. } => EntryKind::Account,
                saved::Sync::Groups { .. } => EntryKind::Group,
            }),
        }
    }

    /// Whether it brings the host in step with what the provider says now.
    pub(crate) fn is_sync(&self) -> bool {
        matches!(self, Self::Users { .. } | Self::Groups { .. })
    }

    /// What of a sync a provider is asked for.
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::Groups { .. } => Scope::Groups,
            _ => Scope::Users,
        }
    }

    /// Whom or what a sync names.
    pub(crate) fn asked(&self) -> &[String] {
        match self {
            Self::Users { only, .. } | Self::Groups { only } => only,
            _ => &[],
        }
    }

    /// What the provider is asked for by name; a group brings those above it, `a` and `a.b` for
    /// `a.b.c`.
    pub(crate) fn named(&self) -> Option<Vec<String>> {
        let mut names = self.asked().to_vec();
        if let Self::Groups { only } = self {
            let above = only.iter().flat_map(|name| {
                name.match_indices('.')
                    .map(|(dot, _)| name[..dot].to_owned())
            });
            names.extend(above.filter(|name| !name.is_empty()));
        }
        names.sort();
        names.dedup();
        (!names.is_empty()).then_some(names)
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Users { .. } => "sync users",
            Self::Groups { .. } => "sync groups",
            Self::Remove { .. } => "deluser",
            Self::Adopt {
                which: Adoptees::Evident(_),
                ..
            } => "ledger rebuild",
            Self::Adopt { .. } => "adopt",
            Self::Release { .. } => "release",
            Self::Rebind { .. } => "rebind",
            Self::Lock { .. } => "lock",
            Self::Unlock { .. } => "unlock",
            Self::Undo { .. } => "undo",
            Self::Saved { .. } => "apply",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_group_is_asked_for_with_those_above_it() {
        let groups = |only: &[&str]| Task::Groups { only: words(only) }.named();
        assert_eq!(
            groups(&["a.b.c", "x"]),
            Some(words(&["a", "a.b", "a.b.c", "x"]))
        );
        assert_eq!(groups(&[".a", "a"]), Some(words(&[".a", "a"])));
        assert_eq!(groups(&[]), None);
        let users = Task::Users {
            new: true,
            existing: true,
            only: words(&["b.c", "a", "a"]),
        };
        assert_eq!(users.named(), Some(words(&["a", "b.c"])));
    }
}
