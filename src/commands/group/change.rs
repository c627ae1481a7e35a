//! `gosync group member`, `manager`, `admin`, `delmember` and `accept`: one thing done to several
//! people of a group.

use super::{Client, Tally};
use crate::cli::GroupUsers;
use crate::commands::Outcome;
use crate::error::{Error, Result};
use crate::model::Role;
use crate::providers::admin::{Ability, Action, Done, ManagedGroup, Person};

pub(super) fn set(client: &Client<'_>, args: &GroupUsers, role: Role) -> Result<Outcome> {
    client.need(&[Ability::Role(role)])?;
    change(client, &args.group, &Action::Set(role), &args.users)
}

/// `accept GROUP USER EMAIL`, or `accept GROUP USER...`.
pub(super) fn accept(client: &Client<'_>, args: &GroupUsers) -> Result<Outcome> {
    match args.users.as_slice() {
        [user, email] if email.contains('@') && !user.contains('@') => {
            client.need(&[Ability::AcceptAddress])?;
            let action = Action::Accept {
                email: Some(email.clone()),
            };
            change(client, &args.group, &action, std::slice::from_ref(user))
        }
        users => {
            client.need(&[Ability::Accept])?;
            change(client, &args.group, &Action::Accept { email: None }, users)
        }
    }
}

pub(super) fn change(
    client: &Client<'_>,
    group: &str,
    action: &Action,
    users: &[String],
) -> Result<Outcome> {
    let group = client.group(group)?;
    let mut tally = Tally::default();
    let people = client.people(users, &mut tally)?;
    to_people(client, &group, action, &people, &mut tally)?;
    Ok(tally.outcome())
}

/// Does `action` to people, and tells what became of each.
pub(super) fn to_people(
    client: &Client<'_>,
    group: &ManagedGroup,
    action: &Action,
    people: &[Person],
    tally: &mut Tally,
) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let fates = client.admin.change(group, action, people)?;
    for (person, fate) in people.iter().zip(fates) {
        let what = format!("{}: `{}` {}", group.name, person.login, words(action));
        match fate {
            Ok(Done::Changed) => client.setup.ui.notice(what),
            Ok(Done::Already) => client.setup.ui.notice(format!("{what} already")),
            Err(e) => {
                let error = Error::from(e);
                let message = format!("{}: `{}`: {error}", group.name, person.login);
                tally.failed(client, &Error::new(error.kind, message));
                continue;
            }
        }
        tally.done();
    }
    Ok(())
}

fn words(action: &Action) -> &'static str {
    match action {
        Action::Set(Role::Member) => "is a member",
        Action::Set(Role::Manager) => "is a manager",
        Action::Set(Role::Admin) => "is an administrator",
        Action::Remove => "is out",
        Action::Accept { .. } => "is accepted",
    }
}
