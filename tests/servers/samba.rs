//! A real Samba as domain controller of Active Directory for one test: its own folder, a copy of an empty domain that is
//! made once, below the build directory; its own namespace, since it can listen only where all of its kind do; gone when
//! the value is dropped.
//!
//! Runs as anybody who may make a user namespace. Needs the Debian packages samba-ad-dc, samba-ad-provision and util-linux,
//! and says so if they are missing; never skips.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::ldap_tools::{self, Login};
use crate::made_once::{made_once, run};

/// The suffix of the domain.
pub const SUFFIX: &str = "DC=example,DC=org";
/// Who may do everything.
pub const ADMIN: &str = "administrator@example.org";
/// The password of [`ADMIN`].
pub const PASSWORD: &str = "Sésame-0ffne-dich";

const PACKAGES: &str = "install the Debian packages samba-ad-dc and samba-ad-provision";

/// A running server.
pub struct Samba {
    child: Child,
    relay: Relay,
    socket: PathBuf,
    dir: TempDir,
}

impl Samba {
    /// A server that holds these entries, besides `OU=people` and `OU=groups` and what every domain has.
    pub fn start(ldif: &str) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gosync-samba-")
            .tempdir()
            .unwrap();
        copy(&domain(), &dir.path().join("dc"));
        let dc = dir.path().join("dc");
        fs::write(dc.join("smb.conf"), configuration(&dc)).unwrap();
        let socket = dc.join("private/ldapi");
        let child = serve(dir.path());
        let relay = Relay::start(socket.clone());
        let server = Self {
            child,
            relay,
            socket,
            dir,
        };
        server.login().add(&format!("{BASE}{ldif}"));
        server
    }

    /// Ends it by this signal, and starts it again.
    pub fn restart(&mut self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
        self.child.wait().unwrap();
        fs::remove_file(&self.socket).unwrap();
        self.child = serve(self.dir.path());
    }

    /// Ends it, puts its content back to what it was when `meanwhile` began, and starts it again.
    pub fn put_back_after(&mut self, meanwhile: impl FnOnce(&Self)) {
        let (dc, before) = (self.dir.path().join("dc"), self.dir.path().join("before"));
        copy(&dc, &before);
        meanwhile(self);
        ldap_tools::end(&mut self.child);
        fs::remove_dir_all(&dc).unwrap();
        fs::rename(before, dc).unwrap();
        let _ = fs::remove_file(&self.socket);
        self.child = serve(self.dir.path());
    }

    /// Gives somebody the right to see who was deleted.
    pub fn let_see_deleted(&self, login: &str) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/samba_rights.py");
        let mut give = Command::new("/usr/bin/python3");
        give.arg(script)
            .arg(self.dir.path().join("dc"))
            .args([SUFFIX, login]);
        run(&mut give, PACKAGES);
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.relay.port
    }

    /// Who may do everything there.
    pub fn login(&self) -> Login {
        Login {
            url: format!(
                "ldapi://{}",
                self.socket.to_str().unwrap().replace('/', "%2F")
            ),
            bind: Some((ADMIN.to_owned(), PASSWORD.to_owned())),
            base: SUFFIX.to_owned(),
        }
    }
}

impl Drop for Samba {
    fn drop(&mut self) {
        ldap_tools::end(&mut self.child);
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}

/// Starts a server whose folder is below this one, and waits until it answers.
fn serve(dir: &Path) -> Child {
    let dc = dir.join("dc");
    let log = fs::File::create(dir.join("log")).unwrap();
    let mut child = Command::new("unshare")
        .args([
            "--map-root-user",
            "--net",
            "/usr/sbin/samba",
            "-i",
            "-M",
            "single",
            "--debug-stdout",
            "-s",
        ])
        .arg(dc.join("smb.conf"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|e| {
            panic!("unshare cannot be run ({e}): install the Debian package util-linux")
        });
    let until = Instant::now() + Duration::from_secs(60);
    while UnixStream::connect(dc.join("private/ldapi")).is_err() {
        if child.try_wait().unwrap().is_some() || Instant::now() > until {
            ldap_tools::end(&mut child);
            let said = fs::read_to_string(dir.join("log")).unwrap();
            panic!("samba does not start: {said}; {PACKAGES}");
        }
        thread::sleep(Duration::from_millis(30));
    }
    child
}

const BASE: &str = "dn: OU=people,DC=example,DC=org\nobjectClass: organizationalUnit\nou: people\n\n\
    dn: OU=groups,DC=example,DC=org\nobjectClass: organizationalUnit\nou: groups\n\n";

/// What samba has to know, all of it below its folder; of its services, LDAP alone.
fn configuration(dc: &Path) -> String {
    let dc = dc.to_str().unwrap();
    format!(
        "[global]\nnetbios name = DC1\nrealm = EXAMPLE.ORG\nworkgroup = EXAMPLE\n\
         server role = active directory domain controller\nserver services = ldap\ndcerpc endpoint servers =\n\
         interfaces = 127.0.0.1/8\nbind interfaces only = yes\nldap server require strong auth = no\ntls enabled = no\n\
         idmap_ldb:use rfc2307 = yes\nldb:nosync = true\nlogging = file\nlog file = {dc}/log\nprivate dir = {dc}/private\n\
         state directory = {dc}/state\ncache directory = {dc}/cache\nlock directory = {dc}\npid directory = {dc}\n\
         ncalrpc dir = {dc}/ncalrpc\nbinddns dir = {dc}/bind-dns\n"
    )
}

/// The folder of an empty domain.
fn domain() -> PathBuf {
    let version = Command::new("/usr/sbin/samba").arg("--version").output();
    let version = version.unwrap_or_else(|e| panic!("samba cannot be run ({e}): {PACKAGES}"));
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    made_once("samba-domain", &version, |dir| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/samba_domain.py");
        let mut make = Command::new("unshare");
        make.args(["--map-root-user", "--net", "/usr/bin/python3", script])
            .arg(dir)
            .args(["EXAMPLE.ORG", PASSWORD]);
        run(&mut make, PACKAGES);
    })
}

/// A port of 127.0.0.1 that leads to a socket file: a namespace has its own 127.0.0.1, and the files of everybody.
struct Relay {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            for client in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                if let (Ok(client), Ok(server)) = (client, UnixStream::connect(&socket)) {
                    thread::spawn(move || relay(&client, &server));
                }
            }
        });
        Self {
            port,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Passes on what both sides say until one of them has ended.
fn relay(client: &TcpStream, server: &UnixStream) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut &*client, &mut &*server);
            let _ = server.shutdown(Shutdown::Both);
        });
        let _ = io::copy(&mut &*server, &mut &*client);
        let _ = client.shutdown(Shutdown::Both);
    });
}
