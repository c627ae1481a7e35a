//! The real `scim2-server` from PyPI, one for each test, gone when the value is dropped.
//!
//! `venv` installs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::venv;

/// What is installed.
const PACKAGE: &str = "scim2-server[cursor]==0.8.*";
/// The token that is let in.
pub const TOKEN: &str = "canary-scim-9d2e";
/// The extension with what accounts need.
pub const POSIX: &str = "urn:example:posix:2.0:User";

/// A running server.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
    _dir: TempDir,
}

impl Server {
    /// Starts a server; with cursors it says so.
    pub fn start(cursors: bool) -> Self {
        let program = venv::programs("scim2-server", &[PACKAGE]).join("scim2-server");
        let dir = tempfile::Builder::new()
            .prefix("gosync-scim-")
            .tempdir()
            .unwrap();
        let files = configuration(&program, dir.path(), cursors);
        // Another test may take a free port between our look and the server's.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let log = fs::File::create(dir.path().join("log")).unwrap();
            let mut child = Command::new(&program)
                .args(["--port", &port.to_string(), "--bearer-token", TOKEN])
                .args(&files)
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .unwrap();
            let end = Instant::now() + Duration::from_secs(60);
            while Instant::now() < end && child.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Self {
                        child,
                        port,
                        _dir: dir,
                    };
                }
                thread::sleep(Duration::from_millis(50));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!(
            "scim2-server does not start: {}",
            fs::read_to_string(dir.path().join("log")).unwrap()
        );
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v2", self.port)
    }

    /// Sends a request.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        ask(self.port, TOKEN, method, &format!("/v2{path}"), body)
    }

    /// Makes a resource; its id.
    pub fn make(&self, endpoint: &str, resource: &Value) -> String {
        let (status, made) = self.ask("POST", endpoint, resource);
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    /// Makes a person with only a login.
    pub fn person(&self, login: &str) -> String {
        self.make(
            "/Users",
            &json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": login}),
        )
    }

    /// Makes people called `u0000` and so on, in few requests.
    pub fn people(&self, count: usize) {
        let person = |n: usize| {
            let data = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("u{n:04}"),
                "externalId": format!("f-{n}"),
            });
            json!({"method": "POST", "path": "/Users", "bulkId": format!("b{n}"), "data": data})
        };
        for chunk in (0..count).collect::<Vec<_>>().chunks(100) {
            let operations: Vec<Value> = chunk.iter().map(|n| person(*n)).collect();
            let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
            let (status, answer) = self.ask(
                "POST",
                "/Bulk",
                &json!({"schemas": schemas, "Operations": operations}),
            );
            assert_eq!(status, 200, "{answer}");
        }
    }

    /// Makes a group with members of these ids.
    pub fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        let schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"];
        self.make(
            "/Groups",
            &json!({"schemas": schemas, "displayName": name, "members": members}),
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request with plain sockets, and not with what is tested.
pub fn ask(port: u16, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let value = match body {
        "" => Value::Null,
        body => serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned())),
    };
    (status, value)
}

/// The options for the extension and the features, in files.
fn configuration(program: &Path, dir: &Path, cursors: bool) -> Vec<String> {
    let script = "import scim2_server, os; print(os.path.join(os.path.dirname(scim2_server.__file__), 'resources'))";
    let python = program.with_file_name("python");
    let output = Command::new(python).args(["-c", script]).output().unwrap();
    let resources = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    let read = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(resources.join(name)).unwrap()).unwrap()
    };
    let mut schemas = read("default-schemas.json");
    let attribute = |name: &str, kind: &str, many: bool| {
        json!({"name": name, "type": kind, "multiValued": many, "description": name, "required": false, "caseExact": true,
               "mutability": "readWrite", "returned": "default", "uniqueness": "none"})
    };
    let attributes = [
        attribute("uidNumber", "integer", false),
        attribute("gidNumber", "integer", false),
        attribute("homeDirectory", "string", false),
        attribute("loginShell", "string", false),
        attribute("sshPublicKeys", "string", true),
    ];
    let schema = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": POSIX, "name": "Posix", "description": "Accounts", "attributes": attributes,
    });
    schemas.as_array_mut().unwrap().push(schema);
    let mut types = read("default-resource-types.json");
    types[0]["schemaExtensions"]
        .as_array_mut()
        .unwrap()
        .push(json!({"schema": POSIX, "required": false}));
    let mut provider = read("default-service-provider-config.json");
    if cursors {
        provider["pagination"] = json!({"cursor": true, "index": true, "defaultPaginationMethod": "index", "maxPageSize": 200});
    }
    let file = |option: &str, name: &str, document: &Value| {
        let path = dir.join(name);
        fs::write(&path, document.to_string()).unwrap();
        [option.to_owned(), path.to_str().unwrap().to_owned()]
    };
    [
        file("--schema", "schemas.json", &schemas),
        file("--resource-type", "types.json", &types),
        file("--service-provider-config", "provider.json", &provider),
    ]
    .concat()
}
