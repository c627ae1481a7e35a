//! A file of gosync's that everybody may read, in a directory that belongs to another program's package.
//!
//! It is replaced by a rename, so that whoever reads it finds the old one or the new one, whole; and not synced, since the
//! next run writes it again. Everything goes by the directory as it was opened: nobody can lead a write elsewhere.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, fchmod, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::{Context as _, PathError, files};

/// Everybody may read it.
const MODE: u32 = 0o644;

/// Replaces the file. `top`: above which nothing is looked at.
///
/// # Errors
/// When its directory is not there or may be written by others, or when writing fails; it is as it was then.
pub(crate) fn replace(path: &Path, top: &Path, bytes: &[u8]) -> Result<(), PathError> {
    let opened = open(path, top)?;
    let staged = files::beside(path)?;
    let names = staged.file_name().zip(path.file_name());
    let (staged, name) = names
        .ok_or_else(|| io::Error::other("it is no name of a file"))
        .on("write", path)?;
    let (staged, name) = (Path::new(staged), Path::new(name));
    let done = stage(opened.as_fd(), staged, bytes)
        .and_then(|()| Ok(renameat(&opened, staged, &opened, name)?));
    if done.is_err() {
        let _ = take_away(opened.as_fd(), staged); // the first error counts
    }
    done.on("write", path)
}

/// Finds out whether the directory of such a file is one that it could be written into.
///
/// # Errors
/// As [`replace`].
pub(crate) fn look(path: &Path, top: &Path) -> Result<(), PathError> {
    open(path, top).map(drop)
}

fn open(path: &Path, top: &Path) -> Result<OwnedFd, PathError> {
    let dir = files::directory_of(path);
    let opened = files::open_own_directory(dir, top).map_err(io::Error::other);
    opened.on("write into", dir)
}

/// Writes it under another name first.
fn stage(dir: BorrowedFd<'_>, staged: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a run left that was killed here.
    take_away(dir, staged)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(dir, staged, flags, Mode::RUSR | Mode::WUSR)?;
    let mut file = File::from(file);
    file.write_all(bytes)?;
    Ok(fchmod(&file, Mode::from_raw_mode(MODE))?)
}

fn take_away(dir: BorrowedFd<'_>, name: &Path) -> io::Result<()> {
    match unlinkat(dir, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn names(dir: &Path) -> Vec<std::ffi::OsString> {
        files::list(dir).unwrap()
    }

    fn publish(path: &Path, top: &Path) -> Result<(), String> {
        replace(path, top, b"new\n").map_err(|e| e.to_string())
    }

    #[test]
    fn it_is_whole_and_for_everybody_and_nothing_is_left_beside_it() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("x.prom");
        fs::write(top.path().join(".x.prom.gosync"), "half").unwrap();
        for _ in 0..2 {
            publish(&path, top.path()).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new\n");
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o644);
            assert_eq!(names(top.path()), ["x.prom"]);
        }
    }

    #[test]
    fn a_directory_that_is_away_or_that_others_may_write_is_left_alone() {
        let top = tempfile::tempdir().unwrap();
        let away = publish(&top.path().join("away/x.prom"), top.path()).unwrap_err();
        assert!(away.contains("No such file or directory"), "{away}");
        let open = top.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let complaint = publish(&open.join("x.prom"), top.path()).unwrap_err();
        assert!(complaint.contains("others may write"), "{complaint}");
        assert!(names(&open).is_empty());
        // One above it may be somebody else's.
        let below = open.join("below");
        fs::create_dir(&below).unwrap();
        publish(&below.join("x.prom"), top.path()).unwrap();
        // But a link there may not.
        symlink(&below, open.join("link")).unwrap();
        let linked = publish(&open.join("link/x.prom"), top.path()).unwrap_err();
        assert!(linked.contains("others may write"), "{linked}");
    }

    #[test]
    fn what_cannot_be_replaced_leaves_nothing_behind() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("x.prom");
        fs::create_dir(&path).unwrap();
        assert!(publish(&path, top.path()).is_err());
        assert_eq!(names(top.path()), ["x.prom"]);
    }

    #[test]
    fn a_link_under_the_name_is_replaced_and_not_followed() {
        let top = tempfile::tempdir().unwrap();
        let (path, other) = (top.path().join("x.prom"), top.path().join("other"));
        fs::write(&other, "old").unwrap();
        symlink(&other, &path).unwrap();
        publish(&path, top.path()).unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"old");
        assert_eq!(fs::read(&path).unwrap(), b"new\n");
    }
}
