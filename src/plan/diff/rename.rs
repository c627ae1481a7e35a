//! The plan for an account or a group that has another name at the provider now.
//!
//! Who it is says the immutable id; the name is one field of many. What cannot be renamed keeps its name for now, and
//! says why. A rename that was broken off when the account had its new name already is planned again, and finished.

mod along;

use super::input::DiffInput;
use super::owned_entry::OwnedEntry;
use crate::model::{Name, RemoteId, Untrusted};
use crate::plan::claims::{self, Claims, OwnGroup};
use crate::plan::{AccountRename, Change, Deed, Plan, Rename};
use crate::policy::Reason;
use crate::policy::map::kept;

/// What can have another name: accounts take much along, groups nothing.
pub(super) trait Renamable: OwnedEntry {
    /// The group that gets the name, too.
    fn own_group(planned: &Planned<'_, Self>) -> Option<OwnGroup>;

    /// What goes along, or what is in the way besides the databases. Tells what keeps the old name.
    fn along(planned: &Planned<'_, Self>, plan: &mut Plan)
    -> Result<Option<AccountRename>, Reason>;
}

/// Another name that something of gosync's should have.
pub(super) struct Wish<'a, E> {
    /// The provider's id.
    pub id: &'a RemoteId,
    /// The account or group.
    pub own: &'a E,
    /// The name.
    pub to: &'a Name,
    /// Whether an account stays, or becomes, open.
    pub is_open: bool,
    /// Whether the home of an account goes along, if that is named after it.
    pub moves_home: bool,
}

/// What is renamed.
pub(super) struct Renamed {
    /// Its new name.
    pub to: Name,
    /// Its new home, if it gets one.
    pub home: Option<String>,
    /// Whether its line has the new name already.
    is_begun: bool,
}

impl Renamed {
    /// The name that its line has now; `own`: the one that it is known by.
    pub(super) fn stands<'n>(&'n self, own: &'n str) -> &'n str {
        match self.is_begun {
            true => self.to.as_str(),
            false => own,
        }
    }
}

/// The name that something stands under, if that is not the one it is known by: the one that it should have, or one that
/// it had before or began to get. That is left by a rename that was broken off, or by usermod(8).
pub(super) fn begun<E: OwnedEntry>(
    id: &RemoteId,
    own: &E,
    wanted: Option<&str>,
    against: &DiffInput<'_>,
) -> Option<Name> {
    match E::found(own.name(), against.host) {
        Some(_) => None,
        None => stands_elsewhere(id, own, wanted, against),
    }
}

/// The same, of something that does not stand under the name that it is known by.
pub(super) fn stands_elsewhere<E: OwnedEntry>(
    id: &RemoteId,
    own: &E,
    wanted: Option<&str>,
    against: &DiffInput<'_>,
) -> Option<Name> {
    let DiffInput { host, owned, .. } = *against;
    let former = E::rows(owned).former.iter();
    let former = former.filter(|(_, of)| *of == id);
    let mut names = wanted
        .into_iter()
        .chain(former.map(|(name, _)| name.as_str()));
    let name = names.find(|name| own.stands_as(name, host))?;
    E::known_name(name).ok()
}

/// Plans a rename, if it can be; tells why not. `is_begun`: whether it is one that was broken off.
pub(super) fn plan_or_tell<E: Renamable>(
    wish: &Wish<'_, E>,
    is_begun: bool,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> Option<Renamed> {
    let reason = match rename(wish, against, plan)? {
        Ok(renamed) => return Some(renamed),
        Err(reason) => reason,
    };
    let to = wish.to.as_str();
    let told = match is_begun {
        true => unfinished(to, reason),
        false => kept(to, reason),
    };
    plan.not_done(wish.id, wish.own.name(), told);
    None
}

/// Says that something stands under another name than it is known by, and why it cannot be put right.
fn unfinished(to: &str, why: Reason) -> Reason {
    let (to, why) = (Untrusted::new(to), why.boxed());
    Reason::RenameUnfinished { to, why }
}

/// Finishes the rename of something that the provider does not have any more, if one was begun; or the name that it
/// stands under, and why that cannot be.
pub(super) fn finish<E: Renamable>(
    id: &RemoteId,
    own: &E,
    is_open: bool,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> Option<Result<(), (Name, Reason)>> {
    let to = &begun(id, own, None, against)?;
    let wish = Wish {
        id,
        own,
        to,
        is_open,
        moves_home: against.rules.accounts.rename_home,
    };
    Some(match rename(&wish, against, plan)? {
        Ok(_) => Ok(()),
        Err(reason) => Err((to.clone(), unfinished(to.as_str(), reason))),
    })
}

/// Plans a rename, or says why the name cannot be had; `None`: it stands under neither name as gosync's. Whether the name
/// is another's of gosync's, the caller has found out.
pub(super) fn rename<E: Renamable>(
    wish: &Wish<'_, E>,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> Option<Result<Renamed, Reason>> {
    let is_begun = is_begun(wish, against)?;
    let planned = Planned {
        wish,
        against,
        is_begun,
    };
    Some(planned.plan(plan))
}

/// Whether it has the new name already, by a rename that was broken off or by usermod(8).
fn is_begun<E: OwnedEntry>(wish: &Wish<'_, E>, against: &DiffInput<'_>) -> Option<bool> {
    let (host, own) = (against.host, wish.own);
    let name = own.name();
    match E::found(name, host) {
        None => own.stands_as(wish.to.as_str(), host).then_some(true),
        Some(_) => {
            let is_sound = !host.repeated.contains(name) && !host.broken.contains(name);
            (is_sound && own.stands_as(name, host)).then_some(false)
        }
    }
}

/// A rename, and whether its line has the new name already.
pub(super) struct Planned<'a, E> {
    wish: &'a Wish<'a, E>,
    against: &'a DiffInput<'a>,
    is_begun: bool,
}

impl<E: Renamable> Planned<'_, E> {
    fn plan(&self, plan: &mut Plan) -> Result<Renamed, Reason> {
        let &Wish { id, own, to, .. } = self.wish;
        let (owned, is_begun) = (self.against.owned, self.is_begun);
        let wish = claims::Wish {
            kind: E::KIND,
            name: to.as_str(),
            number: is_begun.then_some(own.number().get()),
            group: E::own_group(self),
            adopts: false,
        };
        if let Some(reason) = Claims::new(self.against.host, owned).name(wish) {
            return Err(reason);
        }
        let from = E::known_name(own.name()).map_err(|why| Reason::BadLedgerName { why })?;
        let account = E::along(self, plan)?;
        let home = account.as_ref().and_then(|account| account.home.as_ref());
        let home = home.map(|home| home.to.clone());
        let rename = Deed::Rename(Rename {
            number: own.number(),
            from,
            to: to.clone(),
            account,
        });
        plan.changes
            .push(Change::of(E::KIND, owned.key(id), to.clone(), rename));
        Ok(Renamed {
            to: to.clone(),
            home,
            is_begun,
        })
    }
}
