//! What becomes of the account of somebody who left, after it was locked: the home is packed and taken away, then the
//! account is removed. Each only with the proof of a complete read, and none while anything runs as the account.
//!
//! Somebody who comes back gets all of it again, but what is in the archive; that is told.

use super::input::DiffInput;
use super::owned_lines::account_line;
use super::removal::others_use_group;
use super::rename;
use crate::model::host::Owner;
use crate::model::owned::{AccountDeparture, OwnedAccount, State};
use crate::model::{Completeness, RemoteId, Untrusted, UserName};
use crate::plan::{Change, Deed, HomeFate, Plan};
use crate::policy::{DepartedRules, Reason};

/// When the rungs that are left to a locked account come, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// Its home is packed and taken away; `None`: never, or it is done.
    pub archive: Option<i64>,
    /// It is removed; `None`: never.
    pub remove: Option<i64>,
}

/// When the next rungs come for an account that has come so far.
pub(crate) fn due(departure: &AccountDeparture, rules: &DepartedRules) -> Due {
    let at = |after: u64| departure.since.saturating_add_unsigned(after);
    let archive = rules.archive_after.filter(|_| departure.archive.is_none());
    Due {
        archive: archive.map(at),
        remove: rules.remove_after.map(at),
    }
}

/// Takes a locked account, whose person this read shows to be gone, to the next stage if its time has come. Returns
/// whether anything is planned.
pub(super) fn advance(
    id: &RemoteId,
    own: &OwnedAccount,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> bool {
    let Ok(name) = UserName::new(&own.name, true) else {
        return false;
    };
    let Some((departure, due)) = due_now(id, own, against) else {
        return false;
    };
    let is_removed = !against.host.accounts.contains_key(own.name.as_str());
    let stays = match is_removed {
        // It may stand under another name, since a rename was broken off.
        true => rename::begun(id, own, None, against).is_some(),
        false => account_line(own, against.host).is_err(),
    };
    if stays {
        return false;
    }
    let archive = due.archive && !is_removed;
    let change = match against.probe.processes(own.uid) {
        Ok(0) if archive => archive_home(id, &name, own, departure, against),
        Ok(0) => Ok(None),
        Ok(_) => {
            plan.remark(&own.name, Reason::DepartureWaits);
            return false;
        }
        Err(e) => Err(e.into()),
    };
    let change = match change {
        Ok(None) if due.remove => remove_account(id, &name, own, against, plan).map(Some),
        other => other,
    };
    match change {
        Ok(change) => {
            let is_planned = change.is_some();
            plan.changes.extend(change);
            is_planned
        }
        Err(reason) => {
            let why = reason.boxed();
            let told = if archive {
                Reason::NotArchived { why }
            } else {
                Reason::NotRemoved { why }
            };
            plan.not_done(id, &own.name, told);
            false
        }
    }
}

/// Which rungs an account may take now.
struct DueNow {
    archive: bool,
    remove: bool,
}

/// How far a locked account has come, and which rungs it may take now, if any.
fn due_now<'a>(
    id: &RemoteId,
    own: &OwnedAccount,
    against: &DiffInput<'a>,
) -> Option<(&'a AccountDeparture, DueNow)> {
    let departure = against
        .owned
        .departures
        .get(id)
        .filter(|_| own.state == State::Locked)?;
    if !matches!(against.completeness, Completeness::Complete(_)) {
        return None;
    }
    let due = due(departure, &against.rules.departed);
    // A clock that was set back takes nothing away from what is due at once.
    let is_due = |at: Option<i64>| at.is_some_and(|at| against.now.max(departure.since) >= at);
    let now = DueNow {
        archive: is_due(due.archive),
        remove: is_due(due.remove),
    };
    (now.archive || now.remove).then_some((departure, now))
}

/// The packing of a home; `None` if there is no home.
fn archive_home(
    id: &RemoteId,
    name: &UserName,
    own: &OwnedAccount,
    departure: &AccountDeparture,
    against: &DiffInput<'_>,
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
    let locked = jiff::Timestamp::from_second(departure.since)
        .map(|at| at.strftime("%Y%m%dT%H%M%SZ").to_string());
    let locked = locked.unwrap_or_else(|_| departure.since.to_string());
    let dir = &against.rules.departed.archive_dir;
    let archive = format!(
        "{dir}/{name}-{}-{locked}{}",
        own.uid,
        against.probe.archive_suffix()
    );
    match against.probe.owner(home)? {
        None if !against.probe.is_file(&archive, None)? => return Ok(None),
        // Packed by a run that was broken off before it could say so.
        None => {}
        Some(Owner::Directory(owner))
            if owner == own.uid.get() && !against.probe.has_mounts(home)? => {}
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
    name: &UserName,
    own: &OwnedAccount,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> Result<Change, Reason> {
    let host = against.host;
    let home = match against.probe.owner(&own.applied.home)? {
        None => HomeFate::Gone,
        Some(_) => HomeFate::Keep,
    };
    let has_group = own.private_group
        && host
            .groups
            .get(own.name.as_str())
            .is_none_or(|g| g.gid == own.gid);
    let private_group = has_group && !others_use_group(&own.name, &[&own.name], own, host);
    if has_group && !private_group {
        plan.remark(&own.name, Reason::OwnGroupStays);
    }
    let remove = Deed::RemoveAccount {
        uid: own.uid,
        private_group,
        home,
    };
    Ok(Change::account(against.owned.key(id), name.clone(), remove))
}

/// Opens the account of somebody who comes back, with a home if that was packed.
///
/// # Errors
/// When nobody can say whether there is a home: an account that is open already would never get one.
pub(super) fn come_back(
    id: &RemoteId,
    name: &UserName,
    own: &OwnedAccount,
    home: &str,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> Result<(), Reason> {
    let departure = against.owned.departures.get(id);
    let archive = departure.and_then(|departure| departure.archive.as_ref());
    let makes_home = archive.is_some()
        && against.rules.accounts.create_home
        && against.probe.owner(&own.applied.home)?.is_none();
    let change = |deed| Change::account(against.owned.key(id), name.clone(), deed);
    plan.changes.push(change(Deed::Unlock {}));
    if let Some(archive) = archive {
        plan.remark(name.as_str(), back_with(archive));
    }
    if makes_home {
        plan.changes.push(change(Deed::MakeHome {
            uid: own.uid,
            gid: own.gid,
            home: home.to_owned(),
        }));
    }
    Ok(())
}

/// Says where the things of somebody are who comes back.
pub(super) fn back_with(archive: &str) -> Reason {
    let archive = Untrusted::new(archive);
    Reason::IsBack { archive }
}
