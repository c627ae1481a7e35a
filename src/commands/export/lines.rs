//! Lines of passwd(5) and group(5), as they stand on the host.

use std::fmt::Write as _;

use super::collect::Exported;

pub(super) fn passwd(exported: &Exported<'_>) -> String {
    let mut out = String::new();
    for account in &exported.accounts {
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
pub(super) fn group(exported: &Exported<'_>) -> String {
    let groups = exported.groups.iter().map(|it| (it.name, it.on_host));
    let mut out = String::new();
    for (name, group) in groups.chain(exported.private.iter().copied()) {
        let members: Vec<&str> = group.members.names().collect();
        let _ = writeln!(out, "{name}:x:{}:{}", group.gid, members.join(","));
    }
    out
}
