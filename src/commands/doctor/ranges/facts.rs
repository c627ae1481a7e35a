//! What is known about ranges of ids and about who has ids.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::host_look::HostLook;
use super::super::report::{Area, Report};
use crate::formats::{GroupLine, PasswdLine, SubidLine};
use crate::model::host::ODD;
use crate::model::id_ranges::IdRanges;
use crate::model::{IdRange, shown};
use crate::system::files;
use crate::system::nss::{self, Known};

const AREA: Area = Area::Ranges;

/// How long one question to the name services may take.
const LIMIT: Duration = Duration::from_secs(20);

/// How many ids of a range the name services are asked about.
const SAMPLE: u32 = 64;

/// What is used where login.defs(5) does not say.
const DEFAULTS: [(&str, u32); 8] = [
    ("UID_MIN", 1_000),
    ("UID_MAX", 60_000),
    ("GID_MIN", 1_000),
    ("GID_MAX", 60_000),
    ("SYS_UID_MAX", 999),
    ("SYS_GID_MAX", 999),
    ("SUB_UID_MIN", 100_000),
    ("SUB_UID_MAX", 600_100_000),
];

/// What ids of a range are given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    Accounts,
    Groups,
    Subids,
}

/// A range of the configuration.
#[derive(Clone, Debug)]
pub(super) struct Range {
    /// Its key, such as `uid_range`.
    pub key: &'static str,
    /// Where that stands, such as `accounts`.
    pub section: String,
    pub first: u32,
    pub last: u32,
    pub what: For,
}

impl Range {
    /// What is in both; `None`: nothing.
    pub(super) fn overlap(&self, first: u32, last: u32) -> Option<(u32, u32)> {
        let both = (self.first.max(first), self.last.min(last));
        (both.0 <= both.1).then_some(both)
    }

    pub(super) fn place(&self) -> String {
        format!("`{}` in [{}]", self.key, self.section)
    }

    pub(super) fn size(&self) -> u32 {
        self.last - self.first + 1
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} to {})", self.place(), self.first, self.last)
    }
}

/// What is known.
pub(super) struct Facts {
    pub ranges: Vec<Range>,
    /// Where login.defs(5) is.
    pub login_defs: PathBuf,
    /// The names that it gives a value.
    pub stated: BTreeSet<String>,
    /// What it says, or leaves at its default.
    pub defs: BTreeMap<String, u32>,
    /// Accounts and groups that are not ours, each with its id.
    pub accounts: Vec<(String, u32)>,
    pub groups: Vec<(String, u32)>,
    /// Subordinate ids of others: owner, first, last.
    pub subids: Vec<(String, u32, u32)>,
    /// What other name services know of a sample.
    pub elsewhere: Result<Known, String>,
    /// Ids that are taken, and subordinate ones.
    pub taken: BTreeSet<u32>,
    pub taken_subids: IdRanges,
    pub subid_count: u32,
}

/// Gathers it.
pub(super) fn gather(look: &HostLook<'_>, report: &mut Report) -> Facts {
    let ranges = ranges(look);
    let login_defs = look.root().path("/etc/login.defs");
    let login = files::read_plain(&login_defs)
        .ok()
        .flatten()
        .unwrap_or_default();
    let mut facts = Facts {
        stated: statements(&String::from_utf8_lossy(&login))
            .map(|(key, _)| key.to_owned())
            .collect(),
        defs: definitions(&String::from_utf8_lossy(&login)),
        login_defs,
        accounts: Vec::new(),
        groups: Vec::new(),
        subids: Vec::new(),
        elsewhere: Ok(Known::new()),
        taken: look.any_owned().ids.clone(),
        taken_subids: look.own_subids(),
        subid_count: look
            .settings()
            .rules
            .accounts
            .subids()
            .map_or(1, |rules| rules.count),
        ranges,
    };
    others(look, &mut facts);
    if look.ledger.is_err() {
        report.skipped(
            AREA,
            "the existing accounts: without the ledger it is not known which of them gosync owns",
        );
        facts.accounts.clear();
        facts.groups.clear();
        facts.subids.clear();
    }
    if look.is_host() {
        facts.elsewhere = elsewhere(&facts);
    } else {
        report.skipped(
            AREA,
            "other name services: with --root they would be those of this host",
        );
    }
    facts
}

