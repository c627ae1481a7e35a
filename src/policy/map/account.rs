//! One person's account: what its name, uid, home, shell and gecos become, or why it cannot be.
//!
//! Each part tells the rule that it came about by, for `gosync why`, and what was not taken over as the provider has it.

use super::{KnownAs, WantedAccount, asked_number, kept, mapped};
use crate::model::history::EntryKind;
use crate::model::shells::Shells;
use crate::model::{AccountFields, Gid, Uid, Untrusted, User, UserName};
use crate::policy::alloc::plain_number;
use crate::policy::interactive::INTERACTIVE;
use crate::policy::rules::UnknownShell;
use crate::policy::trace::Trace;
use crate::policy::{AccountRules, PrimaryGroup, Reason, Remark, gecos, protect};

/// Maps people, one at a time.
pub(super) struct AccountMapper<'a> {
    /// What the host allows.
    pub shells: &'a Shells<'a>,
    pub rules: &'a AccountRules,
    /// What is not taken over.
    pub remarks: &'a mut Vec<Remark>,
    pub trace: &'a mut Trace,
}

impl AccountMapper<'_> {
    /// The account of a person. `known_as`: the name of the one that they have.
    pub(super) fn account(
        &mut self,
        user: &User,
        open: bool,
        known_as: Option<KnownAs<'_>>,
    ) -> Result<WantedAccount, Reason> {
        let is_known = known_as.is_some();
        let has = known_as.map(|known| known.number);
        let (name, rename) = self.name(user, known_as)?;
        let uid = self.uid(user, &name, has)?;
        let gid = self.gid(user, is_known)?;
        let home = self.home(user, &name);
        let shell = self.shell(user, &name, is_known)?;
        let gecos = self.gecos(user);
        Ok(WantedAccount {
            id: user.id.clone(),
            open,
            name,
            rename,
            uid,
            gid,
            fields: AccountFields { gecos, home, shell },
        })
    }

    fn remark(&mut self, name: &UserName, reason: Reason) {
        self.remarks.push(Remark::new(name.as_str(), reason));
    }

    /// The name that the account has, or is to have; and the one that it should have from now on.
    fn name(
        &mut self,
        user: &User,
        known_as: Option<KnownAs<'_>>,
    ) -> Result<(UserName, Option<UserName>), Reason> {
        let mapped = mapped(&self.rules.names, &user.login, "names", self.trace);
        let sound = || sound_name(&mapped, self.rules);
        let Some(KnownAs { name, alias, .. }) = known_as else {
            return Ok((sound()?, None));
        };
        let known = UserName::new(name, true).map_err(|why| Reason::BadLedgerName { why })?;
        if name == mapped {
            return Ok((known, None));
        }
        self.trace.note("name", name, || {
            "kept: it has an account of this name already".to_owned()
        });
        let why = match (sound(), alias) {
            (_, Some(alias)) if alias == mapped => return Ok((known, None)),
            (Ok(new), None) => return Ok((known, Some(new))),
            (Ok(_), Some(_)) => Reason::AdoptedUnderThis,
            (Err(reason), _) => reason,
        };
        self.remark(&known, kept(&mapped, why));
        Ok((known, None))
    }

    /// The uid that the provider asks for.
    fn uid(
        &mut self,
        user: &User,
        name: &UserName,
        has: Option<u32>,
    ) -> Result<Option<Uid>, Reason> {
        let is_its = |text: &&Untrusted| has.is_some() && super::plain_number(text.raw()) == has;
        let asked = user.uid.as_ref().filter(|text| !is_its(text));
        let asked = asked.map(|text| uid(text, self.rules));
        match asked.transpose() {
            // What it has stays. A record that cannot be used would leave somebody in who is shut out.
            Err(reason) if has.is_some() => {
                let (kind, why) = (EntryKind::Account, reason.boxed());
                self.remark(name, Reason::KeepsNumber { kind, why });
                Ok(None)
            }
            asked => asked,
        }
    }

    /// The gid of the primary group that the provider asks for. That of an account that is there never changes.
    fn gid(&self, user: &User, is_known: bool) -> Result<Option<Gid>, Reason> {
        if is_known || self.rules.primary_group != PrimaryGroup::Provider {
            return Ok(None);
        }
        let kind = EntryKind::Group;
        let text = user.gid.as_ref().ok_or(Reason::NoPrimaryGid)?;
        let id = plain_number(text.raw()).ok_or_else(|| {
            let text = text.clone();
            Reason::NoNumber { kind, text }
        })?;
        let gid = Gid::new(id).ok_or(Reason::ReservedNumber { kind, id })?;
        Ok(Some(gid))
    }

    fn gecos(&mut self, user: &User) -> String {
        let gecos = user.name.as_ref().map(|name| gecos::clean(name.raw()));
        let gecos = gecos.unwrap_or_default();
        self.trace.note("gecos", &gecos, || match &user.name {
            Some(name) if name.raw() == gecos => "the provider's full name".to_owned(),
            Some(name) => format!("the provider's full name `{name}`, cleaned"),
            None => "the provider has no full name".to_owned(),
        });
        gecos
    }

    fn home(&mut self, user: &User, name: &UserName) -> String {
        let rules = self.rules;
        let computed = format!("{}/{name}", rules.home_base);
        let Some(wished) = user.home.as_ref().filter(|h| h.raw() != computed) else {
            self.trace
                .note("home", &computed, || "`home_base` and the name".to_owned());
            return computed;
        };
        let below = rules
            .home_bases
            .iter()
            .chain([&rules.home_base])
            .find(|base| is_directly_below(wished.raw(), base));
        if let Some(base) = below {
            self.trace.note("home", wished.raw(), || {
                format!("the provider's, below {base}")
            });
            return wished.raw().to_owned();
        }
        self.trace.note("home", &computed, || {
            format!("`home_base` and the name; the provider's `{wished}` is below no home base")
        });
        // Where no base is configured, homes are ours to compute, and a differing wish is not worth a word.
        if !rules.home_bases.is_empty() {
            let (wished, gets) = (wished.clone(), computed.clone());
            self.remark(name, Reason::BelowNoHomeBase { wished, gets });
        }
        computed
    }

    /// The login shell. A wish for one that is not allowed never becomes more than it asked for: what is no common interactive
    /// shell was meant to keep somebody out, or to let them do one thing.
    fn shell(&mut self, user: &User, name: &UserName, is_known: bool) -> Result<String, Reason> {
        let (rules, shells) = (self.rules, self.shells);
        let wish = user.shell.as_ref().filter(|wish| !wish.raw().is_empty());
        let Some(wished) = wish.filter(|wish| wish.raw() != rules.shell) else {
            self.trace
                .note("shell", &rules.shell, || "`shell`".to_owned());
            return Ok(rules.shell.clone());
        };
        if shells.allow(wished.raw()) {
            self.trace
                .note("shell", wished.raw(), || "the provider's".to_owned());
            return Ok(wished.raw().to_owned());
        }
        let base = wished.raw().trim().rsplit('/').next().unwrap_or_default();
        let becomes = rules
            .unknown_shell
            .unwrap_or(match INTERACTIVE.contains(&base) {
                true => UnknownShell::Default,
                false => UnknownShell::Nologin,
            });
        let gets = match becomes {
            UnknownShell::Default => rules.shell.as_str(),
            UnknownShell::Nologin => shells.closed(),
            // Who has an account goes on being looked at: they may have to be locked.
            UnknownShell::Refuse if is_known => shells.closed(),
            UnknownShell::Refuse => {
                let wished = wished.clone();
                return Err(Reason::ShellRefused { wished });
            }
        };
        self.trace.note("shell", gets, || {
            let why = match (becomes, rules.unknown_shell) {
                (UnknownShell::Default, _) => {
                    return format!("`shell`; the provider's `{wished}` is not in /etc/shells");
                }
                (_, None) => "no common shell",
                (_, Some(_)) => "`unknown_shell` lets nobody have it",
            };
            format!("the provider's `{wished}` is not in /etc/shells, and {why}")
        });
        let (wished, gets) = (wished.clone(), gets.to_owned());
        let told = Reason::ShellNotAllowed {
            wished,
            gets: gets.clone(),
        };
        self.remark(name, told);
        Ok(gets)
    }
}

/// The name of an account, by our rules.
fn sound_name(mapped: &str, rules: &AccountRules) -> Result<UserName, Reason> {
    let name = UserName::new(mapped, rules.dots).map_err(|why| Reason::BadName {
        kind: EntryKind::Account,
        name: Untrusted::new(mapped),
        why,
    })?;
    let is_trusted = rules.trusted_names.contains(name.as_str());
    match protect::is_reserved(name.as_str()) && !is_trusted {
        true => Err(Reason::SystemName {
            kind: EntryKind::Account,
            name: name.to_string(),
        }),
        false => Ok(name),
    }
}

fn uid(text: &Untrusted, rules: &AccountRules) -> Result<Uid, Reason> {
    let (kind, id) = (
        EntryKind::Account,
        asked_number(text, rules.uid_range, EntryKind::Account)?,
    );
    Uid::new(id).ok_or(Reason::ReservedNumber { kind, id })
}

fn is_directly_below(path: &str, base: &str) -> bool {
    let Some(last) = path
        .strip_prefix(base)
        .and_then(|rest| rest.strip_prefix('/'))
    else {
        return false;
    };
    let plain = last
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'+'));
    plain && (1..=64).contains(&last.len()) && !last.starts_with(['.', '-'])
}
