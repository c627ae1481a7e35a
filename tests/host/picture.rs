//! Pictures of a scratch host: everything below its root as far as it means something, and how two of them differ.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use crate::small_host::SmallHost;

/// What stands at a path.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// The content of a file, the target of a link, nothing for a directory.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:o} {}:{} {:?}",
            self.mode,
            self.uid,
            self.gid,
            String::from_utf8_lossy(&self.content)
        )
    }
}

/// Everything below a root, by path.
pub type Picture = BTreeMap<String, Entry>;

impl SmallHost {
    /// Everything below the root, as far as it means something: see [`Picture`] and the arms of `look`.
    pub fn picture(&self) -> Picture {
        let mut picture = Picture::new();
        self.look("", &mut picture);
        picture
    }

    fn look(&self, below: &str, picture: &mut Picture) {
        let mut names: Vec<String> = fs::read_dir(self.path(below))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        for name in names {
            let path = if below.is_empty() {
                name.clone()
            } else {
                format!("{below}/{name}")
            };
            let mut meta = fs::symlink_metadata(self.path(&path)).unwrap();
            let mut content = Vec::new();
            if meta.is_symlink() {
                content = fs::read_link(self.path(&path))
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes();
            } else if meta.is_file() {
                content = fs::read(self.path(&path)).unwrap();
            }
            let mut shown = path.clone();
            match path.as_str() {
                // Backups are those of whichever run was the last to write; `differences` does not see them.
                _ if is_backup(&path) => content.clear(),
                // Who held the lock last; its kernel lock is what counts.
                "run/gosync/lock" => content.clear(),
                // What runs note of themselves, with the time.
                "var/lib/gosync/last-runs.json" => continue,
                // Which ledger, and how many transactions an interruption made of one. Runs that go on prove that it fits.
                "etc/gosync/anchor" => content.clear(),
                "var/lib/gosync/ledger.sqlite" => content = ledger(&self.path(&path)).into_bytes(),
                // Copies of the ledger are named after days, and made by whichever run finds that there is none yet.
                "var/lib/gosync/copies" => {
                    let names = fs::read_dir(self.path(&path)).unwrap();
                    let names = names.map(|e| e.unwrap().file_name().into_string().unwrap());
                    let litter: Vec<String> = names.filter(|name| name.starts_with('.')).collect();
                    if litter.is_empty() {
                        continue;
                    }
                    content = litter.join(" ").into_bytes();
                }
                // Generations are numbered by transaction. The present one is shown under its public name.
                "var/lib/extrausers" if meta.is_symlink() => {
                    content = b"a generation".to_vec();
                    self.look("var/lib/extrausers", picture);
                }
                _ if below == "var/lib/extrausers.gosync" && name.starts_with('g') => continue,
                "etc/nss_cache" if meta.is_symlink() => content = b"a generation".to_vec(),
                _ if below == "etc/nss_cache.gosync" && name.starts_with('g') => continue,
                // Where lines stand, and how far apart, depends on how many generations an interruption made of one.
                _ if below == "etc" && name.contains(".cache") && !name.ends_with('-') => {
                    let Ok(goal) = fs::metadata(self.path(&path)) else {
                        continue;
                    };
                    meta = goal;
                    content = match name.split_once(".ix") {
                        Some((file, _)) => self.index(&path, file),
                        None => without_blanks(&fs::read(self.path(&path)).unwrap()),
                    };
                }
                // When it was packed stands in an archive's name, and inside.
                _ if name.ends_with(".tar.gz") || name.ends_with(".tar.zst") => {
                    content = listing(&self.path(&path)).into_bytes();
                    shown = path.replace(|c: char| c.is_ascii_digit(), "0");
                }
                _ => {}
            }
            if path.ends_with("/shadow") || path.ends_with("/shadow.cache") {
                content = without_days(&content);
            }
            let entry = Entry {
                mode: meta.mode(),
                uid: meta.uid(),
                gid: meta.gid(),
                content,
            };
            picture.insert(shown, entry);
            if meta.is_dir() && path != "var/lib/gosync/copies" {
                self.look(&path, picture);
            }
        }
    }

    /// The keys of an index of libnss-cache, and which of them do not lead to their entries.
    fn index(&self, index: &str, file: &str) -> Vec<u8> {
        let bytes = fs::read(self.path(&format!("etc/{file}"))).unwrap();
        let records = fs::read(self.path(index)).unwrap();
        let records = records.split_inclusive(|b| *b == b'\n');
        let shown = records.flat_map(|record| {
            let mut fields = record.split(|b| *b == 0);
            let (key, offset) = (fields.next().unwrap(), fields.next().unwrap());
            let offset: usize = String::from_utf8_lossy(offset).parse().unwrap();
            let rest = bytes.get(offset..).unwrap_or_default();
            let begins = offset == 0 || bytes.get(offset - 1) == Some(&b'\n');
            let mut fields = rest.split(|b| matches!(b, b':' | b'\n'));
            let fits = begins && (fields.next() == Some(key) || fields.nth(1) == Some(key));
            [key, if fits { b"\n" } else { b" leads astray\n" }].concat()
        });
        shown.collect()
    }

