//! What a run makes of a derived target, or would make of it: the same words for both, so that a dry run can be held against the run.
//!
//! Of a file, which of its lines come and go. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value;

/// How many names a message has for one deed.
const SHOWN: usize = 5;

/// A packed file that is longer is not compared line by line.
const MOST: u64 = 1 << 30;

/// One deed, and to what it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What was done, such as `added`.
    pub what: &'static str,
    /// The file; none: an entry of a directory.
    pub path: Option<PathBuf>,
    /// To which lines, or entries.
    pub names: Vec<String>,
}

impl Made {
    /// How many, and whose names begin.
    pub fn words(&self) -> String {
        let names = crate::model::first_names(self.names.iter().map(String::as_str), SHOWN);
        match self.names.len() {
            0 => self.what.to_owned(),
            n => format!("{n} {} ({names})", self.what),
        }
    }

    /// How many.
    pub fn count(&self) -> String {
        match self.names.len() {
            0 => self.what.to_owned(),
            n => format!("{n} {}", self.what),
        }
    }
}

/// How the content of a file is compared with what stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Line by line.
    Lines,
    /// A packed directory document: record by record.
    Records,
    /// As a whole.
    Whole,
}

impl Content {
    /// What becomes of a file; `before`: what is there. Nothing, if it is the same.
    pub fn compare(self, before: Option<&[u8]>, after: &[u8]) -> Vec<(&'static str, Vec<String>)> {
        if before == Some(after) {
            return Vec::new();
        }
        let told = match self {
            Self::Lines => lines(before.unwrap_or_default(), after),
            Self::Records => records(before.unwrap_or_default(), after),
            Self::Whole => Vec::new(),
        };
        match told.is_empty() {
            true => vec![("written", Vec::new())],
            false => told,
        }
    }
}

fn named(all: [(&'static str, Vec<String>); 3]) -> Vec<(&'static str, Vec<String>)> {
    all.into_iter()
        .filter(|(_, names)| !names.is_empty())
        .collect()
}

fn lines(before: &[u8], after: &[u8]) -> Vec<(&'static str, Vec<String>)> {
    let of = |bytes| {
        let text = String::from_utf8_lossy(bytes);
        text.lines().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let (before, after) = (of(before), of(after));
    named([
        ("added", after.difference(&before).cloned().collect()),
        ("removed", before.difference(&after).cloned().collect()),
        ("changed", Vec::new()),
    ])
}

/// The records of a packed document, by what they are and their ids; nothing of one that cannot be read.
fn unpacked(bytes: &[u8]) -> BTreeMap<(bool, String), (String, Value)> {
    let mut text = String::new();
    let read = GzDecoder::new(bytes).take(MOST).read_to_string(&mut text);
    if read.is_err() {
        return BTreeMap::new();
    }
    text.lines().filter_map(record).collect()
}

/// The record in a line of a document, which has one a line.
fn record(line: &str) -> Option<((bool, String), (String, Value))> {
    let line = line.strip_suffix(',').unwrap_or(line);
    let short = ["", "]", "]}"].into_iter();
    let mut records = short.filter_map(|end| serde_json::from_str(line.strip_suffix(end)?).ok());
    let record: Value = records.next()?;
    let text = |key: &str| Some(record.get(key)?.as_str()?.to_owned());
    let (id, login) = (text("id")?, text("login"));
    let name = login.clone().or_else(|| text("name"))?;
    Some(((login.is_none(), id), (name, record)))
}

fn records(before: &[u8], after: &[u8]) -> Vec<(&'static str, Vec<String>)> {
    let (before, after) = (unpacked(before), unpacked(after));
    let mut all = [
        ("added", Vec::new()),
        ("removed", Vec::new()),
        ("changed", Vec::new()),
    ];
    let [(_, added), (_, removed), (_, changed)] = &mut all;
    for (key, (name, record)) in &after {
        match before.get(key) {
            None => added.push(name.clone()),
            Some((_, old)) if old != record => changed.push(name.clone()),
            Some(_) => {}
        }
    }
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    removed.extend(gone.map(|(_, (name, _))| name.clone()));
    named(all)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, GzBuilder};

    use super::*;

    fn words(told: &[(&'static str, Vec<String>)]) -> Vec<String> {
        let made = told.iter().map(|(what, names)| Made {
            what,
            path: None,
            names: names.clone(),
        });
        made.map(|it| it.words()).collect()
    }

    #[test]
    fn lines_come_and_go() {
        let told = Content::Lines.compare(Some(b"a\nb\n"), b"b\nc\nd\n");
        assert_eq!(words(&told), ["2 added (c, d)", "1 removed (a)"]);
        let told = Content::Lines.compare(Some(b"a\nb\n"), b"b\na\n");
        assert_eq!(words(&told), ["written"], "only their order");
        assert_eq!(words(&Content::Lines.compare(None, b"")), ["written"]);
        assert!(Content::Lines.compare(Some(b"a\n"), b"a\n").is_empty());
    }

    #[test]
    fn records_are_compared_by_their_ids() {
        let packed = |text: &str| {
            let mut packer = GzBuilder::new().write(Vec::new(), Compression::default());
            packer.write_all(text.as_bytes()).unwrap();
            packer.finish().unwrap()
        };
        let before = packed(
            "{\"complete\":true,\n\"users\": [\n{\"id\":\"1\",\"login\":\"ann\"},\n{\"id\":\"2\",\"login\":\"bob\"}],\n\
             \"groups\": [\n{\"id\":\"1\",\"members\":[{\"user\":\"1\"}],\"name\":\"team\"},\n\
             {\"id\":\"2\",\"name\":\"old\",\"members\":[]}]}\n",
        );
        let after = packed(
            "{\"complete\":true,\n\"users\": [\n{\"id\":\"1\",\"login\":\"anna\"}],\n\
             \"groups\": [\n{\"id\":\"1\",\"members\":[{\"user\":\"1\"}],\"name\":\"team\"},\n\
             {\"id\":\"3\",\"name\":\"new\",\"members\":[{\"user\":\"1\"}]}]}\n",
        );
        let told = Content::Records.compare(Some(&before), &after);
        assert_eq!(
            words(&told),
            ["1 added (new)", "2 removed (bob, old)", "1 changed (anna)"]
        );
        let told = Content::Records.compare(Some(b"spoilt"), &after);
        assert_eq!(words(&told), ["3 added (anna, team, new)"]);
    }
}
