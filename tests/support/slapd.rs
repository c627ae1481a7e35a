//! A real OpenLDAP server for one test: its own folder, its own ports, gone when the value is dropped.
//!
//! Needs the Debian packages slapd and openssl, and says so if they are missing; never skips.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// The suffix of the database.
pub const SUFFIX: &str = "dc=example,dc=org";
/// Who may do everything.
pub const ADMIN: &str = "cn=admin,dc=example,dc=org";
/// The password of [`ADMIN`].
pub const PASSWORD: &str = "sésame, öffne dich";

/// Which schema defines groups.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Groups {
    /// RFC 2307: `posixGroup` is structural.
    Nis,
    /// RFC 2307bis: `posixGroup` is auxiliary.
    Bis,
}

/// How a server is to be started.
pub struct Builder {
    groups: Groups,
    names: Option<String>,
    certified: Option<PathBuf>,
    settings: String,
    database: String,
    ldif: String,
    port: Option<u16>,
}

/// A running server.
pub struct Slapd {
    dir: TempDir,
    child: Child,
    /// Port for `ldap://`.
    pub port: u16,
    /// Port for `ldaps://`; 0 without TLS.
    pub tls_port: u16,
    urls: String,
}

impl Slapd {
    /// Ends the server by a signal, and starts it again with what it holds.
    pub fn restart(&mut self, signal: Signal) {
        self.end(signal);
        self.start_again();
    }

