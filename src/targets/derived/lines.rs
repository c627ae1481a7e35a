//! Lines of passwd(5) and group(5), as they stand on the host.

use std::fmt::Write as _;

use super::roll::Roll;

pub(crate) fn passwd(roll: &Roll<'_>) -> String {
    let mut out = String::new();
    for account in &roll.accounts {
        let on_host = &account.on_host;
        let fields = &on_host.fields;
        let _ = writeln!(
            out,
            "{}:x:{}:{}:{}:{}:{}",
            account.name, on_host.uid, on_host.gid, fields.gecos, fields.home, fields.shell
        );
    }
    out
}

/// With the groups that are one account's own.
pub(crate) fn group(roll: &Roll<'_>) -> String {
    let groups = roll.groups.iter().map(|it| (it.name, it.on_host));
    let mut out = String::new();
    for (name, group) in groups.chain(roll.private.iter().copied()) {
        let members: Vec<&str> = group.members.names().collect();
        let _ = writeln!(out, "{name}:x:{}:{}", group.gid, members.join(","));
    }
    out
}
