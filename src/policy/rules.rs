//! What the configuration says about accounts and groups, with its defaults.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer};

use super::field::Field;
use super::interactive::INTERACTIVE;
use super::keys::KeyRules;
use super::local_map::LocalMap;
use super::matcher::Filter;
use super::misfit::Misfit;
use super::names::NameMap;
use super::overrides::Overrides;
use crate::model::name::GroupPrefix;
use crate::model::{IdRange, absolute_path, units};

/// All rules of a run.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// For accounts.
    pub accounts: AccountRules,
    /// For groups.
    pub groups: GroupRules,
    /// For people who leave.
    pub departed: DepartedRules,
    /// For SSH keys.
    pub keys: KeyRules,
}

/// `[accounts]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountRules {
    /// Whose active members get accounts; `None`: every active user.
    #[serde(deserialize_with = "unless_empty")]
    pub top_group: Option<String>,
    /// Where uids are allocated, and the only place where the provider may put one.
    pub uid_range: IdRange,
    /// Who gives out uids, and gids of groups.
    pub ids: Ids,
    /// What becomes the primary group.
    pub primary_group: PrimaryGroup,
    /// Homes are `home_base/NAME`.
    #[serde(deserialize_with = "absolute_path::one")]
    pub home_base: String,
    /// Below these the provider may name a home; the home base always counts.
    #[serde(deserialize_with = "absolute_path::list")]
    pub home_bases: Vec<String>,
    /// Whether homes are made, moved and taken away only where something is mounted on the base itself.
    pub home_base_mounted: bool,
    /// Whether homes are made.
    pub create_home: bool,
    /// Shell of those who have none of their own, or one that is not in shells(5).
    #[serde(deserialize_with = "absolute_path::one")]
    pub shell: String,
    /// What becomes of a wish for a shell that is not in shells(5); `None`: the default shell for one of the common interactive
    /// ones, and no login for all others.
    pub unknown_shell: Option<UnknownShell>,
    /// Whether names may have dots.
    pub dots: bool,
    /// From login to local name; the first that matches wins.
    pub names: Vec<NameMap>,
    /// Fields in which a change by hand stays.
    pub keep_local: BTreeSet<Field>,
    /// First and last subordinate id, if accounts get any (subuid(5), subgid(5)).
    pub subid_range: Option<(u32, u32)>,
    /// Subordinate ids per account.
    pub subid_count: u32,
    /// What becomes of an account that somebody deleted by hand.
    pub deleted_by_hand: ByHand,
    /// Whether the home is renamed with an account.
    pub rename_home: bool,
    /// Whether the old path of a renamed home stays as a link to the new one.
    pub rename_home_link: bool,
    /// Whether the mail spool is renamed with an account.
    pub rename_mail: bool,
    /// Names that new accounts may have though files such as sudoers(5) name them, or the system may.
    pub trusted_names: BTreeSet<String>,
}

impl Default for AccountRules {
    fn default() -> Self {
        Self {
            top_group: None,
            #[allow(clippy::expect_used)] // two constants, checked by the test below
            uid_range: IdRange::new(20_000, 59_999).expect("a valid range"),
            ids: Ids::Any,
            primary_group: PrimaryGroup::Local("users".to_owned()),
            home_base: "/home".to_owned(),
            home_bases: Vec::new(),
            home_base_mounted: false,
            create_home: true,
            shell: "/bin/bash".to_owned(),
            unknown_shell: None,
            dots: false,
            names: Vec::new(),
            keep_local: BTreeSet::from([Field::Shell, Field::Lock, Field::Expiry]),
            subid_range: None,
            subid_count: 65_536,
            deleted_by_hand: ByHand::Report,
            rename_home: false,
            rename_home_link: true,
            rename_mail: true,
            trusted_names: BTreeSet::new(),
        }
    }
}

/// What becomes of a wish for a shell that the host does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownShell {
    /// The account gets the default shell.
    Default,
    /// It gets one that lets nobody in.
    Nologin,
    /// There is no account.
    Refuse,
}

/// Who gives out numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ids {
    /// The provider, or gosync for those whom it gives none.
    Any,
    /// The provider alone: hosts that follow one provider have the same numbers.
    Provider,
}

