//! The programs in share/gosync/providers, each run by gosync against the real thing: databases of SQLite, PostgreSQL and
//! MariaDB, name services, files with comma-separated values.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::bare_host::bare_host;
use crate::scratch::{Ran, ScratchHost};
use crate::venv;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJH1vOMgW5f4TfoW7cyl6tmWdgNQ0IypPzDRVu1pFvJk";

/// A host whose command is an adapter with these arguments.
fn host(adapter: &str, words: &[&str]) -> ScratchHost {
    let host = bare_host();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("share/gosync/providers");
    host.write_with_mode(adapter, fs::read(source.join(adapter)).unwrap(), 0o755);
    let program = host.dir().join(adapter);
    configure(&host, &program, words, "");
    host
}

fn configure(host: &ScratchHost, program: &Path, words: &[&str], more: &str) {
    let command = [program.to_str().unwrap()]
        .into_iter()
        .chain(words.iter().copied());
    let command: Vec<String> = command.map(|word| format!("'''{word}'''")).collect();
    let text = format!(
        "[provider.p]\nkind = 'command'\ncommand = [{}]\n{more}\n[accounts]\ncreate_home = false\n",
        command.join(", ")
    );
    host.write_with_mode("gosync.toml", text, 0o600);
}

fn sync(host: &ScratchHost, what: &str) -> Ran {
    host.gosync(&["sync", what])
}

/// What every database of these tests says: ann and bob are there, kim has left, and lab has ann and kim.
fn all_came(host: &ScratchHost) {
    let ran = sync(host, "users").expect(0);
    assert!(ran.out.contains("2 created"), "{ran:?}");
    sync(host, "groups").expect(0);
    let passwd = host.read("etc/passwd");
    assert!(
        passwd.contains("ann:x:20001:100:Ann Ä. \"x\":/home/ann:/bin/bash\n"),
        "{passwd}"
    );
    assert!(
        passwd.contains("bob:x:") && !passwd.contains("kim:x:"),
        "{passwd}"
    );
    assert!(
        host.read("etc/group").contains("lab:x:60007:ann\n"),
        "{}",
        host.read("etc/group")
    );
    let keys = host.read("etc/ssh/authorized_keys.d/ann");
    assert_eq!(
        keys.lines().filter(|line| line.starts_with("ssh-")).count(),
        1,
        "{keys}"
    );
    let again = sync(host, "users").expect(0);
    assert!(again.out.contains("nothing to do"), "{again:?}");
    let status = host.gosync(&["status"]);
    assert!(
        status.out.contains("/sql: the views gosync_* of "),
        "{status:?}"
    );
}

/// The tables and views; `yes` and `no` are values of the type `truth`.
fn schema(truth: [&str; 3]) -> String {
    let [boolean, yes, no] = truth;
    format!(
        "CREATE TABLE people (nr INTEGER, account VARCHAR(30), called VARCHAR(80), works {boolean}, num INTEGER, pubkey TEXT);\n\
         INSERT INTO people VALUES (1, 'ann', 'Ann Ä. \"x\"', {yes}, 20001, '{KEY}\n'), (2, 'bob', NULL, {yes}, NULL, NULL),\n\
         (3, 'kim', 'Kim', {no}, NULL, '');\n\
         CREATE VIEW gosync_users AS SELECT nr AS id, account AS login, called AS name, works AS active, num AS uid,\n\
         pubkey AS ssh_keys, 'x' AS site FROM people;\n\
         CREATE VIEW gosync_groups AS SELECT 7 AS id, 'lab' AS name, 60007 AS gid, NULL AS description;\n\
         CREATE VIEW gosync_members AS SELECT 7 AS group_id, nr AS user_id FROM people WHERE nr <> 2;\n"
    )
}

