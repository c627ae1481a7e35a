//! What ships for Prometheus and Grafana, beside the metrics of real runs: promtool's judgement, and that every query, rule and line
//! of the manual names metrics that there are.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use gosync::testing::cli::text as words;
use serde_json::Value;

use crate::metrics::{in_step, say, sync};
use crate::scratch::Ran;
use crate::{here, text};

const RULES: &str = "share/gosync/prometheus/gosync.rules.yml";
const DASHBOARD: &str = "share/gosync/grafana/gosync.json";

/// Runs promtool with something on standard input.
fn promtool(dir: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut child = Command::new("promtool")
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| {
            panic!("promtool cannot be run ({e}): install the Debian package prometheus")
        });
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap().into()
}

/// The metrics that a text of Prometheus' format has.
fn metrics_of(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

/// The names of metrics in a query.
fn named_in(query: &str) -> BTreeSet<String> {
    let name = regex::Regex::new(r"\bgosync_[a-z_]+").unwrap();
    let found = name.find_iter(query);
    found.map(|found| found.as_str().to_owned()).collect()
}

/// Every text under one of these keys, anywhere.
fn queries(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "expr" || key == "query" => {
                        out.push(text.clone());
                    }
                    other => queries(other, out),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|value| queries(value, out)),
        _ => {}
    }
}

fn dashboard() -> Vec<String> {
    let mut out = Vec::new();
    queries(&serde_json::from_str(&text(DASHBOARD)).unwrap(), &mut out);
    out
}

#[test]
fn promtool_finds_nothing_wrong_with_the_metrics_of_real_runs() {
    let host = in_step();
    let good = crate::metrics::text(&host);
    host.write("p.json", "{");
    sync(&host).expect(12);
    let failed = crate::metrics::text(&host);
    say(&host, "p", &crate::metrics::people(&["ann"]));
    sync(&host).expect(0);
    let changed = crate::metrics::text(&host);
    for text in [good, failed, changed] {
        let ran = promtool(host.dir(), &["check", "metrics"], &text);
        assert_eq!(
            (ran.code, ran.err.as_str()),
            (Some(0), ""),
            "{ran:?}\n{text}"
        );
    }
}

#[test]
fn the_rules_fire_when_they_should_and_not_else() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(here(RULES), dir.path().join("gosync.rules.yml")).unwrap();
    std::fs::copy(
        here("tests/it/gosync.rules.test.yml"),
        dir.path().join("test.yml"),
    )
    .unwrap();
    promtool(
        dir.path(),
        &["check", "rules", "--lint-fatal", "gosync.rules.yml"],
        "",
    )
    .expect(0);
    promtool(dir.path(), &["test", "rules", "test.yml"], "").expect(0);
    // None of them is forgotten there.
    let tested = text("tests/it/gosync.rules.test.yml");
    let rules = text(RULES);
    let alerts = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let alerts: Vec<&str> = alerts.collect();
    assert!(alerts.len() > 5, "{alerts:?}");
    for alert in alerts {
        let fires = tested.contains(&format!("alertname: {alert}\n        exp_alerts:"));
        assert!(fires, "{alert} is never seen to fire");
    }
}

#[test]
fn every_query_is_one_and_names_metrics_that_there_are() {
    let known = metrics_of(&crate::metrics::text(&in_step()));
    let rules = text(RULES);
    let of_rules = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "));
    let queries: Vec<String> = of_rules.map(str::to_owned).chain(dashboard()).collect();
    let mut named = BTreeSet::new();
    for query in &queries {
        named.extend(named_in(query));
    }
    let unknown: Vec<_> = named.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(named.len() > 10, "{named:?}");
    // What only Grafana knows, a variable or a function of its own, is no query yet.
    let is_query =
        |query: &&String| query.contains("gosync_") && !query.starts_with("label_values");
    let rules = queries
        .iter()
        .filter(is_query)
        .enumerate()
        .map(|(n, query)| {
            let query = query.replace("$instance", ".*");
            format!(
                "      - record: q{n}\n        expr: {}\n",
                Value::from(query)
            )
        });
    let rules: String = rules.collect();
    let file = format!("groups:\n  - name: queries\n    rules:\n{rules}");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("queries.yml"), file).unwrap();
    promtool(dir.path(), &["check", "rules", "queries.yml"], "").expect(0);
}

#[test]
fn the_manual_has_each_metric_with_its_labels() {
    let text = crate::metrics::text(&in_step());
    let mut labels: BTreeSet<String> = BTreeSet::new();
    let value = regex::Regex::new(r#"="[^"]*""#).unwrap();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let sample = line.rsplit_once(' ').unwrap().0;
        labels.insert(value.replace_all(sample, "").into_owned());
    }
    let told = words::METRIC_NAMES
        .iter()
        .map(|(name, _)| (*name).to_owned());
    assert_eq!(told.collect::<BTreeSet<_>>(), labels);
}
