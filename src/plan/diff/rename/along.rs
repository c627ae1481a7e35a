//! What goes along when an account gets another name, and what of it is in the way: its own group, its home, its mail and
//! its file with keys. Crontabs, and what people put elsewhere, stay; that is told.

use super::{Planned, Renamable, Wish};
use crate::model::host::Owner;
use crate::model::owned::{OwnedAccount, OwnedGroup};
use crate::plan::claims::OwnGroup;
use crate::plan::diff::home_base::check_base_of;
use crate::plan::diff::owned_entry::OwnedEntry as _;
use crate::plan::{AccountRename, HomeMove, Plan, ProbeError};
use crate::policy::Reason;
use crate::policy::keys::Place;

/// Where mail is.
const MAIL: &str = "/var/mail";

/// Where crontabs are, on one system or another.
const CRONTABS: [&str; 2] = ["/var/spool/cron/crontabs", "/var/spool/cron"];

impl Renamable for OwnedAccount {
    fn own_group(planned: &Planned<'_, Self>) -> Option<OwnGroup> {
        let gid = Some(planned.wish.own.gid);
        planned.has_private_group().then_some(OwnGroup { gid })
    }

    fn along(
        planned: &Planned<'_, Self>,
        plan: &mut Plan,
    ) -> Result<Option<AccountRename>, Reason> {
        if let Some(reason) = planned.obstacle()? {
            return Err(reason);
        }
        let account = AccountRename {
            private_group: planned.has_private_group(),
            home: planned.home()?,
            files: planned.files()?,
        };
        for reason in planned.stays(&account)? {
            plan.remark(planned.wish.to.as_str(), reason);
        }
        Ok(Some(account))
    }
}

impl Renamable for OwnedGroup {
    fn own_group(_: &Planned<'_, Self>) -> Option<OwnGroup> {
        None
    }

    fn along(_: &Planned<'_, Self>, _: &mut Plan) -> Result<Option<AccountRename>, Reason> {
        Ok(None)
    }
}

impl Planned<'_, OwnedAccount> {
    /// What is in the way of the new name besides the databases.
    fn obstacle(&self) -> Result<Option<Reason>, ProbeError> {
        let Self {
            wish,
            against,
            is_begun,
        } = *self;
        let (own, keys) = (wish.own, &against.rules.keys);
        let (old_keys, new_keys) = (keys.file(&own.name), keys.file(wish.to.as_str()));
        let probe = against.probe;
        // Both names are those of one file while the rename goes on.
        let is_ours = || -> Result<bool, ProbeError> {
            Ok(probe.is_same(&new_keys, &old_keys)? || is_begun && !probe.is_there(&old_keys)?)
        };
        if probe.is_there(&new_keys)? && !is_ours()? {
            return Ok(Some(Reason::KeysInTheWay { path: new_keys }));
        }
        // Where passwd has the new name, what is logged in has lost the old one already.
        let is_running =
            !against.chosen.force && !is_begun && probe.processes(own.uid, &own.name)? > 0;
        Ok(is_running.then_some(Reason::InUse))
    }

    /// Whether its own group is there, under either name.
    fn has_private_group(&self) -> bool {
        let Wish { own, to, .. } = self.wish;
        let is_own = |name: &str| {
            self.against
                .host
                .groups
                .get(name)
                .is_some_and(|group| group.gid == own.gid)
        };
        own.private_group && (is_own(&own.name) || is_own(to.as_str()))
    }

    /// Where its home goes. One that is not named after the account stays; so does one that people put elsewhere.
    fn home(&self) -> Result<Option<HomeMove>, Reason> {
        let Self {
            wish,
            against,
            is_begun,
        } = *self;
        let &Wish { own, to, .. } = wish;
        let from = &own.applied.fields.home;
        let Some((base, last)) = from.rsplit_once('/').filter(|_| wish.moves_home) else {
            return Ok(None);
        };
        let new = format!("{base}/{to}");
        let stands = if is_begun { to.as_str() } else { &own.name };
        let found = OwnedAccount::found(stands, against.host).map(|found| found.fields.home);
        let is_where_we_put_it = found == Some(from) || is_begun && found == Some(&new);
        if last != own.name || !is_where_we_put_it || against.probe.has_mounts(from)? {
            return Ok(None);
        }
        if against.rules.accounts.create_home {
            check_base_of(from, against)?;
        }
        let ours = Some(Owner::Directory(own.uid.get()));
        let (old_at, new_at) = (against.probe.owner(from)?, against.probe.owner(&new)?);
        let linked = old_at == ours && against.probe.is_link_to(&new, from)?;
        let is_moved = is_begun && new_at == ours && old_at != ours;
        if new_at.is_some() && !linked && !is_moved {
            return Err(Reason::NewHomeTaken { home: new });
        }
        if old_at.is_some() && old_at != ours && !is_moved {
            return Ok(None);
        }
        let moved = old_at == ours || is_moved;
        if moved {
            check_base_of(from, against)?;
        }
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
        let Self { wish, against, .. } = *self;
        let &Wish { own, to, .. } = wish;
        let (rules, probe) = (&against.rules.keys, against.probe);
        let keys = (rules.file(&own.name), rules.file(to.as_str()));
        let mail = (format!("{MAIL}/{}", own.name), format!("{MAIL}/{to}"));
        let mut files = Vec::new();
        // The keys of one that is locked are withdrawn in this same run, and those that belong elsewhere in the next.
        let go_along = wish.is_open && rules.place == Place::Directory;
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
        let Self { wish, against, .. } = *self;
        let own = wish.own;
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
        if wish.moves_home && rename.home.is_none() {
            told.push(Reason::HomeStays);
        }
        Ok(told)
    }
}
