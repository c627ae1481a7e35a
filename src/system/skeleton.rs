//! What new homes begin with: whoever can write there writes into every home that is made.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::programs::Distrust;
use super::{Context as _, PathError, files};

/// How deep directories of a skeleton may be nested.
const DEPTH: usize = 64;

/// Why no home is made from a skeleton: others may write it, or something in it, or a directory above it that is below
/// `top`. `None`: nothing speaks against it, or there is none.
///
/// # Errors
/// When it cannot be looked at.
pub(crate) fn distrust(skel: &Path, top: &Path) -> Result<Option<Distrust>, PathError> {
    if !files::goal(skel)?.is_some_and(|real| real.is_dir()) {
        return Ok(None);
    }
    match files::untrusted_directory(skel, top)? {
        None => below(skel, DEPTH),
        found => Ok(found),
    }
}

fn below(dir: &Path, depth: usize) -> Result<Option<Distrust>, PathError> {
    if depth == 0 {
        return Ok(Some(Distrust::Odd("it is nested too deep")));
    }
    for name in files::list(dir)? {
        let path = dir.join(name);
        let meta = fs::symlink_metadata(&path).on("look at", &path)?;
        if !files::is_trusted_owner(meta.uid()) {
            return Ok(Some(Distrust::Owner(path, meta.uid())));
        }
        if !meta.is_symlink() && meta.mode() & 0o022 != 0 {
            return Ok(Some(Distrust::Writable(path)));
        }
        if meta.is_dir()
            && let Some(found) = below(&path, depth - 1)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_skeleton_is_roots_with_all_that_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let skel = dir.path().join("etc/skel");
        let found = || distrust(&skel, dir.path()).unwrap();
        assert!(found().is_none(), "there is none");
        fs::create_dir_all(skel.join(".config/a")).unwrap();
        fs::write(skel.join(".config/a/b"), "").unwrap();
        std::os::unix::fs::symlink("/nowhere", skel.join("link")).unwrap();
        let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
        let parts = [
            "etc",
            "etc/skel",
            "etc/skel/.config/a",
            "etc/skel/.config/a/b",
        ];
        let paths = parts.map(|part| dir.path().join(part));
        paths.iter().for_each(|path| set(path, 0o755).unwrap());
        set(&dir.path().join("etc/skel/.config"), 0o755).unwrap();
        assert!(found().is_none());
        for path in &paths {
            set(path, 0o775).unwrap();
            assert!(
                matches!(found(), Some(Distrust::Writable(at)) if at == *path),
                "{path:?}"
            );
            set(path, 0o755).unwrap();
        }
    }
}
