//! The keys of a `[provider.NAME]` section with `kind = "ldap"`, and what they mean together.
//!
//! Everything that can be wrong with them is found here, before the first connection. Reads no
//! file, no environment. Attribute names by schema: RFC 2307, draft-howard-rfc2307bis, MS-ADTS, and
//! the schema files of 389 Directory Server.

use std::path::PathBuf;

use serde::Deserialize;

use crate::ldap::access::{Access, CONNECT_TIMEOUT, MAX_MESSAGE, MAX_READ, PAGE_SIZE};
use crate::ldap::attribute_name;
use crate::ldap::dn;
use crate::ldap::filter::Filter;
use crate::model::units::{Size, Span};
use crate::providers::extra::ExtraAttributes;
use crate::providers::inactive::InactiveWhen;

/// How many levels of groups in groups are followed.
pub(crate) const NESTED_DEPTH: u8 = 8;
/// The keys of the section, without `kind`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the server is: `ldaps://host`, `ldap://host` (with `start_tls`, or on this machine) or
    /// `ldapi://%2Frun%2Fslapd%2Fldapi`; with `:port` if it is not 636 or 389.
    pub url: String,
    /// Encrypt an `ldap://` connection with the StartTLS operation; if the server refuses, the read
    /// fails.
    #[serde(default)]
    pub start_tls: bool,
    /// Which attribute names and filters to begin with: `rfc2307`, `rfc2307bis`, `ad` or `389`.
    #[serde(default)]
    pub schema: Schema,
    /// Where people are, with everything below it.
    pub user_base: String,
    /// Where groups are, with everything below it. Must be set: a wrong guess would look like a
    /// directory without groups.
    pub group_base: String,
    /// Which entries below `user_base` are people, as an RFC 4515 filter.
    #[serde(default)]
    pub user_filter: Option<String>,
    /// Which entries below `group_base` are groups, as an RFC 4515 filter.
    #[serde(default)]
    pub group_filter: Option<String>,
    /// Who we are. Unset: nobody (anonymous), and over `ldapi` whoever the kernel says (SASL
    /// EXTERNAL).
    #[serde(default)]
    pub bind_dn: Option<String>,
    /// A file with the password for `bind_dn` in its first line.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The certificate authorities to trust, in PEM, and no others. Unset: those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The certificate of the server, in PEM: this very one is trusted, whatever names it has and
    /// whoever signed it.
    #[serde(default)]
    pub server_certificate: Option<PathBuf>,
    /// Entries in one page (RFC 2696); 0: no paging, for servers that cannot.
    #[serde(default = "page_size")]
    pub page_size: u32,
    /// How long one address may take to accept a connection, and TLS to be agreed on.
    #[serde(default = "connect_timeout")]
    pub connect_timeout: Span,
    /// How many levels of groups in groups are followed; a group that goes deeper is rejected, not
    /// shortened.
    #[serde(default = "nested_depth")]
    pub nested_depth: u8,
    /// How long one message, which is one entry, may be.
    #[serde(default = "max_message")]
    pub max_message: Size,
    /// How much the server may send in one read.
    #[serde(default = "max_read")]
    pub max_read: Size,
    /// Object classes of groups that gosync makes. Unset: by schema.
    #[serde(default)]
    pub new_group_classes: Option<Vec<String>>,
    /// Leave out what other servers have: parts of the tree for which this one refers to them. Unset: such a part makes
    /// the read incomplete.
    #[serde(default)]
    pub ignore_referrals: bool,
    /// Ask only for what has changed, where the server says that (RFC 4533, DirSync), and keep the rest in the state directory.
    #[serde(default = "incremental")]
    pub incremental: bool,
    /// Which values of which attributes shut a person out, beside those that are known.
    #[serde(default)]
    pub inactive_when: InactiveWhen,
    /// Attribute names that differ from those of the schema; `""`: do not read it.
    #[serde(default)]
    pub attributes: Attributes,
    /// Where further attributes are, by the names that hooks and targets have for them; `""`: this provider has it not.
    #[serde(default)]
    pub extra_attributes: ExtraAttributes,
}

