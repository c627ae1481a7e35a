//! The plan for accounts.

use std::collections::BTreeSet;

use super::completeness::{incomplete, trust};
use super::create::create;
use super::input::DiffInput;
use super::merge::{Merge, lock_word, merge};
use super::owned_lines::{account_line, account_line_as};
use super::{departure, rename};
use crate::model::history::EntryKind;
use crate::model::host::{Host, HostAccount};
use crate::model::owned::{Absence, OwnedAccount, State};
use crate::model::{Completeness, RemoteId, Untrusted, UserName};
use crate::plan::{Change, Deed, FieldChange, Observation, Plan};
use crate::policy::map::{WantedAccount, WantedAccounts};
use crate::policy::{ByHand, Field, Forgetting, Reason, Refusal};

/// Compares accounts.
pub(crate) fn accounts(mut wanted: WantedAccounts, against: &DiffInput<'_>) -> Plan {
    let DiffInput { owned, chosen, .. } = *against;
    let completeness = &trust(against.completeness, wanted.present.is_empty(), owned);
    let against = &DiffInput {
        completeness,
        ..*against
    };
    let mut plan = Plan {
        generation: owned.generation,
        incomplete: incomplete(completeness),
        ..Plan::default()
    };
    plan.remarks = std::mem::take(&mut wanted.remarks);
    plan.refused = std::mem::take(&mut wanted.refusals);
    let mut fresh = Vec::new();
    for account in wanted.accounts {
        match owned.accounts.get(&account.id) {
            Some(own) if restores(&account, own, against) => {
                plan.remark(&own.name, Reason::MadeAgain);
                let home = own.applied.home.clone();
                fresh.push((WantedAccount { home, ..account }, Some(own)));
            }
            Some(own) if own.state.is_present() && chosen.known => {
                known(&account, own, against, &mut plan)
            }
            Some(own) if own.state.is_present() => {}
            own if chosen.new && account.open => fresh.push((account, own)),
            _ => {}
        }
    }
    let created = create(fresh, against, &mut plan);
    if chosen.known {
        departures(&wanted.present, against, &mut plan);
    }
    plan.changes.splice(0..0, created);
    plan
}

/// Whether an account that was removed by hand is made again.
fn restores(account: &WantedAccount, own: &OwnedAccount, against: &DiffInput<'_>) -> bool {
    let is_configured = against.rules.accounts.deleted_by_hand == ByHand::Restore;
    // One whose rename was broken off stands under its other name.
    let names = [
        Some(own.name.as_str()),
        account.rename.as_ref().map(UserName::as_str),
    ];
    let is_there = names
        .into_iter()
        .flatten()
        .any(|name| against.host.accounts.contains_key(name))
        || rename::begun(&account.id, own, None, against).is_some();
    is_configured && own.state.is_present() && !is_there && account.open && against.chosen.known
}

/// An account that gosync owns and whose person is there.
fn known(account: &WantedAccount, own: &OwnedAccount, against: &DiffInput<'_>, plan: &mut Plan) {
    if own.absence.is_some() {
        plan.observations
            .push(Observation::Back(account.id.clone()));
    }
    let begun = rename::begun(&account.id, own, account.rename.as_ref(), against);
    let renamed = rename::account(account, begun.as_ref(), own, against, plan);
    if let (Some(stands), None) = (&begun, &renamed) {
        // Why it cannot be finished is told. Whoever is to be out is out, under whichever name.
        if !account.open {
            shut_unfinished(account, stands, own, against, plan);
        }
        return;
    }
    let Some(found) = renamed
        .as_ref()
        .map(|renamed| renamed.found)
        .or_else(|| found(account, own, against.host, plan))
    else {
        // Perhaps a removal that was broken off.
        if !account.open {
            departure::advance(&account.id, own, against, plan);
        }
        return;
    };
    let name = renamed
        .as_ref()
        .map_or(&account.name, |renamed| &renamed.to);
    if let Some(uid) = account.uid.filter(|uid| *uid != own.uid) {
        let reason = Reason::NumberStays {
            kind: EntryKind::Account,
            has: own.uid.get(),
            asked: uid.get(),
        };
        plan.remark(&own.name, reason);
    }
    if found.gid != own.gid {
        let (found, given) = (found.gid, own.gid);
        plan.remark(&own.name, Reason::PrimaryGroupStays { found, given });
    }
    let mut changed = renamed.is_some();
    if !account.open {
        let stands_open = own.state == State::Active || !found.closed();
        if stands_open && matches!(against.completeness, Completeness::Incomplete(_)) {
            plan.remark(&own.name, Reason::NotLockedNow);
        } else if stands_open {
            let reason = Reason::ShutOut;
            plan.changes.push(Change::account(
                against.owned.key(&account.id),
                name.clone(),
                Deed::Lock { reason },
            ));
            changed = true;
        } else if !stands_open && renamed.is_none() {
            changed = departure::advance(&account.id, own, against, plan);
        }
    } else if own.state == State::Locked {
        let home = renamed
            .as_ref()
            .and_then(|renamed| renamed.home.as_deref())
            .unwrap_or(&own.applied.home);
        if let Err(reason) = departure::come_back(&account.id, name, own, home, against, plan) {
            let why = reason.boxed();
            return plan.not_done(&account.id, &own.name, Reason::NotOpened { why });
        }
        changed = true;
    }
    let moves = renamed
        .as_ref()
        .is_some_and(|renamed| renamed.home.is_some());
    let fields = fields(account, own, (found, moves), against, plan);
    if !fields.is_empty() {
        plan.changes.push(Change::account(
            against.owned.key(&account.id),
            name.clone(),
            Deed::Update { fields },
        ));
        changed = true;
    }
    plan.unchanged += usize::from(!changed);
}

