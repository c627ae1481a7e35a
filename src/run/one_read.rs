//! One read of people and of groups, for the two syncs of one run.
//!
//! The first sync reads for the second, too: whatever both are made of is then of one moment, and people are read once. Decides
//! nothing. Both syncs run under one lock, so that nobody else brings the host in step with something newer in between.

use std::cell::RefCell;

use crate::model::history::EntryKind;
use crate::model::{
    Completeness, Directory, Finding, Group, RejectedRecord, RemoteId, Snapshot, User, same_name,
};
use crate::providers::{
    Answers, Earlier, FetchError, Mark, Provider, Query, Reading, Scope, Whole,
};
use crate::system::inputs::{self, Inputs};

/// What the read for people has left to the sync of groups.
#[derive(Debug, Default)]
pub(crate) struct OneRead {
    mark: RefCell<Option<Mark>>,
    kept: RefCell<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    /// `None`: all was as it was, and nothing was taken apart.
    said: Option<Said>,
    answers: Option<Answers>,
    since: Option<i64>,
    /// The files that it was read from.
    inputs: Option<Inputs>,
}

/// What was said of groups.
#[derive(Debug)]
struct Said {
    /// Id and login of everybody, and whether they are active.
    people: Vec<(RemoteId, String, bool)>,
    groups: Vec<Group>,
    rejected: Vec<RejectedRecord>,
    findings: Vec<Finding>,
    completeness: Completeness,
}

impl Kept {
    /// Whether it is what was answered earlier.
    fn is(&self, earlier: &Earlier) -> bool {
        self.answers.is_some() && self.answers == earlier.answers
    }
}

/// A question to a provider.
pub(crate) struct Asking<'a> {
    pub(crate) provider: &'a dyn Provider,
    pub(crate) query: &'a Query,
    /// What was answered earlier.
    pub(crate) earlier: &'a Earlier,
    /// Is told how many objects have been read so far.
    pub(crate) progress: &'a dyn Fn(usize),
}

impl Asking<'_> {
    /// What the provider answers.
    ///
    /// # Errors
    /// When nothing usable could be read.
    pub(crate) fn read(&self) -> Result<Reading, FetchError> {
        self.provider.read(self.query, self.earlier, self.progress)
    }
}

impl OneRead {
    /// What is answered: by the provider, or by what was kept.
    ///
    /// # Errors
    /// When nothing usable could be read.
    pub(crate) fn read(&self, asking: &Asking<'_>) -> Result<Reading, FetchError> {
        let query = asking.query;
        match query.scope {
            _ if query.only.is_some() || !asking.provider.reads_both() => asking.read(),
            Scope::Groups => match self.kept.take() {
                Some(kept) if kept.is(asking.earlier) => {
                    inputs::recall(kept.inputs.as_ref());
                    Ok(Reading::Same)
                }
                Some(Kept {
                    said: Some(said),
                    answers,
                    since,
                    inputs,
                }) => {
                    inputs::recall(inputs.as_ref());
                    Ok(Reading::Whole(Box::new(Whole {
                        snapshot: said.into_snapshot(),
                        answers,
                        since,
                    })))
                }
                // Nobody was read for the accounts.
                _ => asking.read(),
            },
            Scope::Users | Scope::Both => self.read_both(asking),
        }
    }

    fn read_both(&self, asking: &Asking<'_>) -> Result<Reading, FetchError> {
        let query = &Query {
            scope: Scope::Both,
            ..asking.query.clone()
        };
        let (reading, inputs) = inputs::during(|| Asking { query, ..*asking }.read());
        let mut kept = Kept {
            said: None,
            answers: asking.earlier.answers.clone(),
            since: None,
            inputs,
        };
        let mut reading = reading?;
        if let Reading::Whole(whole) = &mut reading {
            kept.said = Some(divide(&mut whole.snapshot, asking.query));
            kept.answers.clone_from(&whole.answers);
            kept.since = whole.since;
        }
        self.kept.replace(Some(kept));
        Ok(reading)
    }

    /// Has the provider mark what a query is answered. What was kept was marked before it was read.
    ///
    /// # Errors
    /// As [`Provider::mark`].
    pub(crate) fn mark(
        &self,
        provider: &dyn Provider,
        query: &Query,
    ) -> Result<Option<Mark>, FetchError> {
        if query.scope == Scope::Groups {
            return match *self.kept.borrow() {
                Some(_) => Ok(self.mark.take()),
                None => provider.mark(query),
            };
        }
        if provider.reads_both() {
            let of_groups = Query {
                scope: Scope::Groups,
                top_group: None,
                ..query.clone()
            };
            self.mark.replace(provider.mark(&of_groups)?);
        }
        provider.mark(query)
    }
}

impl Said {
    fn into_snapshot(self) -> Snapshot {
        let people = self.people.into_iter();
        let users = people.map(|(id, login, active)| User {
            active,
            ..User::new(id, login)
        });
        let directory = Directory {
            users: users.collect(),
            groups: self.groups,
        };
        Snapshot::new(directory, self.rejected, self.completeness).with_findings(self.findings)
    }
}

/// Leaves what a read for people alone would give, and takes out what one for groups alone would. What is wrong with a record is
/// told by the sync that it is for.
fn divide(both: &mut Snapshot, query: &Query) -> Said {
    let is_of_groups = |record: &mut RejectedRecord| record.kind != EntryKind::Account;
    let rejected = both.rejected.extract_if(.., is_of_groups).collect();
    let is_of_members = |it: &mut Finding| matches!(it, Finding::UnknownMembers { .. });
    let findings = both.findings.extract_if(.., is_of_members).collect();
    let of_person = |user: &User| (user.id.clone(), user.login.raw().to_owned(), user.active);
    let people = both.directory.users.iter().map(of_person).collect();
    let groups = std::mem::take(&mut both.directory.groups);
    let is_top = |group: &&Group| {
        let top = query.top_group.as_deref();
        top.is_some_and(|top| same_name(group.name.raw(), top))
    };
    both.directory.groups = match query.scope {
        Scope::Both => groups.clone(),
        _ => groups.iter().filter(is_top).cloned().collect(),
    };
    Said {
        people,
        groups,
        rejected,
        findings,
        completeness: both.completeness.clone(),
    }
}
