//! Whether the account files hold what gosync owns, each account and group whole and alone.
//!
//! The same questions as pwck(8) and grpck(8), asked about our own lines in whichever files they are, and those that
//! the two do not ask: does somebody else have an id that was given to one of ours?

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Area, Finding, Report, Severity, names};
use super::scene::Scene;
use crate::formats::group::names as member_names;
use crate::formats::{GroupLine, GshadowLine, PasswdLine, ShadowLine, SubidLine};
use crate::model::host::Owner;
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::system::files;
use crate::target::local::Survey;

const AREA: Area = Area::Databases;

/// What can be wrong with our own lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    NotInPasswd,
    OtherUid,
    Twice,
    SharedUid,
    NoPassword,
    NoShadow,
    NoPrimaryGroup,
    Reopened,
    ClosedByHand,
    NoSubids,
    GroupGone,
    OtherGid,
    GroupTwice,
    SharedGid,
    NoGshadow,
    StrangeMember,
    GivenAgain,
    SubidsShared,
    NoHome,
    OthersHome,
}

impl Fault {
    /// How bad it is, what is so, why it matters, and what to do.
    fn words(self) -> (Severity, &'static str, &'static str, &'static str) {
        use Severity::{Note, Problem, Warning};
        match self {
            Fault::NotInPasswd => (
                Warning,
                "accounts of gosync's that are not in passwd",
                "somebody took them out by hand; gosync puts an account back that its person should have",
                "gosync sync users --dry-run   # or gosync deluser NAME",
            ),
            Fault::OtherUid => (
                Problem,
                "accounts of gosync's with another uid than gosync gave",
                "files belong to uids, not to names: they lost their own and got somebody else's",
                "vipw   # set the uid back to what `sqlite3 ledger.sqlite 'SELECT name, uid FROM accounts'` says",
            ),
            Fault::Twice => (
                Problem,
                "accounts of gosync's that stand in passwd twice",
                "programs disagree on which line counts; gosync leaves them alone",
                "vipw   # remove the line that gosync did not make",
            ),
            Fault::SharedUid => (
                Problem,
                "accounts of gosync's whose uid another account has, too",
                "both own the same files and may end each other's processes",
                "usermod -u NEW-UID OTHER   # the account that gosync did not make",
            ),
            Fault::NoPassword => (
                Problem,
                "accounts of gosync's with an empty password",
                "whoever knows the name may log in",
                "passwd -l NAME",
            ),
            Fault::NoShadow => (
                Problem,
                "accounts of gosync's without a sound line in shadow",
                "they cannot log in, and a lock would not be one",
                "pwconv",
            ),
            Fault::NoPrimaryGroup => (
                Problem,
                "accounts of gosync's whose primary group is not in group",
                "files get a number for a group, which may become somebody's",
                "groupadd -g GID NAME   # as their line in passwd says",
            ),
            Fault::Reopened => (
                Warning,
                "accounts that gosync locked and that are open",
                "their people left; somebody opened them by hand",
                "gosync sync users --dry-run   # or usermod -L -e 1 NAME",
            ),
            Fault::ClosedByHand => (
                Note,
                "accounts that somebody else than gosync locked",
                "gosync counts them as open",
                "usermod -U -e '' NAME   # if that was a mistake",
            ),
            Fault::NoSubids => (
                Warning,
                "accounts of gosync's that lack their line in subuid or subgid",
                "their rootless containers do not start",
                "usermod --add-subuids FIRST-LAST --add-subgids FIRST-LAST NAME   # `subid` in the ledger is FIRST",
            ),
            Fault::GroupGone => (
                Warning,
                "groups of gosync's that are not in group",
                "somebody took them out by hand; their members lack what they grant",
                "gosync sync groups --dry-run",
            ),
            Fault::OtherGid => (
                Problem,
                "groups of gosync's with another gid than gosync gave",
                "files belong to gids, not to names",
                "groupmod -g GID NAME   # `sqlite3 ledger.sqlite 'SELECT name, gid FROM unix_groups'` says which",
            ),
            Fault::GroupTwice => (
                Problem,
                "groups of gosync's that stand in group twice",
                "programs disagree on who is a member; gosync leaves them alone",
                "vigr   # remove the line that gosync did not make",
            ),
            Fault::SharedGid => (
                Problem,
                "groups of gosync's whose gid another group has, too",
                "the members of each have what the other grants",
                "groupmod -g NEW-GID OTHER   # the group that gosync did not make",
            ),
            Fault::NoGshadow => (
                Warning,
                "groups of gosync's that are in group and not in gshadow",
                "gpasswd and newgrp fail for them",
                "grpconv",
            ),
            Fault::StrangeMember => (
                Warning,
                "groups of gosync's with members that are no accounts in the files",
                "an account that gets such a name some day inherits the membership",
                "gosync sync groups   # a member that an admin added: gpasswd -d MEMBER GROUP",
            ),
            Fault::GivenAgain => (
                Problem,
                "accounts and groups of others with an id that gosync gave to one of its own",
                "they own what the one before left behind: files, mail, crontabs",
                "usermod -u NEW-UID NAME   # or groupmod -g; and set UID_MAX in /etc/login.defs below `uid_range`",
            ),
            Fault::SubidsShared => (
                Problem,
                "accounts of gosync's whose subordinate ids somebody else has, too",
                "the containers of each can be changed by the other",
                "usermod --del-subuids FIRST-LAST --del-subgids FIRST-LAST OTHER",
            ),
            Fault::NoHome => (
                Warning,
                "accounts of gosync's without their home",
                "logins end in /, or fail",
                "mkhomedir_helper NAME",
            ),
            Fault::OthersHome => (
                Problem,
                "accounts of gosync's whose home belongs to somebody else, or is no directory",
                "sshd ignores keys there, and the owner can change what runs at login",
                "chown -h NAME: HOME   # after a look at what is in it",
            ),
        }
    }
}

