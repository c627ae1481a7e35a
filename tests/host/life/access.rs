//! What a picture of a host means: who can get in, by which keys, and what of two hosts must be the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::history::Setting;
use super::model::{Model, State};
use crate::invariants::Frame;
use crate::picture::Picture;
use crate::small_host::{Database, SmallHost};

const KEY_DIR: &str = "etc/ssh/authorized_keys.d";

/// What lets the owner of a uid in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The password is not locked.
    pub password: bool,
    /// The account has not expired.
    pub valid: bool,
    /// The keys in gosync's file and in the home.
    pub keys: BTreeSet<String>,
    /// The home.
    pub home: String,
}

fn text(picture: &Picture, path: &str) -> String {
    picture.get(path).map_or_else(String::new, |entry| {
        String::from_utf8_lossy(&entry.content).into_owned()
    })
}

/// The lines of one of the host's files, by name.
pub fn lines(picture: &Picture, database: Database, file: &str) -> BTreeMap<String, Vec<String>> {
    let text = text(picture, &database.file(file));
    let fields = text
        .lines()
        .map(|line| line.split(':').map(str::to_owned).collect::<Vec<_>>());
    fields
        .filter(|fields| fields.len() > 2)
        .map(|fields| (fields[0].clone(), fields))
        .collect()
}

fn is_ours(fields: &[String]) -> bool {
    fields.len() == 7
        && fields[2]
            .parse::<u32>()
            .is_ok_and(|uid| (20_000..60_000).contains(&uid))
}

/// The path of a home below the root, behind a link if it has moved.
fn home(picture: &Picture, path: &str) -> String {
    let path = path.trim_start_matches('/');
    match picture
        .get(path)
        .filter(|entry| entry.mode & 0o170_000 == 0o120_000)
    {
        Some(link) => format!("home/{}", String::from_utf8_lossy(&link.content)),
        None => path.to_owned(),
    }
}

fn keys(picture: &Picture, name: &str, home_path: &str) -> BTreeSet<String> {
    let files = [
        format!("{KEY_DIR}/{name}"),
        format!("{}/.ssh/authorized_keys", home(picture, home_path)),
    ];
    let words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let all: Vec<String> = files.iter().map(|file| text(picture, file)).collect();
    all.iter()
        .flat_map(|text| text.lines())
        .filter(|line| !line.is_empty())
        .map(words)
        .collect()
}

/// Who can get in, by uid.
pub fn access(picture: &Picture, database: Database) -> BTreeMap<String, Access> {
    let shadow = lines(picture, database, "shadow");
    let passwd = lines(picture, database, "passwd")
        .into_iter()
        .filter(|(_, fields)| is_ours(fields));
    let one = |(name, fields): (String, Vec<String>)| {
        let shadow = shadow.get(&name).filter(|fields| fields.len() == 9);
        let password = shadow.is_some_and(|fields| !fields[1].starts_with('!'));
        let valid = shadow.is_some_and(|fields| fields[7] != "1");
        let home = fields[5].clone();
        (
            fields[2].clone(),
            Access {
                password,
                valid,
                keys: keys(picture, &name, &home),
                home,
            },
        )
    };
    passwd.map(one).collect()
}

/// The picture without what is a person's own to write.
fn without_ssh(picture: &Picture) -> Picture {
    picture
        .iter()
        .filter(|(path, _)| !path.contains("/.ssh"))
        .map(|(path, entry)| (path.clone(), entry.clone()))
        .collect()
}

