//! The keys of `[target.NAME]` with `kind = "ldap"`, and what they mean together. Reads no file.

use std::path::PathBuf;

use serde::Deserialize;

use crate::ldap::access::{Access, CONNECT_TIMEOUT, MAX_MESSAGE, MAX_READ, PAGE_SIZE};
use crate::ldap::{attribute_name, dn};
use crate::model::units::{Size, Span};
use crate::plan::guard::elsewhere::OwnLimits;

/// `[target.NAME]` with `kind = "ldap"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The one server that is written to: `ldaps://host`, `ldap://host` or `ldapi://%2Frun%2Fslapd%2Fldapi`.
    pub(super) url: String,
    /// Encrypt an `ldap://` connection with the StartTLS operation.
    #[serde(default)]
    start_tls: bool,
    /// How groups list their members.
    #[serde(default)]
    pub(super) schema: Schema,
    /// The entry below which people are.
    pub(super) user_base: String,
    /// The entry below which groups are.
    pub(super) group_base: String,
    /// The entry below which those come to stand who are gone; unset: their entries are removed.
    #[serde(default)]
    pub(super) retired_base: Option<String>,
    /// The entry that says who writes; unset: `cn=gosync-writer` beside `user_base`.
    #[serde(default)]
    writer_dn: Option<String>,
    /// Its replicas, for the doctor.
    #[serde(default)]
    pub(super) check_urls: Vec<String>,
    /// The attribute with the provider's id of a person.
    #[serde(default = "employee_number")]
    pub(super) id_attribute: String,
    /// The attribute with the provider's id of a group.
    #[serde(default = "employee_number")]
    pub(super) group_id_attribute: String,
    /// Object classes of new people.
    #[serde(default = "user_classes")]
    pub(super) user_classes: Vec<String>,
    /// Object classes of new groups; unset: by schema.
    #[serde(default)]
    group_classes: Option<Vec<String>>,
    /// Who we are. Unset: nobody (anonymous), and over `ldapi` whoever the kernel says (SASL EXTERNAL).
    #[serde(default)]
    bind_dn: Option<String>,
    /// A file with the password for `bind_dn` in its first line.
    #[serde(default)]
    pub(super) password_file: Option<PathBuf>,
    /// The certificate authorities to trust, in PEM, and no others.
    #[serde(default)]
    pub(super) ca_file: Option<PathBuf>,
    /// The certificate of the server, in PEM.
    #[serde(default)]
    pub(super) server_certificate: Option<PathBuf>,
    /// Limits of its own.
    #[serde(default)]
    pub(super) limits: OwnLimits,
    /// Whether groups that are one account's own have entries.
    #[serde(default)]
    pub(super) private_groups: bool,
    /// Entries in one page.
    #[serde(default = "page_size")]
    page_size: u32,
    /// How long one address may take to accept a connection, and TLS to be agreed on.
    #[serde(default = "connect_timeout")]
    connect_timeout: Span,
    /// How long one message, which is one entry, may be.
    #[serde(default = "max_message")]
    max_message: Size,
    /// How much the server may send in one read.
    #[serde(default = "max_read")]
    max_read: Size,
}

/// How groups list their members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Schema {
    /// By name of entry, in `member`; `posixGroup` is auxiliary.
    #[default]
    Rfc2307bis,
    /// By login, in `memberUid`; `posixGroup` is structural.
    Rfc2307,
}