/// What was found, each with the names that it is about.
type Found = BTreeMap<Fault, Vec<String>>;

fn findings(found: Found) -> Vec<Finding> {
    let finding = |(fault, mut all): (Fault, Vec<String>)| {
        all.sort();
        all.dedup();
        let (severity, what, why, fix) = fault.words();
        AREA.finding(severity, format!("{what}: {} ({})", all.len(), names(&all)), why, fix)
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
    subuid: Vec<SubidLine<'a>>,
    subgid: Vec<SubidLine<'a>>,
}

fn lines<'a>(survey: &'a Survey, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    survey.named(name).flat_map(|file| file.lines.entries()).map(|(_, line)| line)
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
            let name = line.split(|&b| b == b':').next().unwrap_or_default();
            shadow.entry(name).or_insert_with(|| ShadowLine::parse(line));
        }
        let gshadow = survey.written("gshadow").filter(|file| file.exists);
        let subids = |name| lines(survey, name).filter_map(SubidLine::parse).collect();
        Self {
            passwd,
            uids,
            shadow,
            has_shadow: survey.written("shadow").is_some_and(|file| file.exists && !file.lines.is_empty()),
            groups,
            gids,
            gshadow: gshadow.map(|file| file.lines.iter().filter_map(GshadowLine::parse).map(|g| g.name).collect()),
            subuid: subids("subuid"),
            subgid: subids("subgid"),
        }
    }
}

