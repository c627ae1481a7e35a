//! The keys of a `[provider.NAME]` section with `kind = "globus"`, and what they mean together.
//! Reads no file.

use std::path::PathBuf;

use serde::Deserialize;

use super::decode::uuid;
use crate::model::RemoteId;
use crate::providers::http::check_url;

/// Where Globus Groups is.
pub(crate) const GROUPS_URL: &str = "https://groups.api.globus.org";
/// Where Globus Auth is.
pub(crate) const AUTH_URL: &str = "https://auth.globus.org";

/// The keys of the section, without `kind`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The id of the confidential client that we are, a UUID. It must be a manager or administrator
    /// of each group.
    pub client_id: String,
    /// A file with the client's secret in its first line.
    pub client_secret_file: PathBuf,
    /// A document `expression_identity_mapping#1.0.0` that says what people are called here. Unset:
    /// nobody gets an account.
    #[serde(default)]
    pub identity_mapping: Option<PathBuf>,
    /// Whether who is in a group only because they are in a group below it counts as its member.
    #[serde(default = "yes")]
    pub implied_members: bool,
    /// Where Globus Groups is.
    #[serde(default = "groups_url")]
    pub groups_url: String,
    /// Where Globus Auth is.
    #[serde(default = "auth_url")]
    pub auth_url: String,
    /// The certificate authorities to trust, in PEM, and no others. Unset: those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The proxy to go through. Unset: none, whatever the environment says.
    #[serde(default)]
    pub proxy: Option<String>,
}

fn yes() -> bool {
    true
}

fn groups_url() -> String {
    GROUPS_URL.to_owned()
}

fn auth_url() -> String {
    AUTH_URL.to_owned()
}

impl Config {
    /// A section with only the keys that must be there.
    pub fn new(client_id: impl Into<String>, client_secret_file: impl Into<PathBuf>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret_file: client_secret_file.into(),
            identity_mapping: None,
            implied_members: true,
            groups_url: groups_url(),
            auth_url: auth_url(),
            ca_file: None,
            proxy: None,
        }
    }

    /// Our own identity: a confidential client is one, with the same id.
    ///
    /// # Errors
    /// What is wrong with the keys.
    pub(super) fn own(&self) -> Result<RemoteId, String> {
        for (key, url) in [
            ("groups_url", &self.groups_url),
            ("auth_url", &self.auth_url),
        ] {
            let url = check_url(url).map_err(|e| format!("{key}: {e}"))?;
            if self.ca_file.is_some() && url.scheme() != "https" {
                return Err(format!("ca_file is set, but {key} is not encrypted"));
            }
        }
        uuid(&self.client_id).ok_or_else(|| "client_id is not a UUID".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AE341A98-d274-11e5-b888-dbae3a8ba545";

    #[test]
    fn only_who_we_are_must_be_named() {
        let text = format!("client_id = \"{ID}\"\nclient_secret_file = \"secret\"\n");
        let config: Config = toml::from_str(&text).unwrap();
        assert_eq!(
            format!("{config:?}"),
            format!("{:?}", Config::new(ID, "secret"))
        );
        assert_eq!(config.own().unwrap().as_str(), ID.to_lowercase());
        assert!(toml::from_str::<Config>(&format!("{text}\ngroup_url = \"x\"")).is_err());
        assert!(toml::from_str::<Config>("client_id = \"x\"").is_err());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let fine = Config::new(ID, "secret");
        assert!(
            Config {
                client_id: "gosync".to_owned(),
                ..fine.clone()
            }
            .own()
            .is_err()
        );
        for url in [
            "",
            "groups.api.globus.org",
            "http://groups.api.globus.org",
            "https://u:p@auth.globus.org",
        ] {
            assert!(
                Config {
                    groups_url: url.to_owned(),
                    ..fine.clone()
                }
                .own()
                .unwrap_err()
                .contains("groups_url")
            );
            assert!(
                Config {
                    auth_url: url.to_owned(),
                    ..fine.clone()
                }
                .own()
                .unwrap_err()
                .contains("auth_url")
            );
        }
        let local = Config {
            auth_url: "http://127.0.0.1:1".to_owned(),
            ..fine
        };
        assert!(local.own().is_ok());
        assert!(
            Config {
                ca_file: Some("ca.pem".into()),
                ..local
            }
            .own()
            .is_err()
        );
    }
}
