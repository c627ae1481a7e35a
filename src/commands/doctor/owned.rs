//! Whether the account files hold what gosync owns, each account and group whole and alone.
//!
//! The same questions as pwck(8) and grpck(8), asked about our own lines in whichever files they
//! are, and those that the two do not ask: does somebody else have an id that was given to one of
//! ours?

mod faults;

use std::collections::{BTreeMap, BTreeSet};

use self::faults::Fault;
use super::host_look::HostLook;
use super::report::{Area, Finding, Report, names};
use crate::formats::group::names as member_names;
use crate::formats::{GroupLine, GshadowLine, PasswdLine, ShadowLine, SubidLine, name_of};
use crate::model::host::Owner;
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::system::files;
use crate::targets::files::Survey;

const AREA: Area = Area::Databases;

/// What was found, each with the names that it is about.
type Found = BTreeMap<Fault, Vec<String>>;

fn findings(found: Found) -> Vec<Finding> {
    let finding = |(fault, mut all): (Fault, Vec<String>)| {
        all.sort();
        all.dedup();
        let (severity, what, why, fix) = fault.words();
        AREA.finding(
            severity,
            format!("{what}: {} ({})", all.len(), names(&all)),
            why,
            fix,
        )
    };
    found.into_iter().map(finding).collect()
}

/// The databases by name.
struct Books<'a> {
    passwd: BTreeMap<&'a [u8], Vec<PasswdLine<'a>>>,
    uids: BTreeMap<u32, BTreeSet<&'a [u8]>>,
    shadow: BTreeMap<&'a [u8], Option<ShadowLine<'a>>>,
    has_shadow: bool,
    groups: BTreeMap<&'a [u8], Vec<GroupLine<'a>>>,
    gids: BTreeMap<u32, BTreeSet<&'a [u8]>>,
    /// `None`: there is no gshadow.
    gshadow: Option<BTreeSet<&'a [u8]>>,
    subuid: Subids<'a>,
    subgid: Subids<'a>,
}

/// Subordinate ids.
#[derive(Default)]
struct Subids<'a> {
    /// Who has a range that begins there.
    starts: BTreeSet<(&'a [u8], u32)>,
    /// Who has ids that somebody else has, too.
    shared: BTreeSet<&'a [u8]>,
}

impl<'a> Subids<'a> {
    fn new(lines: impl Iterator<Item = SubidLine<'a>>) -> Self {
        let mut subids = Self::default();
        let mut ranges: Vec<(u32, u32, &[u8])> = Vec::new();
        for line in lines.filter(|line| line.count > 0) {
            subids.starts.insert((line.owner, line.first));
            ranges.push((
                line.first,
                line.first.saturating_add(line.count - 1),
                line.owner,
            ));
        }
        ranges.sort_unstable();
        // Of those that began, the one that ends last: who meets any of them meets that one.
        let mut widest: Option<(u32, &[u8])> = None;
        for (first, last, owner) in ranges {
            if let Some((_, other)) = widest.filter(|(end, other)| first <= *end && owner != *other)
            {
                subids.shared.extend([owner, other]);
            }
            if widest.is_none_or(|(end, _)| last > end) {
                widest = Some((last, owner));
            }
        }
        subids
    }
}

fn lines<'a>(survey: &'a Survey, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    survey
        .named(name)
        .flat_map(|file| file.lines.entries())
        .map(|(_, line)| line)
}

impl<'a> Books<'a> {
    fn new(survey: &'a Survey) -> Self {
        let mut passwd: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut uids: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for line in lines(survey, "passwd").filter_map(PasswdLine::parse) {
            uids.entry(line.uid).or_default().insert(line.name);
            passwd.entry(line.name).or_default().push(line);
        }
        let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut gids: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for line in lines(survey, "group").filter_map(GroupLine::parse) {
            gids.entry(line.gid).or_default().insert(line.name);
            groups.entry(line.name).or_default().push(line);
        }
        let mut shadow = BTreeMap::new();
        for line in lines(survey, "shadow") {
            let name = name_of(line);
            shadow
                .entry(name)
                .or_insert_with(|| ShadowLine::parse(line));
        }
        let gshadow = survey.written("gshadow").filter(|file| file.exists);
        let subids = |name| Subids::new(lines(survey, name).filter_map(SubidLine::parse));
        Self {
            passwd,
            uids,
            shadow,
            has_shadow: survey
                .written("shadow")
                .is_some_and(|file| file.exists && !file.lines.is_empty()),
            groups,
            gids,
            gshadow: gshadow.map(|file| {
                file.lines
                    .iter()
                    .filter_map(GshadowLine::parse)
                    .map(|g| g.name)
                    .collect()
            }),
            subuid: subids("subuid"),
            subgid: subids("subgid"),
        }
    }
}

/// Compares what gosync owns with what the files say.
pub(super) fn judge(survey: &Survey, owned: &Owned) -> Vec<Finding> {
    let books = Books::new(survey);
    let unread = |name| survey.is_unread(name);
    let mut found = Found::new();
    for account in owned
        .accounts
        .values()
        .filter(|account| account.state.is_present() && !unread("passwd"))
    {
        for fault in account_faults(account, &books) {
            found.entry(fault).or_default().push(account.name.clone());
        }
    }
    for group in owned
        .groups
        .values()
        .filter(|group| group.state.is_present() && !unread("group"))
    {
        for fault in group_faults(&group.name, group.gid.get(), &books) {
            found.entry(fault).or_default().push(group.name.clone());
        }
    }
    // A fault that only a file which could not be read would show is none.
    let shown_by = |fault: &Fault| match fault {
        Fault::NoPrimaryGroup => !unread("group"),
        Fault::StrangeMember => !unread("passwd"),
        Fault::NoSubids => !unread("subuid") && !unread("subgid"),
        Fault::NoGshadow => !unread("gshadow"),
        Fault::NoShadow => !unread("shadow"),
        _ => true,
    };
    found.retain(|fault, _| shown_by(fault));
    let again = given_again(owned, &books);
    if !again.is_empty() {
        found.insert(Fault::GivenAgain, again);
    }
    findings(found)
}

