//! A scratch host for one test: the account files of a small machine below a directory, a configuration and a
//! directory document beside it; pictures of it, and the program run on it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The program under test.
pub const GOSYNC: &str = env!("CARGO_BIN_EXE_gosync");

/// Which files hold the accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Etc,
    Extrausers,
}

impl Database {
    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Database::Etc => "etc",
            Database::Extrausers => "extrausers",
        }
    }

    /// Where the file `name` that gosync writes is, below the root.
    pub fn file(self, name: &str) -> String {
        match (self, name) {
            (Database::Extrausers, "passwd" | "shadow" | "group") => {
                format!("var/lib/extrausers/{name}")
            }
            _ => format!("etc/{name}"),
        }
    }

    /// The names of the files that gosync writes.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Database::Etc => &["passwd", "shadow", "group", "gshadow", "subuid", "subgid"],
            Database::Extrausers => &["passwd", "shadow", "group", "subuid", "subgid"],
        }
    }
}

/// A person of a directory document: id, login, name, whether active.
pub fn person(id: &str, login: &str, name: &str, active: bool) -> Value {
    json!({"id": id, "login": login, "name": name, "active": active})
}

/// A group of a directory document, with the ids of its members.
pub fn group(id: &str, name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({"user": id})).collect();
    json!({"id": id, "name": name, "members": members})
}

/// A directory document.
pub fn document(users: &[Value], groups: &[Value]) -> Value {
    json!({"users": users, "groups": groups})
}

/// How a program ended and what it said.
#[derive(Debug)]
pub struct Ran {
    /// The status; `None` when a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

impl Ran {
    /// Stops the test unless the program ended with `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// What stands at a path.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// The content of a file, the target of a link, nothing for a directory.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:o} {}:{} {:?}",
            self.mode,
            self.uid,
            self.gid,
            String::from_utf8_lossy(&self.content)
        )
    }
}

/// Everything below a root, by path.
pub type Picture = BTreeMap<String, Entry>;

/// The scratch host. It is gone when the value is dropped.
pub struct Tree {
    dir: TempDir,
    pub database: Database,
}

impl Tree {
    /// A host with some system accounts, an admin, comments, an odd line and a NIS line. It stands in memory where
    /// that can be had: thousands of runs that sync to a disk would take hours.
    pub fn new(database: Database) -> Self {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        Self::new_in(&base, database)
    }

