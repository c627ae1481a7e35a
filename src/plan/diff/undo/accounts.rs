//! What a run did to accounts of gosync's, undone.

use super::entry::{One, Undoable};
use super::fields::changed_fields;
use super::past::{PastAccount, PastEntry as _};
use super::{Work, lock};
use crate::model::Gid;
use crate::model::host::Host;
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::model::{Name, RemoteId, Untrusted, UserName};
use crate::plan::Deed;
use crate::plan::diff::owned_lines::{account_line, account_line_as};
use crate::policy::Reason;
use crate::policy::map::WantedAccount;

/// An account that a run changed.
type OneAccount<'t, 'a> = One<'t, 'a, OwnedAccount>;

impl Undoable for OwnedAccount {
    type Past = PastAccount;

    fn moves_home(before: &PastAccount, after: &PastAccount) -> bool {
        before.fields.home != after.fields.home
    }

    fn unrenamed(_: &Self, _: &Host<'_>) -> Option<Reason> {
        None
    }

    fn unadopt(work: &mut Work<'_>, one: &OneAccount<'_, '_>, name: &Name) {
        work.adopted_fields(one, name);
    }

    fn restore(
        work: &mut Work<'_>,
        one: &OneAccount<'_, '_>,
        before: &PastAccount,
    ) -> Result<(), Reason> {
        let own = one.own;
        let turn = Turn::of(one, before);
        let frees = work.frees(one);
        if changed_fields(own, before, &one.after).next().is_none()
            && turn.state.is_none()
            && !turn.has_name
            && !frees
        {
            match turn.has_keys {
                true => work.plan.remark(&own.name, Reason::KeysStay),
                false => work.plan.unchanged += 1,
            }
            return Ok(());
        }
        work.check_later(one.touched)?;
        if turn.opens() && !frees {
            check_hold(work.owned(), one.id)?;
        }
        let renamed = match turn.has_name {
            true => work.rename_back(one, before, turn.is_open),
            false => None,
        };
        let stands = renamed.as_ref();
        let stands = stands.map_or(own.name.as_str(), |renamed| renamed.stands(&own.name));
        let name = match &renamed {
            Some(renamed) => renamed.to.clone(),
            None => one.name()?,
        };
        let found = account_line_as(stands, own, work.against.host)?;
        if turn.has_keys {
            work.plan.remark(name.as_str(), Reason::KeysStay);
        }
        if frees {
            work.change(one, name.clone(), Deed::Free {});
        }
        if let Some(deed) = turn.reversal(work.past.run.number) {
            work.change(one, name.clone(), deed);
        }
        work.fields(one, name, found, before);
        Ok(())
    }

    // To leave it in the databases loses nothing.
    fn leave(
        work: &mut Work<'_>,
        one: &OneAccount<'_, '_>,
        before: &PastAccount,
    ) -> Result<(), Reason> {
        let found = account_line(one.own, work.against.host)?;
        let name = one.name()?;
        work.fields(one, name.clone(), found, before);
        work.plan.remark(name.as_str(), Reason::StaysOnHost);
        work.change(one, name, Deed::Forget { stands: true });
        Ok(())
    }

    fn unmake(work: &mut Work<'_>, one: &OneAccount<'_, '_>) -> Result<(), Reason> {
        let (own, host) = (one.own, work.against.host);
        // One that is not there may have been removed by a run that was broken off; the rest of it goes now.
        if host.accounts.contains_key(own.name.as_str()) {
            let found = account_line(own, host)?;
            // The shell of a lock is gosync's, too.
            let shell = work.owned().shell_before(one.id);
            let fields = crate::model::AccountFields {
                shell: shell.unwrap_or(found.fields.shell),
                ..found.fields
            };
            let is_ours = fields == own.applied.fields.borrowed();
            if !is_ours && !work.past.force {
                return Err(Reason::ChangedByHand);
            }
        }
        work.removed.push(own.name.clone());
        Ok(())
    }

    fn remake<'a>(
        work: &mut Work<'a>,
        one: &OneAccount<'_, 'a>,
        name: Name,
        before: PastAccount,
    ) -> Result<(), Reason> {
        let name = UserName::new(name.as_str(), true);
        let name = name.map_err(|why| Reason::BadLedgerName { why })?;
        if one.own.state == State::Removed {
            work.lost.push((name.clone(), Reason::PasswordGone));
        }
        let details = one.touched.details.iter();
        for home in details.filter_map(|detail| detail.get("home")) {
            let path =
                |fate: &str, key: &str| home.get(fate)?.get(key)?.as_str().map(Untrusted::new);
            if let Some(home) = path("remove", "path") {
                work.lost.push((name.clone(), Reason::HomeGone { home }));
            }
            if let Some(dir) = path("archive", "into") {
                let reason = Reason::HomeArchivedInto { dir };
                work.lost.push((name.clone(), reason));
            }
        }
        let account = WantedAccount {
            id: one.id.clone(),
            open: true,
            name,
            rename: None,
            uid: None,
            gid: Gid::new(one.own.gid),
            fields: before.fields.clone(),
        };
        work.fresh.push((account, one.own, before));
        Ok(())
    }
}

impl Work<'_> {
    /// Whether an administrator locked it by the run, and holds it so still.
    fn frees(&self, one: &OneAccount<'_, '_>) -> bool {
        let mut details = one.touched.details.iter();
        let is_hold = details.any(|detail| detail.get("held").is_some());
        is_hold && self.owned().held(one.id).is_some()
    }
}

/// Whether an account is locked whatever the provider says.
fn check_hold(owned: &Owned, id: &RemoteId) -> Result<(), Reason> {
    match owned.held(id) {
        Some(hold) => Err(Reason::HeldThough {
            by: Untrusted::new(&hold.by),
        }),
        None => Ok(()),
    }
}

/// What is to be turned back besides fields.
struct Turn {
    /// The state before the run, if that is another one.
    state: Option<State>,
    has_name: bool,
    /// Of keys only fingerprints are remembered. Those of one that is locked are withdrawn.
    has_keys: bool,
    /// Whether the account is open then.
    is_open: bool,
}

impl Turn {
    /// What brings the earlier state back; the reason of a lock is the undo of this run.
    fn reversal(&self, run: u64) -> Option<Deed> {
        self.state.map(|was| match was {
            State::Locked => lock(run),
            _ => Deed::Unlock {},
        })
    }

    /// Whether a locked account is to be opened.
    fn opens(&self) -> bool {
        self.state.is_some_and(|was| was != State::Locked)
    }

    fn of(one: &OneAccount<'_, '_>, before: &PastAccount) -> Self {
        let (after, own) = (&one.after, one.own);
        let was = before.state();
        let state = (before.state != after.state && was != own.state).then_some(was);
        let is_open = state.unwrap_or(own.state) == State::Active;
        let mut details = one.touched.details.iter();
        Self {
            state,
            has_name: before.name != after.name && before.name != own.name,
            has_keys: is_open && details.any(|detail| detail.get("keys").is_some()),
            is_open,
        }
    }
}
