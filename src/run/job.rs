//! What a run is asked to do.

use crate::cli::{PlanArgs, Sync, SyncGroups, SyncUsers};
use crate::providers::Scope;

/// One of the two kinds of run.
pub(crate) struct Job<'a> {
    pub(crate) kind: JobKind<'a>,
    pub(crate) options: &'a PlanArgs,
}

pub(crate) enum JobKind<'a> {
    Users(&'a SyncUsers),
    Groups(&'a SyncGroups),
}

impl<'a> Job<'a> {
    pub(crate) fn new(args: &'a Sync) -> Self {
        match args {
            Sync::Users(args) => Self {
                kind: JobKind::Users(args),
                options: &args.plan,
            },
            Sync::Groups(args) => Self {
                kind: JobKind::Groups(args),
                options: &args.plan,
            },
        }
    }

    pub(crate) fn command(&self) -> &'static str {
        match self.kind {
            JobKind::Users(_) => "sync users",
            JobKind::Groups(_) => "sync groups",
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        match self.kind {
            JobKind::Users(_) => Scope::Users,
            JobKind::Groups(_) => Scope::Groups,
        }
    }

    /// Whom or what the command line names.
    pub(crate) fn asked(&self) -> &'a [String] {
        match self.kind {
            JobKind::Users(args) => &args.only,
            JobKind::Groups(args) => &args.groups,
        }
    }

    /// What the provider is asked for by name; a group brings those above it, `a` and `a.b` for `a.b.c`.
    pub(crate) fn named(&self) -> Option<Vec<String>> {
        let mut names = self.asked().to_vec();
        if let JobKind::Groups(args) = self.kind {
            let above = args.groups.iter().flat_map(|name| {
                name.match_indices('.')
                    .map(|(dot, _)| name[..dot].to_owned())
            });
            names.extend(above.filter(|name| !name.is_empty()));
        }
        names.sort();
        names.dedup();
        (!names.is_empty()).then_some(names)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::{Cli, Command};

    pub(crate) fn with_job<T>(line: &str, f: impl FnOnce(&Job<'_>) -> T) -> T {
        let Command::Sync(args) = Cli::read(line.split_whitespace()).unwrap().command else {
            panic!()
        };
        f(&Job::new(&args))
    }

    #[test]
    fn a_group_is_asked_for_with_those_above_it() {
        let named = |line| with_job(line, |job| job.named());
        assert_eq!(
            named("gosync sync groups a.b.c x"),
            Some(["a", "a.b", "a.b.c", "x"].map(str::to_owned).to_vec())
        );
        assert_eq!(
            named("gosync sync groups .a a"),
            Some([".a", "a"].map(str::to_owned).to_vec())
        );
        assert_eq!(named("gosync sync groups"), None);
        assert_eq!(
            named("gosync sync users --only b.c,a --only a"),
            Some(["a", "b.c"].map(str::to_owned).to_vec())
        );
    }
}
