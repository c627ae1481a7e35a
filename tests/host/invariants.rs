//! What must hold at every instant, whatever interrupted a run: invariants A1 to A4 of docs/threats.md, stated over
//! pictures of the host before, at the goal, and now.

use std::collections::BTreeSet;

use crate::findings::Wrong;
use crate::picture::Picture;
use crate::small_host::Database;

/// The picture before a run, and the one after it.
pub struct Frame<'a> {
    pub database: Database,
    pub before: &'a Picture,
    pub goal: &'a Picture,
}

/// How many fields a line of each file has.
fn fields(name: &str) -> usize {
    match name {
        "passwd" => 7,
        "shadow" => 9,
        "group" | "gshadow" => 4,
        _ => 3,
    }
}

fn lines<'a>(picture: &'a Picture, path: &str) -> Vec<&'a str> {
    let content = picture
        .get(path)
        .map_or(&b""[..], |entry| entry.content.as_slice());
    std::str::from_utf8(content)
        .unwrap_or("not UTF-8")
        .lines()
        .collect()
}

fn field(line: &str, number: usize) -> &str {
    line.split(':').nth(number).unwrap_or_default()
}

/// What is below a directory, with its own entry.
fn below<'a>(picture: &'a Picture, dir: &str) -> Vec<(&'a String, &'a crate::picture::Entry)> {
    let inside = format!("{dir}/");
    picture
        .iter()
        .filter(|(path, _)| *path == dir || path.starts_with(&inside))
        .collect()
}

/// The same, by the paths below it.
fn inside<'a>(picture: &'a Picture, dir: &str) -> Vec<(&'a str, &'a crate::picture::Entry)> {
    below(picture, dir)
        .into_iter()
        .map(|(path, entry)| (&path[dir.len()..], entry))
        .collect()
}

/// Where a home is that may stand behind a link, as while it moves.
fn behind_link(picture: &Picture, home: &str) -> String {
    const KIND: u32 = 0o170_000;
    match picture
        .get(home)
        .filter(|entry| entry.mode & KIND == 0o120_000)
    {
        Some(link) => {
            format!(
                "{}/{}",
                home.rsplit_once('/').unwrap_or_default().0,
                String::from_utf8_lossy(&link.content)
            )
        }
        None => home.to_owned(),
    }
}

fn is_closed(picture: &Picture, shadow: &str, name: &str) -> bool {
    let closed = |line: &&str| {
        field(line, 0) == name && field(line, 1).starts_with('!') && field(line, 7) == "1"
    };
    lines(picture, shadow).iter().any(closed)
}

