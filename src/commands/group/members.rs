//! `gosync group members`: who is in groups, one `group (status) user` a line, sorted by status and
//! user.

use super::{Client, Tally, find, unknown};
use crate::cli::Groups;
use crate::commands::Outcome;
use crate::error::{Error, Result};
use crate::model::Status;

pub(super) fn run(client: &Client<'_>, args: &Groups) -> Result<Outcome> {
    let groups = client.groups(false)?;
    let mut tally = Tally::default();
    for name in &args.groups {
        let group = find(&groups, name).and_then(|found| found.ok_or_else(|| unknown(name)));
        let members = group.and_then(|group| {
            let members = client.admin.members(&group.id).map_err(Error::from)?;
            Ok((group, members))
        });
        match members {
            Ok((group, members)) => {
                let mut rows: Vec<(&str, String)> = members
                    .iter()
                    .map(|m| (word(m.status), m.person.login.to_string()))
                    .collect();
                rows.sort();
                let lines = rows
                    .iter()
                    .map(|(status, login)| format!("{} ({status}) {login}\n", group.name));
                client.setup.ui.data(&lines.collect::<String>());
                tally.done();
            }
            Err(e) => tally.failed(client, &e),
        }
    }
    Ok(tally.outcome())
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Invited => "invited",
        Status::Pending => "pending",
        Status::Suspended => "suspended",
        Status::Rejected => "rejected",
        Status::Removed => "removed",
        Status::Left => "left",
        Status::Declined => "declined",
    }
}
