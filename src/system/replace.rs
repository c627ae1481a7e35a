//! Writes a new version of a file beside the old one, so that one rename puts it in place.
//!
//! Mode, owner, ACL, extended attributes and security label are those of the old file. Nothing is visible under the
//! real name, and everything is on disk, before the rename.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::libc::{O_CLOEXEC, O_NOFOLLOW};
use xattr::FileExt as _;

use super::{Context as _, PathError, files, mounts};

/// The attribute that holds a file's ACL, acl(5).
const ACL: &str = "system.posix_acl_access";

/// What a new file looks like where there is no old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appearance {
    /// Permission bits.
    pub mode: u32,
    /// Owning group, if it matters.
    pub gid: Option<u32>,
}

/// Writes `bytes` to `staged`, looking like `like` if that exists and like `otherwise` if not; reads them back.
///
/// # Errors
/// When anything fails; `staged` may be left behind then.
pub(crate) fn stage(
    staged: &Path,
    bytes: &[u8],
    like: &Path,
    otherwise: Appearance,
) -> Result<(), PathError> {
    let mut file = begin(staged, bytes)?;
    match fs::symlink_metadata(like) {
        Ok(old) => copy_appearance(&file, staged, like, &old)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => appear(&file, staged, otherwise)?,
        Err(e) => return Err(e).on("look at", like),
    }
    file.sync_all().on("sync", staged)?;
    verify(&mut file, staged, bytes)
}

/// Writes `bytes` to `staged`, looking like `appearance` whatever stood there before; reads them back. They are not on
/// disk yet: of many files, [`super::homes::sync`] writes all at once.
///
/// # Errors
/// As [`stage`].
pub(crate) fn write(staged: &Path, bytes: &[u8], appearance: Appearance) -> Result<(), PathError> {
    let mut file = begin(staged, bytes)?;
    appear(&file, staged, appearance)?;
    verify(&mut file, staged, bytes)
}

fn begin(staged: &Path, bytes: &[u8]) -> Result<File, PathError> {
    files::remove(staged)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(O_NOFOLLOW | O_CLOEXEC)
        .open(staged)
        .on("make", staged)?;
    file.write_all(bytes).on("write", staged)?;
    Ok(file)
}

fn appear(file: &File, staged: &Path, appearance: Appearance) -> Result<(), PathError> {
    if let Some(gid) = appearance.gid {
        own(file, staged, None, Some(gid))?;
    }
    file.set_permissions(Permissions::from_mode(appearance.mode))
        .on("set the mode of", staged)
}

fn verify(file: &mut File, staged: &Path, bytes: &[u8]) -> Result<(), PathError> {
    file.rewind().on("read back", staged)?;
    if !files::holds(file, bytes).on("read back", staged)? {
        return Err(io::Error::other(
            "what was read back is not what was written",
        ))
        .on("verify", staged);
    }
    Ok(())
}

fn copy_appearance(
    file: &File,
    staged: &Path,
    like: &Path,
    old: &fs::Metadata,
) -> Result<(), PathError> {
    let new = file.metadata().on("look at", staged)?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        own(file, staged, Some(old.uid()), Some(old.gid()))?;
    }
    // A directory's default ACL comes to every new file in it; the old one may have had none.
    if matches!(file.get_xattr(ACL), Ok(Some(_))) && !matches!(xattr::get(like, ACL), Ok(Some(_))) {
        file.remove_xattr(ACL)
            .on("take an inherited ACL from", staged)?;
    }
    file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))
        .on("set the mode of", staged)?;
    for name in xattr::list(like).into_iter().flatten() {
        let Ok(Some(value)) = xattr::get(like, &name) else {
            continue;
        };
        match file.get_xattr(&name) {
            Ok(Some(same)) if same == value => {}
            _ => file
                .set_xattr(&name, &value)
                .on("set an extended attribute of", staged)?,
        }
    }
    Ok(())
}

fn own(file: &File, path: &Path, uid: Option<u32>, gid: Option<u32>) -> Result<(), PathError> {
    if super::process::is_root() {
        std::os::unix::fs::fchown(file, uid, gid).on("change the owner of", path)?;
    }
    Ok(())
}

/// Replaces a file at once, by a new version that looks like the old one, and writes that to disk.
///
/// # Errors
/// When it stays as it was.
pub(crate) fn now(path: &Path, bytes: &[u8]) -> Result<(), PathError> {
    probe(path)?;
    let dir = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = dir.join(format!(".{name}.gosync"));
    let done = stage(
        &staged,
        bytes,
        path,
        Appearance {
            mode: 0o600,
            gid: None,
        },
    )
    .and_then(|()| files::rename(&staged, path));
    if done.is_err() {
        let _ = files::remove(&staged); // the first error counts
    }
    done.and_then(|()| files::sync_dir(dir))
}

/// Finds out, before anything is written, whether `path` can be replaced by a rename.
///
/// # Errors
/// When it is a mount point, hard-linked, immutable, or on a read-only file system.
pub(crate) fn probe(path: &Path) -> Result<(), PathError> {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let complain = |reason: &str| Err(io::Error::other(reason.to_owned())).on("replace", path);
    if meta.nlink() > 1 {
        return complain("it has other hard links, which a new file would lose");
    }
    if mounts::is_mount_point(path) {
        return complain("it is a mount point (a bind mount?), and nothing can be renamed onto it");
    }
    // An immutable or append-only file, and one on a read-only file system, cannot be opened for writing.
    match OpenOptions::new()
        .write(true)
        .custom_flags(O_NOFOLLOW | O_CLOEXEC)
        .open(path)
    {
        Ok(_) => Ok(()),
        Err(e) if e.raw_os_error() == Some(nix::libc::EPERM) => {
            complain("it is immutable or append-only (see lsattr)")
        }
        Err(e) => Err(e).on("replace", path),
    }
}

/// Where new versions of the files in `dir` are written.
pub(crate) fn staging_dir(dir: &Path) -> PathBuf {
    dir.join(".gosync")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_version_looks_like_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("old"), dir.path().join("new"));
        fs::write(&old, "old").unwrap();
        fs::set_permissions(&old, Permissions::from_mode(0o640)).unwrap();
        let attribute = xattr::set(&old, "user.note", b"kept");
        stage(
            &new,
            b"new",
            &old,
            Appearance {
                mode: 0o600,
                gid: None,
            },
        )
        .unwrap();
        assert_eq!(fs::read(&new).unwrap(), b"new");
        assert_eq!(fs::metadata(&new).unwrap().mode() & 0o7777, 0o640);
        if attribute.is_ok() {
            assert_eq!(xattr::get(&new, "user.note").unwrap().unwrap(), b"kept");
        }
    }

    #[test]
    fn a_hard_linked_file_is_found_out() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&a, "x").unwrap();
        assert!(probe(&a).is_ok());
        fs::hard_link(&a, &b).unwrap();
        assert!(probe(&a).unwrap_err().to_string().contains("hard links"));
    }
}
