//! The plan for an account or a group that has another name at the provider now.
//!
//! Who it is says the immutable id; the name is one field of many. What cannot be renamed keeps its name for now, and
//! says why. A rename that was broken off when the account had its new name already is planned again, and finished.

use super::input::DiffInput;
use super::owned_lines::{account_line, account_line_as};
use crate::model::history::EntryKind;
use crate::model::host::{Host, HostAccount, Owner};
use crate::model::owned::{Owned, OwnedAccount, OwnedGroup};
use crate::model::{GroupName, RemoteId, Untrusted, UserName};
use crate::plan::claims::{self, Claims, OwnGroup};
use crate::plan::{AccountRename, Change, Deed, HomeMove, Number, Plan, ProbeError, Rename};
use crate::policy::Reason;
use crate::policy::keys::Place;
use crate::policy::map::{WantedAccount, kept};

/// Where mail is.
const MAIL: &str = "/var/mail";

/// Where crontabs are, on one system or another.
const CRONTABS: [&str; 2] = ["/var/spool/cron/crontabs", "/var/spool/cron"];

/// Another name that an account should have.
pub(super) struct Wish<'a> {
    /// The provider's id.
    pub id: &'a RemoteId,
    /// The account.
    pub own: &'a OwnedAccount,
    /// The name.
    pub to: &'a UserName,
    /// Whether the account stays, or becomes, open.
    pub is_open: bool,
    /// Whether its home goes along, if that is named after the account.
    pub moves_home: bool,
}

/// An account that is renamed.
pub(super) struct Renamed<'h> {
    /// Its new name.
    pub to: UserName,
    /// Its line, under whichever name.
    pub found: &'h HostAccount<'h>,
    /// Its new home, if it gets one.
    pub home: Option<String>,
}

/// The name that an account stands under, if that is not the one it is known by: the one that it should have, or one
/// that it had before or began to get. That is left by a rename that was broken off, or by usermod(8).
pub(super) fn begun(
    id: &RemoteId,
    own: &OwnedAccount,
    wanted: Option<&UserName>,
    against: &DiffInput<'_>,
) -> Option<UserName> {
    let DiffInput { host, owned, .. } = *against;
    let stands = |name: &str| account_line_as(name, own, host).is_ok();
    let former = || {
        owned
            .former_accounts
            .iter()
            .filter(|(_, of)| *of == id)
            .map(|(name, _)| name.as_str())
    };
    let name = other_name(
        host.accounts.contains_key(own.name.as_str()),
        wanted.map(UserName::as_str),
        former,
        stands,
    )?;
    UserName::new(name, true).ok()
}

/// As [`begun`], for a group.
pub(super) fn begun_group(
    id: &RemoteId,
    own: &OwnedGroup,
    wanted: Option<&GroupName>,
    (host, owned): (&Host<'_>, &Owned),
) -> Option<GroupName> {
    let stands = |name: &str| stands(name, own, host);
    let former = || {
        owned
            .former_groups
            .iter()
            .filter(|(_, of)| *of == id)
            .map(|(name, _)| name.as_str())
    };
    let name = other_name(
        host.groups.contains_key(own.name.as_str()),
        wanted.map(GroupName::as_str),
        former,
        stands,
    )?;
    GroupName::known(name).ok()
}

fn other_name<'n, I: Iterator<Item = &'n str>>(
    is_there: bool,
    wanted: Option<&'n str>,
    former: impl Fn() -> I,
    stands: impl Fn(&str) -> bool,
) -> Option<&'n str> {
    if is_there {
        None
    } else {
        wanted.into_iter().chain(former()).find(|name| stands(name))
    }
}

/// Plans the rename of an account, if it should have another name and can have it. One that was `begun` comes first:
/// what the account should be called besides, the next run sees to.
pub(super) fn account<'h>(
    account: &WantedAccount,
    begun: Option<&UserName>,
    own: &OwnedAccount,
    against: &DiffInput<'h>,
    plan: &mut Plan,
) -> Option<Renamed<'h>> {
    let to = begun.or(account.rename.as_ref())?;
    let moves_home = against.rules.accounts.rename_home;
    let wish = Wish {
        id: &account.id,
        own,
        to,
        is_open: account.open,
        moves_home,
    };
    match rename(&wish, against, plan)? {
        Ok(renamed) => Some(renamed),
        Err(reason) => {
            let told = if begun.is_some() {
                unfinished(to.as_str(), reason)
            } else {
                kept(to.as_str(), reason)
            };
            plan.not_done(&account.id, &own.name, told);
            None
        }
    }
}

/// Says that something stands under another name than it is known by, and why it cannot be put right.
pub(super) fn unfinished(to: &str, why: Reason) -> Reason {
    let (to, why) = (Untrusted::new(to), why.boxed());
    Reason::RenameUnfinished { to, why }
}

