//! Reading, making and removing files and directories without being led astray. Whether others may have written what is
//! there, `trusted` finds out.

mod private;
mod remove;
mod trusted;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use nix::libc::{O_CLOEXEC, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{Context as _, PathError, inputs};
use crate::model::host::Owner;
pub(crate) use private::NewPrivate;
pub(crate) use remove::remove_tree;
pub(crate) use trusted::{
    Trust, check_source_directory, complaint_of, is_distrust, is_everybodys, is_trusted_owner,
    modified, open_own_directory, open_trusted_directory, read_entry, read_limited, read_shown,
    read_source, read_trusted, untrusted_directory,
};

/// Reads a regular file, following no link at its end. `Ok(None)`: there is none.
///
/// # Errors
/// When it is something else than a regular file, or cannot be read.
pub(crate) fn read_plain(path: &Path) -> Result<Option<Vec<u8>>, PathError> {
    let Some((mut file, length)) = open_plain(path)? else {
        return Ok(None);
    };
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    file.read_to_end(&mut bytes).on("read", path)?;
    Ok(Some(bytes))
}

/// Whether a regular file holds just these bytes; `None`: whether there is none.
///
/// # Errors
/// As [`read_plain`].
pub(crate) fn is_still(path: &Path, bytes: Option<&[u8]>) -> Result<bool, PathError> {
    match (open_plain(path)?, bytes) {
        (Some((mut file, _)), Some(bytes)) => holds(&mut file, bytes).on("read", path),
        (found, bytes) => Ok(found.is_none() && bytes.is_none()),
    }
}

/// Whether what can be read from here on is just these bytes; takes no memory for them.
///
/// # Errors
/// When reading fails.
pub(crate) fn holds(file: &mut impl io::Read, bytes: &[u8]) -> io::Result<bool> {
    let (mut rest, mut buffer) = (bytes, vec![0; 1 << 16]);
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(rest.is_empty()),
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        match rest.strip_prefix(&buffer[..read]) {
            Some(tail) => rest = tail,
            None => return Ok(false),
        }
    }
}

/// Opens a regular file, following no link at its end, and says how long it is.
fn open_plain(path: &Path) -> Result<Option<(File, u64)>, PathError> {
    inputs::note(path);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        .open(path);
    let file = match file {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) if e.raw_os_error() == Some(nix::libc::ELOOP) => {
            return Err(io::Error::other(
                "it is a symbolic link, and replacing it would break the link",
            ))
            .on("read", path);
        }
        other => other.on("read", path)?,
    };
    let meta = file.metadata().on("read", path)?;
    if !meta.is_file() {
        return Err(io::Error::other("it is no regular file")).on("read", path);
    }
    Ok(Some((file, meta.len())))
}

/// Makes a directory that everybody may enter and read, with those above it, unless it is there; what is made is on
/// disk.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn ensure_open_path(path: &Path) -> Result<(), PathError> {
    let mut missing = Vec::new();
    for dir in path
        .ancestors()
        .take_while(|dir| !dir.as_os_str().is_empty())
    {
        match look(dir)? {
            None => missing.push(dir),
            Some(_) => break,
        }
    }
    for dir in missing.into_iter().rev() {
        make_open_dir(dir)?;
        if let Some(parent) = dir.parent() {
            sync_dir(parent)?;
        }
    }
    Ok(())
}

/// The names in a directory that are UTF-8.
///
/// # Errors
/// When it is none, or cannot be read to the end.
pub(crate) fn entries(dir: &Path) -> Result<std::collections::BTreeSet<String>, PathError> {
    inputs::note_listing(dir);
    let names = fs::read_dir(dir)
        .on("read", dir)?
        .map(|entry| Ok(entry?.file_name().into_string().ok()));
    names
        .filter_map(Result::transpose)
        .collect::<io::Result<_>>()
        .on("read", dir)
}