/// Locks an account whose rename cannot be finished now, under the name that it has on the host.
fn shut_unfinished(
    account: &WantedAccount,
    stands: &UserName,
    own: &OwnedAccount,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) {
    if !account_line_as(stands.as_str(), own, against.host).is_ok_and(|found| !found.closed()) {
        return;
    }
    if matches!(against.completeness, Completeness::Incomplete(_)) {
        return plan.remark(&own.name, Reason::NotLockedNow);
    }
    let (key, reason) = (against.owned.key(&account.id), Reason::ShutOut);
    let lock = Deed::Lock { reason };
    plan.changes
        .push(Change::account(key, stands.clone(), lock));
}

/// The line of an owned account; `None`, and a remark, when it is not there or not gosync's any more.
fn found<'h>(
    account: &WantedAccount,
    own: &OwnedAccount,
    host: &'h Host<'_>,
    plan: &mut Plan,
) -> Option<&'h HostAccount<'h>> {
    debug_assert_eq!(account.name.as_str(), own.name);
    match account_line(own, host) {
        Ok(found) => Some(found),
        Err(reason) if account.open => {
            let effect = Forgetting::MakesNew;
            plan.remark(&own.name, forgettable(own, host, reason, effect));
            None
        }
        Err(reason) => {
            stuck_open(
                &account.id,
                own,
                forgettable(own, host, reason, Forgetting::EndsNotice),
                host,
                plan,
            );
            None
        }
    }
}

/// Says what to do with an account that is not there, and what comes of it.
fn forgettable(own: &OwnedAccount, host: &Host<'_>, reason: Reason, effect: Forgetting) -> Reason {
    if host.accounts.contains_key(own.name.as_str()) {
        return reason;
    }
    let (why, name) = (reason.boxed(), own.name.clone());
    Reason::Forgettable { why, name, effect }
}

/// Tells aloud that an account should be locked, and cannot be, since its line is not gosync's.
fn stuck_open(id: &RemoteId, own: &OwnedAccount, reason: Reason, host: &Host<'_>, plan: &mut Plan) {
    if host
        .accounts
        .get(own.name.as_str())
        .is_none_or(HostAccount::closed)
    {
        return plan.remark(&own.name, reason);
    }
    let (why, name) = (reason.boxed(), own.name.clone());
    plan.refused.push(Refusal {
        id: Some(id.clone()),
        subject: Untrusted::new(&own.name),
        reason: Reason::NotLocked { why, name },
    });
}

