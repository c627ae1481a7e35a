//! What entries are to stand in a directory, made of the accounts and groups that stand on the host. Pure.
//!
//! Attributes: RFC 2307, draft-howard-rfc2307bis, RFC 2798 (inetOrgPerson), openssh-lpk, shadow(5) for shadowExpire,
//! draft-behera-ldap-password-policy for pwdAccountLockedTime.

use std::collections::BTreeMap;

use super::config::Schema;
use crate::targets::derived::{Account, Group};

/// What shadowExpire says of who is locked: a day that is long over.
pub(super) const EXPIRED: &str = "1";

/// What pwdAccountLockedTime says of who is locked for ever.
const FOR_EVER: &str = "000001010000Z";

/// Values of an attribute.
pub(super) type Values = Vec<Vec<u8>>;

/// An entry that is to stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The provider's id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Its uid or gid.
    pub number: u32,
    /// Whether it lets somebody in.
    pub is_open: bool,
    /// What it has besides.
    pub values: Vec<Wish>,
}

/// What an entry is called when a plan was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Its name.
    pub dn: String,
    /// The login, or the name of the group: another than that of the account while that is still somebody else's.
    pub name: String,
}

/// What an attribute is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// Which attribute.
    pub attribute: &'static str,
    /// Its values; none: it is not to be there.
    pub values: Values,
    /// How it is brought there.
    pub rule: Rule,
}

/// How an attribute of an entry that stands is brought in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// All values at once.
    Whole,
    /// Value by value.
    Each,
    /// Value by value, each the name of an entry.
    Names,
    /// It is what a new entry has, and stays whatever it is then.
    Initial,
    /// In a change of its own, since a server may refuse it; and where it is not to be there, only this value goes.
    Alone(&'static str),
}

/// What a server has attributes for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Knows {
    /// SSH keys.
    pub keys: bool,
    /// Locks of a password policy.
    pub locks: bool,
}

fn one(attribute: &'static str, value: &str) -> Wish {
    let values = match value {
        "" => Vec::new(),
        value => vec![value.as_bytes().to_vec()],
    };
    Wish {
        attribute,
        values,
        rule: Rule::Whole,
    }
}

/// The entry of an account.
pub(super) fn person(account: &Account<'_>, knows: Knows) -> Wanted {
    let (on_host, fields) = (&account.on_host, &account.on_host.fields);
    // What comes after the first comma is for finger(1).
    let full = fields.gecos.split(',').next().unwrap_or_default().trim();
    let full = if full.is_empty() { account.name } else { full };
    let last = full.split_whitespace().last().unwrap_or(full);
    let is_plain = fields.gecos.bytes().all(|b| matches!(b, b' '..=b'~'));
    let expire = match account.active {
        true => on_host.expire,
        false => EXPIRED,
    };
    let mut values = vec![
        one("cn", full),
        Wish {
            rule: Rule::Initial,
            ..one("sn", last)
        },
        one("gidNumber", &on_host.gid.to_string()),
        one("homeDirectory", fields.home),
        one("loginShell", fields.shell),
        // RFC 2307 has it in ASCII; others are shown by `cn`.
        one("gecos", if is_plain { fields.gecos } else { "" }),
        one("shadowExpire", expire),
    ];
    let is_open = account.active && expire != EXPIRED;
    if knows.keys {
        let keys = account.keys.iter().filter(|_| is_open);
        values.push(Wish {
            attribute: "sshPublicKey",
            values: keys.map(|key| key.as_bytes().to_vec()).collect(),
            rule: Rule::Each,
        });
    }
    if knows.locks {
        values.push(Wish {
            rule: Rule::Alone(FOR_EVER),
            ..one("pwdAccountLockedTime", if is_open { "" } else { FOR_EVER })
        });
    }
    Wanted {
        id: account.id.clone(),
        name: account.name.to_owned(),
        number: on_host.uid,
        is_open,
        values,
    }
}

/// The entry of a group. `entries`: what people's entries are called, by the names of their accounts.
pub(super) fn group(
    group: &Group<'_>,
    schema: Schema,
    entries: &BTreeMap<String, Named>,
) -> Wanted {
    // Members whom gosync did not put there are this host's own.
    let members = group.on_host.members.names();
    let there = members.filter_map(|name| entries.get(name));
    let mut values: Values = there
        .map(|it| match schema {
            Schema::Rfc2307bis => it.dn.clone().into_bytes(),
            // While a login is still somebody else's, their groups are not theirs.
            Schema::Rfc2307 => it.name.clone().into_bytes(),
        })
        .collect();
    values.sort_unstable();
    values.dedup();
    let (attribute, rule) = match schema {
        Schema::Rfc2307bis => ("member", Rule::Names),
        Schema::Rfc2307 => ("memberUid", Rule::Each),
    };
    Wanted {
        id: group.id.clone(),
        name: group.name.to_owned(),
        number: group.on_host.gid,
        is_open: true,
        values: vec![Wish {
            attribute,
            values,
            rule,
        }],
    }
}
