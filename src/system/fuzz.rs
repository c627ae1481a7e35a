//! Journals, for `crate::fuzzing`.

use std::path::Path;

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
