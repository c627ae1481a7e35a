//! What becomes of the account of somebody who left, after it was locked: the home is packed and taken away, then the
//! account is removed. Each only with the proof of a complete read, and none while anything runs as the account.
//!
//! Somebody who comes back gets all of it again, but what is in the archive; that is told.

use super::absence;
use super::home_base::{check_base_of, check_making, is_below_base};
use super::input::DiffInput;
use super::owned_lines::account_line;
use super::removal::own_group_goes;
use super::rename;
use crate::model::history::EntryKind;
use crate::model::host::Owner;
use crate::model::owned::{AccountDeparture, OwnedAccount, State};
use crate::model::{Completeness, Name, RemoteId, Untrusted, UserName};
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
    let at = |seconds| absence::after(departure.since, seconds);
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
    let leaving = Leaving {
        id,
        name,
        own,
        departure,
        against,
    };
    let due = DueNow {
        archive: due.archive && !is_removed,
        ..due
    };
    leaving.advance(&due, plan)
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
    let is_due = |at| absence::has_come(at, departure.since, against.now);
    let now = DueNow {
        archive: is_due(due.archive),
        remove: is_due(due.remove),
    };
    (now.archive || now.remove).then_some((departure, now))
}

/// A locked account that a step is due for.
struct Leaving<'a> {
    id: &'a RemoteId,
    name: UserName,
    own: &'a OwnedAccount,
    departure: &'a AccountDeparture,
    against: &'a DiffInput<'a>,
}

impl Leaving<'_> {
    fn advance(&self, due: &DueNow, plan: &mut Plan) -> bool {
        let planned = match self.against.probe.processes(self.own.uid, &self.own.name) {
            Ok(0) => self.next(due, plan),
            Ok(_) => {
                plan.remark(&self.own.name, Reason::DepartureWaits);
                return false;
            }
            Err(e) => Err(e.into()),
        };
        match planned {
            Ok(change) => {
                let is_planned = change.is_some();
                plan.changes.extend(change);
                is_planned
            }
            Err(reason) => {
                let why = reason.boxed();
                let told = match due.archive {
                    true => Reason::NotArchived { why },
                    false => Reason::NotRemoved { why },
                };
                plan.not_done(self.id, &self.own.name, told);
                false
            }
        }
    }

    /// What comes next, if nothing is in the way.
    fn next(&self, due: &DueNow, plan: &mut Plan) -> Result<Option<Change>, Reason> {
        if due.archive
            && let Some(change) = self.archive_home()?
        {
            return Ok(Some(change));
        }
        match due.remove {
            true => self.remove_account(plan).map(Some),
            false => Ok(None),
        }
    }

    fn change(&self, deed: Deed) -> Change {
        Change::account(self.against.owned.key(self.id), self.name.clone(), deed)
    }

    /// The packing of a home; `None` if there is no home.
    fn archive_home(&self) -> Result<Option<Change>, Reason> {
        let (own, probe) = (self.own, self.against.probe);
        let home = &own.applied.fields.home;
        let found = self.against.host.accounts.get(own.name.as_str());
        if found.is_some_and(|found| found.fields.home != home) {
            return Err(Reason::HomeChanged);
        }
        // What is left behind is tidied away below the bases alone; an adopted account may have its home anywhere.
        if !is_below_base(home, &self.against.rules.accounts) {
            let home = home.clone();
            return match probe.owner(&home)? {
                Some(_) => Err(Reason::HomeElsewhere { home }),
                None => Ok(None),
            };
        }
        // Where a base is not mounted, the home is not gone.
        check_base_of(home, self.against)?;
        let archive = self.archive();
        let owner = probe.owner(home)?;
        // What is packed already was packed by a run that was broken off before it could say so.
        if owner.is_none() && !probe.is_file(&archive, None)? {
            return Ok(None);
        }
        if let Some(owner) = owner {
            self.check_home(owner)?;
        }
        Ok(Some(self.change(Deed::ArchiveHome {
            uid: own.uid,
            home: home.clone(),
            archive,
        })))
    }

    /// The file that its home is packed into. The time of the locking makes the name one that nothing else has, and that
    /// is found again after a kill.
    fn archive(&self) -> String {
        let since = self.departure.since;
        let locked =
            jiff::Timestamp::from_second(since).map(|at| at.strftime("%Y%m%dT%H%M%SZ").to_string());
        let locked = locked.unwrap_or_else(|_| since.to_string());
        let (dir, suffix) = (
            &self.against.rules.departed.archive_dir,
            self.against.probe.archive_suffix(),
        );
        format!("{dir}/{}-{}-{locked}{suffix}", self.name, self.own.uid)
    }

    /// Whether what stands at its home is its own, and can be taken away.
    fn check_home(&self, owner: Owner) -> Result<(), Reason> {
        let home = self.own.applied.fields.home.clone();
        match owner {
            Owner::NotADirectory => Err(Reason::NoDirectory { home }),
            Owner::Directory(uid) if uid != self.own.uid.get() => {
                Err(Reason::HomeOwner { home, uid })
            }
            Owner::Directory(_) if self.against.probe.has_mounts(&home)? => {
                Err(Reason::HomeMounted { home })
            }
            Owner::Directory(_) => Ok(()),
        }
    }

    fn remove_account(&self, plan: &mut Plan) -> Result<Change, Reason> {
        let own = self.own;
        let home = &own.applied.fields.home;
        let home = match self.against.probe.owner(home)? {
            None if check_base_of(home, self.against).is_ok() => HomeFate::Gone,
            _ => HomeFate::Keep,
        };
        let private_group = own_group_goes(own, &[&own.name], self.against.host, plan);
        Ok(self.change(Deed::RemoveAccount {
            uid: own.uid,
            private_group,
            home,
        }))
    }
}

/// Somebody who comes back.
pub(super) struct Comeback<'a> {
    /// The provider's id.
    pub id: &'a RemoteId,
    /// The account.
    pub own: &'a OwnedAccount,
    /// Its name when the plan is carried out.
    pub name: &'a Name,
    /// Its home, likewise.
    pub home: &'a str,
}

/// Opens the account of somebody who comes back, with a home if that was packed.
///
/// # Errors
/// When nobody can say whether there is a home: an account that is open already would never get one.
pub(super) fn come_back(
    back: &Comeback<'_>,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> Result<(), Reason> {
    let &Comeback {
        id,
        own,
        name,
        home,
    } = back;
    let departure = against.owned.departures.get(id);
    let archive = departure.and_then(|departure| departure.archive.as_ref());
    let makes_home = archive.is_some()
        && against.rules.accounts.create_home
        && against.probe.owner(&own.applied.fields.home)?.is_none();
    if makes_home {
        check_making(home, against)?;
    }
    let change = |deed| {
        Change::of(
            EntryKind::Account,
            against.owned.key(id),
            name.clone(),
            deed,
        )
    };
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