fn page_size() -> u32 {
    PAGE_SIZE
}

fn incremental() -> bool {
    true
}

fn connect_timeout() -> Span {
    CONNECT_TIMEOUT
}

fn nested_depth() -> u8 {
    NESTED_DEPTH
}

fn max_message() -> Size {
    MAX_MESSAGE
}

fn max_read() -> Size {
    MAX_READ
}

impl Config {
    /// A section with only the keys that must be there.
    pub fn new(
        url: impl Into<String>,
        user_base: impl Into<String>,
        group_base: impl Into<String>,
    ) -> Self {
        Self {
            url: url.into(),
            start_tls: false,
            schema: Schema::default(),
            user_base: user_base.into(),
            group_base: group_base.into(),
            user_filter: None,
            group_filter: None,
            bind_dn: None,
            password_file: None,
            ca_file: None,
            server_certificate: None,
            page_size: PAGE_SIZE,
            connect_timeout: CONNECT_TIMEOUT,
            nested_depth: NESTED_DEPTH,
            max_message: MAX_MESSAGE,
            max_read: MAX_READ,
            new_group_classes: None,
            ignore_referrals: false,
            incremental: true,
            inactive_when: InactiveWhen::default(),
            attributes: Attributes::default(),
            extra_attributes: ExtraAttributes::default(),
        }
    }
}

/// A set of attribute names and filters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Schema {
    /// Members by login, in `memberUid`.
    #[default]
    #[serde(rename = "rfc2307")]
    Rfc2307,
    /// Members by name of entry, in `member` or `uniqueMember`, groups in groups.
    #[serde(rename = "rfc2307bis")]
    Rfc2307bis,
    /// Active Directory.
    #[serde(rename = "ad")]
    Ad,
    /// 389 Directory Server and its relatives.
    #[serde(rename = "389")]
    Ds389,
}

/// The `attributes` table: names that differ from those of the schema.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attributes {
    /// Login name of a person.
    pub login: Option<String>,
    /// Immutable id of a person.
    pub id: Option<String>,
    /// Full name; used where there is no `gecos`.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// User id number.
    pub uid: Option<String>,
    /// Primary group id number.
    pub gid: Option<String>,
    /// Home directory.
    pub home: Option<String>,
    /// Login shell; `nologin` and `false` mean that the person is locked out.
    pub shell: Option<String>,
    /// Comment field of the account; what stands before its first comma is the full name.
    pub gecos: Option<String>,
    /// SSH public keys.
    pub ssh_key: Option<String>,
    /// Time of the last change.
    pub updated: Option<String>,
    /// Immutable id of a group.
    pub group_id: Option<String>,
    /// Name of a group.
    pub group_name: Option<String>,
    /// Group id number.
    pub group_gid: Option<String>,
    /// Description of a group.
    pub group_description: Option<String>,
    /// Members by name of entry.
    pub member: Option<String>,
    /// Members by login.
    pub member_login: Option<String>,
}

impl Attributes {
    /// Those that are named, of people and of groups.
    fn wished(&self) -> [Vec<Named>; 2] {
        let people = [
            ("login", &self.login),
            ("id", &self.id),
            ("name", &self.name),
            ("email", &self.email),
            ("uid", &self.uid),
            ("gid", &self.gid),
            ("home", &self.home),
            ("shell", &self.shell),
            ("gecos", &self.gecos),
            ("ssh_key", &self.ssh_key),
            ("updated", &self.updated),
        ];
        let groups = [
            ("group_id", &self.group_id),
            ("group_name", &self.group_name),
            ("group_gid", &self.group_gid),
            ("group_description", &self.group_description),
            ("member", &self.member),
            ("member_login", &self.member_login),
        ];
        let named = |(key, wish): (&'static str, &Option<String>)| {
            let name = wish.as_ref().filter(|name| !name.is_empty())?;
            Some((key, name.clone()))
        };
        [
            people.into_iter().filter_map(named).collect(),
            groups.into_iter().filter_map(named).collect(),
        ]
    }

    /// Those that are given, by their keys.
    fn given(&self) -> Vec<(&'static str, String)> {
        self.wished().into_iter().flatten().collect()
    }
}