    /// How many generations of the files that change together there are.
    pub fn generations(&self) -> usize {
        let entries = ["var/lib/extrausers.gosync", "etc/nss_cache.gosync"]
            .into_iter()
            .flat_map(|dir| fs::read_dir(self.path(dir)))
            .flatten()
            .flatten();
        entries
            .filter(|e| e.file_name().to_str().is_some_and(|n| n.starts_with('g')))
            .count()
    }
}

/// A file without its blank lines.
fn without_blanks(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split_inclusive(|b| *b == b'\n');
    lines
        .filter(|line| *line != b"\n")
        .collect::<Vec<_>>()
        .concat()
}

/// Shadow lines without the day on which a test ran: tests may run at midnight.
fn without_days(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let mut fields: Vec<&str> = line.split(':').collect();
        if fields.len() == 9 && fields[2] != "20000" {
            fields[2] = "today";
        }
        out.push_str(&fields.join(":"));
    }
    out.into_bytes()
}

/// What is in an archive, with modes and owners.
fn listing(path: &Path) -> String {
    let output = Command::new("tar")
        .args(["--list", "--verbose", "--numeric-owner", "--file"])
        .arg(path)
        .output();
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{} is no whole archive",
        path.display()
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a ledger says, without times and numbers of transactions.
pub fn ledger(path: &Path) -> String {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = match rusqlite::Connection::open_with_flags(path, flags) {
        Ok(db) => db,
        Err(e) => return format!("unreadable: {e}"),
    };
    let mut text = String::new();
    for sql in [
        "SELECT 'id', kind, provider, id, name, number, private_gid, subid, state, alias FROM known_ids ORDER BY kind, provider, id",
        "SELECT 'account', target, provider, id, gid, gecos, home, shell, locked, expire FROM applied_accounts \
         ORDER BY target, provider, id",
        "SELECT 'group', target, provider, id, members FROM applied_groups ORDER BY target, provider, id",
        "SELECT 'local', target, provider, name, members FROM applied_local_members ORDER BY target, provider, name",
        "SELECT 'absence', kind, provider, id, runs FROM absences ORDER BY kind, provider, id",
        "SELECT 'departure', kind, provider, id, archive FROM departures ORDER BY kind, provider, id",
        "SELECT 'former', provider, kind, id, name FROM former_names ORDER BY provider, kind, id, name",
        "SELECT 'archive', provider, id, path FROM archives ORDER BY rowid",
        "SELECT 'loss', provider, kind, id, count FROM losses ORDER BY rowid",
        // What an interruption divides among two runs is the same history: each change, and what each entry became.
        "SELECT 'history', provider, kind, id, name, change, detail FROM history ORDER BY provider, kind, id, txn, seq",
        "SELECT 'history', provider, kind, id, after, MAX(txn * 1000000 + seq) * 0 FROM history
          GROUP BY provider, kind, id ORDER BY provider, kind, id",
        "SELECT 'keys', target, provider, id, place, path, digest FROM applied_keys ORDER BY target, provider, id, place",
        "SELECT 'pending', seq, entry, provider, kind, id, change, before, body FROM pending ORDER BY seq",
        "SELECT 'hook', kind, subject, event, attempts, given_up FROM hook_queue ORDER BY txn, seq",
        "SELECT 'hook done', step FROM hook_done ORDER BY step",
        // An interruption may divide a plan among more transactions.
        "SELECT 'meta', key, value FROM meta WHERE key NOT IN ('txn', 'generation', 'ledger', 'anchored') AND key NOT LIKE 'commits %' ORDER BY key",
    ] {
        if let Err(e) = rows(&db, sql, &mut text) {
            let _ = writeln!(text, "{e}");
        }
    }
    text
}

fn rows(db: &rusqlite::Connection, sql: &str, text: &mut String) -> rusqlite::Result<()> {
    let mut statement = db.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            let value: rusqlite::types::Value = row.get(column)?;
            let _ = write!(text, "{value:?} ");
        }
        text.push('\n');
    }
    Ok(())
}

fn is_backup(path: &str) -> bool {
    path.starts_with("etc/") && path.ends_with('-')
}

/// How two pictures differ, one line for each path.
pub fn differences(found: &Picture, expected: &Picture) -> Vec<String> {
    let mut out = Vec::new();
    for path in found
        .keys()
        .chain(expected.keys())
        .collect::<std::collections::BTreeSet<_>>()
    {
        let (found, expected) = (found.get(path), expected.get(path));
        if found == expected || is_backup(path) {
            continue;
        }
        match (found, expected) {
            (Some(a), Some(b)) if path.ends_with(".sqlite") => {
                let [a, b] = [a, b].map(|entry| String::from_utf8_lossy(&entry.content));
                let lacks = |a: &str, b: &str| {
                    a.lines()
                        .filter(|l| !b.lines().any(|m| m == *l))
                        .collect::<Vec<_>>()
                        .join("\n")
                };
                out.push(format!(
                    "{path}: {}, expected {}",
                    lacks(&a, &b),
                    lacks(&b, &a)
                ));
            }
            _ => out.push(format!("{path}: {found:?}, expected {expected:?}")),
        }
    }
    out
}