#[test]
fn sql_reads_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("the portal #1.db");
    let base = rusqlite::Connection::open(&path).unwrap();
    base.execute_batch(&schema(["INTEGER", "1", "0"])).unwrap();
    let host = host("sql", &["sqlite", path.to_str().unwrap()]);
    all_came(&host);
    // Neither let in nor shut out is told, and changes nothing.
    base.execute_batch("UPDATE people SET works = NULL WHERE nr = 2")
        .unwrap();
    let shadow = host.read("etc/shadow");
    sync(&host, "users");
    assert_eq!(host.read("etc/shadow"), shadow);
    base.execute_batch("DROP VIEW gosync_members").unwrap();
    let ran = sync(&host, "users").expect(12);
    assert!(ran.err.contains("no such table: gosync_members"), "{ran:?}");
    fs::remove_file(&path).unwrap();
    let ran = sync(&host, "users").expect(12);
    assert!(ran.err.contains("unable to open database file"), "{ran:?}");
}

/// A server that ends with the value, run by somebody who is not root.
pub struct Daemon {
    dir: tempfile::TempDir,
    child: Option<Child>,
}

impl Daemon {
    /// A directory that belongs to who runs the server.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        if nix::unistd::geteuid().is_root() {
            let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
            nix::unistd::chown(dir.path(), Some(nobody.uid), Some(nobody.gid)).unwrap();
        }
        Self { dir, child: None }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A program, run by who runs the server.
    pub fn command(&self, program: &Path) -> Command {
        let needed = "install what tests/run.sh lists";
        assert!(program.exists(), "{}: {needed}", program.display());
        let mut command = match nix::unistd::geteuid().is_root() {
            true => {
                let mut command = Command::new("setpriv");
                command
                    .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"])
                    .arg(program);
                command
            }
            false => Command::new(program),
        };
        command
            .current_dir(self.dir.path())
            .env_clear()
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", "/usr/bin:/bin");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    pub fn start(&mut self, mut command: Command, is_up: &dyn Fn() -> bool) {
        self.child = Some(command.spawn().unwrap());
        let end = Instant::now() + Duration::from_secs(60);
        while !is_up() {
            assert!(Instant::now() < end, "{command:?} does not come up");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGQUIT);
            let end = Instant::now() + Duration::from_secs(20);
            while child.try_wait().unwrap().is_none() && Instant::now() < end {
                thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Feeds a client; whether it took it.
fn fed(client: &mut Command, sql: &str) -> bool {
    let mut input = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut input, sql.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut input).unwrap();
    let output = client.stdin(input).output().unwrap();
    output.status.success()
}

#[test]
fn sql_reads_postgresql() {
    let programs =
        fs::read_dir("/usr/lib/postgresql").expect("install the Debian package postgresql");
    let programs = programs
        .map(|entry| entry.unwrap().path().join("bin"))
        .max()
        .unwrap();
    let mut daemon = Daemon::new();
    let data = daemon.path("data");
    let mut initdb = daemon.command(&programs.join("initdb"));
    initdb
        .args([
            "-A",
            "trust",
            "-U",
            "gosync",
            "-E",
            "UTF8",
            "--no-sync",
            "-D",
        ])
        .arg(&data);
    assert!(initdb.status().unwrap().success());
    let mut server = daemon.command(&programs.join("postgres"));
    let socket = daemon.dir.path().to_str().unwrap().to_owned();
    server
        .args(["-F", "-c", "listen_addresses=", "-k", &socket, "-D"])
        .arg(&data);
    let conninfo = format!("host={socket} user=gosync dbname=postgres");
    let psql = |sql: &str| {
        fed(
            Command::new("psql").args(["-Xq", "-v", "ON_ERROR_STOP=1", "-d", &conninfo]),
            sql,
        )
    };
    daemon.start(server, &|| psql("SELECT 1"));
    assert!(psql(&schema(["BOOLEAN", "true", "false"])));
    let host = host("sql", &["postgresql", &conninfo]);
    all_came(&host);
    assert!(psql("DROP VIEW gosync_members"));
    let ran = sync(&host, "users").expect(12);
    assert!(
        ran.err.contains("\"gosync_members\" does not exist"),
        "{ran:?}"
    );
    daemon.stop();
    let ran = sync(&host, "users").expect(12);
    assert!(ran.err.contains("psql ended with 2"), "{ran:?}");
}

/// A MariaDB, reached by its socket alone.
pub struct Mariadb {
    pub daemon: Daemon,
    pub socket: PathBuf,
    options: tempfile::TempDir,
}

impl Mariadb {
    pub fn start() -> Self {
        let mut daemon = Daemon::new();
        let (data, socket) = (daemon.path("data"), daemon.path("socket"));
        let mut install = daemon.command(Path::new("/usr/bin/mariadb-install-db"));
        install.args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]);
        install.arg(format!("--datadir={}", data.display()));
        assert!(install.status().unwrap().success());
        let mut server = daemon.command(Path::new("/usr/sbin/mariadbd"));
        server.args([
            "--no-defaults",
            "--skip-networking",
            "--innodb-buffer-pool-size=16M",
        ]);
        server
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", socket.display()));
        server.arg(format!("--pid-file={}", daemon.path("pid").display()));
        let options = tempfile::tempdir().unwrap();
        let text = format!("[client]\nuser=root\nsocket={}\n", socket.display());
        fs::write(options.path().join("portal.cnf"), text).unwrap();
        let client = client(&options.path().join("portal.cnf"));
        daemon.start(server, &|| fed(&mut client(), "SELECT 1"));
        Self {
            daemon,
            socket,
            options,
        }
    }
}