/// The fields that are to be changed. `moves`: whether a rename sees to the home.
fn fields(
    account: &WantedAccount,
    own: &OwnedAccount,
    (found, moves): (&HostAccount<'_>, bool),
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> Vec<FieldChange> {
    let keep_local =
        |field| !against.chosen.force && against.rules.accounts.keep_local.contains(&field);
    let mut three = vec![
        (
            Field::Gecos,
            own.applied.gecos.as_str(),
            account.gecos.as_str(),
            found.gecos,
        ),
        (
            Field::Shell,
            own.applied.shell.as_str(),
            account.shell.as_str(),
            found.shell,
        ),
    ];
    if !moves {
        // A home moves only on purpose: what was given stays until a rename moves it.
        three.insert(
            1,
            (
                Field::Home,
                own.applied.home.as_str(),
                own.applied.home.as_str(),
                found.home,
            ),
        );
    }
    if account.open {
        three.extend(shut(own, found));
    }
    let mut out = Vec::new();
    for (field, applied, wanted, found) in three {
        let change = || FieldChange {
            field,
            from: found.to_owned(),
            to: wanted.to_owned(),
        };
        match merge(Some(applied), wanted, found, keep_local(field)) {
            Merge::Same if applied != wanted && field != Field::Lock => {
                plan.observations.push(Observation::Agreed(
                    account.id.clone(),
                    field,
                    wanted.to_owned(),
                ));
            }
            Merge::Same => {}
            Merge::Set => out.push(change()),
            Merge::Keep => plan.remark(&own.name, Reason::FieldStays { field }),
            Merge::Restore => {
                plan.remark(&own.name, restored(field));
                out.push(change());
            }
        }
    }
    out
}

/// What is said of a change by hand that does not stay.
fn restored(field: Field) -> Reason {
    match field {
        Field::Lock => Reason::OpenedAgain,
        _ => Reason::FieldRestored { field },
    }
}

/// Lock and expiry of an account that is to be open: last applied, wanted and found. The provider has nothing to say of
/// them but that the account is open; so an account is as it was made or adopted.
fn shut<'a>(
    own: &'a OwnedAccount,
    found: &HostAccount<'a>,
) -> [(Field, &'a str, &'a str, &'a str); 2] {
    // What is found when a lock of gosync's is off: the rest was done by hand, or has to be put back.
    let opens = own.state == State::Locked;
    let applied = own.applied.expire.as_str();
    let expiry = match opens && found.expire == "1" {
        true => (Field::Expiry, "", applied, ""),
        false => (Field::Expiry, applied, applied, found.expire),
    };
    let is_locked = found.locked && !opens;
    let wanted = lock_word(own.applied.locked && is_locked);
    [
        (
            Field::Lock,
            lock_word(own.applied.locked),
            wanted,
            lock_word(is_locked),
        ),
        expiry,
    ]
}

/// Finishes the rename of an account whose person is gone, if one was begun; or the name that the account stands under,
/// and why that cannot be.
fn finished(
    id: &RemoteId,
    own: &OwnedAccount,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> Option<Result<(), (UserName, Reason)>> {
    let to = &rename::begun(id, own, None, against)?;
    let (is_open, moves_home) = (
        own.state == State::Active,
        against.rules.accounts.rename_home,
    );
    let wish = rename::Wish {
        id,
        own,
        to,
        is_open,
        moves_home,
    };
    Some(
        rename::rename(&wish, against, plan)?
            .map(drop)
            .map_err(|reason| (to.clone(), rename::unfinished(to.as_str(), reason))),
    )
}

/// An account that is not there, and whose person is gone. Nothing is left to be locked once that is proven.
fn removed_by_hand(id: &RemoteId, own: &OwnedAccount, host: &Host<'_>, plan: &mut Plan) {
    if let Err(reason) = account_line(own, host) {
        let effect = Forgetting::EndsNotice;
        plan.remark(&own.name, forgettable(own, host, reason, effect));
    }
    if own.absence.is_some() {
        plan.observations.push(Observation::Back(id.clone()));
    }
    plan.unchanged += 1;
}

/// Accounts whose people are not in the read.
fn departures(present: &BTreeSet<RemoteId>, against: &DiffInput<'_>, plan: &mut Plan) {
    let DiffInput {
        host,
        owned,
        rules,
        now,
        ..
    } = *against;
    if !matches!(against.completeness, Completeness::Complete(_)) {
        return;
    }
    for (id, own) in owned
        .accounts
        .iter()
        .filter(|(id, own)| own.state.is_present() && !present.contains(*id))
    {
        let mut name = UserName::new(&own.name, true);
        let found = match finished(id, own, against, plan) {
            Some(Ok(())) => continue,
            Some(Err((stands, reason))) => {
                plan.not_done(id, &own.name, reason);
                let found = account_line_as(stands.as_str(), own, host);
                name = Ok(stands);
                found
            }
            None if own.state == State::Active
                && !host.accounts.contains_key(own.name.as_str()) =>
            {
                removed_by_hand(id, own, host, plan);
                continue;
            }
            None => account_line(own, host)
                .map_err(|reason| forgettable(own, host, reason, Forgetting::EndsNotice)),
        };
        if own.state == State::Locked {
            let reopened = found.as_ref().is_ok_and(|found| !found.closed());
            match &name {
                Ok(name) if reopened => {
                    let reason = Reason::OpenedByHand;
                    let lock = Deed::Lock { reason };
                    plan.changes
                        .push(Change::account(against.owned.key(id), name.clone(), lock));
                    continue;
                }
                // One that is not there may be a removal that was broken off.
                _ if departure::advance(id, own, against, plan) => continue,
                _ => plan.unchanged += 1,
            }
        }
        let seen = own.absence.unwrap_or(Absence {
            since: now,
            runs: 0,
        });
        let absence = Absence {
            since: seen.since.min(now),
            runs: seen.runs.saturating_add(1),
        };
        let lasted = u64::try_from(now - absence.since).unwrap_or(0);
        let due = absence.runs >= rules.departed.absent_runs && lasted >= rules.departed.absent_for;
        let is_there = found.is_ok();
        match found {
            Err(reason) if due || own.state == State::Locked => {
                stuck_open(id, own, reason, host, plan)
            }
            Err(reason) => plan.remark(&own.name, reason),
            Ok(_) => {}
        }
        if own.state == State::Locked {
            continue;
        }
        match name {
            Ok(name) if due && is_there => {
                // No figure that grows with time: the digest of a plan has to stay the same until somebody approves it.
                let reason = Reason::Missing { runs: absence.runs };
                let lock = Deed::Lock { reason };
                plan.changes
                    .push(Change::account(against.owned.key(id), name, lock));
            }
            _ => {
                // Past the count that matters nothing more needs to be remembered, and an idle run writes nothing.
                if absence.runs <= rules.departed.absent_runs {
                    plan.observations
                        .push(Observation::Absent(id.clone(), absence));
                }
                plan.unchanged += 1;
            }
        }
    }
}
