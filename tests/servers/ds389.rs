//! A real 389 Directory Server for one test: its own folder, its own port, gone when the value is dropped.
//!
//! Its configuration is made of the templates that dscreate(8) fills in, with every path below the folder, so that it runs
//! as anybody, and the machine's own instances are not touched. Needs the Debian package 389-ds-base, and says so if it is
//! missing; never skips.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::ldap_tools::{self, Login, answers, free_port};
use crate::slapd::SUFFIX;

/// Who may do everything.
pub const ADMIN: &str = "cn=Directory Manager";
/// The password of [`ADMIN`].
pub const PASSWORD: &str = "sésame, öffne dich";
/// The same as the server keeps it: {SSHA}, with the salt `saltsalt`.
const HASHED: &str = "{SSHA}Ba4ScVYm2uq/83nCTPcVAQre9RVzYWx0c2FsdA==";

const TEMPLATES: &str = "/usr/share/dirsrv/data";
/// Where the server keeps what it writes, by the names that the templates have for it.
const DIRS: [(&str, &str); 12] = [
    ("schema_dir", "config/schema"),
    ("lock_dir", "lock"),
    ("tmp_dir", "tmp"),
    ("cert_dir", "cert"),
    ("ldif_dir", "ldif"),
    ("bak_dir", "bak"),
    ("run_dir", "run"),
    ("inst_dir", "inst"),
    ("log_dir", "log"),
    ("db_dir", "db"),
    ("db_home_dir", "db"),
    ("config_dir", "config"),
];
/// Caches that fit into a test, and a journal that nobody needs.
const DATABASE: &str = "nsslapd-cache-autosize: 0\nnsslapd-dbcachesize: 4000000\nnsslapd-db-durable-transaction: off\n";

/// What the log of changes must be told so that the server can say what has changed, and so that everybody who has bound may know.
pub const WHOLE_LOG: &str = "nsslapd-attribute: nsuniqueid:targetUniqueId\n\
    aci: (targetattr=\"*\")(version 3.0; acl \"log\"; allow (read, search, compare) userdn=\"ldap:///all\";)\n";

/// A running server.
pub struct Ds389 {
    child: Child,
    /// Port for `ldap://`.
    pub port: u16,
    dir: TempDir,
}

impl Ds389 {
    /// A server that holds these entries, besides the suffix, `ou=people` and `ou=groups`, which everybody may read
    /// who has bound; `settings`: more lines for its main entry.
    pub fn start(ldif: &str, settings: &str) -> Self {
        Self::with(ldif, |text| more(text, MAIN, settings))
    }

    /// The same with Content Synchronization and Retro Changelog on; `log`: more lines for the entry of the latter.
    pub fn logging(ldif: &str, log: &str) -> Self {
        let changelog = "dn: cn=Retro Changelog Plugin,cn=plugins,cn=config\n";
        Self::with(ldif, |mut text| {
            for plug_in in [
                changelog,
                "dn: cn=Content Synchronization,cn=plugins,cn=config\n",
            ] {
                let at = text.find(plug_in).unwrap();
                let (before, behind) = text.split_at(at);
                let on = behind.replacen("pluginenabled: off", "pluginenabled: on", 1);
                text = format!("{before}{on}");
            }
            more(text, changelog, log)
        })
    }

