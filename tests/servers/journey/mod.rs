//! Some days of a host beside real servers: everybody is brought over, a second run has nothing to do, and one rename, one
//! lock, one leaver, one member more and one less are followed. What the host should look like is told by a reading of the
//! server that is not gosync's.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

mod canaille;
mod directories;
mod scimmy;

use std::collections::{BTreeMap, BTreeSet};

use crate::bare_host::{bare_host, difference, everything};
use crate::scratch::ScratchHost;

const NAMES: [&str; 7] = [
    "Zoë Müller-Łukasiewicz",
    "Лев Толстой",
    "孫中山",
    "नरेन्द्र शर्मा",
    "محمد بن موسى",
    "O'Neil \"Ann\" <x>",
    "김철수",
];
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGHKKX1R/WFrJnXC8eo8G5FS5wPJ0dIEzlpzZTa6n6NO";
const PEOPLE: usize = 200;
const TEAMS: usize = 20;
/// Who is shut out from the beginning.
const CLOSED: usize = 7;
/// Who has a shell that the host does not know.
const ODD: usize = 11;

/// What the login of one who is renamed ends with.
const NEW: &str = "-new";

/// A person who is made up.
struct Person {
    login: String,
    name: String,
    email: String,
    uid: u32,
    shell: &'static str,
    open: bool,
    keys: Vec<String>,
}

/// A group that is made up.
struct Team {
    name: String,
    gid: u32,
    members: Vec<String>,
    /// Groups in it, where there are such.
    inner: Vec<String>,
}

fn login(n: usize) -> String {
    format!("j{n:03}")
}

fn people() -> Vec<Person> {
    let person = |n: usize| Person {
        login: login(n),
        name: NAMES[n % NAMES.len()].to_owned(),
        email: format!("{}@mail.example.org", login(n)),
        uid: 20_000 + u32::try_from(n).unwrap(),
        shell: if n == ODD {
            "/usr/bin/oddsh"
        } else {
            "/bin/bash"
        },
        open: n != CLOSED,
        keys: if n < 10 { vec![KEY.to_owned()] } else { vec![] },
    };
    (0..PEOPLE).map(person).collect()
}

/// Each has a dozen people; the first one has the second one in it as well. Inner ones come first.
fn teams() -> Vec<Team> {
    let name = |n: usize| format!("team{n:02}");
    let team = |n: usize| Team {
        name: name(n),
        gid: 60_000 + u32::try_from(n).unwrap(),
        members: (0..12).map(|k| login((n * 9 + k) % PEOPLE)).collect(),
        inner: if n == 0 { vec![name(1)] } else { vec![] },
    };
    (0..TEAMS).rev().map(team).collect()
}

/// What a server says of a person; `None`: it says nothing of the kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    uid: Option<u32>,
    name: String,
    home: Option<String>,
    shell: Option<String>,
    open: bool,
    keys: Vec<String>,
}

/// What a server says of everybody, read without gosync. Who is in a group that is in a group is in both.
#[derive(Debug, Default)]
struct Reading {
    people: BTreeMap<String, Told>,
    groups: BTreeMap<String, (Option<u32>, BTreeSet<String>)>,
}

/// A server, and how an administrator works there.
trait Site: Sized {
    /// Starts a server that knows these.
    fn load(people: &[Person], teams: &[Team]) -> Self;
    /// The keys of its section.
    fn section(&self) -> String;
    /// The secret that the section names as the file `secret`.
    fn secret(&self) -> &'static str;
    /// What it says now.
    fn reading(&self) -> Reading;
    fn rename(&self, login: &str, to: &str);
    fn lock(&self, login: &str);
    fn delete(&self, login: &str);
    /// Takes somebody into a group.
    fn join(&self, team: &str, login: &str);
    /// Takes somebody out of a group.
    fn leave(&self, team: &str, login: &str);
}

