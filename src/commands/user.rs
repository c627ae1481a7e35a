//! `gosync user dump`: people and the groups that they are in, for reports and for other programs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Outcome;
use super::setup::Setup;
use crate::cli::{DumpForm, Global, User as Command, UserDump};
use crate::error::{Error, Kind, Result};
use crate::model::{Completeness, Directory, RemoteId, Snapshot, Status, Untrusted, User};
use crate::policy::select::Selection;
use crate::providers::Scope;
use crate::ui::listing;
use crate::ui::{Ui, document};

pub(super) fn run(global: &Global, args: &Command, ui: Ui) -> Result<Outcome> {
    let Command::Dump(args) = args;
    let setup = Setup::for_provider(global, ui)?;
    let people = setup.fetch(Scope::Users, None)?;
    let groups = setup.fetch(Scope::Groups, None)?;
    let selection = setup.selection(&people.directory)?;
    let groups_of = memberships(&groups.directory);
    let mut rows: Vec<Row<'_>> = people
        .directory
        .users
        .iter()
        .map(|user| Row {
            user,
            selection: selection(user),
            groups: groups_of.get(&user.id).cloned().unwrap_or_default(),
        })
        .filter(|row| {
            row.selection == Selection::Selected
                || (args.all && row.selection == Selection::Suspended)
        })
        .collect();
    rows.sort_by(|a, b| (a.user.login.raw(), &a.user.id).cmp(&(b.user.login.raw(), &b.user.id)));
    match args.form {
        DumpForm::Json => {
            let users: Vec<Value> = rows
                .iter()
                .map(|row| Value::Object(row.json(args)))
                .collect();
            ui.data(&document(json!({ "users": users })));
        }
        DumpForm::Csv => ui.data(&csv(&rows, args)?),
    }
    let mut told = BTreeSet::new();
    for record in people.rejected.iter().chain(&groups.rejected) {
        let text = format!("left out {}: {}", record.subject, record.reason);
        if told.insert(text.clone()) {
            ui.warn(text);
        }
    }
    for snapshot in [&people, &groups] {
        incomplete(snapshot)?;
    }
    Ok(Outcome::Done)
}

fn incomplete(snapshot: &Snapshot) -> Result<()> {
    match &snapshot.completeness {
        Completeness::Incomplete(reason) => Err(Error::new(
            Kind::Source,
            format!("the read was incomplete: {reason}"),
        )
        .hint("Somebody may be missing")),
        Completeness::Complete(_) | Completeness::Narrowed => Ok(()),
    }
}

/// The names of everybody's groups, sorted.
fn memberships(directory: &Directory) -> BTreeMap<&RemoteId, Vec<&str>> {
    let mut out: BTreeMap<&RemoteId, Vec<&str>> = BTreeMap::new();
    for group in &directory.groups {
        for member in group
            .members
            .iter()
            .filter(|member| member.status == Status::Active)
        {
            out.entry(&member.user).or_default().push(group.name.raw());
        }
    }
    for groups in out.values_mut() {
        groups.sort_unstable();
        groups.dedup();
    }
    out
}

struct Row<'a> {
    user: &'a User,
    selection: Selection,
    groups: Vec<&'a str>,
}

/// The columns of a CSV; the rest only with `--details`.
const COLUMNS: [&str; 6] = ["id", "login", "name", "email", "active", "groups"];
const DETAILS: [&str; 5] = ["uid", "home", "shell", "updated", "ssh_keys"];

impl Row<'_> {
    /// Its fields as data: exactly what the provider said.
    fn json(&self, args: &UserDump) -> Map<String, Value> {
        let text = |field: &Option<Untrusted>| json!(field.as_ref().map(Untrusted::raw));
        let user = self.user;
        let mut out = Map::new();
        out.insert("id".to_owned(), json!(user.id.as_str()));
        out.insert("login".to_owned(), json!(user.login.raw()));
        out.insert("name".to_owned(), text(&user.name));
        out.insert("email".to_owned(), text(&user.email));
        out.insert(
            "active".to_owned(),
            json!(self.selection == Selection::Selected),
        );
        out.insert("groups".to_owned(), json!(self.groups));
        if args.details {
            let keys: Vec<&str> = user.ssh_keys.iter().map(Untrusted::raw).collect();
            out.insert("uid".to_owned(), text(&user.uid));
            out.insert("home".to_owned(), text(&user.home));
            out.insert("shell".to_owned(), text(&user.shell));
            out.insert("updated".to_owned(), text(&user.updated));
            out.insert("ssh_keys".to_owned(), json!(keys));
        }
        out
    }
}

/// Lists stand in one field, one item a line.
fn csv(rows: &[Row<'_>], args: &UserDump) -> Result<String> {
    let columns: Vec<&str> = COLUMNS
        .iter()
        .chain(DETAILS.iter().filter(|_| args.details))
        .copied()
        .collect();
    let cell = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("\n"),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let cells = rows.iter().map(|row| {
        let fields = row.json(args);
        columns
            .iter()
            .map(|column| fields.get(*column).map(cell).unwrap_or_default())
            .collect()
    });
    listing::records(&columns, cells).map_err(Error::failed)
}