fn client(options: &Path) -> impl Fn() -> Command + use<> {
    let options = options.display().to_string();
    move || {
        let mut client = Command::new("mariadb");
        client.arg(format!("--defaults-file={options}"));
        client.arg("--default-character-set=utf8mb4");
        client
    }
}

#[test]
fn sql_reads_mariadb() {
    let mut server = Mariadb::start();
    let options_file = server.options.path().join("portal.cnf");
    let client = client(&options_file);
    assert!(fed(
        &mut client(),
        "CREATE DATABASE portal CHARACTER SET utf8mb4"
    ));
    assert!(fed(
        client().arg("portal"),
        &schema(["BOOLEAN", "true", "false"])
    ));
    let host = host(
        "sql",
        &["mariadb", options_file.to_str().unwrap(), "portal"],
    );
    all_came(&host);
    assert!(fed(client().arg("portal"), "DROP VIEW gosync_members"));
    let ran = sync(&host, "users").expect(12);
    assert!(
        ran.err.contains("portal.gosync_members' doesn't exist"),
        "{ran:?}"
    );
    server.daemon.stop();
    let ran = sync(&host, "users").expect(12);
    assert!(ran.err.contains("mariadb ended with 1"), "{ran:?}");
}

#[test]
fn getent_reads_the_name_services_of_this_host() {
    let host = host("getent", &[]);
    // In a mount namespace of its own it sees other databases; this host's stay as they are.
    for (name, text) in [
        (
            "passwd",
            "root:x:0:0::/root:/bin/sh\nann:x:20001:100:Ann Lee,Room 1:/home/ann:/bin/bash\nbob:x:20002:100::/home/bob:\n",
        ),
        (
            "group",
            "root:x:0:\nlab:x:60007:ann,bob\noffice:x:60008:bob\nodd:x:60009:nobody-knows\n",
        ),
    ] {
        host.write_with_mode(name, text, 0o644);
    }
    let adapter = host.dir().join("getent");
    let dir = host.dir().display().to_string();
    let script = format!(
        "#!/bin/sh\nexec unshare -rm sh -c 'mount --bind {dir}/passwd /etc/passwd && mount --bind {dir}/group /etc/group && exec {} \"$@\"' sh \"$@\"\n",
        adapter.display()
    );
    host.write_with_mode("elsewhere", script, 0o755);
    let elsewhere = host.dir().join("elsewhere");
    configure(&host, &elsewhere, &["lab", "office"], "");
    sync(&host, "users").expect(0);
    sync(&host, "groups").expect(0);
    let passwd = host.read("etc/passwd");
    assert!(
        passwd.contains("ann:x:20001:100:Ann Lee:/home/ann:/bin/bash\n"),
        "{passwd}"
    );
    assert!(passwd.contains("bob:x:20002:100:"), "{passwd}");
    let group = host.read("etc/group");
    assert!(
        group.contains("lab:x:60007:ann,bob\n") && group.contains("office:x:60008:bob\n"),
        "{group}"
    );
    for (name, said) in [
        ("odd", "there is no member 'nobody-knows'"),
        ("none", "there is no group 'none'"),
    ] {
        configure(&host, &elsewhere, &["lab", name], "");
        let ran = sync(&host, "users").expect(12);
        assert!(
            ran.err.contains("is busy") && ran.err.contains(said),
            "{ran:?}"
        );
    }
    // And without that: whatever stands there, root's group has no members who get accounts.
    configure(&host, &adapter, &["root"], "");
    let status = host.gosync(&["status"]);
    assert!(status.out.contains("getent group root"), "{status:?}");
    assert!(!sync(&host, "groups").err.contains("exit code"));
}

