//! The metrics of a real run, as a real Prometheus scrapes them: each query of the dashboard has an answer.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bare_host::bare_host;
use crate::scratch::{Ran, ScratchHost};
use crate::web::{Reply, Web};

const PACKAGE: &str = "install the Debian package prometheus";

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that scrapes a port of this machine. It is killed when the value is dropped.
struct Prometheus {
    child: Child,
    url: String,
}

impl Prometheus {
    fn start(host: &ScratchHost, scraped: u16) -> Self {
        let config = format!(
            "global: {{scrape_interval: 200ms, evaluation_interval: 200ms}}\n\
             scrape_configs:\n  - {{job_name: node, static_configs: [{{targets: ['127.0.0.1:{scraped}']}}]}}\n"
        );
        fs::write(host.dir().join("prometheus.yml"), config).unwrap();
        let log = host.dir().join("prometheus.log");
        let child = Command::new("prometheus")
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=tsdb"])
            .arg("--web.listen-address=127.0.0.1:0")
            .current_dir(host.dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap_or_else(|e| panic!("prometheus cannot be run ({e}): {PACKAGE}"));
        let mut server = Self {
            child,
            url: String::new(),
        };
        let until = Instant::now() + PATIENCE;
        while server.url.is_empty() {
            let said = fs::read_to_string(&log).unwrap();
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < until, "{said}");
            let listens = said.lines().find(|line| line.contains("\"Listening on\""));
            let address = listens.and_then(|line| line.split("address=").nth(1));
            server.url = address.map_or_else(String::new, |at| format!("http://{at}"));
            thread::sleep(Duration::from_millis(30));
        }
        server
    }

    /// What a query finds now.
    fn query(&self, query: &str) -> Ran {
        let output = Command::new("promtool")
            .args(["query", "instant", &self.url, query])
            .output();
        let output = output.unwrap_or_else(|e| panic!("promtool cannot be run ({e}): {PACKAGE}"));
        output.into()
    }

    /// Waits until a query finds something.
    fn until(&self, query: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let ran = self.query(query);
            if ran.code == Some(0) && !ran.out.trim().is_empty() {
                return;
            }
            assert!(Instant::now() < until, "{query}: {ran:?}");
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The file of a host that has one account, one record that is refused, and a group.
fn metrics(host: &ScratchHost) -> String {
    let document = json!({
        "users": [{"id": "u-1", "login": "ann"}, {"id": "u-2", "login": "a.b"}],
        "groups": [{"id": "g-1", "name": "lab", "members": [{"user": "u-1"}]}],
    });
    host.write_with_mode("p.json", document.to_string(), 0o644);
    let config = "[metrics]\ntextfile = \"/var/lib/gosync.prom\"\n[provider.p]\nkind = \"file\"\npath = \"p.json\"\n";
    host.write_with_mode("gosync.toml", config, 0o644);
    host.gosync(&["sync"]).expect(0);
    host.read("var/lib/gosync.prom")
}

/// The queries of the panels.
fn panels() -> Vec<String> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/share/gosync/grafana/gosync.json"
    );
    let dashboard: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let query = |target: &Value| target["expr"].as_str().unwrap().replace("$instance", ".*");
    targets.map(query).collect()
}

#[test]
fn every_panel_finds_something() {
    let host = bare_host();
    let text = metrics(&host);
    let exporter = Web::start(move |_| Reply::new(200, "text/plain; version=0.0.4", text.clone()));
    let server = Prometheus::start(&host, exporter.port);
    server.until("gosync_build_info");
    let queries = panels();
    assert!(queries.len() > 10, "{queries:?}");
    for query in queries {
        // Nothing has changed since Prometheus looks: a comparison leaves nothing, and would leave all without it.
        server.until(query.trim_end_matches(" > 0"));
        server.query(&query).expect(0);
    }
    server.until("gosync_provider_records{verdict=\"refused\",kind=\"user\"} == 1");
}
