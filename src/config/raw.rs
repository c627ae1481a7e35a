//! The sections of gosync.toml as they are typed, each key at its default.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::IdRange;
use crate::model::units::Span;
use crate::plan::Limits;
use crate::policy::keys::{KeyRules, Place};
use crate::policy::{ByHand, DepartedRules, Field, GroupRules, PrimaryGroup, Rules};

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

/// `[accounts]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Accounts {
    pub top_group: Option<String>,
    pub uid_range: IdRange,
    pub primary_group: String,
    pub home_base: String,
    pub home_bases: Vec<String>,
    pub create_home: bool,
    pub shell: String,
    pub dots: bool,
    pub names: Vec<(String, String)>,
    pub keep_local: Vec<Field>,
    pub subid_range: Option<(u32, u32)>,
    pub subid_count: u32,
    pub deleted_by_hand: ByHand,
    pub rename_home: bool,
    pub rename_home_link: bool,
    pub rename_mail: bool,
}

impl Default for Accounts {
    fn default() -> Self {
        let rules = Rules::default().accounts;
        Self {
            top_group: rules.top_group,
            uid_range: rules.uid_range,
            primary_group: match rules.primary_group {
                PrimaryGroup::Local(name) => name,
                PrimaryGroup::Private => "private".to_owned(),
            },
            home_base: rules.home_base,
            home_bases: rules.home_bases,
            create_home: rules.create_home,
            shell: rules.shell,
            dots: rules.dots,
            names: Vec::new(),
            keep_local: rules.keep_local.into_iter().collect(),
            subid_range: None,
            subid_count: 65_536,
            deleted_by_hand: rules.deleted_by_hand,
            rename_home: rules.rename.home,
            rename_home_link: rules.rename.link,
            rename_mail: rules.rename.mail,
        }
    }
}

/// `[groups]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Groups {
    pub prefix: String,
    pub gid_range: IdRange,
    pub filter: Vec<String>,
    pub dots: bool,
    pub names: Vec<(String, String)>,
    pub deleted_by_hand: ByHand,
    pub taken_out_by_hand: ByHand,
    pub local_map: BTreeMap<String, LocalGroup>,
}

/// An entry of `local_map`: a name, or a table.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a group of this host: its name, or { group = \"NAME\", privileged = true }"
)]
pub(super) enum LocalGroup {
    Name(String),
    Table(LocalGroupTable),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LocalGroupTable {
    pub group: String,
    #[serde(default)]
    pub privileged: bool,
}

impl Default for Groups {
    fn default() -> Self {
        let GroupRules {
            gid_range,
            dots,
            deleted_by_hand,
            taken_out_by_hand,
            ..
        } = GroupRules::default();
        let filter = vec!["*".to_owned()];
        Self {
            prefix: String::new(),
            gid_range,
            filter,
            dots,
            names: Vec::new(),
            deleted_by_hand,
            taken_out_by_hand,
            local_map: BTreeMap::new(),
        }
    }
}

/// `[group.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupOverride {
    pub filter: Vec<String>,
    pub prefix: Option<String>,
    pub gid_range: Option<IdRange>,
    pub dots: Option<bool>,
    pub names: Option<Vec<(String, String)>>,
    pub description: Option<String>,
    pub admins: Option<Vec<String>>,
}

/// `[catalogue]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Catalogue {
    pub filter: Vec<String>,
    pub names: Vec<(String, String)>,
    pub portal: Option<String>,
    pub description: Option<String>,
    pub description_dir: Option<String>,
    pub policy_dir: Option<String>,
    pub admins: Vec<(Vec<String>, Vec<String>)>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self {
            filter: vec!["*".to_owned()],
            names: Vec::new(),
            portal: None,
            description: None,
            description_dir: None,
            policy_dir: None,
            admins: Vec::new(),
        }
    }
}

/// `[departed]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Departed {
    pub absent_runs: u32,
    pub absent_for: Span,
    pub end_sessions: bool,
    pub archive_after: Option<Span>,
    pub archive_dir: String,
    pub remove_after: Option<Span>,
}

impl Default for Departed {
    fn default() -> Self {
        let rules = DepartedRules::default();
        Self {
            absent_runs: rules.absent_runs,
            absent_for: Span::from_secs(rules.absent_for),
            end_sessions: rules.end_sessions,
            archive_after: rules.archive_after.map(Span::from_secs),
            archive_dir: rules.archive_dir,
            remove_after: rules.remove_after.map(Span::from_secs),
        }
    }
}

/// `[keys]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Keys {
    pub place: Place,
    pub directory: String,
    pub options: String,
    pub rsa_bits: u32,
    pub max_keys: usize,
}

impl Default for Keys {
    fn default() -> Self {
        let KeyRules {
            place,
            directory,
            rsa_bits,
            max_keys,
            ..
        } = KeyRules::default();
        Self {
            place,
            directory,
            options: String::new(),
            rsa_bits,
            max_keys,
        }
    }
}

/// `[limits]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitKeys {
    pub max_removals: u32,
    pub max_removals_percent: u32,
    pub max_privileged_additions: u32,
    pub max_renames: u32,
    pub max_archives: u32,
    pub max_final_removals: u32,
    pub max_group_removals: u32,
}

impl Default for LimitKeys {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            max_removals: limits.max_removals,
            max_removals_percent: limits.max_removals_percent,
            max_renames: limits.max_renames,
            max_archives: limits.max_archives,
            max_final_removals: limits.max_final_removals,
            max_group_removals: limits.max_group_removals,
            max_privileged_additions: limits.max_privileged_additions,
        }
    }
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

/// `[provider.NAME]` with `kind = "file"`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileProvider {
    pub path: String,
}
