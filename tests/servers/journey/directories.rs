//! 389 Directory Server and Samba, read by ldapsearch(1).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Person, Reading, Site, Team, Told, flattened};
use crate::ds389::{self, Ds389};
use crate::ldap_tools::{Entry, Login};
use crate::samba::{self, Samba};
use crate::slapd::SUFFIX;

/// A server of some kind.
pub struct Directory<K> {
    server: K,
}

/// What differs between the two.
pub trait Kind: Sized {
    /// The keys of its section but for `url`.
    const KEYS: &'static str;
    const PASSWORD: &'static str;
    /// Attributes of login, home and keys, in small letters.
    const NAMES: [&'static str; 3];
    /// What makes an entry a person, and one a group.
    const CLASSES: [&'static str; 2];
    /// What shuts a person out, as a change in LDIF.
    const LOCK: &'static str;

    fn start(ldif: &str) -> Self;
    fn port(&self) -> u16;
    fn login(&self) -> Login;
    /// Lines that say whether a person is let in.
    fn state(open: bool) -> &'static str;
    fn is_open(entry: &Entry) -> bool;
}

impl Kind for Ds389 {
    const KEYS: &'static str = "schema = '389'\nbind_dn = 'cn=Directory Manager'";
    const PASSWORD: &'static str = ds389::PASSWORD;
    const NAMES: [&'static str; 3] = ["uid", "homedirectory", "nssshpublickey"];
    const CLASSES: [&'static str; 2] = [
        "objectClass: inetOrgPerson\nobjectClass: posixAccount\nobjectClass: nsAccount\nsn: x\n",
        "objectClass: groupOfNames\nobjectClass: posixGroup\n",
    ];
    const LOCK: &'static str = "replace: nsAccountLock\nnsAccountLock: true\n";

    fn start(ldif: &str) -> Self {
        Self::start(ldif, "")
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn login(&self) -> Login {
        self.login()
    }

    fn state(open: bool) -> &'static str {
        if open { "" } else { "nsAccountLock: true\n" }
    }

    fn is_open(entry: &Entry) -> bool {
        entry.one("nsaccountlock") != Some("true")
    }
}

impl Kind for Samba {
    const KEYS: &'static str = "schema = 'ad'\nbind_dn = 'administrator@example.org'";
    const PASSWORD: &'static str = samba::PASSWORD;
    const NAMES: [&'static str; 3] = ["samaccountname", "unixhomedirectory", ""];
    const CLASSES: [&'static str; 2] = ["objectClass: user\n", "objectClass: group\n"];
    // 32: no password is needed; 2: disabled; 512: a person.
    const LOCK: &'static str = "replace: userAccountControl\nuserAccountControl: 546\n";

    fn start(ldif: &str) -> Self {
        Self::start(ldif)
    }

    fn port(&self) -> u16 {
        self.port()
    }

    fn login(&self) -> Login {
        self.login()
    }

    fn state(open: bool) -> &'static str {
        match open {
            true => "userAccountControl: 544\n",
            false => "userAccountControl: 546\n",
        }
    }

    fn is_open(entry: &Entry) -> bool {
        entry
            .one("useraccountcontrol")
            .unwrap()
            .parse::<u32>()
            .unwrap()
            & 2
            == 0
    }
}

impl<K: Kind> Directory<K> {
    fn person(person: &Person) -> String {
        let Person {
            login,
            name,
            email,
            uid,
            shell,
            ..
        } = person;
        let [login_name, home, key] = K::NAMES;
        // The entry's name is no login, and stays if that changes.
        let mut ldif = format!(
            "dn: cn=person {login},ou=people,{SUFFIX}\n{}{login_name}: {login}\ncn: person {login}\n\
             displayName: {name}\ngecos: {name}\nmail: {email}\nuidNumber: {uid}\ngidNumber: 100\n\
             {home}: /home/{login}\nloginShell: {shell}\n{}",
            K::CLASSES[0],
            K::state(person.open),
        );
        for value in person.keys.iter().filter(|_| !key.is_empty()) {
            let _ = writeln!(ldif, "{key}: {value} somebody's own comment");
        }
        ldif
    }

    fn team(team: &Team) -> String {
        let mut ldif = format!(
            "dn: cn={0},ou=groups,{SUFFIX}\n{1}cn: {0}\ngidNumber: {2}\n",
            team.name,
            K::CLASSES[1],
            team.gid
        );
        if K::NAMES[0] == "samaccountname" {
            let _ = writeln!(ldif, "sAMAccountName: {}", team.name);
        }
        for login in &team.members {
            let _ = writeln!(ldif, "member: cn=person {login},ou=people,{SUFFIX}");
        }
        for inner in &team.inner {
            let _ = writeln!(ldif, "member: cn={inner},ou=groups,{SUFFIX}");
        }
        ldif
    }

    /// Changes what a person is known by at the beginning.
    fn change(&self, login: &str, change: &str) {
        let dn = format!("dn: cn=person {login},ou=people,{SUFFIX}");
        self.server
            .login()
            .modify(&format!("{dn}\nchangetype: modify\n{change}"));
    }

    fn told(entry: &Entry) -> (String, Told) {
        let text = |name: &str| entry.one(name).map(str::to_owned);
        let [login, home, key] = K::NAMES;
        let plain = |key: &String| key.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let told = Told {
            uid: text("uidnumber").map(|uid| uid.parse().unwrap()),
            name: text("gecos").unwrap(),
            home: text(home),
            shell: text("loginshell"),
            open: K::is_open(entry),
            keys: entry.all(key).iter().map(plain).collect(),
        };
        (text(login).unwrap(), told)
    }
}

impl<K: Kind> Site for Directory<K> {
    fn load(people: &[Person], teams: &[Team]) -> Self {
        let people = people.iter().map(Self::person);
        let entries: Vec<String> = people.chain(teams.iter().map(Self::team)).collect();
        Self {
            server: K::start(&entries.join("\n")),
        }
    }

    fn section(&self) -> String {
        format!(
            "kind = 'ldap'\nurl = 'ldap://127.0.0.1:{}'\n{}\npassword_file = 'secret'\n\
             user_base = 'ou=people,{SUFFIX}'\ngroup_base = 'ou=groups,{SUFFIX}'",
            self.server.port(),
            K::KEYS,
        )
    }

    fn secret(&self) -> &'static str {
        K::PASSWORD
    }

    fn reading(&self) -> Reading {
        let login = self.server.login();
        let asked = ["*", "nsAccountLock"];
        let entries = login.search("(uidNumber=*)", &asked);
        let people = entries.iter().map(Self::told).collect();
        let logins: BTreeMap<String, String> = entries
            .iter()
            .map(|entry| {
                (
                    entry.dn.to_lowercase(),
                    entry.one(K::NAMES[0]).unwrap().to_owned(),
                )
            })
            .collect();
        let groups = login.search("(&(gidNumber=*)(!(uidNumber=*)))", &asked);
        let (mut members, mut inner) = (BTreeMap::new(), BTreeMap::new());
        for group in &groups {
            let named: BTreeSet<String> = group
                .all("member")
                .iter()
                .map(|dn| dn.to_lowercase())
                .collect();
            let known = named
                .iter()
                .filter_map(|dn| logins.get(dn).cloned())
                .collect();
            members.insert(group.dn.to_lowercase(), known);
            inner.insert(group.dn.to_lowercase(), named);
        }
        let told = |group: &Entry| {
            let gid = group.one("gidnumber").map(|gid| gid.parse().unwrap());
            let all = flattened(&group.dn.to_lowercase(), &members, &inner);
            (group.one("cn").unwrap().to_owned(), (gid, all))
        };
        Reading {
            people,
            groups: groups.iter().map(told).collect(),
        }
    }

    fn rename(&self, login: &str, to: &str) {
        let name = K::NAMES[0];
        self.change(login, &format!("replace: {name}\n{name}: {to}\n"));
    }

    fn lock(&self, login: &str) {
        self.change(login, K::LOCK);
    }

    fn delete(&self, login: &str) {
        let dn = format!("dn: cn=person {login},ou=people,{SUFFIX}");
        self.server
            .login()
            .modify(&format!("{dn}\nchangetype: delete\n"));
    }

    fn join(&self, team: &str, login: &str) {
        member(&self.server.login(), team, "add", login);
    }

    fn leave(&self, team: &str, login: &str) {
        member(&self.server.login(), team, "delete", login);
    }
}

fn member(admin: &Login, team: &str, how: &str, login: &str) {
    admin.modify(&format!(
        "dn: cn={team},ou=groups,{SUFFIX}\nchangetype: modify\n{how}: member\n\
         member: cn=person {login},ou=people,{SUFFIX}\n"
    ));
}
