//! The lines that `-vv` shows for a shell find what gosync found: each is taken from the log and run by sh(1).
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::bare_host::bare_host;
use crate::scim_server::{Server, TOKEN};
use crate::scratch::{Ran, ScratchHost};
use crate::slapd::{ADMIN, Groups, PASSWORD, SUFFIX, Slapd};

/// The lines for a shell in a log, of which the program is this one.
fn lines(ran: &Ran, program: &str) -> Vec<String> {
    let lines = ran.err.lines().filter(|line| line.contains(program));
    let lines = lines.filter_map(|line| line.split_once("DEBUG gosync::"));
    let lines = lines.filter_map(|(_, line)| line.split_once(": "));
    lines.map(|(_, line)| line.to_owned()).collect()
}

/// What a line prints when it is pasted into a shell.
fn pasted(line: &str, dir: &Path) -> String {
    let mut shell = Command::new("sh");
    let out = shell.args(["-c", line]).current_dir(dir).output().unwrap();
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{line}\n{errors}");
    String::from_utf8(out.stdout).unwrap()
}

fn ldap_host(server: &Slapd, access: &str) -> ScratchHost {
    let host = bare_host();
    host.write_with_mode("the password", format!("{PASSWORD}\n"), 0o600);
    if server.tls_port != 0 {
        host.write_with_mode("ca.pem", server.authority(), 0o644);
    }
    // Odd characters must come through the shell.
    let filter = r#"(&(objectClass=posixAccount)(!(cn=it's \"$HOME\" x)))"#;
    let section = format!(
        "[provider.campus]\nkind = 'ldap'\nschema = 'rfc2307'\npage_size = 2\nuser_base = 'ou=people,{SUFFIX}'\n\
         user_filter = \"{filter}\"\ngroup_base = 'ou=groups,{SUFFIX}'\n{access}[accounts]\ncreate_home = false\n"
    );
    host.write_with_mode("gosync.toml", section, 0o600);
    host
}

/// The names of the entries in LDIF.
fn entries(ldif: &str) -> Vec<&str> {
    let mut names: Vec<&str> = ldif
        .lines()
        .filter_map(|line| line.strip_prefix("dn: "))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_search_can_be_pasted_as_ldapsearch() {
    let server = Slapd::builder(Groups::Nis)
        .people(5)
        .tls("IP:127.0.0.1")
        .start();
    let bound = format!("bind_dn = '{ADMIN}'\npassword_file = 'the password'\n");
    for access in [
        format!("url = '{}'\n{bound}", server.url()),
        format!(
            "url = 'ldap://127.0.0.1:{}'\nstart_tls = true\nca_file = 'ca.pem'\n{bound}",
            server.port
        ),
        // libldap(3) takes localhost for this machine's own name.
        format!(
            "url = 'ldaps://127.0.0.1:{}'\nca_file = 'ca.pem'\n",
            server.tls_port
        ),
        format!("url = '{}'\n", server.socket_url()),
    ] {
        let host = ldap_host(&server, &access);
        let ran = host.gosync(&["-vv", "sync", "users", "-n"]).expect(0);
        let logged = lines(&ran, "ldapsearch");
        let people = logged.iter().find(|line| line.contains("posixAccount"));
        let people = people.unwrap_or_else(|| panic!("{ran:?}"));
        let found = pasted(people, host.dir());
        let wanted = (0..5).map(|n| format!("uid=u{n:04},ou=people,{SUFFIX}"));
        assert_eq!(entries(&found), wanted.collect::<Vec<_>>(), "{people}");
        assert!(!ran.err.contains(PASSWORD), "{ran:?}");
    }
}

#[test]
fn a_question_for_changes_can_be_pasted_too() {
    let server = Slapd::builder(Groups::Nis)
        .people(5)
        .setting("moduleload syncprov")
        .database("overlay syncprov\nsyncprov-checkpoint 1 1\nsyncprov-sessionlog 100")
        .start();
    // OpenLDAP gives its administrator no cookie.
    let access = format!("url = '{}'\n", server.url());
    let host = ldap_host(&server, &access);
    let ran = host.gosync(&["-vv", "sync", "users"]).expect(0);
    let logged = lines(&ran, "sync=ro");
    let question = logged.first().unwrap_or_else(|| panic!("{ran:?}"));
    // By the cookie that it is given, the server says what has changed since.
    let asked = question.replace("-LLL ", "");
    let answer = pasted(&asked, host.dir());
    let cookie = answer.lines().find_map(|line| line.split_once("cookie: "));
    let (_, cookie) = cookie.unwrap_or_else(|| panic!("{asked}\n{answer}"));
    assert!(cookie.contains("csn="), "{answer}");
}

#[test]
fn a_request_can_be_pasted_as_curl() {
    let server = Server::start(false);
    for login in ["alice", "bob"] {
        server.person(login);
    }
    let host = bare_host();
    host.write_with_mode("the token", format!("{TOKEN}\n"), 0o600);
    let section = format!(
        "[provider.campus]\nkind = 'scim'\nurl = '{}'\ntoken_file = 'the token'\n[accounts]\ncreate_home = false\n",
        server.url()
    );
    host.write_with_mode("gosync.toml", section, 0o600);
    let ran = host.gosync(&["-vv", "sync", "users", "-n"]);
    let logged = lines(&ran, "curl");
    let people = logged.iter().find(|line| line.contains("/Users"));
    let people = people.unwrap_or_else(|| panic!("{ran:?}"));
    let found: Value = serde_json::from_str(&pasted(people, host.dir())).unwrap();
    let resources = found["Resources"].as_array().unwrap();
    let mut logins: Vec<&str> = resources
        .iter()
        .map(|person| person["userName"].as_str().unwrap())
        .collect();
    logins.sort_unstable();
    assert_eq!(logins, ["alice", "bob"], "{people}");
    assert!(!ran.err.contains(TOKEN), "{ran:?}");
}
