//! A scratch host with the account files of a small machine, and with a directory document for its people.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::ops::Deref;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::scratch::{GOSYNC, Ran, ScratchHost};

/// Which files hold the accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Etc,
    Extrausers,
    NssCache,
}

impl Database {
    /// The one of this word.
    pub fn named(word: &str) -> Self {
        match word {
            "etc" => Database::Etc,
            "extrausers" => Database::Extrausers,
            "nss_cache" => Database::NssCache,
            _ => panic!("no database is called {word}"),
        }
    }

    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Database::Etc => "etc",
            Database::Extrausers => "extrausers",
            Database::NssCache => "nss_cache",
        }
    }

    /// The service of nsswitch.conf(5) that reads it beside `files`, if it is not that one.
    pub fn service(self) -> Option<&'static str> {
        match self {
            Database::Etc => None,
            Database::Extrausers => Some("extrausers"),
            Database::NssCache => Some("cache"),
        }
    }

    /// Where the file `name` that gosync writes is, below the root.
    pub fn file(self, name: &str) -> String {
        match (self, name) {
            (Database::Extrausers, "passwd" | "shadow" | "group") => {
                format!("var/lib/extrausers/{name}")
            }
            (Database::NssCache, "passwd" | "shadow" | "group") => format!("etc/{name}.cache"),
            _ => format!("etc/{name}"),
        }
    }

    /// The names of the files that gosync writes.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Database::Etc => &["passwd", "shadow", "group", "gshadow", "subuid", "subgid"],
            Database::Extrausers | Database::NssCache => {
                &["passwd", "shadow", "group", "subuid", "subgid"]
            }
        }
    }
}

impl Ran {
    /// Who is refused by a dry run that was told as JSON, and the words of the reasons.
    #[track_caller]
    pub fn refused(&self) -> Vec<(String, String)> {
        self.words_of("refused", "subject")
    }

    /// Whom the remarks of such a run are about, and their words.
    #[track_caller]
    pub fn remarks(&self) -> Vec<(String, String)> {
        self.words_of("remarks", "name")
    }

    #[track_caller]
    fn words_of(&self, list: &str, who: &str) -> Vec<(String, String)> {
        let document = crate::schema::parse(&self.out);
        crate::schema::fits("run", &document);
        let word = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
        let all = document["runs"][0][list].as_array().unwrap().iter();
        all.map(|it| (word(it, who), word(it, "reason"))).collect()
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

/// The scratch host, and where its accounts are.
pub struct SmallHost {
    host: ScratchHost,
    pub database: Database,
}

impl Deref for SmallHost {
    type Target = ScratchHost;

    fn deref(&self) -> &ScratchHost {
        &self.host
    }
}

impl SmallHost {
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
        let tree = Self {
            host: ScratchHost::new_in(base),
            database,
        };
        for (path, text, mode, gid) in FILES {
            tree.write(path, text, *mode, *gid);
        }
        std::os::unix::fs::symlink(".profile", tree.path("etc/skel/link")).unwrap();
        for dir in ["home", "run", "srv/archive", "var/lib/extrausers"] {
            fs::create_dir_all(tree.path(dir)).unwrap();
        }
        if database.service().is_some() {
            tree.write(
                &database.file("passwd"),
                "local:x:1500:1500:Local:/home/local:/bin/sh\n",
                0o644,
                0,
            );
            tree.write(
                &database.file("shadow"),
                "local:*:20000:0:99999:7:::\n",
                0o640,
                42,
            );
            tree.write(&database.file("group"), "local:x:1500:\n", 0o644, 0);
        }
        tree.configure("");
        tree.provide(&document(&[], &[]));
        tree
    }

    /// Runs that have nothing to do save the reading of later ones from now on.
    pub fn leave_stamps(&mut self) {
        self.host.leaves_stamps = true;
    }

    /// Writes the configuration: accounts with groups and subordinate ids of their own, and then `more`.
    pub fn configure(&self, more: &str) {
        let database = self.database.word();
        let text = format!(
            "[provider.sample]\nkind = \"file\"\npath = \"directory.json\"\n[accounts]\nprimary_group = \"private\"\n\
             subid_range = [1000000, 1999999999]\n[target.host]\nkind = \"local\"\ndatabase = \"{database}\"\n{more}"
        );
        self.write_with_mode("gosync.toml", text, 0o600);
    }

    /// Writes the directory document.
    pub fn provide(&self, document: &Value) {
        self.write_with_mode("directory.json", document.to_string(), 0o600);
    }

    /// A path below the root.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root().join(below)
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

    /// The command line of a run on this host, for programs that start it.
    pub fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let (root, config) = (self.root(), self.config());
        let options = [
            "--root",
            root.to_str().unwrap(),
            "--file",
            config.to_str().unwrap(),
        ];
        let words = options.iter().chain(arguments);
        words.map(|&word| word.to_owned()).collect()
    }

    /// Keeps a copy of root, configuration and document under `name`.
    pub fn save(&self, name: &str) {
        let to = self.dir().join(name);
        let _ = fs::remove_dir_all(&to);
        fs::create_dir(&to).unwrap();
        self.copy(self.dir(), &to);
    }

    /// Takes over root, configuration and document of another host.
    pub fn become_like(&self, other: &Self) {
        fs::remove_dir_all(self.root()).unwrap();
        self.copy(other.dir(), self.dir());
    }

    /// Makes root, configuration and document what they were when saved under `name`.
    pub fn restore(&self, name: &str) {
        fs::remove_dir_all(self.root()).unwrap();
        self.copy(&self.dir().join(name), self.dir());
    }

    /// Puts a copy of the program into the root, where nobody but root may change it.
    ///
    /// By cp(1): had this process the copy open for writing, another test that starts a child meanwhile
    /// would hand the descriptor on to it, and the copy could not be run ("Text file busy").
    pub fn install_program(&self, path: &str) {
        let status = Command::new("cp")
            .arg(GOSYNC)
            .arg(self.path(path))
            .status()
            .unwrap();
        assert!(status.success(), "cp: {status}");
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
