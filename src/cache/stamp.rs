//! The stamp: all that a run depended on which had nothing to do. While it is so, a run of the same command has nothing to do
//! either, and need not read everybody to know it.
//!
//! A stamp can only save a look: nothing is ever changed because of one. One that is missing, damaged, of another program or
//! another configuration is none. Rule: performance.md 4, and git's index for files that changed a moment ago.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::{Moment, hex};
use crate::system::files::Trust;
use crate::system::inputs::Inputs;
use crate::system::replace::Appearance;
use crate::system::{PathError, files, replace};

/// The first word of the file, with the version of what follows.
const MAGIC: &str = "gosync-stamp-2";

/// How many files may be looked at: with more it would take longer than reading.
const MOST: usize = 4_096;

/// Files that were changed so many seconds before they were read may have been changed again unseen.
const GRAIN: i64 = 2;

/// What had nothing to do, and on what that depended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// A digest of the configuration and the command line.
    pub(crate) asked: String,
    /// When all was read.
    pub(crate) read_at: Moment,
    /// From when on the same might have to be done otherwise, in seconds since 1970.
    pub(crate) due: Option<i64>,
    /// Until when `mark` is believed, in seconds since 1970.
    pub(crate) until: i64,
    /// What the run said of itself.
    pub(crate) summary: String,
    /// How it is known without a read that the provider has not moved.
    pub(crate) mark: Marked,
    /// How it is known by a read, before anything is made of it.
    pub(crate) answers: Option<String>,
    /// The files that it read, the program and the ledger among them.
    pub(crate) inputs: Inputs,
}

/// How it is known without a read that a provider has not moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Marked {
    /// Not at all.
    No,
    /// All that it has is in files.
    Files,
    /// It knows its content by this.
    Content(String),
}

impl Stamp {
    /// The stamp in the state directory of a command, if there is one that can be read.
    pub(crate) fn load(dir: &Path, command: &str) -> Option<Self> {
        // Whoever else could write it could keep gosync from looking.
        let bytes = files::read_trusted(&path(dir, command), Trust::Secret).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let (head, body) = text.split_once('\n')?;
        if head != self::head(body) {
            return None;
        }
        serde_json::from_str(body).ok()
    }

    /// Puts it in the place of the last one. With too many files to look at there is none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn keep(&self, dir: &Path, command: &str) -> Result<(), PathError> {
        let place = path(dir, command);
        // A path that is no text.
        let Ok(body) = serde_json::to_string(self) else {
            return remove(dir, command);
        };
        if self.inputs.len() > MOST {
            return remove(dir, command);
        }
        let text = format!("{}\n{body}", head(&body));
        let staged = place.with_extension("new");
        let (mode, gid) = (0o600, None);
        replace::write(&staged, text.as_bytes(), Appearance { mode, gid })?;
        files::rename(&staged, &place)
    }

    /// Whether it is for what is asked now, and the clock lets it be.
    pub(crate) fn is_for(&self, asked: &str, now: i64) -> bool {
        self.asked == asked && self.read_at.0 <= now && self.due.is_none_or(|due| now < due)
    }

    /// Whether it can save anything.
    pub(crate) fn is_of_use(&self) -> bool {
        let is_marked = self.mark != Marked::No && self.read_at.0 < self.until;
        is_marked || self.answers.is_some()
    }

    /// Whether no file can have been changed unseen since they were read, and the clock was not set back meanwhile. `now`: seconds since
    /// 1970.
    pub(crate) fn is_settled(&self, now: i64) -> bool {
        let begun = self.read_at.0.saturating_sub(GRAIN);
        let is_new = self.inputs.values().any(|seen| seen.is_of(begun));
        !is_new && self.is_for(&self.asked, now) && self.are_files_still()
    }

    /// Whether all files are as they were.
    pub(crate) fn are_files_still(&self) -> bool {
        self.inputs.iter().all(|(path, seen)| seen.is_still(path))
    }
}

/// Takes away the stamp of a command, if there is one.
///
/// # Errors
/// When it stays.
pub(crate) fn remove(dir: &Path, command: &str) -> Result<(), PathError> {
    let place = path(dir, command);
    match files::look(&place)? {
        Some(_) => files::remove(&place),
        None => Ok(()),
    }
}

/// Where the stamp of a command is.
pub(crate) fn path(dir: &Path, command: &str) -> PathBuf {
    place(dir, command, "stamp")
}

/// Where something is kept for what is typed. Two that differ in odd characters alone would be kept in one place, and know that it
/// is not theirs.
pub(crate) fn place(dir: &Path, typed: &str, what: &str) -> PathBuf {
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let words: String = typed.chars().map(word).collect();
    dir.join(format!("{words}.{what}"))
}

fn head(body: &str) -> String {
    format!("{MAGIC} {}", hex(&Sha256::digest(body)))
}

/// A digest of a text, by which another text is told apart.
pub(crate) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn stamp() -> Stamp {
        Stamp {
            asked: "a".to_owned(),
            read_at: Moment(100),
            due: Some(300),
            until: 200,
            summary: "nothing to do, 3 unchanged".to_owned(),
            mark: Marked::Content("csn=1".to_owned()),
            answers: None,
            inputs: Inputs::new(),
        }
    }

    #[test]
    fn a_stamp_that_is_damaged_in_any_byte_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        assert_eq!(Stamp::load(dir, "sync users"), None);
        stamp().keep(dir, "sync users").unwrap();
        assert_eq!(Stamp::load(dir, "sync users"), Some(stamp()));
        assert_eq!(Stamp::load(dir, "sync groups"), None);
        let file = dir.join("sync-users.stamp");
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&file, &bytes).unwrap();
            assert_eq!(Stamp::load(dir, "sync users"), None, "byte {at}");
            fs::write(&file, &whole[..at]).unwrap();
            assert_eq!(Stamp::load(dir, "sync users"), None, "cut at {at}");
        }
        remove(dir, "sync users").unwrap();
        remove(dir, "sync users").unwrap();
        assert_eq!(fs::read_dir(dir).unwrap().count(), 0);
    }

    #[test]
    fn a_stamp_holds_for_what_was_asked_and_for_its_time() {
        let it = stamp();
        assert!(it.is_for("a", 100) && it.is_for("a", 299));
        assert!(!it.is_for("b", 150), "another configuration");
        assert!(!it.is_for("a", 99), "the clock was set back");
        assert!(!it.is_for("a", 300), "something is due");
        let never = Stamp { due: None, ..it };
        assert!(never.is_for("a", i64::MAX));
    }
}
