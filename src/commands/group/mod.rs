//! `gosync group`: the groups at the provider. Changes nothing on this host.
//!
//! Groups are found by name among those that the client may manage. What is done to several people
//! or groups is told one by one; a failure does not stop the rest.

mod change;
mod get;
mod list;
mod members;
mod new;
mod text;

use std::collections::BTreeSet;

use super::{Outcome, Session};
use crate::cli::{Global, Group};
use crate::commands::setup::Setup;
use crate::error::{Error, Kind, Result};
use crate::model::{Named, Role, named, shown};
use crate::providers::FetchError;
use crate::providers::admin::{Ability, Action, AdminError, GroupAdmin, ManagedGroup, Person};
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &Group, ui: Ui, session: &Session) -> Result<Outcome> {
    let setup = Setup::for_provider(global, ui)?;
    let admin = session.group_admin(&setup)?;
    let client = Client {
        setup: &setup,
        admin: admin.as_ref(),
    };
    match args {
        Group::Accept(args) => change::accept(&client, args),
        Group::Admin(args) => change::set(&client, args, Role::Admin),
        Group::Delmember(args) => {
            change::change(&client, &args.group, &Action::Remove, &args.users)
        }
        Group::Get(args) => get::run(&client, args),
        Group::List(args) => list::run(&client, args),
        Group::Manager(args) => change::set(&client, args, Role::Manager),
        Group::Member(args) => change::set(&client, args, Role::Member),
        Group::Members(args) => members::run(&client, args),
        Group::New(args) => new::run(&client, args),
        Group::Syncdesc(args) => text::descriptions(&client, args),
        Group::Syncpolicy(args) => text::policies(&client, args),
    }
}

/// A provider whose groups we manage.
struct Client<'a> {
    setup: &'a Setup<'a>,
    admin: &'a dyn GroupAdmin,
}

impl From<AdminError> for Error {
    fn from(error: AdminError) -> Self {
        match &error {
            AdminError::Fetch(
                FetchError::RateLimited { .. }
                | FetchError::Failing { .. }
                | FetchError::Unreachable { .. },
            ) => Error::new(Kind::Source, error),
            AdminError::Fetch(_) | AdminError::Incomplete { .. } => Error::new(Kind::Source, error),
            AdminError::Unable { .. } | AdminError::Refused(_) => Error::failed(error),
        }
    }
}

impl Client<'_> {
    /// Sees to it, before anything is done, that the provider can do all of these.
    fn need(&self, abilities: &[Ability]) -> Result<()> {
        let provider = self.admin.name().to_owned();
        match abilities.iter().find(|ability| self.admin.lacks(**ability)) {
            Some(ability) => Err(Error::from(AdminError::Unable {
                provider,
                ability: *ability,
            })
            .hint("Nothing was done")),
            None => Ok(()),
        }
    }

    /// All groups that we may manage.
    fn groups(&self, describe: bool) -> Result<Vec<ManagedGroup>> {
        Ok(self.admin.groups(describe)?)
    }

    /// The one group of this name.
    fn group(&self, name: &str) -> Result<ManagedGroup> {
        find(&self.groups(false)?, name)?
            .cloned()
            .ok_or_else(|| unknown(name))
    }

    /// People by login, in the order of `logins`; who is not there is told.
    fn people(&self, logins: &[String], tally: &mut Tally) -> Result<Vec<Person>> {
        if logins.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.admin.people(logins)?;
        let mut out: Vec<Person> = Vec::new();
        let mut told = BTreeSet::new();
        for login in logins {
            let problem = match named(login, &found, |person| person.login.raw()) {
                Named::One(person) => {
                    // Somebody may be named twice, in whatever letters.
                    if out.iter().all(|there| there.id != person.id) {
                        out.push(person.clone());
                    }
                    continue;
                }
                Named::None => format!("the provider has no user named `{}`", shown(login)),
                Named::Several(several) => {
                    let ids: Vec<&str> = several.iter().map(|person| person.id.as_str()).collect();
                    format!(
                        "{} people have the login `{}`: {}",
                        several.len(),
                        shown(login),
                        ids.join(", ")
                    )
                }
            };
            if told.insert(login) {
                tally.failed(self, &Error::failed(problem));
            }
        }
        Ok(out)
    }
}

/// The one group of this name, if there is one.
fn find<'g>(groups: &'g [ManagedGroup], name: &str) -> Result<Option<&'g ManagedGroup>> {
    match named(name, groups, |group| group.name.raw()) {
        Named::None => Ok(None),
        Named::One(group) => Ok(Some(group)),
        Named::Several(several) => {
            let ids: Vec<&str> = several.iter().map(|group| group.id.as_str()).collect();
            let message = format!(
                "{} groups are called `{}`: {}",
                several.len(),
                shown(name),
                ids.join(", ")
            );
            Err(Error::failed(message).hint("Rename all but one of them at the provider"))
        }
    }
}

fn unknown(name: &str) -> Error {
    Error::failed(format!(
        "there is no group `{}` among those that we manage",
        shown(name)
    ))
    .hint("`gosync group list -format text` shows them")
}

/// How several things went.
#[derive(Default)]
struct Tally {
    done: usize,
    failed: usize,
    first: Option<Kind>,
}

impl Tally {
    fn done(&mut self) {
        self.done += 1;
    }

    /// Tells a failure that does not stop the rest.
    fn failed(&mut self, client: &Client<'_>, error: &Error) {
        client.setup.ui.error(error);
        self.first.get_or_insert(error.kind);
        self.failed += 1;
    }

    /// The end of a command: what failed was told already.
    fn outcome(self) -> Outcome {
        match (self.done, self.first) {
            (_, None) => Outcome::Done,
            (0, Some(kind)) => Outcome::Reported(kind),
            (_, Some(_)) => Outcome::Reported(Kind::Partial),
        }
    }
}
