//! Plans in a file, for `crate::fuzzing`.

use super::saved::{Read, Saved};
use crate::model::Snapshot;

/// A file that is given to `gosync apply`.
pub(crate) fn saved(bytes: &[u8]) {
    let Ok(saved) = Saved::parse(bytes) else {
        return;
    };
    let text = saved.text();
    assert!(
        text.bytes()
            .all(|b| b == b'\n' || (b' '..=b'~').contains(&b))
    );
    let Ok(again) = Saved::parse(text.as_bytes()) else {
        panic!("what was written is no plan")
    };
    assert_eq!(again.text(), text);
    // What a file says, and what is read of it once it was written anew.
    let once = Snapshot::from(&saved.read);
    let twice = Snapshot::from(&Read::from(&once));
    assert!(once.directory == twice.directory);
    assert_eq!(once.rejected.len(), twice.rejected.len());
}
