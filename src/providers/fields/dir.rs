//! A directory of key files, each named after a person, with or without `.pub`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::lookup::Lookup;
use super::{Answer, KeySource, decode};
use crate::model::{FieldSource, User, shown};
use crate::system::files;

/// The largest key file that is read.
const MAX_BYTES: u64 = 256 << 10;

/// What a key file's name may end with.
const SUFFIX: &str = ".pub";

/// The directory.
#[derive(Clone, Debug)]
pub(super) struct KeysDir {
    path: PathBuf,
    by: Lookup,
    owner: Option<u32>,
}

impl KeysDir {
    /// `owner`: who may own it and its files, besides root and us.
    pub(super) fn new(path: PathBuf, by: Lookup, owner: Option<u32>) -> Self {
        Self { path, by, owner }
    }

    /// Reads which files there are, once.
    pub(super) fn open(&self) -> Files<'_> {
        let names = files::check_source_directory(&self.path, self.owner)
            .and_then(|()| files::entries(&self.path))
            .map_err(|e| {
                let reason = shown_error(&e);
                match files::is_distrust(&e) {
                    true => format!(
                        "it cannot be trusted: {reason}; a service account that is to write it is named by `owner`"
                    ),
                    false => format!("it cannot be read: {reason}"),
                }
            });
        // A mount that failed leaves an empty one.
        let names = match names {
            Ok(names) if names.is_empty() => {
                Err("it is empty; put a file README there if that is meant".to_owned())
            }
            other => other,
        };
        Files { dir: self, names }
    }
}

/// The directory, in one run.
pub(super) struct Files<'a> {
    dir: &'a KeysDir,
    names: Result<BTreeSet<String>, String>,
}

impl KeySource for Files<'_> {
    fn place(&self) -> String {
        self.dir.path.display().to_string()
    }

    fn kind(&self) -> FieldSource {
        FieldSource::KeysDir
    }

    fn ask(&mut self, user: &User) -> Answer {
        let names = match &self.names {
            Ok(names) => names,
            Err(reason) => return Answer::Unknown(reason.clone()),
        };
        let Some(word) = self.dir.by.of(user) else {
            return Answer::Nothing;
        };
        if !is_plain(word) {
            return Answer::Unknown(format!(
                "the {} cannot be the name of a key file",
                self.dir.by
            ));
        }
        let there = [word.to_owned(), format!("{word}{SUFFIX}")]
            .into_iter()
            .filter(|name| names.contains(name));
        let mut keys = None;
        for name in there {
            match self.read(&name) {
                Ok(more) => keys.get_or_insert_with(Vec::new).extend(more),
                Err(reason) => return Answer::Unknown(format!("{name}: {reason}")),
            }
        }
        keys.map_or(Answer::Nothing, Answer::Keys)
    }
}

impl Files<'_> {
    fn read(&self, name: &str) -> Result<Vec<crate::model::Untrusted>, String> {
        let bytes = files::read_entry((&self.dir.path, self.dir.owner), name, MAX_BYTES)
            .map_err(|e| shown_error(&e))?;
        let bytes = bytes.ok_or_else(|| "it vanished meanwhile".to_owned())?;
        decode::keys(std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8".to_owned())?)
    }
}

fn shown_error(error: &crate::system::PathError) -> String {
    shown(&error.source.to_string()).to_string()
}

/// Whether a word is looked for: plain letters, and not one that is another person's with the
/// suffix.
fn is_plain(word: &str) -> bool {
    let plain = word
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@' | b'+' | b'='));
    plain
        && (1..=200).contains(&word.len())
        && !word.starts_with(['.', '-'])
        && !word.ends_with(SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_that_are_nobody_elses_are_looked_for() {
        for word in ["ann", "ann.lee", "u-1", "ann@example.org", "A+b=", "00u1"] {
            assert!(is_plain(word), "{word}");
        }
        for word in [
            "",
            ".",
            "..",
            ".ssh",
            "-x",
            "a/b",
            "ann.pub",
            "a\0b",
            "a b",
            "zoë",
            "x\n",
            &"x".repeat(201),
        ] {
            assert!(!is_plain(word), "{word:?}");
        }
    }
}