fn ranges(look: &HostLook<'_>) -> Vec<Range> {
    let rules = &look.settings().rules;
    let range = |key, section: String, range: IdRange, what| {
        let (first, last) = range.into();
        Range {
            key,
            section,
            first,
            last,
            what,
        }
    };
    let mut all = vec![
        range(
            "uid_range",
            "accounts".to_owned(),
            rules.accounts.uid_range,
            For::Accounts,
        ),
        range(
            "gid_range",
            "groups".to_owned(),
            rules.groups.gid_range,
            For::Groups,
        ),
    ];
    for (name, section) in rules.groups.overrides.iter() {
        let name = format!("group.{}", shown(name));
        all.extend(
            section
                .gid_range
                .map(|of_group| range("gid_range", name, of_group, For::Groups)),
        );
    }
    all.extend(rules.accounts.subids().map(|rules| Range {
        key: "subid_range",
        section: "accounts".to_owned(),
        first: rules.first,
        last: rules.last,
        what: For::Subids,
    }));
    all
}

/// The lines of login.defs(5) that give a name a number.
fn statements(text: &str) -> impl Iterator<Item = (&str, u32)> {
    text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?.parse().ok()?))
    })
}

/// Numbers of login.defs(5), by name.
pub(super) fn definitions(text: &str) -> BTreeMap<String, u32> {
    let mut defs: BTreeMap<String, u32> = DEFAULTS
        .iter()
        .map(|(key, value)| ((*key).to_owned(), *value))
        .collect();
    defs.extend(statements(text).map(|(key, value)| (key.to_owned(), value)));
    defs
}

/// Who is there besides us.
fn others(look: &HostLook<'_>, facts: &mut Facts) {
    let owned = look.any_owned();
    let accounts: BTreeSet<&str> = look.accounts().map(|own| own.name.as_str()).collect();
    let groups: BTreeSet<&str> = look.groups().map(|own| own.name.as_str()).collect();
    let is_ours = |name: &str| {
        accounts.contains(name) || groups.contains(name) || owned.others.names.contains_key(name)
    };
    let text = |bytes| std::str::from_utf8(bytes).unwrap_or(ODD).to_owned();
    let lines = |name| {
        look.survey
            .files
            .iter()
            .filter(move |f| f.name == name)
            .flat_map(|f| f.lines.entries())
    };
    for line in lines("passwd").filter_map(|(_, line)| PasswdLine::parse(line)) {
        facts.taken.extend([line.uid, line.gid]);
        facts
            .accounts
            .extend(Some((text(line.name), line.uid)).filter(|(name, _)| !is_ours(name)));
    }
    for line in lines("group").filter_map(|(_, line)| GroupLine::parse(line)) {
        facts.taken.insert(line.gid);
        facts
            .groups
            .extend(Some((text(line.name), line.gid)).filter(|(name, _)| !is_ours(name)));
    }
    let mut all = Vec::new();
    let mut of_others = BTreeSet::new();
    for line in ["subuid", "subgid"]
        .into_iter()
        .flat_map(lines)
        .filter_map(|(_, line)| SubidLine::parse(line))
    {
        let last = line.first.saturating_add(line.count.saturating_sub(1));
        all.push((line.first, last));
        of_others.extend(
            Some((text(line.owner), line.first, last)).filter(|(owner, ..)| !is_ours(owner)),
        );
    }
    facts.subids = of_others.into_iter().collect();
    facts.taken_subids = facts.taken_subids.iter().chain(all).collect();
}

/// What other sources of the host know about ids of our ranges that are in no file; a sample of
/// each range.
fn elsewhere(facts: &Facts) -> Result<Known, String> {
    let switch = files::read_plain(Path::new("/etc/nsswitch.conf"))
        .ok()
        .flatten()
        .unwrap_or_default();
    let switch = String::from_utf8_lossy(&switch);
    let mut known = Known::new();
    for database in ["passwd", "group"]
        .into_iter()
        .filter(|database| nss::has_other_sources(&switch, database))
    {
        for range in facts
            .ranges
            .iter()
            .filter(|range| range.what != For::Subids)
        {
            let step = usize::try_from((range.size() / SAMPLE).max(1)).unwrap_or(1);
            let ids = (range.first..=range.last).step_by(step).chain([range.last]);
            let keys: Vec<String> = ids
                .filter(|id| !facts.taken.contains(id))
                .map(|id| id.to_string())
                .collect();
            known.extend(nss::lookup(database, &keys, LIMIT)?);
        }
    }
    Ok(known)
}
