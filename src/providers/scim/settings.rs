//! The keys of a `[provider.NAME]` section with `kind = "scim"`, and what they mean together.
//!
//! Everything that can be wrong with them is found before the first connection. Reads no file, no
//! environment.

use std::path::PathBuf;

use serde::Deserialize;

use super::path::Path;
use crate::model::Details;
use crate::model::units::Span;
use crate::providers::extra::ExtraAttributes;
use crate::providers::http::{
    Access, CONNECT_TIMEOUT, ClientAuth, Http, Options, READ_TIMEOUT, Secrets,
};
use crate::providers::inactive::InactiveWhen;

/// Resources asked for in one page; servers give fewer where they like.
pub(crate) const PAGE_SIZE: u32 = 200;
/// How many levels of groups in groups are followed.
pub(crate) const NESTED_DEPTH: u8 = 8;
/// A page of groups holds all their members.
const MAX_BYTES: usize = 128 << 20;

/// The keys of the section, without `kind`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where `/Users` and `/Groups` are, such as `https://scim.example.org/v2`.
    pub url: String,
    /// A file with a bearer token in its first line.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Our name at the token endpoint, for OAuth 2 client credentials.
    #[serde(default)]
    pub client_id: Option<String>,
    /// A file with the secret that belongs to `client_id`.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// The token endpoint.
    #[serde(default)]
    pub token_url: Option<String>,
    /// The scopes to ask for, separated by blanks.
    #[serde(default)]
    pub scope: Option<String>,
    /// How the client says who it is at the token endpoint.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The certificate authorities to trust, in PEM, and no others. Unset: those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The certificate of the server at `url`, in PEM: this very one is trusted, whatever names it
    /// has and whoever signed it.
    #[serde(default)]
    pub server_certificate: Option<PathBuf>,
    /// The proxy to go through. Unset: none, whatever the environment says.
    #[serde(default)]
    pub proxy: Option<String>,
    /// Resources in one page.
    #[serde(default = "page_size")]
    pub page_size: u32,
    /// How pages are asked for.
    #[serde(default)]
    pub paging: Paging,
    /// Name the wanted attributes in each request, for servers that give some only then.
    #[serde(default)]
    pub request_attributes: bool,
    /// What the `value` of a group's member is.
    #[serde(default)]
    pub member_value: MemberValue,
    /// Whether what has changed is asked for by `meta.lastModified`, and what is gone is seen by how many there are.
    #[serde(default)]
    pub trust_last_modified: bool,
    /// How many levels of groups in groups are followed; a group that goes deeper is rejected, not
    /// shortened.
    #[serde(default = "nested_depth")]
    pub nested_depth: u8,
    /// How long it may take to connect and to agree on TLS.
    #[serde(default = "connect_timeout")]
    pub connect_timeout: Span,
    /// How long nothing may come.
    #[serde(default = "read_timeout")]
    pub read_timeout: Span,
    /// Which values of which attributes shut a person out, beside `active`.
    #[serde(default)]
    pub inactive_when: InactiveWhen,
    /// Where in a resource gosync finds what it needs; `""`: do not read it.
    #[serde(default)]
    pub attributes: Attributes,
    /// Where further attributes are, by the names that hooks and targets have for them; `""`: this provider has it not.
    #[serde(default)]
    pub extra_attributes: ExtraAttributes,
}

fn page_size() -> u32 {
    PAGE_SIZE
}

fn nested_depth() -> u8 {
    NESTED_DEPTH
}

fn connect_timeout() -> Span {
    CONNECT_TIMEOUT
}

fn read_timeout() -> Span {
    READ_TIMEOUT
}

impl Config {
    /// A section with only the key that must be there.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token_file: None,
            client_id: None,
            client_secret_file: None,
            token_url: None,
            scope: None,
            client_auth: ClientAuth::default(),
            ca_file: None,
            server_certificate: None,
            proxy: None,
            page_size: PAGE_SIZE,
            paging: Paging::default(),
            request_attributes: false,
            member_value: MemberValue::default(),
            trust_last_modified: false,
            nested_depth: NESTED_DEPTH,
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: READ_TIMEOUT,
            inactive_when: InactiveWhen::default(),
            attributes: Attributes::default(),
            extra_attributes: ExtraAttributes::default(),
        }
    }
}