/// Makes a directory that only we may use, and its parents (0755), unless it is there. One that is there must be a
/// directory of ours that nobody else may write.
///
/// # Errors
/// When it cannot be made, or is not ours.
pub(crate) fn ensure_private_dir(path: &Path) -> Result<(), PathError> {
    if let Some(parent) = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty() && !p.exists())
    {
        ensure_open_path(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        other => {
            other.on("make", path)?;
            // A directory that holds what must survive a power cut has to survive it itself.
            if let Some(parent) = path.parent() {
                sync_dir(parent)?;
            }
        }
    }
    let meta = fs::symlink_metadata(path).on("look at", path)?;
    let us = nix::unistd::geteuid().as_raw();
    if !meta.is_dir() || meta.uid() != us || meta.mode() & 0o022 != 0 {
        let reason = "it must be a directory of ours that nobody else may write";
        return Err(io::Error::other(reason)).on("use", path);
    }
    Ok(())
}

/// Makes a directory that everybody may enter and read, unless it is there; in either case it gets this mode.
///
/// # Errors
/// When it cannot be made, or its mode cannot be set.
pub(crate) fn ensure_open_dir(path: &Path) -> Result<(), PathError> {
    match DirBuilder::new().mode(0o755).create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        other => other.on("make", path)?,
    }
    open_to_all(path)
}

/// The umask keeps others out of what is new.
fn open_to_all(path: &Path) -> Result<(), PathError> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).on("set the mode of", path)
}

/// Makes a directory that everybody may enter and read, and that is not gosync's own, such as `/etc/ssh`. A run that
/// ends too early must not leave it closed under its name: no later run would dare to open it.
fn make_open_dir(path: &Path) -> Result<(), PathError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = path.with_file_name(format!(".{name}.gosync"));
    match DirBuilder::new().mode(0o755).create(&staged) {
        // What an earlier run left; never what somebody else put there.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && is_own_dir(&staged)? => {}
        other => other.on("make", &staged)?,
    }
    open_to_all(&staged)?;
    match fs::rename(&staged, path) {
        // Somebody else made it meanwhile.
        Err(_) if path.is_dir() => fs::remove_dir(&staged).on("remove", &staged),
        other => other.on("make", path),
    }
}

fn is_own_dir(path: &Path) -> Result<bool, PathError> {
    let us = nix::unistd::geteuid().as_raw();
    Ok(look(path)?.is_some_and(|meta| meta.is_dir() && meta.uid() == us))
}

/// The directory that a file is in.
pub(crate) fn directory_of(path: &Path) -> &Path {
    let dir = path.parent();
    let dir = dir.filter(|dir| !dir.as_os_str().is_empty());
    dir.unwrap_or(Path::new("."))
}

/// Where the new version of a file is written before it is renamed.
///
/// # Errors
/// When it is no name of a file.
pub(crate) fn beside(path: &Path) -> Result<PathBuf, PathError> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("it is no name of a file"))
        .on("write", path)?;
    let staged = format!(".{}.gosync", name.to_string_lossy());
    Ok(directory_of(path).join(staged))
}

/// Writes a file that only we may read or write, in the place of one that is there, and writes it to disk.
///
/// # Errors
/// When that fails, or something else than a regular file is there; then what was there is there still.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), PathError> {
    let (dir, staged) = (directory_of(path), beside(path)?);
    if look(path)?.is_some_and(|meta| !meta.is_file()) {
        return Err(io::Error::other("it is there, and no regular file")).on("write", path);
    }
    remove(&staged)?;
    let written = (|| {
        let flags = O_NOFOLLOW | O_CLOEXEC;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(flags)
            .open(&staged);
        let mut file = file.on("make", &staged)?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .on("write", &staged)?;
        rename(&staged, path)?;
        sync_dir(dir)
    })();
    if written.is_err() {
        let _ = remove(&staged); // the first error counts
    }
    written
}

/// Writes a file that only we may read or write, where none is, and writes it to disk.
///
/// # Errors
/// When something is there, or that fails.
pub(crate) fn write_new_private(path: &Path, bytes: &[u8]) -> Result<(), PathError> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(O_NOFOLLOW | O_CLOEXEC)
        .open(path);
    let mut file = file.on("make", path)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .on("write", path)
}

/// Makes a symbolic link.
///
/// # Errors
/// When that fails, or something is there.
pub(crate) fn link(path: &Path, target: &Path) -> Result<(), PathError> {
    std::os::unix::fs::symlink(target, path).on("make", path)
}

/// Gives a file a second name, in place of what may have it.
///
/// # Errors
/// When it cannot have one.
pub(crate) fn second_name(path: &Path, other: &Path) -> Result<(), PathError> {
    remove(other)?;
    fs::hard_link(path, other).on("make another name of", path)
}