/// Attribute names in force; an empty one is not read.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub login: String,
    pub id: String,
    pub name: String,
    pub email: String,
    pub uid: String,
    pub gid: String,
    pub home: String,
    pub shell: String,
    pub gecos: String,
    pub ssh_key: String,
    pub updated: String,
    pub group_id: String,
    pub group_name: String,
    pub group_gid: String,
    pub group_description: String,
    pub member: Vec<String>,
    pub member_login: String,
    /// Further attributes, by the names that the configuration has for them.
    pub extra: ExtraAttributes,
    /// What else shuts a person out.
    pub inactive_when: InactiveWhen,
}

/// Attribute names where a schema has its own; an empty one: it has none.
struct Defaults {
    login: &'static str,
    id: &'static str,
    name: &'static str,
    home: &'static str,
    ssh_key: &'static str,
    updated: &'static str,
    group_name: &'static str,
    member: &'static [&'static str],
    member_login: &'static str,
}

/// RFC 2307, RFC 4530 and openssh-lpk.
const COMMON: Defaults = Defaults {
    login: "uid",
    id: "entryUUID",
    name: "cn",
    home: "homeDirectory",
    ssh_key: "sshPublicKey",
    updated: "modifyTimestamp",
    group_name: "cn",
    member: &["member", "uniqueMember"],
    member_login: "memberUid",
};

const DS389: Defaults = Defaults {
    id: "nsUniqueId",
    ssh_key: "nsSshPublicKey",
    ..COMMON
};

const AD: Defaults = Defaults {
    login: "sAMAccountName",
    id: "objectGUID",
    name: "displayName",
    home: "unixHomeDirectory",
    ssh_key: "sshPublicKey",
    updated: "whenChanged",
    group_name: "sAMAccountName",
    member: &["member"],
    member_login: "",
};

impl Names {
    fn new(config: &Config) -> Result<Self, String> {
        let wished = &config.attributes;
        let of = match config.schema {
            Schema::Ad => AD,
            Schema::Ds389 => DS389,
            _ => COMMON,
        };
        let pick = |key: &str, wish: &Option<String>, default: &str| match wish.as_deref() {
            None => Ok(default.to_owned()),
            Some(name) if name.is_empty() || attribute_name(name) => Ok(name.to_owned()),
            Some(_) => Err(format!("attributes.{key} is not the name of an attribute")),
        };
        let must = |key: &str, wish: &Option<String>, default: &str| match pick(key, wish, default)
        {
            Ok(name) if name.is_empty() => Err(format!("attributes.{key} must not be empty")),
            other => other,
        };
        let member_login = pick("member_login", &wished.member_login, of.member_login)?;
        let mut member = match &wished.member {
            None => of.member.iter().map(|&name| name.to_owned()).collect(),
            some => vec![pick("member", some, "")?],
        };
        member.retain(|name: &String| !name.eq_ignore_ascii_case(&member_login));
        Ok(Self {
            login: must("login", &wished.login, of.login)?,
            id: must("id", &wished.id, of.id)?,
            name: pick("name", &wished.name, of.name)?,
            email: pick("email", &wished.email, "mail")?,
            uid: pick("uid", &wished.uid, "uidNumber")?,
            gid: pick("gid", &wished.gid, "gidNumber")?,
            home: pick("home", &wished.home, of.home)?,
            shell: pick("shell", &wished.shell, "loginShell")?,
            gecos: pick("gecos", &wished.gecos, "gecos")?,
            ssh_key: pick("ssh_key", &wished.ssh_key, of.ssh_key)?,
            updated: pick("updated", &wished.updated, of.updated)?,
            group_id: must("group_id", &wished.group_id, of.id)?,
            group_name: must("group_name", &wished.group_name, of.group_name)?,
            group_gid: pick("group_gid", &wished.group_gid, "gidNumber")?,
            group_description: pick(
                "group_description",
                &wished.group_description,
                "description",
            )?,
            member,
            member_login,
            extra: config
                .extra_attributes
                .checked(|name| match attribute_name(name) {
                    true => Ok(()),
                    false => Err("is not the name of an attribute".to_owned()),
                })?,
            inactive_when: inactive_when(&config.inactive_when)?,
        })
    }
}