/// Those in the group `start` of groups in groups: `members` and `inner` by group.
fn flattened(
    start: &str,
    members: &BTreeMap<String, BTreeSet<String>>,
    inner: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<String> {
    let (mut all, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![start.to_owned()]);
    while let Some(group) = open.pop() {
        if seen.insert(group.clone()) {
            all.extend(members.get(&group).into_iter().flatten().cloned());
            open.extend(inner.get(&group).into_iter().flatten().cloned());
        }
    }
    all
}

const RULES: &str = "[accounts]\ncreate_home = false\nuid_range = [20000, 29999]\n[groups]\ngid_range = [60000, 60999]\n\
    [keys]\nplace = 'directory'\n[departed]\nabsent_runs = 1\nabsent_for = '0s'\n[limits]\nmax_additions = 2000\n";

fn configured(site: &impl Site) -> ScratchHost {
    let host = bare_host();
    host.write_with_mode("secret", site.secret(), 0o600);
    let text = format!("[provider.site]\n{}\n{RULES}", site.section());
    host.write_with_mode("gosync.toml", text, 0o600);
    host
}

/// Runs both syncs to a good end; what they say.
#[track_caller]
fn sync(host: &ScratchHost, quiet: bool) -> String {
    let quiet: &[&str] = if quiet { &["-q"] } else { &[] };
    let ran =
        ["users", "groups"].map(|what| host.gosync(&[quiet, &["sync", what]].concat()).expect(0));
    ran.map(|ran| ran.out + &ran.err).concat()
}

/// The lines of a database by their first fields, but for those that every host has.
fn lines(host: &ScratchHost, name: &str) -> BTreeMap<String, Vec<String>> {
    let text = host.read(name);
    let line = |line: &str| {
        let fields: Vec<String> = line.split(':').map(str::to_owned).collect();
        (fields[0].clone(), fields)
    };
    let own = |name: &String| name != "root" && name != "users";
    text.lines()
        .map(line)
        .filter(|(name, _)| own(name))
        .collect()
}

/// Compares the host with what the server says; `left`: who had an account and is there no more.
fn compare(host: &ScratchHost, told: &Reading, left: &[&str]) {
    let (passwd, shadow) = (lines(host, "etc/passwd"), lines(host, "etc/shadow"));
    assert!(passwd.keys().eq(shadow.keys()));
    let shut = |login: &&String| shadow[*login][7] == "1";
    let open = |login: &&String| shadow[*login][7].is_empty();
    let wanted: BTreeSet<&String> = told
        .people
        .iter()
        .filter(|(_, told)| told.open)
        .map(|(login, _)| login)
        .collect();
    assert_eq!(passwd.keys().filter(open).collect::<BTreeSet<_>>(), wanted);
    for login in passwd.keys().filter(|login| !wanted.contains(login)) {
        assert!(shut(&login), "{login}");
        let known = told.people.get(login).is_some_and(|told| !told.open);
        assert!(known || left.contains(&login.as_str()), "{login}");
    }
    for login in wanted {
        person_is(host, &passwd[login], &told.people[login]);
    }
    let mut uids: Vec<&String> = passwd.values().map(|line| &line[2]).collect();
    uids.sort();
    uids.dedup();
    assert_eq!(uids.len(), passwd.len());
    groups_are(host, told, left);
}

fn person_is(host: &ScratchHost, line: &[String], told: &Told) {
    let login = &line[0];
    if let Some(uid) = told.uid {
        assert_eq!(line[2], uid.to_string(), "{login}");
    }
    // Where nothing is said of it, it stays where it was made, under the first login.
    let own = || format!("/home/{}", login.trim_end_matches(NEW));
    let home = told.home.clone().unwrap_or_else(own);
    let shell = match told.shell.as_deref() {
        None | Some("/bin/bash") => "/bin/bash",
        Some(_) => "/usr/sbin/nologin",
    };
    assert_eq!(line[1..2], ["x"], "{login}");
    assert_eq!(line[3..], ["100", &told.name, &home, shell], "{login}");
    let keys = host.root().join("etc/ssh/authorized_keys.d").join(login);
    let keys = std::fs::read_to_string(keys).unwrap_or_default();
    let keys: Vec<String> = keys
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let words: Vec<&str> = line.split(' ').take(2).collect();
            words.join(" ")
        })
        .collect();
    assert_eq!(keys, told.keys, "{login}");
}

fn groups_are(host: &ScratchHost, told: &Reading, left: &[&str]) {
    let (group, gshadow) = (lines(host, "etc/group"), lines(host, "etc/gshadow"));
    assert!(
        group.keys().eq(gshadow.keys()) && group.keys().eq(told.groups.keys()),
        "{group:?}"
    );
    let is_in = |login: &&str| !login.is_empty() && !left.contains(login);
    for (name, (gid, members)) in &told.groups {
        let line = &group[name];
        if let Some(gid) = gid {
            assert_eq!(line[2], gid.to_string(), "{name}");
        }
        assert_eq!(line[3], gshadow[name][3], "{name}");
        let found: BTreeSet<&str> = line[3].split(',').filter(is_in).collect();
        let open = |login: &&str| told.people.get(*login).is_some_and(|told| told.open);
        let wanted: BTreeSet<&str> = members.iter().map(String::as_str).filter(open).collect();
        assert_eq!(found, wanted, "{name}");
    }
}

/// A run that has nothing to do says nothing, and leaves a note of itself alone, besides its number in the lock, and what it keeps
/// of an answer: no stamp saves it here from reading.
fn is_still(host: &ScratchHost) {
    let before = everything(host);
    assert_eq!(sync(host, true), "");
    let mut changed = difference(&before, &everything(host));
    changed.retain(|name| !name.ends_with(".reading"));
    assert_eq!(
        changed,
        ["/run/gosync/lock", "/var/lib/gosync/last-runs.json"]
    );
    assert_eq!(sync(host, false).matches("nothing to do").count(), 2);
}

/// The whole way.
fn journey<S: Site>() {
    let site = S::load(&people(), &teams());
    let host = configured(&site);
    let told = site.reading();
    assert_eq!((told.people.len(), told.groups.len()), (PEOPLE, TEAMS));
    sync(&host, false);
    compare(&host, &told, &[]);
    assert!(!lines(&host, "etc/passwd").contains_key(&login(CLOSED)));
    is_still(&host);

    let uid = lines(&host, "etc/passwd")["j030"][2].clone();
    site.rename("j030", "j030-new");
    site.lock("j040");
    site.delete("j050");
    site.join("team03", "j100");
    site.leave("team03", "j028");
    let told = site.reading();
    assert!(
        told.people.contains_key("j030-new")
            && !told.people["j040"].open
            && !told.people.contains_key("j050")
    );
    let team = &told.groups["team03"].1;
    assert!(team.contains("j100") && !team.contains("j028"), "{team:?}");
    sync(&host, false);
    compare(&host, &told, &["j050"]);
    assert_eq!(lines(&host, "etc/passwd")["j030-new"][2], uid);
    is_still(&host);
}

#[test]
fn a_host_follows_389_directory_server() {
    journey::<directories::Directory<crate::ds389::Ds389>>();
}

#[test]
fn a_host_follows_samba_as_active_directory() {
    journey::<directories::Directory<crate::samba::Samba>>();
}

#[test]
fn a_host_follows_canaille() {
    journey::<canaille::Canaille>();
}

#[test]
fn a_host_follows_scimmy() {
    journey::<scimmy::Scimmy>();
}