/// What an account's primary group is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum PrimaryGroup {
    /// A group of this host, by name.
    Local(String),
    /// A group of the account's own, with its name and its number.
    Private,
    /// The one whose gid the provider names for the person: one of the host's, or one of the provider's, which is made
    /// with the account.
    Provider,
}

impl TryFrom<String> for PrimaryGroup {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "" => Err("it is a group's name, `private` or `provider`"),
            "private" => Ok(Self::Private),
            "provider" => Ok(Self::Provider),
            _ => Ok(Self::Local(text)),
        }
    }
}

impl AccountRules {
    /// The group of this host's that all new accounts share, if they do.
    pub fn shared_group(&self) -> Option<&str> {
        match &self.primary_group {
            PrimaryGroup::Local(name) => Some(name),
            PrimaryGroup::Private | PrimaryGroup::Provider => None,
        }
    }

    /// Where subordinate ids come from, if accounts get any.
    pub fn subids(&self) -> Option<SubidRules> {
        self.subid_range.map(|(first, last)| SubidRules {
            first,
            last,
            count: self.subid_count,
        })
    }

    /// Whether the keys fit together, and to `gid_range` of `[groups]`.
    ///
    /// # Errors
    /// The key, and what is wrong with it.
    pub fn check(&self, gid_range: IdRange) -> Result<(), Misfit> {
        let Some(SubidRules { first, last, count }) = self.subids() else {
            return Ok(());
        };
        let complain = |reason: String| Misfit("accounts.subid_range", reason);
        let fits = count > 0 && first >= 65_536 && last > first && last < 1 << 31;
        if !fits || last - first < count - 1 {
            return Err(complain(
                "it must begin at 65536 or above, end below 2147483648, and hold `subid_count` ids"
                    .to_owned(),
            ));
        }
        for (key, range) in [
            ("accounts.uid_range", self.uid_range),
            ("groups.gid_range", gid_range),
        ] {
            let (from, to) = range.into();
            if from <= last && first <= to {
                return Err(complain(format!("it overlaps `{key}`")));
            }
        }
        Ok(())
    }
}

fn unless_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A shell that lets nobody in; `""`: none.
fn lock_shell<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let Some(shell) = unless_empty(from)? else {
        return Ok(None);
    };
    let base = shell.rsplit('/').next().unwrap_or_default();
    let wrong = |why: &str| Err(serde::de::Error::custom(why));
    if INTERACTIVE.contains(&base) {
        return wrong(
            "it is a shell to work in; name one that lets nobody in, such as /usr/sbin/nologin",
        );
    }
    let is_plain = |b: u8| b.is_ascii_graphic() && b != b':';
    match shell.starts_with('/') && shell.bytes().all(is_plain) && !base.is_empty() {
        true => Ok(Some(shell)),
        false => wrong("it is the absolute path of a shell, such as /usr/sbin/nologin"),
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    u32::deserialize(from).map(|n| n.max(1))
}

/// What becomes of that which gosync made and somebody took away by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ByHand {
    /// It stays away, and each run says so.
    Report,
    /// It is made again, and that is said.
    Restore,
}

/// Where subordinate ids come from (subuid(5), subgid(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubidRules {
    /// First id of the first range.
    pub first: u32,
    /// Last id of the last range.
    pub last: u32,
    /// Ids per account.
    pub count: u32,
}

/// `[groups]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroupRules {
    /// Stands before every name.
    pub prefix: GroupPrefix,
    /// Where gids are allocated, and the only place where the provider may put one.
    pub gid_range: IdRange,
    /// Which of the provider's groups come to this host.
    pub filter: Filter,
    /// Whether names may have dots.
    pub dots: bool,
    /// From the provider's name to ours; the first that matches wins.
    pub names: Vec<NameMap>,
    /// What is otherwise for some of them.
    #[serde(skip)]
    pub overrides: Overrides,
    /// What becomes of a group that somebody deleted by hand.
    pub deleted_by_hand: ByHand,
    /// What becomes of a member that somebody took out by hand.
    pub taken_out_by_hand: ByHand,
    /// Groups of the provider whose members come into groups of the host.
    pub local_map: LocalMap,
    /// Names that new groups may have, and groups that may get members, though files such as sudoers(5) name them.
    pub trusted_names: BTreeSet<String>,
}

