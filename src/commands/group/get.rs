//! `gosync group get`: names and ids.

use super::{Client, Tally, find, unknown};
use crate::cli::Groups;
use crate::commands::Outcome;
use crate::error::Result;

pub(super) fn run(client: &Client<'_>, args: &Groups) -> Result<Outcome> {
    let groups = client.groups(false)?;
    let mut tally = Tally::default();
    for name in &args.groups {
        match find(&groups, name).and_then(|found| found.ok_or_else(|| unknown(name))) {
            Ok(group) => {
                client
                    .setup
                    .ui
                    .data(&format!("{} {}\n", group.name, group.id));
                tally.done();
            }
            Err(e) => tally.failed(client, &e),
        }
    }
    Ok(tally.outcome())
}