/// All that is wrong with a picture taken when gosync was killed between `before` and `goal`.
pub fn violations(
    setting: &Setting,
    before: &Picture,
    goal: &Picture,
    now: &Picture,
) -> Vec<String> {
    let database = setting.database;
    let pictures = [before, goal, now].map(without_ssh);
    let frame = Frame {
        database,
        before: &pictures[0],
        goal: &pictures[1],
    };
    let of_frame = frame.violations(&pictures[2]).into_iter();
    let mut wrong: Vec<String> = of_frame.map(|(_, text)| text).collect();
    let [old, new, found] = [before, goal, now].map(|picture| access(picture, database));
    let none = Access::default();
    for (uid, found) in &found {
        let (old, new) = (old.get(uid).unwrap_or(&none), new.get(uid).unwrap_or(&none));
        if found.password && !old.password && !new.password
            || found.valid && !old.valid && !new.valid
        {
            wrong.push(format!("{uid} is open, and was not, nor will be"));
        }
        // In homes keys are written after the transaction: who comes back finds for a moment those that lay there.
        let lay = if setting.keys_in_homes {
            keys(before, "", &found.home)
        } else {
            BTreeSet::new()
        };
        let more: Vec<_> = found
            .keys
            .iter()
            .filter(|key| {
                ![&old.keys, &new.keys, &lay]
                    .iter()
                    .any(|keys| keys.contains(*key))
            })
            .collect();
        if found.valid && !more.is_empty() {
            wrong.push(format!("{uid} gets in by {more:?}"));
        }
    }
    // What the run has no business with.
    let own = [
        "var/lib/gosync",
        "run/",
        "var/lib/extrausers.gosync",
        "etc/nss_cache",
    ];
    for (path, entry) in before {
        let is_backup = path.starts_with("etc/") && path.ends_with('-');
        let is_own = is_backup || own.iter().any(|dir| path.starts_with(dir));
        if !is_own && goal.get(path) == Some(entry) && now.get(path) != Some(entry) {
            wrong.push(format!(
                "{path} was {entry:?} and should be, and is {:?}",
                now.get(path)
            ));
        }
    }
    wrong
}

/// What must be the same on two hosts, whatever broke off the runs of one of them.
pub fn comparable(tree: &SmallHost) -> Picture {
    let mut picture = tree.picture();
    // Compared by `owned`: how many runs there were is something else on either.
    picture.remove("var/lib/gosync/ledger.sqlite");
    // The directory that the first generation replaced keeps what others wrote there meanwhile.
    picture.retain(|path, _| !path.starts_with("var/lib/extrausers.gosync/original/"));
    // In which minute, and in which order, the homes of either came to be.
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d").unwrap();
    for (_, entry) in picture
        .iter_mut()
        .filter(|(path, _)| path.contains(".tar."))
    {
        let text = String::from_utf8_lossy(&entry.content).into_owned();
        let mut lines: Vec<_> = text
            .lines()
            .map(|line| time.replace(line, "then"))
            .collect();
        lines.sort();
        entry.content = lines.join("\n").into_bytes();
    }
    picture
}

/// What a ledger knows of accounts, groups and keys; nothing of runs.
pub fn owned(path: &Path) -> Vec<String> {
    let db =
        rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
    let Ok(db) = db else {
        return vec!["no ledger".to_owned()];
    };
    let mut out = Vec::new();
    for sql in [
        "SELECT 'id', kind, id, name, number, private_gid, subid, state, alias FROM known_ids ORDER BY kind, id",
        "SELECT 'account', id, gid, gecos, home, shell, locked, expire FROM applied_accounts ORDER BY id",
        "SELECT 'group', id, members FROM applied_groups ORDER BY id",
        "SELECT 'absence', kind, id FROM absences ORDER BY kind, id",
        "SELECT 'departure', kind, id, archive FROM departures ORDER BY kind, id",
        "SELECT 'former', kind, id, name FROM former_names ORDER BY kind, id, name",
        "SELECT 'archive', id, path FROM archives ORDER BY rowid",
        "SELECT 'keys', id, place, path, digest FROM applied_keys ORDER BY id, place",
        "SELECT 'pending', entry, kind, id, body FROM pending",
        "SELECT 'hook', kind, subject, event, given_up, error FROM hook_queue",
        "SELECT 'hook done', step FROM hook_done",
    ] {
        if let Err(e) = rows(&db, sql, &mut out) {
            out.push(e.to_string());
        }
    }
    out
}

fn rows(db: &rusqlite::Connection, sql: &str, out: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut statement = db.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let values: rusqlite::Result<Vec<rusqlite::types::Value>> =
            (0..columns).map(|at| row.get(at)).collect();
        let mut line = format!("{:?}", values?);
        // When somebody was locked stands in the name of the archive.
        if line.contains(".tar.") {
            line = line.replace(|c: char| c.is_ascii_digit(), "0");
        }
        out.push(line);
    }
    Ok(())
}

