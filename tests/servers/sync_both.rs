//! `gosync sync` reads people once for accounts and for groups, and what it leaves is believed by each command.

use std::thread;
use std::time::Duration;

use crate::bare_host::bare_host;
use crate::proxy::{Fault, Proxy};
use crate::scratch::ScratchHost;
use crate::slapd::{Groups, SUFFIX, Slapd};

const MOVED: &str = "nothing has moved since all was read at";
const ALL_READ: &str = "all was read, and nothing has moved since";

fn directory(more: &[&str]) -> Slapd {
    let group = format!(
        "dn: cn=lab,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: lab\ngidNumber: 60001\nmemberUid: u0001\n"
    );
    let builder = Slapd::builder(Groups::Nis).people(200).ldif(&group);
    match more {
        [module, overlay] => builder.setting(module).database(overlay).start(),
        _ => builder.start(),
    }
}

fn host(proxy: &Proxy) -> ScratchHost {
    let mut host = bare_host();
    host.leaves_stamps = true;
    let section = format!(
        "[provider.campus]\nkind = 'ldap'\nurl = 'ldap://127.0.0.1:{}'\nschema = 'rfc2307'\nuser_base = 'ou=people,{SUFFIX}'\n\
         group_base = 'ou=groups,{SUFFIX}'\n[accounts]\ncreate_home = false\n[groups]\ngid_range = [60000, 64999]\n",
        proxy.port
    );
    host.write_with_mode("gosync.toml", section, 0o600);
    host
}

/// The bytes that a command has on the wire, and what it says.
fn cost(proxy: &Proxy, host: &ScratchHost, line: &[&str]) -> (usize, String) {
    let before = proxy.passed();
    let ran = host.gosync(line).expect(0);
    (proxy.passed() - before, ran.out)
}

fn add(server: &Slapd, login: &str) {
    server.modify(&format!(
        "dn: uid={login},ou=people,{SUFFIX}\nchangetype: add\nobjectClass: account\nobjectClass: posixAccount\nuid: {login}\n\
         cn: New\nuidNumber: 20900\ngidNumber: 100\nhomeDirectory: /home/{login}\n\n\
         dn: cn=lab,ou=groups,{SUFFIX}\nchangetype: modify\nadd: memberUid\nmemberUid: {login}\n"
    ));
}

#[test]
fn people_are_read_once_for_both() {
    let server = directory(&[]);
    let proxy = Proxy::start(server.port, Fault::Pass);
    let (one, two) = (host(&proxy), host(&proxy));
    let (users, _) = cost(&proxy, &two, &["sync", "users"]);
    let (groups, _) = cost(&proxy, &two, &["sync", "groups"]);
    let (both, _) = cost(&proxy, &one, &["sync"]);
    // One group, and what a second connection would say.
    assert!(
        both < users + 1_500 && groups > users / 4,
        "{both} {users} {groups}"
    );
    for file in ["passwd", "group", "shadow", "gshadow"] {
        let file = format!("etc/{file}");
        assert_eq!(one.read(&file), two.read(&file));
    }
    // All is read, once, and found as it was.
    thread::sleep(Duration::from_secs(4));
    cost(&proxy, &one, &["sync"]);
    let (again, said) = cost(&proxy, &one, &["sync"]);
    assert_eq!(said.matches(ALL_READ).count(), 2, "{said}");
    assert!(again < both + 1_500, "{again} {both}");
    add(&server, "new");
    let (_, said) = cost(&proxy, &one, &["sync"]);
    assert!(
        said.contains("+ account new") && said.contains("lab add (1): new"),
        "{said}"
    );
}

#[test]
fn what_was_read_for_both_is_marked_before_it_was_read() {
    let server = directory(&["moduleload syncprov", "overlay syncprov\n"]);
    let proxy = Proxy::start(server.port, Fault::Pass);
    let host = host(&proxy);
    cost(&proxy, &host, &["sync"]);
    thread::sleep(Duration::from_secs(4));
    cost(&proxy, &host, &["sync"]);
    let (asked, said) = cost(&proxy, &host, &["sync"]);
    assert_eq!(said.matches(MOVED).count(), 2, "{said}");
    assert!(asked < 3_000, "{asked}");
    // Whatever one of the commands has left, the others go on with.
    for line in [["sync", "users"], ["sync", "groups"]] {
        let (_, said) = cost(&proxy, &host, &line);
        assert!(said.contains(MOVED), "{said}");
    }
    add(&server, "new");
    let (_, said) = cost(&proxy, &host, &["sync"]);
    assert!(
        said.contains("+ account new") && said.contains("lab add (1): new"),
        "{said}"
    );
}
