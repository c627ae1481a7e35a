//! The first hour of README.md: what the doctor proposes is what a first sync needs, and after it there is nothing that it says
//! of the provider.

use crate::bare_host::bare_host;
use crate::slapd::{Groups, PASSWORD, SUFFIX, Slapd};

/// Three people with numbers of their own, one with a dot, and the group that is the primary one of all.
fn directory() -> Slapd {
    let mut ldif = format!(
        "dn: cn=staff-all,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: staff-all\ngidNumber: 5000\nmemberUid: bob\n\n"
    );
    for (number, login) in [(10_001, "alice"), (10_002, "bob"), (10_003, "carol.ross")] {
        ldif += &format!(
            "dn: uid={login},ou=people,{SUFFIX}\nobjectClass: account\nobjectClass: posixAccount\nuid: {login}\ncn: {login}\n\
             uidNumber: {number}\ngidNumber: 5000\nhomeDirectory: /home/{login}\n\n"
        );
    }
    Slapd::builder(Groups::Nis).ldif(&ldif).start()
}

#[test]
fn what_the_doctor_proposes_is_what_a_first_sync_needs() {
    let server = directory();
    let host = bare_host();
    let url = format!("ldap://127.0.0.1:{}", server.port);
    let init = ["init", "ldap", "--url", &url, "--base", SUFFIX];
    let lines = host.gosync(&init).expect(0).out;
    let lines = lines
        .replace("\"CHANGE-ME\"", "\"cn=admin,dc=example,dc=org\"")
        .replace("user_base = \"", "user_base = \"ou=people,")
        .replace("group_base = \"", "group_base = \"ou=groups,");
    host.write_with_mode("gosync.toml", &lines, 0o600);
    host.write_with_mode("campus.password", PASSWORD, 0o600);

    let said = host.gosync(&["doctor"]).out;
    for proposal in [
        "fix: uid_range = [10000, 10999] in [accounts]",
        "fix: gid_range = [5000, 5999] in [groups]",
        "fix: dots = true in [accounts]",
        "else primary_group = \"provider\" in [accounts]",
    ] {
        assert!(said.contains(proposal), "{proposal}\n{said}");
    }

    let more = "\n[accounts]\nuid_range = [10000, 10999]\ndots = true\nprimary_group = \"provider\"\ncreate_home = false\n\
                [groups]\ngid_range = [5000, 5999]\n";
    host.write_with_mode("gosync.toml", format!("{lines}{more}"), 0o600);
    for full in [&["doctor"][..], &["doctor", "--full"]] {
        let said = host.gosync(full).out;
        assert!(said.contains("people: 3 usable, 0 refused"), "{said}");
        assert!(!said.contains("PROBLEM   provider"), "{said}");
    }
    host.gosync(&["sync"]).expect(0);
    assert!(host.read("etc/passwd").contains("carol.ross:x:10003:5000:"));
}
