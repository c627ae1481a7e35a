//! A directory tree as text.
//!
//! One line for each thing: `dir MODE PATH`, `file MODE PATH` or `link PATH -> TARGET`, with ` @UID:GID` behind the mode
//! if it does not belong to root, and the lines of a file below it, each behind a `|`. A line that ends with a single
//! backslash has no newline; `\\`, `\r` and `\xNN` stand for the bytes that they name. `base` stands for the usual
//! tree, `gone PATH` takes something out of what came before, and `file MODE PATH ...` leaves the contents open.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::host::{is_root, set_mode};

/// Contents that differ from run to run are not compared.
const OPEN: [&str; 3] = ["/var/lib/gosync/", "/run/gosync/", "/srv/archive/"];

/// Every run that changes something leaves the anchor and a copy of the ledger there, which `ledger` tests.
const KEPT: [&str; 2] = ["/etc/gosync", "/var/lib/gosync/copies"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Dir,
    File(Vec<u8>),
    Open,
    Link(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub mode: u32,
    pub owner: (u32, u32),
    pub content: Content,
}

/// What is below a root, by absolute path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<String, Entry>);

impl Tree {
    /// The usual tree of a host.
    pub fn base() -> Self {
        Self::parse(&crate::text("tests/it/scenarios/base"))
    }

    pub fn parse(text: &str) -> Self {
        let mut tree = Self::default();
        let mut last = String::new();
        for line in text.lines() {
            if let Some(content) = line.strip_prefix('|') {
                let Some(Entry {
                    content: Content::File(bytes),
                    ..
                }) = tree.0.get_mut(&last)
                else {
                    panic!("{line}")
                };
                bytes.extend(unescape(content));
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [] => {}
                [comment, ..] if comment.starts_with('#') => {}
                ["base"] => tree = Self::base(),
                ["gone", path] => assert!(tree.0.remove(path).is_some(), "{line}"),
                ["link", path, "->", to] => {
                    let content = Content::Link(to.to_owned());
                    tree.0.insert(
                        path.to_owned(),
                        Entry {
                            mode: 0o777,
                            owner: (0, 0),
                            content,
                        },
                    );
                }
                [kind @ ("dir" | "file"), mode, ref rest @ ..] => {
                    let (owner, rest) = match rest {
                        [owner, rest @ ..] if owner.starts_with('@') => (parse_owner(owner), rest),
                        rest => ((0, 0), rest),
                    };
                    let content = match (kind, &rest[1..]) {
                        ("dir", _) => Content::Dir,
                        (_, ["..."]) => Content::Open,
                        _ => Content::File(Vec::new()),
                    };
                    last = rest[0].to_owned();
                    let mode = u32::from_str_radix(mode, 8).unwrap();
                    tree.0.insert(
                        last.clone(),
                        Entry {
                            mode,
                            owner,
                            content,
                        },
                    );
                }
                _ => panic!("no manifest: {line}"),
            }
        }
        tree
    }

    /// Makes the tree at `root`.
    pub fn write(&self, root: &Path) {
        fs::create_dir_all(root).unwrap();
        set_mode(root, 0o755);
        for (path, entry) in &self.0 {
            let at = root.join(path.trim_start_matches('/'));
            match &entry.content {
                Content::Dir => fs::create_dir_all(&at).unwrap(),
                Content::File(bytes) => fs::write(&at, bytes).unwrap(),
                Content::Link(to) => std::os::unix::fs::symlink(to, &at).unwrap(),
                Content::Open => panic!("{path} has no contents"),
            }
            if is_root() {
                std::os::unix::fs::lchown(&at, Some(entry.owner.0), Some(entry.owner.1)).unwrap();
            }
            if !matches!(entry.content, Content::Link(_)) {
                set_mode(&at, entry.mode);
            }
        }
    }

    /// Reads the tree at `root`. Where owners cannot be set, everything is taken to be root's.
    pub fn read(root: &Path) -> Self {
        let mut tree = Self::default();
        read(root, root, &mut tree);
        tree
    }

    /// What has to be done to `before` to become this, as a manifest.
    pub fn changes(&self, before: &Tree) -> String {
        let mut out = String::new();
        for path in before.0.keys().filter(|path| !self.0.contains_key(*path)) {
            writeln!(out, "gone {path}").unwrap();
        }
        for (path, entry) in self
            .0
            .iter()
            .filter(|(path, entry)| before.0.get(*path) != Some(entry))
        {
            print(&mut out, path, entry);
        }
        out
    }

    /// The same without owners.
    pub fn without_owners(mut self) -> Self {
        self.0.values_mut().for_each(|entry| entry.owner = (0, 0));
        self
    }
}

fn parse_owner(word: &str) -> (u32, u32) {
    let (uid, gid) = word[1..].split_once(':').unwrap();
    (uid.parse().unwrap(), gid.parse().unwrap())
}

fn read(root: &Path, dir: &Path, tree: &mut Tree) {
    for item in fs::read_dir(dir).unwrap() {
        let at = item.unwrap().path();
        let meta = fs::symlink_metadata(&at).unwrap();
        let path = format!("/{}", at.strip_prefix(root).unwrap().to_str().unwrap());
        if KEPT.contains(&path.as_str()) {
            continue;
        }
        let content = match (meta.is_dir(), meta.is_symlink()) {
            (true, _) => Content::Dir,
            (_, true) => Content::Link(fs::read_link(&at).unwrap().to_str().unwrap().to_owned()),
            _ if OPEN.iter().any(|prefix| path.starts_with(prefix)) => Content::Open,
            _ => Content::File(fs::read(&at).unwrap()),
        };
        if content == Content::Dir {
            read(root, &at, tree);
        }
        let owner = if is_root() {
            (meta.uid(), meta.gid())
        } else {
            (0, 0)
        };
        tree.0.insert(
            path,
            Entry {
                mode: meta.mode() & 0o7777,
                owner,
                content,
            },
        );
    }
}

fn print(out: &mut String, path: &str, entry: &Entry) {
    let owner = match entry.owner {
        (0, 0) => String::new(),
        (uid, gid) => format!(" @{uid}:{gid}"),
    };
    let mode = entry.mode;
    match &entry.content {
        Content::Dir => writeln!(out, "dir {mode:04o}{owner} {path}").unwrap(),
        Content::Open => writeln!(out, "file {mode:04o}{owner} {path} ...").unwrap(),
        Content::Link(to) => writeln!(out, "link {path} -> {to}").unwrap(),
        Content::File(bytes) => {
            writeln!(out, "file {mode:04o}{owner} {path}").unwrap();
            for line in bytes.split_inclusive(|&b| b == b'\n') {
                writeln!(out, "|{}", escape(line)).unwrap();
            }
        }
    }
}

fn escape(line: &[u8]) -> String {
    let (line, end) = line
        .strip_suffix(b"\n")
        .map_or((line, "\\"), |line| (line, ""));
    let mut out = String::new();
    for chunk in line.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\r' => out.push_str("\\r"),
                c if c.is_control() => write!(out, "\\x{:02x}", u32::from(c)).unwrap(),
                c => out.push(c),
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|byte| write!(out, "\\x{byte:02x}").unwrap());
    }
    out + end
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        match (b, b == b'\\') {
            (b, false) => out.push(b),
            _ => match bytes.next() {
                None => return out,
                Some(b'r') => out.push(b'\r'),
                Some(b'x') => {
                    let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                    out.push(
                        u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap(),
                    );
                }
                Some(other) => out.push(other),
            },
        }
    }
    out.push(b'\n');
    out
}

#[test]
fn a_tree_is_what_its_text_says() {
    let text =
        "dir 0755 /etc\nfile 0640 @0:42 /etc/odd\n|a\\\\b\\r\n|\\xff\\x00\\\nlink /etc/x -> y\n";
    let tree = Tree::parse(text);
    assert_eq!(
        tree.0["/etc/odd"].content,
        Content::File(b"a\\b\r\n\xff\0".to_vec())
    );
    assert_eq!(tree.changes(&Tree::default()), text);
    let dir = tempfile::tempdir().unwrap();
    tree.write(dir.path());
    let expected = if is_root() {
        tree
    } else {
        tree.without_owners()
    };
    assert_eq!(Tree::read(dir.path()), expected);
}