impl Default for GroupRules {
    fn default() -> Self {
        Self {
            prefix: GroupPrefix::default(),
            #[allow(clippy::expect_used)] // two constants, checked by the test below
            gid_range: IdRange::new(60_000, 64_999).expect("a valid range"),
            filter: Filter::default(),
            dots: true,
            names: Vec::new(),
            overrides: Overrides::default(),
            deleted_by_hand: ByHand::Report,
            taken_out_by_hand: ByHand::Restore,
            local_map: LocalMap::default(),
            trusted_names: BTreeSet::new(),
        }
    }
}

/// What holds for one group.
#[derive(Clone, Copy, Debug)]
pub struct RulesOfGroup<'a> {
    /// Stands before its name.
    pub prefix: &'a GroupPrefix,
    /// Where its gid is.
    pub gid_range: IdRange,
    /// Whether its name may have dots.
    pub dots: bool,
    /// From the provider's name to ours.
    pub names: &'a [NameMap],
    /// Names that are trusted.
    pub trusted: &'a BTreeSet<String>,
}

impl GroupRules {
    /// What holds for a group of the provider's.
    pub fn of(&self, remote: &str) -> RulesOfGroup<'_> {
        let section = self.overrides.of(remote);
        RulesOfGroup {
            prefix: section
                .and_then(|s| s.prefix.as_ref())
                .unwrap_or(&self.prefix),
            gid_range: section.and_then(|s| s.gid_range).unwrap_or(self.gid_range),
            dots: section.and_then(|s| s.dots).unwrap_or(self.dots),
            names: section
                .and_then(|s| s.names.as_deref())
                .unwrap_or(&self.names),
            trusted: &self.trusted_names,
        }
    }
}

/// `[departed]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DepartedRules {
    /// In how many complete reads a person or a group must be missing.
    #[serde(deserialize_with = "at_least_one")]
    pub absent_runs: u32,
    /// Over how many seconds at least.
    #[serde(deserialize_with = "units::seconds")]
    pub absent_for: u64,
    /// Whether what runs as a locked account is ended.
    pub end_sessions: bool,
    /// The shell of accounts as long as they are locked; `None`: they keep their own.
    #[serde(deserialize_with = "lock_shell")]
    pub lock_shell: Option<String>,
    /// How many seconds after the locking a home is packed and taken away; `None`: never.
    #[serde(deserialize_with = "units::optional_seconds")]
    pub archive_after: Option<u64>,
    /// Where packed homes are kept.
    #[serde(deserialize_with = "absolute_path::one")]
    pub archive_dir: String,
    /// How many seconds packing one home may take.
    #[serde(deserialize_with = "units::seconds")]
    pub home_time_limit: u64,
    /// How many seconds a run may pack homes.
    #[serde(deserialize_with = "units::seconds")]
    pub time_limit: u64,
    /// How many seconds after the locking an account is removed, and a group after its members; `None`: never.
    #[serde(deserialize_with = "units::optional_seconds")]
    pub remove_after: Option<u64>,
}

impl Default for DepartedRules {
    fn default() -> Self {
        Self {
            absent_runs: 2,
            absent_for: 3_600,
            end_sessions: false,
            lock_shell: None,
            archive_after: None,
            archive_dir: "/var/lib/gosync/homes".to_owned(),
            home_time_limit: 3_600,
            time_limit: 7_200,
            remove_after: None,
        }
    }
}

impl DepartedRules {
    /// Whether the keys fit together.
    ///
    /// # Errors
    /// The key, and what is wrong with it.
    pub fn check(&self) -> Result<(), Misfit> {
        match self.archive_after.zip(self.remove_after) {
            Some((archive, remove)) if remove < archive => Err(Misfit(
                "departed.remove_after",
                "it is less than `archive_after`; the home is packed first".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(Rules::default().accounts.uid_range.size(), 40_000);
        assert_eq!(Rules::default().groups.gid_range.size(), 5_000);
    }
}