    /// The same, somewhere below `base`.
    pub fn new_in(base: &Path, database: Database) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gosync-host-")
            .tempdir_in(base)
            .unwrap();
        let tree = Self { dir, database };
        fs::create_dir(tree.path("")).unwrap();
        for (path, text, mode, gid) in FILES {
            tree.write(path, text, *mode, *gid);
        }
        std::os::unix::fs::symlink(".profile", tree.path("etc/skel/link")).unwrap();
        for dir in ["home", "run", "srv/archive", "var/lib/extrausers"] {
            fs::create_dir_all(tree.path(dir)).unwrap();
        }
        if database == Database::Extrausers {
            tree.write(
                "var/lib/extrausers/passwd",
                "local:x:1500:1500:Local:/home/local:/bin/sh\n",
                0o644,
                0,
            );
            tree.write(
                "var/lib/extrausers/shadow",
                "local:*:20000:0:99999:7:::\n",
                0o640,
                42,
            );
            tree.write("var/lib/extrausers/group", "local:x:1500:\n", 0o644, 0);
        }
        tree.configure("");
        tree.provide(&document(&[], &[]));
        tree
    }

    /// Writes the configuration: accounts with groups and subordinate ids of their own, and then `more`.
    pub fn configure(&self, more: &str) {
        let database = self.database.word();
        let text = format!(
            "[provider.sample]\nkind = \"file\"\npath = \"directory.json\"\n[accounts]\nprimary_group = \"private\"\n\
             subid_range = [1000000, 1999999999]\n[target.host]\nkind = \"local\"\ndatabase = \"{database}\"\n{more}"
        );
        self.put(&self.config(), text.as_bytes());
    }

    /// Writes the directory document.
    pub fn provide(&self, document: &Value) {
        self.put(
            &self.dir.path().join("directory.json"),
            document.to_string().as_bytes(),
        );
    }

    fn put(&self, path: &Path, bytes: &[u8]) {
        // Renamed into place, since a gosync may be reading it.
        let new = path.with_extension("new");
        fs::write(&new, bytes).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(new, path).unwrap();
    }

    /// The directory that root, configuration and document are in.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The configuration's path.
    pub fn config(&self) -> PathBuf {
        self.dir.path().join("gosync.toml")
    }

    /// A path below the root.
    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join("root").join(below)
    }

    /// Writes a file below the root.
    pub fn write(&self, below: &str, text: &str, mode: u32, gid: u32) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        chown(&path, None, Some(gid))
            .unwrap_or_else(|e| panic!("these tests must run as root: {e}"));
    }

    /// Reads a file below the root.
    pub fn read(&self, below: &str) -> String {
        String::from_utf8_lossy(
            &fs::read(self.path(below)).unwrap_or_else(|e| panic!("{below}: {e}")),
        )
        .into_owned()
    }

    /// The command line of a run on this host.
    pub fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let mut all = vec![
            "--root".to_owned(),
            self.path("").to_str().unwrap().to_owned(),
            "--file".to_owned(),
        ];
        all.push(self.config().to_str().unwrap().to_owned());
        all.extend(arguments.iter().map(|&a| a.to_owned()));
        all
    }

    /// A run that is still to be started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(GOSYNC);
        command
            .args(self.arguments(arguments))
            .env_remove("GOSYNC_CONFIG")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program on this host.
    pub fn gosync(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    /// Keeps a copy of root, configuration and document under `name`.
    pub fn save(&self, name: &str) {
        let to = self.dir.path().join(name);
        let _ = fs::remove_dir_all(&to);
        fs::create_dir(&to).unwrap();
        self.copy(self.dir.path(), &to);
    }

    /// Makes root, configuration and document what they were when saved under `name`.
    pub fn restore(&self, name: &str) {
        fs::remove_dir_all(self.path("")).unwrap();
        self.copy(&self.dir.path().join(name), self.dir.path());
    }

    fn copy(&self, from: &Path, to: &Path) {
        let parts = ["root", "gosync.toml", "directory.json"].map(|part| from.join(part));
        let status = Command::new("cp")
            .arg("-a")
            .args(parts)
            .arg(to)
            .status()
            .unwrap();
        assert!(status.success(), "cp: {status}");
    }

    /// Everything below the root, as far as it means something: see [`Picture`] and the arms of `look`.
    pub fn picture(&self) -> Picture {
        let mut picture = Picture::new();
        self.look("", &mut picture);
        picture
    }

    fn look(&self, below: &str, picture: &mut Picture) {
        let mut names: Vec<String> = fs::read_dir(self.path(below))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        for name in names {
            let path = if below.is_empty() {
                name.clone()
            } else {
                format!("{below}/{name}")
            };
            let meta = fs::symlink_metadata(self.path(&path)).unwrap();
            let mut content = Vec::new();
            if meta.is_symlink() {
                content = fs::read_link(self.path(&path))
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes();
            } else if meta.is_file() {
                content = fs::read(self.path(&path)).unwrap();
            }
            let mut shown = path.clone();
            match path.as_str() {
                // Backups are those of whichever run was the last to write; `differences` does not see them.
                _ if is_backup(&path) => content.clear(),
                // Who held the lock last; its kernel lock is what counts.
                "run/gosync/lock" => content.clear(),
                "var/lib/gosync/ledger.sqlite" => content = ledger(&self.path(&path)).into_bytes(),
                // Generations are numbered by transaction. The present one is shown under its public name.
                "var/lib/extrausers" if meta.is_symlink() => {
                    content = b"a generation".to_vec();
                    self.look("var/lib/extrausers", picture);
                }
                _ if below == "var/lib/extrausers.gosync" && name.starts_with('g') => continue,
                // When it was packed stands in an archive's name, and inside.
                _ if name.ends_with(".tar.gz") || name.ends_with(".tar.zst") => {
                    content = listing(&self.path(&path)).into_bytes();
                    shown = path.replace(|c: char| c.is_ascii_digit(), "0");
                }
                _ => {}
            }
            if path.ends_with("/shadow") {
                content = without_days(&content);
            }
            let entry = Entry {
                mode: meta.mode(),
                uid: meta.uid(),
                gid: meta.gid(),
                content,
            };
            picture.insert(shown, entry);
            if meta.is_dir() {
                self.look(&path, picture);
            }
        }
    }

    /// How many generations of extrausers there are.
    pub fn generations(&self) -> usize {
        let entries = fs::read_dir(self.path("var/lib/extrausers.gosync"))
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter(|e| e.file_name().to_str().is_some_and(|n| n.starts_with('g')))
            .count()
    }
}

/// Shadow lines without the day on which a test ran: tests may run at midnight.
fn without_days(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let mut fields: Vec<&str> = line.split(':').collect();
        if fields.len() == 9 && fields[2] != "20000" {
            fields[2] = "today";
        }
        out.push_str(&fields.join(":"));
    }
    out.into_bytes()
}

