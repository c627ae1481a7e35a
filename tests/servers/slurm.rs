//! The hook `slurm`, run by gosync beside a real slurmdbd with its database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::adapters::{Daemon, Mariadb};
use crate::bare_host::bare_host;
use crate::scratch::{Ran, ScratchHost};

/// slurmdbd, and what it needs.
struct Slurm {
    dbd: Daemon,
    _munge: Daemon,
    _database: Mariadb,
}

/// A file of a server's own, in its directory.
fn own(daemon: &Daemon, name: &str, text: &str) {
    let path = daemon.path(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    if nix::unistd::geteuid().is_root() {
        let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
        nix::unistd::chown(&path, Some(nobody.uid), Some(nobody.gid)).unwrap();
    }
}

impl Slurm {
    fn start() -> Self {
        let database = Mariadb::start();
        let mut munge = Daemon::new();
        own(&munge, "key", &"0123456789abcdef".repeat(8));
        let socket = munge.path("socket").display().to_string();
        let mut server = munge.command(Path::new("/usr/sbin/munged"));
        server.args(["--foreground", "--force", "--group-update-time=-1"]);
        for (option, name) in [
            ("socket", "socket"),
            ("key-file", "key"),
            ("log-file", "log"),
            ("pid-file", "pid"),
            ("seed-file", "seed"),
        ] {
            server.arg(format!("--{option}={}", munge.path(name).display()));
        }
        munge.start(server, &|| Path::new(&socket).exists());

        let mut dbd = Daemon::new();
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let number = port.local_addr().unwrap().port();
        drop(port);
        let user = match nix::unistd::geteuid().is_root() {
            true => "nobody".to_owned(),
            false => nix::unistd::geteuid().to_string(),
        };
        let path = |name: &str| dbd.path(name).display().to_string();
        let text = format!(
            "AuthType=auth/munge\nAuthInfo=socket={socket}\nDbdHost=localhost\nDbdPort={number}\nSlurmUser={user}\n\
             StorageType=accounting_storage/mysql\nStorageHost=localhost\nStorageUser=root\nStorageLoc=slurm\n\
             LogFile={}\nPidFile={}\n",
            path("log"),
            path("pid"),
        );
        own(&dbd, "slurmdbd.conf", &text);
        let text = format!(
            "ClusterName=test\nSlurmctldHost=localhost\nSlurmUser={user}\nAuthType=auth/munge\n\
             AuthInfo=socket={socket}\nAccountingStorageType=accounting_storage/slurmdbd\n\
             AccountingStorageHost=localhost\nAccountingStoragePort={number}\nAccountingStoragePass={socket}\n"
        );
        own(&dbd, "slurm.conf", &text);
        // Anybody may ask munge, and read where slurmdbd is.
        for daemon in [&munge, &dbd] {
            let dir = daemon.path("");
            fs::set_permissions(dir, Permissions::from_mode(0o711)).unwrap();
        }
        let conf = dbd.path("slurm.conf");
        let mut server = dbd.command(Path::new("/usr/sbin/slurmdbd"));
        server.arg("-D").env("SLURM_CONF", &conf);
        server.env("MYSQL_UNIX_PORT", &database.socket);
        dbd.start(server, &|| {
            said(&conf, &["-i", "add", "cluster", "test"]).is_some()
        });
        Self {
            dbd,
            _munge: munge,
            _database: database,
        }
    }

    /// Slurm account, user and MaxSubmitJobs of all associations but root's.
    fn found(&self) -> Vec<String> {
        let words = ["-nP", "show", "assoc", "format=account,user,maxsubmitjobs"];
        let said = said(&self.dbd.path("slurm.conf"), &words).unwrap();
        let mut lines: Vec<String> = said
            .lines()
            .filter(|line| !line.contains("||") && !line.contains("|root|"))
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    }
}

fn said(conf: &Path, words: &[&str]) -> Option<String> {
    let mut command = Command::new("sacctmgr");
    let ran = command.args(words).env("SLURM_CONF", conf).output();
    let ran = ran.expect("sacctmgr: install what tests/run.sh lists");
    let out = String::from_utf8(ran.stdout).unwrap();
    ran.status.success().then_some(out)
}

/// A host whose hook is `slurm`.
fn host(slurm: &Slurm, ini: &str) -> ScratchHost {
    let host = bare_host();
    let dir = host.dir().display().to_string();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("share/hooks/slurm");
    host.write_with_mode("slurm", fs::read(source).unwrap(), 0o755);
    host.write_with_mode("slurm.ini", ini, 0o644);
    let conf = slurm.dbd.path("slurm.conf").display().to_string();
    let script = format!("#!/bin/sh\nSLURM_CONF={conf} exec {dir}/slurm\n");
    host.write_with_mode("hook", script, 0o755);
    let text = format!(
        "[provider.p]\nkind = 'file'\npath = '{dir}/people.json'\n[accounts]\ncreate_home = false\n\
         [departed]\nabsent_runs = 1\nabsent_for = '0s'\n\
         [hooks]\nattributes = ['slurm_account']\n[hooks.user]\nrun = ['{dir}/hook']\n[hooks.group]\nrun = ['{dir}/hook']\n"
    );
    host.write_with_mode("gosync.toml", text, 0o600);
    host
}

fn provide(host: &ScratchHost, active: bool, account: &str, members: &[&str]) {
    let members: Vec<Value> = members.iter().map(|id| json!({"user": id})).collect();
    let document = json!({
        "users": [
            {"id": "1", "login": "ann", "active": active, "attributes": {"slurm_account": account}},
            {"id": "2", "login": "bob"},
        ],
        "groups": [{"id": "3", "name": "hpc-lab", "members": members}, {"id": "4", "name": "office", "members": members}],
    });
    host.write_with_mode("people.json", document.to_string(), 0o600);
}

fn run(host: &ScratchHost, words: &[&str]) -> Ran {
    host.gosync(&[words, &["--root-hooks"]].concat()).expect(0)
}

const INI: &str = "[slurm]\nattribute = slurm_account\ngroups = hpc-*\naccount = users\n";

#[test]
fn slurm_follows_accounts_and_groups() {
    let slurm = Slurm::start();
    let host = host(&slurm, INI);
    provide(&host, true, "chem", &["1", "2"]);
    let ran = run(&host, &["sync"]);
    assert!(!ran.out.contains("failed") && ran.err.is_empty(), "{ran:?}");
    let all = ["chem|ann|", "hpc-lab|ann|", "hpc-lab|bob|", "users|bob|"];
    assert_eq!(slurm.found(), all);
    run(&host, &["sync"]);
    assert_eq!(slurm.found(), all);

    // A site's own association stays, and the one that the attribute does not name any more goes.
    let conf = slurm.dbd.path("slurm.conf");
    for words in [
        ["-i", "add", "account", "site"].as_slice(),
        &["-i", "add", "user", "ann", "account=site"],
    ] {
        said(&conf, words).unwrap();
    }
    provide(&host, true, "bio,geo", &["2"]);
    run(&host, &["sync"]);
    assert_eq!(
        slurm.found(),
        [
            "bio|ann|",
            "geo|ann|",
            "hpc-lab|bob|",
            "site|ann|",
            "users|bob|"
        ]
    );

    provide(&host, false, "bio,geo", &["2"]);
    run(&host, &["sync"]);
    assert_eq!(
        slurm.found(),
        [
            "bio|ann|0",
            "geo|ann|0",
            "hpc-lab|bob|",
            "site|ann|0",
            "users|bob|"
        ]
    );
    provide(&host, true, "bio,geo", &["2"]);
    run(&host, &["sync"]);
    assert_eq!(slurm.found()[0], "bio|ann|");
    run(&host, &["deluser", "ann"]);
    assert_eq!(slurm.found(), ["hpc-lab|bob|", "users|bob|"]);
}

#[test]
fn what_is_no_name_fails_and_what_slurm_cannot_do_now_is_done_later() {
    let slurm = Slurm::start();
    let host = host(&slurm, INI);
    provide(&host, true, "chem root; --help", &[]);
    let ran = run(&host, &["sync", "users"]);
    assert!(ran.err.contains("cannot be a name in Slurm"), "{ran:?}");
    assert_eq!(slurm.found(), ["users|bob|"]);
    let conf = slurm.dbd.path("slurm.conf");
    let text = fs::read_to_string(&conf).unwrap();
    // Nobody listens there.
    fs::write(
        &conf,
        text.replace("AccountingStoragePort=", "AccountingStoragePort=1#"),
    )
    .unwrap();
    let ran = run(&host, &["deluser", "bob"]);
    assert!(ran.out.contains("1 later"), "{ran:?}");
    fs::write(&conf, text).unwrap();
    assert_eq!(slurm.found(), ["users|bob|"]);
    // A sync of users would make bob anew.
    run(&host, &["sync", "groups", "--retry-hooks"]);
    assert_eq!(slurm.found(), [""; 0]);
}
