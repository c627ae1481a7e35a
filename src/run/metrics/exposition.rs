//! The text format of Prometheus: names, help, types and samples to text. Pure.
//!
//! Rule: prometheus.io/docs/instrumenting/exposition_formats, "Text-based format". No sample has a timestamp: node_exporter
//! refuses a file with one.

use std::fmt::Write as _;

use crate::model::shown;

/// What all names begin with.
const PREFIX: &str = "gosync_";

/// A metric with its samples.
#[derive(Debug)]
pub(super) struct Metric {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    samples: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    labels: Vec<(&'static str, String)>,
    value: f64,
}

impl Metric {
    /// A figure that rises and falls. `name`: without what all names begin with.
    pub(super) fn gauge(name: &'static str, help: &'static str) -> Self {
        Self::new(name, "gauge", help)
    }

    /// A figure that only rises; its name ends in `_total`.
    pub(super) fn counter(name: &'static str, help: &'static str) -> Self {
        Self::new(name, "counter", help)
    }

    fn new(name: &'static str, kind: &'static str, help: &'static str) -> Self {
        let samples = Vec::new();
        Self {
            name,
            kind,
            help,
            samples,
        }
    }

    /// The same with one more sample.
    pub(super) fn with<const N: usize>(
        mut self,
        labels: [(&'static str, &str); N],
        value: impl Into<Number>,
    ) -> Self {
        let labels = labels.map(|(name, value)| (name, escaped(value)));
        let Number(value) = value.into();
        self.samples.push(Sample {
            labels: labels.into(),
            value,
        });
        self
    }

    /// The same with more of them.
    pub(super) fn with_each<'a, const N: usize, V: Into<Number>>(
        self,
        samples: impl IntoIterator<Item = ([(&'static str, &'a str); N], V)>,
    ) -> Self {
        let all = samples.into_iter();
        all.fold(self, |metric, (labels, value)| metric.with(labels, value))
    }
}

/// The value of a sample.
pub(super) struct Number(f64);

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self(value)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value as f64)
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Self {
        Self(value.into())
    }
}

/// The value of a label as it stands between quotes. Text from outside may be in it.
fn escaped(value: &str) -> String {
    let mut out = String::new();
    for c in shown(value).to_string().chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out
}

/// All metrics that have samples.
pub(super) fn text(all: &[Metric]) -> String {
    let mut out = String::new();
    for metric in all.iter().filter(|metric| !metric.samples.is_empty()) {
        let Metric {
            name,
            kind,
            help,
            samples,
        } = metric;
        let _ = writeln!(
            out,
            "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}"
        );
        for Sample { labels, value } in samples {
            let labels: Vec<String> = labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{value}\""))
                .collect();
            let labels = match labels.is_empty() {
                true => String::new(),
                false => format!("{{{}}}", labels.join(",")),
            };
            let _ = writeln!(out, "{PREFIX}{name}{labels} {value}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_numbers_are_written_out() {
        let metric = Metric::gauge("x_seconds", "An x.")
            .with([("provider", "a\"b\\\n\u{1b}")], 1_800_000_000_i64)
            .with([], 0.25);
        assert_eq!(
            text(&[metric, Metric::counter("none_total", "None.")]),
            "# HELP gosync_x_seconds An x.\n# TYPE gosync_x_seconds gauge\n\
             gosync_x_seconds{provider=\"a\\\"b\\\\\\\\n\\\\u{1b}\"} 1800000000\n\
             gosync_x_seconds 0.25\n"
        );
    }
}