impl Config {
    /// Where the server is, and who we are there.
    pub(super) fn access(&self) -> Access<'_> {
        Access {
            url: &self.url,
            token_file: self.token_file.as_deref(),
            client_id: self.client_id.as_deref(),
            client_secret_file: self.client_secret_file.as_deref(),
            token_url: self.token_url.as_deref(),
            scope: self.scope.as_deref(),
            client_auth: self.client_auth,
            ca_file: self.ca_file.as_deref(),
            server_certificate: self.server_certificate.as_deref(),
            proxy: self.proxy.as_deref(),
            connect_timeout: self.connect_timeout,
            read_timeout: self.read_timeout,
        }
    }
}

/// How pages are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Paging {
    /// By cursor if the server says that it can, else by index.
    #[default]
    Auto,
    /// By `startIndex` and `count` (RFC 7644).
    Index,
    /// By `cursor` (RFC 9865).
    Cursor,
    /// Not at all: the server gives everything at once.
    None,
}

/// What the `value` of a group's member is. There is no guessing: who may choose a login could
/// choose somebody's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberValue {
    /// The id of a person or a group, as RFC 7643 has it.
    #[default]
    Id,
    /// The login of a person.
    Login,
}

/// The `attributes` table: paths that differ from the usual ones.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attributes {
    /// Login name of a person.
    pub login: Option<String>,
    /// Full name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether the person is active.
    pub active: Option<String>,
    /// User id number.
    pub uid: Option<String>,
    /// Primary group id number.
    pub gid: Option<String>,
    /// Home directory.
    pub home: Option<String>,
    /// Login shell.
    pub shell: Option<String>,
    /// SSH public keys.
    pub ssh_key: Option<String>,
    /// Time of the last change.
    pub updated: Option<String>,
    /// Name of a group.
    pub group_name: Option<String>,
    /// Group id number.
    pub group_gid: Option<String>,
    /// Description of a group.
    pub group_description: Option<String>,
}

impl Attributes {
    /// Those that are named, of people and of groups.
    fn wished(&self) -> [Vec<Wished>; 2] {
        let people = [
            ("login", &self.login),
            ("name", &self.name),
            ("email", &self.email),
            ("active", &self.active),
            ("uid", &self.uid),
            ("gid", &self.gid),
            ("home", &self.home),
            ("shell", &self.shell),
            ("ssh_key", &self.ssh_key),
            ("updated", &self.updated),
        ];
        let groups = [
            ("group_name", &self.group_name),
            ("group_gid", &self.group_gid),
            ("group_description", &self.group_description),
        ];
        let named = |(key, wish): (&'static str, &Option<String>)| {
            let path = wish.as_ref().filter(|path| !path.is_empty())?;
            Some((format!("attributes.{key}"), Path::new(path).ok()?))
        };
        [
            people.into_iter().filter_map(named).collect(),
            groups.into_iter().filter_map(named).collect(),
        ]
    }
}

/// Paths in force; `None`: not read.
#[derive(Debug)]
pub(super) struct Names {
    pub login: Path,
    /// The first that is there counts.
    pub name: Vec<Path>,
    pub email: Option<Path>,
    pub active: Option<Path>,
    pub uid: Option<Path>,
    pub gid: Option<Path>,
    pub home: Option<Path>,
    pub shell: Option<Path>,
    pub ssh_key: Option<Path>,
    pub updated: Option<Path>,
    pub group_name: Path,
    pub group_gid: Option<Path>,
    pub group_description: Option<Path>,
    /// Further attributes, by the names that the configuration has for them.
    pub extra: ExtraAttributes,
    /// The same, each with its path.
    pub extra_paths: Vec<(String, Path)>,
    /// What else shuts a person out, and where each attribute of it is.
    pub inactive_when: InactiveWhen,
    pub inactive_paths: Vec<Path>,
}

