//! `gosync group`: the groups at the provider. Changes nothing on this host.
//!
//! Groups are found by exact name among those that the client may manage. What is done to several people or groups is
//! told one by one; a failure does not stop the rest.

mod change;
mod get;
mod list;
mod members;
mod new;
mod text;

use super::{Outcome, Session};
use crate::cli::{Global, Group};
use crate::error::{Error, Kind, Result};
use crate::model::{Role, shown};
use crate::providers::FetchError;
use crate::providers::admin::{Ability, Action, AdminError, GroupAdmin, ManagedGroup, Person};
use crate::run::setup::Setup;
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
            AdminError::Fetch(FetchError::RateLimited { .. } | FetchError::Unreachable { .. }) => {
                Error::new(Kind::Source, error)
            }
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
        let mut wanted: Vec<String> = Vec::new();
        for login in logins {
            if !wanted.contains(login) {
                wanted.push(login.clone());
            }
        }
        let mut found = self.admin.people(&wanted)?;
        let mut out = Vec::new();
        for login in &wanted {
            let exact = |person: &Person| person.login.raw() == login;
            let alike = |person: &Person| person.login.raw().eq_ignore_ascii_case(login);
            let any_exact = found.iter().any(exact);
            let theirs = |person: &Person| {
                if any_exact {
                    exact(person)
                } else {
                    alike(person)
                }
            };
            match found.iter().filter(|person| theirs(person)).count() {
                0 => tally.failed(
                    self,
                    &Error::failed(format!("the provider knows no `{}`", shown(login))),
                ),
                1 => out.extend(
                    found
                        .iter()
                        .position(theirs)
                        .map(|at| found.swap_remove(at)),
                ),
                n => {
                    let ids: Vec<&str> = found
                        .iter()
                        .filter(|p| theirs(p))
                        .map(|p| p.id.as_str())
                        .collect();
                    let message = format!(
                        "{n} people have the login `{}`: {}",
                        shown(login),
                        ids.join(", ")
                    );
                    tally.failed(self, &Error::failed(message));
                }
            }
        }
        Ok(out)
    }
}

/// The one group of this name, if there is one.
fn find<'g>(groups: &'g [ManagedGroup], name: &str) -> Result<Option<&'g ManagedGroup>> {
    let found: Vec<&ManagedGroup> = groups
        .iter()
        .filter(|group| group.name.raw() == name)
        .collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
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