/// Everything in which a host is not what the model says. `uids`: whose is which, so far.
pub fn against_model(
    model: &Model,
    picture: &Picture,
    uids: &mut BTreeMap<usize, String>,
) -> Vec<String> {
    let database = model.setting.database;
    let [passwd, shadow, group, gshadow] =
        ["passwd", "shadow", "group", "gshadow"].map(|f| lines(picture, database, f));
    let mut wrong = Vec::new();
    let access = access(picture, database);
    let names: BTreeSet<&String> = passwd
        .iter()
        .filter(|(_, fields)| is_ours(fields))
        .map(|(name, _)| name)
        .collect();
    let fixed = "fixed".to_owned();
    let there = model
        .people
        .iter()
        .filter(|one| one.on_host)
        .map(|one| &one.name);
    let expected: BTreeSet<&String> = there.chain([&fixed]).collect();
    if names != expected {
        wrong.push(format!(
            "there are the accounts {names:?}, not {expected:?}"
        ));
    }
    for (n, one) in model
        .people
        .iter()
        .enumerate()
        .filter(|(_, one)| one.on_host)
    {
        let (Some(fields), Some(shade)) = (passwd.get(&one.name), shadow.get(&one.name)) else {
            wrong.push(format!("{} is not there", one.name));
            continue;
        };
        let uid = uids.entry(n).or_insert_with(|| fields[2].clone()).clone();
        let found = [&fields[2], &fields[4], &fields[5], &fields[6]].map(String::as_str);
        let wanted = [&uid, &one.gecos, &one.home, one.shell];
        if found != wanted {
            wrong.push(format!("{} has {found:?}, not {wanted:?}", one.name));
        }
        let locks = (shade[1].starts_with('!'), shade[7] == "1");
        let is_locked = one.state == State::Locked;
        if locks != (is_locked || one.locked_by_hand, is_locked) {
            wrong.push(format!("{} is {:?} and {locks:?}", one.name, one.state));
        }
        let keys = access
            .get(&uid)
            .map(|access| access.keys.clone())
            .unwrap_or_default();
        let wanted: BTreeSet<String> = one.keys().iter().map(|key| (*key).to_owned()).collect();
        if keys != wanted {
            wrong.push(format!(
                "{} has the keys {keys:?}, not {wanted:?}",
                one.name
            ));
        }
        let owner = picture
            .get(one.home.trim_start_matches('/'))
            .map(|entry| (entry.mode & 0o170_000, entry.uid));
        let wanted = one
            .has_home
            .then(|| (0o040_000, uid.parse().unwrap_or_default()));
        if owner != wanted {
            wrong.push(format!(
                "{} has the home {owner:?}, not {wanted:?}",
                one.name
            ));
        }
        if group.get(&one.name).is_none_or(|fields| fields[2] != uid) {
            wrong.push(format!("{} has not the group of its own", one.name));
        }
    }
    for (n, one) in model
        .people
        .iter()
        .enumerate()
        .filter(|(_, one)| !one.on_host)
    {
        let is_removed = one.state == State::None;
        let rest = [&shadow, &group]
            .iter()
            .filter(|file| file.contains_key(&one.name))
            .count();
        if rest > 0 || is_removed && picture.contains_key(&format!("{KEY_DIR}/{}", one.name)) {
            wrong.push(format!("something is left of {}", one.name));
        }
        if let Some(uid) = uids.get(&n).filter(|uid| access.contains_key(*uid)) {
            wrong.push(format!("somebody has the uid {uid} of {}", one.name));
        }
    }
    let files = [
        Some(&group),
        Some(&gshadow).filter(|_| database.files().contains(&"gshadow")),
    ];
    for (team, file) in model
        .teams
        .iter()
        .flat_map(|team| files.iter().flatten().map(move |file| (team, *file)))
    {
        let members = team.members.iter().map(|n| model.people[*n].name.as_str());
        let wanted: BTreeSet<&str> = members.chain(team.with_admin.then_some("admin")).collect();
        let found = file.get(&team.name).map(|fields| {
            fields[3]
                .split(',')
                .filter(|name| !name.is_empty())
                .collect()
        });
        if found != team.on_host.then(|| wanted.clone()) {
            wrong.push(format!(
                "{} has {found:?}, not {wanted:?} ({})",
                team.name, team.on_host
            ));
        }
    }
    let distinct: BTreeSet<&String> = uids.values().collect();
    if distinct.len() != uids.len() {
        wrong.push(format!("a uid is given out twice: {uids:?}"));
    }
    wrong
}