/// What is in an archive, with modes and owners.
fn listing(path: &Path) -> String {
    let output = Command::new("tar")
        .args(["--list", "--verbose", "--numeric-owner", "--file"])
        .arg(path)
        .output();
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{} is no whole archive",
        path.display()
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a ledger says, without times and numbers of transactions.
pub fn ledger(path: &Path) -> String {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = match rusqlite::Connection::open_with_flags(path, flags) {
        Ok(db) => db,
        Err(e) => return format!("unreadable: {e}"),
    };
    let mut text = String::new();
    for sql in [
        "SELECT 'account', provider, id, name, uid, gid, private, state, gecos, home, shell, subid, \
         absent_since IS NOT NULL, absent_runs, locked, expire, alias FROM accounts ORDER BY provider, id",
        "SELECT 'group', provider, id, name, gid, state, members, alias FROM unix_groups ORDER BY provider, id",
        "SELECT 'local', provider, name, members FROM local_members ORDER BY provider, name",
        "SELECT 'rung', provider, kind, id, absent_since IS NOT NULL, absent_runs, since IS NOT NULL, archive FROM rungs \
         ORDER BY provider, kind, id",
        "SELECT 'former', provider, kind, id, name FROM former_names ORDER BY provider, kind, id, name",
        "SELECT 'archive', provider, id, path FROM archives ORDER BY rowid",
        "SELECT 'loss', provider, kind, id, count FROM losses ORDER BY rowid",
        "SELECT 'history', seq, provider, kind, id, name, change, detail, before, after FROM changes ORDER BY txn, seq",
        "SELECT 'keys', provider, id, place, path, digest FROM keys ORDER BY provider, id, place",
        "SELECT 'pending', seq, provider, edit FROM pending ORDER BY seq",
        "SELECT 'hook', kind, subject, event, attempts, given_up FROM hook_queue ORDER BY txn, seq",
        "SELECT 'hook done', step FROM hook_done ORDER BY step",
        "SELECT 'meta', key, value FROM meta WHERE key <> 'txn' ORDER BY key",
    ] {
        if let Err(e) = rows(&db, sql, &mut text) {
            let _ = writeln!(text, "{e}");
        }
    }
    text
}

fn rows(db: &rusqlite::Connection, sql: &str, text: &mut String) -> rusqlite::Result<()> {
    let mut statement = db.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            let value: rusqlite::types::Value = row.get(column)?;
            let _ = write!(text, "{value:?} ");
        }
        text.push('\n');
    }
    Ok(())
}

fn is_backup(path: &str) -> bool {
    path.starts_with("etc/") && path.ends_with('-')
}

/// How two pictures differ, one line for each path.
pub fn differences(found: &Picture, expected: &Picture) -> Vec<String> {
    let mut out = Vec::new();
    for path in found
        .keys()
        .chain(expected.keys())
        .collect::<std::collections::BTreeSet<_>>()
    {
        let (found, expected) = (found.get(path), expected.get(path));
        if found == expected || is_backup(path) {
            continue;
        }
        match (found, expected) {
            (Some(a), Some(b)) if path.ends_with(".sqlite") => {
                let [a, b] = [a, b].map(|entry| String::from_utf8_lossy(&entry.content));
                let lacks = |a: &str, b: &str| {
                    a.lines()
                        .filter(|l| !b.lines().any(|m| m == *l))
                        .collect::<Vec<_>>()
                        .join("\n")
                };
                out.push(format!(
                    "{path}: {}, expected {}",
                    lacks(&a, &b),
                    lacks(&b, &a)
                ));
            }
            _ => out.push(format!("{path}: {found:?}, expected {expected:?}")),
        }
    }
    out
}

/// Files of the host: path, text, mode, group.
const FILES: &[(&str, &str, u32, u32)] = &[
    (
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n# a comment\n\n\
         nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\nan odd line\n\
         admin:x:1000:1000:Local Administrator,,,:/home/admin:/bin/bash\n+@netgroup::::::\n",
        0o644,
        0,
    ),
    (
        "etc/shadow",
        "root:*:20000:0:99999:7:::\ndaemon:*:20000:0:99999:7:::\nnobody:*:20000:0:99999:7:::\n\
         admin:!:20000:0:99999:7:::\n",
        0o640,
        42,
    ),
    (
        "etc/group",
        "root:x:0:\ndaemon:x:1:\nsudo:x:27:admin\nshadow:x:42:\nusers:x:100:\n# a comment\nadmin:x:1000:\n\
         nogroup:x:65534:\n",
        0o644,
        0,
    ),
    (
        "etc/gshadow",
        "root:*::\ndaemon:*::\nsudo:*::admin\nshadow:*::\nusers:*::\nadmin:!::\nnogroup:*::\n",
        0o640,
        42,
    ),
    ("etc/subuid", "admin:100000:65536\n", 0o644, 0),
    ("etc/subgid", "admin:100000:65536\n", 0o644, 0),
    ("etc/shells", "/bin/sh\n/bin/bash\n", 0o644, 0),
    ("etc/skel/.profile", "# read by login shells\n", 0o644, 0),
    ("etc/skel/.config/settings", "colour = true\n", 0o600, 0),
];