impl Names {
    fn new(config: &Config) -> Result<Self, String> {
        let Config {
            attributes: wished,
            inactive_when,
            ..
        } = config;
        let extra = config
            .extra_attributes
            .checked(|text| Path::new(text).map(drop))?;
        let inactive = inactive_when.attributes().map(|text| {
            Path::new(text).map_err(|reason| format!("a key of inactive_when {reason}"))
        });
        let path = |key: &str, text: &str| {
            Path::new(text).map_err(|reason| format!("attributes.{key} {reason}"))
        };
        let pick = |key: &str, wish: &Option<String>, default: &str| match wish
            .as_deref()
            .unwrap_or(default)
        {
            "" => Ok(None),
            text => path(key, text).map(Some),
        };
        let must = |key: &str, wish: &Option<String>, default: &str| {
            pick(key, wish, default)?.ok_or_else(|| format!("attributes.{key} must not be empty"))
        };
        let name = match &wished.name {
            None => vec![
                path("name", "displayName")?,
                path("name", "name.formatted")?,
            ],
            some => pick("name", some, "")?.into_iter().collect(),
        };
        Ok(Self {
            login: must("login", &wished.login, "userName")?,
            name,
            email: pick("email", &wished.email, "emails")?,
            active: pick("active", &wished.active, "active")?,
            uid: pick("uid", &wished.uid, "")?,
            gid: pick("gid", &wished.gid, "")?,
            home: pick("home", &wished.home, "")?,
            shell: pick("shell", &wished.shell, "")?,
            ssh_key: pick("ssh_key", &wished.ssh_key, "")?,
            updated: pick("updated", &wished.updated, "meta.lastModified")?,
            group_name: must("group_name", &wished.group_name, "displayName")?,
            group_gid: pick("group_gid", &wished.group_gid, "")?,
            group_description: pick("group_description", &wished.group_description, "")?,
            extra_paths: extra_paths(&extra),
            extra,
            inactive_when: inactive_when.clone(),
            inactive_paths: inactive.collect::<Result<_, _>>()?,
        })
    }
}

impl Names {
    /// The further attributes that are wanted.
    pub(super) fn extra_of<'a>(
        &'a self,
        wanted: &'a Details,
    ) -> impl Iterator<Item = (&'a str, &'a Path)> {
        let all = self.extra_paths.iter();
        let wanted = all.filter(|(name, _)| wanted.attributes.has(name));
        wanted.map(|(name, path)| (name.as_str(), path))
    }
}

/// Those that are somewhere. What is no path was refused before.
fn extra_paths(extra: &ExtraAttributes) -> Vec<(String, Path)> {
    let path = |(name, place): (&String, &String)| Some((name.clone(), Path::new(place).ok()?));
    extra.iter().filter_map(path).collect()
}

/// The configuration, checked and completed.
#[derive(Debug)]
pub(super) struct Settings {
    pub page_size: u32,
    pub paging: Paging,
    pub request_attributes: bool,
    pub member_value: MemberValue,
    pub trusts_last_modified: bool,
    pub nested_depth: usize,
    pub names: Names,
    /// The attributes that the configuration names: those of people, then those of groups.
    pub wished: [Vec<Wished>; 2],
}

/// An attribute that the configuration names: its key below the section, and where it is.
pub(super) type Wished = (String, Path);

/// Those of `attributes`, and of people the further ones, too.
fn wished(config: &Config) -> [Vec<Wished>; 2] {
    let [mut people, groups] = config.attributes.wished();
    let extra = config.extra_attributes.named("extra_attributes");
    people.extend(extra.filter_map(|(key, path)| Some((key, Path::new(&path).ok()?))));
    [people, groups]
}

