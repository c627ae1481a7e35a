//! scimmy, a library for SCIM servers in JavaScript, behind express: with numbers, homes and keys in an extension, and groups
//! in groups.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{Person, Reading, Site, Team, Told, flattened};
use crate::ldap_tools::{self, answers, free_port};
use crate::made_once::{made_once, run};
use crate::scim_server::{TOKEN, ask};

const PACKAGES: [&str; 3] = ["scimmy@1.3", "scimmy-routers@1.3", "express@4"];
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const POSIX: &str = "urn:ietf:params:scim:schemas:extension:posix:2.0:User";

/// A running server.
pub struct Scimmy {
    child: Child,
    port: u16,
}

impl Scimmy {
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = ask(self.port, TOKEN, method, &format!("/scim/{path}"), body);
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {answer}"
        );
        answer
    }

    /// Everything of a kind, in pages.
    fn list(&self, what: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let path = format!("{what}?startIndex={}&count=100", all.len() + 1);
            let page = self.ask("GET", &path, &Value::Null);
            all.extend(page["Resources"].as_array().unwrap().iter().cloned());
            if all.len() as u64 >= page["totalResults"].as_u64().unwrap() {
                return all;
            }
        }
    }

    /// Changes the record of which `name` has this value.
    fn change(&self, what: &str, name: &str, value: &str, change: impl FnOnce(&mut Value)) {
        let mut all = self.list(what).into_iter();
        let mut record = all.find(|record| record[name] == value).unwrap();
        change(&mut record);
        self.ask("PUT", &format!("{what}/{}", text(&record["id"])), &record);
    }

    fn members(&self, team: &str, change: impl FnOnce(&mut Vec<Value>)) {
        self.change("Groups", "displayName", team, |group| {
            change(group["members"].as_array_mut().unwrap());
        });
    }

    fn id(&self, login: &str) -> String {
        let mut all = self.list("Users").into_iter();
        text(&all.find(|person| person["userName"] == login).unwrap()["id"])
    }
}

impl Drop for Scimmy {
    fn drop(&mut self) {
        ldap_tools::end(&mut self.child);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn start() -> Scimmy {
    let dir = made_once("scimmy", &PACKAGES.join(" "), |dir| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(dir)
            .args(PACKAGES);
        run(
            &mut npm,
            "npm is needed, with the registry that it is configured for: install the Debian package npm",
        );
    });
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/servers/scimmy_server.mjs"
    );
    let port = free_port();
    let mut child = Command::new("node")
        .arg(script)
        .arg(dir)
        .args([&port.to_string(), TOKEN])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("node cannot be run ({e}): install the Debian package nodejs"));
    assert!(answers(&mut child, port), "scimmy does not start");
    Scimmy { child, port }
}

impl Site for Scimmy {
    fn load(people: &[Person], teams: &[Team]) -> Self {
        let site = start();
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        for person in people {
            let made = site.ask("POST", "Users", &json!({
                "schemas": [CORE, POSIX], "userName": person.login, "displayName": person.name, "active": person.open,
                "emails": [{"value": person.email}],
                POSIX: {"uidNumber": person.uid, "homeDirectory": format!("/home/{}", person.login),
                        "loginShell": person.shell, "sshPublicKeys": person.keys},
            }));
            ids.insert(person.login.clone(), text(&made["id"]));
        }
        for team in teams {
            let members = team
                .members
                .iter()
                .map(|login| json!({"value": ids[login], "type": "User"}));
            let inner = team
                .inner
                .iter()
                .map(|name| json!({"value": ids[name], "type": "Group"}));
            let made = site.ask("POST", "Groups", &json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": team.name,
                "members": members.chain(inner).collect::<Vec<_>>(),
            }));
            ids.insert(team.name.clone(), text(&made["id"]));
        }
        site
    }

    fn section(&self) -> String {
        format!(
            "kind = 'scim'\nurl = 'http://127.0.0.1:{}/scim'\ntoken_file = 'secret'\n\
             attributes.uid = '{POSIX}:uidNumber'\nattributes.home = '{POSIX}:homeDirectory'\n\
             attributes.shell = '{POSIX}:loginShell'\nattributes.ssh_key = '{POSIX}:sshPublicKeys'",
            self.port
        )
    }

    fn secret(&self) -> &'static str {
        TOKEN
    }

    fn reading(&self) -> Reading {
        let mut reading = Reading::default();
        let mut logins: BTreeMap<String, String> = BTreeMap::new();
        for person in self.list("Users") {
            let more = &person[POSIX];
            let told = Told {
                uid: more["uidNumber"]
                    .as_u64()
                    .map(|uid| uid.try_into().unwrap()),
                name: text(&person["displayName"]),
                home: Some(text(&more["homeDirectory"])),
                shell: Some(text(&more["loginShell"])),
                open: person["active"].as_bool().unwrap(),
                keys: more["sshPublicKeys"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(text)
                    .collect(),
            };
            logins.insert(text(&person["id"]), text(&person["userName"]));
            reading.people.insert(text(&person["userName"]), told);
        }
        let groups = self.list("Groups");
        let (mut members, mut inner) = (BTreeMap::new(), BTreeMap::new());
        for group in &groups {
            let named = group["members"].as_array().into_iter().flatten();
            let named: BTreeSet<String> = named.map(|member| text(&member["value"])).collect();
            let known = named
                .iter()
                .filter_map(|id| logins.get(id).cloned())
                .collect();
            members.insert(text(&group["id"]), known);
            inner.insert(text(&group["id"]), named);
        }
        for group in &groups {
            let all = flattened(&text(&group["id"]), &members, &inner);
            reading
                .groups
                .insert(text(&group["displayName"]), (None, all));
        }
        reading
    }

    fn rename(&self, login: &str, to: &str) {
        self.change("Users", "userName", login, |person| {
            person["userName"] = to.into()
        });
    }

    fn lock(&self, login: &str) {
        self.change("Users", "userName", login, |person| {
            person["active"] = false.into()
        });
    }

    fn delete(&self, login: &str) {
        self.ask("DELETE", &format!("Users/{}", self.id(login)), &Value::Null);
    }

    fn join(&self, team: &str, login: &str) {
        let id = self.id(login);
        self.members(team, |members| {
            members.push(json!({"value": id, "type": "User"}))
        });
    }

    fn leave(&self, team: &str, login: &str) {
        let id = self.id(login);
        self.members(team, |members| {
            members.retain(|member| member["value"] != id.as_str())
        });
    }
}