    /// Sends a signal to the server.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(pid, signal).unwrap();
    }

    /// Ends the server by a signal.
    pub fn end(&mut self, signal: Signal) {
        self.signal(signal);
        self.child.wait().unwrap();
    }

    /// Starts the server again, after its end, with what it holds.
    pub fn start_again(&mut self) {
        let conf = self.dir.path().join("slapd.conf");
        self.child = serve(conf.to_str().unwrap(), &self.urls);
        assert!(
            answer(&mut self.child, [self.port, self.tls_port]),
            "slapd did not start again"
        );
    }

    /// A server with people in `ou=people` and groups in `ou=groups`, both empty.
    pub fn builder(groups: Groups) -> Builder {
        let ldif = format!(
            "dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n\
             dn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n\n\
             dn: ou=groups,{SUFFIX}\nobjectClass: organizationalUnit\nou: groups\n\n"
        );
        Builder {
            groups,
            names: None,
            certified: None,
            settings: String::new(),
            database: String::new(),
            ldif,
            port: None,
        }
    }

    /// `ldap://` on 127.0.0.1.
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// `ldaps://`, by name.
    pub fn tls_url(&self) -> String {
        format!("ldaps://localhost:{}", self.tls_port)
    }

    /// `ldapi://`.
    pub fn socket_url(&self) -> String {
        format!(
            "ldapi://{}",
            self.dir
                .path()
                .join("ldapi")
                .to_str()
                .unwrap()
                .replace('/', "%2F")
        )
    }

    /// The certificate of the authority that signed the server's.
    pub fn authority(&self) -> Vec<u8> {
        fs::read(self.dir.path().join("ca.pem")).unwrap()
    }

    /// Runs `ldapmodify` with changes in LDIF.
    pub fn modify(&self, ldif: &str) {
        let file = self.dir.path().join("change.ldif");
        fs::write(&file, ldif).unwrap();
        let url = self.url();
        let arguments = [
            "-x",
            "-H",
            &url,
            "-D",
            ADMIN,
            "-w",
            PASSWORD,
            "-f",
            file.to_str().unwrap(),
        ];
        run("ldapmodify", "ldap-utils", &arguments, &[]);
    }

    /// The same with changes that may be impossible by now.
    pub fn try_to_modify(&self, ldif: &str) {
        let file = self.dir.path().join("change.ldif");
        fs::write(&file, ldif).unwrap();
        let tried = Command::new("ldapmodify")
            .args([
                "-x",
                "-c",
                "-H",
                &self.url(),
                "-D",
                ADMIN,
                "-w",
                PASSWORD,
                "-f",
            ])
            .arg(&file)
            .stdin(Stdio::null())
            .output();
        assert!(
            tried.is_ok(),
            "ldapmodify: install the Debian package ldap-utils"
        );
    }

    /// All entries that a filter finds, in LDIF without line breaks in values, with the attributes of users.
    pub fn search(&self, filter: &str) -> String {
        let url = self.url();
        let arguments = [
            "-x",
            "-LLL",
            "-o",
            "ldif-wrap=no",
            "-H",
            &url,
            "-D",
            ADMIN,
            "-w",
            PASSWORD,
            "-b",
            SUFFIX,
            filter,
        ];
        String::from_utf8(run("ldapsearch", "ldap-utils", &arguments, &[]).stdout).unwrap()
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Builder {
    /// With TLS, and a certificate for these names, such as `DNS:localhost,IP:127.0.0.1`.
    pub fn tls(mut self, names: &str) -> Self {
        self.names = Some(names.to_owned());
        self
    }

    /// With TLS, and with `server.pem` and `server.key` of a folder.
    pub fn certified(mut self, from: &Path) -> Self {
        self.names = Some(String::new());
        self.certified = Some(from.to_owned());
        self
    }

    /// With more lines in the part of slapd.conf before the database.
    pub fn setting(mut self, lines: &str) -> Self {
        self.settings.push_str(lines);
        self.settings.push('\n');
        self
    }

    /// With more lines in the part of slapd.conf for the database.
    pub fn database(mut self, lines: &str) -> Self {
        self.database.push_str(lines);
        self.database.push('\n');
        self
    }

    /// With more entries.
    pub fn ldif(mut self, ldif: &str) -> Self {
        self.ldif.push_str(ldif.trim_start_matches('\n'));
        self.ldif.push_str("\n\n");
        self
    }

    /// With nothing in it: what it holds comes from other servers.
    pub fn empty(mut self) -> Self {
        self.ldif.clear();
        self
    }

    /// On this port, which others know before it starts.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// With people called `u0000` and so on, whose numbers begin at 20000.
    pub fn people(mut self, count: usize) -> Self {
        for n in 0..count {
            let _ = write!(
                self.ldif,
                "dn: uid=u{n:04},ou=people,{SUFFIX}\nobjectClass: account\nobjectClass: posixAccount\nuid: u{n:04}\n\
                 cn: User {n}\nuidNumber: {}\ngidNumber: 100\nhomeDirectory: /home/u{n:04}\n\n",
                20_000 + n
            );
        }
        self
    }

    /// Loads the entries and starts the server.
    pub fn start(self) -> Slapd {
        let dir = tempfile::Builder::new()
            .prefix("gosync-slapd-")
            .tempdir()
            .unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("db")).unwrap();
        fs::write(at("groups.schema"), BIS).unwrap();
        fs::write(at("others.schema"), OTHERS).unwrap();
        fs::write(at("entries.ldif"), &self.ldif).unwrap();
        fs::write(at("slapd.conf"), self.conf(dir.path())).unwrap();
        match (&self.names, &self.certified) {
            (_, Some(from)) => ["server.pem", "server.key"].iter().for_each(|file| {
                fs::copy(from.join(file), dir.path().join(file)).unwrap();
            }),
            (Some(names), None) => certificates(dir.path(), names),
            (None, None) => {}
        }
        let conf = at("slapd.conf");
        let conf = conf.to_str().unwrap();
        run(
            &program("slapadd"),
            "slapd",
            &["-q", "-f", conf, "-l", at("entries.ldif").to_str().unwrap()],
            &[],
        );
        // Another test may take a free port between our look and the server's.
        for _ in 0..10 {
            let (port, tls_port) = (
                self.port.unwrap_or_else(free_port),
                if self.names.is_some() { free_port() } else { 0 },
            );
            let socket = at("ldapi").to_str().unwrap().replace('/', "%2F");
            let mut urls = format!("ldap://127.0.0.1:{port} ldapi://{socket}");
            if tls_port != 0 {
                let _ = write!(urls, " ldaps://127.0.0.1:{tls_port}");
            }
            let child = serve(conf, &urls);
            let mut child = Some(child);
            if answer(child.as_mut().unwrap(), [port, tls_port]) {
                return Slapd {
                    dir,
                    child: child.take().unwrap(),
                    port,
                    tls_port,
                    urls,
                };
            }
            let mut child = child.take().unwrap();
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!(
            "slapd does not start with this configuration:\n{}",
            self.conf(dir.path())
        );
    }

    fn conf(&self, dir: &Path) -> String {
        let dir = dir.to_str().unwrap();
        let mut conf = String::from(
            "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\n",
        );
        match self.groups {
            Groups::Nis => conf.push_str("include /etc/ldap/schema/nis.schema\n"),
            Groups::Bis => {
                let _ = writeln!(conf, "include {dir}/groups.schema");
            }
        }
        let _ = writeln!(
            conf,
            "include {dir}/others.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload ppolicy\n\
             pidfile {dir}/pid\nargsfile {dir}/args\naccess to attrs=userPassword by anonymous auth by * none\n\
             access to * by * read"
        );
        if self.names.is_some() {
            let _ = writeln!(
                conf,
                "TLSCertificateFile {dir}/server.pem\nTLSCertificateKeyFile {dir}/server.key"
            );
        }
        conf.push_str(&self.settings);
        let _ = writeln!(
            conf,
            "database mdb\nsuffix {SUFFIX}\nrootdn {ADMIN}\nrootpw \"{PASSWORD}\"\ndirectory {dir}/db\n\
             maxsize 1073741824\ndbnosync\nindex objectClass,entryUUID,uid,cn eq\n{}",
            self.database
        );
        conf
    }
}

fn serve(conf: &str, urls: &str) -> Child {
    Command::new(program("slapd"))
        .args(["-d", "0", "-f", conf, "-h", urls])
        .env_remove("LDAPCONF")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| {
            panic!("slapd cannot be started ({e}): install the Debian package slapd")
        })
}