#[test]
fn csv_reads_files() {
    let host = host("csv", &[]);
    let write = |name: &str, text: &str, hours: u64| {
        host.write_with_mode(name, text, 0o644);
        let then = SystemTime::now() - Duration::from_secs(hours * 3_600);
        let file = fs::File::options().write(true).open(host.dir().join(name));
        file.unwrap().set_modified(then).unwrap();
    };
    let people = format!(
        "\u{feff}id;login;name;active;uid;ssh_keys;site\n1;ann;\"Ann; \"\"x\"\"\";yes;20001;\"{KEY}\n\";a\n\n2;bob;;Yes;;;\n3;kim;;no;;;\n"
    );
    write("people.csv", &people, 2);
    write(
        "groups.csv",
        "id,name,gid,members\r\ng7,lab,60007,1 3\r\n",
        1,
    );
    let path = |name: &str| host.dir().join(name).to_str().unwrap().to_owned();
    let (users, groups) = (path("people.csv"), path("groups.csv"));
    let words = [users.as_str(), groups.as_str()];
    let program = host.dir().join("csv");
    configure(&host, &program, &words, "max_age = '3h'");
    sync(&host, "users").expect(0);
    sync(&host, "groups").expect(0);
    let passwd = host.read("etc/passwd");
    assert!(
        passwd.contains("ann:x:20001:100:Ann; \"x\":") && passwd.contains("bob:x:"),
        "{passwd}"
    );
    assert!(!passwd.contains("kim:x:"));
    assert!(host.read("etc/group").contains("lab:x:60007:ann\n"));
    assert!(
        host.read("etc/ssh/authorized_keys.d/ann")
            .contains("ssh-ed25519")
    );
    configure(&host, &program, &words, "max_age = '1h'");
    let ran = sync(&host, "users").expect(12);
    assert!(ran.err.contains("`max_age` is 1h"), "{ran:?}");
    configure(&host, &program, &words, "");
    let shadow = host.read("etc/shadow");
    let cut = &people[..people.len() - 4];
    for (text, hours, said) in [
        (cut, 1, "its last line has no end"),
        (people.as_str(), 0, "was written a moment ago"),
        ("id;login\n1;ann;x\n", 1, ":2: 3 values, and 2 columns"),
        ("id;login\n1\n", 1, ":2: 1 values, and 2 columns"),
        ("id;login\n1;\"ann\n", 1, "unexpected end of data"),
        ("", 1, "its last line has no end"),
    ] {
        write("people.csv", text, hours);
        let ran = sync(&host, "users").expect(12);
        assert!(ran.err.contains(said), "{said}: {ran:?}");
        assert_eq!(host.read("etc/shadow"), shadow);
    }
    fs::remove_file(host.dir().join("people.csv")).unwrap();
    sync(&host, "users").expect(12);
}

