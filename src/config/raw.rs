//! The sections of gosync.toml that have another shape than what a run works with, each key at its
//! default. The sections of rules are read as the rules themselves, which see to it that a setting is
//! declared once.

use serde::Deserialize;

use crate::model::units::Span;
use crate::policy::NameMap;
use crate::policy::matcher::Filter;

/// `[gosync]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Gosync {
    pub provider: Option<String>,
    pub targets: Vec<String>,
    pub state_dir: String,
    pub lock_file: String,
    pub time_limit: Span,
    pub history_days: u32,
}

impl Default for Gosync {
    fn default() -> Self {
        Self {
            provider: None,
            targets: vec!["host".to_owned()],
            state_dir: "/var/lib/gosync".to_owned(),
            lock_file: "/run/gosync/lock".to_owned(),
            time_limit: Span::from_secs(100),
            history_days: 400,
        }
    }
}

/// `[catalogue]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Catalogue {
    pub filter: Filter,
    pub names: Vec<NameMap>,
    pub portal: Option<String>,
    pub description: Option<String>,
    pub description_dir: Option<String>,
    pub policy_dir: Option<String>,
    pub admins: Vec<(Filter, Vec<String>)>,
}

/// `[target.NAME]` with `kind = "local"`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LocalTarget {
    pub database: Database,
    pub skel: String,
    pub home_mode: String,
    pub lock_wait: Span,
}

impl Default for LocalTarget {
    fn default() -> Self {
        Self {
            database: Database::Etc,
            skel: "/etc/skel".to_owned(),
            home_mode: "0700".to_owned(),
            lock_wait: Span::from_secs(15),
        }
    }
}

/// Which files hold the accounts.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Database {
    Etc,
    Extrausers,
}
