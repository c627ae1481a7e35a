//! `gosync group new`: makes groups, with all that belongs to a new group.
//!
//! Each step is one that can be done again: a group that is there already is completed, so that
//! what a failure interrupted is finished by the same command.

use super::change::to_people;
use super::text::{description_file, policy_file};
use super::{Client, Tally, find};
use crate::cli::GroupNew;
use crate::commands::Outcome;
use crate::error::{Error, Result};
use crate::model::group_policy::GroupPolicy;
use crate::model::{Role, shown};
use crate::policy::catalogue;
use crate::providers::admin::{Ability, Action, AdminError, Done, ManagedGroup, NewGroup, Person};
use crate::system::clock;

pub(super) fn run(client: &Client<'_>, args: &GroupNew) -> Result<Outcome> {
    let (names, users) = split(&args.groups)?;
    let mut wishes = names
        .iter()
        .map(|name| Wish::new(client, args, name))
        .collect::<Result<Vec<_>>>()?;
    // Above before below: `a a.b` in whatever order.
    wishes.sort_by_key(|wish| wish.name.matches('.').count());
    client.need(&abilities(&wishes, users))?;
    let mut tally = Tally::default();
    let people = client.people(users, &mut tally)?;
    let mut work = Work {
        client,
        people,
        tally,
        begun: false,
    };
    for wish in &wishes {
        match work.make(wish) {
            Ok(()) => work.tally.done(),
            Err(e) if work.begun => work
                .tally
                .failed(client, &e.hint("Run the same command again to continue")),
            Err(e) => work.tally.failed(client, &e),
        }
    }
    Ok(work.tally.outcome())
}

/// What stands before the colon, and what after it.
fn split(words: &[String]) -> Result<(&[String], &[String])> {
    let (names, users) = match words.iter().position(|word| word == ":") {
        Some(colon) => (&words[..colon], &words[colon + 1..]),
        None => (words, &[][..]),
    };
    if names.is_empty() {
        return Err(Error::usage("there is no group before the colon"));
    }
    for name in names {
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            let message = format!("`{}` cannot be the name of a group", shown(name));
            return Err(Error::usage(message)
                .hint("It must not be empty, and must have no control characters"));
        }
        if name.ends_with(':') {
            return Err(Error::usage(format!(
                "`{}`: a group's name cannot end with a colon",
                shown(name)
            ))
            .hint("With a blank before the colon, people may follow it"));
        }
    }
    Ok((names, users))
}

/// A group as it should be.
struct Wish {
    name: String,
    parent: Option<String>,
    /// What the group is described with when it is made.
    description: String,
    /// What a file says about it.
    custom: Option<String>,
    policy: Option<GroupPolicy>,
    admins: Vec<String>,
}

impl Wish {
    fn new(client: &Client<'_>, args: &GroupNew, name: &str) -> Result<Self> {
        let settings = &client.setup.settings;
        let parent = match (&args.parent, args.top) {
            (Some(parent), _) => Some(parent.clone()),
            (None, true) => None,
            (None, false) => catalogue::parent_of(name).map(str::to_owned),
        };
        Ok(Self {
            name: name.to_owned(),
            parent,
            description: settings.catalogue.description_of(name, &clock::today()),
            custom: description_file(client, name)?.map(|(_, text)| text),
            policy: policy_file(client, name)?,
            admins: settings.catalogue.admins_of(name),
        })
    }
}

/// All that has to be possible before the first step is made.
fn abilities(wishes: &[Wish], users: &[String]) -> Vec<Ability> {
    let any = |is: fn(&Wish) -> bool| wishes.iter().any(is);
    let needs = [
        (true, Ability::Create),
        (any(|w| w.parent.is_some()), Ability::CreateBelow),
        (
            any(|w| w.custom.is_some() || !w.description.is_empty()),
            Ability::Describe,
        ),
        (any(|w| w.policy.is_some()), Ability::Policy),
        (any(|w| !w.admins.is_empty()), Ability::Role(Role::Admin)),
        (!users.is_empty(), Ability::Role(Role::Member)),
    ];
    needs
        .into_iter()
        .filter_map(|(needed, ability)| needed.then_some(ability))
        .collect()
}

/// What one command makes.
struct Work<'a> {
    client: &'a Client<'a>,
    /// Who becomes a member.
    people: Vec<Person>,
    tally: Tally,
    /// Whether there is anything that the same command would find again.
    begun: bool,
}

impl Work<'_> {
    fn make(&mut self, wish: &Wish) -> Result<()> {
        let client = self.client;
        let groups = client.groups(false)?;
        let parent = match &wish.parent {
            Some(name) => Some(find(&groups, name)?.ok_or_else(|| parentless(&wish.name, name))?),
            None => None,
        };
        let group = match find(&groups, &wish.name)? {
            Some(group) => {
                client.setup.ui.notice(format!(
                    "{}: is there already, with the id {}",
                    group.name, group.id
                ));
                group.clone()
            }
            None => {
                let (name, description) = (wish.name.clone(), wish.description.clone());
                let group = client.admin.create(&NewGroup {
                    name,
                    description,
                    parent: parent.map(|p| p.id.clone()),
                })?;
                client
                    .setup
                    .ui
                    .notice(format!("{}: made, with the id {}", group.name, group.id));
                group
            }
        };
        self.begun = true;
        self.complete(wish, &group)?;
        for group in parent.into_iter().chain([&group]) {
            to_people(
                client,
                group,
                &Action::Set(Role::Member),
                &self.people,
                &mut self.tally,
            )?;
        }
        Ok(())
    }

    fn complete(&mut self, wish: &Wish, group: &ManagedGroup) -> Result<()> {
        let client = self.client;
        if let Some(policy) = &wish.policy {
            step(
                client,
                group,
                "policy",
                client.admin.set_policy(group, policy),
            )?;
        }
        if let Some(text) = &wish.custom {
            step(
                client,
                group,
                "description",
                client.admin.describe(group, text),
            )?;
        }
        let admins = client.people(&wish.admins, &mut self.tally)?;
        to_people(
            client,
            group,
            &Action::Set(Role::Admin),
            &admins,
            &mut self.tally,
        )
    }
}

fn parentless(group: &str, parent: &str) -> Error {
    let (group, parent) = (shown(group), shown(parent));
    Error::failed(format!(
        "`{group}` is to be made below `{parent}`, and no group that we manage is called so"
    ))
    .hint(format!(
        "Make `{parent}` too, or say by -parent or -top where `{group}` belongs"
    ))
}

/// Tells how something that belongs to a new group was set.
fn step(
    client: &Client<'_>,
    group: &ManagedGroup,
    what: &str,
    done: std::result::Result<Done, AdminError>,
) -> Result<()> {
    match done {
        Ok(Done::Changed) => client
            .setup
            .ui
            .notice(format!("{}: the {what} is set", group.name)),
        Ok(Done::Already) => {}
        Err(e) => {
            let error = Error::from(e);
            return Err(Error::new(
                error.kind,
                format!("{}: the {what} could not be set: {error}", group.name),
            ));
        }
    }
    Ok(())
}