/// Waits until the server accepts connections, also those with TLS, which come later; no if it has ended.
fn answer(child: &mut Child, ports: [u16; 2]) -> bool {
    ports
        .into_iter()
        .filter(|port| *port != 0)
        .all(|port| answers(child, port))
}

fn answers(child: &mut Child, port: u16) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Where Debian keeps a program that is not in everybody's path.
fn program(name: &str) -> String {
    let full = PathBuf::from("/usr/sbin").join(name);
    if full.exists() {
        full.to_str().unwrap().to_owned()
    } else {
        name.to_owned()
    }
}

/// Runs a program and stops the test if it fails.
fn run(program: &str, package: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let output = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| {
            panic!("{program} cannot be run ({e}): install the Debian package {package}")
        });
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Makes an authority and a certificate for `names` that it signed: `ca.pem`, `server.pem`, `server.key`.
pub fn certificates(dir: &Path, names: &str) {
    fs::write(
        dir.join("names"),
        format!("subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n"),
    )
    .unwrap();
    let openssl = |arguments: &str| openssl(dir, arguments);
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-authority \
         -keyout @ca.key -out @ca.pem",
    );
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test-server -keyout @server.key \
         -out @server.csr",
    );
    openssl(
        "x509 -req -in @server.csr -CA @ca.pem -CAkey @ca.key -CAcreateserial -days 2 -extfile @names \
         -out @server.pem",
    );
}

/// Runs openssl(1); a word that begins with @ is a file in `dir`.
pub fn openssl(dir: &Path, arguments: &str) {
    let filled: Vec<String> = arguments
        .split(' ')
        .map(|word| match word.strip_prefix('@') {
            Some(name) => dir.join(name).to_str().unwrap().to_owned(),
            None => word.to_owned(),
        })
        .collect();
    let filled: Vec<&str> = filled.iter().map(String::as_str).collect();
    run("openssl", "openssl", &filled, &[]);
}

/// RFC 2307bis, as far as accounts and groups go; numbers as in the draft.
const BIS: &str = "
attributetype ( 1.3.6.1.1.1.1.2 NAME 'gecos' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.1.1.1.3 NAME 'homeDirectory' EQUALITY caseExactIA5Match
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )
attributetype ( 1.3.6.1.1.1.1.4 NAME 'loginShell' EQUALITY caseExactIA5Match
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )
attributetype ( 1.3.6.1.1.1.1.10 NAME 'shadowExpire' EQUALITY integerMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.1.1.1.12 NAME 'memberUid' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.1.1.2.0 NAME 'posixAccount' SUP top AUXILIARY
    MUST ( cn $ uid $ uidNumber $ gidNumber $ homeDirectory ) MAY ( userPassword $ loginShell $ gecos $ description ) )
objectclass ( 1.3.6.1.1.1.2.1 NAME 'shadowAccount' SUP top AUXILIARY MUST uid MAY ( userPassword $ shadowExpire ) )
objectclass ( 1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top AUXILIARY
    MUST gidNumber MAY ( userPassword $ memberUid $ description ) )
objectclass ( 1.3.6.1.4.1.7165.1.2.2.1.2 NAME 'groupOfMembers' SUP top STRUCTURAL
    MUST cn MAY ( businessCategory $ seeAlso $ owner $ ou $ o $ description $ member ) )
";

/// openssh-lpk, and the attributes of other kinds of servers that say what nothing here has a server for.
const OTHERS: &str = "
attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid ) )
attributetype ( 1.1.2.1.1 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.1.2.1.2 NAME 'objectSid' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.1.2.1.3 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.1.2.1.4 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.1.2.1.5 NAME 'accountExpires' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.1.2.1.6 NAME 'primaryGroupID' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.1.2.1.7 NAME 'objectCategory' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.1.2.1.8 NAME 'unixHomeDirectory' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.1.2.1.9 NAME 'nsUniqueId' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.1.2.1.10 NAME 'nsAccountLock' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.1.2.1.11 NAME 'nsSshPublicKey' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 1.1.2.1.12 NAME 'krbPrincipalExpiration' EQUALITY generalizedTimeMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
objectclass ( 1.1.2.2.1 NAME 'user' SUP top AUXILIARY MAY ( objectGUID $ objectSid $ sAMAccountName $
    userAccountControl $ accountExpires $ primaryGroupID $ objectCategory $ unixHomeDirectory $ displayName $ mail $
    uidNumber $ gidNumber $ loginShell ) )
objectclass ( 1.1.2.2.2 NAME 'group' SUP top STRUCTURAL MUST cn MAY ( objectGUID $ objectSid $ sAMAccountName $
    member $ description $ gidNumber ) )
objectclass ( 1.1.2.2.3 NAME 'nsPerson' SUP top AUXILIARY MAY ( nsUniqueId $ nsAccountLock $ nsSshPublicKey $
    krbPrincipalExpiration ) )
";