/// What a portal has: ann in two projects, bob in one whose allocation runs out, kim who is not active any more.
const PORTAL: &str = r#"
from django.contrib.auth.models import User
from coldfront.core.allocation.models import *
from coldfront.core.project.models import Project, ProjectStatusChoice
people = {n: User.objects.create(username=n, first_name=n.title(), last_name="X", is_active=n != "kim") for n in ("pi", "ann", "bob", "kim", "zoe")}
kind = AllocationAttributeType.objects.get(name="freeipa_group")
def project(state, allocation, group, members):
    status = ProjectStatusChoice.objects.get(name=state)
    it = Project.objects.create(title=f"{group} {Project.objects.count()}", pi=people["pi"], description="A project", status=status)
    status = AllocationStatusChoice.objects.get(name=allocation)
    it = Allocation.objects.create(project=it, status=status, justification="x")
    AllocationAttribute.objects.create(allocation=it, allocation_attribute_type=kind, value=group)
    for name, state in members:
        status = AllocationUserStatusChoice.objects.get(name=state)
        AllocationUser.objects.create(allocation=it, user=people[name], status=status)
project("Active", "Active", "lab", [("ann", "Active"), ("kim", "Active"), ("zoe", "Removed")])
project("Active", "Active", "lab", [("ann", "Active")])
project("Active", "Renewal Requested", "wet", [("ann", "Active"), ("bob", "Active")])
project("Archived", "Active", "old", [("zoe", "Active")])
project("Active", "Active", "empty", [])
"#;

#[test]
fn coldfront_reads_a_portal() {
    let coldfront = venv::programs("coldfront", &["coldfront==1.1.10"]).join("coldfront");
    let dir = tempfile::tempdir().unwrap();
    let settings = dir.path().join("coldfront.env");
    let database = dir.path().join("coldfront.db");
    fs::write(
        &settings,
        format!("DB_URL=sqlite:///{}\nSECRET_KEY=x\n", database.display()),
    )
    .unwrap();
    let portal = |arguments: &[&str]| {
        let mut command = Command::new(&coldfront);
        command
            .args(arguments)
            .env("COLDFRONT_ENV", &settings)
            .current_dir(dir.path());
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    let coldfront = coldfront.to_str().unwrap();
    let words = [coldfront, "freeipa_group", settings.to_str().unwrap()];
    let host = host("coldfront", &words);
    sync(&host, "users").expect(12);
    portal(&["initial_setup", "-f"]);
    let ran = sync(&host, "users").expect(12);
    assert!(
        ran.err
            .contains("no allocation has an attribute of the type freeipa_group"),
        "{ran:?}"
    );
    portal(&["shell", "-v", "0", "-c", PORTAL]);
    let ran = sync(&host, "users").expect(0);
    assert!(ran.out.contains("2 created"), "{ran:?}");
    sync(&host, "groups").expect(0);
    assert!(host.read("etc/passwd").contains(":Ann X:"));
    let group = host.read("etc/group");
    let members = |name: &str| {
        let line = group
            .lines()
            .find(|line| line.starts_with(&format!("{name}:")));
        line.unwrap().rsplit(':').next().unwrap().to_owned()
    };
    assert_eq!(
        [
            members("lab"),
            members("wet"),
            members("old"),
            members("empty")
        ],
        ["ann", "ann,bob", "", ""]
    );
    portal(&[
        "shell",
        "-v",
        "0",
        "-c",
        "from coldfront.core.allocation.models import *\n\
         Allocation.objects.filter(status__name='Renewal Requested').update(status=AllocationStatusChoice.objects.get(name='Expired'))",
    ]);
    let ran = sync(&host, "users").expect(0);
    assert!(
        ran.out.contains("1 locked") && ran.out.contains("bob"),
        "{ran:?}"
    );
    let ran = sync(&host, "groups").expect(0);
    assert!(ran.out.contains("wet"), "{ran:?}");
    let status = host.gosync(&["status"]);
    assert!(status.out.contains("/coldfront: "), "{status:?}");
}

#[test]
fn each_is_a_short_program() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(source.join("share/gosync/providers")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mode = Permissions::mode(&fs::metadata(&path).unwrap().permissions());
        assert!(
            text.lines().count() < 60 && mode & 0o111 == 0o111,
            "{}",
            path.display()
        );
    }
}
