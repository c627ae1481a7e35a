//! The keys of a `[provider.NAME]` section with `kind = "github"`, and what they mean together. Reads no file.

use std::path::PathBuf;

use serde::Deserialize;

use crate::model::units::Span;
use crate::providers::http::{
    Access, CONNECT_TIMEOUT, ClientAuth, Options, READ_TIMEOUT, check_url,
};

/// Where the API of GitHub is.
pub(crate) const URL: &str = "https://api.github.com";
/// How many records a page may have, and is asked to have.
pub(super) const MOST_PER_PAGE: usize = 100;

/// What is wrong with credentials of two kinds, or with half of them.
const CREDENTIALS: &str = "set either token_file, or all of app_id, installation_id and key_file";

/// The keys of the section, without `kind`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The organisation, by its login.
    pub org: String,
    /// The teams whose members are let in, by their slugs; nobody else is, and no other team is read. None: all members of
    /// the organisation, and all teams.
    #[serde(default)]
    pub teams: Vec<String>,
    /// Where the API is.
    #[serde(default = "url")]
    pub url: String,
    /// A file with a token in its first line.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// The id of the app that we are.
    #[serde(default)]
    pub app_id: Option<u64>,
    /// Where the app is installed: the number of its installation in the organisation.
    #[serde(default)]
    pub installation_id: Option<u64>,
    /// A file with a private key of the app, in PEM.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// The certificate authorities to trust, in PEM, and no others. Unset: those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The certificate of the server at `url`, in PEM: this very one is trusted, whatever names it has and whoever signed
    /// it.
    #[serde(default)]
    pub server_certificate: Option<PathBuf>,
    /// The proxy to go through. Unset: none, whatever the environment says.
    #[serde(default)]
    pub proxy: Option<String>,
    /// How long it may take to connect and to agree on TLS.
    #[serde(default = "connect_timeout")]
    pub connect_timeout: Span,
    /// How long nothing may come.
    #[serde(default = "read_timeout")]
    pub read_timeout: Span,
    /// How many records a page has; no key, for fewer are of no use but in tests.
    #[serde(skip, default = "page_size")]
    pub page_size: usize,
}

fn url() -> String {
    URL.to_owned()
}

fn connect_timeout() -> Span {
    CONNECT_TIMEOUT
}

fn read_timeout() -> Span {
    READ_TIMEOUT
}

fn page_size() -> usize {
    MOST_PER_PAGE
}

/// Who we are to GitHub.
pub(super) enum Who {
    /// Whoever holds the token.
    Bearer,
    /// An app, in an installation of it.
    App { id: u64, installation: u64 },
}

impl Config {
    /// A section with only the key that must be there.
    pub fn new(org: impl Into<String>) -> Self {
        Self {
            org: org.into(),
            teams: Vec::new(),
            url: url(),
            token_file: None,
            app_id: None,
            installation_id: None,
            key_file: None,
            ca_file: None,
            server_certificate: None,
            proxy: None,
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: READ_TIMEOUT,
            page_size: MOST_PER_PAGE,
        }
    }