/// Whether all that `inactive_when` names are attributes.
fn inactive_when(when: &InactiveWhen) -> Result<InactiveWhen, String> {
    match when.attributes().find(|name| !attribute_name(name)) {
        Some(_) => Err("a key of inactive_when is not the name of an attribute".to_owned()),
        None => Ok(when.clone()),
    }
}

/// How the server that a section names is reached.
pub(super) fn access(config: &Config) -> Access<'_> {
    Access {
        url: &config.url,
        start_tls: config.start_tls,
        bind_dn: config.bind_dn.as_deref(),
        password_file: config.password_file.as_deref(),
        ca_file: config.ca_file.as_deref(),
        server_certificate: config.server_certificate.as_deref(),
        connect_timeout: config.connect_timeout,
        page_size: config.page_size,
        max_message: config.max_message,
        max_read: config.max_read,
        domain_scope: config.schema == Schema::Ad,
        ignore_referrals: config.ignore_referrals,
    }
}

/// Whether the keys fit together, without what the files hold that they name.
///
/// # Errors
/// Which key is wrong, and why.
pub(super) fn check(config: &Config) -> Result<(), String> {
    access(config).check()?;
    Settings::new(config).map(drop)
}

/// The configuration, checked and completed, as far as it is about people and groups.
#[derive(Debug)]
pub(super) struct Settings {
    pub schema: Schema,
    pub user_base: String,
    /// `user_base` in the form in which names are compared.
    pub user_base_key: String,
    pub group_base: String,
    /// `group_base` in the form in which names are compared.
    pub group_base_key: String,
    pub user_filter: String,
    pub group_filter: String,
    pub nested_depth: usize,
    pub new_group_classes: Option<Vec<String>>,
    pub ignore_referrals: bool,
    pub is_incremental: bool,
    pub names: Names,
    /// The attributes that the configuration names: that of people first, then that of groups.
    pub wished: [Vec<Wished>; 2],
    /// The names that the section gives itself, by their keys.
    pub named: Vec<(&'static str, String)>,
}

/// An attribute that the configuration names: its key below the section, and what it is called.
pub(super) type Wished = (String, String);

/// The same with its key in `attributes`.
type Named = (&'static str, String);

/// Those of `attributes`, and of people the further ones, too.
fn wished(config: &Config) -> [Vec<Wished>; 2] {
    let keyed = |(key, name): Named| (format!("attributes.{key}"), name);
    let [people, groups] = config.attributes.wished();
    let extra = config.extra_attributes.named("extra_attributes");
    [
        people.into_iter().map(keyed).chain(extra).collect(),
        groups.into_iter().map(keyed).collect(),
    ]
}

impl Settings {
    /// Checks `config`.
    ///
    /// # Errors
    /// Which key is wrong, and why.
    pub(super) fn new(config: &Config) -> Result<Self, String> {
        let base = |key: &str, base: &str| match dn::normalise(base) {
            Some(normal) if !base.is_empty() => Ok(normal.into_owned()),
            _ => Err(format!(
                "{key} is not a distinguished name such as ou=people,dc=example,dc=org"
            )),
        };
        let (user, group) = match config.schema {
            Schema::Ad => (
                "(&(objectCategory=person)(objectClass=user))",
                "(objectClass=group)",
            ),
            _ => ("(objectClass=posixAccount)", "(objectClass=posixGroup)"),
        };
        let classes = config.new_group_classes.as_ref();
        if classes.is_some_and(|c| c.is_empty() || !c.iter().all(|class| attribute_name(class))) {
            return Err(
                "new_group_classes is not a list of object classes such as [\"posixGroup\"]"
                    .to_owned(),
            );
        }
        Ok(Self {
            schema: config.schema,
            user_base_key: base("user_base", &config.user_base)?,
            user_base: config.user_base.clone(),
            group_base_key: base("group_base", &config.group_base)?,
            group_base: config.group_base.clone(),
            user_filter: filter("user_filter", config.user_filter.as_deref().unwrap_or(user))?,
            group_filter: filter(
                "group_filter",
                config.group_filter.as_deref().unwrap_or(group),
            )?,
            nested_depth: usize::from(config.nested_depth),
            new_group_classes: config.new_group_classes.clone(),
            ignore_referrals: config.ignore_referrals,
            is_incremental: config.incremental,
            names: Names::new(config)?,
            wished: wished(config),
            named: config.attributes.given(),
        })
    }
}

/// A filter that can be put into another one.
fn filter(key: &str, text: &str) -> Result<String, String> {
    let text = text.trim();
    let wrapped = if text.starts_with('(') {
        text.to_owned()
    } else {
        format!("({text})")
    };
    match Filter::new(&wrapped) {
        Some(_) => Ok(wrapped),
        None => Err(format!(
            "{key} is not a filter such as (objectClass=posixAccount)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(url: &str) -> Config {
        Config::new(
            url,
            "ou=people,dc=example,dc=org",
            "ou=groups,dc=example,dc=org",
        )
    }

    #[test]
    fn only_the_places_must_be_named() {
        let text = r#"
            url = "ldaps://ldap.example.org"
            user_base = "ou=people,dc=example,dc=org"
            group_base = "ou=groups,dc=example,dc=org"
        "#;
        let settings = Settings::new(&toml::from_str::<Config>(text).unwrap()).unwrap();
        assert_eq!(settings.user_filter, "(objectClass=posixAccount)");
        assert_eq!(settings.names.member, ["member", "uniqueMember"]);
        assert!(toml::from_str::<Config>(&format!("{text}\nbind_db = \"x\"")).is_err());
        assert!(
            toml::from_str::<Config>(&format!("{text}\nattributes = {{ logon = \"x\" }}")).is_err()
        );
    }

    #[test]
    fn authorities_are_for_encrypted_connections() {
        let config = |url: &str| Config {
            ca_file: Some("/ca".into()),
            ..with(url)
        };
        let problem = check(&config("ldap://localhost")).unwrap_err();
        assert!(problem.contains("not encrypted"), "{problem}");
    }

    #[test]
    fn filters_and_attribute_names_are_checked() {
        let mut config = with("ldapi://%2Frun%2Fldapi");
        config.user_filter = Some("objectClass=person".to_owned());
        assert_eq!(
            Settings::new(&config).unwrap().user_filter,
            "(objectClass=person)"
        );
        config.user_filter = Some("(objectClass=person".to_owned());
        assert!(Settings::new(&config).is_err());
        config.user_filter = None;
        config.attributes.login = Some(String::new());
        assert!(Settings::new(&config).is_err());
        config.attributes.login = Some("uid)(x=".to_owned());
        assert!(Settings::new(&config).is_err());
        config.new_group_classes = Some(vec!["posixGroup".to_owned(), "a)b".to_owned()]);
        config.attributes.login = None;
        assert!(
            Settings::new(&config)
                .unwrap_err()
                .contains("new_group_classes")
        );
        config.new_group_classes = Some(Vec::new());
        assert!(Settings::new(&config).is_err());
        config.new_group_classes = None;
        config.attributes.login = Some("0.9.2342.19200300.100.1.1".to_owned());
        config.attributes.home = Some(String::new());
        let names = Settings::new(&config).unwrap().names;
        assert_eq!(
            (names.login.as_str(), names.home.as_str()),
            ("0.9.2342.19200300.100.1.1", "")
        );
    }

    #[test]
    fn each_schema_has_its_immutable_id() {
        for (schema, id) in [
            ("rfc2307", "entryUUID"),
            ("rfc2307bis", "entryUUID"),
            ("ad", "objectGUID"),
            ("389", "nsUniqueId"),
        ] {
            let text =
                format!("url='ldaps://x'\nuser_base='dc=x'\ngroup_base='dc=x'\nschema='{schema}'");
            let names = Settings::new(&toml::from_str(&text).unwrap())
                .unwrap()
                .names;
            assert_eq!((names.id.as_str(), names.group_id.as_str()), (id, id));
        }
    }
}
