//! The tools of OpenLDAP, by which tests tell a server something, and read it without gosync.
//!
//! Needs the Debian package ldap-utils, and says so if it is missing; never skips.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Where a server is, and who is asking.
pub struct Login {
    pub url: String,
    /// Name and password; nobody's: anonymous.
    pub bind: Option<(String, String)>,
    pub base: String,
}

/// An entry as ldapsearch(1) shows it: its name, and values by attributes in small letters.
#[derive(Debug, Default)]
pub struct Entry {
    pub dn: String,
    values: BTreeMap<String, Vec<String>>,
}

impl Entry {
    /// All values of an attribute; its name in small letters.
    pub fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// The only value of an attribute.
    pub fn one(&self, name: &str) -> Option<&str> {
        self.all(name).first().map(String::as_str)
    }
}

impl Login {
    /// Adds entries.
    pub fn add(&self, ldif: &str) {
        self.feed(&["-a"], ldif);
    }

    /// Makes changes.
    pub fn modify(&self, ldif: &str) {
        self.feed(&[], ldif);
    }

    /// The same with changes that may be impossible by now.
    pub fn try_to_modify(&self, ldif: &str) {
        self.fed(&["-c"], ldif);
    }

    fn feed(&self, more: &[&str], ldif: &str) {
        ended("ldapmodify", &self.fed(more, ldif));
    }

    fn fed(&self, more: &[&str], ldif: &str) -> Output {
        let mut command = self.command("ldapmodify");
        let spawned = command
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.unwrap_or_else(|e| missing("ldapmodify", &e));
        child
            .stdin
            .take()
            .unwrap()
            .write_all(ldif.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    }

    /// The entries that a filter finds, in pages, with what is asked for.
    pub fn search(&self, filter: &str, attributes: &[&str]) -> Vec<Entry> {
        let mut command = self.command("ldapsearch");
        command.args([
            "-LLL",
            "-o",
            "ldif-wrap=no",
            "-E",
            "pr=500/noprompt",
            "-b",
            &self.base,
            filter,
        ]);
        let output = command.args(attributes).stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|e| missing("ldapsearch", &e));
        ended("ldapsearch", &output);
        entries(&String::from_utf8(output.stdout).unwrap())
    }

    /// The same; none, where the server has no such base yet.
    pub fn try_to_search(&self, filter: &str, attributes: &[&str]) -> Vec<Entry> {
        let mut command = self.command("ldapsearch");
        command.args(["-LLL", "-o", "ldif-wrap=no", "-b", &self.base, filter]);
        let output = command.args(attributes).stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|e| missing("ldapsearch", &e));
        entries(&String::from_utf8(output.stdout).unwrap())
    }

    /// A number in the root of the server.
    pub fn number(&self, attribute: &str) -> u64 {
        let mut command = self.command("ldapsearch");
        command.args(["-LLL", "-b", "", "-s", "base", "(objectClass=*)", attribute]);
        let output = command.stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|e| missing("ldapsearch", &e));
        ended("ldapsearch", &output);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = format!("{}: ", attribute.to_ascii_lowercase());
        let number = text.lines().find_map(|it| {
            it.to_ascii_lowercase()
                .strip_prefix(&line)
                .map(str::to_owned)
        });
        number.unwrap().parse().unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["-x", "-H", &self.url]).env_remove("LDAPCONF");
        if let Some((name, password)) = &self.bind {
            command.args(["-D", name, "-w", password]);
        }
        command
    }
}

fn missing(program: &str, error: &std::io::Error) -> ! {
    panic!("{program} cannot be run ({error}): install the Debian package ldap-utils")
}

fn ended(program: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program}: {}\n{said}",
        output.status
    );
}

/// Entries from LDIF (RFC 2849) whose lines are not wrapped.
fn entries(ldif: &str) -> Vec<Entry> {
    let mut out = Vec::new();
    for block in ldif.split("\n\n") {
        let mut entry = Entry::default();
        for line in block.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = match value.strip_prefix(':') {
                Some(encoded) => decoded(encoded.trim()),
                None => value.trim_start().to_owned(),
            };
            match name {
                "dn" => entry.dn = value,
                _ => entry
                    .values
                    .entry(name.to_ascii_lowercase())
                    .or_default()
                    .push(value),
            }
        }
        if !entry.dn.is_empty() {
            out.push(entry);
        }
    }
    out
}

/// What base64 (RFC 4648) hides; what is no text is shown as such.
fn decoded(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let six = ALPHABET.iter().position(|known| *known == letter).unwrap();
        bits = bits << 6 | u32::try_from(six).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits until a server accepts connections; no if it has ended.
pub fn answers(child: &mut Child, port: u16) -> bool {
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(30));
    }
    false
}

/// Ends a server, and waits for that.
pub fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// A port that is free now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