    /// Where the server is, and whom to trust there.
    pub(super) fn access(&self) -> Access<'_> {
        Access {
            url: &self.url,
            token_file: self.token_file.as_deref(),
            client_id: None,
            client_secret_file: None,
            token_url: None,
            scope: None,
            client_auth: ClientAuth::default(),
            ca_file: self.ca_file.as_deref(),
            server_certificate: self.server_certificate.as_deref(),
            proxy: self.proxy.as_deref(),
            connect_timeout: self.connect_timeout,
            read_timeout: self.read_timeout,
        }
    }

    /// Whether the keys fit together, without what the files hold that they name; and who we are.
    ///
    /// # Errors
    /// Which key is wrong, and why.
    pub(super) fn who(&self) -> Result<Who, String> {
        self.access().check()?;
        if !is_login(&self.org) {
            return Err(
                "org is not the login of an organisation, such as the last word of its address, https://github.com/LOGIN"
                    .to_owned(),
            );
        }
        // A slug has neither; and `platform team` is what somebody writes who means the name.
        if let Some(team) = self.teams.iter().find(|team| !is_slug(team)) {
            return Err(format!(
                "teams: `{}` is not the slug of a team, which is the last word of its address",
                crate::model::shown(team)
            ));
        }
        let app = (self.app_id, self.installation_id, &self.key_file);
        match (&self.token_file, app) {
            (Some(_), (None, None, None)) => Ok(Who::Bearer),
            (None, (Some(id), Some(installation), Some(_))) => Ok(Who::App { id, installation }),
            _ => Err(CREDENTIALS.to_owned()),
        }
    }

    /// Where GraphQL is, beside the API: docs.github.com, GraphQL endpoint of GitHub Enterprise Server.
    pub(super) fn graphql_url(&self) -> String {
        let url = self.url.trim_end_matches('/');
        let base = url.strip_suffix("/v3").filter(|_| self.is_own_server());
        format!("{}/graphql", base.unwrap_or(url))
    }

    /// Whether this is GitHub Enterprise Server, where people can be suspended and stay in their organisations.
    pub(super) fn is_own_server(&self) -> bool {
        let path = check_url(&self.url).map(|url| url.path().trim_end_matches('/').to_owned());
        path.is_ok_and(|path| path.ends_with("/api/v3"))
    }

    /// What the client may do.
    pub(super) fn options() -> Options {
        Options {
            max_bytes: 16 << 20,
            knows_again: true,
            ..Options::default()
        }
    }
}

/// Letters, digits and hyphens, and `_` before the short code of an enterprise.
fn is_login(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn is_slug(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(more: &str) -> Result<Who, String> {
        let text = format!("org = 'octo-org'\n{more}");
        toml::from_str::<Config>(&text).unwrap().who()
    }

    #[test]
    fn only_the_organisation_has_no_default() {
        let config: Config = toml::from_str("org = 'x'").unwrap();
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::new("x")));
        assert!(toml::from_str::<Config>("org = 'x'\npage_size = 1").is_err());
        assert!(toml::from_str::<Config>("teams = []").is_err());
    }

    #[test]
    fn credentials_are_of_one_kind_and_whole() {
        assert!(matches!(section("token_file = 't'"), Ok(Who::Bearer)));
        let app = "app_id = 7\ninstallation_id = 8\nkey_file = 'k'";
        let who = section(app);
        assert!(matches!(
            who,
            Ok(Who::App {
                id: 7,
                installation: 8
            })
        ));
        for wrong in ["", "app_id = 7", "app_id = 7\ninstallation_id = 8"] {
            assert_eq!(
                section(wrong).err().as_deref(),
                Some(CREDENTIALS),
                "{wrong}"
            );
        }
        assert!(section(&format!("token_file = 't'\n{app}")).is_err());
    }

    #[test]
    fn what_cannot_be_an_organisation_or_a_team_is_refused() {
        for org in ["", "octo org", "https://github.com/octo", "a/b", ".."] {
            assert!(
                Config::new(org).who().err().unwrap().starts_with("org"),
                "{org}"
            );
        }
        for team in ["", "Platform Team", "org/team"] {
            let why = section(&format!("token_file = 't'\nteams = ['{team}']")).err();
            assert!(why.unwrap().starts_with("teams"), "{team}");
        }
    }

    #[test]
    fn graphql_is_beside_the_api() {
        let at = |url: &str| {
            let config = Config {
                url: url.to_owned(),
                ..Config::new("x")
            };
            (config.graphql_url(), config.is_own_server())
        };
        let plain = |url: &str| (url.to_owned(), false);
        assert_eq!(at(URL), plain("https://api.github.com/graphql"));
        let own = ("https://git.example.org/api/graphql".to_owned(), true);
        assert_eq!(at("https://git.example.org/api/v3"), own);
        assert_eq!(at("https://git.example.org/api/v3/"), own);
        let data = "https://api.octo.ghe.com";
        assert_eq!(at(data), plain("https://api.octo.ghe.com/graphql"));
    }
}