impl Frame<'_> {
    /// Everything that is wrong with `now`; nothing, if it is safe.
    pub fn violations(&self, now: &Picture) -> Vec<(Wrong, String)> {
        let damaged = self.damage(now).into_iter();
        let exposed = self.exposure(now).into_iter();
        damaged
            .map(|text| (Wrong::Damaged, text))
            .chain(exposed.map(|text| (Wrong::Unsafe, text)))
            .collect()
    }

    /// What the account files have lost, or have and should not.
    fn damage(&self, now: &Picture) -> Vec<String> {
        let mut wrong = Vec::new();
        for name in self.database.files() {
            self.file(name, now, &mut wrong);
        }
        if self.database != Database::Etc {
            for name in ["etc/passwd", "etc/shadow", "etc/group", "etc/gshadow"] {
                if now.get(name) != self.before.get(name) {
                    wrong.push(format!("{name} is touched"));
                }
            }
        }
        wrong
    }

    /// Who is half there, and what is open that should not be.
    fn exposure(&self, now: &Picture) -> Vec<String> {
        let mut wrong = Vec::new();
        self.accounts(now, &mut wrong);
        self.keys(now, &mut wrong);
        for (path, entry) in now {
            let file = path.rsplit('/').next().unwrap_or_default();
            let secret = file.starts_with("shadow") || file.starts_with("gshadow");
            let guarded = path.contains("/.gosync/");
            if secret && !guarded && entry.mode & 0o007 != 0 {
                wrong.push(format!("{path} is open to others: {:o}", entry.mode));
            }
            let private = path.ends_with("/.gosync") || path == "var/lib/gosync";
            if private && entry.mode & 0o077 != 0 {
                wrong.push(format!("{path} is open to others: {:o}", entry.mode));
            }
        }
        wrong
    }

    /// A file is made of lines of before and of the goal; those that both have are there, in order, each once.
    fn file(&self, name: &str, now: &Picture, wrong: &mut Vec<String>) {
        let path = self.database.file(name);
        let (Some(before), Some(found)) = (self.before.get(&path), now.get(&path)) else {
            if self.before.contains_key(&path) {
                wrong.push(format!("{path} is missing"));
            }
            return;
        };
        if (before.mode, before.uid, before.gid) != (found.mode, found.uid, found.gid) {
            wrong.push(format!("{path} has another mode or owner"));
        }
        if found.content.last() != Some(&b'\n') {
            wrong.push(format!("{path} is cut"));
        }
        let (old, new, now) = (
            lines(self.before, &path),
            lines(self.goal, &path),
            lines(now, &path),
        );
        let known: BTreeSet<&str> = old.iter().chain(&new).copied().collect();
        for line in &now {
            let own = !old.contains(line);
            // A group's line on its way may be one of neither, where members come and others go.
            let on_its_way = matches!(name, "group" | "gshadow")
                || name == "shadow" && old.iter().any(|old| self.is_closed_first(old, line));
            if own && !known.contains(line) && !on_its_way {
                wrong.push(format!("{path} has the line `{line}`"));
            }
            if own && line.split(':').count() != fields(name) {
                wrong.push(format!("{path} has the broken line `{line}`"));
            }
        }
        let mut rest = now.iter();
        for kept in old.iter().filter(|line| new.contains(line)) {
            if !rest.any(|line| line == kept) {
                wrong.push(format!("{path} has lost `{kept}`, or moved it"));
            }
        }
        let names: Vec<&str> = now
            .iter()
            .filter(|l| l.contains(':'))
            .map(|l| field(l, 0))
            .collect();
        if names.iter().collect::<BTreeSet<_>>().len() != names.len() {
            wrong.push(format!("{path} has a name twice"));
        }
    }

    /// Whether a line of shadow is that of an account that is locked before its home, and then it itself, goes.
    fn is_closed_first(&self, before: &str, now: &str) -> bool {
        let name = field(before, 0);
        let goes = !lines(self.goal, &self.database.file("shadow"))
            .iter()
            .any(|line| field(line, 0) == name);
        let closed = |line: &str| -> Vec<String> {
            let mut fields: Vec<String> = line.split(':').map(str::to_owned).collect();
            if let [_, password, .., expire, _] = &mut fields[..] {
                *password = format!("!{password}");
                *expire = "1".to_owned();
            }
            fields
        };
        goes && closed(before) == now.split(':').collect::<Vec<_>>()
    }

    /// A file with keys is as before or as at the goal, whole and only root's; and whoever comes into passwd has theirs.
    fn keys(&self, now: &Picture, wrong: &mut Vec<String>) {
        const DIR: &str = "etc/ssh/authorized_keys.d";
        for (path, entry) in now
            .iter()
            .filter(|(path, _)| path.starts_with(&format!("{DIR}/")))
        {
            let is_known = [self.before, self.goal]
                .iter()
                .any(|picture| picture.get(path) == Some(entry));
            if !is_known && !path.starts_with(&format!("{DIR}/.gosync")) {
                wrong.push(format!(
                    "{path} is neither as before nor as it should be: {entry:?}"
                ));
            }
        }
        let names = |picture| {
            let passwd = lines(picture, &self.database.file("passwd")).into_iter();
            passwd
                .map(|line| field(line, 0).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let (old, new) = (names(self.before), names(self.goal));
        for name in names(now)
            .iter()
            .filter(|name| !old.contains(*name) && new.contains(*name))
        {
            let path = format!("{DIR}/{name}");
            if now.get(&path) != self.goal.get(&path) {
                wrong.push(format!("{name} is in passwd without the right keys"));
            }
        }
    }

    /// Whoever is in passwd has all the rest.
    fn accounts(&self, now: &Picture, wrong: &mut Vec<String>) {
        let at = |name: &str| lines(now, &self.database.file(name));
        let names = |name: &str| {
            at(name)
                .into_iter()
                .map(|line| field(line, 0))
                .collect::<BTreeSet<_>>()
        };
        let groups = at("group").into_iter().chain(lines(now, "etc/group"));
        let gids: BTreeSet<&str> = groups.map(|line| field(line, 2)).collect();
        let (shadow, subuid, subgid) = (names("shadow"), names("subuid"), names("subgid"));
        for line in at("passwd")
            .into_iter()
            .filter(|line| line.split(':').count() == 7 && !line.starts_with('+'))
        {
            let (name, uid, gid, home) = (
                field(line, 0),
                field(line, 2),
                field(line, 3),
                field(line, 5),
            );
            if !shadow.contains(name) {
                wrong.push(format!("{name} has no shadow line"));
            }
            if !gids.contains(gid) {
                wrong.push(format!("{name} has no primary group"));
            }
            let is_ours = uid
                .parse::<u32>()
                .is_ok_and(|uid| (20_000..60_000).contains(&uid));
            if !is_ours {
                continue;
            }
            if !subuid.contains(name) || !subgid.contains(name) {
                wrong.push(format!("{name} has no subordinate ids"));
            }
            let home = behind_link(now, home.trim_start_matches('/'));
            let mut found = inside(now, &home);
            let is_there = !found.is_empty();
            if !is_there {
                // While it is packed it stands where nobody else reaches it, whole, and the next run puts it back.
                let (base, name) = home.rsplit_once('/').unwrap_or(("", &home));
                found = inside(now, &format!("{base}/.gosync-leaving/{name}"));
            }
            let is_whole = found == inside(self.before, &home) || found == inside(self.goal, &home);
            // The homes of those who left are packed and taken away, while the accounts are closed.
            if !is_whole || !is_there && !is_closed(now, &self.database.file("shadow"), name) {
                wrong.push(format!("{name} has no whole home: {found:?}"));
            }
        }
    }
}
