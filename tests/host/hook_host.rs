//! A scratch host with hooks: scripts of this user's in a folder beside the root, and a file that they write to.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost};

/// Writes down who calls, with what; standard input comes last.
pub const RECORD: &str = "printf '%s|%s|%s|%s|%s|%s\\n' \"${0##*/}\" \"$GOSYNC_KEY\" \"${GOSYNC_EVENT-}\" \
                          \"${PW_NAME-}\" \"${GR_NAME-}\" \"$*\" >> $LOG\n";

/// A scratch host with hooks.
pub struct HookHost {
    pub tree: SmallHost,
}

/// A call that a hook wrote down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub hook: String,
    pub key: String,
    pub event: String,
    pub user: String,
    pub group: String,
    pub args: String,
}

impl HookHost {
    pub fn new(database: Database) -> Self {
        let tree = SmallHost::new(database);
        for dir in ["hooks/user", "hooks/group", "hooks/bygroup", "hooks/around"] {
            fs::create_dir_all(tree.dir().join(dir)).unwrap();
        }
        for dir in [
            "",
            "hooks",
            "hooks/user",
            "hooks/group",
            "hooks/bygroup",
            "hooks/around",
        ] {
            set_mode(&tree.dir().join(dir), 0o755);
        }
        Self { tree }
    }

    /// Writes the configuration with these keys of `[hooks]`, and with all hooks there can be.
    pub fn configure(&self, keys: &str) {
        let dir = self.tree.dir().join("hooks").display().to_string();
        let sections = ["user", "group", "bygroup"].map(|kind| {
            format!(
                "[hooks.{kind}]\npre = [\"{dir}/around/{kind}-pre*\"]\nrun = [\"{dir}/{kind}/*\"]\n\
                 post = [\"{dir}/around/{kind}-post*\"]\n"
            )
        });
        self.tree
            .configure(&format!("[hooks]\n{keys}\n{}", sections.concat()));
    }

    /// A path beside the root.
    pub fn path(&self, name: &str) -> PathBuf {
        self.tree.dir().join(name)
    }

    /// Writes a hook; `$LOG` in it is where hooks write to, `$DIR` the directory beside the root.
    pub fn hook(&self, name: &str, script: &str) {
        let path = self.path("hooks").join(name);
        let (log, dir) = (
            self.path("log").display().to_string(),
            self.tree.dir().display().to_string(),
        );
        let script = script.replace("$LOG", &log).replace("$DIR", &dir);
        fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
        set_mode(&path, 0o755);
    }

    /// Runs gosync with hooks.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.tree.gosync(&[arguments, &["--root-hooks"]].concat())
    }

    /// What hooks wrote, and forgets it.
    pub fn take(&self) -> String {
        let text = fs::read_to_string(self.path("log")).unwrap_or_default();
        let _ = fs::remove_file(self.path("log"));
        text
    }

    /// The calls that were written down by [`RECORD`].
    pub fn calls(&self) -> Vec<Call> {
        let text = self.take();
        let call = |line: &str| {
            let parts: Vec<&str> = line.split('|').collect();
            let [hook, key, event, user, group, args] = parts[..] else {
                panic!("{line}")
            };
            let own = str::to_owned;
            Call {
                hook: own(hook),
                key: own(key),
                event: own(event),
                user: own(user),
                group: own(group),
                args: own(args),
            }
        };
        text.lines().map(call).collect()
    }

    /// What `gosync status` says of hooks; its own status is that of the last runs.
    pub fn status(&self) -> Value {
        let ran = self.tree.gosync(&["status", "--format", "json"]);
        serde_json::from_str::<Value>(&ran.out).unwrap()["hooks"].clone()
    }
}

pub fn set_mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
