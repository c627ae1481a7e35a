//! The anchor: a file beside the databases, of the same transaction, that says which ledger belongs to them.
//!
//! What it says is the ledger's; here it is bytes.

use std::path::PathBuf;

use super::error::LocalError;
use super::local::Local;
use crate::model::anchor::Anchor;
use crate::system::files;
use crate::system::journal::{Hash, Step};
use crate::system::replace::{self, Appearance, staging_dir};

/// The directory that it is in.
pub(super) const DIR: &str = "/etc/gosync";

/// Where it really is.
pub(super) fn path(target: &Local) -> PathBuf {
    target.root.path(Anchor::PATH)
}

/// Writes the new one beside the old one and to disk. Returns the step that puts it in place.
pub(super) fn prepare(target: &Local, anchor: &Anchor) -> Result<Step, LocalError> {
    let (path, dir) = (path(target), target.root.path(DIR));
    files::ensure_open_path(&dir)?;
    let staging = staging_dir(&dir);
    files::ensure_private_dir(&staging)?;
    let (staged, bytes) = (staging.join("anchor"), anchor.to_string().into_bytes());
    let appearance = Appearance {
        mode: 0o644,
        gid: None,
    };
    replace::stage(&staged, &bytes, &path, appearance)?;
    files::sync_dir(&staging)?;
    Ok(Step::Replace {
        old: files::read_plain(&path)?.map(|old| Hash::of(&old)),
        new: Hash::of(&bytes),
        staged,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_in_its_directory() {
        assert!(Anchor::PATH.starts_with(&format!("{DIR}/")));
    }
}