/// Plans a rename, or says why the account cannot have the name; `None`: it stands under neither name as gosync's.
/// Whether the name is another person's of gosync's, the caller has found out.
pub(super) fn rename<'h>(
    wish: &Wish<'_>,
    against: &DiffInput<'h>,
    plan: &mut Plan,
) -> Option<Result<Renamed<'h>, Reason>> {
    let (host, &Wish { own, to, .. }) = (against.host, wish);
    let (found, is_begun) = match account_line(own, host) {
        Ok(found) => (found, false),
        // It has the new name already: by a rename that was broken off, or by usermod(8).
        Err(_) if !host.accounts.contains_key(own.name.as_str()) => {
            (account_line_as(to.as_str(), own, host).ok()?, true)
        }
        Err(_) => return None,
    };
    let planned = Planned {
        wish,
        host,
        against,
        is_begun,
    };
    Some(planned.plan(found, plan).map(|home| Renamed {
        to: to.clone(),
        found,
        home,
    }))
}

struct Planned<'a, 'h> {
    wish: &'a Wish<'a>,
    host: &'h Host<'h>,
    against: &'a DiffInput<'h>,
    /// Whether passwd has the new name already.
    is_begun: bool,
}

impl Planned<'_, '_> {
    /// Plans it. Returns the new home, if there is one.
    fn plan(&self, found: &HostAccount<'_>, plan: &mut Plan) -> Result<Option<String>, Reason> {
        if let Some(reason) = self.conflict()? {
            return Err(reason);
        }
        let (from, rename) = self.along(found)?;
        for reason in self.stays(&rename)? {
            plan.remark(self.wish.to.as_str(), reason);
        }
        let home = rename.home.as_ref().map(|home| home.to.clone());
        plan.changes.push(self.change(rename, from));
        Ok(home)
    }

    /// Why it cannot have the name.
    fn conflict(&self) -> Result<Option<Reason>, ProbeError> {
        let Self {
            wish: Wish { own, to, .. },
            host,
            against,
            is_begun,
        } = self;
        let to = to.as_str();
        let wish = claims::Wish {
            kind: EntryKind::Account,
            name: to,
            number: is_begun.then_some(own.uid.get()),
            group: self
                .has_private_group()
                .then_some(OwnGroup { gid: Some(own.gid) }),
        };
        if let Some(reason) = Claims::new(host, against.owned).name(wish) {
            return Ok(Some(reason));
        }
        let keys = &against.rules.keys;
        let (old_keys, new_keys) = (keys.file(&own.name), keys.file(to));
        let probe = against.probe;
        // Both names are those of one file while the rename goes on.
        let is_ours = || -> Result<bool, ProbeError> {
            Ok(probe.is_same(&new_keys, &old_keys)? || *is_begun && !probe.is_there(&old_keys)?)
        };
        if probe.is_there(&new_keys)? && !is_ours()? {
            return Ok(Some(Reason::KeysInTheWay { path: new_keys }));
        }
        // Where passwd has the new name, what is logged in has lost the old one already.
        let is_running = !against.chosen.force && !is_begun && probe.processes(own.uid)? > 0;
        Ok(is_running.then_some(Reason::InUse))
    }

    /// Whether its own group is there, under either name.
    fn has_private_group(&self) -> bool {
        let Wish { own, to, .. } = self.wish;
        let is_own = |name: &str| {
            self.host
                .groups
                .get(name)
                .is_some_and(|group| group.gid == own.gid)
        };
        own.private_group && (is_own(&own.name) || is_own(to.as_str()))
    }

    /// The name before, and what goes along.
    fn along(&self, found: &HostAccount<'_>) -> Result<(UserName, AccountRename), Reason> {
        let from = UserName::new(&self.wish.own.name, true)
            .map_err(|why| Reason::BadLedgerName { why })?;
        let account = AccountRename {
            private_group: self.has_private_group(),
            home: self.home(found)?,
            files: self.files()?,
        };
        Ok((from, account))
    }

    fn change(&self, account: AccountRename, from: UserName) -> Change {
        let &Wish { id, own, to, .. } = self.wish;
        let rename = Deed::Rename(Rename {
            number: Number::Uid(own.uid),
            from: from.into(),
            to: to.clone().into(),
            account: Some(account),
        });
        Change::account(self.against.owned.key(id), to.clone(), rename)
    }