    fn with(ldif: &str, change: impl Fn(String) -> String) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gosync-389-")
            .tempdir()
            .unwrap();
        for (_, below) in DIRS {
            fs::create_dir_all(dir.path().join(below)).unwrap();
        }
        let schema = "dn: cn=schema\nobjectClass: top\nobjectClass: ldapSubentry\nobjectClass: subschema\ncn: schema\n";
        fs::write(dir.path().join("config/schema/99user.ldif"), schema).unwrap();
        fs::write(dir.path().join("config/slapd-collations.conf"), "").unwrap();
        // Another test may take a free port between our look and the server's.
        for _ in 0..5 {
            let port = free_port();
            fs::write(
                dir.path().join("config/dse.ldif"),
                change(configuration(dir.path(), port)),
            )
            .unwrap();
            let mut child = run(dir.path());
            if answers(&mut child, port) {
                let server = Self { child, port, dir };
                server.login().add(&format!("{BASE}{ldif}"));
                return server;
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = fs::read_to_string(dir.path().join("log/errors")).unwrap_or_default();
        panic!("389 Directory Server does not start: {log}");
    }

    /// Ends the server by a signal, and starts it again with what it holds.
    pub fn restart(&mut self, signal: Signal) {
        self.restart_without(signal, None);
    }

    /// The same, and in between a folder below its own is removed.
    pub fn restart_without(&mut self, signal: Signal, folder: Option<&str>) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(pid, signal).unwrap();
        self.child.wait().unwrap();
        if let Some(folder) = folder {
            fs::remove_dir_all(self.dir.path().join(folder)).unwrap();
        }
        self.child = run(self.dir.path());
        assert!(
            answers(&mut self.child, self.port),
            "it does not start again"
        );
    }

    /// `ldap://` on 127.0.0.1.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// Who may do everything there.
    pub fn login(&self) -> Login {
        Login {
            url: self.url(),
            bind: Some((ADMIN.to_owned(), PASSWORD.to_owned())),
            base: SUFFIX.to_owned(),
        }
    }
}

impl Drop for Ds389 {
    fn drop(&mut self) {
        ldap_tools::end(&mut self.child);
    }
}

/// The suffix and what stands right below it. Without an access rule nobody but the manager sees anything.
const BASE: &str = "dn: dc=example,dc=org\nobjectClass: top\nobjectClass: domain\ndc: example\n\
    aci: (targetattr=\"*\")(version 3.0; acl \"read\"; allow (read, search, compare) userdn=\"ldap:///all\";)\n\n\
    dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n\
    dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n";

/// The entry of the whole server.
const MAIN: &str = "dn: cn=config\ncn: config\n";

/// More lines for an entry.
fn more(text: String, entry: &str, lines: &str) -> String {
    text.replacen(entry, &format!("{entry}{lines}"), 1)
}

/// The whole configuration, with the database of [`SUFFIX`].
fn configuration(dir: &Path, port: u16) -> String {
    let template = |name: &str| {
        let path = Path::new(TEMPLATES).join(name);
        let text = fs::read_to_string(&path);
        text.unwrap_or_else(|e| {
            panic!(
                "{}: {e}: install the Debian package 389-ds-base",
                path.display()
            )
        })
    };
    let mut text = template("template-dse.ldif") + &template("template-suffix-db.ldif");
    let port = port.to_string();
    // The server reads no text that has more than one empty line between entries, and no comment.
    text = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    let user = nix::unistd::User::from_uid(nix::unistd::getuid())
        .unwrap()
        .unwrap();
    let values = [
        ("fqdn", "localhost"),
        ("ds_port", &port),
        ("ds_user", &user.name),
        ("rootdn", ADMIN),
        ("ds_passwd", HASHED),
        ("ldapi_enabled", "off"),
        ("ldapi", "/nowhere"),
        ("ldapi_autobind", "off"),
        ("db_lib", "bdb"),
        ("ds_suffix", SUFFIX),
        ("ds_bename", "userRoot"),
    ];
    for (name, value) in values {
        text = text.replace(&format!("%{name}%"), value);
    }
    for (name, below) in DIRS {
        text = text.replace(&format!("%{name}%"), dir.join(below).to_str().unwrap());
    }
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text = more(text, MAIN, "nsslapd-listenhost: 127.0.0.1\n");
    more(
        text,
        "dn: cn=config,cn=ldbm database,cn=plugins,cn=config\n",
        DATABASE,
    )
}

fn run(dir: &Path) -> Child {
    Command::new("/usr/sbin/ns-slapd")
        .args(["-d", "0", "-D"])
        .arg(dir.join("config"))
        .arg("-i")
        .arg(dir.join("run/pid"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| {
            panic!("ns-slapd cannot be started ({e}): install the Debian package 389-ds-base")
        })
}