/// Writes what was done in a directory to disk.
///
/// # Errors
/// When that fails.
pub(crate) fn sync_dir(path: &Path) -> Result<(), PathError> {
    File::open(path)
        .on("open", path)?
        .sync_all()
        .on("sync", path)
}

/// Writes what is in a file to disk, whoever wrote it.
///
/// # Errors
/// When that fails.
pub(crate) fn sync_file(path: &Path) -> Result<(), PathError> {
    let (file, _) = open_plain(path)?
        .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        .on("open", path)?;
    file.sync_all().on("sync", path)
}

/// Removes a file. One that is not there is no error.
///
/// # Errors
/// When it is there and stays.
pub(crate) fn remove(path: &Path) -> Result<(), PathError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.on("remove", path),
    }
}

/// Renames. What stood at `to` is replaced.
///
/// # Errors
/// When that fails.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), PathError> {
    fs::rename(from, to).on("rename a file to", to)
}

/// Renames to a name that must be free.
///
/// # Errors
/// When that fails.
pub(crate) fn rename_to_free(from: &Path, to: &Path) -> Result<(), PathError> {
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).on("rename something to", to)
}

/// Removes a directory that is empty.
///
/// # Errors
/// When it stays.
pub(crate) fn remove_empty_dir(path: &Path) -> Result<(), PathError> {
    fs::remove_dir(path).on("remove", path)
}

/// The path without links.
///
/// # Errors
/// When there is nothing.
pub(crate) fn resolved(path: &Path) -> Result<std::path::PathBuf, PathError> {
    inputs::note(path);
    fs::canonicalize(path).on("find", path)
}

/// Where a path leads, through all links. `Ok(None)`: nowhere, or in a circle.
///
/// # Errors
/// When nobody can say.
pub(crate) fn goal(path: &Path) -> Result<Option<std::path::PathBuf>, PathError> {
    inputs::note(path);
    match fs::canonicalize(path) {
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(e) if e.raw_os_error() == Some(nix::libc::ELOOP) => Ok(None),
        other => other.on("find", path).map(Some),
    }
}

/// What stands at a path.
pub(crate) fn owner(path: &Path) -> Option<Owner> {
    inputs::note(path);
    let meta = fs::symlink_metadata(path).ok()?;
    Some(if meta.is_dir() {
        Owner::Directory(meta.uid())
    } else {
        Owner::NotADirectory
    })
}

/// What is at a path, no link at its end followed. `Ok(None)`: nothing.
///
/// # Errors
/// When nobody can say.
pub(crate) fn look(path: &Path) -> Result<Option<fs::Metadata>, PathError> {
    inputs::note(path);
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.on("look at", path).map(Some),
    }
}