impl Settings {
    /// Checks `config`.
    ///
    /// # Errors
    /// Which key is wrong, and why.
    pub(super) fn new(config: &Config) -> Result<Self, String> {
        if !(1..=100_000).contains(&config.page_size) {
            return Err("page_size is a number from 1 to 100000".to_owned());
        }
        if config.trust_last_modified && config.paging == Paging::None {
            return Err(
                "trust_last_modified asks how many there are by a page of none, and `paging = \"none\"` knows no pages"
                    .to_owned(),
            );
        }
        Ok(Self {
            page_size: config.page_size,
            paging: config.paging,
            request_attributes: config.request_attributes,
            member_value: config.member_value,
            trusts_last_modified: config.trust_last_modified,
            nested_depth: usize::from(config.nested_depth),
            names: Names::new(config)?,
            wished: wished(config),
        })
    }
}

/// Whether the keys fit together, without what the files hold that they name.
///
/// # Errors
/// Which key is wrong, and why.
pub(super) fn check(config: &Config) -> Result<(), String> {
    config.access().check()?;
    Settings::new(config).map(drop)
}

/// The client that a section describes.
///
/// # Errors
/// What is wrong with the URL, the authorities or the credentials.
pub(super) fn client(config: &Config, secrets: Secrets) -> Result<Http, String> {
    let options = Options {
        max_bytes: MAX_BYTES,
        knows_again: true,
        ..Options::default()
    };
    config.access().client(options, secrets)
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn only_the_place_must_be_named() {
        let config: Config = toml::from_str("url = 'http://localhost:1/v2'").unwrap();
        assert_eq!(
            format!("{config:?}"),
            format!("{:?}", Config::new("http://localhost:1/v2"))
        );
        let settings = Settings::new(&config).unwrap();
        assert_eq!(settings.names.login.as_str(), "userName");
        assert!(settings.names.uid.is_none());
        assert!(client(&config, Secrets::default()).is_ok());
        assert!(toml::from_str::<Config>("url = 'x'\nurls = 'x'").is_err());
        assert!(toml::from_str::<Config>("url = 'x'\nattributes = { logon = 'x' }").is_err());
    }

    #[test]
    fn credentials_are_of_one_kind_and_complete() {
        let secret = |text: &str| Some(SecretString::from(text));
        let config = Config::new("http://localhost/");
        let with = |config: &Config, token, client_secret| {
            client(
                config,
                Secrets {
                    token,
                    client_secret,
                    ..Secrets::default()
                },
            )
            .map(drop)
        };
        assert!(with(&config, secret("x"), None).is_ok());
        assert!(
            with(&config, secret(""), None)
                .unwrap_err()
                .contains("token_file")
        );
        let mut config = Config {
            client_id: Some("me".to_owned()),
            ..config
        };
        assert!(
            with(&config, None, secret("x"))
                .unwrap_err()
                .contains("token_url")
        );
        config.token_url = Some("http://localhost/token".to_owned());
        assert!(with(&config, None, secret("x")).is_ok());
        assert!(with(&config, None, None).is_err());
        assert!(with(&config, secret("x"), secret("x")).is_err());
        config.token_url = Some("http://x/token".to_owned());
        assert!(
            with(&config, None, secret("x"))
                .unwrap_err()
                .starts_with("token_url: http://")
        );
    }

    #[test]
    fn wrong_keys_are_named() {
        let config = Config::new("http://localhost/");
        for n in [0, 100_001] {
            assert!(
                Settings::new(&Config {
                    page_size: n,
                    ..config.clone()
                })
                .unwrap_err()
                .contains("page_size")
            );
        }
        let counted = Config {
            trust_last_modified: true,
            paging: Paging::None,
            ..config.clone()
        };
        let told = Settings::new(&counted).unwrap_err();
        assert!(told.contains("trust_last_modified"), "{told}");
        let with = |attributes| {
            Settings::new(&Config {
                attributes,
                ..config.clone()
            })
            .map(drop)
        };
        let login = |text: &str| Attributes {
            login: Some(text.to_owned()),
            ..Attributes::default()
        };
        assert!(with(login("")).unwrap_err().contains("attributes.login"));
        assert!(with(login("a b")).unwrap_err().contains("attributes.login"));
        assert!(with(login("urn:example:2.0:User:uid")).is_ok());
        let ca = Secrets {
            authorities: Some(Vec::new()),
            ..Secrets::default()
        };
        assert!(client(&config, ca).unwrap_err().contains("ca_file"));
    }
}
