//! Stamps, for `crate::fuzzing`.

use super::stamp::{self, Stamp};
use crate::system::{files, fuzz};

const COMMAND: &str = "sync users";

/// What a stamp may say. A file is a stamp only with its digest, which nobody makes up: so the bytes are what it says, and they are
/// kept and loaded as a run does, in a directory of our own.
pub(crate) fn stamp(bytes: &[u8]) {
    let Ok(said) = serde_json::from_slice::<Stamp>(bytes) else {
        return;
    };
    let dir = fuzz::place();
    let _ = said.is_for("a", 150);
    assert!(said.keep(&dir, COMMAND).is_ok());
    let again = Stamp::load(&dir, COMMAND);
    assert!(stamp::remove(&dir, COMMAND).is_ok());
    assert!(files::remove_empty_dir(&dir).is_ok());
    assert!(again.is_none_or(|again| again == said));
}
