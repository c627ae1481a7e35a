//! The line of an owned account or group on the host, or why it is not gosync's to change.

use crate::model::history::EntryKind;
use crate::model::host::{Host, HostAccount, HostGroup};
use crate::model::owned::{OwnedAccount, OwnedGroup};
use crate::plan::Plan;
use crate::policy::Reason;

/// The line of an owned account.
///
/// # Errors
/// Why it is not gosync's to change.
pub(in crate::plan) fn account_line<'h>(
    own: &OwnedAccount,
    host: &'h Host<'_>,
) -> Result<&'h HostAccount<'h>, Reason> {
    account_line_as(&own.name, own, host)
}

/// The line of an owned account that may stand under another name than it is known by.
///
/// # Errors
/// As [`account_line`].
pub(super) fn account_line_as<'h>(
    name: &str,
    own: &OwnedAccount,
    host: &'h Host<'_>,
) -> Result<&'h HostAccount<'h>, Reason> {
    owned_account(name, own, host.accounts.get(name), host)
}

/// The line that was `found` under a name, of an owned account.
///
/// # Errors
/// As [`account_line`].
pub(super) fn owned_account<'h>(
    name: &str,
    own: &OwnedAccount,
    found: Option<&'h HostAccount<'h>>,
    host: &'h Host<'_>,
) -> Result<&'h HostAccount<'h>, Reason> {
    let found = found.ok_or_else(|| absent(name, host))?;
    let line = Line {
        kind: EntryKind::Account,
        name,
        number: found.uid,
        is_writable: found.writable,
    };
    line.check(own.uid.get(), host)?;
    Ok(found)
}

/// The line of an owned group.
///
/// # Errors
/// Why it is not gosync's to change.
pub(in crate::plan) fn group_line<'h>(
    own: &OwnedGroup,
    host: &'h Host<'_>,
) -> Result<&'h HostGroup<'h>, Reason> {
    group_line_as(&own.name, own, host)
}

/// The line of an owned group that may stand under another name than it is known by.
///
/// # Errors
/// As [`group_line`].
pub(super) fn group_line_as<'h>(
    name: &str,
    own: &OwnedGroup,
    host: &'h Host<'_>,
) -> Result<&'h HostGroup<'h>, Reason> {
    owned_group(name, own, host.groups.get(name), host)
}

/// The line that was `found` under a name, of an owned group.
///
/// # Errors
/// As [`group_line`].
pub(super) fn owned_group<'h>(
    name: &str,
    own: &OwnedGroup,
    found: Option<&'h HostGroup<'h>>,
    host: &'h Host<'_>,
) -> Result<&'h HostGroup<'h>, Reason> {
    let found = found.ok_or_else(|| absent(name, host))?;
    let line = Line {
        kind: EntryKind::Group,
        name,
        number: found.gid,
        is_writable: found.writable,
    };
    line.check(own.gid.get(), host)?;
    match found.members.is_text() {
        true => Ok(found),
        false => Err(Reason::MembersNotText),
    }
}

/// The same; `None`, and a remark, if it is not gosync's to change.
pub(super) fn group_line_or_remark<'h>(
    name: &str,
    own: &OwnedGroup,
    host: &'h Host<'_>,
    plan: &mut Plan,
) -> Option<&'h HostGroup<'h>> {
    group_line_as(name, own, host)
        .map_err(|reason| plan.remark(name, reason))
        .ok()
}

/// Why there is no line that programs read: a damaged one is not one that somebody took away.
fn absent(name: &str, host: &Host<'_>) -> Reason {
    match host.broken.contains(name) {
        true => Reason::LineMalformed,
        false => Reason::RemovedByHand,
    }
}

/// A line that was found, as far as accounts and groups are judged alike.
struct Line<'a> {
    kind: EntryKind,
    name: &'a str,
    number: u32,
    is_writable: bool,
}

impl Line<'_> {
    /// Whether it is the one of what gosync gave this number, and the only one of its name.
    fn check(&self, given: u32, host: &Host<'_>) -> Result<(), Reason> {
        let &Self { kind, name, .. } = self;
        if self.number != given {
            let found = self.number;
            return Err(Reason::OtherNumber { kind, found, given });
        }
        if host.repeated.contains(name) {
            return Err(Reason::LineRepeated { kind });
        }
        if host.broken.contains(name) {
            return Err(Reason::LineMalformed);
        }
        match self.is_writable {
            true => Ok(()),
            false => Err(Reason::NotWritable),
        }
    }
}