    /// Where its home goes. One that is not named after the account stays; so does one that people put elsewhere.
    fn home(&self, found: &HostAccount<'_>) -> Result<Option<HomeMove>, Reason> {
        let Self {
            wish:
                Wish {
                    own,
                    to,
                    moves_home,
                    ..
                },
            against,
            is_begun,
            ..
        } = self;
        let from = &own.applied.home;
        let Some((base, last)) = from.rsplit_once('/').filter(|_| *moves_home) else {
            return Ok(None);
        };
        let new = format!("{base}/{to}");
        let is_where_we_put_it = found.home == from || *is_begun && found.home == new;
        if last != own.name || !is_where_we_put_it || against.probe.has_mounts(from)? {
            return Ok(None);
        }
        let ours = Some(Owner::Directory(own.uid.get()));
        let (old_at, new_at) = (against.probe.owner(from)?, against.probe.owner(&new)?);
        let linked = old_at == ours && against.probe.is_link_to(&new, from)?;
        let is_moved = *is_begun && new_at == ours && old_at != ours;
        if new_at.is_some() && !linked && !is_moved {
            return Err(Reason::NewHomeTaken { home: new });
        }
        if old_at.is_some() && old_at != ours && !is_moved {
            return Ok(None);
        }
        let moved = old_at == ours || is_moved;
        Ok(Some(HomeMove {
            from: from.clone(),
            to: new,
            moved,
            link: against.rules.accounts.rename_home_link,
            linked,
        }))
    }

    /// Files that are named after the account and go along: from where to where.
    fn files(&self) -> Result<Vec<(String, String)>, ProbeError> {
        let Self {
            wish: Wish {
                own, to, is_open, ..
            },
            against,
            ..
        } = self;
        let (rules, probe) = (&against.rules.keys, against.probe);
        let keys = (rules.file(&own.name), rules.file(to.as_str()));
        let mail = (format!("{MAIL}/{}", own.name), format!("{MAIL}/{to}"));
        let mut files = Vec::new();
        // The keys of one that is locked are withdrawn in this same run, and those that belong elsewhere in the next.
        let go_along = *is_open && rules.place == Place::Directory;
        if go_along && probe.is_file(&keys.0, None)? {
            files.push(keys);
        }
        let is_free = || -> Result<bool, ProbeError> {
            Ok(!probe.is_there(&mail.1)? || probe.is_same(&mail.0, &mail.1)?)
        };
        if against.rules.accounts.rename_mail
            && probe.is_file(&mail.0, Some(own.uid))?
            && is_free()?
        {
            files.push(mail);
        }
        Ok(files)
    }

    /// What keeps the old name.
    fn stays(&self, rename: &AccountRename) -> Result<Vec<Reason>, ProbeError> {
        let Self {
            wish: Wish {
                own, moves_home, ..
            },
            against,
            ..
        } = self;
        let mut told = Vec::new();
        let goes_along = |file: &str| rename.files.iter().any(|(from, _)| from == file);
        let mail = format!("{MAIL}/{}", own.name);
        if against.probe.is_file(&mail, Some(own.uid))? && !goes_along(&mail) {
            told.push(Reason::MailStays { path: mail });
        }
        for dir in CRONTABS {
            let crontab = format!("{dir}/{}", own.name);
            if against.probe.is_file(&crontab, None)? {
                told.push(Reason::CrontabStays { path: crontab });
            }
        }
        if *moves_home && rename.home.is_none() {
            told.push(Reason::HomeStays);
        }
        Ok(told)
    }
}

/// Plans the rename of a group, if it can have the name. Returns whether it is renamed.
pub(super) fn group(
    id: &RemoteId,
    (to, is_begun): (&GroupName, bool),
    own: &OwnedGroup,
    (host, owned): (&Host<'_>, &Owned),
    plan: &mut Plan,
) -> bool {
    match rename_group(id, to, own, (host, owned), plan) {
        None => false,
        Some(Ok(())) => true,
        Some(Err(reason)) => {
            let told = if is_begun {
                unfinished(to.as_str(), reason)
            } else {
                kept(to.as_str(), reason)
            };
            plan.remark(&own.name, told);
            false
        }
    }
}

/// Whether a group stands under this name in a database of gosync's.
fn stands(name: &str, own: &OwnedGroup, host: &Host<'_>) -> bool {
    host.groups
        .get(name)
        .is_some_and(|group| group.gid == own.gid.get() && group.writable)
}

/// As [`rename`], for a group.
pub(super) fn rename_group(
    id: &RemoteId,
    to: &GroupName,
    own: &OwnedGroup,
    (host, owned): (&Host<'_>, &Owned),
    plan: &mut Plan,
) -> Option<Result<(), Reason>> {
    let is_begun = !host.groups.contains_key(own.name.as_str()) && stands(to.as_str(), own, host);
    let is_sound =
        !host.repeated.contains(own.name.as_str()) && !host.broken.contains(own.name.as_str());
    let is_ours = stands(&own.name, own, host) && is_sound;
    if !is_begun && !is_ours {
        return None;
    }
    let from = GroupName::known(&own.name).ok()?;
    let wish = claims::Wish {
        kind: EntryKind::Group,
        name: to.as_str(),
        number: is_begun.then_some(own.gid.get()),
        group: None,
    };
    Some(match Claims::new(host, owned).name(wish) {
        Some(reason) => Err(reason),
        None => {
            let rename = Deed::Rename(Rename {
                number: Number::Gid(own.gid),
                from: from.into(),
                to: to.clone().into(),
                account: None,
            });
            plan.changes
                .push(Change::group(owned.key(id), to.clone(), rename));
            Ok(())
        }
    })
}