/// Compares what gosync owns with what the files say.
pub fn judge(survey: &Survey, owned: &Owned) -> Vec<Finding> {
    let books = Books::new(survey);
    let unread = |name| survey.is_unread(name);
    let mut found = Found::new();
    for account in owned.accounts.values().filter(|account| account.state.is_present() && !unread("passwd")) {
        for fault in account_faults(account, &books) {
            found.entry(fault).or_default().push(account.name.clone());
        }
    }
    for group in owned.groups.values().filter(|group| group.state.is_present() && !unread("group")) {
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
    let Some(lines) = books.passwd.get(name) else { return vec![Fault::NotInPasswd] };
    let line = &lines[0];
    let mut faults = Vec::new();
    let mut when = |fault, holds: bool| faults.extend(holds.then_some(fault));
    when(Fault::OtherUid, line.uid != account.uid.get());
    when(Fault::Twice, lines.len() > 1);
    when(Fault::SharedUid, books.uids.get(&line.uid).is_some_and(|names| names.len() > 1));
    when(Fault::NoPrimaryGroup, !books.gids.contains_key(&line.gid));
    let shadow = books.shadow.get(name).and_then(Option::as_ref);
    let empty = line.password.is_empty() || line.password == b"x" && shadow.is_some_and(|s| s.password.is_empty());
    when(Fault::NoPassword, empty);
    when(Fault::NoShadow, books.has_shadow && shadow.is_none());
    let closed = shadow.map(ShadowLine::is_closed);
    when(Fault::Reopened, account.state == State::Locked && closed == Some(false));
    when(Fault::ClosedByHand, account.state == State::Active && shadow.is_some_and(|s| s.password.starts_with(b"!")));
    let has = |all: &[SubidLine<'_>], first| all.iter().any(|s| s.owner == name && s.first == first);
    when(Fault::NoSubids, account.subid.is_some_and(|first| !has(&books.subuid, first) || !has(&books.subgid, first)));
    let shared = |all: &[SubidLine<'_>], first: u32| {
        let Some(own) = all.iter().find(|s| s.owner == name && s.first == first) else { return false };
        let last = own.first.saturating_add(own.count.saturating_sub(1));
        let meets =
            |s: &&SubidLine<'_>| s.first <= last && own.first <= s.first.saturating_add(s.count.saturating_sub(1));
        all.iter().filter(|s| s.owner != name && s.count > 0).any(|s| meets(&s))
    };
    when(
        Fault::SubidsShared,
        account.subid.is_some_and(|first| shared(&books.subuid, first) || shared(&books.subgid, first)),
    );
    faults
}

fn group_faults(name: &str, gid: u32, books: &Books<'_>) -> Vec<Fault> {
    let Some(lines) = books.groups.get(name.as_bytes()) else { return vec![Fault::GroupGone] };
    let line = &lines[0];
    let mut faults = Vec::new();
    let mut when = |fault, holds: bool| faults.extend(holds.then_some(fault));
    when(Fault::OtherGid, line.gid != gid);
    when(Fault::GroupTwice, lines.len() > 1);
    when(Fault::SharedGid, books.gids.get(&line.gid).is_some_and(|names| names.len() > 1));
    when(Fault::NoGshadow, books.gshadow.as_ref().is_some_and(|known| !known.contains(name.as_bytes())));
    when(Fault::StrangeMember, member_names(line.members).any(|member| !books.passwd.contains_key(member)));
    faults
}

/// Accounts and groups that are not ours, with an id that one of ours has or had.
fn given_again(owned: &Owned, books: &Books<'_>) -> Vec<String> {
    let accounts = owned.accounts.values().map(|account| account.name.as_str());
    let groups = owned.groups.values().map(|group| group.name.as_str());
    let others = owned.other_names.iter().map(String::as_str);
    let ours: BTreeSet<&[u8]> = accounts.chain(groups).chain(others).map(str::as_bytes).collect();
    // Whoever shares an id with one of ours that is there is told as that.
    let by_id = books.uids.iter().chain(&books.gids).filter(|(id, _)| owned.ids.contains(id));
    let alone = by_id.filter(|(_, names)| names.iter().all(|name| !ours.contains(name)));
    alone.flat_map(|(id, names)| names.iter().map(move |n| format!("{} ({id})", String::from_utf8_lossy(n)))).collect()
}

/// Looks at the homes of our accounts.
pub fn check_homes(scene: &Scene<'_>, report: &mut Report) {
    let books = Books::new(&scene.survey);
    let mut found = Found::new();
    for account in scene.owned.accounts.values().filter(|account| account.state.is_present()) {
        let Some(line) = books.passwd.get(account.name.as_bytes()).and_then(|lines| lines.first()) else { continue };
        let Ok(home) = std::str::from_utf8(line.home) else { continue };
        let at = files::owner(&scene.root().path(home));
        if let Some(fault) = home_fault(at, line.uid, scene.settings().rules.accounts.create_home, scene.can_own()) {
            found.entry(fault).or_default().push(account.name.clone());
        }
    }
    report.add(findings(found));
}

/// What is wrong with what stands where a home should be; `can_own`: whether owners can be what they should be.
fn home_fault(at: Option<Owner>, uid: u32, made: bool, can_own: bool) -> Option<Fault> {
    match at {
        None => made.then_some(Fault::NoHome),
        Some(Owner::NotADirectory) => Some(Fault::OthersHome),
        Some(Owner::Directory(owner)) => (can_own && owner != uid).then_some(Fault::OthersHome),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Lines;
    use crate::model::owned::OwnedGroup;
    use crate::model::{Gid, RemoteId, Uid};
    use crate::target::local::Surveyed;

    const FILES: [(&str, &str); 6] = [
        ("passwd", "root:x:0:0::/:/bin/sh\nann:x:20000:100::/home/ann:/bin/sh\n"),
        ("shadow", "root:*:1::::::\nann:*:1::::::\n"),
        ("group", "users:x:100:\nphysics:x:60000:ann\n"),
        ("gshadow", "users:*::\nphysics:!::ann\n"),
        ("subuid", "ann:1000000:65536\n"),
        ("subgid", "ann:1000000:65536\n"),
    ];

    fn owned() -> Owned {
        let account = OwnedAccount {
            name: "ann".to_owned(),
            uid: Uid::new(20_000).unwrap(),
            gid: 100,
            private_group: false,
            state: State::Active,
            applied: crate::model::owned::Applied::default(),
            subid: Some(1_000_000),
            absence: None,
        };
        let gone = OwnedAccount {
            name: "old".into(),
            uid: Uid::new(20_001).unwrap(),
            state: State::Removed,
            ..account.clone()
        };
        let group = OwnedGroup {
            name: "physics".into(),
            gid: Gid::new(60_000).unwrap(),
            state: State::Active,
            members: "ann".into(),
        };
        let id = |text| RemoteId::new(text).unwrap();
        Owned {
            accounts: [(id("u-1"), account), (id("u-2"), gone)].into(),
            groups: [(id("g-1"), group)].into(),
            ids: [20_000, 20_001, 60_000].into(),
            ..Owned::default()
        }
    }

    /// The faults of the files in which `from` is replaced by `to`.
    fn faults(name: &str, from: &str, to: &str, owned: &Owned) -> Vec<String> {
        let file = |&(known, text): &(&'static str, &str)| {
            assert!(known != name || text.contains(from));
            let text = if known == name { text.replace(from, to) } else { text.to_owned() };
            let path = format!("/etc/{known}").into();
            Surveyed { name: known, path, written: true, exists: true, lines: Lines::new(text.into()), fault: None }
        };
        let survey = Survey { files: FILES.iter().map(file).collect(), unswappable: None };
        judge(&survey, owned).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn what_is_whole_is_not_mentioned() {
        assert_eq!(faults("", "", "", &owned()), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_found_alone() {
        for (file, from, to, fault) in [
            ("passwd", "ann:x:20000", "ann:x:20009", Fault::OtherUid),
            ("passwd", "root:x:0:0::/:/bin/sh\n", "root:x:0:0::/:/bin/sh\nann:x:20000:100::/x:/bin/sh\n", Fault::Twice),
            ("passwd", "\nann:", "\nbob:x:20000:100::/:/bin/sh\nann:", Fault::SharedUid),
            ("passwd", "ann:x:20000:100", "ann:x:20000:101", Fault::NoPrimaryGroup),
            ("passwd", "ann:x:", "ann::", Fault::NoPassword),
            ("shadow", "ann:*:", "ann::", Fault::NoPassword),
            ("shadow", "ann:*:1", "ann:*", Fault::NoShadow),
            ("shadow", "ann:*", "ann:!*", Fault::ClosedByHand),
            ("subuid", "ann:", "bob:", Fault::NoSubids),
            ("subgid", "ann:", "bob:1065535:9\nann:", Fault::SubidsShared),
            ("group", "physics:x:60000:ann\n", "", Fault::GroupGone),
            ("group", "physics:x:60000", "physics:x:60001", Fault::OtherGid),
            ("group", "users:", "physics:x:60000:\nusers:", Fault::GroupTwice),
            ("group", "users:", "grid:x:60000:\nusers:", Fault::SharedGid),
            ("gshadow", "physics", "other", Fault::NoGshadow),
            ("group", "60000:ann", "60000:ann,who", Fault::StrangeMember),
            ("passwd", "\nann:", "\nnew:x:20001:100::/:/bin/sh\nann:", Fault::GivenAgain),
            ("group", "users:", "new:x:20001:\nusers:", Fault::GivenAgain),
        ] {
            let found = faults(file, from, to, &owned());
            assert_eq!(found.len(), 1, "{fault:?}: {found:?}");
            assert!(found[0].starts_with(fault.words().1), "{fault:?}: {found:?}");
        }
        let found = faults("passwd", "ann:x:20000:100::/home/ann:/bin/sh\n", "", &owned());
        assert!(found[0].starts_with(Fault::NotInPasswd.words().1) && found[1].contains("members"), "{found:?}");
        let mut locked = owned();
        locked.accounts.values_mut().next().unwrap().state = State::Locked;
        assert!(faults("", "", "", &locked)[0].starts_with(Fault::Reopened.words().1));
        assert_eq!(faults("shadow", "ann:*:1::::::", "ann:!*:1:::::1:", &locked), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_cannot_be_read_shows_nothing() {
        for name in ["passwd", "shadow", "group", "gshadow", "subuid", "subgid"] {
            let file = |&(known, text): &(&'static str, &str)| {
                let fault = (known == name).then(|| "a link".to_owned());
                let lines = Lines::new(if known == name { Vec::new() } else { text.into() });
                Surveyed { name: known, path: known.into(), written: true, exists: true, lines, fault }
            };
            let survey = Survey { files: FILES.iter().map(file).collect(), unswappable: None };
            assert_eq!(judge(&survey, &owned()), [], "{name}");
        }
    }

    #[test]
    fn a_host_without_gshadow_lacks_nothing() {
        let file = |&(name, text): &(&'static str, &str)| {
            let (exists, text) = (name != "gshadow", if name == "gshadow" { "" } else { text });
            let path = format!("/etc/{name}").into();
            Surveyed { name, path, written: true, exists, lines: Lines::new(text.into()), fault: None }
        };
        let survey = Survey { files: FILES.iter().map(file).collect(), unswappable: None };
        assert_eq!(judge(&survey, &owned()), []);
    }

    #[test]
    fn a_home_is_a_directory_of_its_account() {
        assert_eq!(home_fault(Some(Owner::Directory(7)), 7, true, true), None);
        assert_eq!(home_fault(Some(Owner::Directory(8)), 7, true, true), Some(Fault::OthersHome));
        assert_eq!(home_fault(Some(Owner::Directory(8)), 7, true, false), None, "nobody could change that");
        assert_eq!(home_fault(Some(Owner::NotADirectory), 7, true, true), Some(Fault::OthersHome));
        assert_eq!(home_fault(None, 7, true, true), Some(Fault::NoHome));
        assert_eq!(home_fault(None, 7, false, true), None);
    }

    #[test]
    fn many_names_are_one_finding() {
        let found: Found = [(Fault::NoHome, (0..1000).map(|n| format!("u{n:04}\n")).collect())].into();
        let told = findings(found);
        assert!(told.len() == 1 && told[0].what.contains("1000 (u0000\\n, u0001\\n"), "{told:?}");
    }
}