/// The names in a directory, sorted.
///
/// # Errors
/// When it cannot be read to its end.
pub fn list(dir: &Path) -> Result<Vec<std::ffi::OsString>, PathError> {
    inputs::note_listing(dir);
    let entries = fs::read_dir(dir).on("read", dir)?;
    let mut names = entries
        .map(|e| e.map(|e| e.file_name()))
        .collect::<io::Result<Vec<_>>>()
        .on("read", dir)?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_not_read_as_a_database() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "x").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(read_plain(&real).unwrap().unwrap(), b"x");
        assert!(
            read_plain(&link)
                .unwrap_err()
                .to_string()
                .contains("symbolic link")
        );
        assert!(read_plain(dir.path()).is_err());
        assert!(read_plain(&dir.path().join("none")).unwrap().is_none());
    }

    #[test]
    fn a_file_is_still_the_same_only_to_the_last_byte() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert!(is_still(&path, None).unwrap());
        assert!(!is_still(&path, Some(b"")).unwrap());
        let long = vec![b'x'; 200_000];
        fs::write(&path, &long).unwrap();
        assert!(is_still(&path, Some(&long)).unwrap());
        assert!(!is_still(&path, Some(&long[1..])).unwrap());
        assert!(!is_still(&path, Some(&[&long[..], b"x"].concat())).unwrap());
        assert!(!is_still(&path, None).unwrap());
    }

    #[test]
    fn an_entry_is_a_plain_file_of_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        fs::create_dir_all(inner.join("directory")).unwrap();
        fs::write(dir.path().join("outside"), "x").unwrap();
        fs::write(inner.join("file"), "0123").unwrap();
        std::os::unix::fs::symlink("../outside", inner.join("link")).unwrap();
        let read = |name: &str| read_entry((&inner, None), name, 4);
        assert_eq!(read("file").unwrap().unwrap(), b"0123");
        assert!(
            read_entry((&inner, None), "file", 3)
                .unwrap_err()
                .to_string()
                .contains("longer than 3")
        );
        assert!(read("none").unwrap().is_none());
        for name in [
            "link",
            "directory",
            "../outside",
            "..",
            ".",
            "",
            "/etc/passwd",
            "./file",
        ] {
            assert!(read(name).is_err(), "{name:?}");
        }
        assert_eq!(
            entries(&inner).unwrap().into_iter().collect::<Vec<_>>(),
            ["directory", "file", "link"]
        );
        assert!(entries(&inner.join("file")).is_err() && entries(&inner.join("none")).is_err());
    }

    #[test]
    fn a_private_file_takes_the_place_of_a_file_and_of_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("plan"), dir.path().join("link"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write_private(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for odd in [&link, &dir.path().to_owned(), &dir.path().join("none/plan")] {
            assert!(write_private(odd, b"x").is_err(), "{}", odd.display());
        }
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(list(dir.path()).unwrap(), ["link", "plan"]);
    }

    #[test]
    fn an_open_directory_is_made_whole_and_over_nothing_of_others() {
        let dir = tempfile::tempdir().unwrap();
        let (path, staged) = (dir.path().join("a/b"), dir.path().join("a/.b.gosync"));
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        fs::create_dir_all(&staged).unwrap(); // by a run that ended too early
        fs::set_permissions(&staged, fs::Permissions::from_mode(0o700)).unwrap();
        ensure_open_path(&path).unwrap();
        assert_eq!((mode(&path), staged.exists()), (0o755, false));

        let (secret, planted) = (dir.path().join("secret"), dir.path().join(".c.gosync"));
        fs::create_dir(&secret).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o700)).unwrap();
        std::os::unix::fs::symlink(&secret, &planted).unwrap();
        assert!(ensure_open_path(&dir.path().join("c")).is_err());
        assert_eq!(mode(&secret), 0o700);
    }

    #[test]
    fn a_source_is_trusted_only_on_a_way_that_nobody_else_can_change() {
        let dir = tempfile::tempdir().unwrap();
        let (far, near) = (dir.path().join("far"), dir.path().join("far/near"));
        fs::create_dir_all(&near).unwrap();
        let path = near.join("people.json");
        fs::write(&path, "{}").unwrap();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let told = || read_source(&path, 9, None).map_err(|e| e.to_string());
        for (what, good, bad) in [
            (&path, 0o644, 0o664),
            (&near, 0o755, 0o757),
            (&far, 0o755, 0o775),
        ] {
            mode(what, bad);
            let said = told().unwrap_err();
            assert!(
                said.contains("others may write") && said.contains("`chmod go-w` it"),
                "{said}"
            );
            mode(what, good);
        }
        assert_eq!(told().unwrap(), b"{}");
        mode(&far, 0o1777);
        assert!(
            told().is_ok(),
            "nobody can replace what is in a directory such as /tmp"
        );
        if crate::system::process::is_root() {
            std::os::unix::fs::chown(&path, Some(4_242), None).unwrap();
            assert!(told().unwrap_err().contains("belongs to the uid 4242"));
            assert!(read_source(&path, 9, Some(4_242)).is_ok());
            std::os::unix::fs::chown(&near, Some(4_243), None).unwrap();
            assert!(read_source(&path, 9, Some(4_242)).is_err());
        }
    }

    #[test]
    fn what_others_may_write_is_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        fs::write(&path, "x").unwrap();
        for (mode, config, secret) in [
            (0o600, true, true),
            (0o644, true, false),
            (0o664, false, false),
            (0o602, false, false),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(
                read_trusted(&path, Trust::Config).is_ok(),
                config,
                "{mode:o}"
            );
            assert_eq!(
                read_trusted(&path, Trust::Secret).is_ok(),
                secret,
                "{mode:o}"
            );
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(
            read_trusted(&path, Trust::Config)
                .unwrap_err()
                .to_string()
                .contains("directory")
        );
    }
}
