//! canaille, an identity server whose SCIM knows people and flat groups, and neither numbers nor homes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Person, Reading, Site, Team, Told};
use crate::ldap_tools::{self, answers, free_port};
use crate::scim_server::{TOKEN, ask};
use crate::venv;

/// The last version that works, with the models that it works with.
const PACKAGES: [&str; 2] = ["canaille[front,oidc,scim]==0.3.6", "scim2-models==0.6.*"];

/// A running server, with the way to tell it what to do.
pub struct Canaille {
    child: Child,
    port: u16,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Canaille {
    fn order(&self, order: &Value) {
        let mut pipes = self.pipes.lock().unwrap();
        writeln!(pipes.0, "{order}").unwrap();
        let mut answer = String::new();
        pipes.1.read_line(&mut answer).unwrap();
        assert_eq!(answer, "ok\n", "{order}");
    }

    fn list(&self, what: &str) -> Vec<Value> {
        let (status, list) = ask(
            self.port,
            TOKEN,
            "GET",
            &format!("/scim/v2/{what}"),
            &Value::Null,
        );
        assert_eq!(status, 200, "{list}");
        list["Resources"].as_array().unwrap().clone()
    }

    fn members(&self, team: &str, change: impl FnOnce(&mut Vec<String>)) {
        let mut members: Vec<String> = self.reading().groups[team].1.iter().cloned().collect();
        change(&mut members);
        self.order(&json!({"members": [team, members]}));
    }
}

impl Drop for Canaille {
    fn drop(&mut self) {
        ldap_tools::end(&mut self.child);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Site for Canaille {
    fn load(people: &[Person], teams: &[Team]) -> Self {
        let python = venv::programs("canaille", &PACKAGES).join("python");
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/servers/canaille_server.py"
        );
        let port = free_port();
        let mut child = Command::new(python)
            .args([script, &port.to_string(), TOKEN])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        assert!(answers(&mut child, port), "canaille does not start");
        let pipes = (
            child.stdin.take().unwrap(),
            BufReader::new(child.stdout.take().unwrap()),
        );
        let site = Self {
            child,
            port,
            pipes: Mutex::new(pipes),
        };
        let people: Vec<Value> = people
            .iter()
            .map(|p| json!([p.login, p.name, p.email, p.open]))
            .collect();
        let groups: Vec<Value> = teams.iter().map(|t| json!([t.name, t.members])).collect();
        site.order(&json!({"people": people, "groups": groups}));
        site
    }

    fn section(&self) -> String {
        format!(
            "kind = 'scim'\nurl = 'http://127.0.0.1:{}/scim/v2'\ntoken_file = 'secret'\npaging = 'none'\n\
             member_value = 'login'",
            self.port
        )
    }

    fn secret(&self) -> &'static str {
        TOKEN
    }

    fn reading(&self) -> Reading {
        let mut reading = Reading::default();
        for person in self.list("Users") {
            let told = Told {
                name: text(&person["displayName"]),
                open: person["active"].as_bool().unwrap(),
                ..Told::default()
            };
            reading.people.insert(text(&person["userName"]), told);
        }
        for group in self.list("Groups") {
            let members = group["members"].as_array().into_iter().flatten();
            let members = members.map(|member| text(&member["value"])).collect();
            reading
                .groups
                .insert(text(&group["displayName"]), (None, members));
        }
        reading
    }

    fn rename(&self, login: &str, to: &str) {
        self.order(&json!({"rename": [login, to]}));
    }

    fn lock(&self, login: &str) {
        self.order(&json!({"lock": login}));
    }

    fn delete(&self, login: &str) {
        self.order(&json!({"delete": login}));
    }

    fn join(&self, team: &str, login: &str) {
        self.members(team, |members| members.push(login.to_owned()));
    }

    fn leave(&self, team: &str, login: &str) {
        self.members(team, |members| members.retain(|member| member != login));
    }
}
