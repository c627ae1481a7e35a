//! What becomes of the account of somebody who left, after it was locked: the home is packed and taken away, then the
//! account is removed. Each only with the proof of a complete read, and none while anything runs as the account.
//!
//! Somebody who comes back gets all of it again, but what is in the archive; that is told.

use super::accounts::{Against, ours};
use super::removal::others_use_group;
use crate::model::host::Owner;
use crate::model::owned::{OwnedAccount, Rung, State};
use crate::model::{Completeness, RemoteId, Untrusted, UserName};
use crate::plan::{Change, Deed, HomeFate, Plan, Remark};
use crate::policy::{DepartedRules, Reason};

/// When the rungs that are left to a locked account come, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its home is packed and taken away; `None`: never, or it is done.
    pub archive: Option<i64>,
    /// It is removed; `None`: never.
    pub remove: Option<i64>,
}

/// When the next rungs come for an account that has come so far.
pub fn due(rung: &Rung, rules: &DepartedRules) -> Due {
    let at = |after: u64| rung.since.saturating_add_unsigned(after);
    let archive = rules.archive_after.filter(|_| rung.archive.is_none());
    Due {
        archive: archive.map(at),
        remove: rules.remove_after.map(at),
    }
}

/// Takes a locked account, whose person this read shows to be gone, to the next rung if its time has come. Returns
/// whether anything is planned.
pub(super) fn climb(
    id: &RemoteId,
    own: &OwnedAccount,
    against: &Against<'_>,
    plan: &mut Plan,
) -> bool {
    let Against {
        owned, rules, now, ..
    } = *against;
    let Some(rung) = owned.rungs.get(id).filter(|_| own.state == State::Locked) else {
        return false;
    };
    if !matches!(against.completeness, Completeness::Complete(_)) {
        return false;
    }
    let Ok(name) = UserName::new(&own.name, true) else {
        return false;
    };
    let due = due(rung, &rules.departed);
    // A clock that was set back takes nothing away from what is due at once.
    let is_due = |at: Option<i64>| at.is_some_and(|at| now.max(rung.since) >= at);
    let (archive, remove) = (is_due(due.archive), is_due(due.remove));
    if !archive && !remove {
        return false;
    }
    let is_removed = !against.host.accounts.contains_key(own.name.as_str());
    if !is_removed && ours(own, against.host).is_err() {
        return false;
    }
    if against.site.processes(own.uid) > 0 {
        plan.remark(&own.name, Reason::DepartureWaits);
        return false;
    }
    if archive && !is_removed {
        match archive_home(id, &name, own, rung, against) {
            Ok(Some(change)) => {
                plan.changes.push(change);
                return true;
            }
            Ok(None) => {}
            Err(reason) => {
                let why = reason.boxed();
                plan.remark(&own.name, Reason::NotArchived { why });
                return false;
            }
        }
    }
    if remove {
        plan.changes.push(remove_account(
            id,
            name,
            own,
            against,
            plan.remarks.as_mut(),
        ));
    }
    remove
}

/// The packing of a home; `None` if there is no home.
fn archive_home(
    id: &RemoteId,
    name: &UserName,
    own: &OwnedAccount,
    rung: &Rung,
    against: &Against<'_>,
) -> Result<Option<Change>, Reason> {
    let home = &own.applied.home;
    if against
        .host
        .accounts
        .get(own.name.as_str())
        .is_some_and(|found| found.home != home)
    {
        return Err(Reason::HomeChanged);
    }
    // The time of the locking makes the name one that nothing else has, and that is found again after a kill.
    let locked = jiff::Timestamp::from_second(rung.since)
        .map(|at| at.strftime("%Y%m%dT%H%M%SZ").to_string());
    let locked = locked.unwrap_or_else(|_| rung.since.to_string());
    let dir = &against.rules.departed.archive_dir;
    let archive = format!(
        "{dir}/{name}-{}-{locked}{}",
        own.uid,
        against.site.archive_suffix()
    );
    match (against.home_at)(home) {
        None if !against.site.is_file(&archive, None) => return Ok(None),
        // Packed by a run that was broken off before it could say so.
        None => {}
        Some(Owner::Directory(owner))
            if owner == own.uid.get() && !against.site.has_mounts(home) => {}
        Some(Owner::Directory(owner)) if owner == own.uid.get() => {
            return Err(Reason::HomeMounted { home: home.clone() });
        }
        Some(Owner::Directory(uid)) => {
            let home = home.clone();
            return Err(Reason::HomeOwner { home, uid });
        }
        Some(Owner::NotADirectory) => return Err(Reason::NoDirectory { home: home.clone() }),
    }
    Ok(Some(Change::account(
        against.owned.key(id),
        name.clone(),
        Deed::ArchiveHome {
            uid: own.uid,
            home: home.clone(),
            archive,
        },
    )))
}

fn remove_account(
    id: &RemoteId,
    name: UserName,
    own: &OwnedAccount,
    against: &Against<'_>,
    remarks: &mut Vec<Remark>,
) -> Change {
    let host = against.host;
    let has_group = own.private_group
        && host
            .groups
            .get(own.name.as_str())
            .is_none_or(|g| g.gid == own.gid);
    let private_group = has_group && !others_use_group(&own.name, &[&own.name], own, host);
    if has_group && !private_group {
        remarks.push(Remark::new(&own.name, Reason::OwnGroupStays));
    }
    let home = if (against.home_at)(&own.applied.home).is_none() {
        HomeFate::Gone
    } else {
        HomeFate::Keep
    };
    let remove = Deed::RemoveAccount {
        uid: own.uid,
        private_group,
        home,
    };
    Change::account(against.owned.key(id), name, remove)
}

/// What somebody who comes back from a locked account gets besides its opening.
pub(super) fn come_back(
    id: &RemoteId,
    name: &UserName,
    own: &OwnedAccount,
    home: &str,
    against: &Against<'_>,
    plan: &mut Plan,
) {
    let Some(archive) = against
        .owned
        .rungs
        .get(id)
        .and_then(|rung| rung.archive.as_ref())
    else {
        return;
    };
    plan.remark(name.as_str(), back_with(archive));
    if against.rules.accounts.create_home && (against.home_at)(&own.applied.home).is_none() {
        let make = Deed::MakeHome {
            uid: own.uid,
            gid: own.gid,
            home: home.to_owned(),
        };
        plan.changes
            .push(Change::account(against.owned.key(id), name.clone(), make));
    }
}

/// Says where the things of somebody are who comes back.
pub(super) fn back_with(archive: &str) -> Reason {
    let archive = Untrusted::new(archive);
    Reason::IsBack { archive }
}
