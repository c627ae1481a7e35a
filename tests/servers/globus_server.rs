//! The stand-in for Globus (fake_globus.py) for one test: its own process and port, gone when the value is dropped.
//!
//! Needs python3, and says so if it is missing; never skips.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use gosync::testing::model::Details;
use gosync::testing::providers::globus::{Config, Globus, Secrets};
use gosync::testing::providers::{Query, Scope};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::venv;

/// Our client, and its identity.
pub const OWN: &str = "a0000000-0000-4000-8000-000000000000";
/// Another client, that is an ordinary person to us.
pub const OTHER: &str = "b0000000-0000-4000-8000-000000000000";
/// The secret of our client: with the characters that make a difference when they are encoded.
pub const SECRET: &str = "s+e/c=ret CANARY%41:x=";
/// Stands in every token and in [`SECRET`].
pub const CANARY: &str = "CANARY";
/// How people are called here.
pub const MAPPING: &str = r#"{"DATA_TYPE": "expression_identity_mapping#1.0.0", "mappings": [
    {"source": "{username}", "match": "(.*)@example\\.org", "output": "{0}"}]}"#;

/// The UUID of a person or group with this number.
pub fn id(n: u32) -> String {
    format!("{n:08x}-0000-4000-8000-000000000000")
}

/// Somebody at Globus Auth.
pub fn person(n: u32, username: &str) -> Value {
    let name = username.split('@').next().unwrap_or_default();
    json!({"id": id(n), "username": username, "name": format!("{name} Ü"), "email": format!("{name}@mail.org")})
}

/// A membership.
pub fn member(n: u32, role: &str, status: &str) -> Value {
    json!({"identity_id": id(n), "role": role, "status": status})
}

/// A group that we may change.
pub fn group(n: u32, name: &str, members: Vec<Value>) -> Value {
    let own = json!({"identity_id": OWN, "role": "admin", "status": "active"});
    let members: Vec<Value> = std::iter::once(own).chain(members).collect();
    json!({"id": id(n), "name": name, "memberships": members})
}

/// The whole of the two services.
pub fn world(people: Vec<Value>, groups: Vec<Value>) -> Value {
    let clients = json!([{"id": OWN, "secret": SECRET}, {"id": OTHER, "secret": "other"}]);
    json!({"clients": clients, "identities": people, "groups": groups})
}

/// A query for everything in or below the group `connect`, to be answered within some seconds.
pub fn query(scope: Scope) -> Query {
    let top_group = (scope == Scope::Users).then(|| "connect".to_owned());
    Query {
        scope,
        only: None,
        top_group,
        details: Details::ALL,
        attribute: None,
        deadline: Instant::now() + Duration::from_secs(20),
    }
}

/// A file of tests/servers.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/servers")
        .join(name)
}

/// A running server.
pub struct FakeGlobus {
    child: Child,
    /// Where it listens.
    pub port: u16,
    _dir: TempDir,
}

impl FakeGlobus {
    /// Starts a server that knows this.
    pub fn start(world: &Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port_file = dir.path().join("port");
        let mut command = Command::new("python3");
        command.arg(script("fake_globus.py")).arg(&port_file);
        let mut child = command
            .spawn()
            .unwrap_or_else(|e| panic!("python3 is needed (Debian's package python3): {e}"));
        let deadline = Instant::now() + Duration::from_secs(20);
        let port = loop {
            if let Some(port) = std::fs::read_to_string(&port_file)
                .ok()
                .and_then(|text| text.parse().ok())
            {
                break port;
            }
            let ended = child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "fake_globus.py did not start: {ended:?}"
            );
            thread::sleep(Duration::from_millis(20));
        };
        let server = Self {
            child,
            port,
            _dir: dir,
        };
        server.control(&json!({ "world": world }));
        server
    }

    /// Where Groups and Auth are.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A configuration for it.
    pub fn config(&self) -> Config {
        Config {
            groups_url: self.url(),
            auth_url: self.url(),
            ..Config::new(OWN, "unused")
        }
    }

    /// A provider that reads it.
    pub fn globus(&self) -> Globus {
        globus(&self.config())
    }

    /// Steers it; see fake_globus.py.
    pub fn control(&self, wish: &Value) -> Value {
        let body = wish.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "POST /_control HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}",
            body.len()
        );
        write!(stream, "{head}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// From now on this goes wrong.
    pub fn faults(&self, faults: &Value) {
        self.control(&json!({ "faults": faults }));
    }

    /// What it was asked since the last time: `GET /v2/...`.
    pub fn log(&self) -> Vec<String> {
        let log = self.control(&json!({}))["log"].take();
        let line = |entry: &Value| {
            format!(
                "{} {}",
                entry["method"].as_str().unwrap(),
                entry["path"].as_str().unwrap()
            )
            .replace("%2C", ",")
        };
        log.as_array().unwrap().iter().map(line).collect()
    }

    /// Role and status of a person in a group, as the server knows them.
    pub fn standing(&self, group: u32, who: u32) -> Option<(String, String)> {
        let groups = self.control(&json!({}))["groups"].take();
        let group = groups
            .as_array()
            .unwrap()
            .iter()
            .find(|g| g["id"] == id(group))
            .unwrap()
            .clone();
        let found = group["memberships"]
            .as_array()
            .unwrap()
            .iter()
            .find(|m| m["identity_id"] == id(who))?
            .clone();
        Some((
            found["role"].as_str().unwrap().to_owned(),
            found["status"].as_str().unwrap().to_owned(),
        ))
    }

    /// A group, as the server knows it.
    pub fn known(&self, name: &str) -> Value {
        let groups = self.control(&json!({}))["groups"].take();
        groups
            .as_array()
            .unwrap()
            .iter()
            .find(|group| group["name"] == name)
            .unwrap()
            .clone()
    }
}

impl Drop for FakeGlobus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client's secret.
pub fn secrets(secret: &str) -> Secrets {
    Secrets {
        client_secret: Some(secret.to_owned().into()),
        ..Secrets::default()
    }
}

/// A provider of this configuration, with [`SECRET`] and [`MAPPING`].
pub fn globus(config: &Config) -> Globus {
    Globus::new(
        "research",
        config,
        secrets(SECRET),
        Some(MAPPING.as_bytes()),
    )
    .unwrap()
}

/// A Python with the real globus-sdk.
pub fn sdk_python() -> PathBuf {
    venv::programs("globus-sdk", &["globus-sdk>=4,<5"]).join("python")
}