fn account_faults(account: &OwnedAccount, books: &Books<'_>) -> Vec<Fault> {
    let name = account.name.as_bytes();
    let Some(lines) = books.passwd.get(name) else {
        return vec![Fault::NotInPasswd];
    };
    let line = &lines[0];
    let mut faults = Vec::new();
    let mut when = |fault, holds: bool| faults.extend(holds.then_some(fault));
    when(Fault::OtherUid, line.uid != account.uid.get());
    when(Fault::Twice, lines.len() > 1);
    when(
        Fault::SharedUid,
        books
            .uids
            .get(&line.uid)
            .is_some_and(|names| names.len() > 1),
    );
    when(Fault::NoPrimaryGroup, !books.gids.contains_key(&line.gid));
    let shadow = books.shadow.get(name).and_then(Option::as_ref);
    let empty = line.password.is_empty()
        || line.password == b"x" && shadow.is_some_and(|s| s.password.is_empty());
    when(Fault::NoPassword, empty);
    when(Fault::NoShadow, books.has_shadow && shadow.is_none());
    let closed = shadow.map(ShadowLine::is_closed);
    when(
        Fault::Reopened,
        account.state == State::Locked && closed == Some(false),
    );
    when(
        Fault::ClosedByHand,
        account.state == State::Active && shadow.is_some_and(|s| s.password.starts_with(b"!")),
    );
    let lacks = |first| {
        [&books.subuid, &books.subgid]
            .iter()
            .any(|subids| !subids.starts.contains(&(name, first)))
    };
    when(Fault::NoSubids, account.subid.is_some_and(lacks));
    let shared = books.subuid.shared.contains(name) || books.subgid.shared.contains(name);
    when(Fault::SubidsShared, account.subid.is_some() && shared);
    faults
}

fn group_faults(name: &str, gid: u32, books: &Books<'_>) -> Vec<Fault> {
    let Some(lines) = books.groups.get(name.as_bytes()) else {
        return vec![Fault::GroupGone];
    };
    let line = &lines[0];
    let mut faults = Vec::new();
    let mut when = |fault, holds: bool| faults.extend(holds.then_some(fault));
    when(Fault::OtherGid, line.gid != gid);
    when(Fault::GroupTwice, lines.len() > 1);
    when(
        Fault::SharedGid,
        books
            .gids
            .get(&line.gid)
            .is_some_and(|names| names.len() > 1),
    );
    when(
        Fault::NoGshadow,
        books
            .gshadow
            .as_ref()
            .is_some_and(|known| !known.contains(name.as_bytes())),
    );
    when(
        Fault::StrangeMember,
        member_names(line.members).any(|member| !books.passwd.contains_key(member)),
    );
    faults
}

/// Accounts and groups that are not ours, with an id that one of ours has or had.
fn given_again(owned: &Owned, books: &Books<'_>) -> Vec<String> {
    let accounts = owned.accounts.values().map(|account| account.name.as_str());
    let groups = owned.groups.values().map(|group| group.name.as_str());
    let others = owned.others.names.keys().map(String::as_str);
    let ours: BTreeSet<&[u8]> = accounts
        .chain(groups)
        .chain(others)
        .map(str::as_bytes)
        .collect();
    // Whoever shares an id with one of ours that is there is told as that.
    let by_id = books
        .uids
        .iter()
        .chain(&books.gids)
        .filter(|(id, _)| owned.ids.contains(id));
    let alone = by_id.filter(|(_, names)| names.iter().all(|name| !ours.contains(name)));
    alone
        .flat_map(|(id, names)| {
            names
                .iter()
                .map(move |n| format!("{} ({id})", String::from_utf8_lossy(n)))
        })
        .collect()
}

/// Looks at the homes of our accounts.
pub(super) fn check_homes(look: &HostLook<'_>, report: &mut Report) {
    let books = Books::new(&look.survey);
    let mut found = Found::new();
    for account in look.accounts().filter(|account| account.state.is_present()) {
        let Some(line) = books
            .passwd
            .get(account.name.as_bytes())
            .and_then(|lines| lines.first())
        else {
            continue;
        };
        let Ok(home) = std::str::from_utf8(line.home) else {
            continue;
        };
        let at = files::owner(&look.root().path(home));
        if let Some(fault) = home_fault(
            at,
            line.uid,
            look.settings().rules.accounts.create_home,
            look.can_own(),
        ) {
            found.entry(fault).or_default().push(account.name.clone());
        }
    }
    report.add(findings(found));
}

/// What is wrong with what stands where a home should be; `can_own`: whether owners can be what
/// they should be.
fn home_fault(at: Option<Owner>, uid: u32, made: bool, can_own: bool) -> Option<Fault> {
    match at {
        None => made.then_some(Fault::NoHome),
        Some(Owner::NotADirectory) => Some(Fault::OthersHome),
        Some(Owner::Directory(owner)) => (can_own && owner != uid).then_some(Fault::OthersHome),
    }
}

#[cfg(test)]
mod tests;