fn employee_number() -> String {
    "employeeNumber".to_owned()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn user_classes() -> Vec<String> {
    words(&[
        "inetOrgPerson",
        "posixAccount",
        "shadowAccount",
        "ldapPublicKey",
    ])
}

fn page_size() -> u32 {
    PAGE_SIZE
}

fn connect_timeout() -> Span {
    CONNECT_TIMEOUT
}

fn max_message() -> Size {
    MAX_MESSAGE
}

fn max_read() -> Size {
    MAX_READ
}

impl Config {
    /// How the server is reached.
    pub(super) fn access(&self) -> Access<'_> {
        Access {
            url: &self.url,
            start_tls: self.start_tls,
            bind_dn: self.bind_dn.as_deref(),
            password_file: self.password_file.as_deref(),
            ca_file: self.ca_file.as_deref(),
            server_certificate: self.server_certificate.as_deref(),
            connect_timeout: self.connect_timeout,
            page_size: self.page_size,
            max_message: self.max_message,
            max_read: self.max_read,
            domain_scope: false,
            ignore_referrals: false,
        }
    }

    /// The same on another server.
    pub(super) fn elsewhere(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self.clone()
        }
    }

    /// The name of the entry that says who writes.
    pub(super) fn writer_dn(&self) -> String {
        let usual = || {
            let above = dn::parent(&self.user_base).unwrap_or_default();
            format!("cn=gosync-writer,{above}")
        };
        self.writer_dn.clone().unwrap_or_else(usual)
    }

    /// Object classes of new groups. `extensibleObject` lets them have the attribute with the id.
    pub(super) fn group_classes(&self) -> Vec<String> {
        let by_schema = || match self.schema {
            Schema::Rfc2307bis => words(&["groupOfNames", "posixGroup", "extensibleObject"]),
            Schema::Rfc2307 => words(&["posixGroup", "extensibleObject"]),
        };
        self.group_classes.clone().unwrap_or_else(by_schema)
    }

    /// Whether the keys fit together.
    pub(super) fn fit(&self) -> Result<(), String> {
        self.access().check()?;
        for url in &self.check_urls {
            let replica = Access {
                url,
                ..self.access()
            };
            replica
                .check()
                .map_err(|why| format!("check_urls: {why}"))?;
        }
        for (key, name) in [
            ("id_attribute", &self.id_attribute),
            ("group_id_attribute", &self.group_id_attribute),
        ] {
            if !attribute_name(name) {
                return Err(format!("{key} is not the name of an attribute"));
            }
        }
        let (users, groups) = (&self.user_classes, &self.group_classes());
        for (key, classes, needed) in [
            ("user_classes", users, "posixAccount"),
            ("group_classes", groups, "posixGroup"),
        ] {
            if !classes.iter().all(|class| attribute_name(class)) {
                return Err(format!("{key} is not a list of object classes"));
            }
            if !classes
                .iter()
                .any(|class| class.eq_ignore_ascii_case(needed))
            {
                return Err(format!("{key} must have {needed} among them"));
            }
        }
        self.bases()?;
        self.writer_entry()
    }

    /// Whether the entry that says who writes can be none of a person or a group.
    fn writer_entry(&self) -> Result<(), String> {
        let Some(name) = &self.writer_dn else {
            return Ok(());
        };
        let parts = dn::first(name);
        let is_named =
            matches!(parts.as_slice(), [one] if one.attribute == "cn" && one.value.is_some());
        let key = dn::normalise(name).filter(|_| is_named);
        let Some(key) = key else {
            return Err("writer_dn is not a distinguished name such as cn=writer,ou=services,dc=example,dc=org".to_owned());
        };
        let bases = [
            Some(&self.user_base),
            Some(&self.group_base),
            self.retired_base.as_ref(),
        ];
        let mut bases = bases
            .into_iter()
            .flatten()
            .filter_map(|base| dn::normalise(base));
        match bases.any(|base| dn::is_under(&key, &base)) {
            true => Err(
                "writer_dn must be below neither user_base nor group_base nor retired_base"
                    .to_owned(),
            ),
            false => Ok(()),
        }
    }

    /// Whether each entry can be below one of the bases only.
    fn bases(&self) -> Result<(), String> {
        let retired = self.retired_base.as_ref();
        let named = [
            ("user_base", &self.user_base),
            ("group_base", &self.group_base),
        ]
        .into_iter()
        .chain(retired.map(|base| ("retired_base", base)));
        let mut seen: Vec<(&str, String)> = Vec::new();
        for (key, base) in named {
            let normal = dn::normalise(base).filter(|_| !base.is_empty());
            let Some(normal) = normal else {
                return Err(format!(
                    "{key} is not a distinguished name such as ou=people,dc=example,dc=org"
                ));
            };
            let one_in_other =
                |(_, it): &&(&str, String)| dn::is_under(it, &normal) || dn::is_under(&normal, it);
            if let Some((other, _)) = seen.iter().find(one_in_other) {
                return Err(format!(
                    "{key} and {other} must be two entries, neither of them below the other"
                ));
            }
            seen.push((key, normal.into_owned()));
        }
        Ok(())
    }
}
