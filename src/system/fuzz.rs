//! Journals, and a place for what is fuzzed with files, for `crate::fuzzing`.

use std::path::{Path, PathBuf};

use super::files;
use super::journal::Journal;

/// A journal that an earlier process left, or somebody else. None of its steps is carried out.
pub(crate) fn journal(bytes: &[u8]) {
    let Ok(journal) = Journal::read(bytes) else {
        return;
    };
    let _ = journal.is_below(Path::new("/srv"));
    let inside = journal.is_below(Path::new("/"));
    let directories = journal.directories();
    assert!(!inside || directories.iter().all(|dir| dir.is_absolute()));
    let Ok(written) = journal.written() else {
        panic!("what was read cannot be written")
    };
    let again = Journal::read(&written);
    assert!(again.is_ok_and(|again| again == journal));
}

/// A directory of this process, and of this thread of it.
pub(crate) fn place() -> PathBuf {
    let (process, thread) = (std::process::id(), std::thread::current().id());
    let dir = std::env::temp_dir().join(format!("gosync-fuzz-{process}-{thread:?}"));
    assert!(files::ensure_private_dir(&dir).is_ok(), "{dir:?}");
    dir
}
